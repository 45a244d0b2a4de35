"""Whether one state may follow another: the rules that every commit of this tool keeps, and an edit rarely does.

What is certain is a break. What may also have been done by hand on purpose (`adopt`, ``state push``, ``state rm``) and
loses nothing is counted and said, not blamed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.model.chain import Break
from mesms_gitops.model.sends import LIVE, UNSETTLED, CancelReason, SendPhase
from mesms_gitops.planning.approved import Approvals, cancel_approved, is_send_approved
from mesms_gitops.planning.chain_rules import (
    EDITED,
    LOST,
    REACHABLE,
    RESTORE,
    illegal,
    is_new_try,
    may_go,
    may_try_again,
    moves_between,
    of_fixed,
    of_head,
    of_key,
    of_trailers,
    place_of,
    unapproved,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.model.chain import Link
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State

    SendKey = tuple[int, str]


class Inspector:
    """Goes along a chain of states, the oldest first. ``counts`` says how much was looked at and held."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._approvals = Approvals(self.counts)
        self._runs: set[str] = set()
        self._before: Link | None = None

    def faults(self, link: Link) -> Iterator[Break]:
        """What is wrong with ``link`` after the one before it, the gravest first; nothing where all is well."""
        before, after = self._before, link.state
        self._before = link
        self.counts["states"] += 1
        for found in self._faults(before.state if before else None, link):
            yield replace(found, commit=link.commit, serial=after.serial)

    def end(self) -> Iterator[Break]:
        """What is wrong with the last plan, now that nothing more comes."""
        last = self._before
        if last is not None:
            for found in self._approvals.close():
                yield replace(found, commit=last.commit, serial=last.state.serial)

    def _faults(self, before: State | None, link: Link) -> Iterator[Break]:
        after = link.state
        yield from of_key(before, after)
        yield from of_trailers(link)
        if before is None:
            self._runs.update(send.run for _, send in after.sends())
            self._approvals.begin(after)
            return
        yield from of_head(before, after, is_next=link.is_next)
        if link.is_next:
            yield from self._approvals.follow(before, after)
            if after.approval is not None:
                self._runs.add(after.approval.run)
        yield from self._of_campaigns(before, after, is_next=link.is_next)

    # --- one campaign -------------------------------------------------------------------------------------------------

    def _of_campaigns(self, before: State, after: State, *, is_next: bool) -> Iterator[Break]:
        """Records keep their identity from link to link where they did not change: those are not looked at."""
        changed = {name: now for name, now in after.campaigns.items() if before.campaigns.get(name) is not now}
        moves = moves_between(before, changed)
        for target, source in moves.items():
            self._approvals.rename(target, source, before.campaigns[source].revision)
        for name in before.campaigns.keys() - after.campaigns.keys():
            yield from self._gone(before.campaigns[name])
        for target, source in moves.items():
            if target not in after.campaigns:
                yield from self._gone(before.campaigns[source])
        for name, now in changed.items():
            own = before.campaigns.get(name)
            if own is not None and now.revision < own.revision and now.moved_to is None and own.moved_to is None:
                what = f"revision {own.revision} became {now.revision}; a revision never falls"
                yield Break(f"campaigns.{name}.revision", what, EDITED, RESTORE)
            held = () if own is None or name in moves.values() else own.sends
            came = before.campaigns[moves[name]].sends if name in moves else ()
            former = {(send.revision, send.fingerprint): send for send in (*held, *came)}
            yield from self._of_sends(former, now, after, is_next=is_next)

    def _gone(self, record: CampaignRecord) -> Iterator[Break]:
        held = [send for send in record.sends if send.phase in LIVE | UNSETTLED]
        if not held:
            self.counts["forgotten"] += 1
            return
        yield Break(
            f"campaigns.{record.name}",
            f"the campaign vanished with {len(held)} messages that were live or unknown",
            f"mesms-gitops state rm --force, or: {LOST}",
            RESTORE,
        )

    def _of_sends(
        self, former: Mapping[SendKey, SendRecord], now: CampaignRecord, after: State, *, is_next: bool
    ) -> Iterator[Break]:
        found = {(send.revision, send.fingerprint): send for send in now.sends}
        for key, send in former.items():
            if key not in found and not may_go(send):
                uuid = f", message {send.uuid}," if send.uuid else ""
                what = f"a send that was {send.phase.value}{uuid} is recorded nowhere any more"
                yield Break(place_of(now, send), what, LOST, RESTORE)
        for key, send in found.items():
            was = former.get(key)
            if was is not send and was != send:
                self.counts["sends"] += 1
                yield from self._of_send(was, send, now, after, is_next=is_next)

    def _of_send(
        self, was: SendRecord | None, send: SendRecord, now: CampaignRecord, after: State, *, is_next: bool
    ) -> Iterator[Break]:
        place = place_of(now, send)
        if was is not None and not is_new_try(was, send):
            if send.phase not in REACHABLE[was.phase]:
                yield illegal(place, was, send)
            yield from of_fixed(place, was, send)
        elif was is not None and not may_try_again(was, send, is_next=is_next):
            yield illegal(place, was, send)
        elif is_next:
            yield from self._begun(place, send)
        if is_next:
            yield from self._of_intents(place, was, send, now, after)

    def _begun(self, place: str, send: SendRecord) -> Iterator[Break]:
        """A send that was not there before: an intent, one whose turn is still to come, or a message taken in."""
        if send.phase is SendPhase.INTENDED:
            self.counts["intents"] += 1
            self._runs.add(send.run)
        elif send.phase is not SendPhase.FAILED or send.uuid:
            if send.run in self._runs:
                yield Break(
                    f"{place}.phase",
                    f"it is {send.phase.value} without an intent before it",
                    f"run {send.run} writes an intent before each request: {LOST}",
                    RESTORE,
                )
            self.counts["adopted"] += 1

    def _of_intents(
        self, place: str, was: SendRecord | None, send: SendRecord, now: CampaignRecord, after: State
    ) -> Iterator[Break]:
        if send.phase is SendPhase.INTENDED and (was is None or was != send):
            if not is_send_approved(now, send, after.approval):
                yield unapproved(place, "this send")
            self._approvals.intend(now.name, send)
        cancel = send.cancel
        if cancel is not None and (was is None or was.cancel != cancel) and cancel.reason is not CancelReason.STOP:
            revision = cancel_approved(now, send, after.approval)
            if revision is None:
                yield unapproved(f"{place}.cancel", "this cancel")
            else:
                self._approvals.cancel(now.name, send.fingerprint, revision)
