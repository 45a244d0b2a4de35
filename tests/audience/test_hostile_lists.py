"""Lists that would cost a wrong text, all memory or somebody's name: each is an error that names the list, no more."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import Reason, normalise
from mesms_gitops.audience.resolve import examine
from mesms_gitops.audience.sources import csv_file, json_file, ndjson_file
from mesms_gitops.audience.sources.encodings import first_odd_line
from mesms_gitops.audience.sources.kinds import reader_of
from mesms_gitops.audience.sources.reader import Unusable
from tests.audience.conftest import here, need

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.audience.sources.reader import Finding
    from mesms_gitops.model.campaign import Campaign, ListSource
    from mesms_gitops.model.diagnostic import Diagnostic


def texts(source: ListSource, column: str = "phone") -> list[str]:
    return [text for batch in reader_of(source, here()).batches() for text in batch[column]]


def resolve_errors(campaign: Campaign) -> list[Diagnostic]:
    return [one for one in examine(campaign).diagnostics if one.is_error]


def refused(source: ListSource) -> Finding:
    with pytest.raises(Unusable) as caught:
        texts(source)
    return caught.value.findings[0]


# -- tables -----------------------------------------------------------------------------------------------------------


def test_one_endless_line_is_no_table(csv_list: Callable[..., ListSource]) -> None:
    """A header longer than a cell can be is an error that names the list, and not the program's own fault."""
    found = refused(csv_list(b"0" * 200_000))
    assert (found.code, found.key, found.why) == (codes.BROKEN, "csv", "noticed at line 1")
    assert "a cell has more than 131,072 characters" in found.message


@pytest.mark.parametrize("delimiter", csv_file.DELIMITERS)
def test_a_header_may_be_longer_than_a_cell(delimiter: str, csv_list: Callable[..., ListSource]) -> None:
    """Forty thousand columns are read under their own delimiter, although any other makes one vast cell of them."""
    header = delimiter.join([*(f"c{index}" for index in range(40_000)), "phone"])
    assert texts(csv_list(f"{header}\n{delimiter * 40_000}0800000001\n")) == ["0800000001"]


@pytest.mark.parametrize(
    "table",
    [
        'phone,name\n0800000001,"Bob\n0800000002,Ann\n0800000003,Jo"\n',
        'phone,name\n0800000001,"Bob\n080-000-0003,Jo"\n',
        'name,phone\n"Bob,0800000001\nAnn,0800000002\nJo",0800000003\n',
        'name,phone\n"Bob,0800000001\nJo",0800000003\n',
    ],
)
def test_a_quote_that_hides_people_is_refused(table: str, csv_list: Callable[..., ListSource]) -> None:
    """A stray quote and another one further down make one row of several: of opt-outs, those would be texted."""
    found = refused(csv_list(table))
    assert (found.code, found.key) == (codes.BROKEN, "csv")
    assert "the row of line 2 takes in others" in (found.why or "")


def test_a_cell_of_several_lines_may_hold_a_number(csv_list: Callable[..., ListSource]) -> None:
    """An address with a telephone number is one cell, and no row."""
    table = 'phone,address\n0800000001,"1 Silom Rd\n0800000009"\n0800000002,"Bangkok,\nTel. 0800000009, home"\n'
    assert texts(csv_list(table)) == ["0800000001", "0800000002"]


# -- encodings --------------------------------------------------------------------------------------------------------

MIXTURE = "phone,name\n0800000001,มาลี\n".encode() + "0800000002,สมชาย\n".encode("cp874")


@pytest.mark.parametrize("kind", ["csv", "ndjson", "json"])
def test_two_encodings_in_one_list_are_refused(kind: str, csv_list: Callable[..., ListSource]) -> None:
    """Its UTF-8 half reads as cp874 too, so its people would be texted letters that nobody wrote."""
    assert MIXTURE.decode("cp874")
    content = {"csv": MIXTURE, "ndjson": b'{"phone": "0800000001"}\n' + MIXTURE, "json": MIXTURE}[kind]
    found = refused(csv_list(content, kind=kind, variables={"name": "name"}))
    assert found.code == codes.ENCODING
    assert "more than one encoding" in found.message


