"""Approvals held against what was done under them: every send and cancel is a step, and the steps make the digest."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mesms_gitops.model.chain import Break
from mesms_gitops.planning.assemble import intent_digest, step_digest
from mesms_gitops.planning.canonical import sha256_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import Approval, CampaignRecord, State


LARGEST_STEP = 1_000
"""By how much a revision may be raised at once and still be found: nobody counts on in hundreds."""


def is_send_approved(campaign: CampaignRecord, send: SendRecord, approval: Approval | None) -> bool:
    """Whether ``send`` is a step of ``approval``."""
    return approval is not None and _send_step(campaign.name, send) in approval.steps


def cancel_approved(campaign: CampaignRecord, send: SendRecord, approval: Approval | None) -> int | None:
    """The revision of the action of which cancelling ``send`` is a step; None if ``approval`` has none.

    A manifest whose revision was raised has its former message cancelled before the record knows of that.
    """
    steps = approval.steps if approval is not None else ()
    part = {"cancel": send.fingerprint}
    revisions = range(1, max(campaign.revision, send.revision) + LARGEST_STEP)
    return next((each for each in revisions if step_digest(campaign.name, each, part) in steps), None)


def _send_step(campaign: str, send: SendRecord) -> str:
    return step_digest(campaign, send.revision, {"send": send.fingerprint})


class Approvals:
    """Follows each approval from the state it first stands in to the last; ``counts`` are kept of plans.

    The digest of a plan covers its actions, the steps their parts: it is certain what it must be where all steps are
    sends that were intended under it. Of cancels and renames the action is guessed, so that only an equal digest says
    something; adoptions say too little of the action they were part of.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._approval: Approval | None = None
        self._is_seen_from_the_start = False
        self._intended: dict[str, dict[str, SendRecord]] = defaultdict(dict)
        self._cancelled: dict[str, dict[str, int]] = defaultdict(dict)
        self._renamed: dict[str, tuple[str, int]] = {}

    def begin(self, state: State) -> None:
        """The chain begins with ``state``."""
        self._approval = state.approval
        self._is_seen_from_the_start = state.serial == 1 and state.is_blank
        self._counts["plans"] += state.approval is not None

    def follow(self, before: State, after: State) -> Iterator[Break]:
        """What is wrong with an approval that ends here, or that changed in its course."""
        now, former = after.approval, before.approval
        if now is None or former is None or now.digest != former.digest:
            yield from self.close()
            self._approval, self._is_seen_from_the_start = now, now is not None
            self._counts["plans"] += now is not None
            self._intended.clear()
            self._cancelled.clear()
            self._renamed.clear()
            return
        if now.steps != former.steps:
            what = "the steps of the approved plan changed, and its digest did not"
            meaning = "the state was edited by hand: what was approved is not what stands there"
            yield Break("approval.steps", what, meaning, "look at the commit and at the account before anything else")
        self._approval = now

    def intend(self, campaign: str, send: SendRecord) -> None:
        """A send was intended under the approval that stands now."""
        self._intended[campaign][send.fingerprint] = send

    def cancel(self, campaign: str, fingerprint: str, revision: int) -> None:
        """A cancel was, as part of an action of ``revision``."""
        self._cancelled[campaign][fingerprint] = revision

    def rename(self, campaign: str, former: str, revision: int) -> None:
        """A campaign of ``revision`` took its name of now."""
        self._renamed[campaign] = former, revision

    def close(self) -> Iterator[Break]:
        """What is wrong with the approval that stood until now; nothing where that cannot be told."""
        approval = self._approval
        self._approval = None
        if approval is None or not self._is_seen_from_the_start:
            return
        steps = {_send_step(name, send) for name, sends in self._intended.items() for send in sends.values()}
        steps |= {
            step_digest(name, revision, {"cancel": fingerprint})
            for name, cancels in self._cancelled.items()
            for fingerprint, revision in cancels.items()
        }
        for name, (former, revision) in self._renamed.items():
            if name not in self._intended and name not in self._cancelled:
                steps.add(step_digest(name, revision, {"write down": "keep", "moved_from": former}))
        if not steps or steps != set(approval.steps):
            return
        if self._digest() == approval.digest:
            self._counts["recomputed"] += 1
        elif not self._cancelled and not self._renamed:
            yield Break(
                "approval.digest",
                "the digest of the approved plan is not that of the sends made under it",
                "the approval was edited, or put there by hand",
                "look for the plan that was approved (the comment in its pull request), and compare",
            )

    def _digest(self) -> str:
        names = self._intended.keys() | self._cancelled.keys() | self._renamed.keys()
        return sha256_of(sorted(self._of_action(name) for name in names))

    def _of_action(self, name: str) -> str:
        sends, cancels = self._intended.get(name, {}), self._cancelled.get(name, {})
        is_later = all(send.undo_window is None for send in sends.values())
        verb = "schedule" if is_later else "send"
        if cancels:
            verb = "replace" if sends else "cancel"
        elif not sends:
            verb = "keep"
        former, own = self._renamed.get(name, (None, 1))
        revisions = [*(send.revision for send in sends.values()), *cancels.values()] or [own]
        return intent_digest(
            campaign=name,
            verb=verb,
            revision=max(revisions),
            moved_from=former,
            sends=sends,
            cancels=cancels,
            adopts=(),
        )
