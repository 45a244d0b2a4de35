"""What one scalar may say: the author's text in, a typed value or a `Misfit` out. No schema, no clock, no files."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from mesms_gitops.manifests.concealed import concealed
from mesms_gitops.manifests.yaml_tree import MappingNode, Scalar, SequenceNode
from mesms_gitops.model.campaign import Tolerance, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import tzinfo


class Misfit(ValueError):
    """A value that cannot be meant: what is wrong with it, and what to write instead.

    ``node`` is what to point at where it is not the value itself; ``secret`` keeps the source line out of sight.
    """

    def __init__(
        self,
        code: str,
        message: str,
        next_step: str | None = None,
        *,
        why: str | None = None,
        node: Any = None,
        secret: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.next_step = next_step
        self.why = why
        self.node = node
        self.secret = secret


# --- text -------------------------------------------------------------------------------------------------------------

_NOTHING: Final = frozenset({"", "null", "Null", "NULL", "~"})
_YAML_BOOL: Final = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_YAML_NUMBER = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
"""YAML 1.2.2, section 10.3.2 (core schema): what other tools take an unquoted scalar for."""
_MANGLED_NUMBER = re.compile(
    r"[-+]?0[0-9]+(?:\.[0-9]*)?|[-+]?[0-9.]+[eE][-+]?[0-9]+|\+[0-9]+(?:\.[0-9]*)?|0[xob][0-9a-fA-F]+"
)
"""Leading zeros and plus signs, exponents, other bases: a spreadsheet or another YAML reader would change these."""


def kind_of(node: object) -> str:
    """How a node is called in messages."""
    if isinstance(node, SequenceNode):
        return "a list"
    if isinstance(node, MappingNode):
        return "a mapping (keys and values)"
    return "nothing" if isinstance(node, Scalar) and not node.text and node.is_plain else "text"


def scalar(node: object, wanted: str = "text") -> Scalar:
    """``node`` as a leaf that says something."""
    if not isinstance(node, Scalar):
        raise Misfit("MS121", f"{wanted} is wanted here, not {kind_of(node)}", f"write {wanted} after the colon")
    if node.text in _NOTHING and node.is_plain:
        raise Misfit("MS124", "no value", 'give it one, or delete the key; an empty text is written ""')
    return node


def text(node: object) -> str:
    """Text. What YAML would read as a number or a truth value unless it is quoted must be quoted."""
    leaf = scalar(node)
    if leaf.is_plain:
        _must_be_quoted_unless_text(leaf.text)
    return leaf.text


def filled_text(node: object) -> str:
    """Text that is not empty."""
    found = text(node)
    if not found.strip():
        raise Misfit("MS133", "an empty text", "write something between the quotes, or delete the key")
    return found


def _must_be_quoted_unless_text(value: str) -> None:
    if _YAML_NUMBER.fullmatch(value):
        why = "YAML reads an unquoted number as a number; leading zeros and formats get lost"
    elif value in _YAML_BOOL:
        why = "YAML reads it as true or false, not as text"
    else:
        return
    raise _unquoted_text(value, why)


def _unquoted_text(value: str, why: str) -> Misfit:
    """What is shown with digits struck out must not be copied as it is shown."""
    is_shown = concealed(value) == value and len(value) <= _LONGEST_SHOWN
    advice = f'quote it: "{value}"' if is_shown else "put quotes around it"
    return Misfit("MS122", f"{cut(value)} is not quoted", advice, why=why)


def loose_text(node: object) -> str:
    """A value of ``variables``, ``where`` or ``labels``: numbers and truth values may stand unquoted, as typed."""
    leaf = scalar(node, "a text or a number")
    if leaf.is_plain and _MANGLED_NUMBER.fullmatch(leaf.text):
        raise _unquoted_text(leaf.text, "leading zeros, signs and exponents get lost in YAML and in spreadsheets")
    return leaf.text


def quoted_number(node: object) -> str:
    """A phone number: always quoted, so that nothing on the way can eat its leading zero."""
    leaf = scalar(node, "a quoted phone number")
    if leaf.is_plain:
        raise _unquoted_text(leaf.text, "an unquoted 0812345678 is the number 812345678 to YAML")
    return leaf.text


_LONGEST_SHOWN: Final = 60


def cut(value: str, length: int = _LONGEST_SHOWN) -> str:
    """``value`` fit for one line of a message."""
    line = value.replace("\n", " ")
    return line if len(line) <= length else line[: length - 1] + "…"


def choice(allowed: Collection[str]) -> Callable[[object], str]:
    """One word of ``allowed``."""

    def one_of(node: object) -> str:
        found = scalar(node).text
        if found not in allowed:
            near = near_miss(found, allowed)
            raise Misfit(
                "MS126",
                f"{cut(found)!r} is not one of {', '.join(allowed)}",
                f"write {near}" if near else f"write one of {', '.join(allowed)}",
            )
        return found

    return one_of


MOST_SUGGESTIONS: Final = 50
"""Near misses are searched for this many findings of a file: the search costs more than all the rest."""


def near_miss(word: str, known: Collection[str], *, most: int = 200) -> str | None:
    """The known word that was probably meant; among more than ``most`` nobody looks, it would take too long."""
    if not word or len(word) > 64 or len(known) > most:
        return None
    from difflib import get_close_matches

    folded = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), folded, n=1, cutoff=0.65)
    return folded[close[0]] if close else None


# --- names ------------------------------------------------------------------------------------------------------------

NAME: Final = r"^[a-z0-9][a-z0-9-]{0,62}$"
_NAME = re.compile(NAME[1:-1])
SENDER_LENGTH: Final = 11
IDENTIFIER: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
_IDENTIFIER = re.compile(IDENTIFIER[1:-1])


def campaign_name(node: object) -> str:
    """A campaign's identity."""
    found = text(node)
    if not is_campaign_name(found):
        suggestion = re.sub(r"[^a-z0-9-]+", "-", found.lower())[:63].strip("-")
        raise Misfit(
            "MS127",
            f"{cut(found)!r} cannot be a campaign's name",
            f"write {suggestion if is_campaign_name(suggestion) else 'a name such as songkran-2027-vip'}",
            why="a name has small letters a-z, digits and dashes, begins with a letter or digit, at most 63 characters",
        )
    return found


