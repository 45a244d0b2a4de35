"""Results in a folder: one Parquet file a send (`result_form`), encrypted where snapshots are.

A file is named for its send and for a digest of its bytes, so that damage is seen before anything reads it.

They hold phone numbers (see `shelves`) and go when the snapshot of their send goes. Whoever calls holds the state's
lock; a reader need not, since a file is replaced as a whole.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import replace
from glob import escape
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import MesmsError, StateUnreadable
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.result_form import NUMBER, STATUS, in_states, packed, read_head, rows
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
        former = self._paths(head.campaign, head.fingerprint)
        sealed = self._sealing.seal(body, was_sealed=any(map(_is_sealed, former)))
        found = body if sealed is None else sealed
        name = f"{head.fingerprint}.{_digest(found)}{SUFFIX if sealed is None else SEALED}"
        path = self._shelves.at(head.campaign, name)
        self._shelves.write(path, found)
        for each in former:
            if each != path:
                self._shelves.delete(each)

    # --- looking ------------------------------------------------------------------------------------------------------

    def head(self, campaign: str, fingerprint: str) -> ResultHead | None:
        """What the results of a send say of themselves; None where there are none. Raises `MesmsError`."""
        paths = self._paths(campaign, fingerprint)
        if not paths:
            return None
        with _legible(paths[0]):
            return self._head(paths[0], self._body(paths[0]))

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
        """Both columns of `result_form`. Raises `MesmsError`, also where there are no results."""
        with self._open(campaign, fingerprint) as found:
            return found.collect()

    @contextmanager
    def _open(self, campaign: str, fingerprint: str) -> Iterator[LazyFrame]:
        paths = self._paths(campaign, fingerprint)
        if not paths:
            raise StateUnreadable(
                f"the results of {campaign} were not read yet",
                where=str(self._shelves.at(campaign, fingerprint)),
                next_step=f"mesms-gitops report {campaign} --recipients FILE.csv",
            )
        with _legible(paths[0]):
            yield rows(io.BytesIO(self._body(paths[0])))

    def _paths(self, campaign: str, fingerprint: str) -> list[Path]:
        """The files of a send, the newest first: after a crash there may be two."""
        shelf = self._shelves.at(campaign, "")
        found = [path for path in shelf.glob(f"{escape(fingerprint)}.*") if path.name.endswith((SUFFIX, SEALED))]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)

    def _body(self, path: Path) -> bytes:
        """The Parquet file, opened, and never one that is not as it was written. Raises `Surprise`, `MesmsError`."""
        stored = self._shelves.read(path) or b""
        # a damaged file may bring polars down instead of raising an error
        if path.name.split(".")[1] != _digest(stored):
            raise Surprise("", "its digest is not the one in its name: it is damaged, cut short, or was edited")
        return self._sealing.open(stored) if _is_sealed(path) else stored

    def _head(self, path: Path, body: bytes) -> ResultHead:
        head = read_head(io.BytesIO(body))
        if self._shelves.at(head.campaign, path.name) != path or not path.name.startswith(f"{head.fingerprint}."):
            raise Surprise("", "it is another send's")
        return head

    # --- taking out, deleting -----------------------------------------------------------------------------------------

    def files(self) -> tuple[Path, ...]:
        """All results, without opening any. Raises `StateError`."""
        return tuple(path for path in self._shelves.paths(SUFFIX, SEALED) if not path.name.endswith(PART))

    def take_out(self, path: Path, subscriber: int) -> ResultHead | None:
        """Remove one person from the results at ``path``; None if they are not there. Raises `MesmsError`."""
        import polars as pl

        newest = next(iter(self._paths(path.parent.name, path.name.partition(".")[0])), path)
        if path != newest:
            self._shelves.delete(path)  # an older one of the same send, which a crash left
            return None
        with _legible(path):
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
        except MesmsError as error:
            self._warn(f"old delivery results are not deleted: {error.what} ({error.where}: {error.why})")
        return deleted

    def _is_over(self, path: Path, made: Mapping[str, SendRecord], now: datetime) -> bool:
        record = made.get(path.name.partition(".")[0])
        since = record.intended_at if record is not None else self._shelves.written_at(path)
        return since + self._keep_for <= now


def _digest(stored: bytes) -> str:
    return blake2b(stored, digest_size=8).hexdigest()


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
