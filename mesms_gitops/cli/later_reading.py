"""A reading of results beside an earlier one of the same message: what came stays, and what got lost is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import SUCCESS
from mesms_gitops.model.results import Doubt, DoubtKind, still_open
from mesms_gitops.planning.delivery import shrank
from mesms_gitops.store.result_form import counts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.model.results import ResultHead
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.store.result_form import SendResults


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is kept of an earlier reading, without the people."""

    head: ResultHead
    counts: Mapping[str, int]

    @classmethod
    def of(cls, results: SendResults) -> Earlier:
        """From whole ones."""
        return cls(results.head, counts_of(results.frame))


def beside_earlier(head: ResultHead, counts: Mapping[str, int], earlier: Earlier) -> ResultHead:
    """The head under which ``counts`` people are kept, or the earlier one where those stand.

    A reading that broke off takes the place of none that has more people. One that is whole does, and if it has less
    to say, that is in doubt from then on: a result does not get lost.
    """
    cut = next((doubt for doubt in head.doubts if doubt.kind is DoubtKind.BROKEN_OFF), None)
    if cut is not None:
        if sum(counts.values()) >= sum(earlier.counts.values()):
            return head
        why = f"these were read {moment(earlier.head)}; at the reading of {moment(head)} {cut.why}"
        return earlier.head.doubted(Doubt(DoubtKind.BROKEN_OFF, why))
    if shrank(earlier.counts, counts):
        why = f"it has fewer people, results or people reached than at the reading of {moment(earlier.head)}"
        return head.doubted(Doubt(DoubtKind.SHRANK, why))
    return head.doubted(*(doubt for doubt in earlier.head.doubts if doubt.kind is DoubtKind.SHRANK))


def beside_counts(head: ResultHead, counts: Mapping[str, int], send: SendRecord) -> ResultHead:
    """The head of a new reading, in doubt where state counted more people, results or people reached before it."""
    most = {**counts, SUCCESS: counts.get(SUCCESS, 0) + head.forgotten}  # whoever was forgotten may have been reached
    if head.doubts or not shrank(send.delivery, most):  # one that is not whole says nothing of a loss
        return head
    why = "it has fewer people, results or people reached than state counted at an earlier look"
    return head.doubted(Doubt(DoubtKind.SHRANK, why))


def after_purge(earlier: Earlier) -> ResultHead:
    """The head of what is kept of a message that ME-SMS does not know any more."""
    still = still_open(earlier.counts)
    if not still:
        return earlier.head
    why = f"the message is not known any more (404), and {still:,} had no final result at the reading of "
    return earlier.head.doubted(Doubt(DoubtKind.PURGED, why + moment(earlier.head)))


def moment(head: ResultHead) -> str:
    """When results were read, for people."""
    return f"{head.read_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
