"""Which key of an answer may be the field that was not found, by its kind and its name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from mesms_gitops.api.assumptions import ENVELOPE, ENVELOPES_DEEP, FIELDS
from mesms_gitops.model.answer_fields import ANSWER_FIELDS, FieldKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mesms_gitops.model.doctor import Met, Shape

ENDPOINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "send": ("POST /sms/send",),
    "quote": ("POST /sms/preview-cost",),
    "list": ("GET /sms",),
    "message": ("GET /sms", "GET /sms/{uuid}"),
    "recipients": ("GET /sms/{uuid}/recipients",),
    "balance": ("GET /sms/credit/balance",),
    "senders": ("GET /senders",),
}
"""Where the answers of each kind come from."""
_IN_ROWS: Final = frozenset({"recipients.msisdn", "recipients.status", "senders.name", "senders.status"})
_KINDS: Final[Mapping[FieldKind, frozenset[str]]] = {
    FieldKind.MSISDN: frozenset({"phone number", "number"}),
    FieldKind.NAME: frozenset({"word", "text", "number as text", "phone number"}),
    FieldKind.NUMBER: frozenset({"number", "number as text"}),
    FieldKind.TIME: frozenset({"time"}),
    FieldKind.TRUTH: frozenset({"boolean"}),
    FieldKind.UUID: frozenset({"uuid", "word", "text", "number as text"}),
    FieldKind.WORD: frozenset({"word", "text"}),
}
_ALIKE: Final = 0.75
"""A name this close to one of the expected names is taken for a variant of it."""


def proposed(wanted: str, met: Met) -> str | None:
    """The key that may be ``wanted`` (``answer.field``), None where nothing suggests one."""
    answer = wanted.partition(".")[0]
    taken = {
        name for field, names in FIELDS.items() if field != wanted and field.startswith(f"{answer}.") for name in names
    }
    best: tuple[float, str] | None = None
    for frame in _frames(wanted, met):
        for key, shape in frame.items():
            if key in taken or key == ENVELOPE or not _fits(wanted, shape):
                continue
            score = _score(wanted, key, shape)
            if score and (best is None or score > best[0]):
                best = (score, key)
    return None if best is None else best[1]


def was_met(fields: Iterable[str], met: Met) -> bool:
    """Whether any answer could hold one of ``fields``: a list without rows says nothing of what stands in rows."""
    return any(True for wanted in fields for _ in (*_frames(wanted, met), *_lists(wanted, met)))


def _lists(wanted: str, met: Met) -> Iterator[Shape]:
    """Answers that are themselves the list that is ``wanted``."""
    if ANSWER_FIELDS[wanted].kind is FieldKind.LIST:
        yield from (one for one in _shapes(wanted, met) if isinstance(one, tuple))


def is_missing(wanted: str, met: Met, mapped: str | None) -> bool:
    """Whether answers that should have ``wanted`` were met, and none has it: under no name, nor as ``mapped``."""
    frames = list(_frames(wanted, met))
    if any(True for _ in _lists(wanted, met)):
        return False
    names = (mapped, *FIELDS[wanted]) if mapped else FIELDS[wanted]
    return bool(frames) and not any(
        _is_there(wanted, frame[name]) for frame in frames for name in names if name in frame
    )


def is_enveloped(answer: str, met: Met) -> bool:
    """Whether answers of this kind lie in an envelope."""
    return any(ENVELOPE in top and isinstance(top[ENVELOPE], Mapping) for top in _tops(answer, met))


def _tops(answer: str, met: Met) -> Iterator[Mapping[str, Shape]]:
    for one in met.answers:
        if one.endpoint in ENDPOINTS.get(answer, ()) and isinstance(one.shape, Mapping):
            yield one.shape


def _frames(wanted: str, met: Met) -> Iterator[Mapping[str, Shape]]:
    """The objects that could hold ``wanted``: rows for what stands in rows, else the answer and its envelopes."""
    for shape in _shapes(wanted, met):
        is_row = wanted in _IN_ROWS or wanted.startswith("message.")
        yield from _rows(shape) if is_row else _envelopes(shape)


def _shapes(wanted: str, met: Met) -> Iterator[Shape]:
    """The answers that could hold ``wanted``. Messages are looked for in the listing, so what counts is its rows."""
    endpoint = ENDPOINTS[wanted.partition(".")[0]][0]
    return (one.shape for one in met.answers if one.endpoint == endpoint and one.shape is not None)


def _envelopes(shape: Shape | None) -> Iterator[Mapping[str, Shape]]:
    for _ in range(ENVELOPES_DEEP):
        if not isinstance(shape, Mapping):
            return
        yield shape
        shape = shape.get(ENVELOPE)


def _rows(shape: Shape | None) -> Iterator[Mapping[str, Shape]]:
    lists = [shape] if isinstance(shape, tuple) else [one for top in _envelopes(shape) for one in top.values()]
    for one in lists:
        if isinstance(one, tuple) and one and isinstance(one[0], Mapping):
            yield one[0]


def _is_there(wanted: str, shape: Shape) -> bool:
    """Whether ``shape`` is a value at all: one that is not of its kind is another trouble, told by whoever reads it."""
    return isinstance(shape, tuple) if ANSWER_FIELDS[wanted].kind is FieldKind.LIST else shape != "null"


def _fits(wanted: str, shape: Shape) -> bool:
    kind = ANSWER_FIELDS[wanted].kind
    if kind is FieldKind.LIST:
        return isinstance(shape, tuple)
    if kind is FieldKind.COUNTS:
        return not isinstance(shape, str)
    return isinstance(shape, str) and bool(_KINDS[kind] & set(shape.split(" | ")))


def _score(wanted: str, key: str, shape: Shape) -> float:
    """How likely ``key`` is meant; 0 for not at all. A kind that hardly anything else has is a hint by itself."""
    field, bare = ANSWER_FIELDS[wanted], key.lower().replace("_", "").replace("-", "")
    hinted = next((len(field.hints) - place for place, hint in enumerate(field.hints) if hint in bare), 0)
    alike = max(SequenceMatcher(None, bare, name.lower()).ratio() for name in FIELDS[wanted])
    tells = field.kind is FieldKind.LIST or (isinstance(shape, str) and shape in ("uuid", "phone number"))
    if not hinted and alike < _ALIKE and not (tells and (field.kind is FieldKind.LIST or shape == field.kind.value)):
        return 0.0
    return hinted + alike + (2.0 if shape == field.kind.value else 0.0)
