"""What a Thai mobile number is, why a text is none, and how a number is shown.

The numbering plan: a national number is 0 and nine digits for mobiles (06, 08, 09), 0 and eight digits for landlines
(02, 03, 04, 05, 07); abroad the country code 66 takes the place of the 0 (ITU-T E.164, as filed by the NBTC). ME-SMS
takes ``66XXXXXXXXX`` (``reference/me-sms-api.txt``). Which blocks are in use moves from year to year and is not judged.
"""

from __future__ import annotations

import re
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.numbers import COUNTRY_CODE, SUBSCRIBER_DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reason(StrEnum):
    """Why a row has no number that can be texted. Stable: users filter on these."""

    EMPTY = "empty"
    MALFORMED = "malformed"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    LANDLINE = "landline"
    FOREIGN = "foreign"
    EXPONENT = "exponent"
    DECIMAL = "decimal"
    RAGGED = "ragged"


EXPLAINED: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.EMPTY: "there is no number",
        Reason.MALFORMED: "not a form that a Thai number has",
        Reason.TOO_SHORT: "too few digits",
        Reason.TOO_LONG: "too many digits",
        Reason.LANDLINE: "a landline, which takes no text messages",
        Reason.FOREIGN: "the country code is not 66",
        Reason.EXPONENT: "a spreadsheet rounded it (as 6.68E+10 is): its digits are lost",
        Reason.DECIMAL: "a spreadsheet or program wrote it with decimals",
        Reason.RAGGED: "the row has more or fewer columns than the header",
    }
)
"""What each reason means, to a person."""

REJECTS_KEPT: Final = 1_000
"""Bad numbers of a campaign that are remembered one by one."""
MOBILE: Final = "689"
LANDLINE: Final = "23457"
_LANDLINE_DIGITS: Final = 8

_DIGITS: Final = {ord("๐") + value: str(value) for value in range(10)}
SPACES: Final = "\t \u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# what phones and chat programs put around a copied number without showing it
INVISIBLE: Final = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_LEGIBLE: Final = _DIGITS | {ord(character): None for character in SPACES + INVISIBLE}
SEPARATORS: Final = "-.()[]\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_UNSEPARATED: Final = {ord(character): None for character in SEPARATORS}
_EXPONENT: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
# one point with one or two digits after it groups nothing; "66080000001.0" must not become another number
_DECIMAL: Final = re.compile(r"[+-]?[0-9]+[.,][0-9]{1,2}")
_PLAIN: Final = re.compile(r"\+?[0-9]+")


def normalise(raw: str) -> int | Reason:
    """The subscriber number of ``raw`` (``0812345678`` and ``+66 81 234 5678`` are 812345678), or why there is none.

    Accepted: ``0XXXXXXXXX``, ``66XXXXXXXXX``, ``+66…``, ``0066…``, a 0 kept after 66 (``+66 (0) 81…``) and nine digits
    whose leading 0 is lost (see ``lost_zero``); with spaces, dashes, dots, brackets and invisible characters anywhere,
    in Thai or Arabic digits. Never raises, whatever the text.
    """
    if len(raw) == 10 and raw[0] == "0" and raw[1] in MOBILE and raw.isascii() and raw.isdigit():
        return int(raw)
    if len(raw) == 11 and raw.startswith("66") and raw[2] in MOBILE and raw.isascii() and raw.isdigit():
        return int(raw[2:])
    return _normalise_slowly(raw)


def _normalise_slowly(raw: str) -> int | Reason:
    text = raw.strip().translate(_LEGIBLE)
    if _EXPONENT.fullmatch(text):
        return Reason.EXPONENT
    if _DECIMAL.fullmatch(text):
        return Reason.DECIMAL
    text = text.translate(_UNSEPARATED)
    if not text:
        return Reason.EMPTY
    if not _PLAIN.fullmatch(text):
        return Reason.MALFORMED
    significant = _without_prefix(text)
    return significant if isinstance(significant, Reason) else _subscriber(significant)


def _without_prefix(text: str) -> str | Reason:
    """The digits after country code and trunk 0; ``text`` is digits, perhaps after one ``+``."""
    if text.startswith("+"):
        return _after_country(text[1:])
    if text.startswith("00"):
        return _after_country(text[2:])
    # with nine digits, 66 starts a mobile number whose 0 is lost, and is no country code
    if text.startswith(COUNTRY_CODE) and len(text) > SUBSCRIBER_DIGITS:
        return _after_country(text)
    return text.removeprefix("0")


def _after_country(text: str) -> str | Reason:
    if text.startswith(COUNTRY_CODE):
        return text.removeprefix(COUNTRY_CODE).removeprefix("0")
    if text.startswith("0"):
        return Reason.MALFORMED
    return Reason.FOREIGN if len(text) > len(COUNTRY_CODE) else Reason.TOO_SHORT


def _subscriber(digits: str) -> int | Reason:
    if len(digits) == SUBSCRIBER_DIGITS:
        return int(digits) if digits[0] in MOBILE else Reason.MALFORMED
    if len(digits) == _LANDLINE_DIGITS and digits[0] in LANDLINE:
        return Reason.LANDLINE
    return Reason.TOO_SHORT if len(digits) < SUBSCRIBER_DIGITS else Reason.TOO_LONG


def lost_zero(accepted: str) -> bool:
    """Whether a text that ``normalise`` accepted lacks its leading 0: then, and only then, it has nine digits."""
    return sum(map(str.isdigit, accepted)) == SUBSCRIBER_DIGITS


def mask(raw: str) -> str:
    """``raw`` as it may be shown: ``08x-xxx-5678`` for a number, else at most its last four digits.

    Of a text that is no number nothing but digits is shown, and the fewer it has, the fewer: four of ten and more, two
    of seven to nine, none of less. Letters never: the column may hold names or addresses.
    """
    found = normalise(raw)
    if not isinstance(found, Reason):
        digits = str(found)
        return f"0{digits[0]}x-xxx-{digits[-4:]}"
    digits = "".join(character for character in raw.translate(_DIGITS) if character in "0123456789")
    if not digits and not raw.strip():
        return "(empty)"
    shown = 4 if len(digits) >= 10 else 2 if len(digits) >= 7 else 0
    return "xxx" + digits[len(digits) - shown :]
