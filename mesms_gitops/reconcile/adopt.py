"""Taking a message that was made elsewhere into state, so that the next plan sees it as a send of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import PersonNeeded
from mesms_gitops.model.campaign import At, Now
from mesms_gitops.model.evidence import People
from mesms_gitops.model.numbers import Numbers, subscriber_of
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.plan import Adoption
from mesms_gitops.model.sends import SendPhase, SendRecord, TextContent
from mesms_gitops.model.state import CampaignRecord
from mesms_gitops.planning.adoption import adopted
from mesms_gitops.planning.fingerprint import SAMPLE_SIZE, send_fingerprint, text_digest
from mesms_gitops.planning.matching import suspects_of_send
from mesms_gitops.reconcile.compare import FULL_COMPARISON, compare, msisdns

if TYPE_CHECKING:
    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.sends import DesiredSend
    from mesms_gitops.model.state import State
    from mesms_gitops.planning.desire import Wanted
    from mesms_gitops.reconcile.tools import Journal, Tools


_HAS_LEFT = frozenset({RemotePhase.PENDING, RemotePhase.SENT, RemotePhase.OTHER})


def adopt(journal: Journal, uuid: str, name: str, wanted: Wanted | None, tools: Tools) -> SendRecord:
    """Record message ``uuid`` as a send of campaign ``name``.

    Where it is exactly what the manifest asks for, it becomes that send and the next plan keeps it; otherwise it is
    recorded as it is, and the next plan shows the difference. Raises `PersonNeeded` if it cannot be taken.
    """
    message = tools.account.message(uuid)
    if message is None or message.sender is None or message.content is None:
        raise PersonNeeded(
            f"the message {uuid} cannot be read on the account", where="UUID", next_step="check the uuid and the key"
        )
    _check_free(journal.state, uuid)
    if wanted is None and name not in journal.state.campaigns:
        raise PersonNeeded(
            f"there is no campaign {name}",
            where="NAME",
            why="the next plan would cancel the message as one whose manifest is gone",
            next_step="write its manifest first, or check the name",
        )
    desired = _same(name, message, wanted, tools)
    if desired is None and message.phase in _HAS_LEFT and wanted is not None:
        raise PersonNeeded(
            f"the message {uuid} is not what {name} asks for, and it has left",
            where="UUID",
            why="taken as this campaign it would count as already sent",
            next_step="give the message a manifest of its own that says what it was",
        )
    record = _of_desired(desired, message, tools) if desired else _of_message(message, tools)
    record = replace(record, revision=_revision(journal.state, name, wanted))
    _check_place(journal.state, name, record)
    record = adopted(Adoption(record, message))
    campaign = journal.state.campaigns.get(name) or CampaignRecord(name, "", record.revision)
    journal.write_campaign(
        replace(
            campaign.with_send(record),
            file=wanted.campaign.file if wanted else campaign.file,
            manifest=wanted.manifest if wanted and desired else campaign.manifest,
            revision=record.revision,
            retired=False,
        )
    )
    return record


def _check_free(state: State, uuid: str) -> None:
    for campaign, send in state.sends():
        if send.uuid == uuid:
            raise PersonNeeded(
                f"the message {uuid} already belongs to {campaign.name}", where="UUID", next_step="check the uuid"
            )


def _check_place(state: State, name: str, record: SendRecord) -> None:
    """Raise `PersonNeeded` where the campaign already has a message of its own for this very send."""
    campaign = state.campaigns.get(name)
    for send in campaign.sends if campaign else ():
        if (send.revision, send.fingerprint) == (record.revision, record.fingerprint) and send.is_live:
            raise PersonNeeded(
                f"{name} already has this send as message {send.uuid}: the other is a double of it",
                where="UUID",
                next_step="cancel the double in the console of ME-SMS",
            )


def _revision(state: State, name: str, wanted: Wanted | None) -> int:
    if wanted is not None:
        return wanted.campaign.revision
    return state.campaigns[name].revision if name in state.campaigns else 1


def _same(name: str, message: RemoteMessage, wanted: Wanted | None, tools: Tools) -> DesiredSend | None:
    """The send of the manifest that ``message`` is, people included."""
    now = message.created_at or tools.clock.now()
    for send in (wanted.sends or ()) if wanted else ():
        for suspect in suspects_of_send(name, send, [message], frozenset(), tools.key, now):
            if compare(tools.account, suspect, tools.key) is People.SAME:
                return send
    return None


def _of_desired(send: DesiredSend, message: RemoteMessage, tools: Tools) -> SendRecord:
    return replace(
        _blank(message, tools, send.fingerprint),
        recipients=send.recipients or message.recipients or 0,
        parts=send.parts,
        text_digest=send.text_digest,
        audience_digest=send.audience_digest,
        sample=send.sample,
        group_id=send.group_id,
        undo_window=int(send.when.undo_window.total_seconds()) if isinstance(send.when, Now) else None,
    )


def _of_message(message: RemoteMessage, tools: Tools) -> SendRecord:
    """The record of a message as the account shows it."""
    assert message.content is not None  # the caller saw to that
    numbers = _people(message, tools)
    when = At(message.scheduled_at or message.created_at or tools.clock.now(), "UTC")
    digest = numbers.digest(tools.key.secret)
    fingerprint = send_fingerprint(
        tools.key, sender=message.sender or "", content=TextContent(message.content), when=when, audience=digest
    )
    return replace(
        _blank(message, tools, fingerprint),
        recipients=message.recipients or len(numbers),
        audience_digest=digest,
        sample=numbers.sample(tools.key.secret, SAMPLE_SIZE),
    )


def _blank(message: RemoteMessage, tools: Tools, fingerprint: str) -> SendRecord:
    return SendRecord(
        fingerprint=fingerprint,
        revision=1,
        phase=SendPhase.UNKNOWN,
        run=tools.run,
        intended_at=message.created_at or tools.clock.now(),
        scheduled_at=message.scheduled_at,
        sender=message.sender or "",
        recipients=0,
        parts=0,
        credits=message.credits,
        text_digest=text_digest(tools.key, message.content or ""),
    )


def _people(message: RemoteMessage, tools: Tools) -> Numbers:
    """The numbers of a message, all of them. Raises `PersonNeeded` where they cannot be read."""
    seen: list[int] = []
    for msisdn in msisdns(tools.account, message.uuid):
        subscriber = subscriber_of(msisdn)
        if subscriber is None or len(seen) > FULL_COMPARISON:
            break
        seen.append(subscriber)
    if not seen or (message.recipients is not None and message.recipients != len(seen)):
        raise PersonNeeded(
            f"the recipients of {message.uuid} cannot all be read",
            where="GET /recipients",
            why=f"{len(seen)} of {message.recipients} were listed",
            next_step="write a manifest that says what the message is; adopt then compares with it",
        )
    return Numbers(seen)
