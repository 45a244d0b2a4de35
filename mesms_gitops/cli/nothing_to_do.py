"""Which plans `unchanged` may say again: those that say of every campaign that it was sent, and nothing else.

Such a plan depends on no time but that its schedules have passed, and on no answer of the account but the balance: of a
send that can still change, or that nobody knows the outcome of, the account would be asked anew each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.unchanged import Remembered
from mesms_gitops.model.plan import Keep, Reason
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.store.file import FREEZE, FileStore
from mesms_gitops.store.state_file import JOURNAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.cli.remembering import Seen
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.manifests.verdicts import Gist, Row
    from mesms_gitops.model.plan import Action
    from mesms_gitops.reconcile.prepare import Prepared

_DONE: Final = frozenset({SendPhase.STARTED, SendPhase.SENT, SendPhase.CANCELLED, SendPhase.FAILED})
_PASSED: Final = frozenset({"any", "sent"})


def to_remember(place: Workplace, made: Prepared, seen: Seen, said: str) -> Remembered | None:
    """What is to be remembered of ``made``, which reads ``said``; None where the next plan could read otherwise.

    ``seen`` is what it was made from.
    """
    plan, project, store = made.plan, place.project, place.store
    balance = plan.summary.balance
    is_odd = plan.offline or plan.refusals or plan.diagnostics or plan.drift or balance is None
    if is_odd or not isinstance(store, FileStore) or not all(map(_is_over, plan.actions)):
        return None
    if any(send.phase not in _DONE for _, send in made.stored.sends()):
        return None
    if project.policy.waivers or project.audience.encrypt_to or project.encryption.state:
        return None  # the first end by themselves; the others are looked at before a plan is made
    if balance is None or not _are_all(seen.rows, plan.actions):
        return None
    states = (str(store.path.with_name(store.path.name + suffix)) for suffix in ("", JOURNAL, FREEZE))
    return Remembered(
        said=said,
        entries=project.campaigns,
        beside=sorted({*states, *(name for row, _ in seen.rows.values() for name, _ in row.rests_on)}),
        zones=dict(seen.zones),
        commit=plan.commit,
        balance=balance,
        due=max((row.due or 0 for row, _ in seen.rows.values()), default=0),
        api=project.api,
    )


def _is_over(action: Action) -> bool:
    return (
        isinstance(action, Keep)
        and action.reason is Reason.ALREADY_SENT
        and not (action.diagnostics or action.adoptions or action.moved_from or action.changes)
    )


def _are_all(rows: Mapping[str, tuple[Row, Gist]], actions: tuple[Action, ...]) -> bool:
    """Whether ``rows`` are the manifests of ``actions``, nothing is to be said of any, and their times have passed."""
    return len(rows) == len(actions) and {row.name for row, _ in rows.values() if _is_quiet(row)} == {
        action.campaign for action in actions
    }


def _is_quiet(row: Row) -> bool:
    return row.phase in _PASSED and not row.found and not row.numbers
