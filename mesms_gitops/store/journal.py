"""The journal of a state file: one line for each commit since that file was written, as bytes and back.

A line is a checksum, a space, one JSON document, a newline. The checksum covers the one before it, so no line can be
left out, moved or put in. The first line names the file the journal goes with: its lineage, its serial, its SHA-256.
While it does, that file says version 2 and ``"journal": true``: a mesms-gitops that knows no journals refuses it as
newer than itself, instead of taking it for all there is. A file of version 1 is whole; a journal beside it is spent.

Nothing is skipped on a guess. What may be missing is the end of the last line: the commit that wrote it never returned.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING

from mesms_gitops.model.state import STATE_VERSION
from mesms_gitops.store.fields import Fields, Surprise, items, mapping, parse, quoted, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = 1
OPEN_VERSION = STATE_VERSION + 1
"""What a state file says while a journal goes with it: no other form of a state has this version."""
MARK = "journal"
_OPEN_END = f'  "version": {OPEN_VERSION}\n}}\n'.encode()
_HEADER = frozenset({MARK, "lineage", "serial", "state"})
_CHANGES = frozenset({"head", "campaigns"})
_HEAD = frozenset({"approval", "hash_key", "suppressed"})
_BESIDE = "sends", "gone", "kept"

SendKey = tuple[int, str]


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Chain:
    """Makes lines, each sealed with all that stand before it."""

    def __init__(self) -> None:
        self._last = b""

    def first(self, body: bytes, lineage: str, serial: int) -> bytes:
        """The line that a journal beside the state file ``body`` begins with."""
        return self.line({MARK: FORM, "lineage": lineage, "serial": serial, "state": sha256(body).hexdigest()})

    def line(self, tree: Mapping[str, object]) -> bytes:
        """The next line. Raises `UnicodeEncodeError` for half a surrogate pair."""
        written = json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
        self._last = _checksum(self._last, written)
        return self._last + b" " + written + b"\n"


def _checksum(before: bytes, written: bytes) -> bytes:
    return blake2b(before + b" " + written, digest_size=16).hexdigest().encode("ascii")


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal says. ``serial`` and ``digest`` are of the file it goes with, ``commits`` what came after it."""

    lineage: str
    serial: int
    digest: str
    commits: tuple[object, ...]

    @property
    def newest(self) -> int:
        """The serial of the last commit in it."""
        return self.serial + len(self.commits)


def is_open(body: bytes) -> bool:
    """Whether ``body``, a state file that can be read, goes with a journal: such a one is as it was written."""
    return body.endswith(_OPEN_END)


def read_journal(body: bytes) -> Journal:
    """What stands in ``body``; a last line that is not all there is left out. Raises `Surprise`."""
    *lines, rest = body.split(b"\n")
    trees: list[object] = []
    last = b""
    for number, line in enumerate(lines, 1):
        last, tree = _line(line, last, number)
        trees.append(tree)
    if (tree := _rest(rest, last, len(lines) + 1)) is not None:
        trees.append(tree)
    if not trees:
        raise _damaged(1)
    head = Fields(trees[0], MARK, required=_HEADER, optional=frozenset())
    if head.whole(MARK) != FORM:
        raise Surprise(MARK, f"form {quoted(head.raw(MARK))} of a journal is not known here", "upgrade mesms-gitops")
    found = Journal(head.text("lineage"), head.whole("serial"), head.text("state"), tuple(trees[1:]))
    for number, tree in enumerate(found.commits, 1):
        if mapping(tree, MARK).get("serial") != found.serial + number:
            raise _damaged(number + 1)
    return found


def _line(line: bytes, before: bytes, number: int) -> tuple[bytes, object]:
    seal, _, written = line.partition(b" ")
    if seal != _checksum(before, written):
        raise _damaged(number)
    return seal, parse(written)


