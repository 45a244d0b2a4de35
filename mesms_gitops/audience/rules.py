"""``normalise`` for whole columns: the same rules as Narwhals expressions; polars and a cluster give one answer.

`normalise` is what they are held to (``tests/audience/test_rules.py``); a change there is a change here. Regular
expressions keep to what Rust's and Java's engines read alike: no look-around, classes written out, ``\\z`` for the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import narwhals as nw

from mesms_gitops.audience.normalise import INVISIBLE, LANDLINE, MOBILE, SEPARATORS, SPACES, Reason
from mesms_gitops.model.numbers import COUNTRY_CODE, SUBSCRIBER_DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping

PHONE: Final = "phone"
SUBSCRIBER: Final = "subscriber"
REASON: Final = "reason"
LOST_ZERO: Final = "lost_zero"


def _class(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(character):x}}}" for character in characters) + "]"


_EDGES: Final = _class("\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680" + SPACES[2:] + "\u2028\u2029")
"""What `str.strip` takes for white space."""
AROUND: Final = rf"^{_EDGES}+|{_EDGES}+\z"
"""What it takes away."""
_DROPPED: Final = _class(SPACES + INVISIBLE)
_SEPARATOR: Final = _class(SEPARATORS)
_PLAIN: Final = r"^\+?[0-9]+\z"


def judged(frame: nw.LazyFrame) -> nw.LazyFrame:  # type: ignore[type-arg]
    """``frame`` with SUBSCRIBER (or null), REASON (why there is none) and LOST_ZERO beside its column PHONE."""
    # nothing is to be done to nearly all numbers: a cluster then leaves out the dozen replacements
    plain = nw.col(PHONE).str.contains(_PLAIN)
    frame = frame.with_columns(_text=nw.when(plain).then(nw.col(PHONE)).otherwise(_legible(nw.col(PHONE))))
    bare = nw.col("_text").str.replace_all(_SEPARATOR, "")
    frame = frame.with_columns(_bare=nw.when(plain).then(nw.col("_text")).otherwise(bare))
    frame = frame.with_columns(_is_abroad=_is_abroad())
    frame = frame.with_columns(_body=_without_exit_code())
    frame = frame.with_columns(_digits=_significant())
    frame = frame.with_columns(**{REASON: _reason()})
    good = nw.col(REASON).is_null()
    safe = nw.when(good).then(nw.col("_digits")).otherwise(nw.lit("0"))  # a cast of anything else may raise
    frame = frame.with_columns(
        **{
            SUBSCRIBER: nw.when(good).then(safe.cast(nw.Int64)),
            LOST_ZERO: good & (nw.col("_bare").str.len_chars() == SUBSCRIBER_DIGITS),
        }
    )
    return frame.drop("_text", "_bare", "_is_abroad", "_body", "_digits")


def _legible(phone: nw.Expr) -> nw.Expr:
    text = phone.str.replace_all(AROUND, "").str.replace_all(_DROPPED, "")
    for digit in range(10):
        text = text.str.replace_all(chr(ord("๐") + digit), str(digit), literal=True)
    return text


def _is_abroad() -> nw.Expr:
    bare = nw.col("_bare")
    return (
        bare.str.starts_with("+")
        | bare.str.starts_with("00")
        # with nine digits, 66 starts a mobile number whose 0 is lost, and is no country code
        | (bare.str.starts_with(COUNTRY_CODE) & (bare.str.len_chars() > SUBSCRIBER_DIGITS))
    )


def _without_exit_code() -> nw.Expr:
    return nw.col("_bare").str.replace_all(r"^(?:\+|00)", "")


def _significant() -> nw.Expr:
    """The digits after country code and trunk 0."""
    return (
        nw.when(nw.col("_is_abroad"))
        .then(nw.col("_body").str.replace_all(f"^{COUNTRY_CODE}0?", ""))
        .otherwise(nw.col("_bare").str.replace_all("^0", ""))
    )


def _reason() -> nw.Expr:
    text, bare, body, digits = nw.col("_text"), nw.col("_bare"), nw.col("_body"), nw.col("_digits")
    size = digits.str.len_chars()
    foreign = nw.col("_is_abroad") & ~body.str.starts_with(COUNTRY_CODE)
    is_mobile = (size == SUBSCRIBER_DIGITS) & digits.str.contains(f"^[{MOBILE}]")
    return _first_of(
        {
            Reason.EXPONENT: text.str.contains(r"^[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+\z"),
            Reason.DECIMAL: text.str.contains(r"^[+-]?[0-9]+[.,][0-9]{1,2}\z"),
            Reason.EMPTY: bare == "",
        },
        _first_of(
            {Reason.MALFORMED: ~bare.str.contains(r"^\+?[0-9]+\z") | (foreign & body.str.starts_with("0"))},
            _first_of(
                {
                    Reason.TOO_SHORT: foreign & (body.str.len_chars() <= len(COUNTRY_CODE)),
                    Reason.FOREIGN: foreign,
                    Reason.MALFORMED: (size == SUBSCRIBER_DIGITS) & ~is_mobile,
                    Reason.LANDLINE: (size == SUBSCRIBER_DIGITS - 1) & digits.str.contains(f"^[{LANDLINE}]"),
                    Reason.TOO_LONG: size > SUBSCRIBER_DIGITS,
                },
                nw.when(~is_mobile).then(nw.lit(Reason.TOO_SHORT.value)),
            ),
        ),
    )


def _first_of(cases: Mapping[Reason, nw.Expr], otherwise: nw.Expr) -> nw.Expr:
    """The first reason whose condition holds."""
    result = otherwise
    for reason, holds in reversed(tuple(cases.items())):
        result = nw.when(holds).then(nw.lit(reason.value)).otherwise(result)
    return result
