"""A person is forgotten: never texted again, taken out of what is kept of past sends, with proof of it.

The suppression is durable first. Whatever goes wrong after it, nobody texts the person any more, and the same command
once more finishes the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import MesmsError
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.snapshot import ForgetProof, Pending, Removal, Snapshot, Unopened
from mesms_gitops.model.suppression import Suppression

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.results import ResultHead
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.reconcile.ports import KeptResults, Snapshots
    from mesms_gitops.reconcile.tools import Journal

_TO_COME = frozenset({SendPhase.INTENDED, SendPhase.UNKNOWN, SendPhase.SCHEDULED})


def suppressed(state: State, key: HashKey, subscriber: int) -> State:
    """``state`` with the suppression of one number; the same state where it has it."""
    entry = Suppression.of((), key).entry(subscriber)
    return replace(state, suppressed=tuple(sorted({*state.suppressed, entry})), hash_key=_named(state, key))


def _named(state: State, key: HashKey) -> str:
    """The name of the key that a state's digests are made with: of a blank one, whatever is set from now on."""
    return key.identity if state.is_blank and not state.suppressed else state.hash_key


def forget(
    journal: Journal,
    snapshots: Snapshots,
    key: HashKey,
    subscriber: int,
    masked: str,
    moment: datetime,
    results: KeptResults | None = None,
) -> ForgetProof:
    """Suppress the number and take it out of every snapshot and of all ``results``. ``masked`` is how it is shown.

    Raises `StateError` or `StateMoved` where the suppression cannot be written, or what is kept cannot be listed.
    """
    before = journal.state.suppressed
    journal.write(suppressed(journal.state, key, subscriber))
    expired = snapshots.sweep(journal.state, moment)
    search = _Search(snapshots, key, subscriber)
    found = snapshots.all()
    for snapshot in found:
        search.look_into(snapshot)
    results_looked_at = search.look_into_results(results, journal.state, moment) if results is not None else 0
    pending, unclear = _still_to_come(journal.state, search)
    entry = Suppression.of((), key).entry(subscriber)
    return ForgetProof(
        masked=masked,
        at=moment,
        entry=entry,
        is_new=entry not in before,
        key_name=key.identity,
        looked_at=len(found),
        expired=expired,
        removals=tuple(search.removals),
        unopened=tuple(search.unopened),
        pending=pending,
        unclear=unclear,
        results_looked_at=results_looked_at,
        results=tuple(search.results),
    )


@dataclass(slots=True)
class _Search:
    """One walk over all snapshots. ``without`` are the fingerprints of those that never had the number."""

    snapshots: Snapshots
    key: HashKey
    subscriber: int
    removals: list[Removal] = field(default_factory=list)
    unopened: list[Unopened] = field(default_factory=list)
    without: set[str] = field(default_factory=set)
    results: list[ResultHead] = field(default_factory=list)

    def look_into(self, snapshot: Snapshot | Unopened) -> None:
        if isinstance(snapshot, Unopened):
            self.unopened.append(snapshot)
            return
        try:
            numbers = self.snapshots.numbers_of(snapshot)
            if self.subscriber in set(numbers):
                self._take_out(snapshot, numbers)
            elif not snapshot.forgotten:
                self.without.add(snapshot.fingerprint)
        except MesmsError as error:
            where = error.where or f"{snapshot.campaign}, send {snapshot.fingerprint}"
            why = error.what + (f": {error.why}" if error.why else "")
            self.unopened.append(Unopened(where, why, error.next_step))

    def look_into_results(self, kept: KeptResults, state: State, moment: datetime) -> int:
        """Take the number out of results that are not over; how many there are."""
        kept.sweep(state, moment)
        files = kept.files()
        for file in files:
            try:
                if (head := kept.take_out(file, self.subscriber)) is not None:
                    self.results.append(head)
            except MesmsError as error:
                why = error.what + (f": {error.why}" if error.why else "")
                self.unopened.append(Unopened(str(file), why, error.next_step))
        return len(files)

    def _take_out(self, snapshot: Snapshot, numbers: Numbers) -> None:
        rest = Numbers(number for number in numbers if number != self.subscriber)
        self.snapshots.replace(snapshot, rest)
        self.removals.append(
            Removal(
                campaign=snapshot.campaign,
                fingerprint=snapshot.fingerprint,
                before=numbers.digest(self.key.secret),
                after=rest.digest(self.key.secret),
                recipients_before=len(numbers),
                recipients_after=len(rest),
            )
        )


def _still_to_come(state: State, search: _Search) -> tuple[tuple[Pending, ...], tuple[Pending, ...]]:
    """Messages that have not left: those that name the person, and those of which nothing here says whether they do."""
    named = {removal.fingerprint for removal in search.removals}
    pending = [
        (send.fingerprint in named, _pending(campaign, send))
        for campaign, send in _to_come(state)
        if send.fingerprint not in search.without
    ]
    return tuple(each for is_named, each in pending if is_named), tuple(
        each for is_named, each in pending if not is_named
    )


def _to_come(state: State) -> Iterator[tuple[CampaignRecord, SendRecord]]:
    return ((campaign, send) for campaign, send in state.sends() if send.phase in _TO_COME)


def _pending(campaign: CampaignRecord, send: SendRecord) -> Pending:
    return Pending(
        campaign=campaign.name,
        uuid=send.uuid,
        phase=send.phase,
        scheduled_at=send.scheduled_at,
        is_half_sent=any(other.is_final for other in campaign.current),
    )
