"""The one place that builds the outside: project, store, client, clock, interrupt; and hands them in."""

from __future__ import annotations

import os
import secrets
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mesms_gitops.cli.terminal import Teller, Terminal
from mesms_gitops.errors import ConfigError, StateError
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.api.witness import Witness
    from mesms_gitops.audience.sources.outside import RejectSink
    from mesms_gitops.manifests.project import LoadedProject
    from mesms_gitops.model.project import Project
    from mesms_gitops.reconcile.ports import Account
    from mesms_gitops.reconcile.tools import Tools
    from mesms_gitops.store.port import Store
    from mesms_gitops.store.results import ResultFolder
    from mesms_gitops.store.sealed_bytes import SealedBytes
    from mesms_gitops.store.snapshots import SnapshotFolder


class SystemClock:
    """This machine's time."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Workplace:
    """Everything a command works with, before anything was read or asked."""

    loaded: LoadedProject
    project: Project
    store: Store
    clock: SystemClock
    terminal: Terminal
    teller: Teller
    rejects: RejectSink | None = None

    def key_for(self, state: State) -> HashKey:
        """The key of every digest: ``MESMS_HASH_KEY``, else the lineage. Raises `ConfigError` if it is another one."""
        key = hash_key(state.lineage)
        is_used = not state.is_blank or bool(state.suppressed)
        if is_used and state.hash_key not in (key.identity, "lineage" if key.from_lineage else ""):
            raise _foreign_key(state, key)
        return key

    def snapshots(self) -> SnapshotFolder:
        """Where it is kept whom each send covered. Nothing is touched or checked yet."""
        from mesms_gitops.store.sealing import IDENTITY_VARIABLE, Sealing
        from mesms_gitops.store.snapshots import FOLDER, SnapshotFolder

        settings, identity = self.project.audience, os.environ.get(IDENTITY_VARIABLE)
        return SnapshotFolder(
            self.project.root / FOLDER,
            keep=settings.keep,
            sealing=Sealing(settings.encrypt_to, Path(identity) if identity else None),
            on_warning=self.teller.note,
        )

    def results(self) -> ResultFolder:
        """Where it is kept what became of each recipient. Nothing is touched or checked yet."""
        from mesms_gitops.store.results import FOLDER, ResultFolder
        from mesms_gitops.store.sealing import IDENTITY_VARIABLE, Sealing

        settings, identity = self.project.audience, os.environ.get(IDENTITY_VARIABLE)
        return ResultFolder(
            self.project.root / FOLDER,
            keep_for=settings.keep,
            sealing=Sealing(settings.encrypt_to, Path(identity) if identity else None, of="delivery results"),
            on_warning=self.teller.note,
        )

    def clear_out(self, state: State, now: datetime | None) -> None:
        """Delete snapshots and results whose time is over at ``now``, by this machine's clock where it is None.

        -v says so.
        """
        moment = now or self.clock.now()
        for what, deleted in (
            ("snapshots of audiences", self.snapshots().sweep(state, moment)),
            ("delivery results", self.results().sweep(state, moment)),
        ):
            if deleted:
                self.teller.say(f"{what} deleted, their time being over: {deleted:,}")

    def stored_state(self) -> State:
        """The state, or a blank one with the lineage that this project's first will have. Raises `StateError`."""
        from mesms_gitops.store.lineage import first_lineage

        state = self.store.read()
        if state is not None:
            return state
        if self.store.has_backup:
            trace = self.store.trace
            raise StateError(
                f"the state is gone, but its {trace.name} is there",
                where=self.project.state,
                why="a lost state is never an empty start: everything could be sent again",
                next_step=f"{trace.next_step}, or push a copy: mesms-gitops state push FILE",
            )
        lineage = first_lineage(self.project.text_digest)
        return State(lineage=lineage, hash_key=hash_key(lineage).identity)


def hash_key(lineage: str) -> HashKey:
    """``MESMS_HASH_KEY`` where it is set, else the lineage's key."""
    secret = os.environ.get("MESMS_HASH_KEY")
    return HashKey.of_secret(secret) if secret else HashKey.of_lineage(lineage)


def _foreign_key(state: State, key: HashKey) -> ConfigError:
    if key.from_lineage and state.hash_key.startswith("lineage"):
        return ConfigError(
            "the lineage of the state is not the one its digests were made with",
            where=f"state: lineage {state.lineage}",
            why="it was edited, or put together from two states; every list would look changed",
            next_step="bring the state back as it was written (its backup, git, or mesms-gitops state push FILE)",
        )
    if key.from_lineage:
        return ConfigError(
            "MESMS_HASH_KEY is not set, but the state was made with one",
            where=f"state: hash_key {state.hash_key}",
            why="without it every list would look changed",
            next_step="set MESMS_HASH_KEY to the secret this state was made with",
        )
    return ConfigError(
        "MESMS_HASH_KEY is not the key this state was made with",
        where=f"state: hash_key {state.hash_key}; MESMS_HASH_KEY: {key.identity}",
        why="with another key every list would look changed",
        next_step="set MESMS_HASH_KEY to the right secret, or unset it if the state was made without",
    )


