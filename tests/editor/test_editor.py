"""What an author sees in an editor: yaml-language-server over the examples, over broken files, and asked for help."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .language_server import LanguageServer

ROOT = Path(__file__).parents[2]
CAMPAIGN = ROOT / "examples/campaigns/being-written.yaml"
PROJECT = ROOT / "examples/being-written.yaml"
MODELINE = "# yaml-language-server: $schema=../../schemas/campaign.schema.json\n"
PROJECT_MODELINE = "# yaml-language-server: $schema=../schemas/project.schema.json\n"
GOOD = """\
name: one
sender: SiamCoffee
content: "ลด 20% ทุกสาขา"
recipients: [{numbers: ["0800000001"]}]
schedule: 2027-04-10T10:00
"""
SHIPPED = [*sorted((ROOT / "examples/campaigns").glob("*.yaml")), ROOT / "examples/mesms.yaml"]


def with_line(number: int, text: str) -> str:
    """GOOD with another line ``number``; 6 is added."""
    lines = GOOD.splitlines()
    lines[number - 1 : number] = [text]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_nothing_is_underlined_in_the_examples(editor: LanguageServer, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=")
    assert editor.underlined(file, text) == []


def test_nothing_is_underlined_in_a_new_project(editor: LanguageServer, tmp_path: Path) -> None:
    """What `init` writes finds its schemas, which it writes too."""
    from mesms_gitops.cli.app import run

    assert run(["init", str(tmp_path)]) == 0
    files = [tmp_path / "mesms.yaml", *sorted((tmp_path / "campaigns").glob("*.yaml"))]
    assert len(files) >= 2
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert editor.underlined(file, text) == []
        assert editor.underlined(file, text + "\nnonsense: 1\n") != [], f"{file.name} has no schema"


BROKEN = {
    "unknown key": (with_line(2, "sendr: SiamCoffee"), ["2:1 Property sendr is not allowed."]),
    "unknown nested key": (with_line(6, "limits: {credit: 5}"), ["6:10 Property credit is not allowed."]),
    "wrong choice": (with_line(6, "class: Marketing"), ['6:8 Value is not accepted. Valid values: "marketing", "tran']),
    "wrong state": (with_line(6, "state: activ"), ['6:8 Value is not accepted. Valid values: "active", "draft", "c']),
    "a text for a list": (with_line(4, "recipients: members.csv"), ['4:13 Incorrect type. Expected "array".']),
    "a text for a mapping": (with_line(6, "limits: 5"), ['6:9 Incorrect type. Expected "keys of limits".']),
    "a list for a text": (with_line(2, "sender: [SiamCoffee]"), ["2:9 the approved sender: "]),
    "a number for a text": (with_line(3, "content: 20"), ["3:10 text, in quotes if it is a number"]),
    "no value": (with_line(6, "owner:"), ["6:7 text, in quotes if it is a number; not empty"]),
    "an empty text": (with_line(6, 'owner: " "'), ["6:8 text, in quotes if it is a number; not empty"]),
    "unquoted phone number": (
        with_line(4, "recipients: [{numbers: [0800000001]}]"),
        ['4:25 a phone number in quotes, such as "0812345678"'],
    ),
    "unquoted among quoted": (
        with_line(4, 'recipients:\n  - numbers:\n      - "0800000001"\n      - +66800000002'),
        ["7:9 a phone number in quotes"],
    ),
    "no phone number": (with_line(4, 'recipients: [{numbers: ["member"]}]'), ["4:25 a phone number in quotes"]),
    "long sender": (with_line(2, "sender: SiamCoffee12"), ["2:9 the approved sender: 1 to 11 English letters"]),
    "Thai sender": (with_line(2, "sender: สยาม"), ["2:9 the approved sender: 1 to 11 English letters"]),
    "name": (with_line(1, "name: Songkran 2027"), ["1:7 small letters a-z, digits and dashes, at most 63"]),
    "two messages": (with_line(6, "template_id: 42"), ["6:1 keep one of content, template and template_id"]),
    "copy without a saved template": (
        with_line(6, "template_text: ลด"),
        ["3:1 template_text is the copy of a saved template"],
    ),
    "not a time": (with_line(5, "schedule: tomorrow"), ["5:11 `now`, or a time such as 2027-04-10T10:00"]),
    "no hour": (with_line(5, "schedule: 2027-04-10"), ["5:11 `now`, or a time such as 2027-04-10T10:00"]),
    "Buddhist year": (with_line(5, "schedule: 2570-04-10T10:00"), ["5:11 `now`, or a time such as 2027-04-10T10:00"]),
    "time in a mapping": (with_line(5, "schedule: {at: 10:00}"), ["5:16 `now`, or a time such as 2027-04-10T10:00"]),
    "misspelt window": (
        with_line(5, 'schedule: {at: now, windw: "10:00-11:00"}'),
        ["5:21 Property windw is not allowed."],
    ),
    "window": (with_line(5, "schedule: {at: now, window: 9-20}"), ["5:29 two times of the day in quotes"]),
    "duration": (with_line(5, "schedule: {at: now, give_up_after: 2}"), ["5:36 hours, minutes, seconds with their"]),
    "no duration": (with_line(5, "schedule: {at: now, give_up_after: 0s}"), ["5:36 hours, minutes, seconds with"]),
    "tolerance": (with_line(6, "invalid: {max: few}"), ["6:16 a share such as 1%, or a count such as 20"]),
    "tolerance over all": (with_line(6, "invalid: {max: 101%}"), ["6:16 a share such as 1%, or a count such as 20"]),
    "count with a comma": (with_line(6, 'limits: {credits: "25,000"}'), ["6:19 a whole number of 0 or more"]),
    "zero parts": (with_line(6, "limits: {parts: 0}"), ["6:17 Value is below the minimum of 1."]),
    "label without a value": (with_line(6, "labels: {team: }"), ["6:16 a text or a number"]),
    "misspelt kind of source": (
        with_line(4, "recipients: [{cvs: a.csv, phone: b}]"),
        ['4:14 Missing property "csv".', "4:15 Property cvs is not allowed."],
    ),
    "no column": (with_line(4, "recipients: [{csv: a.csv}]"), ['4:14 Missing property "phone".']),
    "misspelt column": (
        with_line(4, "recipients: [{csv: a.csv, phon: b}]"),
        ['4:14 Missing property "phone".', "4:27 Property phon is not allowed."],
    ),
    "two in one source": (
        with_line(4, 'recipients: [{csv: a.csv, numbers: ["0800000001"]}]'),
        ["4:15 Property csv is not allowed."],
    ),
    "connection string": (
        with_line(4, "recipients: [{sql: {url_env: 'postgresql://h/d', query_file: q}, phone: c}]"),
        ["4:30 the name of an environment variable, never the password itself"],
    ),
    "not a place": (
        with_line(4, "recipients: [{csv: 'ftp://files.example/a.csv', phone: b}]"),
        ["4:20 a path relative to this file, or https://, s3://, gs://, az://"],
    ),
    "delivery state": (
        with_line(4, "recipients: [{delivery: {campaign: two, status: [fail]}}]"),
        ['4:50 Value is not accepted. Valid values: "pending", "success"'],
    ),
    "duplicate key": (with_line(6, "name: two"), ["6:1 Map keys must be unique"]),
    "several": (
        "name: One\nsender: สยาม\ncontent: 20\nschedule: 2570-04-10T10:00\nlimitz: {}\n",
        ["1:7 small letters", "2:9 the approved sender", "3:10 text, in quotes", "4:11 `now`", "5:1 Property limitz"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_underlined_where_it_is_and_nothing_else(editor: LanguageServer, case: str) -> None:
    text, expected = BROKEN[case]
    found = [str(one) for one in editor.underlined(CAMPAIGN, MODELINE.rstrip("\n") + "\n" + text)]
    below = [re.sub(r"^[0-9]+", lambda line: str(int(line[0]) - 1), one) for one in found]
    assert len(below) == len(expected), below
    assert [one[: len(start)] for one, start in zip(below, expected, strict=True)] == expected


BROKEN_PROJECT = {
    "unknown key": ("version: 1\npolicies: {}\n", ["2:1 Property policies is not allowed."]),
    "version": ("version: 2\n", ["1:10 Value must be 1."]),
    "no version": ("timezone: Asia/Bangkok\n", ['1:1 Missing property "version".']),
    "windows": ("version: 1\npolicy: {windows: {marketing: 9-20}}\n", ["2:31 two times of the day in quotes"]),
    "identity as default": ("version: 1\ndefaults: {name: one}\n", ["2:12 Property name is not allowed."]),
    "engine": ("version: 1\naudience: {engine: flink}\n", ['2:20 Value is not accepted. Valid values: "local", "spar']),
}


@pytest.mark.parametrize("case", BROKEN_PROJECT)
def test_what_is_wrong_in_a_project_file(editor: LanguageServer, case: str) -> None:
    text, expected = BROKEN_PROJECT[case]
    found = [str(one) for one in editor.underlined(PROJECT, PROJECT_MODELINE + text)]
    below = [re.sub(r"^[0-9]+", lambda line: str(int(line[0]) - 1), one) for one in found]
    assert [one[: len(start)] for one, start in zip(below, expected, strict=True)] == expected


NO_FALSE_ALARM = {
    "a draft of a line": "state: draft\n",
    "no schedule: it may come from defaults": GOOD.replace("schedule: 2027-04-10T10:00\n", ""),
    "no message: it may come from defaults": GOOD.replace('content: "ลด 20% ทุกสาขา"\n', ""),
    "a copy of a template that defaults name": GOOD.replace("content:", "template_text:"),
    "yes and no are words": with_line(6, "labels: {vip: yes, member: no}"),
    "numbers and truth values in labels": with_line(6, "labels: {a: 20, b: 1.5, c: true}"),
    "a blank for T": with_line(5, "schedule: 2027-04-10 10:00:30+07:00"),
    "small letters in a time": with_line(5, "schedule: 2027-04-10t10:00z"),
    "a folded text": with_line(3, "content: >-\n  ลด\n  20%"),
    "every kind of source": with_line(
        4,
        "recipients:\n"
        "  - {csv: ../a.csv, phone: p, variables: {a: b}, where: {c: [x, 1], d: yes}}\n"
        "  - {json: 'https://files.example/a.json', phone: p}\n"
        "  - {ndjson: a.ndjson, phone: p}\n"
        "  - {parquet: a.parquet, phone: p}\n"
        "  - {xlsx: a.xlsx, phone: p}\n"
        "  - {sql: {url_env: CRM_DSN, query_file: ../q.sql}, phone: p}\n"
        '  - {numbers: ["+66 80 000 0001", "(080) 000-0002"]}\n'
        "  - {contact_group: 1203}\n"
        "  - {delivery: {campaign: two, status: [failed, expired]}}",
    ),
}


@pytest.mark.parametrize("case", NO_FALSE_ALARM)
def test_what_may_be_meant_is_not_underlined(editor: LanguageServer, case: str) -> None:
    assert editor.underlined(CAMPAIGN, MODELINE + NO_FALSE_ALARM[case]) == []


KEYS = {
    *("name", "moved_from", "revision", "state", "class", "sender", "content", "template", "template_id"),
    *("template_text", "variables", "recipients", "exclude", "invalid", "schedule", "limits", "owner", "labels"),
}
SOURCES = {"csv", "json", "ndjson", "parquet", "xlsx", "sql", "numbers", "contact_group", "delivery"}
OFFERED = {
    "an empty file": ("|", KEYS),
    "the next key": ("name: one\n|", KEYS - {"name"}),
    "an entry of recipients": ("recipients:\n  - |", SOURCES | {"phone", "a CSV file", "an Excel workbook"}),
    "the rest of an entry": ("recipients:\n  - csv: a.csv\n    |", {"phone", "variables", "where"}),
    "a class": ("class: |", {"marketing", "transactional"}),
    "a state": ("state: |", {"active", "draft", "cancelled"}),
    "how a delivery ended": (
        "recipients:\n  - delivery:\n      campaign: a\n      status: [|]",
        {"failed", "expired", "success", "timeout"},
    ),
    "a schedule": ("schedule:\n  |", {"at", "timezone", "window", "give_up_after"}),
    "a time": ("schedule: |", {"now", "2027-04-10T10:00"}),
    "limits": ("limits:\n  |", {"recipients", "credits", "requests", "parts"}),
}


@pytest.mark.parametrize("case", OFFERED)
def test_what_is_offered(editor: LanguageServer, case: str) -> None:
    text, expected = OFFERED[case]
    assert expected <= editor.offered(CAMPAIGN, MODELINE + text).keys()


OFFERED_IN_PROJECT = {
    "keys": (
        "|",
        {"version", "campaigns", "timezone", "state", "undo_window", "api", "defaults", "audience", "policy"},
    ),
    "policy": ("policy:\n  |", {"senders", "windows", "links", "max_parts", "max_recipients", "max_credits"}),
    "windows": ("policy:\n  windows:\n    |", {"marketing", "transactional"}),
    "defaults": ("defaults:\n  |", KEYS - {"name", "moved_from", "revision"}),
}


@pytest.mark.parametrize("case", OFFERED_IN_PROJECT)
def test_what_is_offered_in_a_project_file(editor: LanguageServer, case: str) -> None:
    text, expected = OFFERED_IN_PROJECT[case]
    assert expected <= editor.offered(PROJECT, PROJECT_MODELINE + text).keys()


def test_defaults_do_not_offer_what_makes_a_campaign_this_one(editor: LanguageServer) -> None:
    offered = editor.offered(PROJECT, PROJECT_MODELINE + "defaults:\n  |")
    assert not {"name", "moved_from", "revision"} & offered.keys()


def test_a_new_campaign_as_a_whole(editor: LanguageServer) -> None:
    """The snippet of an empty file, as it stands once its places are left as they are, has nothing underlined."""
    body = editor.offered(CAMPAIGN, MODELINE + "|")["campaign"]["insertText"]
    text = re.sub(r"\$\{[0-9]:((?:[^}\\]|\\.)*)\}", lambda place: place[1].replace("\\", ""), body)
    assert "{{ name }}" in text
    assert "$" not in text
    assert editor.underlined(CAMPAIGN, MODELINE + text + "\n") == []


HOVERED = {
    "class": ("cl|ass: marketing", "decides the hours of sending", "ประเภทข้อความ"),
    "recipients": ("recip|ients: []", "the first mention of a number wins", "ผู้รับ"),
    "a file": ("recipients:\n  - cs|v: a.csv\n    phone: b", "path relative to this file", "ตำแหน่งไฟล์"),
    "a column": ("recipients:\n  - csv: a.csv\n    pho|ne: b", "Column that holds the phone number", "เบอร์โทร"),
    "the time": ("schedule: 2027-04-1|0T10:00", "required when active", "กำหนดเวลาส่ง"),
    "a mapping": ("sched|ule: {at: now}", "When the messages leave", "กำหนดเวลาส่ง"),
    "inside it": ("schedule: {a|t: now}", "`now`, a local time", "ปี ค.ศ."),
    "limits": ("limits: {cred|its: 3}", "Most credits this campaign may cost", "เครดิตสูงสุด"),
}


@pytest.mark.parametrize("case", HOVERED)
def test_a_hover_teaches_in_english_and_in_thai(editor: LanguageServer, case: str) -> None:
    text, english, thai = HOVERED[case]
    shown = editor.hovered(CAMPAIGN, MODELINE + text)
    assert english in shown
    assert thai in shown
    assert "\\" not in shown, "nothing is escaped"
