"""Every kind of list says the same, and every kind of damage is found."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import Reason
from mesms_gitops.audience.resolve import examine, resolve
from mesms_gitops.audience.sources.kinds import reader_of
from mesms_gitops.audience.sources.reader import Reader, Row, Unusable
from mesms_gitops.audience.sources.text_file import NotUtf8
from mesms_gitops.errors import ManifestError
from mesms_gitops.model.campaign import DeliverySource, ListSource, NumbersSource, Tolerance
from mesms_gitops.model.diagnostic import Severity
from tests.audience.conftest import here

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.campaign import Campaign

TABLE = [
    {"mobile": "0800000001", "first_name": "สมชาย", "consent": "yes"},
    {"mobile": "+66 80-000-0002", "first_name": "ใจดี, น้ำ", "consent": "yes"},
    {"mobile": "๐๘๐๐๐๐๐๐๐๓", "first_name": "สมชาย", "consent": "no"},
    {"mobile": "02-000-0001", "first_name": "บ้าน", "consent": "yes"},
    {"mobile": "0800000001", "first_name": 'คน"สอง"', "consent": "yes"},
]


def write_over(source: ListSource, content: bytes) -> None:
    Path(source.location).write_bytes(content)


def rows_of(source: ListSource | NumbersSource) -> list[Row]:
    reader = reader_of(source, here())
    try:
        return _rows(reader)
    except NotUtf8:
        return _rows(reader)


def _rows(reader: Reader) -> list[Row]:
    return [
        Row(row["row"], row["phone"], _values(row), row["kept"], Reason(row["fault"]) if row["fault"] else None)
        for batch in reader.batches()
        for row in batch.iter_rows(named=True)
    ]


def _values(row: dict[str, Any]) -> tuple[str, ...]:
    return () if row["fault"] else tuple(row[name] for name in sorted(row) if name.startswith("value"))


def unusable(source: ListSource) -> Unusable:
    with pytest.raises(Unusable) as caught:
        rows_of(source)
    return caught.value


def test_a_reader_gives_each_row_as_written(kind: Any, listed: Callable[..., ListSource]) -> None:
    """Numbers, values and filter, in order, numbered as a person finds them."""
    source = listed(kind, TABLE, variables={"name": "first_name"}, where={"consent": ("yes", "maybe")})
    assert rows_of(source) == [
        Row(number + kind.header_rows, row["mobile"], (row["first_name"],), row["consent"] == "yes")
        for number, row in enumerate(TABLE, start=1)
    ]


def test_every_kind_gives_the_same_audience(
    kind: Any, listed: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    source = listed(kind, TABLE, variables={"name": "first_name"}, where={"consent": ("yes",)})
    audience = resolve(campaign(source, invalid=Tolerance(count=1)), here())
    assert [(dict(group.values), list(group.numbers)) for group in audience.groups] == [
        ({"name": "สมชาย"}, [800000001]),
        ({"name": "ใจดี, น้ำ"}, [800000002]),
    ]
    counts = audience.counts
    assert (counts.rows, counts.recipients, counts.duplicates, counts.filtered) == (5, 2, 1, 1)
    assert counts.invalid == {"landline": 1}
    assert [(number, shown, reason) for _, number, shown, reason in audience.rejects] == [
        (4 + kind.header_rows, "xxx01", "landline")
    ]


def test_a_missing_column_is_named_with_the_columns_there_are(kind: Any, listed: Callable[..., ListSource]) -> None:
    """All missing columns at once, each with its own key of the manifest."""
    source = listed(kind, TABLE, variables={"name": "First_Name"}, where={"tier": ("gold",)})
    findings = unusable(source).findings
    assert [(found.code, found.key) for found in findings] == [
        (codes.MISSING_COLUMN, "variables.name"),
        (codes.MISSING_COLUMN, "where.tier"),
    ]
    assert "“First_Name”" in findings[0].message
    assert findings[0].next_step == "did you mean “first_name”?"
    assert findings[1].why == "it has: mobile, first_name, consent"


def test_a_list_without_recipients_stops_the_campaign(
    kind: Any, listed: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Header only, ``[]``, no line: a failed export, at the position of the source."""
    found = examine(campaign(listed(kind, [])), here())
    assert [diagnostic.code for diagnostic in found.diagnostics if diagnostic.is_error] == [codes.NO_ROWS]
    assert found.diagnostics[-1].position is not None
    assert found.diagnostics[-1].position.line == 5


def test_a_zero_byte_file_is_no_list(kind: Any, listed: Callable[..., ListSource]) -> None:
    """Not even an opt-out list: an interrupted export must not look like nobody having opted out."""
    source = listed(kind, [])
    write_over(source, b"")
    assert unusable(source).findings[0].code in {codes.NO_ROWS, codes.BROKEN}


def test_a_missing_file_is_named_with_the_one_that_was_meant(kind: Any, listed: Callable[..., ListSource]) -> None:
    source = listed(kind, TABLE)
    wrong = ListSource(kind=source.kind, location=source.location.replace("list.", "lst."), phone="mobile")
    found = unusable(wrong).findings[0]
    assert (found.code, found.key) == (codes.UNREADABLE, kind.key)
    assert found.next_step == f"did you mean “{kind.file}”?"


