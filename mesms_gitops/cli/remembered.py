"""What the last plan on this machine showed of each audience: sketches, no number, in a file for this user alone.

It lies in the folder that git is told to leave alone (`store.snapshots`). It only makes plans say more: where it cannot
be read or written, or was made under another key, the plan says less, and nothing fails.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mesms_gitops.planning.comparing import Remembered, remembered
from mesms_gitops.store.fields import Fields, Surprise, mapping, moment_text, parse, sketch_of_text, sketch_text
from mesms_gitops.store.snapshots import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.reconcile.prepare import Prepared

VERSION: Final = 1
_HEAD: Final = frozenset({"version", "hash_key", "campaigns"})
_ENTRY: Final = frozenset({"at", "sketch"})


class LastPlan:
    """The file of one project, under one key."""

    def __init__(self, root: Path, key: HashKey) -> None:
        """Nothing is touched yet. ``root`` is the project's folder."""
        self._file = root / FOLDER / "last-plan.json"
        self._key = key

    def read(self) -> Mapping[str, Remembered]:
        """What is remembered by campaign; nothing where there is nothing that can be used."""
        try:
            head = Fields(parse(self._file.read_bytes()), "", required=_HEAD, optional=frozenset())
            if head.whole("version") != VERSION or head.text("hash_key") != self._key.identity:
                return {}
            return {name: _entry(value, name) for name, value in mapping(head.raw("campaigns"), "campaigns").items()}
        except (OSError, Surprise):
            return {}

    def remember(self, prepared: Prepared) -> None:
        """Let the next plan be held against this one, if the file can be written."""
        campaigns = remembered(prepared.plan, prepared.situation.wanted, self.read())
        tree = {
            "version": VERSION,
            "hash_key": self._key.identity,
            "campaigns": {
                name: {"at": moment_text(each.at), "sketch": sketch_text(each.sketch)}
                for name, each in sorted(campaigns.items())
            },
        }
        with suppress(OSError):
            self._prepare()
            self._install(json.dumps(tree, ensure_ascii=False, indent=2).encode() + b"\n")

    def _prepare(self) -> None:
        """The folder, for this user alone, and the word to git."""
        folder = self._file.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
        with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8", newline="\n") as ignore:
            ignore.write("*\n")

    def _install(self, body: bytes) -> None:
        temporary = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(body)
            temporary.replace(self._file)
        finally:
            with suppress(OSError):
                temporary.unlink()


def _entry(value: object, name: str) -> Remembered:
    found = Fields(value, f"campaigns.{name}", required=_ENTRY, optional=frozenset())
    return Remembered(sketch_of_text(found.text("sketch"), found.at("sketch")), found.moment("at"))
