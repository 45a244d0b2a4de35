"""Good and bad manifests, each with everything that must be said about it: ``line:column code``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.codes import CODES
from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.text_file import decode

GOOD = """\
name: one
sender: SiamCoffee
content: "ลด 20% ทุกสาขา"
recipients: [{numbers: ["0800000001"]}]
schedule: 2027-04-10T10:00
"""
"""Five lines; the cases below put others in their place or add a sixth."""

PERSONAL = """\
sender: A
schedule: now
content: '{{ name }}'
recipients:
  - csv: a.csv
    phone: b
    variables: {name: c}
"""
"""A text that differs by recipient; the cases add another source."""


def with_line(number: int, text: str) -> str:
    """GOOD with another line ``number``; 6 and more are added."""
    lines = GOOD.splitlines()
    lines[number - 1 : number] = [text]
    return "\n".join(lines) + "\n"


CASES = {
    # --- bytes and YAML
    "empty": ("", ["1:1 MS102"]),
    "comments only": ("# nothing yet\n", ["1:1 MS102"]),
    "a list": ("- a\n", ["1:1 MS112"]),
    "a word": ("campaign\n", ["1:1 MS112"]),
    "cp874": (with_line(3, 'content: "ลดราคา"').encode("cp874"), ["3:11 MS100"]),
    "utf-16": (GOOD.encode("utf-16"), ["1:1 MS100"]),
    "utf-16 without mark": (GOOD.replace("ลด 20% ทุกสาขา", "x").encode("utf-16-le"), ["1:1 MS100"]),
    "latin-1": (b"name: caf\xe9\n", ["1:10 MS100"]),
    "NUL": (with_line(3, "content: a\0b"), ["3:11 MS104"]),
    "bell": (with_line(3, "content: a\ab"), ["3:11 MS104"]),
    "line separator": (with_line(3, "content: a\u2028b"), ["3:11 MS104"]),
    "escaped NUL": (with_line(3, 'content: "a\\0b"'), ["3:10 MS104"]),
    "escaped surrogate": (with_line(3, 'content: "a\\ud800b"'), ["3:10 MS101"]),
    "tab": ("name: one\nlimits:\n\tparts: 1\n", ["3:1 MS105"]),
    "alias and anchor": ("a: &x 1\nb: *x\n", ["1:1 MS120", "1:1 MS123", "1:1 MS131", "1:1 MS211", "1:1 MS401",
                                             "1:4 MS106", "2:1 MS120", "2:4 MS106"]),
    "tag": (with_line(3, "content: !!str ลด"), ["3:10 MS107"]),
    "python tag": (with_line(3, "content: !!python/object:os.system ลด"), ["3:10 MS107"]),
    "merge key": (with_line(6, "<<: {owner: a}"), ["6:1 MS108"]),
    "duplicate": (with_line(6, "name: two"), ["6:1 MS109"]),
    "nested duplicate": (with_line(6, "limits: {parts: 1, parts: 2}"), ["6:20 MS109"]),
    "deep": (with_line(6, "labels: " + "[" * 30 + "]" * 30), ["6:28 MS110"]),
    "two documents": (GOOD + "---\n" + GOOD, ["6:1 MS111"]),
    "unquoted braces": (with_line(3, "content: {{ name }}"), ["3:11 MS112"]),
    "unquoted braces and more": (with_line(3, "content: {{ name }} ลด"), ["3:11 MS112"]),
    "colon in text": (with_line(3, "content: ลด: 20%"), ["3:12 MS101"]),
    "open quote": (with_line(3, "content: 'ลด"), ["3:10 MS101"]),
    "at sign": (with_line(6, "owner: @crm"), ["6:8 MS101"]),
    # --- keys and shapes
    "unknown key": (with_line(2, "sendr: SiamCoffee"), ["1:1 MS123", "2:1 MS120"]),
    "unknown nested key": (with_line(6, "limits: {credit: 5}"), ["6:10 MS120"]),
    "unknown key of a source": (with_line(4, "recipients: [{csv: a.csv, phon: b}]"), ["4:27 MS120"]),
    "list for text": (with_line(2, "sender: [SiamCoffee]"), ["2:9 MS121"]),
    "mapping for text": (with_line(3, "content: {a: b}"), ["3:10 MS121"]),
    "text for list": (with_line(4, "recipients: members.csv"), ["4:13 MS121"]),
    "text for mapping": (with_line(6, "limits: 5"), ["6:9 MS121"]),
    "text for a source": (with_line(4, "recipients: [members.csv]"), ["4:14 MS121"]),
    "no value": (with_line(2, "sender:"), ["2:8 MS124"]),
    "null": (with_line(2, "sender: ~"), ["2:9 MS124"]),
    "no list": (with_line(4, "recipients:"), ["4:12 MS124"]),
    "number for text": (with_line(3, "content: 20"), ["3:10 MS122"]),
    "float for text": (with_line(2, "sender: 1.5"), ["2:9 MS122"]),
    "exponent for text": (with_line(6, "owner: 1e5"), ["6:8 MS122"]),
    "truth for text": (with_line(3, "content: true"), ["3:10 MS122"]),
    "yes is text": (with_line(3, "content: yes"), []),
    "quoted number is text": (with_line(3, "content: '20'"), []),
    "bare phone number": (with_line(4, "recipients: [{numbers: [0800000001]}]"), ["4:25 MS122"]),
    "bare international number": (with_line(4, "recipients: [{numbers: [+66800000001]}]"), ["4:25 MS122"]),
    "leading zero in a variable": (with_line(6, "labels: {code: 007}"), ["6:16 MS122"]),
    "exponent in a label": (with_line(6, "labels: {code: 6.68E+10}"), ["6:16 MS122"]),
    "plain numbers in labels": (with_line(6, "labels: {a: 20, b: 1.5, c: true, d: no}"), []),
    "null in labels": (with_line(6, "labels: {a: }"), ["6:13 MS124"]),
    "not a count": (with_line(6, "limits: {credits: 25,000}"), ["6:22 MS120"]),
    "count with blanks": (with_line(6, "limits: {credits: 25 000}"), ["6:19 MS125"]),
    "Thai digits": (with_line(6, "limits: {credits: ๒๕}"), ["6:19 MS125"]),
    "negative": (with_line(6, "limits: {credits: -1}"), ["6:19 MS125"]),
    "zero parts": (with_line(6, "limits: {parts: 0}"), ["6:17 MS125"]),
    "revision zero": (with_line(6, "revision: 0"), ["6:11 MS125"]),
    "limits the wrong way round": (with_line(6, "limits: {recipients: {min: 5, max: 4}}"), ["6:22 MS138"]),
    "state": (with_line(6, "state: activ"), ["6:8 MS126"]),
    "class": (with_line(6, "class: Marketing"), ["6:8 MS126"]),
    "name": (with_line(1, "name: Songkran 2027"), ["1:7 MS127"]),
    "name of digits": (with_line(1, "name: 2027"), ["1:7 MS122"]),
    "long name": (with_line(1, "name: " + "a" * 64), ["1:7 MS127"]),
    "moved from itself": (with_line(6, "moved_from: one"), ["6:13 MS129"]),
    "long sender": (with_line(2, "sender: SiamCoffee12"), ["2:9 MS130"]),
    "Thai sender": (with_line(2, "sender: สยาม"), ["2:9 MS130"]),
    "blank around a sender": (with_line(2, "sender: ' Siam'"), ["2:9 MS130"]),
    "empty sender": (with_line(2, "sender: ''"), ["2:9 MS130"]),
    "no message": (with_line(3, "owner: crm"), ["1:1 MS131"]),
    "two messages": (with_line(6, "template_id: 42"), ["6:1 MS131"]),
    "copy without a saved template": (with_line(6, "template_text: ลด"), ["6:16 MS132"]),
    "empty owner": (with_line(6, "owner: ''"), ["6:8 MS133"]),
    "empty where list": (with_line(4, "recipients: [{csv: a.csv, phone: b, where: {c: []}}]"), ["4:48 MS133"]),
    "duration": (with_line(5, "schedule: {at: 2027-04-10T10:00, give_up_after: 2}"), ["5:49 MS134"]),
    "zero duration": (with_line(5, "schedule: {at: 2027-04-10T10:00, give_up_after: 0}"), ["5:49 MS134"]),
    "tolerance": (with_line(6, "invalid: {max: few}"), ["6:16 MS135"]),
    "tolerance over all": (with_line(6, "invalid: {max: 101%}"), ["6:16 MS135"]),
    "tolerance in decimals": (with_line(6, "invalid: {max: 0.5%}"), []),
    "http list": (with_line(4, "recipients: [{csv: 'http://a.example/b', phone: c}]"), ["4:20 MS136"]),
    "connection string": (
        with_line(4, "recipients: [{sql: {url_env: 'postgresql://u:p@h/d', query_file: q}, phone: c}]"), ["4:30 MS136"]
    ),
    "reserved variable": (with_line(6, "variables: {loop: a}"), ["6:13 MS137", "6:13 MS309 w"]),
    # --- schedule
    "no schedule": (with_line(5, "owner: crm"), ["1:1 MS211"]),
    "no schedule in a draft": (with_line(5, "state: draft"), []),
    "no time": (with_line(5, "schedule: {window: '10:00-18:00'}"), ["5:11 MS211"]),
    "not a time": (with_line(5, "schedule: tomorrow"), ["5:11 MS201"]),
    "no hour": (with_line(5, "schedule: 2027-04-10"), ["5:11 MS201"]),
    "day first": (with_line(5, "schedule: 10/04/2027 10:00"), ["5:11 MS201"]),
    "Buddhist year": (with_line(5, "schedule: 2570-04-10T10:00"), ["5:11 MS202"]),
    "no such day": (with_line(5, "schedule: 2027-02-29T10:00"), ["5:11 MS203"]),
    "no such hour": (with_line(5, "schedule: 2027-04-10T25:00"), ["5:11 MS203"]),
    "year one": (with_line(5, "schedule: 0001-01-01T00:00"), ["5:11 MS203"]),
    "skipped hour": (
        with_line(5, "schedule: {at: 2027-03-28T02:30, timezone: Europe/Berlin}"), ["5:16 MS204"]
    ),
    "hour that comes twice": (
        with_line(5, "schedule: {at: 2027-10-31T02:30, timezone: Europe/Berlin}"), ["5:16 MS204"]
    ),
    "zone": (with_line(5, "schedule: {at: 2027-04-10T10:00, timezone: Asia/Bankok}"), ["5:44 MS205"]),
    "zone that is a folder": (with_line(5, "schedule: {at: 2027-04-10T10:00, timezone: Asia}"), ["5:44 MS205"]),
    "past": (with_line(5, "schedule: 2026-04-10T10:00"), ["5:11 MS206"]),
    "past, cancelled": (with_line(5, "schedule: 2026-04-10T10:00\nstate: cancelled"), []),
    "past, a draft": (with_line(5, "schedule: 2026-04-10T10:00\nstate: draft"), ["5:11 MS206 w"]),
    "night": (with_line(5, "schedule: 2027-04-10T20:01"), ["5:11 MS208"]),
    "last minute of the window": (with_line(5, "schedule: 2027-04-10T20:00"), []),
    "night, transactional": (with_line(5, "schedule: 2027-04-10T23:00\nclass: transactional"), []),
    "night by offset": (with_line(5, "schedule: 2027-04-10T15:00+00:00"), ["5:11 MS208"]),
    "day by offset": (with_line(5, "schedule: 2027-04-10T05:00Z"), []),
    "own window": (with_line(5, 'schedule: {at: 2027-04-10T10:00, window: "11:00-12:00"}'), ["5:16 MS209"]),
    "both windows": (
        with_line(5, 'schedule: {at: 2027-04-10T08:00, window: "11:00-12:00"}'), ["5:16 MS208", "5:16 MS209"]
    ),
    "window": (with_line(5, 'schedule: {at: now, window: "9-20"}'), ["5:29 MS210"]),
    "window over midnight": (with_line(5, 'schedule: {at: now, window: "22:00-06:00"}'), ["5:29 MS210"]),
    "now": (with_line(5, "schedule: now"), []),
    "a blank for T": (with_line(5, "schedule: 2027-04-10 10:00:30"), []),
    # --- message
    "blank": (with_line(3, "content: ' '"), ["3:10 MS301"]),
    "left over": (with_line(3, "content: 'ลด }}'"), ["3:14 MS302"]),
    "too long": (with_line(3, f"content: '{'ก' * 1001}'"), ["3:10 MS303"]),
    "unclosed": (with_line(3, "content: 'ลด {{ name'"), ["3:14 MS305"]),
    "unclosed after another": (with_line(3, "content: 'ลด {{ a }} {{ name'"), ["3:22 MS305"]),
    "unknown tag": (with_line(3, "content: 'ลด {% iff a %}{% endif %}'"), ["3:17 MS305"]),
    "dunder": (with_line(3, "content: '{{ name.__class__ }}'\nvariables: {name: a}"), ["3:19 MS306"]),
    "several forbidden": (
        with_line(3, "content: |-\n  ลด {{ a.__class__ }}\n  ก {{ b | reverse }} {{ c | reverse }}{{ 2 ** 3 }}"),
        ["4:11 MS306", "5:12 MS306", "5:45 MS306"],
    ),
    "undefined": (with_line(3, "content: 'ลด {{ percent }}'"), ["3:17 MS307"]),
    "undefined, near": (
        with_line(3, "content: 'ลด {{ percnt }}'\nvariables: {percent: 20}"), ["3:17 MS307"]
    ),
    "undefined with default": (with_line(3, "content: 'ลด {{ percent | default(\"20\") }}%'"), []),
    "empty variable": (with_line(3, "content: 'ลด {{ percent }}'\nvariables: {percent: ''}"), ["4:22 MS308"]),
    "empty variable and a missing one": (
        with_line(3, "content: '{{ a }}{{ b }}'\nvariables: {a: ''}"), ["3:21 MS307", "4:16 MS308"]
    ),
    "empty variable with a default": (
        with_line(3, "content: '{{ a | default(\"x\", true) }}'\nvariables: {a: ''}"), []
    ),
    "unused": (with_line(6, "variables: {percent: 20}"), ["6:13 MS309 w"]),
    "endless": (
        with_line(3, "content: '{% for i in range(999) %}{% for j in range(999) %}x{% endfor %}{% endfor %}'"),
        ["3:10 MS310"],
    ),
    "no template file": (with_line(3, "template: no.txt"), ["3:11 MS311"]),
    "template outside": (with_line(3, "template: ../../no.txt"), ["3:11 MS311"]),
    "trailing newline": (with_line(3, "content: |\n  ลด 20%"), ["4:8 MS312 w"]),
    "no trailing newline": (with_line(3, "content: |-\n  ลด 20%"), []),
    "comment in text": (with_line(3, "content: ลด 20% #โปร"), ["3:10 MS313 w"]),
    "division": (with_line(3, "content: '{{ 1 / 0 }}'"), ["3:10 MS314"]),
    "long template": (with_line(3, f"content: '{'x' * 10001}'"), ["3:10 MS315"]),
    "split sara am": (with_line(3, "content: 'น\u0e4d\u0e32'"), ["3:12 MS320 w"]),
    "sara am around its tone": (with_line(3, "content: 'น\u0e4d\u0e49\u0e32'"), ["3:12 MS320 w"]),
    "sara ae": (with_line(3, "content: 'เเละ'"), ["3:11 MS321 w"]),
    "a Cyrillic letter": (with_line(3, "content: 'C\u0430fe is open'"), ["3:12 MS324 n", "3:12 MS325 w"]),
    "a tone mark twice": (with_line(3, "content: 'ก\u0e48\u0e48 ลด'"), ["3:12 MS326 w"]),
    "zero width": (with_line(3, "content: 'ก\u200bข'"), ["3:12 MS322 w"]),
    "no-break space": (with_line(3, "content: 'ก\u00a0ข'"), ["3:12 MS323 w"]),
    "apostrophe": (with_line(3, "content: 'a’b'"), ["3:12 MS324 n"]),
    "apostrophe that costs": (with_line(3, f"content: '{'a' * 100}’'"), ["3:111 MS324 w"]),
    "in a block": (with_line(3, "content: |-\n    ลด\n    ก\u200bข"), ["5:6 MS322 w"]),
    "in a folded line": (with_line(3, "content: >-\n  ลด\n\n  ก\u200bข"), ["6:4 MS322 w"]),
    "in a second line": (with_line(3, "content: ลด\n  ก\u200bข"), ["4:4 MS322 w"]),
    "behind a doubled quote": (with_line(3, "content: 'ลด''ก\u200bข'"), ["3:16 MS322 w"]),
    "in an escape": (with_line(3, 'content: "ก\\u200bข"'), ["3:12 MS322 w"]),
    # --- recipients
    "nobody": (with_line(4, "recipients: []"), ["4:13 MS401"]),
    "no recipients": (with_line(4, "owner: crm"), ["1:1 MS401"]),
    "no recipients in a draft": (with_line(4, "state: draft"), []),
    "unclear source": (with_line(4, "recipients: [{phone: a}]"), ["4:15 MS402"]),
    "misspelt source": (with_line(4, "recipients: [{cvs: a, phone: b}]"), ["4:15 MS402"]),
    "two in one source": (with_line(4, "recipients: [{csv: a, numbers: ['0800000001']}]"), ["4:23 MS402"]),
    "no column": (with_line(4, "recipients: [{csv: a.csv}]"), ["4:15 MS403"]),
    "too many numbers": (
        with_line(4, "recipients: [{numbers: [" + ",".join(['"0800000001"'] * 1001) + "]}]"), ["4:15 MS405"]
    ),
    "no numbers": (with_line(4, "recipients: [{numbers: []}]"), ["4:15 MS401"]),
    "group with a column": (
        f"{PERSONAL}  - contact_group: 1203\n",
        ["8:5 MS406"],
    ),
    "numbers with a column": (
        f"{PERSONAL}  - numbers: ['0800000001']\n",
        ["8:5 MS307"],
    ),
    "group with a value for all": (with_line(4, "recipients: [{contact_group: 1203}]"), []),
    "excluded group": (with_line(6, "exclude: [{contact_group: 1203}]"), ["6:12 MS407"]),
    "variables of an opt-out list": (
        with_line(6, "exclude: [{csv: a.csv, phone: b, variables: {c: d}}]"), ["6:34 MS132"]
    ),
    "own delivery": (with_line(4, "recipients: [{delivery: {campaign: one, status: [failed]}}]"), ["4:36 MS408"]),
    "delivery state": (
        with_line(4, "recipients: [{delivery: {campaign: two, status: [fail]}}]"), ["4:50 MS126"]
    ),
    "half a delivery": (with_line(4, "recipients: [{delivery: {campaign: two}}]"), ["4:15 MS123"]),
    "half a query": (with_line(4, "recipients: [{sql: {url_env: DSN}, phone: a}]"), ["4:15 MS123"]),
    # --- one mistake hides no other
    "a source beside a broken one": (
        with_line(4, "recipients: [{csv: a.csv, phone: 5}, {csv: b.csv}, {csv: 'http://a.example/b', phone: c}]"),
        ["4:34 MS122", "4:39 MS403", "4:58 MS136"],
    ),
    "no numbers beside an unknown source": (
        with_line(4, "recipients: [{cvs: a.csv}, {numbers: []}]"), ["4:15 MS402", "4:29 MS401"]
    ),
    "a bare number among numbers": (
        with_line(4, 'recipients: [{numbers: [0800000001, "0800000002"]}]'), ["4:25 MS122"]
    ),
    "a source of another kind of mistake": (
        with_line(4, "recipients: [{csv: a.csv, phone: b, where: {c: 007}}, {delivery: {campaign: X, status: [no]}}]"),
        ["4:48 MS122", "4:77 MS127", "4:89 MS126"],
    ),
    "an unknown key beside limits the wrong way round": (
        with_line(6, "limits: {credit: 5, recipients: {min: 5, max: 4}}"), ["6:10 MS120", "6:33 MS138"]
    ),
    "a broken variable beside one that is missing": (
        with_line(3, "content: '{{ a }}{{ b }}'\nvariables: {a: 007}"), ["3:21 MS307", "4:16 MS122"]
    ),
    # --- links that need no policy
    "shortener": (with_line(3, "content: 'ลด bit.ly/x'"), ["3:14 MS503"]),
    "address": (with_line(3, "content: 'ลด http://203.0.113.9/x'"), ["3:14 MS504"]),
    # --- numbers, as they are written
    "count in quotes": (with_line(6, 'limits: {recipients: {max: "10"}}'), ["6:28 MS125"]),
    "id in quotes": (with_line(4, 'recipients: [{contact_group: "1203"}]'), ["4:30 MS125"]),
    "tolerance in quotes": (with_line(6, 'invalid: {max: "20"}'), ["6:16 MS135"]),
    "share in quotes": (with_line(6, 'invalid: {max: "1%"}'), []),
    "bare phone number as a group": (with_line(4, "recipients: [{contact_group: 0800000001}]"), ["4:30 MS125"]),
    "bare phone number as a limit": (with_line(6, "limits: {credits: 0800000001}"), ["6:19 MS125"]),
    "bare phone number as a tolerance": (with_line(6, "invalid: {max: 0800000001}"), ["6:16 MS135"]),
    "bare phone number in where": (
        with_line(4, "recipients: [{csv: a.csv, phone: b, where: {c: 0800000001}}]"), ["4:48 MS122"]
    ),
    "bare phone number in a list of where": (
        with_line(4, "recipients: [{csv: a.csv, phone: b, where: {c: [x, 0800000001]}}]"), ["4:52 MS122"]
    ),
    "bare phone number as owner": (with_line(6, "owner: 0800000001"), ["6:8 MS122"]),
    "bare phone number as message": (with_line(3, "content: 0800000001"), ["3:10 MS122"]),
    "bare phone number as column": (with_line(4, "recipients: [{csv: a.csv, phone: 0800000001}]"), ["4:34 MS122"]),
    "plus sign in a label": (with_line(6, "labels: {a: +66800000001}"), ["6:13 MS122"]),
    "other bases": (with_line(6, "labels: {a: 0x1F, b: 0o17}"), ["6:13 MS122", "6:22 MS122"]),
    "leading zero in a count": (with_line(6, "limits: {credits: 007}"), ["6:19 MS125"]),
    "too many digits": (with_line(6, "revision: 9999999999999"), ["6:11 MS125"]),
    "window without quotes marks no window": (with_line(5, "schedule: {at: now, window: 1000}"), ["5:29 MS210"]),
    # --- more shapes and places
    "where without a column": (with_line(4, "recipients: [{csv: a.csv, phone: b, where: {}}]"), ["4:44 MS133"]),
    "password in an address": (
        with_line(4, "recipients: [{csv: 'https://u:secret@a.example/b', phone: c}]"), ["4:20 MS136"]
    ),
    "address without a host": (with_line(4, "recipients: [{csv: 'https://', phone: c}]"), ["4:20 MS136"]),
    "endless path": (with_line(4, f"recipients: [{{csv: {'a/' * 1001}b, phone: c}}]"), ["4:20 MS136"]),
    "variable of a source that Jinja2 cannot name": (
        with_line(4, "recipients: [{csv: a.csv, phone: b, variables: {first name: c}}]"), ["4:49 MS137", "4:49 MS309 w"]
    ),
    "offset of no place": (with_line(5, "schedule: 2027-04-10T10:00+25:00"), ["5:11 MS203"]),
    "seconds after the window": (with_line(5, "schedule: 2027-04-10T20:00:30"), ["5:11 MS208"]),
    "zone of this machine": (with_line(5, "schedule: {at: 2027-04-10T10:00, timezone: localtime}"), ["5:44 MS205"]),
    "too many values": ("labels: [" + "a, " * 20_000 + "]\n", ["1:60001 MS103"]),
    "carriage return in a variable": (
        with_line(3, "content: 'ลด {{ a }}'\nvariables: {a: \"x\\ry\"}"), ["4:18 MS304"]
    ),
    "more parts than its limit": (with_line(3, f"content: '{'ก' * 71}'\nlimits: {{parts: 1}}"), ["3:10 MS505"]),
    # --- everything at once
    "several": (
        "name: One\nsender: สยาม\ncontent: 20\nrecipients: [{cvs: a}]\nschedule: 2570-04-10T10:00\nlimitz: {}\n",
        ["1:7 MS127", "2:9 MS130", "3:10 MS122", "4:15 MS402", "5:11 MS202", "6:1 MS120"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_everything_is_said_and_nothing_else(place, case):
    text, expected = CASES[case]
    assert place.findings(text) == expected


def test_the_good_one_is_good(place):
    assert place.findings(GOOD) == []


@pytest.mark.parametrize("form", ["crlf", "cr", "bom", "bom and crlf", "document start", "no end"])
def test_forms_of_a_good_file(place, form):
    text = {
        "crlf": GOOD.replace("\n", "\r\n"),
        "cr": GOOD.replace("\n", "\r"),
        "bom": "\ufeff" + GOOD,
        "bom and crlf": "\ufeff" + GOOD.replace("\n", "\r\n"),
        "document start": "---\n" + GOOD + "...\n",
        "no end": GOOD.rstrip(),
    }[form]
    assert place.findings(text) == []


def test_columns_count_characters_after_a_bom_and_with_crlf(place):
    assert place.findings("\ufeff" + with_line(3, "content: 20").replace("\n", "\r\n")) == ["3:10 MS122"]
    assert place.findings("\ufeffnaem: one\n" + GOOD) == ["1:1 MS120"]


def test_a_past_time_is_no_mistake_where_something_shows_that_it_was_to_come(place):
    past = with_line(5, "schedule: 2026-04-10T10:00")
    at = datetime(2026, 4, 10, 3, 0, tzinfo=UTC)
    asked = []

    def committed(when):
        return lambda file: (asked.append(file), when)[1]

    assert place.findings(past, known_sent={"one"}) == []
    assert place.findings(past, last_commit=committed(datetime(2026, 4, 1, tzinfo=UTC))) == ["5:11 MS207 w"]
    assert place.findings(past, last_commit=committed(at)) == ["5:11 MS206"]
    assert place.findings(past, last_commit=committed(datetime(2026, 5, 1, tzinfo=UTC))) == ["5:11 MS206"]
    assert place.findings(past + "moved_from: former\n", known_sent={"former"}) == []
    assert set(asked) == {"campaigns/one.yaml"}


def test_git_is_only_asked_about_times_that_have_passed(place):
    def never(file):
        raise AssertionError(file)

    assert place.findings(GOOD, last_commit=never) == []


def test_positions_end_where_the_value_ends(place):
    place.write("campaigns/one.yaml", with_line(5, "schedule: 2570-04-10T10:00   # ปี"))
    (found,) = place.load().diagnostics
    at = found.position
    assert (at.file, at.line, at.column, at.end_line, at.end_column) == ("campaigns/one.yaml", 5, 11, 5, 27)
    assert found.excerpt == "schedule: 2570-04-10T10:00   # ปี"
    assert found.next_step == "write 2027-04-10T10:00, or a CE date to come if that has passed"
    assert (found.field, found.campaign) == ("schedule", "one")


def test_a_secret_is_never_shown(place):
    place.write("campaigns/one.yaml", CASES["connection string"][0])
    (found,) = place.load().diagnostics
    assert "u:p@h" not in repr(found)


IN_A_PROJECT = {
    "no version": ("timezone: Asia/Bangkok\n", None, ["mesms.yaml:1:1 MS002"]),
    "no folder": ("version: 1\ncampaigns: [none/]\n", None, ["mesms.yaml:2:13 MS003"]),
    "leads out": ("version: 1\ncampaigns: [../]\n", None, ["mesms.yaml:2:13 MS004"]),
    "no host": ("version: 1\npolicy: {links: ['https://a.example']}\n", None, ["mesms.yaml:2:18 MS006"]),
    "default name": ("version: 1\ndefaults: {name: a}\n", None, ["mesms.yaml:2:12 MS009"]),
    "no address": ("version: 1\napi: {base_url: here}\n", None, ["mesms.yaml:2:17 MS010"]),
    "no field name": ("version: 1\napi: {fields: {send.uuid: 'a b'}}\n", None, ["mesms.yaml:2:27 MS013"]),
    "unencrypted": ("version: 1\napi: {base_url: 'http://a.example'}\n", None, ["mesms.yaml:2:17 MS011"]),
    "password": ("version: 1\nstate: postgresql://u:secret@h/d\n", None, ["mesms.yaml:2:8 MS012"]),
    "no age key": ("version: 1\naudience: {encrypt_to: [ops]}\n", None, ["mesms.yaml:2:25 MS139"]),
    "sender": ("version: 1\npolicy: {senders: [Other]}\n", GOOD, ["campaigns/one.yaml:2:9 MS501"]),
    "link": (
        "version: 1\npolicy: {links: [a.example]}\n", with_line(3, "content: ลด https://b.example/c"),
        ["campaigns/one.yaml:3:13 MS502"],
    ),
    "parts": (
        "version: 1\npolicy: {max_parts: 1}\n", with_line(3, f"content: '{'ก' * 71}'"),
        ["campaigns/one.yaml:3:10 MS506"],
    ),
    "opt-outs of defaults": (
        "version: 1\ndefaults: {exclude: [{csv: lists/out.csv, phone: p}, {csv: b.csv, phone: p}]}\n",
        with_line(5, "schedule: 2027-04-10T10:00\nexclude: [{csv: ../lists/out.csv, phone: p}]"),
        ["campaigns/one.yaml:6:10 MS409"],
    ),
    "the same opt-outs": (
        "version: 1\ndefaults: {exclude: [{csv: lists/out.csv, phone: p}]}\n",
        with_line(5, "schedule: 2027-04-10T10:00\nexclude: [{csv: ../lists/out.csv, phone: p}, {csv: b, phone: p}]"),
        [],
    ),
    "time in defaults": (
        "version: 1\ndefaults: {schedule: 2027-04-10T10:00}\n", with_line(5, "schedule: {window: '11:00-12:00'}"),
        ["mesms.yaml:2:22 MS209"],
    ),
    "no time of its own": (
        "version: 1\ndefaults: {schedule: {window: '11:00-12:00'}}\n", with_line(5, "owner: crm"),
        ["campaigns/one.yaml:1:1 MS211"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IN_A_PROJECT)
def test_everything_is_said_of_a_project(place, case):
    project, manifest, expected = IN_A_PROJECT[case]
    place.write("mesms.yaml", project)
    if manifest is not None:
        place.write("campaigns/one.yaml", manifest)
    assert [
        f"{one.position.file}:{one.position.line}:{one.position.column} {one.code}" for one in _all(place)
    ] == expected


def _all(place):
    try:
        return place.load().diagnostics
    except ManifestError as error:
        return error.diagnostics


NEEDS_MORE_THAN_A_FILE = {"MS001", "MS007", "MS008", "MS128", "MS129", "MS207"}
"""Two files, a folder, a link or git: in test_load.py, test_project.py and below. Rules, waivers: MS51x, MS52x."""


def test_every_code_has_a_row():
    rows = [expected for _, expected in CASES.values()] + [expected for *_, expected in IN_A_PROJECT.values()]
    seen = {said.split()[1] for expected in rows for said in expected}
    theirs = {code for code in CODES if code.startswith(("MS51", "MS52"))}
    assert set(CODES) - seen - NEEDS_MORE_THAN_A_FILE - theirs == set()


ENDS = {
    "Buddhist year": (5, 27), "bare phone number": (4, 35), "unknown key": (2, 6), "list for text": (2, 21),
    "deep": (6, 29), "duplicate": (6, 5), "no value": (2, 8), "limits the wrong way round": (6, 38),
    "undefined": (3, 24), "shortener": (3, 20), "count in quotes": (6, 32), "window": (5, 35),
    "password in an address": (4, 50), "not a time": (5, 19), "open quote": (3, 11),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDS)
def test_it_ends_where_the_value_ends(place, case):
    place.write("campaigns/one.yaml", CASES[case][0])
    last = place.load().diagnostics[-1].position
    assert (last.end_line, last.end_column) == ENDS[case]


def test_middle_digits_and_passwords_are_struck_out_and_the_caret_still_points(place):
    line = '  - numbers: ["0800000001", +66 80-000-0002]'
    place.write("campaigns/one.yaml", with_line(4, "recipients:\n" + line))
    (found,) = place.load().diagnostics
    assert found.excerpt == '  - numbers: ["080xxxxx01", +66 8x-xxx-xx02]'
    assert len(found.excerpt) == len(line)
    assert found.message == "+66 8x-xxx-xx02 is not quoted"
    assert "0002" not in repr(found)
    place.write("campaigns/one.yaml", with_line(6, "db: postgresql://me:secret@h/d"))
    (found,) = place.load().diagnostics
    assert found.excerpt == "db: postgresql://xxxxxxxxx@h/d"


def test_a_place_in_the_project_file_names_the_campaign(place):
    place.write("mesms.yaml", "version: 1\ndefaults: {schedule: 2027-04-10T10:00}\n")
    place.write("campaigns/one.yaml", with_line(5, "schedule: {window: '11:00-12:00'}"))
    (found,) = place.load().diagnostics
    assert found.why == "in the campaign one"


def test_a_mistake_in_the_defaults_is_said_once(place):
    place.write("mesms.yaml", "version: 1\ndefaults: {sender: X}\npolicy: {senders: [A]}\n")
    for name in ("one", "two", "three"):
        place.write(f"campaigns/{name}.yaml", with_line(1, f"name: {name}").replace("sender", "#"))
    (found,) = place.load().diagnostics
    assert (found.code, found.message) == ("MS501", "X is not among the senders of this project (3 campaigns)")
    assert (found.campaign, found.why) == (None, None)


@pytest.mark.parametrize(
    ("second", "expected"), [("x", ["2:24 MS309 w"]), ("{{ a }}", []), ("{% if %}", ["3:11 MS305"])]
)
def test_a_default_variable_is_unused_only_if_nobody_uses_it(place, second, expected):
    place.write("mesms.yaml", "version: 1\ndefaults: {variables: {a: b}}\n")
    place.write("campaigns/two.yaml", with_line(1, "name: two").replace("ลด 20% ทุกสาขา", second))
    found = place.findings(GOOD)
    assert [line for line in found if "MS305" not in line] == [line for line in expected if "MS305" not in line]


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("10/04/2570 10:00", "write 2027-04-10T10:00 if the day stands first, 2027-10-04T10:00 if the month does"),
        ("13/04/2570 10:00", "write 2027-04-13T10:00"),
        ("๒๕๗๐-๐๔-๑๐ ๑๐:๐๐", "write 2027-04-10T10:00"),
        ("13-4-2027 9.30 น.", "write 2027-04-13T09:30"),
        ("2027-04-10", "add the hour: 2027-04-10T10:00"),
        ("2570-04-10", "add the hour, and write the year in CE: 2027-04-10T10:00 (2570 BE is 2027 CE)"),
        ("NOW", "write now"),
    ],
)
def test_a_time_as_people_write_it_is_turned_into_one(place, written, advice):
    place.write("campaigns/one.yaml", with_line(5, f"schedule: {written}"))
    (found,) = place.load().diagnostics
    assert (found.code, found.next_step) == ("MS201", advice)


@pytest.mark.parametrize(
    ("key", "meant"), [("message", "content"), ("from", "sender"), ("send_at", "schedule"), ("ผู้รับ", "recipients")]
)
def test_words_of_other_tools_are_understood(place, key, meant):
    place.write("campaigns/one.yaml", f"{key}: x\n")
    assert f"did you mean {meant}?" in [found.next_step for found in place.load().diagnostics]


COMMA = "a comma separates entries between { and }"


@pytest.mark.parametrize(
    ("line", "message", "advice"),
    [
        ("limits: {credits: 25,000}", "000 was read as a key", f"{COMMA}: write credits: 25000"),
        ("limits: {parts: 1, 000: 2}", "000 was read as a key", f"{COMMA}: write parts: 1000"),
        ("limits: {credits: -5}", "-5 must not be negative", "write 0 or more"),
        ("limits: {credits: 25 000}", "'25 000' is not a whole number", "write 25000"),
        ("invalid: {max: 5}\nexclude: [{numbers: [0800000001]}]", "080xxxxx01 is not quoted", "put quotes around it"),
        ("owner: 12", "12 is not quoted", 'quote it: "12"'),
        ("undo: 1", "unknown key 'undo'", None),
    ],
)  # fmt: skip
def test_advice_can_be_followed(place, line, message, advice):
    place.write("campaigns/one.yaml", with_line(6, line))
    found = place.load().diagnostics[0]
    assert found.message == message
    assert advice is None or found.next_step == advice


def test_a_bare_timeout_is_in_seconds(place):
    place.write("mesms.yaml", "version: 1\napi: {timeout: 30}\n")
    with pytest.raises(ManifestError) as caught:
        place.load()
    assert caught.value.diagnostics[0].next_step == "write hours, minutes or seconds with their letter, such as 30s"


def test_the_end_of_time_is_no_buddhist_year(place):
    place.write("campaigns/one.yaml", with_line(5, "schedule: 9999-12-31T10:00"))
    (found,) = place.load().diagnostics
    assert (found.code, found.message) == ("MS203", "9999 is too far away")


@pytest.mark.parametrize(
    ("body", "name", "advice"),
    [
        ("ลดราคา".encode("cp874"), "a.yaml", "save it as UTF-8: iconv -f cp874 -t UTF-8 a.yaml > NEW"),
        ("ลด".encode("utf-16"), "my list.yaml", "save it as UTF-8: iconv -f UTF-16 -t UTF-8 'my list.yaml' > NEW"),
        ("ลดราคา".encode("cp874"), "standard input", "save it as UTF-8: iconv -f cp874 -t UTF-8 FILE > NEW"),
    ],
)
def test_the_command_that_mends_an_encoding_can_be_pasted(body, name, advice):
    findings = Findings()
    assert decode(body, name, findings) is None
    assert findings.items[0].next_step == advice


def test_a_lone_nul_is_no_utf16():
    assert decode(b"\x00", "a.yaml", Findings()) is not None
    assert decode(b"\x00a\x00b\x00c", "a.yaml", Findings()) is None