def workplace(chdir: str | None, *, verbose: bool = False, leniently: bool = False) -> Workplace:
    """Find and read the project from ``chdir`` upwards. Raises `ConfigError` or `ManifestError`.

    ``leniently``: see `load_project_leniently`; not for a command that acts on what it reads.
    """
    from mesms_gitops.manifests.discover import project_file_above
    from mesms_gitops.manifests.project import load_project, load_project_leniently

    start = Path(chdir) if chdir else Path.cwd()
    if not start.is_dir():
        raise ConfigError(f"there is no folder {chdir}", where="-C", next_step="name a folder that exists")
    file = project_file_above(start.resolve())
    if file is None:
        raise ConfigError(
            "there is no mesms.yaml here or above",
            where=str(start),
            next_step="go to a project's folder (-C DIR), or make one: mesms-gitops init",
        )
    loaded = load_project_leniently(file) if leniently else load_project(file)
    project = with_environment(loaded.project)
    terminal = Terminal.of_process()
    teller = Teller(terminal, verbose=verbose)
    return Workplace(
        loaded=loaded,
        project=project,
        store=state_at(project.state, project, teller.note),
        clock=SystemClock(),
        terminal=terminal,
        teller=teller,
    )


def state_at(location: str, project: Project, on_note: Callable[[str], None]) -> Store:
    """The store that ``location``, a ``state:`` value, names in ``project``. Raises `ConfigError`."""
    from mesms_gitops.store.open import open_store

    return open_store(location, project.root, on_note, environment=os.environ, sealed=sealed_bytes(project))


def sealed_bytes(project: Project) -> SealedBytes:
    """What seals and opens states of ``project``. Nothing is read or imported yet."""
    from mesms_gitops.store.sealed_bytes import SealedBytes
    from mesms_gitops.store.sealing import IDENTITY_VARIABLE, Sealing

    identity = os.environ.get(IDENTITY_VARIABLE)
    recipients = project.encryption.state
    return SealedBytes(
        Sealing(recipients, Path(identity) if identity else None, setting="encryption.state", of="states")
    )


def with_environment(project: Project) -> Project:
    """``project`` with what ``MESMS_BASE_URL`` and ``MESMS_STATE`` override."""
    base_url, state = os.environ.get("MESMS_BASE_URL"), os.environ.get("MESMS_STATE")
    if base_url:
        project = replace(project, api=replace(project.api, base_url=base_url))
    return replace(project, state=state) if state else project


@contextmanager
def client(
    project: Project,
    teller: Teller,
    before_repeat: Callable[[], None] | None = None,
    witness: Witness | None = None,
) -> Iterator[MesmsClient]:
    """A client for this project's account. Raises `ConfigError` without ``MESMS_API_KEY``."""
    from mesms_gitops.api.client import MesmsClient

    key = os.environ.get("MESMS_API_KEY")
    if not key:
        raise ConfigError(
            "there is no API key",
            where="environment: MESMS_API_KEY",
            why="ME-SMS answers nobody without one",
            next_step="create a key on Settings -> API Keys and export MESMS_API_KEY; `plan --offline` needs none",
        )
    api = project.api
    with MesmsClient(
        api.base_url,
        key,
        requests_per_second=api.requests_per_second,
        timeout=api.timeout,
        on_wait=teller.say,
        before_repeat=before_repeat,
        field_map=api.fields,
        witness=witness,
    ) as made:
        yield made


def tools_for(
    place: Workplace, account: Account, key: HashKey, interrupted: Callable[[], bool] = lambda: False
) -> Tools:
    """Everything reconcile works with."""
    from mesms_gitops.reconcile.tools import Tools

    return Tools(
        account=account,
        ledger=place.store,
        clock=place.clock,
        progress=place.teller,
        key=key,
        run=run_name(place.clock.now()),
        interrupted=interrupted,
        snapshots=place.snapshots(),
    )


class Interrupt:
    """Ctrl-C and SIGTERM once: finish the request in flight, write it down, stop. Twice: stop at once."""

    def __init__(self) -> None:
        self._pressed = False

    def __call__(self) -> bool:
        """Whether it was pressed."""
        return self._pressed

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take the signals for as long as the context lasts; outside of it they end the process as usual."""
        former = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self._pressed:
            raise KeyboardInterrupt
        self._pressed = True


def run_name(now: datetime) -> str:
    """A name for this run in the journal: the moment and enough chance to be unique."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
