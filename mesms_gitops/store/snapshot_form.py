"""A snapshot as bytes and back: one line of JSON that says what it is, then the numbers.

The numbers are their differences in ascending order, four planes of bytes (all high ones first), deflated; before them
stands a SHA-256 of the line and of what was deflated. Where the line says ``"sealed": "age"``,
everything after it is encrypted, the SHA-256 included: of a short list even a digest would give the numbers away.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from array import array
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING

from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.sends import MAX_NUMBERS_PER_SEND
from mesms_gitops.model.snapshot import Snapshot
from mesms_gitops.store.fields import Fields, Surprise, moment_text, parse, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

FORM = 1
HEAD_BYTES = 4_096
"""The line with its end is never longer."""

_KEYS = frozenset({"snapshot", "campaign", "fingerprint", "made_at", "keep_until", "recipients"})
_KEYS_MAY = frozenset({"forgotten", "sealed"})
_CELL = 4
_DIGEST = 32
_LEVEL = 1  # the low planes are noise, which no level makes smaller, and the high ones are nearly all zero


def head_of(snapshot: Snapshot) -> bytes:
    """The line that stands first."""
    tree: dict[str, object] = {
        "snapshot": FORM,
        "campaign": snapshot.campaign,
        "fingerprint": snapshot.fingerprint,
        "made_at": moment_text(snapshot.made_at),
        "keep_until": moment_text(snapshot.keep_until),
        "recipients": snapshot.recipients,
    }
    if snapshot.forgotten:
        tree["forgotten"] = snapshot.forgotten
    if snapshot.is_sealed:
        tree["sealed"] = "age"
    return json.dumps(tree, ensure_ascii=True).encode() + b"\n"


def body_of(snapshot: Snapshot, numbers: Numbers) -> bytes:
    """What follows the line, before it is sealed."""
    packed = zlib.compress(_planes(numbers), _LEVEL)
    return hashlib.sha256(head_of(snapshot) + packed).digest() + packed


def _planes(numbers: Numbers) -> bytes:
    cells = array("I", numbers)
    differences = array("I", cells[:1])
    differences.extend(map(sub, cells[1:], cells))
    portable = Numbers.from_sorted(differences).portable()
    return b"".join(portable[plane::_CELL] for plane in range(_CELL))


def read_head(body: bytes) -> Snapshot:
    """What the first line of ``body`` says. Raises `Surprise`."""
    end = body.find(b"\n", 0, HEAD_BYTES)
    if end < 0:
        raise Surprise("", "it has no first line: it is cut short, or no snapshot")
    tree = parse(body[:end])
    form = tree.get("snapshot") if isinstance(tree, dict) else None
    if type(form) is int and form > FORM:
        raise Surprise("", f"a newer mesms-gitops wrote it: form {form}, and this one knows form {FORM}")
    fields = Fields(tree, "", required=_KEYS, optional=_KEYS_MAY)
    if fields.whole("snapshot") != FORM or fields.maybe_text("sealed") not in (None, "age"):
        raise Surprise("", f"form {quoted(fields.raw('snapshot'))} is not known")
    return Snapshot(
        campaign=fields.text("campaign"),
        fingerprint=fields.text("fingerprint"),
        made_at=fields.moment("made_at"),
        keep_until=fields.moment("keep_until"),
        recipients=fields.whole("recipients"),
        forgotten=fields.maybe_whole("forgotten") or 0,
        is_sealed=fields.has("sealed"),
    )


def read(body: bytes, unseal: Callable[[bytes], bytes]) -> tuple[Snapshot, Numbers]:
    """All of it. Raises `Surprise` for a byte that is not as it was written, and what ``unseal`` raises."""
    snapshot = read_head(body)
    head, _, rest = body.partition(b"\n")
    rest = unseal(rest) if snapshot.is_sealed else rest
    if hashlib.sha256(head + b"\n" + rest[_DIGEST:]).digest() != rest[:_DIGEST]:
        raise Surprise("", "its digest is not that of what it holds: it is damaged, cut short, or was edited")
    return snapshot, _numbers(rest[_DIGEST:], snapshot.recipients)


def _numbers(packed: bytes, count: int) -> Numbers:
    if count > MAX_NUMBERS_PER_SEND:
        raise Surprise("recipients", f"{count:,} are more than a send can have")
    planes = _inflated(packed, count * _CELL)
    portable = bytearray(len(planes))
    for plane in range(_CELL):
        portable[plane::_CELL] = planes[plane * count : (plane + 1) * count]
    differences = array("I")
    differences.frombytes(bytes(portable))
    # `portable` is an involution between the machine's order of bytes and the portable one
    native = array("I")
    native.frombytes(Numbers.from_sorted(differences).portable())
    if count > 1 and min(native[1:]) == 0:
        raise Surprise("", "a number stands in it twice")
    try:
        return Numbers.from_sorted(array("I", accumulate(native)))
    except OverflowError as error:
        raise Surprise("", "its numbers are not in order") from error


def _inflated(packed: bytes, length: int) -> bytes:
    engine = zlib.decompressobj()
    try:
        planes = engine.decompress(packed, length + 1)  # one more than it says, and no bomb goes off
    except zlib.error as error:
        raise Surprise("", f"its numbers cannot be unpacked: {error}") from error
    if len(planes) != length or not engine.eof or engine.unused_data:
        raise Surprise("", "it holds more or fewer numbers than it says: it is cut short, or was edited")
    return planes
