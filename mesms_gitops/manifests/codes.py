"""The catalogue of what this room can find: one stable number each. A code never changes its meaning.

MS0xx the project file and files as such, MS1xx YAML and the keys of a manifest, MS2xx the schedule, MS3xx the message,
MS40x recipients as they are written, MS50x policy and limits that need no list. MS42x and up belong to the room that
reads lists, MS53x and up to the planner's guards, MS6xx to state and sending.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.codes import Code

if TYPE_CHECKING:
    from collections.abc import Mapping


_PROJECT: Final = {
    "MS001": Code(
        "no project file",
        "A project is a folder with a mesms.yaml. It is looked for in the working folder and above it, up to the "
        "git root. `mesms-gitops init` makes one.",
    ),
    "MS002": Code(
        "format version",
        "mesms.yaml begins with `version: 1`. The number is that of the file's format, not of your project; an "
        "older program refuses a newer format rather than misread it.",
    ),
    "MS003": Code(
        "campaigns folder missing",
        "`campaigns:` names folders or globs, relative to mesms.yaml. A folder that is not there is nearly always "
        "a typing mistake or a checkout without its campaigns; an empty folder is not an error here.",
    ),
    "MS004": Code(
        "campaigns path leads out",
        "Campaigns are reviewed where the project is reviewed, so every folder and glob stays below mesms.yaml: "
        "no absolute path, no `..`.",
    ),
    "MS006": Code(
        "not a host",
        "`policy.links` holds host names such as siamcoffee.example, without https:// or path.",
    ),
    "MS007": Code(
        "file cannot be read",
        "The file is missing, is not a regular file, or this user may not read it.",
    ),
    "MS008": Code(
        "file outside the project",
        "A link (or a path on the command line) leads to a file that is not below mesms.yaml. What is not in the "
        "repository is not reviewed with it, so it is not read.",
    ),
    "MS009": Code(
        "cannot be a default",
        "`name`, `moved_from` and `revision` say which campaign this is; sharing them among all makes no sense.",
    ),
    "MS010": Code(
        "not a web address",
        "`api.base_url` is the address of ME-SMS (or of a sandbox), with https://.",
    ),
    "MS011": Code(
        "key would travel unencrypted",
        "With http:// everybody on the way can read the API key and send in your name. Only a sandbox on this "
        "machine needs no encryption.",
    ),
    "MS012": Code(
        "password in the project file",
        "A connection string with a password was committed. Git keeps it in its history for ever: take it out, "
        "change the password, and hand the string in by the environment variable MESMS_STATE.",
    ),
    "MS013": Code(
        "not a field's name",
        "`api.fields` says what a real account calls a field of its answers: on the left the name this tool has for "
        "it, on the right one name as it stands in the JSON. `mesms-gitops doctor` shows which names were met, and "
        "proposes the line to write.",
    ),
}

_STRUCTURE: Final = {
    "MS100": Code(
        "not UTF-8",
        "Project files are UTF-8, with or without a byte order mark. Thai text from older Windows editors is "
        "often cp874 (also called TIS-620 or windows-874), from Excel sometimes UTF-16: save it again as UTF-8.",
    ),
    "MS101": Code(
        "not YAML",
        "The file cannot be parsed any further from this place on, so its other values are not looked at: problems "
        "above and below this place are found once it is mended. The "
        "usual causes are an unquoted text with `: ` in it, an unclosed quote, and keys that do not start in one "
        "column.",
    ),
    "MS102": Code(
        "empty file",
        "A campaign's file with nothing in it is more likely an accident than a campaign.",
    ),
    "MS103": Code(
        "too large",
        "A manifest is at most 1 MiB and 20,000 values. Long lists of numbers belong into a CSV file that is "
        "named under `recipients:`, best outside of git.",
    ),
    "MS104": Code(
        "invisible character",
        "Control characters, NUL, Unicode's own line separators and stray byte order marks are refused "
        "everywhere: nobody who reviews the file can see them.",
    ),
    "MS105": Code(
        "tab as indentation",
        "YAML forbids tabs at the start of a line, because their width is anybody's guess.",
    ),
    "MS106": Code(
        "anchor or alias",
        "`&name` and `*name` make one line mean another one far away, and a few of them can mean a million. What "
        "all campaigns share goes under `defaults:` in mesms.yaml.",
    ),
    "MS107": Code(
        "tag",
        "`!tags` change what a value is. Every value here is read as it is written; quote it instead.",
    ),
    "MS108": Code(
        "merge key",
        "`<<:` is no part of YAML 1.2, and programs disagree about what it means. Write the keys out, or once for all "
        "campaigns under `defaults:`.",
    ),
    "MS109": Code(
        "duplicate key",
        "The same key twice in one mapping: most programs silently take the last. Keep the one that is meant.",
    ),
    "MS110": Code(
        "nested too deeply",
        "A manifest needs five levels; twenty are read.",
    ),
    "MS111": Code(
        "several documents",
        "`---` starts a second document. One campaign a file: its git history is its history.",
    ),
    "MS112": Code(
        "key is not text",
        "Keys are plain words. A value that begins with `{` or `[` is read as a mapping or a list, so a message "
        'that begins with a variable must be quoted: content: "{{ name }} ...".',
    ),
    "MS120": Code(
        "unknown key",
        "A key that is not known is never ignored: a misspelt `schedule` must not mean something else. The "
        "nearest known key is suggested.",
    ),
    "MS121": Code(
        "wrong shape",
        "A list, a mapping or a single value stands where another of the three is wanted.",
    ),
    "MS122": Code(
        "must be quoted",
        "YAML reads some unquoted words as something else: 0812345678 as a number without its zero, true as a "
        "truth value. Here every value is text as it was typed; quotes make other programs see the same. Phone "
        "numbers are always quoted. In `variables`, `where` and `labels` plain numbers such as 20 or 1.5 may "
        "stand unquoted. Where a number is shown in a finding, its middle digits are struck out.",
    ),
    "MS123": Code(
        "missing key",
        "Something that every campaign (or this kind of source) needs is not there.",
    ),
    "MS124": Code(
        "no value",
        'A key without a value, or with null. Delete the key, or give it one; "" is an empty text.',
    ),
    "MS125": Code(
        "not a number",
        "Counts are written in the digits 0-9, without separators, quotes and leading zeros, and at least the number "
        "named. A phone number is no count: it is quoted, and stands under `numbers:`.",
    ),
    "MS126": Code(
        "not one of the choices",
        "Only the words that are listed are understood here.",
    ),
    "MS127": Code(
        "name of a campaign",
        "Small letters a-z, digits and dashes, at most 63, beginning with a letter or a digit. Without `name:` it "
        "is the file's name. The name is the campaign's identity in state, so choose it once.",
    ),
    "MS128": Code(
        "name taken",
        "Two files have the same name. State remembers sends by name, so one would look like an edit of the other.",
    ),
    "MS129": Code(
        "moved_from",
        "`moved_from` names the campaign this one was before a rename. That name must be free: not the campaign's "
        "own, not that of another file, not claimed by two.",
    ),
    "MS130": Code(
        "sender",
        "A sender is 1 to 11 printable ASCII characters without blanks around them, exactly as ME-SMS approved it.",
    ),
    "MS131": Code(
        "one message, no more and no less",
        "A campaign has exactly one of `content` (text), `template` (a file) and `template_id` (saved on ME-SMS).",
    ),
    "MS132": Code(
        "key without effect",
        "This key belongs to something that is not there, so it would be ignored.",
    ),
    "MS133": Code(
        "empty value",
        "An empty text or list where something is needed.",
    ),
    "MS134": Code(
        "duration",
        "Hours, minutes and seconds with their letters: 30s, 10m, 2h, 1h30m. How long audiences are kept: days, 90d.",
    ),
    "MS135": Code(
        "tolerance",
        "A share of all rows with a percent sign (1%, 0.5%), or a count (20).",
    ),
    "MS136": Code(
        "not a place to read from",
        "Lists are paths (relative to the file they are written in) or https URLs. A database is given by the "
        "*name* of an environment variable, never by its connection string: that would put a password into git. So "
        "would an address with a user and a password in it.",
    ),
    "MS137": Code(
        "name of a variable",
        "Templates can refer to names of English letters, digits and _, not beginning with a digit, that mean "
        "nothing else to Jinja2 (such as loop or true).",
    ),
    "MS138": Code(
        "limits that exclude each other",
        "No number is at least the larger and at most the smaller one.",
    ),
    "MS139": Code(
        "age recipient",
        "Snapshots of audiences are encrypted to public keys of age (https://age-encryption.org): age1 and 58 letters "
        "and digits. The secret key stays in the identity file, outside git.",
    ),
}

_SCHEDULE: Final = {
    "MS201": Code(
        "not a time",
        "`now`, or year-month-day, T or a blank, hour:minute, perhaps seconds and an offset: 2027-04-10T10:00, "
        "2027-04-10 10:00:00+07:00. Without an offset it is local time in `timezone`.",
    ),
    "MS202": Code(
        "Buddhist year",
        "Years are counted in the Common Era here (ค.ศ.), as ME-SMS counts them. The Buddhist era (พ.ศ.) is 543 "
        "ahead: 2570 is 2027.",
    ),
    "MS203": Code(
        "no such day or hour",
        "The calendar has no such day, or the clock no such hour.",
    ),
    "MS204": Code(
        "clocks change",
        "In this zone the clock is put forward or back that night, so this local time does not exist or exists "
        "twice. An offset says which is meant. Thailand never changes its clocks.",
    ),
    "MS205": Code(
        "time zone",
        "Zones are named as in the IANA database: Asia/Bangkok, not ICT, GMT+7 or Thailand.",
    ),
    "MS206": Code(
        "time has passed",
        "A time that has passed is never taken for `now`. Old manifests may stay as they are: if state records a "
        "send, or git shows that the file was last committed before its time, this is no error.",
    ),
    "MS207": Code(
        "time has passed (nothing was sent)",
        "The time has passed, and the file was committed before it, so it is an old manifest and no mistake. But "
        "no state records a send: either another state does, or the campaign never went out. Nothing will be "
        "sent.",
    ),
    "MS208": Code(
        "outside the window of its class",
        "Marketing messages may leave between 09:00 and 20:00 unless `policy.windows` says otherwise, in the "
        "project's time zone. Operators and the law see messages at night as a nuisance.",
    ),
    "MS209": Code(
        "outside its own window",
        "`schedule.window` names the hours in which this campaign may leave.",
    ),
    "MS210": Code(
        "window of the day",
        'Two times in quotes, the earlier first: "09:00-20:00". It cannot span midnight.',
    ),
    "MS211": Code(
        "no schedule",
        "An active campaign says when it leaves: a time, or `now`. A draft need not.",
    ),
}

_TEXT: Final = {
    "MS301": Code(
        "empty message",
        "Nothing would be sent but blanks.",
    ),
    "MS302": Code(
        "left-over placeholder",
        "{{, }} or {% would be sent to people as it stands: a placeholder was not closed, or not filled.",
    ),
    "MS303": Code(
        "message too long",
        "ME-SMS accepts at most 1,000 characters in one message.",
    ),
    "MS304": Code(
        "control character in the message",
        "Nothing but a line feed may break a line; phones show rubbish.",
    ),
    "MS305": Code(
        "template cannot be read",
        "The template is not Jinja2. The line is given as far as it is known.",
    ),
    "MS306": Code(
        "not for messages",
        "Templates may use text, {{ variables }}, if, for, set and a handful of filters; nothing that reaches "
        "files, Python's internals or unbounded formatting. Every value is text until |int or |float makes it a "
        "number.",
    ),
    "MS307": Code(
        "undefined variable",
        "The template uses a variable that neither `variables:` nor the source of a recipient provides. Nobody is "
        'sent a message with a hole in it; `| default("...")` says what to write instead.',
    ),
    "MS308": Code(
        "empty variable",
        'A variable is there but empty, so the message would read "Dear ,". Leave those rows out with `where:`, '
        'or write `| default("...", true)`.',
    ),
    "MS309": Code(
        "unused variable",
        "A value is given that the message does not use: often one of two names is misspelt.",
    ),
    "MS310": Code(
        "template without end",
        "Rendering stopped at a bound: 4,000 characters, 1,000 numbers in a range, 15 digits, or 50,000 "
        "operations. A message has at most 1,000 characters; what needs more is a mistake or an attack.",
    ),
    "MS311": Code(
        "file of the manifest",
        "A template or query file is not there, or not inside the project. Its path is relative to the file it is "
        "written in.",
    ),
    "MS312": Code(
        "line end at the end",
        "The text ends with a line end. It is sent, it is counted, and it may be the character that starts "
        "another part. In YAML `|-` leaves it out where `|` keeps it. `mesms-gitops fix --write --code MS312` does "
        "that, and ends template files without one.",
    ),
    "MS313": Code(
        "message cut by a comment",
        "In an unquoted value ` #` starts a comment, so the message ends before it. Quote the message.",
    ),
    "MS314": Code(
        "template failed",
        "Rendering stopped with an error, such as a division by zero. No value is shown here.",
    ),
    "MS315": Code(
        "template too long",
        "A template may have 10,000 characters; the longest message has 1,000.",
    ),
    "MS320": Code(
        "split sara am",
        "ำ was typed as nikhahit and sara aa (U+0E4D U+0E32). It looks the same and costs a character more. "
        "Nothing is changed for you; type it as one, or let `mesms-gitops fix --write --code MS320` do it.",
    ),
    "MS321": Code(
        "แ typed as เ เ",
        "Two sara e look like one sara ae, cost a character more, and cannot be searched for. "
        "`mesms-gitops fix --write --code MS321` types it as one.",
    ),
    "MS322": Code(
        "invisible character in the message",
        "It is sent and counted, and nobody sees it. `mesms-gitops fix --write --code MS322` deletes it.",
    ),
    "MS323": Code(
        "look-alike space",
        "A no-break space, a tab or another blank that is not U+0020; in an English message it alone makes all of "
        "it Unicode, with 70 characters a part where there were 160. `mesms-gitops fix --write --code MS323` writes a "
        "space.",
    ),
    "MS324": Code(
        "one character makes it Unicode",
        "A message of GSM 03.38 characters has 160 to a part (153 in a longer one). One character outside that "
        "alphabet, such as ’ or ฿, and all of it is sent as UCS-2: 70 (67) to a part. The plan says what that costs "
        "over all people. `mesms-gitops fix --write --code MS324` writes what says the same, never at the price of a "
        "part; an emoji is left to you.",
    ),
    "MS325": Code(
        "look-alike letter",
        "A Cyrillic or Greek letter that looks like a Latin one: it cannot be searched for, makes an English message "
        "Unicode, and in a link leads elsewhere. Messages with such letters look like fraud to operators. It often "
        "comes with copied text; type the Latin letter. A text that is written in Cyrillic or Greek is left alone.",
    ),
    "MS326": Code(
        "Thai typed twice",
        "The same vowel or tone mark twice on one letter, a second ำ or า after ำ, or เ before แ. Phones show it as "
        "one, as a dotted circle, or as rubbish, and it is counted twice. Type it once.",
    ),
}

_RECIPIENTS: Final = {
    "MS401": Code(
        "no recipients",
        "An active campaign has at least one source of recipients.",
    ),
    "MS402": Code(
        "kind of source",
        "Each entry has exactly one of csv, json, ndjson, parquet, xlsx, sql, table, numbers, contact_group, delivery.",
    ),
    "MS403": Code(
        "phone column",
        "Every table needs `phone:`, the name of the column with the numbers; it is never guessed.",
    ),
    "MS405": Code(
        "numbers in the manifest",
        "1 to 1,000 numbers can be written into a manifest; more belong into a list.",
    ),
    "MS406": Code(
        "contact group with a personal text",
        "ME-SMS resolves a contact group when the message leaves, so nothing about its members is known here. A "
        "variable that has its values from a column needs a list; a variable with one value for all works.",
    ),
    "MS407": Code(
        "contact group as opt-out",
        "Its members are known only to ME-SMS, so they cannot be taken out of a list.",
    ),
    "MS408": Code(
        "own source",
        "A campaign cannot take its recipients from its own delivery.",
    ),
    "MS409": Code(
        "opt-outs left behind",
        "Under `defaults` of mesms.yaml stand opt-out lists for everybody; a manifest with an `exclude` of its own has "
        "only that. Whoever refused by one of the others would be texted.",
    ),
}

_POLICY: Final = {
    "MS501": Code(
        "sender not allowed",
        "`policy.senders` lists the senders this project may use.",
    ),
    "MS502": Code(
        "link not allowed",
        "`policy.links` lists the hosts a message may link to, each exactly (`*.host` allows subdomains). Links "
        "with a user name or a backslash are refused: programs disagree about where they lead.",
    ),
    "MS503": Code(
        "shortened link",
        "Thai operators block shortened links since February 2025: nobody can see where they lead. Write the full "
        "address of a host that is registered with them.",
    ),
    "MS504": Code(
        "link to an address",
        "A link to an IP address shows nobody whose it is; operators block it.",
    ),
    "MS505": Code(
        "more parts than limits.parts",
        "The message takes more SMS parts than its own manifest allows.",
    ),
    "MS506": Code(
        "more parts than policy.max_parts",
        "The message takes more SMS parts than the project allows.",
    ),
    "MS510": Code(
        "rule that cannot be meant",
        "`policy.rules` holds expressions in CEL (the Common Expression Language). Their types are checked when the "
        'project is read: text is written in quotes ("crm"), numbers without, and both sides of a comparison have one '
        "type. `when` and `require` answer yes or no. They ask for the fields of `campaign`, such as "
        "campaign.recipients, campaign.owner or campaign.labels.team; what a campaign does not have is empty "
        '("", 0, []), only a label or a variable can be missing: "team" in campaign.labels.',
    ),
    "MS511": Code(
        "no engine for rules",
        "Rules are read by an engine of its own, so that projects without rules need not install it: "
        "pip install 'mesms-gitops[policy]'. Without it nothing is validated or planned, for no rule was judged; what "
        "only looks or halts (status, stop) still works.",
    ),
    "MS512": Code(
        "name of a rule",
        "Small letters a-z, digits and dashes, at most 63, and no two alike: waivers call a rule by its name.",
    ),
    "MS513": Code(
        "waiver of an unknown rule",
        "A waiver names a rule of `policy.rules`, or the code of a policy that can be waived.",
    ),
    "MS514": Code(
        "cannot be waived",
        "A waiver lifts what mesms.yaml forbids to one campaign: a rule, a sender (MS501), a link (MS502), the parts "
        "(MS506, MS550), the people (MS541), the credits (MS543), the moved audience (MS553) or the holiday (MS554) of "
        "a campaign. Never: its own `limits` (change them in its file), shorteners and bare addresses (operators "
        "refuse them), hours of sending (so do the law and the operators), the balance, approved senders, the bounds "
        "of a whole apply, and a freeze.",
    ),
    "MS515": Code(
        "last day of a waiver",
        "A waiver ends: `until` is its last day, inclusive, in the project's time zone, at most 400 days from now. "
        "What should hold for longer is a policy, and is written as one.",
    ),
    "MS516": Code(
        "waiver has ended",
        "Its last day has passed, so it has no effect and what it waived is refused again. Delete it, or decide again.",
    ),
    "MS517": Code(
        "waiver of no campaign",
        "No campaign has the name that the waiver names: it is misspelt, or the campaign is gone.",
    ),
    "MS520": Code(
        "rule broken",
        "A rule of `policy.rules` does not hold for a campaign that would be sent. The plan shows what the rule asked "
        "for and what it found. Change the campaign, or write a waiver with a reason and a last day.",
    ),
    "MS521": Code(
        "rule cannot be judged",
        "The expression failed on this campaign: it asks for a label that is not there, or divides by zero. What "
        "cannot be judged is not sent. Ask first whether the key is there: has(campaign.labels.team) && ….",
    ),
}

CODES: Final[Mapping[str, Code]] = MappingProxyType(
    {**_PROJECT, **_STRUCTURE, **_SCHEDULE, **_TEXT, **_RECIPIENTS, **_POLICY}
)
"""Code -> what it means, in order."""
