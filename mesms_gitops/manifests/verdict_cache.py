"""Verdicts of an earlier run, known by content: a file of one user's that may be lost, damaged or deleted at any time.

It stands among the user's caches, never in the project: what a pull request brings along must not be able to say what
is valid there. Nothing that is sent rests on it: `apply` reads every manifest in full, and `plan` all but those of
finished campaigns that are as they were sent.

The first line is the digest of the rest, the second the key: a digest over everything besides the manifests that a
verdict depends on. Where either is another, there is no cache. Damage and foreign versions are ignored in silence, and
so is a folder that cannot be written.
"""

# ruff: noqa: PTH100, PTH103, PTH118, PTH120, PTH123, PTH208
# every millisecond counts here, and Path objects cost some

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops import __version__
from mesms_gitops.manifests.text_file import digest_of
from mesms_gitops.manifests.verdicts import Gist, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FORMAT: Final = 1
_ROOMS: Final = ("manifests", "audience", "planning", "model")
"""Where the code is that verdicts come from."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered.

    ``project`` is what must be known of mesms.yaml without reading it; ``zones`` the time zones that were asked, each
    with the digest of its rules; ``sent`` what the state at ``location``, of the digest ``state``, had sent;
    ``history`` the stamp of the git history in which files were looked up.
    """

    project: Mapping[str, Any]
    zones: Mapping[str, str]
    location: str
    state: str | None = None
    sent: frozenset[str] = frozenset()
    history: str | None = None
    rows: Mapping[str, Row] = field(default_factory=dict)


class Sealed:
    """One file of a project's in ``folder``, which is made when something is written. ``kind`` is whose file it is;
    ``more`` is whatever else its content depends on."""

    def __init__(self, folder: str, kind: str, root: str, project_text: bytes, more: str = "") -> None:
        self._folder = folder
        self._path = os.path.join(folder, f"{kind}-{digest_of(os.fsencode(root))[:16]}.json")
        self._key = _key(root, project_text, more)

    def read(self) -> Any:
        """The tree that was written; None where none is that can be used."""
        try:
            with open(self._path, "rb") as file:
                body = file.read()
            seal, _, rest = body.partition(b"\n")
            key, _, text = rest.partition(b"\n")
            if key.decode() != self._key or seal.decode() != digest_of(rest):
                return None
            return json.loads(text)
        except (OSError, ValueError):
            return None

    def write(self, tree: object) -> None:
        """Put ``tree`` in place of what stands there, or leave it."""
        text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
        rest = f"{self._key}\n{text}".encode()
        temporary = f"{self._path}.{os.getpid()}"
        with suppress(OSError):
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            try:
                with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(digest_of(rest).encode() + b"\n" + rest)
                os.replace(temporary, self._path)  # noqa: PTH105
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(temporary)  # noqa: PTH108


class VerdictCache:
    """What `validate` remembers of one project."""

    def __init__(self, folder: str, root: str, project_text: bytes) -> None:
        self._file = Sealed(folder, "validate", root, project_text)

    def read(self) -> Memory | None:
        """What is remembered; None where nothing is that can be used."""
        tree = self._file.read()
        memory = None if tree is None else _memory(tree)
        return memory if memory is not None and are_zones(memory.zones) else None

    def write(self, memory: Memory) -> None:
        """Put ``memory`` in place of what stands there, or leave it."""
        self._file.write(_tree(memory))


class PlanCache:
    """What `plan` remembers of one project's manifests, whose digests are made with the key named ``identity``."""

    def __init__(self, folder: str, root: str, project_text: bytes, identity: str) -> None:
        self._file = Sealed(folder, "plan", root, project_text, identity)
        self._zones: dict[str, str] = {}

    @property
    def zones(self) -> Mapping[str, str]:
        """The time zones that were asked, with the digests of their rules: as they were last read or written."""
        return self._zones

    def read(self) -> dict[str, tuple[Row, Gist]]:
        """The rows and gists by file; empty where nothing is remembered that can be used."""
        tree = self._file.read()
        if tree is None or not are_zones(tree["zones"]):
            return {}
        self._zones = tree["zones"]
        return {name: (Row._make(row), Gist._make(gist)) for name, (row, gist) in tree["rows"].items()}

    def write(self, rows: Mapping[str, tuple[Row, Gist]], zones: Iterable[str]) -> None:
        """Put ``rows`` in place of what stands there, or leave it; ``zones`` are asked besides those of before."""
        self._zones = {name: zone_digest(name) for name in sorted({*self._zones, *zones})}
        self._file.write({"zones": self._zones, "rows": rows})


def are_zones(known: Mapping[str, str]) -> bool:
    """Whether the rules of all these time zones still are the ones ``known``."""
    return all(zone_digest(name) == digest for name, digest in known.items())


def _tree(memory: Memory) -> dict[str, Any]:
    return {
        "project": memory.project,
        "zones": memory.zones,
        "location": memory.location,
        "state": memory.state,
        "sent": sorted(memory.sent),
        "history": memory.history,
        "rows": memory.rows,
    }


def _memory(tree: dict[str, Any]) -> Memory:
    rows = {name: Row._make(row) for name, row in tree["rows"].items()}
    return Memory(**{**tree, "sent": frozenset(tree["sent"]), "rows": rows})


# --- the key ----------------------------------------------------------------------------------------------------------


def _key(root: str, project_text: bytes, more: str) -> str:
    digest = hashlib.sha256()
    for part in (str(FORMAT), __version__, sys.version, root, more, *_installed()):
        digest.update(os.fsencode(part) + b"\0")
    for body in (project_text, _own_code()):
        digest.update(hashlib.sha256(body).digest())
    return digest.hexdigest()


def _installed() -> Iterator[str]:
    """Every distribution on the path with its version: the name of the folder that describes it."""
    for folder in sys.path:
        with suppress(OSError):
            yield from sorted(name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info")))


@cache
def _own_code() -> bytes:
    """A digest over it: what runs here is read once, for all caches."""
    digest = hashlib.sha256()
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for room in _ROOMS:
        for folder, inner, names in os.walk(os.path.join(package, room)):
            inner.sort()
            for name in sorted(names):
                if name.endswith(".py"):
                    with open(os.path.join(folder, name), "rb") as file:
                        digest.update(hashlib.sha256(file.read()).digest())
    return digest.digest()


def zone_digest(name: str) -> str:
    """The rules of a time zone, as the system has them; those of the package ``tzdata`` are known by its version."""
    import zoneinfo

    for folder in zoneinfo.TZPATH:
        with suppress(OSError, ValueError), open(os.path.join(folder, name), "rb") as file:
            return digest_of(file.read())
    return "tzdata"
