"""The names of files of results: the send, a digest of the bytes, and whether they are in doubt or encrypted."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from mesms_gitops.model.results import ResultHead

SUFFIX: Final = ".parquet"
SEALED: Final = ".parquet.age"
DOUBTFUL: Final = ".doubtful"
"""Before the ending of a file whose head has doubts."""


def name_of(head: ResultHead, stored: bytes, *, is_sealed: bool) -> str:
    """What the file of ``stored`` is called."""
    mark = DOUBTFUL if head.doubts else ""
    return f"{head.fingerprint}.{digest_of(stored)}{mark}{SEALED if is_sealed else SUFFIX}"


def digest_of(stored: bytes) -> str:
    """What tells damage from what was written."""
    return blake2b(stored, digest_size=8).hexdigest()


def digest_in(path: Path) -> str:
    """The digest of the bytes that were written there."""
    return path.name.split(".")[1]


def fingerprint_in(path: Path) -> str:
    """The send that the results are of."""
    return path.name.partition(".")[0]


def is_doubtful(path: Path) -> bool:
    """Whether what is there has doubts, as can be told without opening it."""
    return DOUBTFUL in path.suffixes


def is_sealed(path: Path) -> bool:
    """Whether it is encrypted."""
    return path.name.endswith(SEALED)
