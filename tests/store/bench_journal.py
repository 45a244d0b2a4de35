"""State in a file that has a journal however small it is: from the first commit under the lock on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mesms_gitops.store.file import FileStore

from .benches import FileBench

if TYPE_CHECKING:
    from mesms_gitops.store.port import Store


class JournalBench(FileBench):
    """The same place; its processes are started by ``journal_runner.py``."""

    runner: ClassVar[Path] = Path(__file__).with_name("journal_runner.py")

    def open(self) -> Store:
        return FileStore(self.root / self.location, on_note=self.notes.append, journal_from=0)
