"""Results in a folder: one Parquet file a send (`result_form`), encrypted where snapshots are.

A file is named for its send and for a digest of its bytes, so that damage is seen before anything reads it. One that
is in doubt is named for that too, so that those are found without opening all.

They hold phone numbers (see `shelves`) and go when the snapshot of their send goes. Whoever calls holds the state's
lock; a reader need not, since a file is replaced as a whole.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import MesmsError, StateUnreadable
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.port import unheard
from mesms_gitops.store.result_form import (
    NUMBER,
    STATUS,
    SendResults,
    counts_of,
    legible,
    packed,
    read_head,
    rows,
)
from mesms_gitops.store.result_names import (
    SEALED,
    SUFFIX,
    digest_in,
    digest_of,
    fingerprint_in,
    is_doubtful,
    is_sealed,
    name_of,
)
from mesms_gitops.store.sealing import Sealing
from mesms_gitops.store.shelves import PART, Shelves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path

    from polars import DataFrame, LazyFrame

    from mesms_gitops.model.results import ResultHead
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.store.disk import Disk

FOLDER: Final = ".mesms/delivery"
"""Seen from the project's folder."""

_WHAT: Final = "the delivery results of a send"


class ResultFolder:
    """``keep_for`` is how long after a send its results stay; zero means that none are kept.

    A folder of thousands of files is listed once: one object is for one command, not for hours.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep_for: timedelta,
        sealing: Sealing | None = None,
        on_warning: Callable[[str], None] = unheard,
        disk: Disk | None = None,
    ) -> None:
        """Nothing is touched yet."""
        self._shelves = Shelves(folder, folder, _WHAT, disk)
        self._keep_for = keep_for
        self._sealing = sealing or Sealing()
        self._warn = on_warning
        self._listed: dict[str, dict[str, list[str]]] = {}

    def check(self) -> None:
        """Raise `ConfigError` where results are to be encrypted and cannot be: before anything is read."""
        if self._keep_for:
            self._sealing.check()

    def keep(self, head: ResultHead, frame: DataFrame) -> bool:
        """Make results (`result_form.frame_of`) durable, in place of older ones; False where none are kept.

        Raises `MesmsError`.
        """
        if not self._keep_for:
            return False
        self._write(head, packed(frame, head))
        return True

    def _write(self, head: ResultHead, body: bytes) -> None:
        former = self._paths(head.campaign, head.fingerprint)
        sealed = self._sealing.seal(body, was_sealed=any(map(is_sealed, former)))
        found = body if sealed is None else sealed
        name = name_of(head, found, is_sealed=sealed is not None)
        path = self._shelves.at(head.campaign, name)
        self._shelves.write(path, found)
        for each in former:
            if each != path:
                self._shelves.delete(each)
        self._names(head.campaign)[head.fingerprint] = [name]

    def head(self, campaign: str, fingerprint: str) -> ResultHead | None:
        """What the results of a send say of themselves; None where there are none. Raises `MesmsError`."""
        if not self._paths(campaign, fingerprint):
            return None
        with self._found(campaign, fingerprint) as (head, _):
            return head

    def kept(self, campaign: str, fingerprint: str) -> SendResults | None:
        """The results of a send, opened once; None where there are none. Raises `MesmsError`."""
        if not self._paths(campaign, fingerprint):
            return None
        with self._found(campaign, fingerprint) as (head, body):
            return SendResults(head, rows(io.BytesIO(body)).collect())

    def doubtful(self) -> list[tuple[str, str]]:
        """Campaign and fingerprint of all results that are in doubt, without opening any. Raises `StateError`."""
        return [(path.parent.name, fingerprint_in(path)) for path in self.files() if is_doubtful(path)]

    def counts(self, campaign: str, fingerprint: str) -> Mapping[str, int]:
        """People by delivery state. Raises `MesmsError`, also where there are no results."""
        with self._open(campaign, fingerprint) as found:
            return counts_of(found.select(STATUS).collect())

    def state_of(self, campaign: str, fingerprint: str, subscriber: int) -> str | None:
        """The delivery state of one person; None for whoever is not among them. Raises `MesmsError`."""
        return self.fate_of(campaign, fingerprint, subscriber)[1]

    def fate_of(self, campaign: str, fingerprint: str, subscriber: int) -> tuple[ResultHead, str | None]:
        """What the results say of themselves, and of one person: both states, with a comma, of whom they have twice.

        Raises `MesmsError`, also where there are no results.
        """
        import polars as pl

        with self._found(campaign, fingerprint) as (head, body):
            states = rows(io.BytesIO(body)).filter(pl.col(NUMBER) == subscriber).collect()[STATUS].to_list()
        return head, ", ".join(states) or None

    def frame(self, campaign: str, fingerprint: str) -> DataFrame:
        """Both columns of `result_form`. Raises `MesmsError`, also where there are no results."""
        with self._open(campaign, fingerprint) as found:
            return found.collect()

    @contextmanager
    def _open(self, campaign: str, fingerprint: str) -> Iterator[LazyFrame]:
        with self._found(campaign, fingerprint) as (_, body):
            yield rows(io.BytesIO(body))

    @contextmanager
    def _found(self, campaign: str, fingerprint: str) -> Iterator[tuple[ResultHead, bytes]]:
        """The newest file of a send, with its head. Raises `MesmsError`, also for what is raised within."""
        paths = self._paths(campaign, fingerprint)
        if paths and not paths[0].exists():  # replaced since the folder was listed
            self._listed.pop(campaign, None)
            paths = self._paths(campaign, fingerprint)
        if not paths:
            raise StateUnreadable(
                f"the results of {campaign} were not read yet",
                where=str(self._shelves.at(campaign, fingerprint)),
                next_step=f"mesms-gitops report {campaign} --recipients FILE.csv",
            )
        with legible(paths[0]):
            body = self._body(paths[0])
            yield self._head(paths[0], body), body

    def _paths(self, campaign: str, fingerprint: str) -> list[Path]:
        """The files of a send, the newest first: after a crash there may be two."""
        found = [self._shelves.at(campaign, name) for name in self._names(campaign).get(fingerprint, ())]
        return found if len(found) < 2 else sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)

    def _names(self, campaign: str) -> dict[str, list[str]]:
        """The names of a campaign's files by the send they are of."""
        if campaign not in self._listed:
            found: dict[str, list[str]] = {}
            for name in self._shelves.names(campaign):
                if name.endswith((SUFFIX, SEALED)):
                    found.setdefault(name.partition(".")[0], []).append(name)
            self._listed[campaign] = found  # whole, since campaigns may be read side by side
        return self._listed[campaign]

    def _body(self, path: Path) -> bytes:
        """The Parquet file, opened, and never one that is not as it was written. Raises `Surprise`, `MesmsError`."""
        stored = self._shelves.read(path) or b""
        # a damaged file may bring polars down instead of raising an error
        if digest_in(path) != digest_of(stored):
            raise Surprise("", "its digest is not the one in its name: it is damaged, cut short, or was edited")
        return self._sealing.open(stored) if is_sealed(path) else stored

    def _head(self, path: Path, body: bytes) -> ResultHead:
        head = read_head(io.BytesIO(body))
        if self._shelves.at(head.campaign, path.name) != path or not path.name.startswith(f"{head.fingerprint}."):
            raise Surprise("", "it is another send's")
        return head

    def files(self) -> tuple[Path, ...]:
        """All results, without opening any. Raises `StateError`."""
        return tuple(path for path in self._shelves.paths(SUFFIX, SEALED) if not path.name.endswith(PART))

    def take_out(self, path: Path, subscriber: int) -> ResultHead | None:
        """Remove one person from the results at ``path``; None if they are not there. Raises `MesmsError`."""
        import polars as pl

        newest = next(iter(self._paths(path.parent.name, fingerprint_in(path))), path)
        if path != newest:
            self._shelves.delete(path)  # an older one of the same send, which a crash left
            self._listed.pop(path.parent.name, None)
            return None
        with legible(path):
            body = self._body(path)
            head = self._head(path, body)
            frame = rows(io.BytesIO(body)).collect()
        rest = frame.filter(pl.col(NUMBER) != subscriber)
        if rest.height == frame.height:
            return None
        less = replace(head, forgotten=head.forgotten + 1)
        self._write(less, packed(rest, less))
        return head

    def sweep(self, state: State, now: datetime) -> int:
        """Delete the results of sends that were made long enough ago; how many. Never raises."""
        made = {record.fingerprint: record for _, record in state.sends()}
        deleted = 0
        try:
            for path in self._shelves.paths(SUFFIX, SEALED):
                is_part = path.name.endswith(PART)
                if is_part or self._is_over(path, made, now):
                    self._shelves.delete(path)
                    deleted += not is_part
            self._listed.clear()
        except MesmsError as error:
            self._warn(f"old delivery results are not deleted: {error.what} ({error.where}: {error.why})")
        return deleted

    def _is_over(self, path: Path, made: Mapping[str, SendRecord], now: datetime) -> bool:
        record = made.get(fingerprint_in(path))
        since = record.intended_at if record is not None else self._shelves.written_at(path)
        return since + self._keep_for <= now