def is_campaign_name(name: str) -> bool:
    """Whether ``name`` can be a campaign's identity."""
    return _NAME.fullmatch(name) is not None


def sender(node: object) -> str:
    """A sender name as ME-SMS takes it: "up to 11 characters (English/numbers/symbols)"."""
    found = text(node)
    if not found or found != found.strip(" "):
        raise Misfit("MS130", f"{found!r} is not a sender", "write the approved name, with no blanks around it")
    strange = next((character for character in found if not " " <= character <= "~"), None)
    if strange is not None:
        raise Misfit(
            "MS130",
            f"{strange!r} (U+{ord(strange):04X}) cannot stand in a sender",
            "write the approved name in English letters, digits and symbols",
            why="phones show a sender in ASCII only",
        )
    if len(found) > SENDER_LENGTH:
        raise Misfit(
            "MS130",
            f"{cut(found)!r} has {len(found)} characters; a sender has at most {SENDER_LENGTH}",
            "write the name exactly as it was approved on ME-SMS",
        )
    return found


def environment_name(node: object) -> str:
    """The name of an environment variable; a connection string in its place is a leaked password."""
    found = text(node)
    if not _IDENTIFIER.fullmatch(found):
        raise Misfit(
            "MS136",
            "this is not the name of an environment variable",
            "write a name such as CRM_DSN and set that variable where the program runs; if a password stood here, "
            "change it: git remembers it",
            secret=True,
        )
    return found


ANSWER_NAME: Final = r"^[A-Za-z_$][A-Za-z0-9_$-]{0,63}$"


def answer_name(node: object) -> str:
    """The name of a field of a JSON answer."""
    found = text(node)
    if not re.match(ANSWER_NAME, found) or found.endswith("\n"):
        raise Misfit(
            "MS013", f"{cut(found)!r} is no name of a field", "write one name as `doctor` shows it, such as messageId"
        )
    return found


def is_identifier(name: str) -> bool:
    """Whether Jinja2 can refer to ``name``."""
    return _IDENTIFIER.fullmatch(name) is not None


# --- numbers ----------------------------------------------------------------------------------------------------------

_DIGITS = re.compile(r"[0-9]+")
_NEGATIVE = re.compile(r"-[0-9]+")
_MOST_DIGITS: Final = 12
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,6})?")
_PERCENT = re.compile(r"((?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,6})?) ?%")


def whole(least: int) -> Callable[[object], int]:
    """A whole number of at least ``least``: digits without quotes, no leading zero that would get lost."""

    def number(node: object) -> int:
        found = _unquoted(node, "a whole number")
        if not _DIGITS.fullmatch(found):
            if _NEGATIVE.fullmatch(found):
                raise Misfit("MS125", f"{cut(found)} must not be negative", f"write {least} or more")
            plain = _western(found).replace(",", "").replace("_", "").replace(" ", "").removeprefix("+")
            raise Misfit(
                "MS125",
                f"{cut(found)!r} is not a whole number",
                f"write {plain}" if _is_whole(plain) else "write digits only, such as 12000",
            )
        if not _is_whole(found):
            raise _no_count(found)
        if int(found) < least:
            raise Misfit("MS125", f"{found} is too small", f"write {least} or more")
        return int(found)

    return number


