"""One bench a backend: where its state is, how to open it, and how to spoil it. The contract suite runs on each."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mesms_gitops.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.store.port import Store

RUNNER = Path(__file__).with_name("runner.py")


@dataclass
class Bench:
    """A place for state, empty at first. ``notes`` is everything that the stores opened here had to say.

    ``environment`` are the variables that a run needs there; whoever makes a bench sets them for this process too.
    ``commits_take``: seconds in which a run does a few commits; ``wins``: how many each of many racing runs shall do.
    """

    root: Path
    location: str
    notes: list[str] = field(default_factory=list)
    environment: Mapping[str, str] = field(default_factory=dict)
    commits_take: float = 0.05
    wins: int = 4
    runner: ClassVar[Path] = RUNNER

    def open(self) -> Store:
        """A store of its own, as another run would have it."""
        return open_store(self.location, self.root, self.notes.append, environment=os.environ)

    def body(self) -> bytes:
        """The state as it is stored."""
        raise NotImplementedError

    def spoil(self, body: bytes) -> None:
        """Put ``body`` where the state is stored, behind the back of every store."""
        raise NotImplementedError

    @contextmanager
    def run(self, verb: str, count: int = 1, me: str = "0") -> Iterator[subprocess.Popen[str]]:
        """``runner.py`` at work here, in a process of its own; killed at the end if it still lives."""
        command = [sys.executable, str(self.runner), self.location, str(self.root), verb, str(count), me]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()


class FileBench(Bench):
    """State in a file."""

    def body(self) -> bytes:
        return (self.root / self.location).read_bytes()

    def spoil(self, body: bytes) -> None:
        (self.root / self.location).write_bytes(body)


def _branch(root: Path) -> Bench:
    from .bench_git import git_bench

    return git_bench(root)


def _objects(root: Path) -> Bench:
    from .bench_objects import object_bench

    return object_bench(root)


def _journal(root: Path) -> Bench:
    from .bench_journal import JournalBench

    return JournalBench(root, ".mesms/state.json", commits_take=0.3)


def _sqlite(root: Path) -> Bench:
    from .bench_sql import sqlite_bench

    return sqlite_bench(root)


def _postgres(root: Path) -> Bench:
    from .bench_sql import postgres_bench

    return postgres_bench(root)


BENCHES = {
    "file": lambda root: FileBench(root, ".mesms/state.json"),
    "journal": _journal,
    "git": _branch,
    "s3": _objects,
    "sqlite": _sqlite,
    "postgresql": _postgres,
}
