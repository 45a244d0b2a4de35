"""A zip for a bug report: what was found, the shapes of answers, versions, the settings; nobody's number, text or name.

Three rounds see to that: the values of answers are never kept (`api.witness`), lines hide what is private
(`CheckLine.private`) and settings are shown by their kind (`manifests.masked`); last, every word that only this project
can know is looked for in each file and struck out.
"""

from __future__ import annotations

import io
import json
import platform
import re
import zipfile
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mesms_gitops import __version__
from mesms_gitops.cli.whole_file import no_file_at, put_whole
from mesms_gitops.errors import ConfigError
from mesms_gitops.model.doctor import HIDDEN
from mesms_gitops.model.project import DEFAULT_BASE_URL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mesms_gitops.model.doctor import Examination
    from mesms_gitops.model.project import Project
    from mesms_gitops.model.state import State

_OWNER_ONLY: Final = 0o600
PACKAGES: Final = (
    "click",
    "httpx2",
    "jinja2",
    "narwhals",
    "polars",
    "pydantic",
    "rich",
    "ruamel.yaml",
    "stamina",
    "tzdata",
)
_MEMBERS: Final = ("README.txt", "doctor.json", "versions.json", "mesms.yaml")
"""By these an earlier bundle is known, which a new one may replace."""
_ABOUT: Final = """\
Made by `mesms-gitops doctor --bundle`. Look through it before you send it to anybody.

doctor.json    each line of doctor, with names, paths and hosts struck out; keys and kinds of answers, no values
versions.json  this program, Python, the system, the libraries
mesms.yaml     the project file: its keys, and values that say nothing about who sends what to whom

Not in it: API key, MESMS_HASH_KEY, phone numbers, texts, campaigns, senders, hosts, paths, state.
"""
_SHORTEST: Final = 3
_DIGITS: Final = re.compile(r"(?<![0-9A-Fa-f])(?:\+?66|0)[0-9][0-9 -]{6,10}[0-9](?![0-9A-Fa-f])")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Words that only this project can know, the longest first."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, project: Project, state: State | None, given: Iterable[str | None], senders: Iterable[str]) -> Secrets:
        """From the project and what is recorded; ``given`` are keys and such from the environment."""
        words = {*given, *senders, str(project.root), project.state, *(project.policy.senders or ())}
        words |= {*(project.policy.links or ()), *project.campaigns}
        if project.api.base_url != DEFAULT_BASE_URL:
            words |= {
                project.api.base_url,
                urlsplit(project.api.base_url).netloc,
                urlsplit(project.api.base_url).hostname,
            }
        for name, record in state.campaigns.items() if state is not None else ():
            words |= {name, record.file, *(send.sender for send in record.sends), *(send.uuid for send in record.sends)}
        if state is not None:
            words |= {state.lineage, state.hash_key}
        kept = {word for word in words if word and len(word) >= _SHORTEST and word not in ("lineage", "campaigns/")}
        return cls(tuple(sorted(kept, key=lambda word: (-len(word), word))))

    def struck(self, text: str) -> str:
        """``text`` without them, and without anything that reads like a phone number."""
        for word in self.words:
            text = text.replace(word, HIDDEN).replace(json.dumps(word)[1:-1], HIDDEN)
        return _DIGITS.sub(HIDDEN, text)


def write_bundle(file: Path, examination: Examination, project: Project, secret: Secrets) -> None:
    """Write ``file`` as a whole, for this user alone. Raises `ConfigError`, also for what `refuse_another` refuses."""
    from mesms_gitops.manifests.masked import masked_project
    from mesms_gitops.views.doctor_json import doctor_json

    texts = (
        _ABOUT,
        secret.struck(doctor_json(examination.scrubbed(), __version__)),
        json.dumps(versions(), indent=2) + "\n",
        secret.struck(masked_project(project.root / project.file)),
    )
    parts = dict(zip(_MEMBERS, texts, strict=True))
    refuse_another(file)  # once more: the looking may take long
    try:
        put_whole(file, _zipped(parts), _OWNER_ONLY)
    except OSError as error:
        raise _not_written(file, error.strerror) from error


def refuse_another(file: Path) -> None:
    """Raise `ConfigError` where something stands at ``file`` that is neither an earlier bundle nor an empty file."""
    try:
        wrong = no_file_at(file)
        if wrong is None and file.exists() and file.stat().st_size and not _is_bundle(file):
            wrong = "this file holds something else than an earlier bundle; it is as it was"
    except OSError as error:
        raise _not_written(file, error.strerror) from error
    if wrong is not None:
        raise _not_written(file, wrong)


def _is_bundle(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist() == list(_MEMBERS)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False


def _not_written(file: Path, why: str | None) -> ConfigError:
    return ConfigError(
        "the bundle could not be written",
        where=str(file),
        why=why,
        next_step="name another file for --bundle, such as doctor.zip",
    )


def versions() -> dict[str, str | None]:
    """What this runs on: no host, no user."""
    found: dict[str, str | None] = {
        "mesms-gitops": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
    }
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _zipped(parts: Mapping[str, str]) -> bytes:
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in parts.items():
                # without a date of their own the members carry 1980
                archive.writestr(zipfile.ZipInfo(name), text)
        return stream.getvalue()