def _unquoted(node: object, wanted: str) -> str:
    """The text of a number. In quotes it is a text, to editors and to every other program that reads the file."""
    leaf = scalar(node, wanted)
    if not leaf.is_plain:
        is_number = _YAML_NUMBER.fullmatch(leaf.text)
        advice = f"write it without quotes: {cut(leaf.text)}" if is_number else "write digits only, such as 12000"
        raise Misfit("MS125", f"{cut(leaf.text)} stands in quotes, so it is a text; {wanted} is wanted here", advice)
    return leaf.text


def _is_whole(digits: str) -> bool:
    return bool(_DIGITS.fullmatch(digits)) and len(digits) <= _MOST_DIGITS and (digits[0] != "0" or digits == "0")


def _no_count(digits: str) -> Misfit:
    """Digits that are no number here: too many of them, or a zero before them that nobody may drop."""
    if digits[0] != "0":
        return Misfit("MS125", f"{cut(digits)} is too large", f"write at most {_MOST_DIGITS} digits")
    bare = digits.lstrip("0") or "0"
    return Misfit(
        "MS125",
        f"{cut(digits)} begins with 0",
        f"write {cut(bare)}; if it is a phone number, quote it and list it under `numbers:`",
        why="a leading zero gets lost when this is read as a number",
    )


def positive_decimal(node: object) -> float:
    """A number greater than zero, perhaps with a fraction."""
    found = _unquoted(node, "a number")
    if not _DECIMAL.fullmatch(found) or not float(found):
        raise Misfit("MS125", f"{cut(found)!r} is not a number above zero", "write a number such as 5 or 0.5")
    return float(found)


def _western(value: str) -> str:
    return value.translate({ord("๐") + digit: str(digit) for digit in range(10)})


def tolerance(node: object) -> Tolerance:
    """``1%`` of all rows, or a count."""
    leaf = scalar(node, "a share such as 1%, or a count")
    share = _PERCENT.fullmatch(leaf.text)
    if share and float(share[1]) <= 100:
        return Tolerance(count=None, share=float(share[1]) / 100)
    if _is_whole(leaf.text) and leaf.is_plain:
        return Tolerance(count=int(leaf.text))
    advice = f"{leaf.text} without quotes" if _is_whole(leaf.text) else "a share such as 1%, or a count such as 20"
    raise Misfit("MS135", f"{cut(leaf.text)!r} is neither a share nor a count", f"write {advice}")


def share(node: object) -> float:
    """``5%`` as 0.05; nothing but a share, at most the whole."""
    leaf = scalar(node, "a share such as 5%")
    found = _PERCENT.fullmatch(leaf.text)
    if found and float(found[1]) <= 100:
        return float(found[1]) / 100
    advice = f"{leaf.text}%" if _is_whole(leaf.text) and int(leaf.text) <= 100 else "a share such as 5%"
    raise Misfit("MS135", f"{cut(leaf.text)!r} is not a share", f"write {advice}")


# --- times ------------------------------------------------------------------------------------------------------------

