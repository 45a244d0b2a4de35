"""Settling an unknown send with a person: show the evidence, then take their word, but never against the evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import PersonNeeded, UsageError
from mesms_gitops.model.evidence import Candidate, Evidence, People
from mesms_gitops.model.plan import Adoption
from mesms_gitops.model.sends import TRANSITIONS, SendEvent
from mesms_gitops.planning.adoption import adopted
from mesms_gitops.planning.fingerprint import text_digest
from mesms_gitops.planning.matching import CLOCK_SLACK, Suspect, is_its_time, record_key, suspects_of_record
from mesms_gitops.reconcile.compare import compare
from mesms_gitops.reconcile.observe import messages_since

if TYPE_CHECKING:
    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.tools import Journal, Tools


def unsettled(state: State, name: str) -> tuple[SendRecord, ...]:
    """The sends of ``name`` that nobody knows the outcome of. Raises `UsageError` if there is none."""
    record = state.campaigns.get(name)
    found = tuple(send for send in record.sends if send.is_unsettled) if record else ()
    if not found:
        raise UsageError(
            f"{name} has no unknown send", where="NAME", next_step="mesms-gitops status shows which campaigns have one"
        )
    return found


def evidence(state: State, name: str, tools: Tools) -> tuple[Evidence, ...]:
    """Look once more for every unsettled send of ``name``. Makes only reads. Raises `ApiError` if they fail."""
    return tuple(_evidence(state, name, record, tools) for record in unsettled(state, name))


def _evidence(state: State, name: str, record: SendRecord, tools: Tools) -> Evidence:
    listing = messages_since(tools.account, record.sender, record.intended_at - 2 * CLOCK_SLACK)
    found = suspects_of_record(name, record, listing, state.claimed, tools.key)
    return Evidence(
        campaign=name,
        record=record,
        looked_at=tools.account.server_time() or tools.clock.now(),
        listed=len(listing),
        candidates=tuple(Candidate(suspect.message, compare(tools.account, suspect, tools.key)) for suspect in found),
    )


def settle_not_sent(journal: Journal, name: str, tools: Tools) -> None:
    """A person says that nothing was sent. Raises `PersonNeeded`, showing it, if a match is listed after all."""
    found = evidence(journal.state, name, tools)
    for item in found:
        for candidate in item.candidates:
            if candidate.people is not People.DIFFERENT:
                raise PersonNeeded(
                    f"{name} seems to have been sent: the account lists a matching message",
                    where=f"message {candidate.message.uuid}",
                    why=f"same sender, text, time and count; its people: {candidate.people.value}",
                    next_step=f"mesms-gitops resolve {name} --sent {candidate.message.uuid}",
                )
    for item in found:
        phase = TRANSITIONS[item.record.phase, SendEvent.SETTLED_NOT_SENT]
        journal.write_send(name, replace(item.record, phase=phase, reason="settled by a person: not sent"))


def settle_sent(journal: Journal, name: str, uuid: str, tools: Tools) -> SendRecord:
    """A person says that ``uuid`` is the send. Raises `PersonNeeded` with every respect in which it is not."""
    message = tools.account.message(uuid)
    if message is None:
        raise PersonNeeded(f"ME-SMS does not know the message {uuid}", where="--sent", next_step="check the uuid")
    owner = next((campaign.name for campaign, send in journal.state.sends() if send.uuid == uuid), None)
    if owner is not None:
        raise PersonNeeded(f"the message {uuid} already belongs to {owner}", where="--sent", next_step="check the uuid")
    complaints: list[str] = []
    for record in unsettled(journal.state, name):
        complaints = differences(name, record, message, tools)
        if not complaints:
            settled = adopted(Adoption(record, message))
            journal.write_send(name, settled)
            return settled
    raise PersonNeeded(
        f"the message {uuid} is not the unknown send of {name}",
        where="--sent",
        why="; ".join(complaints),
        next_step=f"mesms-gitops resolve {name} shows what was asked for",
    )


def differences(name: str, record: SendRecord, message: RemoteMessage, tools: Tools) -> list[str]:
    """In what ``message`` differs from ``record``: sender, text, time, count, people. What cannot be read differs."""
    found = []
    if message.sender != record.sender:
        found.append(f"its sender is {message.sender}, not {record.sender}")
    if record.text_digest is not None and (
        message.content is None or text_digest(tools.key, message.content) != record.text_digest
    ):
        found.append("its text is another one")
    if not is_its_time(message, record):
        asked = record.scheduled_at or f"at once, asked for at {record.intended_at}"
        found.append(f"its time is {message.scheduled_at or message.created_at}, not {asked}")
    if record.recipients and message.recipients not in (None, record.recipients):
        found.append(f"it goes to {message.recipients}, not {record.recipients}")
    suspect = Suspect(record_key(name, record), message, record.recipients, record.audience_digest, record.sample)
    if not found and compare(tools.account, suspect, tools.key) is not People.SAME:
        found.append("its recipients are not the same people, or cannot be read yet")
    return found