def test_two_encodings_far_apart_are_refused(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Also where the second begins behind what is looked at first."""
    filler = b"".join(b"08%08d,x\n" % number for number in range(100_000))
    content = "phone,name\n0800000001,มาลี\n".encode() + filler + "0800000002,สมชาย\n".encode("cp874")
    found = resolve_errors(campaign(csv_list(content, variables={"name": "name"}), text="{{ name }}"))
    assert [(one.code, one.why) for one in found] == [
        (codes.ENCODING, "it begins as UTF-8, and something further down is not")
    ]


def test_two_letters_of_a_code_page_that_read_as_utf_8_are_no_mixture(csv_list: Callable[..., ListSource]) -> None:
    """รถ is two bytes that are one Latin letter in UTF-8; Thai it is not."""
    assert first_odd_line(MIXTURE) == 3
    thai = "phone,name\n0800000001,รถ\n0800000002,สมชาย\n".encode("cp874")
    assert first_odd_line(thai) == 3
    assert texts(csv_list(thai, variables={"name": "name"}), "value0") == ["รถ", "สมชาย"]


# -- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["json", "ndjson"])
@pytest.mark.parametrize("asked", [{"variables": {"n": "name"}}, {"where": {"name": ("a?b",)}}], ids=["text", "where"])
def test_half_a_character_is_refused(kind: str, asked: dict[str, object], csv_list: Callable[..., ListSource]) -> None:
    """A lone surrogate, as a cut emoji leaves, is not sent as a question mark."""
    row = '{"phone": "0800000001", "name": "a\\ud83db"}'
    found = refused(csv_list(f"[{row}]" if kind == "json" else row, kind=kind, **asked))
    assert (found.code, "half a character in “name”" in found.message) == (codes.BROKEN, True)
    assert (found.why or "").startswith("row 1:")
    whole = row.replace("\\ud83d", "\\ud83d\\ude00")
    assert texts(csv_list(f"[{whole}]" if kind == "json" else whole, kind=kind, **asked)) == ["0800000001"]


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_half_a_character_in_a_number_is_a_bad_number(kind: str, csv_list: Callable[..., ListSource]) -> None:
    row = '{"phone": "0800000001\\ud83d"}'
    assert [normalise(text) for text in texts(csv_list(f"[{row}]" if kind == "json" else row, kind=kind))] == [
        Reason.MALFORMED
    ]


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_a_key_that_stands_twice_is_refused(kind: str, csv_list: Callable[..., ListSource]) -> None:
    """As two columns of one name are: which of them is meant is not guessed, and neither is shown."""
    row = '{"phone": "0800000001", "phone": "0800000002"}'
    found = refused(csv_list(f"[{row}]" if kind == "json" else row, kind=kind))
    assert found.code == codes.BROKEN
    assert "one key twice" in (found.why or "")
    assert "0800" not in str(found).replace("list.", "")


def test_an_array_is_bounded(csv_list: Callable[..., ListSource], monkeypatch: pytest.MonkeyPatch) -> None:
    """A small archive that unpacks to gigabytes is an error before it is in memory."""
    content = json.dumps([{"phone": "0800000001"}])
    monkeypatch.setattr(json_file, "LONGEST", len(content))
    assert texts(csv_list(content, kind="json")) == ["0800000001"]
    monkeypatch.setattr(json_file, "LONGEST", len(content) - 1)
    assert "`ndjson:`" in (refused(csv_list(content, kind="json")).next_step or "")


def test_a_line_is_bounded(csv_list: Callable[..., ListSource], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for one line of a list that is read line by line."""
    line = json.dumps({"phone": "0800000001"})
    monkeypatch.setattr(ndjson_file, "LONGEST_RECORD", len(line) + 1)
    assert texts(csv_list(f"{line}\n{line}\n{line}", kind="ndjson")) == ["0800000001"] * 3
    found = refused(csv_list(f"{line}\n{line} \n", kind="ndjson"))
    assert (found.why or "").startswith("line 2: it goes on for more than")


# -- workbooks --------------------------------------------------------------------------------------------------------

LISTED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
from mesms_gitops.audience.sources.kinds import reader_of
from mesms_gitops.audience.sources.reader import Unusable
from mesms_gitops.model.campaign import ListSource
try:
    print([n for batch in reader_of(ListSource("xlsx", sys.argv[1], "phone")).batches() for n in batch["phone"]])
except Unusable as unusable:
    print(unusable.findings[0].why)
"""


def _book(file: Path, *, far: str | None) -> str:
    import xlsxwriter

    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["phone", "0800000001"])
        sheet.write_blank("XFD1048576", None, book.add_format({"bold": True}))
        if far:
            sheet.write_string(far, "x")
    # a process of its own: where this fails, the library ends it
    ran = subprocess.run([sys.executable, "-c", LISTED, str(file)], capture_output=True, text=True, check=False)
    return ran.stdout.strip()


def test_one_lost_cell_is_an_error_and_no_crash(tmp_path: Path) -> None:
    """The library makes room for 17,179,869,184 cells, and ends the process where there is no such room."""
    need("python_calamine")
    assert "has 17,179,869,184, most of them empty" in _book(tmp_path / "list.xlsx", far="XFD1048576")


def test_a_format_far_away_takes_no_room(tmp_path: Path) -> None:
    """What has a format and nothing in it is no cell, however large the sheet says it is."""
    need("python_calamine")
    assert _book(tmp_path / "list.xlsx", far=None) == "['0800000001']"


# -- databases --------------------------------------------------------------------------------------------------------


def test_text_that_cannot_be_decoded_is_not_shown(database: Callable[..., ListSource]) -> None:
    """Python's sqlite3 quotes the whole of it, and it may be a name."""
    made = [
        "create table people (mobile text, name text)",
        "insert into people values ('08', cast(x'536f6dff' as text))",
    ]
    found = refused(database("sqlite", made, "select mobile, name from people"))
    assert found.why == "column 'name' has text that is not UTF-8"
    assert "Som" not in str(found)
