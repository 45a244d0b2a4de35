"""What is odd about the counts of a send, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import (
    DELIVERY_STATES,
    NOT_REACHED,
    SUCCESS,
    DeliveryNote,
    is_failed_in_part,
    is_settled,
    never_reported,
)
from mesms_gitops.views.layout import counted, figure, listed, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from mesms_gitops.model.sends import SendRecord


def notes_of(send: SendRecord) -> tuple[tuple[str, str], ...]:
    """Each note of ``send``: its code, and a sentence for people."""
    notes = map(DeliveryNote, send.notes)
    # of what is over nobody looks any more, so no look takes back that the last one told nothing
    return tuple((note, _sentence(note, send)) for note in notes if note is not DeliveryNote.UNREAD or send.is_live)


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
        case DeliveryNote.CONTRADICTED if is_failed_in_part(send):
            reached = send.delivery.get(SUCCESS, 0)
            others = sum(count for word, count in send.delivery.items() if word not in {*NOT_REACHED, SUCCESS})
            yield "ME-SMS says that the message failed, and counts"
            yield f"{counted(reached, 'person', 'people')} reached and {figure(others)} not known to have failed:"
            yield "raising `revision` would text them again"
        case DeliveryNote.CONTRADICTED:
            phase = send.phase.value
            yield f"ME-SMS now gives the message a status that cannot come after {phase}; it stays {phase} here"
        case DeliveryNote.MISCOUNTED:
            yield f"ME-SMS counts {counted(sum(send.delivery.values()), 'person', 'people')} where the message is for"
            yield f"{figure(send.recipients)}"
        case DeliveryNote.PARTLY_GONE:
            yield "ME-SMS shows the message in one place and does not know it in another (404);"
            yield "counts that it does not give are those of the last look"
        case DeliveryNote.PURGED:
            yield "ME-SMS does not know the message any more (404); the counts are those of the last look"
        case DeliveryNote.SHRANK:
            yield "ME-SMS counted more results at an earlier look; the newest counts are shown"
        case DeliveryNote.UNDOCUMENTED:
            words = sorted(word for word, count in send.delivery.items() if count and word not in DELIVERY_STATES)
            yield f"ME-SMS uses words its reference does not have: {listed([printable(word) for word in words])}"
        case DeliveryNote.UNDOCUMENTED_STATUS:
            yield "ME-SMS gives the message a status that its reference does not have; it counts as on its way"
        case DeliveryNote.UNREAD:
            yield "not read: at the last look ME-SMS's answer could not be read, or was a refusal;"
            yield "what is shown is older (mesms-gitops refresh says why)"
        case DeliveryNote.WINDOW_OVER:
            missing = never_reported(send)
            yield f"window over: {figure(missing)} never reported" if missing else "window over: nothing new is to come"
