"""Parquet files and workbooks: what is in them comes out as text, and what is wrong with them is named."""

from __future__ import annotations

import datetime as dt
import math
import os
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import Reason, normalise
from mesms_gitops.audience.resolve import examine
from mesms_gitops.audience.sources import xlsx_file
from mesms_gitops.audience.sources.encodings import fitting
from mesms_gitops.audience.sources.frames import NoText, as_text, phone_of, text_of
from mesms_gitops.audience.sources.kinds import reader_of
from mesms_gitops.audience.sources.reader import Unusable
from mesms_gitops.audience.sources.workbook_scan import scan
from mesms_gitops.model.campaign import ListSource, NumbersSource
from tests.audience.conftest import need

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.audience.sources.reader import Finding
    from mesms_gitops.model.campaign import Campaign


def rows(source: ListSource) -> list[tuple[int, str]]:
    return [row for batch in reader_of(source).batches() for row in batch.select("row", "phone").iter_rows()]


def refused(source: ListSource) -> Finding:
    with pytest.raises(Unusable) as caught:
        rows(source)
    assert "0800" not in f"{caught.value.findings}".replace(source.location, "")
    return caught.value.findings[0]


# -- cells ------------------------------------------------------------------------------------------------------------

CELLS = [
    (pl.String, "ก ข", "ก ข"),
    (pl.Int64, 812345678, "812345678"),
    (pl.UInt8, 7, "7"),
    (pl.Float64, 66812345678.0, "66812345678"),
    (pl.Float64, 812345678.5, "812345678.5"),
    (pl.Float64, -0.5, "-0.5"),
    (pl.Float64, math.nan, ""),
    (pl.Float64, math.inf, "inf"),
    (pl.Float64, 1e17, "1.000000E+17"),
    (pl.Boolean, True, "true"),
    (pl.Boolean, False, "false"),
    (pl.Date, dt.date(2027, 4, 10), "2027-04-10"),
    (pl.Datetime("us"), dt.datetime(2027, 4, 10, 10), "2027-04-10T10:00:00"),
    (pl.Datetime("us"), dt.datetime(2027, 4, 10, 10, 0, 0, 500_000), "2027-04-10T10:00:00.500"),
    (pl.Datetime("us", "UTC"), dt.datetime(2027, 4, 10, 10, tzinfo=dt.UTC), "2027-04-10T10:00:00+00:00"),
    (pl.Time, dt.time(9, 30), "09:30:00"),
    (pl.Decimal(12, 2), Decimal("20.50"), "20.50"),
    (pl.Decimal(12, 0), Decimal(812345678), "812345678"),
    (pl.Binary, "ก".encode(), "ก"),
    (pl.Categorical, "gold", "gold"),
    (pl.Null, None, ""),
]


def in_a_column(kind: Any, value: object, *, is_phone: bool = False) -> str:
    frame = pl.DataFrame({"c": [value]}, schema={"c": kind})
    text: str = frame.select(as_text("c", frame.schema["c"], is_phone=is_phone)).item()
    return text


@pytest.mark.parametrize(("kind", "value", "text"), CELLS)
def test_a_cell_is_the_text_a_person_would_write(kind: Any, value: object, text: str) -> None:
    assert in_a_column(kind, value) == text
    assert in_a_column(kind, None) == ""


@pytest.mark.parametrize(("kind", "value", "text"), [cell for cell in CELLS if ".500" not in cell[2]])
def test_a_value_and_a_column_are_written_alike(kind: Any, value: object, text: str) -> None:
    assert text_of(value) == text


@given(st.one_of(st.floats(width=64), st.integers(600_000_000, 70_000_000_000).map(float)))
def test_floats_are_written_alike_and_never_make_another_number(value: float) -> None:
    """What `normalise` makes of either text is the number that the float holds, or none."""
    for text in (phone_of(value), in_a_column(pl.Float64, value, is_phone=True)):
        found = normalise(text)
        assert isinstance(found, Reason) or str(int(value)).endswith(str(found))
        # why a float is no number may be said of a tiny one in two ways: 6e-05 or 0.00006
        assert found == normalise(phone_of(value)) or isinstance(found, Reason)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (pl.Float64, 6.68e10, Reason.EXPONENT),
        (pl.Float64, 6.6812e10, Reason.EXPONENT),
        (pl.Float32, 66812345678.0, Reason.EXPONENT),
        (pl.Float32, 812345678.0, Reason.EXPONENT),
        (pl.Float64, 66812345678.5, Reason.DECIMAL),
        (pl.Decimal(12, 2), Decimal("812345678.00"), Reason.DECIMAL),
    ],
)
def test_a_number_that_lost_digits_is_not_guessed(kind: Any, value: object, reason: Reason) -> None:
    assert normalise(in_a_column(kind, value, is_phone=True)) is reason


