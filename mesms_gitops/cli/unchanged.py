"""What `plan` said when nothing was to be done, said again while nothing it was made from has changed.

Only a plan whose campaigns have all left and that found nothing odd is remembered, as the text it was. Known again are
the project file and this program by their bytes or versions; manifests, the files they rest on, state and emergency
stop by their stamps: device, inode, size and both times, to the nanosecond. A stamp is trusted where the file was last
touched seconds before that plan began: any later touch then moves a time, the one that nobody can set included. The
account is asked for its balance as ever, which also shows that the key is good; git, where the work tree stands.

Nothing that is sent rests on this: `apply` reads everything.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.cli.caches import cache_folder
from mesms_gitops.cli.history import head_commit
from mesms_gitops.cli.terminal import Teller, Terminal
from mesms_gitops.manifests.discover import Entry, campaign_files, project_file_above
from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.verdict_cache import Sealed, are_zones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.model.project import ApiSettings

KIND: Final = "nothing-to-do"
SETTLED: Final = 3.0
"""Seconds: the coarsest clock of a filesystem in use (FAT) ticks every two."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One plan of one project, asked for in one way. ``began`` is in seconds since 1970."""

    root: Path
    text: bytes
    asked: str
    began: float
    file: Sealed

    @classmethod
    def of(cls, chdir: str | None) -> Occasion | None:
        """None where there is no project, or no place for caches: then everything is as if this did not exist."""
        began, folder = time.time(), cache_folder()
        project = project_file_above(Path(chdir) if chdir else Path.cwd())
        if folder is None or project is None:
            return None
        try:
            text = project.read_bytes()
        except OSError:
            return None
        asked = repr((Terminal.of_process(), _environment(), _program()))
        return cls(project.parent, text, asked, began, Sealed(folder, KIND, str(project.parent), text, asked))

    def said(self) -> str | None:
        """What that plan said, if it would say the same now. Raises what asking the account for its balance raises."""
        known = self.file.read()
        if known is None or known["since"] > self.began or not are_zones(known["zones"]):
            return None
        seen = stamped(self.root, known["entries"], known["beside"])
        if seen is None or seen[0] != known["stamps"] or head_commit(self.root) != known["commit"]:
            return None
        balance, now = _asked(known["api"], self.root)
        if balance != known["balance"] or now < known["due"]:
            return None
        said: str = known["said"]
        return said

    def remember(self, made: Remembered) -> None:
        """Keep ``made`` for the next plan, unless a file was touched so lately that its stamp says nothing yet."""
        seen = stamped(self.root, made.entries, made.beside)
        if seen is not None and seen[1] < (self.began - SETTLED) * 1e9:
            api = [made.api.base_url, made.api.requests_per_second, made.api.timeout]
            self.file.write(
                {
                    "since": self.began,
                    "zones": made.zones,
                    "entries": list(made.entries),
                    "beside": list(made.beside),
                    "stamps": seen[0],
                    "commit": made.commit,
                    "api": api,
                    "balance": made.balance,
                    "due": made.due,
                    "said": made.said,
                }
            )


@dataclass(frozen=True, slots=True)
class Remembered:
    """A plan that had nothing to do, and all it was made from beside what an `Occasion` knows of itself.

    ``entries`` are the folders and patterns of manifests, ``beside`` every other file that was read, or looked for and
    not found; ``zones`` the time zones with their rules' digests; ``due`` is when the last of the
    campaigns was, in seconds since 1970: a clock that stands before that makes another plan.
    """

    said: str
    entries: Sequence[str]
    beside: Sequence[str]
    zones: dict[str, str]
    commit: str | None
    balance: int
    due: float
    api: ApiSettings


def _environment() -> tuple[object, ...]:
    """Everything in the environment that a plan depends on; of secrets only what they are known by."""
    secret = os.environ.get("MESMS_HASH_KEY", "")
    known_by = blake2b(secret.encode("utf-8", "surrogateescape"), digest_size=16, person=b"nothing to do").hexdigest()
    names = ("MESMS_STATE", "MESMS_BASE_URL", "MESMS_AGE_IDENTITY_FILE", "TZ", "PYTHONTZPATH", "LANG", "LC_ALL")
    return known_by if secret else "", *(os.environ.get(name) for name in names)


def _program() -> str:
    """Every file of this program by its stamp: `Sealed` reads only the rooms that verdicts come from."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - every ms counts
    digest = blake2b(digest_size=16)
    for folder, inner, names in os.walk(package):
        inner[:] = sorted(name for name in inner if name != "__pycache__")
        for name in sorted(names):
            found = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - as above
            digest.update(f"{folder}/{name} {found.st_size} {found.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def stamped(root: Path, entries: Sequence[str], beside: Sequence[str]) -> tuple[str, int] | None:
    """A digest over every manifest of ``entries`` and every file ``beside``, and when one was last touched, in ns.

    None where the manifests are not simply there: something is to be said about them.
    """
    findings = Findings()
    files = campaign_files(root, [Entry(pattern, None) for pattern in entries], findings)
    if findings.items:
        return None
    digest = blake2b(digest_size=20)
    newest = 0
    for path in (*(file.path for file in files), *(str(root / name) for name in beside)):
        try:
            found = os.stat(path)  # noqa: PTH116 - ten thousand of them
        except FileNotFoundError:
            digest.update(f"{path}\0none\0".encode("utf-8", "surrogateescape"))
            continue
        except OSError:
            return None
        newest = max(newest, found.st_mtime_ns, found.st_ctime_ns)
        stamp = (found.st_mode, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        digest.update(f"{path}\0{stamp}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest(), newest


def _asked(api: Any, root: Path) -> tuple[int, float]:
    """The balance, and the server's clock."""
    from mesms_gitops.cli.wiring import client
    from mesms_gitops.model.project import ApiSettings, Project

    settings = ApiSettings(*api)
    with client(Project(root, "", "", api=settings), Teller(Terminal.of_process(), verbose=False)) as account:
        balance = account.balance()
        now = account.server_time()
    return balance, time.time() if now is None else now.timestamp()
