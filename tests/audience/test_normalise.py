"""What is a number, what is none and why, and what may be shown of either."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesms_gitops.audience.normalise import EXPLAINED, Reason, lost_zero, mask, normalise

THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")

subscribers = st.builds(
    lambda first, rest: int(f"{first}{rest:08d}"), st.sampled_from("689"), st.integers(0, 99_999_999)
)
separators = st.text(alphabet=" -.()[]\u00a0\u2011\u2013\u200b", max_size=2)
messy = st.text(alphabet="0123456789๐๑๒๘๙+-. ()eE,/x\u200e", max_size=24)


@pytest.mark.parametrize(
    "raw",
    [
        "0800000001",
        "66800000001",
        "+66800000001",
        "0066800000001",
        "660800000001",
        "+66 (0) 80 000 0001",
        "+660800000001",
        "00660800000001",
        "(+66) 80-000-0001",
        "080-000-0001",
        "080 000 0001",
        "080.000.0001",
        "(080) 000-0001",
        "[080]0000001",
        "  0800000001\n",
        "0800000001.",
        "080\u00a0000\u20110001",
        "080\u2013000\u20130001",
        "\u202a+66 80 000 0001\u202c",
        "\ufeff0800000001",
        "๐๘๐๐๐๐๐๐๐๑",
        "๐๘๐-๐๐๐-๐๐๐๑",
        "+๖๖ ๘๐ ๐๐๐ ๐๐๐๑",
        "0๘00000๐01",
        "800000001",
        "80 000 0001",
    ],
)
def test_every_way_to_write_a_number_is_the_same_number(raw: str) -> None:
    """The forms of the contract, with what people and programs put between the digits."""
    assert normalise(raw) == 800000001


@pytest.mark.parametrize("first", "689")
def test_mobiles_start_with_six_eight_and_nine(first: str) -> None:
    assert normalise(f"0{first}00000001") == int(f"{first}00000001")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", Reason.EMPTY),
        (" \t\u00a0\u200b", Reason.EMPTY),
        ("-", Reason.EMPTY),
        ("n/a", Reason.MALFORMED),
        ("O800000001", Reason.MALFORMED),
        ("0800000001 ext 3", Reason.MALFORMED),
        ("0800000001, 0800000002", Reason.MALFORMED),
        ("0800000001/0800000002", Reason.MALFORMED),
        ("080000\n0001", Reason.MALFORMED),
        ("66+800000001", Reason.MALFORMED),
        ("++66800000001", Reason.MALFORMED),
        ("+0800000001", Reason.MALFORMED),
        ("000800000001", Reason.MALFORMED),
        ("0100000001", Reason.MALFORMED),
        ("0200000001", Reason.MALFORMED),
        ("0700000001", Reason.MALFORMED),
        ("66700000001", Reason.MALFORMED),
        ("200000001", Reason.MALFORMED),
        ("０８００００００１", Reason.MALFORMED),
        ("٠٨٠٠٠٠٠٠٠١", Reason.MALFORMED),
        ("+", Reason.MALFORMED),
        ("0", Reason.TOO_SHORT),
        ("191", Reason.TOO_SHORT),
        ("080000001", Reason.TOO_SHORT),
        ("6680000001", Reason.TOO_SHORT),
        ("+668", Reason.TOO_SHORT),
        ("+6", Reason.TOO_SHORT),
        ("08000000011", Reason.TOO_LONG),
        ("0800000001 0800000002", Reason.TOO_LONG),
        ("668000000011", Reason.TOO_LONG),
        ("8000000011", Reason.TOO_LONG),
        ("1" * 5000, Reason.TOO_LONG),
        ("020000001", Reason.LANDLINE),
        ("02-000-0001", Reason.LANDLINE),
        ("030000001", Reason.LANDLINE),
        ("040000001", Reason.LANDLINE),
        ("050000001", Reason.LANDLINE),
        ("070000001", Reason.LANDLINE),
        ("6620000001", Reason.LANDLINE),
        ("66020000001", Reason.LANDLINE),
        ("+66 2 000 0001", Reason.LANDLINE),
        ("20000001", Reason.LANDLINE),
        ("+1 555 000 0001", Reason.FOREIGN),
        ("+8190000000001", Reason.FOREIGN),
        ("0015550000001", Reason.FOREIGN),
        ("6.68E+10", Reason.EXPONENT),
        ("8.00E+08", Reason.EXPONENT),
        ("6,68e10", Reason.EXPONENT),
        ("๖.๖๘E+๑๐", Reason.EXPONENT),
        ("800000001.0", Reason.DECIMAL),
        ("66800000001,00", Reason.DECIMAL),
    ],
)
def test_a_bad_number_is_refused_for_its_own_reason(raw: str, reason: Reason) -> None:
    assert normalise(raw) is reason


@pytest.mark.parametrize("raw", ["66080000001.0", "66080000001.00", "6608000000.10"])
def test_decimals_never_complete_another_number(raw: str) -> None:
    """Without its point each would read as a number with the trunk 0 kept, and somebody else would be texted."""
    assert isinstance(normalise(raw), Reason)


def test_every_reason_is_explained() -> None:
    assert set(EXPLAINED) == set(Reason)


@given(st.text())
@example("\x00")
@example("²²²²²²²²²")
@example("\ud800")
def test_any_text_is_a_number_or_a_reason(raw: str) -> None:
    found = normalise(raw)
    assert isinstance(found, Reason) or 600_000_000 <= found <= 999_999_999


@given(messy)
def test_a_number_written_as_it_is_sent_is_the_same_number(raw: str) -> None:
    """Normalising is idempotent through ``66XXXXXXXXX``."""
    found = normalise(raw)
    if not isinstance(found, Reason):
        assert normalise(f"66{found}") == found


@given(messy)
def test_thai_digits_are_digits(raw: str) -> None:
    assert normalise(raw.translate(THAI)) == normalise(raw)


@given(subscribers, st.sampled_from(["0", "66", "+66", "0066", "660", "+660", ""]), st.data())
def test_what_stands_between_the_digits_changes_nothing(subscriber: int, prefix: str, data: st.DataObject) -> None:
    digits = f"{prefix}{subscriber}"
    text = "".join(digit + data.draw(separators) for digit in digits[:-1]) + digits[-1]
    # one dot before the last digit or two is a decimal point, whatever was meant
    if not re.search(r"[.].{0,4}[0-9].{0,4}$", text):
        assert normalise(text) == subscriber
        assert lost_zero(text) == (prefix == "")


@given(subscribers)
def test_a_number_shows_its_kind_and_its_last_four(subscriber: int) -> None:
    digits = str(subscriber)
    for raw in (f"0{digits}", f"+66 {digits}", f"66{digits}".translate(THAI)):
        assert mask(raw) == f"0{digits[0]}x-xxx-{digits[-4:]}"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("0800000001", "08x-xxx-0001"),
        ("", "(empty)"),
        ("   ", "(empty)"),
        ("somchai@siamcoffee.example", "xxx"),
        ("1234", "xxx"),
        ("123456", "xxx"),
        ("02-000-0001", "xxx01"),
        ("080000001", "xxx01"),
        ("6.68E+10", "xxx"),
        ("+1 555 000 0001", "xxx0001"),
        ("0800000001, 0800000002", "xxx0002"),
        ("๐๒๐๐๐๐๐๐๑", "xxx01"),
        ("０８００００００１", "xxx"),
    ],
)
def test_the_mask_shows_little(raw: str, shown: str) -> None:
    assert mask(raw) == shown


@given(st.one_of(messy, st.text()))
def test_the_mask_never_leaks(raw: str) -> None:
    """Only digits, at most the last four beside the prefix of a real number, and never all there are."""
    shown = mask(raw)
    assert re.fullmatch(r"0[689]x-xxx-[0-9]{4}|xxx(?:[0-9]{2}|[0-9]{4})?|\(empty\)", shown)
    digits = sum(character in "0123456789๐๑๒๓๔๕๖๗๘๙" for character in raw)
    assert sum(map(str.isdigit, shown)) <= max(0, digits - 3)
