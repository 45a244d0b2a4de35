"""Rows without a usable number, on request: into a file, and the first of them to stderr."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from mesms_gitops.errors import ConfigError, MesmsError
from mesms_gitops.views.rejects import HEADER, Rejected, rejects_csv, rejects_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polars import DataFrame

FIRST: Final = 20
_ROWS: Final = 10_000


class RejectLog:
    """Takes in what lists hold beside good numbers, in bounded memory; see ``RejectSink``."""

    def __init__(self, file: IO[bytes] | None, name: str = "") -> None:
        """All of it goes to ``file``, if there is one; ``name`` is what errors call it."""
        self._file = file
        self._name = name
        self._campaign = self._path = self._label = ""
        self._first: list[Rejected] = []
        self._kept = self._before = self._start = 0
        self.total = 0

    def begin(self, campaign: str, path: str, label: str) -> None:
        """See ``RejectSink``."""
        if (campaign, path) == (self._campaign, self._path):
            self._take_back()
        self._campaign, self._path, self._label = campaign, path, label
        self._kept, self._before = len(self._first), self.total
        self._start = self._file.tell() if self._file else 0

    def _take_back(self) -> None:
        """Forget what was added since the source was begun."""
        del self._first[self._kept :]
        self.total = self._before
        if self._file:
            self._file.seek(self._start)
            self._file.truncate()

    def add(self, rejects: DataFrame) -> None:
        """See ``RejectSink``. Raises `ConfigError` if the file cannot be written."""
        self.total += rejects.height
        self._first += [
            Rejected(self._campaign, self._label, *row) for row in rejects.head(FIRST - len(self._first)).iter_rows()
        ]
        if self._file:
            with _said(self._name):
                for some in rejects.iter_slices(_ROWS):
                    rows = (Rejected(self._campaign, self._label, *row) for row in some.iter_rows())
                    self._file.write(rejects_csv(rows).encode())

    def listing(self) -> str:
        """The first of them, for a person."""
        return rejects_text(self._first, self.total)


@contextmanager
def reject_log(target: Path | None, *, verbose: bool) -> Iterator[RejectLog | None]:
    """What takes in rejected rows for ``target``, which is whole when the context ends, whether in success or an error.

    ``verbose`` lists the first on stderr. None where nobody asked. Raises `ConfigError` at once for a target that
    cannot be written, or that holds something else: a list of recipients is not overwritten by a slip.
    """
    if target is None:
        log = RejectLog(None) if verbose else None
        with _shown_at_the_end(log):
            yield log
        return
    with _said(str(target)):
        _refuse_another_file(target)
        file = tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False)  # noqa: SIM115
    try:  # a temporary file is for its owner alone, and so is what it becomes
        file.write(HEADER.encode())
        log = RejectLog(file, str(target))
        try:
            with _shown_at_the_end(log if verbose else None):
                yield log
        except MesmsError:
            _finish(file, target, log)
            raise
        _finish(file, target, log)
    finally:
        file.close()
        with suppress(OSError):
            Path(file.name).unlink()


def _finish(file: IO[bytes], target: Path, log: RejectLog) -> None:
    with _said(str(target)):
        file.flush()
        file.close()
        Path(file.name).replace(target)
    what = f"{log.total:,} {'row' if log.total == 1 else 'rows'} without a usable number"
    print(f"note: {what}, masked, in {target}", file=sys.stderr, flush=True)


@contextmanager
def _shown_at_the_end(log: RejectLog | None) -> Iterator[None]:
    try:
        yield
    finally:
        if log:
            print(log.listing(), end="", file=sys.stderr, flush=True)


def _refuse_another_file(target: Path) -> None:
    if not os.path.lexists(target):
        return
    if not target.is_file():
        raise ConfigError("the reject file is no file", where=f"--rejects {target}", next_step="choose another name")
    with target.open("rb") as present:
        start = present.read(len(HEADER))
    if start and start != HEADER.encode():
        raise ConfigError(
            "the reject file would overwrite another file",
            where=f"--rejects {target}",
            why=f"it does not begin with {HEADER.strip()}",
            next_step="choose another name",
        )


@contextmanager
def _said(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            "the reject file could not be written",
            where=f"--rejects {where}",
            why=error.strerror,
            next_step="choose another file for --rejects, outside git",
        ) from error
