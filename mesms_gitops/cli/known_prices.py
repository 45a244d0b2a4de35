"""What ME-SMS asked for messages, remembered for this user: so that a plan asks no preview twice within the hour.

An answer is known by everything it follows from: the address of the API, the key that asked, and the fingerprints of
all sends it is about, which cover every text, everybody, the sender and the time. Where only ME-SMS knows the text (a
saved template) or the people (a contact group), nothing here could tell that they changed, so it is always asked.

Answers that were not what had been estimated are kept longer, by the kind of message and without its people: where
nobody can be asked, they correct the estimate.

The file lies among the user's caches, for this user alone. It holds keyed digests and figures: no number, no text, no
API key. Its first line is a keyed digest of the rest: damage, and another key, are as if nothing was remembered.
Nothing that is sent rests on it: `apply` asks for every price, and only adds what it learns.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.cli.caches import cache_folder
from mesms_gitops.model.numbers import keyed_digest
from mesms_gitops.model.observation import Quote
from mesms_gitops.model.sends import TextContent
from mesms_gitops.planning.cost import differs

if TYPE_CHECKING:
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.planning.cost import CostClass

FOLDER: Final = "prices"
KEPT_FOR: Final = 3600
"""Seconds an answer holds."""
LEARNED_FOR: Final = 30 * 24 * 3600
"""Seconds that is remembered which was not as estimated."""
MOST: Final = 20_000
"""Answers kept, the newest."""

_Entry = tuple[int, int, int, float]
"""Parts, recipients, credits, and when that was said (seconds since 1970)."""


class KnownPrices:
    """Implements `reconcile.ports.Prices` with one file a project, read when it is first asked, written by `keep`."""

    def __init__(self, place: Workplace, key: HashKey, *, may_recall: bool) -> None:
        """``may_recall``: whether an answer may come from an earlier run. Nothing is touched yet."""
        folder = cache_folder()
        name = keyed_digest(key.secret, b"prices", os.fsencode(place.project.root))[:16]
        self._file = Path(folder, FOLDER, f"{name}.json") if folder else None
        self._secret = key.secret
        self._may_recall = may_recall
        self._now = place.clock.now().timestamp()
        self._base_url = place.project.api.base_url
        self._answers: dict[str, _Entry] = {}
        self._learned: dict[str, _Entry] = {}
        self._is_read = self._is_changed = False

    def known(self, found: CostClass) -> Quote | None:
        """See `Prices`."""
        self._read()
        entry = self._answers.get(self._question(found)) if self._may_recall and _is_told_here(found) else None
        return Quote(*entry[:3]) if entry else None

    def learn(self, found: CostClass, quote: Quote) -> None:
        """See `Prices`."""
        self._read()
        entry = (quote.parts, quote.recipients, quote.credits, self._now)
        if _is_told_here(found):
            self._answers[self._question(found)] = entry
            self._is_changed = True
        if differs(found, quote):
            self._learned[self._kind(found)] = entry
            self._is_changed = True
        elif self._learned.pop(self._kind(found), None):
            self._is_changed = True

    def learned(self, found: CostClass) -> Quote | None:
        """See `Prices`."""
        self._read()
        entry = self._learned.get(self._kind(found))
        return Quote(*entry[:3]) if entry else None

    def keep(self) -> None:
        """Write down what was learned, if anything was and it can be written."""
        if self._file is None or not self._is_changed:
            return
        newest = sorted(self._answers.items(), key=lambda item: item[1][3])[-MOST:]
        body = json.dumps({"answers": dict(newest), "learned": self._learned}, sort_keys=True).encode()
        temporary = self._file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._file.parent.stat().st_mode & 0o077:
                self._file.parent.chmod(0o700)
            try:
                with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123  only os.open sets the mode at birth
                    file.write(self._seal(body) + b"\n" + body)
                temporary.replace(self._file)
            finally:
                temporary.unlink(missing_ok=True)

    def _read(self) -> None:
        if self._is_read or self._file is None:
            return
        self._is_read = True
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            seal, _, body = self._file.read_bytes().partition(b"\n")
            if seal == self._seal(body):
                tree = json.loads(body)
                answers, learned = self._fresh(tree["answers"], KEPT_FOR), self._fresh(tree["learned"], LEARNED_FOR)
                self._answers, self._learned = answers, learned

    def _fresh(self, tree: Any, kept_for: int) -> dict[str, _Entry]:
        """Those that still hold; a clock that was put back makes them void too."""
        entries = ((name, (int(p), int(r), int(c), float(at))) for name, (p, r, c, at) in tree.items())
        return {name: entry for name, entry in entries if 0 <= self._now - entry[3] < kept_for}

    def _seal(self, body: bytes) -> bytes:
        return keyed_digest(self._secret, b"prices sealed", body).encode()

    def _question(self, found: CostClass) -> str:
        account = keyed_digest(self._secret, b"api key", os.environ.get("MESMS_API_KEY", "").encode())
        return self._digest(b"price asked", self._base_url, account, *found.fingerprints)

    def _kind(self, found: CostClass) -> str:
        return self._digest(b"price learned", self._base_url, *map(str, found.kind))

    def _digest(self, purpose: bytes, *parts: str) -> str:
        return keyed_digest(self._secret, purpose, json.dumps(parts).encode())


def _is_told_here(found: CostClass) -> bool:
    """Whether the fingerprints cover everything that the price follows from."""
    return all(send.group_id is None and isinstance(send.content, TextContent) for send in found.sends)
