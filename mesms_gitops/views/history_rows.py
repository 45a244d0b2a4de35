"""Events of a timeline as flat rows: what JSON and CSV both say, in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from mesms_gitops.model.timeline import (
    Cancelling,
    Delivered,
    Dropped,
    Merged,
    Planned,
    Renamed,
    Reviewed,
    Sending,
    Written,
)
from mesms_gitops.views.layout import iso, masked

if TYPE_CHECKING:
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.timeline import Event, Recorded


def word_of(event: Event) -> str:
    """What happened, in one word: of a send it is the phase it came to."""
    match event:
        case Sending():
            return event.phase.value
        case Cancelling():
            return "cancelling"
        case Dropped():
            return "forgotten" if event.is_forgotten else "retired"
        case _:
            return event.kind


def row_of(event: Event) -> dict[str, Any]:
    """``event`` as names and values; what it does not have is left out."""
    head = {"at": iso(event.at), "event": word_of(event), "campaign": event.campaign}
    return head | {name: value for name, value in _facts(event).items() if value is not None}


def _facts(event: Event) -> dict[str, Any]:
    match event:
        case Written():
            files = [
                {"path": one.path, "role": one.role.value, "change": one.verb, "former": one.former}
                for one in event.files
            ]
            return {
                "commit": event.commit,
                "who": event.author.name,
                "email": event.author.email,
                "subject": masked(event.subject),
                "pull": event.pull,
                "files": files,
            }
        case Reviewed():
            who = {"who": event.who.name, "email": event.who.email or None}
            return {"commit": event.commit, **who, "how": event.how, "pull": event.pull}
        case Merged():
            who = {"who": event.who.name, "email": event.who.email}
            subject = {"subject": masked(event.subject), "pull": event.pull}
            return {"commit": event.commit, **who, **subject, "brings": list(event.brings)}
        case Planned():
            return {**_recorded(event.recorded), "plan": event.digest, "run": event.run}
        case Sending():
            was = event.was.value if event.was else None
            return {**_send(event.send), "before": was, **_recorded(event.recorded)}
        case Cancelling():
            run = event.send.cancel.run if event.send.cancel else None
            return {**_send(event.send), "run": run, "reason": event.reason.value, **_recorded(event.recorded)}
        case Delivered():
            return {**_send(event.send), "delivery": dict(event.delivery), **_recorded(event.recorded)}
        case Renamed():
            return {"former": event.former, **_recorded(event.recorded)}
        case Dropped():
            return _recorded(event.recorded)
        case _:
            assert_never(event)


def _send(send: SendRecord) -> dict[str, Any]:
    return {
        "fingerprint": send.fingerprint,
        "revision": send.revision,
        "uuid": send.uuid,
        "run": send.run,
        "sender": send.sender,
        "scheduled_at": iso(send.scheduled_at),
        "recipients": send.recipients,
        "parts": send.parts,
        "credits": send.credits,
        "planned_credits": send.quoted,
        "reason": None if send.reason is None else masked(send.reason),
    }


def _recorded(recorded: Recorded) -> dict[str, Any]:
    return {
        "serial": recorded.serial,
        "state_commit": recorded.commit,
        "who": recorded.actor,
        "run_url": recorded.run_url,
        "plan": recorded.plan,
        "source": recorded.source,
    }
