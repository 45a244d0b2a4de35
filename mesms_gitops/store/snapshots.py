"""Snapshots in a folder: one file a send, for this user alone, replaced as a whole, deleted when its time is over.

They hold phone numbers (see `shelves`). Whoever calls holds the state's lock.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import MesmsError, StateError, StateUnreadable
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.snapshot import Snapshot, Unopened
from mesms_gitops.store.disk import door
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.port import unheard
from mesms_gitops.store.sealing import Sealing
from mesms_gitops.store.shelves import PART, Shelves
from mesms_gitops.store.snapshot_form import HEAD_BYTES, body_of, head_of, read, read_head

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from pathlib import Path

    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.store.disk import Disk

FOLDER = ".mesms/audience"
"""Seen from the project's folder."""
SUFFIX = ".numbers"

_NEXT = "delete this file if it cannot be mended: nothing but reports and `forget` needs it"


class SnapshotFolder:
    """`reconcile.ports.Snapshots` on a disk. ``keep`` is for how long; zero means that none is made."""

    def __init__(
        self,
        folder: Path,
        *,
        keep: timedelta,
        sealing: Sealing | None = None,
        on_warning: Callable[[str], None] = unheard,
        disk: Disk | None = None,
    ) -> None:
        """Nothing is touched yet."""
        self._shelves = Shelves(folder, folder / "snapshots", "the snapshot of an audience", disk)
        self._period = keep
        self._sealing = sealing or Sealing()
        self._warn = on_warning

    def check(self) -> None:
        """Raise `ConfigError` where snapshots are to be encrypted and cannot be: before anything is sent."""
        if self._period:
            self._sealing.check()

    # --- making one ---------------------------------------------------------------------------------------------------

    def keep(self, campaign: str, fingerprint: str, numbers: Numbers, moment: datetime) -> None:
        """Make durable whom a send is about to cover. Never raises: what goes wrong is a warning, and the send goes on.

        It stands between an intent and its request, where an error would leave a send that nobody is sure about.
        """
        if not self._period:
            return
        snapshot = Snapshot(campaign, fingerprint, moment, moment + self._period, len(numbers))
        try:
            self._write(snapshot, numbers)
        except MesmsError as error:
            self._warn(f"whom {campaign} covers is not kept: {error.what}" + (f" ({error.why})" if error.why else ""))
        except Exception as error:  # nothing of this may stop a send whose intent stands
            self._warn(f"whom {campaign} covers is not kept: {type(error).__name__}")

    def replace(self, snapshot: Snapshot, numbers: Numbers) -> Snapshot:
        """Put ``numbers`` in place of what ``snapshot`` holds, which some were taken out of. Raises `MesmsError`."""
        gone = snapshot.recipients - len(numbers)
        newer = replace(snapshot, recipients=len(numbers), forgotten=snapshot.forgotten + gone)
        return self._write(newer, numbers)

    def _write(self, snapshot: Snapshot, numbers: Numbers) -> Snapshot:
        snapshot = replace(snapshot, is_sealed=snapshot.is_sealed or self._sealing.seals)
        body = body_of(snapshot, numbers)
        sealed = self._sealing.seal(body, was_sealed=snapshot.is_sealed)
        path = self._path(snapshot)
        self._shelves.write(path, head_of(snapshot) + (body if sealed is None else sealed))
        return snapshot

    def _path(self, snapshot: Snapshot) -> Path:
        return self._shelves.at(snapshot.campaign, f"{snapshot.fingerprint}{SUFFIX}")

    # --- looking ------------------------------------------------------------------------------------------------------

    def all(self) -> tuple[Snapshot | Unopened, ...]:
        """Every snapshot by campaign and fingerprint, without opening any. Raises `StateError`."""
        return tuple(self._looked_at(path) for path in self._shelves.paths(SUFFIX))

    def numbers_of(self, snapshot: Snapshot) -> Numbers:
        """Whom ``snapshot`` holds. Raises `StateUnreadable` if it is damaged, `MesmsError` if it cannot be opened."""
        path = self._path(snapshot)
        body = self._shelves.read(path) or b""
        try:
            found, numbers = read(body, self._sealing.open)
        except Surprise as surprise:
            raise _unreadable(path, surprise) from surprise
        except MesmsError as error:
            error.where = str(path)
            raise
        if found != snapshot:
            raise _unreadable(path, Surprise("", "it is another send's"))
        return numbers

    def _looked_at(self, path: Path) -> Snapshot | Unopened:
        try:
            with door(path, "read the snapshot of an audience"), path.open("rb") as file:
                head = file.read(HEAD_BYTES)
            found = read_head(head)
        except Surprise as surprise:
            return Unopened(str(path), surprise.why, _NEXT)
        except StateError as error:
            return Unopened(str(path), error.why or error.what, error.next_step)
        return found if self._path(found) == path else Unopened(str(path), "it has another send's name", _NEXT)

    # --- deleting -----------------------------------------------------------------------------------------------------

    def sweep(self, state: State, now: datetime) -> int:
        """Delete what is over: kept long enough, or of sends that were never made. How many. Never raises.

        Kept long enough is whatever comes first, the date that a snapshot was given or what is configured now.
        """
        records: dict[str, list[SendRecord]] = {}
        for _, record in state.sends():
            records.setdefault(record.fingerprint, []).append(record)
        deleted = 0
        try:
            for path in self._shelves.paths(SUFFIX):
                if self._is_over(path, records, now):
                    self._shelves.delete(path)
                    deleted += not path.name.endswith(PART)
        except MesmsError as error:
            self._warn(f"old snapshots of audiences are not deleted: {error.what} ({error.where}: {error.why})")
        return deleted

    def _is_over(self, path: Path, records: dict[str, list[SendRecord]], now: datetime) -> bool:
        if path.name.endswith(PART):
            return True  # left by a run that died: whoever holds the lock is the only one alive
        found = self._looked_at(path)
        if isinstance(found, Unopened):
            # what cannot say until when it may stay must not stay for ever
            return self._shelves.written_at(path) + self._period <= now
        sends = records.get(found.fingerprint, [])
        never_made = bool(sends) and all(map(was_never_made, sends))
        return never_made or min(found.keep_until, found.made_at + self._period) <= now


def was_never_made(record: SendRecord) -> bool:
    """Whether nobody was texted, for certain: refused, or cancelled before it left."""
    return record.phase is SendPhase.CANCELLED or (record.phase is SendPhase.FAILED and record.uuid is None)


def _unreadable(path: Path, surprise: Surprise) -> StateUnreadable:
    return StateUnreadable(
        "the snapshot of an audience cannot be read", where=str(path), why=surprise.why, next_step=_NEXT
    )
