"""Results in a folder: one Parquet file a send (`result_form`), encrypted where snapshots are.

They hold phone numbers (see `shelves`) and go when the snapshot of their send goes. Whoever calls holds the state's
lock; a reader need not, since a file is replaced as a whole.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Final

from mesms_gitops.errors import MesmsError, StateUnreadable
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.result_form import NUMBER, STATUS, in_states, packed, read_head, rows, whole
from mesms_gitops.store.sealing import Sealing
from mesms_gitops.store.shelves import PART, Shelves

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path

    from polars import DataFrame, LazyFrame

    from mesms_gitops.model.results import ResultHead
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.store.disk import Disk

FOLDER: Final = ".mesms/delivery"
"""Seen from the project's folder."""
SUFFIX: Final = ".parquet"
SEALED: Final = ".parquet.age"

_WHAT: Final = "the delivery results of a send"
_NEXT: Final = "delete this file: mesms-gitops report NAME --recipients FILE.csv reads the results anew"


def _silent(_text: str) -> None:
    pass


class ResultFolder:
    """``keep_for`` is how long after a send its results stay; zero means that none are kept."""

    def __init__(
        self,
        folder: Path,
        *,
        keep_for: timedelta,
        sealing: Sealing | None = None,
        on_warning: Callable[[str], None] = _silent,
        disk: Disk | None = None,
    ) -> None:
        """Nothing is touched yet."""
        self._shelves = Shelves(folder, folder, _WHAT, disk)
        self._keep_for = keep_for
        self._sealing = sealing or Sealing()
        self._warn = on_warning

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
        former = self._path(head.campaign, head.fingerprint)
        is_sealed = former is not None and former.name.endswith(SEALED)
        sealed = self._sealing.seal(body, was_sealed=is_sealed)
        suffix = SUFFIX if sealed is None else SEALED
        path = self._shelves.at(head.campaign, head.fingerprint + suffix)
        self._shelves.write(path, body if sealed is None else sealed)
        if former is not None and former != path:
            self._shelves.delete(former)

    # --- looking ------------------------------------------------------------------------------------------------------

    def head(self, campaign: str, fingerprint: str) -> ResultHead | None:
        """What the results of a send say of themselves; None where there are none. Raises `MesmsError`."""
        path = self._path(campaign, fingerprint)
        if path is None:
            return None
        with _legible(path):
            return self._head(path)

    def counts(self, campaign: str, fingerprint: str) -> Mapping[str, int]:
        """People by delivery state. Raises `MesmsError`, also where there are no results."""
        import polars as pl

        with self._open(campaign, fingerprint) as found:
            counted = found.group_by(STATUS).agg(pl.len()).with_columns(pl.col(STATUS).cast(pl.String)).collect()
        return dict(sorted(counted.rows()))

    def state_of(self, campaign: str, fingerprint: str, subscriber: int) -> str | None:
        """The delivery state of one person; None for whoever is not among them. Raises `MesmsError`."""
        import polars as pl

        with self._open(campaign, fingerprint) as found:
            states = found.filter(pl.col(NUMBER) == subscriber).collect()[STATUS].to_list()
        return states[0] if states else None

    def numbers(self, campaign: str, fingerprint: str, delivery_states: Collection[str]) -> Iterator[int]:
        """Whose delivery is in one of the states, ascending. Raises `MesmsError`."""
        yield from in_states(self.frame(campaign, fingerprint), delivery_states)[NUMBER]

    def frame(self, campaign: str, fingerprint: str) -> DataFrame:
        """Both columns of `result_form`, as they were written. Raises `MesmsError`, also where there are none."""
        path = self._known_path(campaign, fingerprint)
        with _legible(path):
            return whole(self._source(path))

    @contextmanager
    def _open(self, campaign: str, fingerprint: str) -> Iterator[LazyFrame]:
        path = self._known_path(campaign, fingerprint)
        with _legible(path):
            yield rows(self._source(path))

    def _known_path(self, campaign: str, fingerprint: str) -> Path:
        path = self._path(campaign, fingerprint)
        if path is None:
            raise StateUnreadable(
                f"the results of {campaign} were not read yet",
                where=str(self._shelves.at(campaign, fingerprint + SUFFIX)),
                next_step=f"mesms-gitops report {campaign} --recipients FILE.csv",
            )
        return path

    def _path(self, campaign: str, fingerprint: str) -> Path | None:
        both = (self._shelves.at(campaign, fingerprint + suffix) for suffix in (SUFFIX, SEALED))
        return next((path for path in both if path.is_file()), None)

    def _source(self, path: Path) -> Path | IO[bytes]:
        return io.BytesIO(self._sealing.open(self._shelves.read(path) or b"")) if _is_sealed(path) else path

    def _head(self, path: Path) -> ResultHead:
        head = read_head(self._source(path))
        if self._shelves.at(head.campaign, path.name) != path or not path.name.startswith(f"{head.fingerprint}."):
            raise Surprise("", "it is another send's")
        return head

    # --- taking out, deleting -----------------------------------------------------------------------------------------

    def files(self) -> tuple[Path, ...]:
        """All results, without opening any. Raises `StateError`."""
        return tuple(path for path in self._shelves.paths(SUFFIX, SEALED) if not path.name.endswith(PART))

    def take_out(self, path: Path, subscriber: int) -> ResultHead | None:
        """Remove one person from the results at ``path``; None if they never were there. Raises `MesmsError`."""
        import polars as pl

        with _legible(path):
            head = self._head(path)
            frame = whole(self._source(path))
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
        except MesmsError as error:
            self._warn(f"old delivery results are not deleted: {error.what} ({error.where}: {error.why})")
        return deleted

    def _is_over(self, path: Path, made: Mapping[str, SendRecord], now: datetime) -> bool:
        record = made.get(path.name.partition(".")[0])
        since = record.intended_at if record is not None else self._shelves.written_at(path)
        return since + self._keep_for <= now


def _is_sealed(path: Path) -> bool:
    return path.name.endswith(SEALED)


@contextmanager
def _legible(path: Path) -> Iterator[None]:
    """Where what cannot be read becomes `MesmsError` with its place."""
    import polars as pl

    try:
        yield
    except (Surprise, pl.exceptions.PolarsError) as error:
        why = error.why if isinstance(error, Surprise) else "it is damaged, or was edited"
        raise StateUnreadable("delivery results cannot be read", where=str(path), why=why, next_step=_NEXT) from error
    except MesmsError as error:
        error.where = error.where or str(path)
        raise
