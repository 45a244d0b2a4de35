"""What is odd about the counts of a send, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import DELIVERY_STATES, DeliveryNote, is_settled, never_reported
from mesms_gitops.views.layout import counted, figure, listed, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from mesms_gitops.model.sends import SendRecord


def notes_of(send: SendRecord) -> tuple[tuple[str, str], ...]:
    """Each note of ``send``: its code, and a sentence for people."""
    return tuple((note, _sentence(DeliveryNote(note), send)) for note in send.notes)


def sentences(sends: Iterable[SendRecord]) -> tuple[str, ...]:
    """All that is to be said of ``sends``, each sentence once."""
    return tuple(dict.fromkeys(sentence for send in sends for _, sentence in notes_of(send)))


def notes_json(send: SendRecord) -> list[dict[str, Any]]:
    """The same for scripts."""
    return [{"code": str(code), "message": sentence} for code, sentence in notes_of(send)]


def settled_words(sends: Iterable[SendRecord]) -> str:
    """``settled`` where nothing new is to come about the people of ``sends``, else nothing."""
    return "settled" if all_settled(sends) else ""


def all_settled(sends: Iterable[SendRecord]) -> bool:
    """Whether nothing new is to come about any of ``sends``, of which there is one at least."""
    found = tuple(sends)
    return bool(found) and all(map(is_settled, found))


def _sentence(note: DeliveryNote, send: SendRecord) -> str:
    return " ".join(_words(note, send))


def _words(note: DeliveryNote, send: SendRecord) -> Iterator[str]:
    match note:
        case DeliveryNote.MISCOUNTED:
            yield f"ME-SMS counts {counted(sum(send.delivery.values()), 'person', 'people')} where the message is for"
            yield f"{figure(send.recipients)}"
        case DeliveryNote.PURGED:
            yield "ME-SMS does not know the message any more (404); the counts are those of the last look"
        case DeliveryNote.SHRANK:
            yield "ME-SMS counted more results at an earlier look; the newest counts are shown"
        case DeliveryNote.UNDOCUMENTED:
            words = sorted(word for word, count in send.delivery.items() if count and word not in DELIVERY_STATES)
            yield f"ME-SMS uses words its reference does not have: {listed([printable(word) for word in words])}"
        case DeliveryNote.WINDOW_OVER:
            yield f"window over: {figure(never_reported(send))} never reported"
