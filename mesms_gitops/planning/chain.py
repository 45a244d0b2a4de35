"""Whether one state may follow another: the rules that every commit of this tool keeps, and an edit rarely does.

What is certain is a break. What may also have been done by hand on purpose (`adopt`, ``state push``, ``state rm``) and
loses nothing is counted and said, not blamed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.sends import LIVE, TRANSITIONS, UNSETTLED, CancelReason, SendPhase
from mesms_gitops.model.timeline import Break
from mesms_gitops.planning.approved import Approvals, cancel_approved, is_send_approved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.model.timeline import Link

    SendKey = tuple[int, str]

_AGAIN = frozenset({SendPhase.FAILED, SendPhase.CANCELLED})
"""Where a send may be tried anew, or another message be taken in its place (FAILED: only if it was never accepted)."""
_FIXED = (
    *("sender", "scheduled_at", "text_digest", "audience_digest"),
    *("group_id", "template_id", "undo_window"),
)
"""What an intent fixes for good."""

EDITED = "the state was edited by hand, or a commit was put in or rewritten"
LOST = "commits were dropped or rewritten (a force push, a rebase), or the state was edited by hand"
RESTORE = (
    "compare this commit with the one before it, and both with the account (mesms-gitops plan); then put the right "
    "state in place: mesms-gitops state push FILE"
)


def _reachable() -> Mapping[SendPhase, frozenset[SendPhase]]:
    """From each phase, where any number of moves can lead."""
    found = {phase: {phase} for phase in SendPhase}
    for _ in SendPhase:
        for (start, _event), end in TRANSITIONS.items():
            for ends in found.values():
                if start in ends:
                    ends.add(end)
    return {phase: frozenset(ends) for phase, ends in found.items()}


REACHABLE = _reachable()


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
        yield from _of_key(before, after)
        yield from _of_trailers(link)
        if before is None:
            self._runs.update(send.run for _, send in after.sends())
            self._approvals.begin(after)
            return
        yield from _of_head(before, after, is_next=link.is_next)
        if link.is_next:
            yield from self._approvals.follow(before, after)
            if after.approval is not None:
                self._runs.add(after.approval.run)
        yield from self._of_campaigns(before, after, is_next=link.is_next)

    # --- one campaign -------------------------------------------------------------------------------------------------

    def _of_campaigns(self, before: State, after: State, *, is_next: bool) -> Iterator[Break]:
        """Records keep their identity from link to link where they did not change: those are not looked at."""
        changed = {name: now for name, now in after.campaigns.items() if before.campaigns.get(name) is not now}
        moves = _moves(before, changed)
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
            if key not in found and not _may_go(send):
                uuid = f", message {send.uuid}," if send.uuid else ""
                what = f"a send that was {send.phase.value}{uuid} is recorded nowhere any more"
                yield Break(_place(now, send), what, LOST, RESTORE)
        for key, send in found.items():
            was = former.get(key)
            if was is not send:
                self.counts["sends"] += 1
                yield from self._of_send(was, send, now, after, is_next=is_next)

    def _of_send(
        self, was: SendRecord | None, send: SendRecord, now: CampaignRecord, after: State, *, is_next: bool
    ) -> Iterator[Break]:
        place = _place(now, send)
        if was is not None and not _is_new_try(was, send):
            if send.phase not in REACHABLE[was.phase]:
                yield _illegal(place, was, send)
            yield from _of_fixed(place, was, send)
        elif was is not None and not _may_try_again(was, send, is_next=is_next):
            yield _illegal(place, was, send)
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
                yield _unapproved(place, "this send")
            self._approvals.intend(now.name, send)
        cancel = send.cancel
        if cancel is not None and (was is None or was.cancel != cancel) and cancel.reason is not CancelReason.STOP:
            revision = cancel_approved(now, send, after.approval)
            if revision is None:
                yield _unapproved(f"{place}.cancel", "this cancel")
            else:
                self._approvals.cancel(now.name, send.fingerprint, revision)


# ---------------------------------------------------------------- the rules, one by one


def _of_key(before: State | None, after: State) -> Iterator[Break]:
    if before is not None and before.lineage != after.lineage:
        yield Break("lineage", f"{before.lineage} became {after.lineage}", "two states were mixed up", RESTORE)
    if before is not None and before.hash_key != after.hash_key:
        what = f"{before.hash_key} became {after.hash_key}"
        yield Break("hash_key", what, "another MESMS_HASH_KEY, or an edit: no digest can be compared any more", RESTORE)
    own = HashKey.of_lineage(after.lineage).identity
    if after.hash_key.startswith("lineage ") and after.hash_key != own:
        what = f"{after.hash_key} is not the key of lineage {after.lineage}"
        yield Break("hash_key", what, "the lineage was edited", RESTORE)


def _of_trailers(link: Link) -> Iterator[Break]:
    """On a branch of the tool's own, each commit says which serial it holds, and of which plan it is a part."""
    if not link.is_next or link.commit is None:
        return
    serial, plan = link.trailers.get("serial"), link.trailers.get("plan")
    approval = link.state.approval
    if serial != str(link.state.serial):
        what = f"the commit says {serial}" if serial else "the commit does not say which serial it holds"
        yield Break("trailer Serial", f"{what}, its state {link.state.serial}", EDITED, RESTORE)
    if plan is not None and (approval is None or approval.digest != plan):
        said = approval.digest if approval else "none"
        yield Break("trailer Plan", f"the commit says {plan}, its state {said}", EDITED, RESTORE)