_DURATION = re.compile(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?")
DURATION: Final = r"^(0|([0-9]{1,4}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?)$"


def duration(node: object) -> timedelta:
    """``30s``, ``10m``, ``2h``, ``1h30m``, or 0."""
    return _duration(node, "m")


def _duration(node: object, usual: str) -> timedelta:
    """``usual`` is the unit that a bare number most likely means here."""
    found = scalar(node, "a duration such as 10m").text
    match = _DURATION.fullmatch(found)
    if found == "0":
        return timedelta(0)
    if not match or not found:
        guess = f"{found}{usual}" if found.isascii() and found.isdigit() else "10m"
        raise Misfit(
            "MS134",
            f"{cut(found)!r} is not a duration",
            f"write hours, minutes or seconds with their letter, such as {guess}",
        )
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


_DAYS = re.compile(r"([0-9]{1,4})d")
DAYS: Final = r"^[0-9]{1,4}d$"


def days(node: object) -> timedelta:
    """``90d``, or 0."""
    found = scalar(node, "a number of days such as 90d").text
    match = _DAYS.fullmatch(found)
    if found == "0":
        return timedelta(0)
    if not match:
        guess = f"{found}d" if found.isascii() and found.isdigit() and len(found) < 5 else "90d"
        raise Misfit(
            "MS134", f"{cut(found)!r} is not a number of days", f"write days with their letter, such as {guess}"
        )
    return timedelta(days=int(match[1]))


AGE_RECIPIENT: Final = r"^age1[02-9ac-hj-np-z]{58}$"
_AGE_RECIPIENT = re.compile(AGE_RECIPIENT[1:-1])
_AGE_ADVICE = "write what `age-keygen -y IDENTITY-FILE` prints: age1 and 58 more characters"


def age_recipient(node: object) -> str:
    """A public key of age. The secret one in its place is a leaked key, and is never shown."""
    found = text(node)
    if "SECRET" in found.upper():
        raise Misfit(
            "MS139",
            "a secret key stands here",
            f"{_AGE_ADVICE}; make a new identity, since git remembers this one",
            secret=True,
        )
    if not _AGE_RECIPIENT.fullmatch(found):
        raise Misfit("MS139", f"{cut(found)!r} is not an age recipient", _AGE_ADVICE)
    return found


def positive_duration(node: object) -> timedelta:
    """A duration longer than nothing."""
    found = _duration(node, "s")
    if not found:
        raise Misfit("MS134", "the duration is zero", "write a duration such as 30s")
    return found


_WINDOW = re.compile(r"([0-9]{1,2})[:.]([0-9]{2}) ?[-–] ?([0-9]{1,2})[:.]([0-9]{2})")
WINDOW: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_STRICT_WINDOW = re.compile(WINDOW[1:-1])


def window(node: object) -> Window:
    """``"09:00-20:00"``: the first and the last local time at which a message may leave."""
    found = scalar(node, 'hours such as "09:00-20:00"').text
    match = _WINDOW.fullmatch(found)
    if not match or not _STRICT_WINDOW.fullmatch(found):
        guess = "{:0>2}:{}-{:0>2}:{}".format(*match.groups()) if match else ""
        raise Misfit(
            "MS210",
            f"{cut(found)!r} is not a window of the day",
            f'write "{guess if _STRICT_WINDOW.fullmatch(guess) else "09:00-20:00"}"',
        )
    opens = time(int(match[1]), int(match[2]))
    closes = time.max if match[3] == "24" else time(int(match[3]), int(match[4]))
    if closes <= opens:
        raise Misfit(
            "MS210",
            f"the window {found} closes before it opens",
            "write the earlier time first; a window over midnight cannot be said",
        )
    return Window(opens, closes)


_NO_ZONES = re.compile(r"localtime|Factory|posixrules|(?:posix|right)/.*", re.DOTALL)
"""In the database of some systems: what this machine is set to, and copies of all zones with and without leap seconds.
The same manifest must mean the same moment everywhere."""


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo | None:
    """The time zone of that IANA name, None if there is none."""
    try:
        return ZoneInfo(name) if len(name) <= 64 and not _NO_ZONES.fullmatch(name) else None
    except (KeyError, ValueError, OSError):  # OSError: a directory of the database, such as "Asia"
        return None


def timezone_name(node: object) -> str:
    """An IANA time zone."""
    found = text(node)
    if zone(found) is None:
        from zoneinfo import available_timezones

        places = [name for name in sorted(available_timezones()) if "/" in name and not name.startswith("Etc/")]
        near = near_miss(found, places, most=2_000)  # the short names all look alike: ICT is no misspelt UCT
        raise Misfit(
            "MS205",
            f"{cut(found)!r} is not a known time zone",
            f"write {near or 'Asia/Bangkok'}, a name of the IANA database",
        )
    return found


_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))? ?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
MOMENT: Final = r"^(now|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?( ?(Z|[+-][0-9]{2}:?[0-9]{2}))?)$"
BUDDHIST_YEAR: Final = 2400
"""Years from here on are of the Buddhist era (which is 543 ahead): nobody schedules a message for the 25th century."""
_LAST_BUDDHIST_YEAR: Final = 2699
"""Years after it are of no era in which messages are scheduled: 9999 stands for "never"."""
_EARLIEST_YEAR: Final = 1970
_FARTHEST_OFFSET: Final = 15