@pytest.mark.parametrize("kind", [pl.List(pl.String), pl.Struct({"a": pl.String}), pl.Array(pl.Int8, 2), pl.Duration])
def test_what_is_no_text_is_none(kind: Any) -> None:
    with pytest.raises(NoText):
        as_text("c", pl.Series([], dtype=kind).dtype)


@pytest.mark.parametrize("value", [[], {}, (), dt.timedelta(1), b"\xff", object()])
def test_what_is_no_text_is_none_as_a_value_either(value: object) -> None:
    with pytest.raises(NoText):
        text_of(value)


# -- Parquet ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., ListSource]:
    """Write a frame, and give the source that reads it."""

    def make(columns: dict[str, Any], **more: Any) -> ListSource:
        pl.DataFrame(columns).write_parquet(tmp_path / "list.parquet", row_group_size=1000)
        return ListSource("parquet", str(tmp_path / "list.parquet"), "phone", **more)

    return make


def test_rows_are_numbered_across_batches(parquet: Callable[..., ListSource]) -> None:
    """Slices meet in the middle of a row group."""
    found = rows(parquet({"phone": [f"{index:010}" for index in range(250_001)]}))
    assert [number for number, _ in found] == list(range(1, 250_002))
    assert [phone for _, phone in found] == [f"{index:010}" for index in range(250_001)]


def test_a_nested_column_matters_only_if_it_is_asked_for(parquet: Callable[..., ListSource]) -> None:
    columns = {"phone": ["0800000001"], "tags": [["a"]]}
    assert rows(parquet(columns)) == [(1, "0800000001")]
    found = refused(parquet(columns, variables={"t": "tags"}))
    assert (found.code, found.key) == (codes.BROKEN, "variables.t")


def test_bytes_that_are_no_text_are_refused(parquet: Callable[..., ListSource]) -> None:
    assert refused(parquet({"phone": [b"\xff\xfe"]})).code == codes.BROKEN


@pytest.mark.parametrize("damage", ["cut", "middle", "foot", "encrypted"])
def test_a_damaged_parquet_file_gives_nobody_another_number(
    damage: str, parquet: Callable[..., ListSource], tmp_path: Path
) -> None:
    source = parquet({"phone": [f"08{index:08}" for index in range(5000)]})
    before = rows(source)
    path = tmp_path / "list.parquet"
    whole = path.read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "middle": whole[:100] + bytes(range(200)) + whole[300:],
        "foot": whole[:-40] + bytes(32) + whole[-8:],
        "encrypted": b"PARE" + whole[4:-4] + b"PARE",
    }
    path.write_bytes(damaged[damage])
    try:
        assert rows(source) == before
    except Unusable as unusable:
        assert unusable.findings[0].code == codes.BROKEN


# -- workbooks --------------------------------------------------------------------------------------------------------


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., ListSource]:
    """Let something fill a workbook, and give the source that reads it."""
    need("python_calamine")
    need("xlsxwriter")
    import xlsxwriter

    def make(fill: Callable[[Any], None], **more: Any) -> ListSource:
        with xlsxwriter.Workbook(tmp_path / "list.xlsx") as book:
            fill(book)
        return ListSource("xlsx", str(tmp_path / "list.xlsx"), "phone", **more)

    return make


def sheet(*lines: tuple[Any, ...], name: str | None = None) -> Callable[[Any], Any]:
    def fill(book: Any) -> Any:
        page = book.add_worksheet(name)
        for row, cells in enumerate(lines):
            for column, cell in enumerate(cells):
                if cell is not None:
                    (page.write_string if isinstance(cell, str) else page.write)(row, column, cell)
        return page

    return fill


def test_cells_are_what_is_stored_and_rows_are_numbered_as_shown(workbook: Callable[..., ListSource]) -> None:
    """Lost zeros, exponents, blank rows before, between and after, a first column without anything."""
    lines = [
        (),
        (),
        (None, "phone", "x"),
        (None, 66812345678),
        (None, 812345678),
        (),
        (None, "6.68E+10"),
        (None, 6.68e10),
    ]
    lines += [(None, "0800000001"), (None, None, "x"), (None, True), (None, 0.5), ()]
    found = rows(workbook(sheet(*lines)))
    assert found == [
        (4, "66812345678"),
        (5, "812345678"),
        (7, "6.68E+10"),
        (8, "6.680000E+10"),
        (9, "0800000001"),
        (10, ""),
        (11, "true"),
        (12, "0.5"),
    ]


