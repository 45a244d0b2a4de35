"""Public holidays, as far as somebody knows them, and what a policy says of messages that leave on one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import date


class HolidayStance(StrEnum):
    """What a message that would leave on a holiday meets."""

    WARN = "warn"
    REFUSE = "refuse"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Holidays:
    """``names`` says what some days are called. Of ``predicted`` years the government has, to the knowledge of whoever
    made the list, not declared everything yet: days may come, and days that follow the moon may move.
    """

    names: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))
    predicted: frozenset[int] = frozenset()


NO_HOLIDAYS = Holidays()
HolidaysOf: TypeAlias = Callable[[frozenset[int]], Holidays]
"""The holidays of some years."""
