"""Who is texted: the result of reading every recipient source of one campaign."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.numbers import Numbers


@dataclass(frozen=True, slots=True)
class AudienceGroup:
    """The people who share one combination of per-recipient variable values."""

    values: Mapping[str, str]
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class AudienceCounts:
    """What became of the rows that were read.

    ``rows`` = ``recipients`` + ``duplicates`` + ``excluded`` + ``suppressed`` + ``filtered`` (by ``where``) + all
    of ``invalid``, which counts bad numbers by reason. ``suppressed`` are people who asked to be forgotten.
    ``exclude_invalid`` are bad numbers in opt-out lists: counted, not fatal.
    ``unknown_block`` are those of ``recipients`` whose block no operator is known to have.
    """

    rows: int = 0
    recipients: int = 0
    duplicates: int = 0
    excluded: int = 0
    filtered: int = 0
    invalid: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    exclude_invalid: int = 0
    suppressed: int = 0
    unknown_block: int = 0

    @property
    def invalid_total(self) -> int:
        """Bad numbers for any reason."""
        return sum(self.invalid.values())


@dataclass(frozen=True, slots=True)
class Audience:
    """Every recipient once, grouped by the values that make texts differ; and the groups ME-SMS resolves itself.

    ``rejects`` are masked examples of bad numbers: (source, row, masked number, reason).
    """

    groups: tuple[AudienceGroup, ...] = ()
    contact_groups: tuple[int, ...] = ()
    counts: AudienceCounts = AudienceCounts()
    diagnostics: tuple[Diagnostic, ...] = ()
    rejects: tuple[tuple[str, int, str, str], ...] = ()