def test_dates_are_iso(workbook: Callable[..., ListSource]) -> None:
    def fill(book: Any) -> None:
        page = sheet(("phone",))(book)
        page.write_datetime(1, 0, dt.datetime(2027, 4, 10), book.add_format({"num_format": "d mmm yy"}))
        page.write_datetime(2, 0, dt.datetime(2027, 4, 10, 10), book.add_format({"num_format": "dd/mm/yyyy hh:mm"}))

    assert [phone for _, phone in rows(workbook(fill))] == ["2027-04-10", "2027-04-10T10:00:00"]


def test_the_sheet_is_the_one_that_has_the_columns(workbook: Callable[..., ListSource]) -> None:
    """Whatever is hidden is not meant."""

    def fill(book: Any) -> None:
        sheet(("Report of April",), name="Cover")(book)
        sheet(("phone",), ("0800000002",), name="Old")(book).hide()
        book.add_chartsheet("Chart")
        sheet((), ("phone", "x"), ("0800000001",), name="People")(book)

    assert rows(workbook(fill)) == [(3, "0800000001")]


def test_two_sheets_that_could_be_meant_are_not_guessed_between(workbook: Callable[..., ListSource]) -> None:
    def fill(book: Any) -> None:
        for name in ("เมษา", "พฤษภา"):
            sheet(("phone",), ("0800000001",), name=name)(book)

    found = refused(workbook(fill))
    assert (found.code, found.why) == (codes.HEADER, "“เมษา”, “พฤษภา”")


def test_merged_cells_are_the_first_of_them(workbook: Callable[..., ListSource]) -> None:
    def fill(book: Any) -> None:
        sheet(("phone", "x"), (None, "a"), (None, "b"))(book).merge_range(1, 0, 2, 0, "0800000001")

    assert rows(workbook(fill)) == [(2, "0800000001"), (3, "")]


def test_formulas_are_their_values(workbook: Callable[..., ListSource]) -> None:
    def fill(book: Any) -> None:
        page = sheet(("phone", "other"))(book)
        page.write_formula(1, 0, '="08"&"00000001"', None, "0800000001")
        page.write_formula(1, 1, "=NA()", None, "#N/A")

    assert rows(workbook(fill)) == [(2, "0800000001")]


@pytest.mark.parametrize(("value", "told"), [("#N/A", "error in A3"), ("#DIV/0!", "error in A3")])
def test_an_error_in_a_column_that_is_asked_for_stops(
    value: str, told: str, workbook: Callable[..., ListSource]
) -> None:
    """The library gives an empty cell, and a row of nothing else would not be there."""

    def fill(book: Any) -> None:
        sheet(("phone",), ("0800000001",))(book).write_formula(2, 0, "=NA()", None, value)

    found = refused(workbook(fill))
    assert (found.code, found.key, told in found.message) == (codes.BROKEN, "phone", True)


def test_a_formula_that_was_never_computed_stops(tmp_path: Path) -> None:
    """As programs write them; a spreadsheet shows a number, the file has none."""
    need("python_calamine")
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in (["phone"], ["0800000001"], ['="08"&"00000002"']):
        book.active.append(line)
    book.save(tmp_path / "list.xlsx")
    found = refused(ListSource("xlsx", str(tmp_path / "list.xlsx"), "phone"))
    assert "A3" in found.message


def test_hidden_rows_are_read_and_warned_of(
    workbook: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    def fill(book: Any) -> None:
        sheet(("phone",), ("0800000001",), ("0800000002",))(book).set_row(2, None, None, {"hidden": True})

    audience = examine(campaign(workbook(fill)))
    assert audience.counts.recipients == 2
    assert [(one.code, one.is_error) for one in audience.diagnostics] == [(codes.HIDDEN_ROWS, False)]


def test_a_protected_workbook_is_named(tmp_path: Path) -> None:
    """A compound file whose directory has the stream that encryption leaves, [MS-OFFCRYPTO] 2.3.4."""
    path = tmp_path / "list.xlsx"
    source = ListSource("xlsx", str(path), "phone")
    path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(70_000) + "EncryptedPackage".encode("utf-16-le"))
    assert "password" in (refused(source).why or "")
    path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(70_000))
    assert ".xls" in (refused(source).why or "")