def _rest(rest: bytes, before: bytes, number: int) -> object | None:
    """What the last line says if all of it is there but its newline; None if it is cut short. Raises `Surprise`."""
    seal, _, written = rest.partition(b" ")
    if seal == _checksum(before, written):
        return parse(written)
    try:
        json.JSONDecoder().raw_decode(written.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    raise _damaged(number)  # no document begins with a shorter one: this was whole, and is not what was written


def _damaged(number: int) -> Surprise:
    return Surprise(
        f"{MARK}, line {number}",
        "its checksum is not that of what it says: it was edited, or damaged after it was written",
        "keep copies of the state, its .backup and its .journal, and restore that line from a copy of your own; if the "
        "machine lost power in that commit and the line is the last one, delete that line",
    )


def folded(tree: object, body: bytes, journal: bytes | None) -> object:
    """``tree``, which the state file ``body`` holds, with every commit of the ``journal`` beside it; None: none is.

    A journal whose commits the file holds already is spent and changes nothing, and so does one without commits.
    Raises `Surprise` for any other that does not go with the file, and where the file's own journal is gone.
    """
    opened = isinstance(tree, dict) and tree.get("version") == OPEN_VERSION and tree.get(MARK) is True
    if journal is None:
        if opened:
            raise Surprise(
                MARK,
                "the newest commits stand in its .journal, and that is gone",
                "bring the .journal back that stood beside it; without it, nobody knows what was sent last",
            )
        return tree
    found = read_journal(journal)
    if not isinstance(tree, dict):
        return tree
    if opened:
        _check_own(tree, body, found)
        return _replayed(tree, found)
    if found.commits:
        _check_spent(tree, found)
    return tree


def _check_own(tree: dict[str, object], body: bytes, found: Journal) -> None:
    if (tree.get("lineage"), tree.get("serial"), sha256(body).hexdigest()) == (
        found.lineage,
        found.serial,
        found.digest,
    ):
        return
    raise Surprise(
        MARK,
        f"the .journal beside it goes with another file, of serial {found.serial}: one of the two was edited, or put "
        "back from a copy, while a run was at work or after it died",
        "put back the one that was changed, so that both are of one moment; then run mesms-gitops plan",
    )


def _check_spent(tree: dict[str, object], found: Journal) -> None:
    serial = tree.get("serial")
    if tree.get("lineage") != found.lineage:
        raise Surprise(
            MARK,
            f"the .journal beside it is of another lineage, {found.lineage}",
            "bring the state back that the .journal goes with, or move the .journal away if it has no business here",
        )
    if type(serial) is int and serial < found.newest:
        raise Surprise(
            MARK,
            f"the .journal beside it has commits up to serial {found.newest}, and the file is of serial {serial}: an "
            "older state was put back",
            "put the newer state back; or, if the older one is meant and what was sent since may be forgotten, move "
            "the .journal away",
        )


# ── bringing the two together ────────────────────────────────────────────────────────────────────────────────────────


def _replayed(tree: dict[str, object], found: Journal) -> dict[str, object]:
    """The document of a whole state; what it says is for the reader of states to judge."""
    campaigns = dict(mapping(tree.get("campaigns"), "campaigns"))
    sends: dict[str, dict[SendKey, object]] = {}
    head: dict[str, object] = {}
    for number, commit in enumerate(found.commits, 2):
        where = f"{MARK}, line {number}"
        change = Fields(commit, where, required=frozenset({"serial"}), optional=_CHANGES)
        if change.has("head"):
            head |= Fields(change.raw("head"), where, required=frozenset(), optional=_HEAD).all()
        if change.has("campaigns"):
            for name, entry in mapping(change.raw("campaigns"), where).items():
                _replay_one(name, entry, campaigns, sends, f"{where}: campaigns.{name}")
    for name, known in sends.items():
        campaigns[name] = {**mapping(campaigns[name], name), **({"sends": list(known.values())} if known else {})}
    kept = {key: value for key, value in (tree | head).items() if key != MARK and value is not None}
    return {**kept, "version": STATE_VERSION, "serial": found.newest, "campaigns": campaigns}


def _replay_one(
    name: str, entry: object, campaigns: dict[str, object], sends: dict[str, dict[SendKey, object]], path: str
) -> None:
    if entry is None:
        if campaigns.pop(name, None) is None:
            raise Surprise(path, "a campaign is forgotten that was not there")
        sends.pop(name, None)
        return
    changed = mapping(entry, path)
    if name not in sends:
        sends[name] = _by_key(mapping(campaigns.get(name, {}), path).get("sends", []), path)
    known = sends[name]
    for key, _ in items(changed.get("gone", []), path):
        known.pop(_key_of(key, path), None)
    newer = _by_key(changed.get("sends", []), path)
    if len(known.keys() - newer.keys()) != whole(changed.get("kept", 0), path):
        raise Surprise(path, "it has more or fewer sends than when this was written")
    known |= newer
    campaigns[name] = {key: value for key, value in changed.items() if key not in _BESIDE}


def _by_key(found: object, path: str) -> dict[SendKey, object]:
    sends = (mapping(send, path) for send, _ in items(found, path))
    return {_key_of([send.get("revision"), send.get("fingerprint")], path): send for send in sends}


def _key_of(found: object, path: str) -> SendKey:
    if not isinstance(found, list) or len(found) != 2:
        raise Surprise(path, "a send is known by its revision and its fingerprint")
    return whole(found[0], path), text(found[1], path)
