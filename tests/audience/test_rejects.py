"""Rows without a usable number: all of them reach whoever asks, masked, and each says why."""

from __future__ import annotations

import csv
import io
import stat
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesms_gitops.audience import codes, explaining
from mesms_gitops.audience.normalise import EXPLAINED, REJECTS_KEPT, Reason, mask, normalise
from mesms_gitops.audience.numbering import ASSIGNED, in_known_block, outside_known_blocks
from mesms_gitops.audience.rejects import EXPLAINED_ONE_BY_ONE, masked
from mesms_gitops.audience.resolve import examine
from mesms_gitops.audience.rules import SUBSCRIBER
from mesms_gitops.audience.sources.outside import Outside
from mesms_gitops.cli.rejecting import FIRST, RejectLog, reject_log
from mesms_gitops.errors import ConfigError, ManifestError
from mesms_gitops.model.campaign import ListSource, NumbersSource
from tests.audience.conftest import need

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.model.campaign import Campaign

phones = st.text(st.sampled_from("0123456789๐๑๒๙+-. ()eE,x\u200b\u3000\x1c\x1f\x85\t'=กa"), max_size=14)


class Ear:
    """Hears everything, source by source."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str, list[tuple[Any, ...]]]] = []

    def begin(self, campaign: str, path: str, label: str) -> None:
        if self.heard and self.heard[-1][:2] == (campaign, path):
            self.heard.pop()
        self.heard.append((campaign, path, label, []))

    def add(self, rejects: pl.DataFrame) -> None:
        self.heard[-1][3].extend(rejects.iter_rows())


@settings(deadline=None)
@given(st.lists(phones, max_size=20))
@example(["", " ", "\u3000", "\x1c", "\x1f\x85", "\u200b", "021234567", "66021234567", "0212345678"])
def test_a_column_is_masked_as_one_number_is(raw: list[str]) -> None:
    bad = [one for one in raw if isinstance(normalise(one), Reason)]
    shown = pl.DataFrame({"phone": [*bad, None]}, schema={"phone": pl.String}).select(masked(pl.col("phone")))
    assert shown.to_series().to_list() == [*map(mask, bad), ""]


def test_everything_is_passed_on_although_few_are_kept(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """Opt-outs and recipients, two sources that are the same file, also where the campaign stops for them."""
    many = REJECTS_KEPT + 5
    source = csv_list("phone,x\n0800000001,\n" + "02000,\n" * many)
    ear = Ear()
    found = examine(campaign(source, source, exclude=(csv_list("phone\nnobody\n"),)), Outside(rejects=ear))
    assert any(one.is_error for one in found.diagnostics)
    assert [(path, len(rows)) for _, path, _, rows in ear.heard] == [
        ("exclude.0", 1),
        ("recipients.0", many),
        ("recipients.1", many),
    ]
    assert ear.heard[1][3][-1] == (many + 2, "xxx", "too_short", EXPLAINED[Reason.TOO_SHORT])
    assert len(found.rejects) == REJECTS_KEPT


def test_a_list_that_is_read_again_is_not_passed_on_twice(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    """The second look at a list that turned out not to be UTF-8 makes void what the first one said."""
    text = "phone,name\n" + "02000,a\n" * 200_000 + "0800000001,น้ำ\n"
    ear = Ear()
    examine(campaign(csv_list(text.encode("cp874"))), Outside(rejects=ear))
    ((_, _, _, rows),) = ear.heard
    assert [row for row, *_ in rows] == list(range(2, 200_002))


@pytest.mark.parametrize("raw", ["021234567", "+85620551234", "0212345678", "08123", "6.68E+10", "=1+1", ""])
def test_no_sentence_holds_a_digit_of_the_number(raw: str) -> None:
    """Whatever the library knows of it; what is static may have an example in it."""
    sentence = explaining.about(raw)
    assert sentence is None or not any(character.isdigit() for character in sentence.replace("66", ""))


def test_the_library_says_where_a_landline_is_and_whose_a_number_abroad() -> None:
    need("phonenumbers")
    assert "Bangkok" in str(explaining.about("021234567"))
    assert "Laos" in str(explaining.about("+85620551234"))


def test_without_the_library_nothing_is_lost_but_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "_library", lambda: None)
    assert explaining.about("021234567") is None
    known = explaining.facts("021234567")
    assert (known.reason, known.has_library, known.country) == ("landline", False, None)
    assert explaining.facts("0812345678").sent_as == "66812345678"


@settings(deadline=None)
@given(phones)
def test_what_is_explained_is_what_is_accepted(raw: str) -> None:
    found, known = normalise(raw), explaining.facts(raw)
    if isinstance(found, Reason):
        assert (known.sent_as, known.reason, known.explanation) == (None, found.value, EXPLAINED[found])
    else:
        assert (known.sent_as, known.reason) == (f"66{found}", None)
        assert known.is_in_unknown_block is not in_known_block(found)


# --- the file --------------------------------------------------------------------------------------------------------


def _frame(*rows: tuple[int, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["row", "number", "reason", "sentence"], orient="row")


def test_no_cell_is_a_formula_and_every_cell_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "rejects.csv"
    with reject_log(target, verbose=False) as log:
        assert log is not None
        log.begin("sale", "recipients.0", '=cmd("x"),@\n.csv')
        log.add(_frame((2, "+1", "-landline", '@a, "landline"')))
    rows = list(csv.reader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert rows[0] == ["campaign", "source", "row", "number", "reason", "sentence"]
    assert rows[1:] == [["sale", '\'=cmd("x"),@\\n.csv', "2", "'+1", "'-landline", '\'@a, "landline"']]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_source_that_begins_anew_is_taken_back() -> None:
    file = io.BytesIO()
    log = RejectLog(file)
    row = (2, "xxx", "empty", "there is no number")
    log.begin("sale", "recipients.0", "a.csv")
    log.add(_frame(row))
    log.begin("sale", "recipients.1", "b.csv")
    log.add(_frame(*[row] * (FIRST + 5)))
    log.begin("sale", "recipients.1", "b.csv")
    log.add(_frame(row))
    assert log.total == 2
    assert [line.split(b",")[1] for line in file.getvalue().splitlines()] == [b"a.csv", b"b.csv"]
    assert log.listing().count("\n") == 3


def test_an_error_of_the_lists_leaves_the_file_and_a_fault_does_not(tmp_path: Path) -> None:
    target = tmp_path / "rejects.csv"
    for error, is_there in ((KeyboardInterrupt(), False), (ManifestError(()), True)):
        with pytest.raises(type(error)), reject_log(target, verbose=False):
            raise error
        assert target.exists() is is_there
    assert [entry.name for entry in tmp_path.iterdir()] == ["rejects.csv"]


def test_a_list_is_not_overwritten_by_a_slip(tmp_path: Path) -> None:
    members = tmp_path / "members.csv"
    members.write_text("phone\n0800000001\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="overwrite"), reject_log(members, verbose=False):
        pass
    assert members.read_text(encoding="utf-8") == "phone\n0800000001\n"
    with reject_log(tmp_path / "rejects.csv", verbose=False):
        pass
    with reject_log(tmp_path / "rejects.csv", verbose=False):
        pass


# --- blocks of numbers -----------------------------------------------------------------------------------------------

subscribers = st.integers(600_000_000, 999_999_999)
edges = st.sampled_from([end + step for run in ASSIGNED for end in run for step in (-1, 0, 1)])


@settings(deadline=None)
@given(st.lists(subscribers | edges, max_size=50))
def test_a_column_knows_the_blocks_that_one_number_knows(numbers: list[int]) -> None:
    count, starts = outside_known_blocks(pl.Series(SUBSCRIBER, numbers, dtype=pl.UInt32))
    unknown = [one for one in numbers if not in_known_block(one)]
    assert count == len(unknown)
    assert set(starts) <= {f"0{one // 10_000_000}x" for one in unknown}
    assert bool(starts) is bool(unknown)


def test_the_blocks_are_those_of_the_library() -> None:
    """Whatever it takes for a mobile number; it may learn of new blocks, and then this table is behind."""
    need("phonenumbers")
    import phonenumbers

    for first, last in ASSIGNED:
        for subscriber in (first, (first + last) // 2, last):
            number = phonenumbers.parse(f"+66{subscriber}")
            assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE, subscriber


def test_numbers_nobody_has_are_counted_once_and_sent_to(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    source = csv_list("phone\n0671900000\n067-190-0000\n0680000001\n0800000001\n")
    found = examine(campaign(source, NumbersSource(("0680000002",)), exclude=(csv_list("phone\n0680000001\n"),)))
    assert found.counts.unknown_block == 2
    assert found.counts.recipients == 3
    (warning,) = (one for one in found.diagnostics if one.code == codes.UNKNOWN_BLOCK)
    assert not warning.is_error
    assert warning.message == "2 numbers lie in blocks no operator has, e.g. 067x-xxx-xxxx, 068x-xxx-xxxx"
    assert warning.field == "recipients"


def test_sentences_of_their_own_are_bounded(
    csv_list: Callable[..., ListSource], campaign: Callable[..., Campaign]
) -> None:
    need("phonenumbers")
    ear = Ear()
    source = csv_list("phone\n" + "021234567\n" * (EXPLAINED_ONE_BY_ONE + 7))
    examine(campaign(source), Outside(rejects=ear))
    own = [sentence for _, _, _, sentence in ear.heard[0][3] if "Bangkok" in sentence]
    assert len(own) == EXPLAINED_ONE_BY_ONE
