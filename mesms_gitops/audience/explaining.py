"""What there is to say of one number: what the rules make of it, and whose it could be.

The library of numbering plans (extra ``numbers``) never decides what is accepted, is loaded when it is first asked, and
only for numbers that a person looks at.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.audience.normalise import EXPLAINED, LANDLINE, Reason, lost_zero, normalise
from mesms_gitops.audience.numbering import in_known_block
from mesms_gitops.model.number_facts import NumberFacts
from mesms_gitops.model.numbers import COUNTRY_CODE, SUBSCRIBER_DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

_COUNTRY: Final = "TH"
_LONGEST: Final = 60
_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "FIXED_LINE": "a landline",
        "MOBILE": "a mobile number",
        "FIXED_LINE_OR_MOBILE": "a landline or a mobile number",
        "TOLL_FREE": "a free number",
        "PREMIUM_RATE": "a premium-rate number",
        "SHARED_COST": "a shared-cost number",
        "VOIP": "an internet telephone",
        "PERSONAL_NUMBER": "a personal number",
        "PAGER": "a pager",
        "UAN": "a company's number",
        "VOICEMAIL": "a voice mailbox",
    }
)
_MOBILE_LOOKS: Final = "a mobile number is written like 080-000-0000 or +66 80 000 0000"


def facts(raw: str) -> NumberFacts:
    """What is made of ``raw``, and what is known of it. Never raises, whatever the text."""
    found, library = normalise(raw), _library()
    reason = found if isinstance(found, Reason) else None
    return NumberFacts(
        given=raw,
        sent_as=None if reason else f"{COUNTRY_CODE}{found}",
        reason=reason.value if reason else None,
        explanation=EXPLAINED[reason] if reason else None,
        hint=_hint(raw, reason) if reason else None,
        has_lost_zero=not reason and lost_zero(raw),
        is_in_unknown_block=isinstance(found, int) and not in_known_block(found),
        has_library=library is not None,
        **(_of_plan(raw, found, library) if library else {}),
    )


def about(raw: str) -> str | None:
    """A sentence about a number that was not accepted, which names none of its digits; None if there is no more to say.

    None also where the library is not installed.
    """
    found, library = normalise(raw), _library()
    if library is None or not isinstance(found, Reason):
        return None
    known = _of_plan(raw, found, library)
    where = known.get("place" if found is Reason.LANDLINE else "country")
    return f"{EXPLAINED[found]} ({where})" if where else None


@cache
def _library() -> ModuleType | None:
    try:
        import phonenumbers.carrier
        import phonenumbers.geocoder
    except ImportError:
        return None
    return phonenumbers


def _of_plan(raw: str, found: int | Reason, library: Any) -> dict[str, str]:
    """Country, place, kind and carrier of a number that exists in its country's plan; nothing of any other."""
    written = raw[:_LONGEST] if isinstance(found, Reason) else f"+{COUNTRY_CODE}{found}"
    try:
        number = library.parse(written, _COUNTRY)
    except library.NumberParseException:
        return {}
    country = library.geocoder.country_name_for_number(number, "en")
    if not library.is_valid_number(number):
        # of a Thai number that is none, the country says nothing
        return {"country": country} if country and found is Reason.FOREIGN else {}
    told = {
        "country": country,
        "place": library.geocoder.description_for_number(number, "en"),
        "kind": _KINDS.get(library.PhoneNumberType.to_string(library.number_type(number)), ""),
        "carrier": library.carrier.name_for_number(number, "en"),
    }
    return {key: text for key, text in told.items() if text}


def _hint(raw: str, reason: Reason) -> str:
    digits = [character for character in raw if character.isdecimal()]
    national = "".join(str(int(digit)) for digit in digits).removeprefix("0")
    match reason:
        case Reason.MALFORMED if len(national) == SUBSCRIBER_DIGITS and national[0] in LANDLINE:
            return f"0{national[0]} begins a landline, which has one digit less; {_MOBILE_LOOKS}"
        case Reason.TOO_SHORT | Reason.TOO_LONG:
            return f"it has {len(digits)} digits; {_MOBILE_LOOKS}"
        case Reason.EXPONENT | Reason.DECIMAL:
            return "format the column as text and enter or export the numbers again"
        case Reason.FOREIGN:
            return "only Thai mobile numbers are sent to; without + or 00, 66 is the only country code that is read"
        case _:
            return _MOBILE_LOOKS
