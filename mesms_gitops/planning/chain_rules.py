"""The rules of `chain`, one by one: each looks at two values and yields what is wrong, or says what may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.chain import Break
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.sends import TRANSITIONS, UNSETTLED, SendPhase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.model.chain import Link
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State

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


def of_key(before: State | None, after: State) -> Iterator[Break]:
    """The lineage and the key of all digests stay the same, and a key of the lineage is this lineage's."""
    if before is not None and before.lineage != after.lineage:
        yield Break("lineage", f"{before.lineage} became {after.lineage}", "two states were mixed up", RESTORE)
    if before is not None and before.hash_key != after.hash_key:
        what = f"{before.hash_key} became {after.hash_key}"
        yield Break("hash_key", what, "another MESMS_HASH_KEY, or an edit: no digest can be compared any more", RESTORE)
    own = HashKey.of_lineage(after.lineage).identity
    if after.hash_key.startswith("lineage ") and after.hash_key != own:
        what = f"{after.hash_key} is not the key of lineage {after.lineage}"
        yield Break("hash_key", what, "the lineage was edited", RESTORE)


def of_trailers(link: Link) -> Iterator[Break]:
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


def of_head(before: State, after: State, *, is_next: bool) -> Iterator[Break]:
    """The serial rises by one, or over a gap never falls; nobody who asked to be forgotten comes back."""
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


def moves_between(before: State, changed: Mapping[str, CampaignRecord]) -> Mapping[str, str]:
    """New name -> old name, of the campaigns that were renamed between two states."""
    return {
        now.moved_to: name
        for name, now in changed.items()
        if now.moved_to is not None and name in before.campaigns and before.campaigns[name].moved_to is None
    }


def may_go(send: SendRecord) -> bool:
    """Whether a send may be left out: it was never accepted, and is not wanted any more."""
    return send.phase is SendPhase.FAILED and send.uuid is None


def is_new_try(was: SendRecord, send: SendRecord) -> bool:
    """Whether ``send`` is another attempt than ``was``: retried, or of another run."""
    is_retried = was.phase in _AGAIN and send.phase is SendPhase.INTENDED
    return is_retried or (was.run, was.intended_at) != (send.run, send.intended_at)


def may_try_again(was: SendRecord, send: SendRecord, *, is_next: bool) -> bool:
    """Whether ``send`` may be a new try in the place of ``was``: nobody must have got the first, or may yet get it."""
    if is_next and was.phase in UNSETTLED:
        return send.phase not in UNSETTLED  # a message taken in (`adopt`) settles it; another intent would be a guess
    ends = REACHABLE[was.phase] if not is_next else {was.phase}
    if was.uuid is not None and was.phase is not SendPhase.FAILED:
        return SendPhase.CANCELLED in ends
    return was.uuid is None and not ends.isdisjoint(_AGAIN)


def of_fixed(place: str, was: SendRecord, send: SendRecord) -> Iterator[Break]:
    """What an intent fixed, and a uuid once it is known, stay as they are."""
    for name in _FIXED:
        if getattr(was, name) != getattr(send, name):
            what = "what was intended is not what is recorded now"
            yield Break(f"{place}.{name}", what, EDITED, RESTORE)
    if was.uuid is not None and (send.uuid or "").lower() != was.uuid.lower():
        what = f"message {was.uuid} became {send.uuid or 'none'}"
        yield Break(f"{place}.uuid", what, EDITED, RESTORE)


def place_of(record: CampaignRecord, send: SendRecord) -> str:
    """Where a send stands, for people: by revision and fingerprint, since their order means nothing."""
    return f"campaigns.{record.name}.sends[{send.revision}/{send.fingerprint[:12]}]"


def illegal(place: str, was: SendRecord, send: SendRecord) -> Break:
    """A move that the table of transitions does not have."""
    what = f"a send never goes from {was.phase.value} to {send.phase.value}"
    if was.phase is send.phase:
        what = f"a send that is {was.phase.value} was put in the place of another"
    return Break(f"{place}.phase", what, EDITED, RESTORE)


def unapproved(place: str, which: str) -> Break:
    """Something was set out to be done that is no step of the approved plan."""
    what = f"the approved plan has no step for {which}"
    return Break(place, what, f"approval and send do not belong together: {EDITED}", RESTORE)
