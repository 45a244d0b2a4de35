"""Sabotages of the tool. Each takes away one thing that the protocol rests on, and must make the exploration fail."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from mesms_gitops.errors import NoAnswer, StateLocked
from mesms_gitops.model.evidence import People
from mesms_gitops.model.plan import Reason
from mesms_gitops.model.sends import TRANSITIONS, SendEvent, SendPhase
from mesms_gitops.model.state import STATE_VERSION, Freeze, State
from mesms_gitops.planning import planner
from mesms_gitops.reconcile import apply as apply_module
from mesms_gitops.reconcile import cancel as cancel_module
from mesms_gitops.reconcile import intents
from mesms_gitops.reconcile import turn as turn_module
from mesms_gitops.reconcile import wave as wave_module
from mesms_gitops.reconcile.cancel import CancelResult
from mesms_gitops.reconcile.tools import Journal
from mesms_gitops.store.file import FileStore
from mesms_gitops.store.git_push import Move, Pushed, PushEnd
from mesms_gitops.store.git_store import GitStore
from mesms_gitops.store.journal import MARK

from . import manifests
from .account import Client
from .branch import Branch
from .machine import StepDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from mesms_gitops.model.observation import Accepted
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.store.git_history import Tips

    from .fate import Event

    Patch = tuple[object, str, object]

ROOM = "mesms_gitops"


@dataclass(frozen=True)
class Mutant:
    """A sabotage: what it replaces, and the scenarios in which it is looked for.

    ``events``: those, in order, by which alone it is looked for, at every boundary; without any, all are tried.
    """

    name: str
    patches: tuple[Patch, ...]
    scenarios: tuple[str, ...]
    depth: int = 1
    events: tuple[Event, ...] = ()

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
_intend = wave_module._intend
_until_certain = cancel_module._until_certain
_send = Client.send


def _settled_early(turns: Any, run: Any) -> Any:
    """The outcome "not sent" is written before the request is made."""
    wave = _intend(turns, run)
    for turn, record in wave:
        run.journal.write_send(turn.action.campaign, replace(record, phase=SendPhase.FAILED))
    return wave


def _taken_for_not_sent(record: SendRecord, error: NoAnswer) -> SendRecord:
    return replace(record, phase=TRANSITIONS[record.phase, SendEvent.REFUSED], reason=error.what)


def _put_back_early(turns: Any, run: Any) -> Any:
    """All but the first of a wave are written down as not sent before they are."""
    wave = _intend(turns, run)
    wave_module._put_back(wave[1:], run)
    run.flush()
    return wave


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


_absolute = intents.absolute


def _without_journal(tree: Any, _body: bytes, _journal: bytes | None) -> Any:
    """What the journal says is passed by; the file is taken for all there is."""
    return {key: value for key, value in tree.items() if key != MARK} | {"version": STATE_VERSION}


_branch_push = Branch.push


def _landed(branch: Branch, *moves: Move) -> Pushed:
    """A push of which nobody knows what became counts as one that landed."""
    pushed = _branch_push(branch, *moves)
    return replace(pushed, end=PushEnd.DONE) if pushed.end is PushEnd.UNCLEAR else pushed


def _forced(store: GitStore, commit: str, _tips: Tips) -> Pushed:
    """The branch is pushed over whatever stands there now."""
    tips = store._history.look()
    head, last = store._address.head, store._address.last
    return store._repository.push(Move(head, commit, tips.head), Move(last, commit, tips.last))


def heedless(lock: Callable[..., AbstractContextManager[None]]) -> Callable[..., AbstractContextManager[None]]:
    """A lock that somebody else holds is passed by."""

    @contextmanager
    def held(store: object, operation: str, timeout: float) -> Iterator[None]:
        with ExitStack() as stack:
            with suppress(StateLocked):
                stack.enter_context(lock(store, operation, timeout))
            yield

    return held


def _no_reason(*_: object) -> None:
    return None


def _same(*_: object) -> People:
    return People.SAME


def always(answer: object) -> Callable[..., Any]:
    """Whatever it is asked, it gives ``answer``."""
    return lambda *_args, **_kwargs: answer


_PEOPLE_PASS: tuple[Patch, ...] = tuple(
    (f"{ROOM}.reconcile.{room}", "compare", _same) for room in ("observe", "settle", "resolve")
)
_TEXT_PASSES: tuple[Patch, ...] = ((f"{ROOM}.planning.matching", "_same_text", always(True)),)

MUTANTS = (
    Mutant("no durable intent", ((Journal, "write", _unwritten),), ("at-once", "new", "named")),
    Mutant(
        "a commit is not synced",
        ((StepDisk, "sync_folder", lambda self, path: self.step("sync folder", path)),),
        ("new", "at-once", "named"),
        depth=2,
    ),
    Mutant(
        "an append is not synced",
        ((StepDisk, "sync", lambda self, path, content: self.step("sync", path)),),
        ("at-once", "named"),
        depth=2,
    ),
    Mutant("the journal is not read", ((f"{ROOM}.store.codec", "folded", _without_journal),), ("at-once", "named")),
    Mutant("the outcome is written before the answer", ((wave_module, "_intend", _settled_early),), ("at-once", "new")),
    Mutant("the rest of a wave is settled before it is sent", ((wave_module, "_intend", _put_back_early),), ("waves",)),
    Mutant("an unknown send counts as not sent", ((turn_module, "_unclear", _taken_for_not_sent),), ("at-once", "new")),
    Mutant("a send is repeated after a timeout", ((Client, "send", _sent_again),), ("at-once", "new")),
    Mutant(
        "a match need not be unclaimed", ((State, "claimed", frozenset()),), ("revised", "restored-revised", "twins")
    ),
    Mutant("people are not compared", _PEOPLE_PASS, ("by-hand-to-others-later",)),
    Mutant("a match by count only", (*_TEXT_PASSES, *_PEOPLE_PASS), ("twins", "named", "two-times"), depth=2),
    Mutant("a cancel need not be confirmed", ((cancel_module, "_until_certain", _trusting),), ("edited", "deleted")),
    Mutant(
        "the replacement does not wait for the cancel",
        ((wave_module, "_not_cancelled", always(False)), (apply_module, "_cancel", _no_reason)),
        ("edited",),
    ),
    Mutant(
        "an unclear push counts as landed, and nobody looks before a send",
        ((Branch, "push", _landed), (GitStore, "read_freeze", lambda store: store._freeze.read())),
        ("branch-at-once", "branch-new"),
    ),
    Mutant("the branch is pushed over", ((GitStore, "_push", _forced),), ("branch-named", "branch-new")),
    Mutant(
        "a lock on a branch is ignored", ((GitStore, "lock", heedless(GitStore.lock)),), ("branch-new", "branch-named")
    ),
    Mutant("a held lock is ignored", ((FileStore, "lock", heedless(FileStore.lock)),), ("new", "named")),
    Mutant("the serial is not compared", ((FileStore, "_compare", _no_reason),), ("new", "named"), depth=2),
    Mutant(
        "a time that has passed is sent now",
        (
            (planner, "_forbidden", _no_reason),
            (wave_module, "forbidden", _no_reason),
            (turn_module, "forbidden", _no_reason),
            (intents, "absolute", _now_or_never),
        ),
        ("late", "late-named"),
    ),
    Mutant("the account is not searched for doubles", ((planner, "_foreign", always([])),), ("by-hand", "restored")),
    Mutant("a lost state is an empty start", ((State, "is_blank", False),), ("lost",)),
    Mutant(
        "an edit is sent after the start",
        (
            (planner, "_after_start", _after_start_again),
            (manifests, "needs_audience", always(True)),
        ),
        ("edited-after-start",),
    ),
    Mutant("the emergency stop is not read before a send", ((Freeze, "covers", always(False)),), ("new", "named")),
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
