"""The commands of the tool, in the order in which the command line calls the rooms, on a machine of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.project import Project
from mesms_gitops.model.state import State
from mesms_gitops.reconcile.apply import apply
from mesms_gitops.reconcile.prepare import Prepared, Request, prepare
from mesms_gitops.reconcile.resolve import settle_not_sent, settle_sent
from mesms_gitops.reconcile.stop import frozen, released, stop
from mesms_gitops.reconcile.tools import Journal, Tools, hold_back
from mesms_gitops.store.file import FileStore
from mesms_gitops.store.lineage import first_lineage

from .account import connected
from .branch import BranchStore
from .machine import STATE, Backend, OneHost
from .manifests import ROOT, want_all

if TYPE_CHECKING:
    from datetime import datetime

    from mesms_gitops.model.plan import ApplyOutcome
    from mesms_gitops.store.port import Store

    from .machine import Machine, Process
    from .manifests import Manifest

PROJECT = Project(root=Path(ROOT), file="mesms.yaml", text_digest="the proof")
LINEAGE = first_lineage(PROJECT.text_digest)


class Silence:
    """Nobody to tell."""

    def say(self, text: str) -> None:
        pass


class MachineClock:
    """`reconcile.ports.Clock` on a machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def now(self) -> datetime:
        return self._machine.now()

    def sleep(self, seconds: float) -> None:
        self._machine.wait(seconds)


class WaveStore(FileStore):
    """The file, with sends in waves as on a backend whose commits take long."""

    wave = 1


def _file(machine: Machine, process: Process) -> FileStore:
    store = WaveStore(STATE, disk=machine.disk, host=OneHost(machine, process), journal_from=0)
    store.wave = machine.wave
    return store


def _opened(machine: Machine, process: Process) -> Store:
    """The state where it is kept. The library that a backend wants is loaded only where it is used."""
    match machine.backend:
        case Backend.FILE:
            return _file(machine, process)
        case Backend.BRANCH:
            return BranchStore(machine, process)
        case Backend.BUCKET:
            from .bucket import BucketStore

            return BucketStore(machine, process)
        case Backend.SQLITE:
            from .sqlite import SqliteStore

            return SqliteStore(machine, process)
        case Backend.POSTGRESQL:
            from .postgres import PostgresStore

            return PostgresStore(machine, process)


class Tool:
    """One process with its store, its client and its journal."""

    def __init__(self, machine: Machine, process: Process, manifests: tuple[Manifest, ...]) -> None:
        self._manifests = manifests
        self._process = process
        self._clock = MachineClock(machine)
        self.store = _opened(machine, process)
        self.account = connected(machine)

    def stored(self) -> State:
        """The state, or a blank one; a state that is gone while its backup stands is an error."""
        state = self.store.read()
        if state is None and self.store.has_backup:
            raise StateError("the state is gone, but its backup is there")
        return state or State(LINEAGE)

    def tools(self, state: State) -> Tools:
        """What reconcile works with."""
        process = self._process
        return Tools(
            account=self.account,
            ledger=self.store,
            clock=self._clock,
            progress=Silence(),
            key=HashKey.of_lineage(state.lineage),
            run=f"run-{process.pid}",
            interrupted=lambda: process.is_interrupted,
        )

    def prepared(self, state: State) -> Prepared:
        """``plan``."""
        key = HashKey.of_lineage(state.lineage)
        request = Request(
            project=PROJECT,
            campaigns=tuple(manifest.campaign for manifest in self._manifests),
            want_all=lambda recorded: want_all(self._manifests, recorded, key),
            state=state,
            freeze=self.store.read_freeze(),
            key=key,
            balance=self.account.balance(),
            allow_empty=True,
        )
        return prepare(request, self.account, self._clock, Silence())

    def apply(self) -> ApplyOutcome | None:
        """``apply --auto-approve``; None where there is nothing to do, or it refuses before the first effect."""
        self.account.ask_before_repeating(hold_back(self.store, lambda: self._process.is_interrupted))
        with self.store.lock("apply", 0.0):
            state = self.stored()
            ready = self.prepared(state)
            plan = ready.plan
            if plan.refusals or not (plan.has_changes or plan.blocked):
                return None
            return apply(ready, Journal(self.store, state), self.tools(state))

    def stop(self) -> None:
        """``stop --all``."""
        freeze = self.store.amend_freeze(
            lambda former: frozen(former, (), everything=True, moment=self._clock.now(), by="ci")
        )
        blank = State(LINEAGE)
        stop(self.store, freeze, blank, self.tools(blank))

    def release(self) -> None:
        """``stop --release``."""
        self.store.amend_freeze(lambda former: released(former, ()))

    def resolve(self, name: str, uuid: str | None) -> None:
        """``resolve NAME --sent UUID``, or ``--not-sent``."""
        with self.store.lock("resolve", 0.0):
            state = self.stored()
            journal, tools = Journal(self.store, state), self.tools(state)
            if uuid is None:
                settle_not_sent(journal, name, tools)
            else:
                settle_sent(journal, name, uuid, tools)

    def unlock(self) -> None:
        """``state unlock``, whoever holds it."""
        held = self.store.info()
        if held is not None:
            self.store.unlock(held.id)
