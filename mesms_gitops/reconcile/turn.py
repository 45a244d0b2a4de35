"""One send in its turn: the last look before its request, the request, what became of it. Nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import ApiError, ApiRefusal, NoAnswer, NotReached
from mesms_gitops.model.campaign import At
from mesms_gitops.model.sends import TRANSITIONS, SendEvent
from mesms_gitops.reconcile.intents import not_yet

if TYPE_CHECKING:
    from datetime import datetime

    from mesms_gitops.model.observation import Accepted
    from mesms_gitops.model.plan import PlannedSend
    from mesms_gitops.model.sends import DesiredSend, SendRecord
    from mesms_gitops.model.state import Freeze
    from mesms_gitops.reconcile.run import Run, Sending
    from mesms_gitops.reconcile.tools import Tools

ENDS_ALL_SENDS = frozenset({401, 402, 403, 429})
"""After these no other send of this apply would fare better (contract §8.3; 429 after the client's own waits)."""

_FROZEN = "stopped by the emergency stop"
_PASSED = "its time has passed meanwhile; not sent"


@dataclass(frozen=True, slots=True)
class Turn:
    """One send of a campaign, in its turn. ``planned`` is None where a campaign has nothing to send."""

    action: Sending
    planned: PlannedSend | None
    is_last: bool

    @property
    def desired(self) -> DesiredSend:
        """What is sent."""
        assert self.planned is not None  # it is asked only of turns in a wave
        assert self.planned.desired is not None  # sending actions carry what they send
        return self.planned.desired


@dataclass(frozen=True, slots=True)
class Sent:
    """ME-SMS accepted it."""

    record: SendRecord


@dataclass(frozen=True, slots=True)
class Held:
    """Not made. ``why`` blocks its campaign; None: interrupted, or its turn comes again."""

    record: SendRecord
    why: str | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Provably not carried out: a later apply may try again. ``ends_all``: so would every other send."""

    record: SendRecord
    error: ApiError
    ends_all: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows."""

    record: SendRecord
    error: NoAnswer


Ended = Sent | Held | Failed | Unknown


def forbidden(turn: Turn, freeze: Freeze, tools: Tools) -> str | None:
    """What may have changed since the plan was made: the emergency stop, and the time."""
    if freeze.covers(turn.action.campaign):
        return _FROZEN
    if isinstance(turn.desired.when, At) and turn.desired.when.at <= moment_of(tools):
        return _PASSED
    return None


def moment_of(tools: Tools) -> datetime:
    return tools.account.server_time() or tools.clock.now()


def send(turn: Turn, record: SendRecord, run: Run, *, is_alone: bool) -> Ended:
    """One request, and what became of it. Nothing is written here."""
    # asked again: to make intents durable may take long, and this is the last moment to hold anything back
    why = forbidden(turn, run.tools.ledger.read_freeze(), run.tools)
    if why or run.is_over():
        return Held(_held_back(record, why or "interrupted before it was sent"), why)
    if record.scheduled_at is not None and record.scheduled_at <= moment_of(run.tools):
        # a `now` whose window to undo went by while those before it were made: it gets a new one, if that can help
        return Held(_held_back(record, _PASSED), _PASSED) if is_alone else Held(not_yet(record), None, again=True)
    run.tools.progress.say(f"{turn.action.campaign}: sending to {record.recipients:,}")
    try:
        accepted = run.tools.account.send(turn.desired, record.scheduled_at)
    except NotReached as error:
        return Failed(_held_back(record, error.what), error, ends_all=True)
    except ApiRefusal as error:
        return Failed(_held_back(record, error.what), error, ends_all=error.status in ENDS_ALL_SENDS)
    except NoAnswer as error:
        return Unknown(_unclear(record, error), error)
    run.accepted.append((turn.action.campaign, accepted.uuid))
    return Sent(_accepted(record, accepted))


def _held_back(record: SendRecord, reason: str) -> SendRecord:
    """The request was not carried out: what was intended is written down as not sent."""
    phase = TRANSITIONS[record.phase, SendEvent.REFUSED]
    return replace(record, phase=phase, credits=None, quoted=None, reason=reason)


def _accepted(record: SendRecord, accepted: Accepted) -> SendRecord:
    event = SendEvent.ACCEPTED if record.scheduled_at else SendEvent.ACCEPTED_NOW
    return replace(
        record,
        phase=TRANSITIONS[record.phase, event],
        uuid=accepted.uuid,
        recipients=record.recipients or accepted.recipients or 0,
        credits=record.credits if accepted.credits is None else accepted.credits,
    )


def _unclear(record: SendRecord, error: NoAnswer) -> SendRecord:
    return replace(record, phase=TRANSITIONS[record.phase, SendEvent.NO_ANSWER], reason=error.what)
