"""A snapshot: the numbers that one send covered, kept outside git for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from mesms_gitops.model.results import ResultHead
    from mesms_gitops.model.sends import SendPhase


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot says of itself without being opened.

    ``recipients`` counts the numbers in it, ``forgotten`` those that were taken out since it was made. ``is_sealed``:
    it takes an identity to read it. ``keep_until`` is when it is deleted.
    """

    campaign: str
    fingerprint: str
    made_at: datetime
    keep_until: datetime
    recipients: int
    forgotten: int = 0
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """One snapshot that had the number. ``before`` and ``after`` are keyed digests of all its numbers."""

    campaign: str
    fingerprint: str
    before: str
    after: str
    recipients_before: int
    recipients_after: int


@dataclass(frozen=True, slots=True)
class Unopened:
    """A snapshot that may or may not have the number, and why nobody could look."""

    where: str
    why: str
    next_step: str | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A message of ours that has not left yet.

    ``is_half_sent``: another message of its campaign has left, so that an apply replaces this one no more.
    """

    campaign: str
    uuid: str | None
    phase: SendPhase
    scheduled_at: datetime | None
    is_half_sent: bool


@dataclass(frozen=True, slots=True)
class ForgetProof:
    """What `forget` did, fit to be shown: the number itself is in it only masked, and every digest is keyed.

    ``key_name`` names the key of the digests. ``is_new``: the suppression was not there before. ``pending`` are
    messages that still name the person; ``unclear`` those of which nothing here says whether they do. ``results`` are
    the delivery results that the person was taken out of, of ``results_looked_at``.
    """

    masked: str
    at: datetime
    entry: str
    is_new: bool
    key_name: str
    looked_at: int
    expired: int
    removals: tuple[Removal, ...]
    unopened: tuple[Unopened, ...]
    pending: tuple[Pending, ...]
    unclear: tuple[Pending, ...]
    results_looked_at: int = 0
    results: tuple[ResultHead, ...] = ()

    @property
    def exit_code(self) -> int:
        """3 where a snapshot, or results, could not be looked into."""
        return 3 if self.unopened else 0