def _of_head(before: State, after: State, *, is_next: bool) -> Iterator[Break]:
    if is_next and after.serial != before.serial + 1:
        what = f"serial {before.serial} is followed by {after.serial}"
        yield Break("serial", what, LOST, RESTORE)
    elif not is_next and after.serial < before.serial:
        yield Break("serial", f"serial {before.serial} is followed by {after.serial}", "an older state", RESTORE)
    elif not is_next and after.serial == before.serial and after != before:
        what = f"two states that differ are both of serial {after.serial}"
        yield Break("serial", what, EDITED, RESTORE)
    gone = set(before.suppressed) - set(after.suppressed)
    if gone:
        what = f"{len(gone)} people who asked to be forgotten are not left out any more"
        yield Break("suppressed", what, LOST, RESTORE)


def _moves(before: State, changed: Mapping[str, CampaignRecord]) -> Mapping[str, str]:
    """New name -> old name, of the campaigns that were renamed between two states."""
    return {
        now.moved_to: name
        for name, now in changed.items()
        if now.moved_to is not None and name in before.campaigns and before.campaigns[name].moved_to is None
    }


def _may_go(send: SendRecord) -> bool:
    """Whether a send may be left out: it was never accepted, and is not wanted any more."""
    return send.phase is SendPhase.FAILED and send.uuid is None


def _is_new_try(was: SendRecord, send: SendRecord) -> bool:
    is_retried = was.phase in _AGAIN and send.phase is SendPhase.INTENDED
    return is_retried or (was.run, was.intended_at) != (send.run, send.intended_at)


def _may_try_again(was: SendRecord, send: SendRecord, *, is_next: bool) -> bool:
    """Whether ``send`` may be a new try in the place of ``was``: nobody must have got the first, or may yet get it."""
    if is_next and was.phase in UNSETTLED:
        return send.phase not in UNSETTLED  # a message taken in (`adopt`) settles it; another intent would be a guess
    ends = REACHABLE[was.phase] if not is_next else {was.phase}
    if was.uuid is not None and was.phase is not SendPhase.FAILED:
        return SendPhase.CANCELLED in ends
    return was.uuid is None and not ends.isdisjoint(_AGAIN)


def _of_fixed(place: str, was: SendRecord, send: SendRecord) -> Iterator[Break]:
    for name in _FIXED:
        if getattr(was, name) != getattr(send, name):
            what = "what was intended is not what is recorded now"
            yield Break(f"{place}.{name}", what, EDITED, RESTORE)
    if was.uuid is not None and (send.uuid or "").lower() != was.uuid.lower():
        what = f"message {was.uuid} became {send.uuid or 'none'}"
        yield Break(f"{place}.uuid", what, EDITED, RESTORE)


def _place(record: CampaignRecord, send: SendRecord) -> str:
    return f"campaigns.{record.name}.sends[{send.revision}/{send.fingerprint[:12]}]"


def _illegal(place: str, was: SendRecord, send: SendRecord) -> Break:
    what = f"a send never goes from {was.phase.value} to {send.phase.value}"
    if was.phase is send.phase:
        what = f"a send that is {was.phase.value} was put in the place of another"
    return Break(f"{place}.phase", what, EDITED, RESTORE)


def _unapproved(place: str, which: str) -> Break:
    what = f"the approved plan has no step for {which}"
    return Break(place, what, f"approval and send do not belong together: {EDITED}", RESTORE)