def test_a_workbook_that_unpacks_without_end_is_refused(
    workbook: Callable[..., ListSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = workbook(sheet(("phone",), ("0800000001",)))
    monkeypatch.setattr(xlsx_file, "LARGEST", 1000)
    assert refused(source).code == codes.BROKEN


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_workbook_gives_nobody_another_number(
    seed: int, workbook: Callable[..., ListSource], tmp_path: Path
) -> None:
    source = workbook(sheet(("phone",), *((f"08{index:08}",) for index in range(50))))
    before = rows(source)
    content = bytearray((tmp_path / "list.xlsx").read_bytes())
    content[seed * len(content) // 20] ^= 0xFF
    (tmp_path / "list.xlsx").write_bytes(content)
    try:
        assert rows(source) == before
    except Unusable as unusable:
        assert unusable.findings[0].code in {codes.BROKEN, codes.MISSING_COLUMN, codes.NO_ROWS}


@pytest.mark.parametrize(
    ("cell", "is_computed"),
    [
        ('<c r="A2" t="str"><f>""</f><v></v></c>', True),
        ('<c r="A2" t="str"><f>""</f><v/></c>', True),
        ('<c r="A2"><f>B2</f><v>1</v></c>', True),
        ('<x:c r="A2"><x:f>B2</x:f><x:v>1</x:v></x:c>', True),
        ('<c r="A2"><f>B2</f></c>', False),
        ('<c r="A2"><f>B2</f><v></v></c>', False),
        ('<c r="A2"><f t="shared" si="0"/></c>', False),
    ],
)
def test_a_formula_is_computed_or_not(cell: str, is_computed: bool, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "book", "w") as book:
        book.writestr("sheet", f'<sheetData xmlns:x="x"><row r="2">{cell}</row></sheetData>')
        assert (scan(book, "sheet").without_value == {}) == is_computed


# -- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "fit"),
    [
        ("phone,name\n0800000001,Zoë Gúnther Ünal Þór\n".encode("windows-1252"), "windows-1252"),
        ("phone,name\n0800000001,王小明\n0800000002,ฎ\n".encode("gb18030"), "gb18030"),
        ("phone,name\n0800000001,ก\n".encode("utf-16-le"), "UTF-16-LE without its byte order mark"),
        ("phone,name\n0800000001,ก\n".encode("utf-16-be"), "UTF-16-BE without its byte order mark"),
        ("phone,name\n0800000001,ก\n".encode("utf-32-le"), "UTF-32"),
        ("phone\nก\nข\n".encode() + b"\xdb\xff\n" + "ค\n".encode(), "UTF-8 but for line 4"),
        (b"\xff\x81\x8d" * 3, None),
    ],
)
def test_the_encoding_that_fits_is_named(content: bytes, fit: str | None) -> None:
    assert fitting(content) == fit


@pytest.mark.parametrize("kind", ["csv", "ndjson", "json"])
def test_wide_text_without_its_mark_is_named(kind: str, csv_list: Callable[..., ListSource]) -> None:
    """It decodes as UTF-8, to rubbish."""
    found = refused(csv_list("phone\n0800000001\n".encode("utf-16-be"), kind=kind))
    assert found.why == "it has zero bytes; its bytes fit UTF-16-BE without its byte order mark"


@pytest.mark.parametrize("kind", ["csv", "ndjson", "json"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "windows-1252"])
def test_an_error_about_the_encoding_names_it(kind: str, encoding: str, csv_list: Callable[..., ListSource]) -> None:
    content = {"csv": "phone,name\n0800000001,Þýü\n", "ndjson": '{"phone": "0800000001", "n": "Þýü"}\n'}
    text = content.get(kind) or '[{"phone": "0800000001", "n": "Þýü"}]\n'
    found = refused(csv_list(text.encode(encoding), kind=kind))
    assert found.code == codes.ENCODING
    assert encoding in (found.why or "").lower()


# -- opt-outs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
def test_an_unreadable_opt_out_list_stops_the_campaign(
    kind: str, tmp_path: Path, campaign: Callable[..., Campaign]
) -> None:
    (tmp_path / "list").write_bytes(os.urandom(100))
    source = ListSource(kind, str(tmp_path / "list"), "phone")
    found = examine(campaign(NumbersSource(("0800000001",)), exclude=(source,)))
    assert not found.groups
    assert [one.field for one in found.diagnostics if one.is_error] == [f"exclude.0.{kind}"]


def test_a_zstd_archive_with_several_frames_is_one_list(tmp_path: Path) -> None:
    """As `cat a.zst b.zst` makes them."""
    need("backports.zstd")
    zstd = pytest.importorskip("backports.zstd")
    path = tmp_path / "list.csv.zst"
    path.write_bytes(zstd.compress(b"phone\n0800000001\n") + zstd.compress(b"0800000002\n"))
    assert rows(ListSource("csv", str(path), "phone")) == [(2, "0800000001"), (3, "0800000002")]
    path.write_bytes(path.read_bytes()[:-3])
    assert refused(ListSource("csv", str(path), "phone")).code == codes.BROKEN
