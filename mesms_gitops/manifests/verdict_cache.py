"""Verdicts of an earlier run, known by content: a file of one user's that may be lost, damaged or deleted at any time.

It stands among the user's caches, never in the project: what a pull request brings along must not be able to say what
is valid there. Nothing that is sent rests on it: `plan` and `apply` read every manifest in full.

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
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops import __version__
from mesms_gitops.manifests.text_file import digest_of
from mesms_gitops.manifests.verdicts import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


class VerdictCache:
    """The file of one project. ``folder`` is made when something is written."""

    def __init__(self, folder: str, root: str, project_text: bytes) -> None:
        self._folder = folder
        self._path = os.path.join(folder, f"validate-{digest_of(os.fsencode(root))[:16]}.json")
        self._key = _key(root, project_text)

    def read(self) -> Memory | None:
        """What is remembered; None where nothing is that can be used."""
        try:
            with open(self._path, "rb") as file:
                body = file.read()
            seal, _, rest = body.partition(b"\n")
            key, _, text = rest.partition(b"\n")
            if key.decode() != self._key or seal.decode() != digest_of(rest):
                return None
            memory = _memory(json.loads(text))
        except (OSError, ValueError):
            return None
        return memory if all(zone_digest(name) == known for name, known in memory.zones.items()) else None

    def write(self, memory: Memory) -> None:
        """Put ``memory`` in place of what stands there, or leave it."""
        rest = f"{self._key}\n{json.dumps(_tree(memory), ensure_ascii=False, separators=(',', ':'))}".encode()
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


def _key(root: str, project_text: bytes) -> str:
    digest = hashlib.sha256()
    for part in (str(FORMAT), __version__, sys.version, root, *_installed()):
        digest.update(os.fsencode(part) + b"\0")
    for body in (project_text, *_own_code()):
        digest.update(hashlib.sha256(body).digest())
    return digest.hexdigest()


def _installed() -> Iterator[str]:
    """Every distribution on the path with its version: the name of the folder that describes it."""
    for folder in sys.path:
        with suppress(OSError):
            yield from sorted(name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info")))


def _own_code() -> Iterator[bytes]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for room in _ROOMS:
        for folder, inner, names in os.walk(os.path.join(package, room)):
            inner.sort()
            for name in sorted(names):
                if name.endswith(".py"):
                    with open(os.path.join(folder, name), "rb") as file:
                        yield file.read()


def zone_digest(name: str) -> str:
    """The rules of a time zone, as the system has them; those of the package ``tzdata`` are known by its version."""
    import zoneinfo

    for folder in zoneinfo.TZPATH:
        with suppress(OSError, ValueError), open(os.path.join(folder, name), "rb") as file:
            return digest_of(file.read())
    return "tzdata"