class Moment:
    """A time as it was written: ``now``, a local time, or one with an offset. `at` needs the zone."""

    __slots__ = ("local",)

    def __init__(self, local: datetime | None) -> None:
        self.local = local

    @property
    def is_now(self) -> bool:
        """Whether it is the word ``now``."""
        return self.local is None

    def at(self, zone_: ZoneInfo) -> datetime:
        """In UTC. A local time that the zone skips or has twice (a change of clocks) is a `Misfit`."""
        assert self.local is not None
        if self.local.tzinfo is not None:
            return self.local.astimezone(UTC)
        first, second = (self.local.replace(tzinfo=zone_, fold=fold) for fold in (0, 1))
        if first.utcoffset() == second.utcoffset():
            return first.astimezone(UTC)
        skipped = first.astimezone(UTC).astimezone(zone_).replace(tzinfo=None) != self.local
        raise Misfit(
            "MS204",
            f"{self.local:%Y-%m-%d %H:%M} {'does not exist' if skipped else 'happens twice'} in {zone_.key}",
            "write it with an offset, such as 2027-04-10T10:00+07:00",
            why="clocks are changed that night",
        )


def moment(node: object) -> Moment:
    """``now``, ``2027-04-10T10:00``, the same with a blank, seconds or an offset."""
    found = scalar(node, "a time such as 2027-04-10T10:00").text
    if found == "now":
        return Moment(None)
    match = _MOMENT.fullmatch(found)
    if match is None:
        raise Misfit("MS201", f"{cut(found)!r} is not a time", _time_advice(found))
    year = int(match[1])
    if year > _LAST_BUDDHIST_YEAR:
        raise Misfit("MS203", f"{year} is too far away", "write a year of the Common Era, such as 2027")
    if year >= BUDDHIST_YEAR:
        raise Misfit(
            "MS202",
            f"{year} is a year of the Buddhist era",
            f"write {year - 543}{found[4:]}, or a CE date to come if that has passed",
            why=f"the year {year} BE (พ.ศ.) is {year - 543} CE (ค.ศ.)",
        )
    return Moment(_date(match, found))


def _date(match: re.Match[str], found: str) -> datetime:
    year, month, day, hour, minute, second = (int(match[group] or 0) for group in range(1, 7))
    if year < _EARLIEST_YEAR:
        raise Misfit("MS203", f"{found} is before {_EARLIEST_YEAR}", "write the year in four digits, such as 2027")
    if not (1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        raise Misfit("MS203", f"the calendar has no {found[:10]}", "write a day of the calendar")
    if hour > 23 or minute > 59 or second > 59:
        raise Misfit("MS203", f"no clock shows {found[11:]}", "write an hour from 00:00 to 23:59")
    return datetime(year, month, day, hour, minute, second, tzinfo=_offset(match[7]) if match[7] else None)


def _offset(written: str) -> tzinfo:
    """``Z`` or ``+07:00`` as a zone."""
    if written in "Zz":
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    if hours > _FARTHEST_OFFSET or minutes > 59:
        raise Misfit("MS203", f"no place is {written} from UTC", "write an offset such as +07:00")
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if written[0] == "-" else ahead)


_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})(.*)", re.DOTALL)
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})(.*)", re.DOTALL)
_CLOCK = re.compile(r"[Tt ,]*([0-9]{1,2})[:.]([0-9]{2})(?: ?น\.?)?")


def _time_advice(found: str) -> str:
    if found.lower() == "now":
        return "write now"
    western = _western(found)
    if day_first := _DAY_FIRST.fullmatch(western):
        day, month, year, rest = day_first.groups()
        is_ambiguous = int(day) <= 12 and int(month) <= 12 and day != month
    elif year_first := _YEAR_FIRST.fullmatch(western):
        year, month, day, rest = year_first.groups()
        is_ambiguous = False
    else:
        return "write now, or year-month-dayThour:minute, such as 2027-04-10T10:00"
    clock = _CLOCK.fullmatch(rest)
    hour = f"T{clock[1]:0>2}:{clock[2]}" if clock else "T10:00"
    date = f"{_common(year):0>4}-{month:0>2}-{day:0>2}{hour}"
    if is_ambiguous:
        other = f"{_common(year):0>4}-{day:0>2}-{month:0>2}{hour}"
        return f"write {date} if the day stands first, {other} if the month does"
    if clock:
        return f"write {date}"
    if _common(year) != year:
        return f"add the hour, and write the year in CE: {date} ({year} BE is {_common(year)} CE)"
    is_only_a_day = found == f"{year}-{month:0>2}-{day:0>2}"
    return f"add the hour: {date}" if is_only_a_day else f"write the day and the hour, such as {date}"


def _common(year: str) -> str:
    """``year`` in the Common Era."""
    return str(int(year) - 543) if BUDDHIST_YEAR <= int(year) <= _LAST_BUDDHIST_YEAR else year