def test_a_folder_is_no_list(kind: Any, tmp_path: Path) -> None:
    assert unusable(ListSource(kind.key, str(tmp_path), "mobile")).findings[0].code == codes.UNREADABLE


def test_a_damaged_archive_is_no_shorter_list(kind: Any, listed: Callable[..., ListSource]) -> None:
    """A cut archive, or one whose checksum does not fit, stops, although its rows can be read."""
    source = listed(kind, TABLE * 50)
    plain = kind.write(TABLE * 50, ["mobile", "first_name", "consent"])
    packed = plain if plain.startswith(b"\x1f\x8b") else gzip.compress(plain)
    for damaged in (packed[: len(packed) // 2], packed[:-5] + bytes([packed[-5] ^ 1]) + packed[-4:]):
        write_over(source, damaged)
        assert unusable(source).findings[0].code == codes.BROKEN


@pytest.mark.parametrize("signature", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"\x28\xb5\x2f\xfd"])
def test_another_format_is_named(kind: Any, signature: bytes, listed: Callable[..., ListSource]) -> None:
    source = listed(kind, TABLE)
    write_over(source, signature + bytes(64))
    assert unusable(source).findings[0].code == codes.BROKEN


def test_bytes_of_no_known_encoding_are_refused(kind: Any, listed: Callable[..., ListSource]) -> None:
    """0xFF is neither UTF-8 nor cp874."""
    source = listed(kind, TABLE)
    write_over(source, b"mobile\n0800000001\n\xdb\xff\n")
    found = unusable(source).findings[0]
    assert (found.code, found.next_step) == (codes.ENCODING, "save it as UTF-8")


def test_bytes_that_belie_their_mark_are_refused(kind: Any, listed: Callable[..., ListSource]) -> None:
    source = listed(kind, TABLE)
    for content in (b"\xef\xbb\xbfmobile\n\xff\n", b"\xff\xfem\0o\0b"):
        write_over(source, content)
        assert unusable(source).findings[0].code == codes.ENCODING


@pytest.mark.parametrize(("encoding", "remarks"), [("cp874", [codes.THAI_CODE_PAGE]), ("utf-8", [])])
def test_a_guess_about_the_encoding_is_never_silent(
    encoding: str, remarks: list[str], csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    source = csv_list("phone,name\n0800000001,น้ำ\n".encode(encoding), variables={"name": "name"})
    audience = resolve(campaign(source))
    assert audience.groups[0].values == {"name": "น้ำ"}
    assert [(d.code, d.severity, d.field) for d in audience.diagnostics] == [
        (code, Severity.WARNING, "recipients.0.csv") for code in remarks
    ]


def test_a_ragged_row_is_a_bad_row(csv_list: Callable[..., ListSource]) -> None:
    """More or fewer cells than the header: which cell is the number is anybody's guess."""
    source = csv_list("phone,name\n0800000001\n0800000002,ก,ข\n0800000003,ค\n")
    assert rows_of(source) == [
        Row(2, "", fault=Reason.RAGGED),
        Row(3, "", fault=Reason.RAGGED),
        Row(4, "0800000003", ()),
    ]


def test_blank_lines_are_no_rows_but_count_as_lines(csv_list: Callable[..., ListSource]) -> None:
    """Also the rows of nothing but delimiters that spreadsheets leave behind."""
    source = csv_list("\r\n\r\nphone,name\r\n\r\n0800000001,ก\r\n,\r\n,,,\r\n0800000002,ข\r\n\r\n")
    assert [(row.number, row.phone) for row in rows_of(source)] == [(5, "0800000001"), (8, "0800000002")]


def test_a_row_is_numbered_by_the_line_it_starts_at(csv_list: Callable[..., ListSource]) -> None:
    source = csv_list('name,phone\n"ก\nข\nค",0800000001\nง,0800000002\n')
    assert [(row.number, row.phone) for row in rows_of(source)] == [(2, "0800000001"), (5, "0800000002")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(newline: str, csv_list: Callable[..., ListSource]) -> None:
    source = csv_list(newline.join(["phone,name", "0800000001,ก", "0800000002,ข", ""]))
    assert [row.phone for row in rows_of(source)] == ["0800000001", "0800000002"]


@pytest.mark.parametrize(
    "content",
    [
        'phone,name\n0800000001,"ก\n0800000002,ข\n',
        'phone,name\n0800000001,"ก\n0800000002,"ข"\n',
        'phone,name\n0800000001,"ก"ข\n',
        '"phone,name\n0800000001,ก\n',
    ],
)
def test_a_broken_quote_swallows_nobody_silently(content: str, csv_list: Callable[..., ListSource]) -> None:
    """An unclosed quote would make one cell of all the rows behind it."""
    found = unusable(csv_list(content)).findings[0]
    assert found.code == codes.BROKEN
    assert re.search(r"line [234]", found.why or "")


def test_an_endless_cell_is_a_broken_quote(csv_list: Callable[..., ListSource]) -> None:
    source = csv_list('phone,name\n0800000001,"' + "ก\n" * 200_000)
    assert unusable(source).findings[0].code == codes.BROKEN


def test_the_delimiter_is_the_one_that_finds_the_columns(csv_list: Callable[..., ListSource]) -> None:
    """More commas in a name than semicolons in the header change nothing."""
    source = csv_list(
        "phone;name, given, family, nick\n0800000001;a, b, c, d\n", variables={"n": "name, given, family, nick"}
    )
    assert rows_of(source) == [Row(2, "0800000001", ("a, b, c, d",))]


def test_header_names_may_have_spaces_around_them(csv_list: Callable[..., ListSource]) -> None:
    source = csv_list("name, phone \nก, 0800000001\n")
    assert [row.phone for row in rows_of(source)] == [" 0800000001"]


def test_a_column_that_is_there_twice_is_refused(csv_list: Callable[..., ListSource]) -> None:
    found = unusable(csv_list("phone,name,phone\n0800000001,ก,0800000002\n")).findings
    assert [(finding.code, finding.key) for finding in found] == [(codes.HEADER, "phone")]


@pytest.mark.parametrize("first", ["0800000001,ก", "ก,02-000-0001", "66800000001", "800000001;ก", "+15550000001,ก"])
def test_a_recipient_in_place_of_the_header_is_not_shown(first: str, csv_list: Callable[..., ListSource]) -> None:
    """Listing the columns there are would list a person."""
    found = unusable(csv_list(f"{first}\n0800000002,ข\n")).findings
    assert [finding.code for finding in found] == [codes.HEADER]
    assert not re.search(r"[0-9]{5}|000", f"{found[0]}")


def test_columns_that_hold_numbers_are_masked(csv_list: Callable[..., ListSource]) -> None:
    found = unusable(csv_list("0800000001/0800000002,name\n0800000003,ข\n")).findings[0]
    assert found.why == "it has: xxx0002, name"


def test_zero_bytes_are_no_text(csv_list: Callable[..., ListSource]) -> None:
    """UTF-16 without a byte order mark decodes as UTF-8, to rubbish."""
    found = unusable(csv_list("phone\n0800000001\n".encode("utf-16-le"))).findings[0]
    assert found.code == codes.ENCODING


def test_figures_in_json_stay_as_written(csv_list: Callable[..., ListSource]) -> None:
    """A lost zero and an exponent are seen for what they are; a missing key and null are empty cells."""
    source = csv_list(
        '[{"phone": 800000001, "ok": true, "n": 1.50}, {"phone": 6.68E+10, "ok": false, "n": null},'
        ' {"phone": null, "n": "x"}, {"n": 7}]',
        kind="json",
        variables={"n": "n"},
        where={"ok": ("true", "")},
    )
    assert rows_of(source) == [
        Row(1, "800000001", ("1.50",)),
        Row(2, "6.68E+10", ("",), kept=False),
        Row(3, "", ("x",)),
        Row(4, "", ("7",)),
    ]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("json", '{"phone": "0800000001"}'),
        ("json", '["0800000001"]'),
        ("json", '[{"phone": ["0800000001"]}]'),
        ("json", '[{"phone": {"mobile": "0800000001"}}]'),
        ("json", '[{"phone": "0800000001"}'),
        ("json", '{"phone": "0800000001"}\n{"phone": "0800000002"}\n'),
        ("json", "[" * 100_000),
        ("ndjson", '{"phone": "0800000001"}\n{"phone": "08000'),
        ("ndjson", '[{"phone": "0800000001"}]'),
        ("ndjson", '"0800000001"\n'),
        ("ndjson", "[" * 100_000),
        ("ndjson", "phone\n0800000001\n"),
    ],
)
def test_what_is_not_a_list_of_objects_is_refused(kind: str, content: str, csv_list: Callable[..., ListSource]) -> None:
    """And the message quotes nothing of the file."""
    found = unusable(csv_list(content, kind=kind)).findings[0]
    assert found.code == codes.BROKEN
    assert "000" not in f"{found.message}{found.why}".replace("100", "")


def test_lines_of_ndjson_are_numbered_with_the_blank_ones(csv_list: Callable[..., ListSource]) -> None:
    source = csv_list('\n{"phone": "0800000001"}\n\n{"phone": "0800000002"}', kind="ndjson")
    assert [row.number for row in rows_of(source)] == [2, 4]


def test_numbers_of_the_manifest_are_rows_too() -> None:
    assert rows_of(NumbersSource(("0800000001", "x"))) == [Row(1, "0800000001"), Row(2, "x")]


def test_recipients_of_an_earlier_campaign_say_so(campaign: Callable[..., Campaign]) -> None:
    with pytest.raises(ManifestError) as caught:
        resolve(campaign(DeliverySource("early", ("failed",))))
    assert [(d.code, d.field) for d in caught.value.diagnostics] == [(codes.NO_DELIVERY, "recipients.0.delivery")]
