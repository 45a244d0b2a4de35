"""Sabotages of the tool. Each takes away one thing that the protocol rests on, and must make the exploration fail."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from mesms_gitops.errors import NoAnswer, StateLocked
from mesms_gitops.model.evidence import People
from mesms_gitops.model.plan import Reason, StepResult
from mesms_gitops.model.sends import TRANSITIONS, SendEvent, SendPhase
from mesms_gitops.model.state import Freeze, State
from mesms_gitops.planning import planner
from mesms_gitops.reconcile import apply as apply_module
from mesms_gitops.reconcile import cancel as cancel_module
from mesms_gitops.reconcile.cancel import CancelResult
from mesms_gitops.reconcile.tools import Journal
from mesms_gitops.store.file import FileStore

from . import manifests
from .account import Client
from .machine import StepDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.model.observation import Accepted
    from mesms_gitops.model.sends import SendRecord

    Patch = tuple[object, str, object]

ROOM = "mesms_gitops"


@dataclass(frozen=True)
class Mutant:
    """A sabotage: what it replaces, and the scenarios in which it is looked for."""

    name: str
    patches: tuple[Patch, ...]
    scenarios: tuple[str, ...]
    depth: int = 1

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The tool is sabotaged between these lines."""
        with ExitStack() as stack:
            for owner, attribute, new in self.patches:
                target = f"{owner}.{attribute}" if isinstance(owner, str) else None
                stack.enter_context(patch(target, new) if target else patch.object(owner, attribute, new))
            yield


def _unwritten(journal: Journal, state: State) -> None:
    """Intents stay in memory; only outcomes are written."""
    if any(send.phase is SendPhase.INTENDED for _, send in state.sends()):
        journal.state = replace(state, serial=journal.state.serial)
        return
    _write(journal, state)


_write = Journal.write
_intend = apply_module._intend
_until_certain = cancel_module._until_certain
_apply_forbidden = apply_module._forbidden
_send = Client.send


def _settled_early(action: Any, planned: Any, desired: Any, run: Any) -> SendRecord:
    """The outcome "not sent" is written before the request is made."""
    record = _intend(action, planned, desired, run)
    run.journal.write_send(action.campaign, replace(record, phase=SendPhase.FAILED))
    return record


def _taken_for_not_sent(action: Any, record: SendRecord, error: NoAnswer, run: Any) -> bool:
    phase = TRANSITIONS[record.phase, SendEvent.REFUSED]
    run.journal.write_send(action.campaign, replace(record, phase=phase, reason=error.what))
    run.note(action, StepResult.FAILED, error.what)
    return False


def _sent_again(client: Client, send: Any, scheduled_at: Any) -> Accepted:
    """What every HTTP library offers: after a timeout, once more."""
    try:
        return _send(client, send, scheduled_at)
    except NoAnswer:
        return _send(client, send, scheduled_at)


def _trusting(record: SendRecord, tools: Any, *, asked_before: bool) -> tuple[CancelResult, SendRecord]:
    """One cancel, and whatever was answered it counts as cancelled."""
    assert record.uuid is not None
    cancel_module._try(record.uuid, tools)
    return CancelResult.CANCELLED, cancel_module._cancelled(record, by_us=True)


def _after_start_again(case: Any, wanted: Any, current: Any) -> Any:
    """An edit of what has left is sent like any other."""
    return planner._make(case, wanted, wanted.sends or (), (), Reason.CONTENT_CHANGED)


def _now_or_never(desired: Any, moment: Any) -> Any:
    """A time that has passed becomes "now"."""
    when = getattr(desired.when, "at", None)
    return None if when is not None and when <= moment else _absolute(desired, moment)


_absolute = apply_module._absolute


_lock = FileStore.lock


@contextmanager
def _heedless(store: FileStore, operation: str, timeout: float) -> Iterator[None]:
    """A lock that somebody else holds is passed by."""
    with ExitStack() as stack:
        with suppress(StateLocked):
            stack.enter_context(_lock(store, operation, timeout))
        yield


def _no_reason(*_: object) -> None:
    return None


def _same(*_: object) -> People:
    return People.SAME


def _always(answer: object) -> Callable[..., Any]:
    return lambda *_args, **_kwargs: answer


_PEOPLE_PASS: tuple[Patch, ...] = tuple(
    (f"{ROOM}.reconcile.{room}", "compare", _same) for room in ("observe", "settle", "resolve")
)
_TEXT_PASSES: tuple[Patch, ...] = ((f"{ROOM}.planning.matching", "_same_text", _always(True)),)

MUTANTS = (
    Mutant("no durable intent", ((Journal, "write", _unwritten),), ("at-once", "new", "named")),
    Mutant(
        "a commit is not synced",
        ((StepDisk, "sync_folder", lambda self, path: self.step("sync folder", path)),),
        ("new", "at-once", "named"),
        depth=2,
    ),
    Mutant(
        "the outcome is written before the answer", ((apply_module, "_intend", _settled_early),), ("at-once", "new")
    ),
    Mutant(
        "an unknown send counts as not sent", ((apply_module, "_unknown", _taken_for_not_sent),), ("at-once", "new")
    ),
    Mutant("a send is repeated after a timeout", ((Client, "send", _sent_again),), ("at-once", "new")),
    Mutant(
        "a match need not be unclaimed", ((State, "claimed", frozenset()),), ("revised", "restored-revised", "twins")
    ),
    Mutant("people are not compared", _PEOPLE_PASS, ("by-hand-to-others-later",)),
    Mutant("a match by count only", (*_TEXT_PASSES, *_PEOPLE_PASS), ("twins", "named", "two-times"), depth=2),
    Mutant("a cancel need not be confirmed", ((cancel_module, "_until_certain", _trusting),), ("edited", "deleted")),
    Mutant(
        "the replacement does not wait for the cancel",
        ((apply_module, "_not_cancelled", _always(False)), (apply_module, "_cancel", _no_reason)),
        ("edited",),
    ),
    Mutant("a held lock is ignored", ((FileStore, "lock", _heedless),), ("new", "named")),
    Mutant("the serial is not compared", ((FileStore, "_compare", _no_reason),), ("new", "named"), depth=2),
    Mutant(
        "a time that has passed is sent now",
        (
            (planner, "_forbidden", _no_reason),
            (apply_module, "_forbidden", _no_reason),
            (apply_module, "_absolute", _now_or_never),
        ),
        ("late", "late-named"),
    ),
    Mutant("the account is not searched for doubles", ((planner, "_foreign", _always([])),), ("by-hand", "restored")),
    Mutant("a lost state is an empty start", ((State, "is_blank", False),), ("lost",)),
    Mutant(
        "an edit is sent after the start",
        (
            (planner, "_after_start", _after_start_again),
            (manifests, "needs_audience", _always(True)),
        ),
        ("edited-after-start",),
    ),
    Mutant("the emergency stop is not read before a send", ((Freeze, "covers", _always(False)),), ("new", "named")),
    Mutant(
        "a rename is a new campaign",
        ((f"{ROOM}.reconcile.prepare", "moved", lambda state, _: (state, {})),),
        ("renamed",),
    ),
    Mutant(
        "a rename without moved_from is not noticed",
        ((f"{ROOM}.planning.together", "_twin", _no_reason),),
        ("renamed-sent",),
    ),
    Mutant(
        "what the console cancelled is made again",
        ((f"{ROOM}.planning.situation", "CANCELLED_ELSEWHERE", None),),
        ("cancelled-by-hand",),
    ),
)
