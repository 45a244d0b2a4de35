"""Sends in waves: their intents in one durable write, then their requests one by one, then what became of them.

How many sends a wave may hold is the ledger's to say (`ports.Ledger.wave`): one where a write is cheap, more where it
is a push. Waves grow from one, doubling, so that a mistake shows while it is small, and span campaigns. What becomes of
a wave is written together with the next one's intents, or at once if it was no success, or if none follows. The first
send that does not go well ends its wave: those after it were not made, which is written down as well, and take their
turn again.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError
from mesms_gitops.model.plan import StepResult
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.reconcile.intents import campaign_to_be, intent, not_yet
from mesms_gitops.reconcile.settle import settle
from mesms_gitops.reconcile.turn import Failed, Held, Sent, Turn, Unknown, forbidden, moment_of, send

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mesms_gitops.errors import NoAnswer
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.reconcile.run import Run, Sending
    from mesms_gitops.reconcile.tools import Journal

Wave = list[tuple[Turn, "SendRecord"]]


def send_all(actions: Iterable[Sending], run: Run) -> None:
    """Every send of ``actions`` in their order, the smallest of a campaign first.

    The first that does not go well ends its campaign. Raises `StateError` where something cannot be written: then
    nothing further was sent. On any other way out, what is staged is written first.
    """
    waiting = deque(turn for action in actions for turn in _turns(action))
    width = 1
    try:
        while turns := _next_turns(waiting, width, run):
            is_well = _carry_out(turns, waiting, run)
            width = min(2 * width, run.tools.ledger.wave) if is_well else 1
        run.flush()
    except StateError:
        raise  # what could not be written now is found again by its intent
    except BaseException:
        with suppress(StateError):
            run.flush()
        raise


def _turns(action: Sending) -> Iterable[Turn]:
    sends = sorted(action.sends, key=lambda send: (send.recipients, send.fingerprint))
    if not sends:
        return [Turn(action, None, is_last=True)]
    return [Turn(action, send, is_last=send is sends[-1]) for send in sends]


def _next_turns(waiting: deque[Turn], width: int, run: Run) -> list[Turn]:
    """The turns of the next wave; a campaign that may not send any more loses its own."""
    found: list[Turn] = []
    freeze = None
    while waiting and len(found) < width and run.may_send():
        turn = waiting.popleft()
        action = turn.action
        if action.campaign in run.outcomes:
            continue
        if _not_cancelled(action, run.journal):
            run.note(action, StepResult.BLOCKED, "the message it replaces is not confirmed cancelled; not sent")
            continue
        if turn.planned is None:
            run.note(action, StepResult.DONE, _done(action, run.journal))
            continue
        freeze = freeze or run.tools.ledger.read_freeze()
        why = forbidden(turn, freeze, run.tools)
        if why:
            run.note(action, StepResult.BLOCKED, why)
            continue
        found.append(turn)
    return found


def _not_cancelled(action: Sending, journal: Journal) -> bool:
    cancelled = {record.uuid for _, record in journal.newest.sends() if record.phase is SendPhase.CANCELLED}
    return not cancelled.issuperset(action.waits_for)


def _done(action: Sending, journal: Journal) -> str:
    sends = journal.newest.campaigns[action.campaign].current
    later = [send.scheduled_at for send in sends if send.phase is SendPhase.SCHEDULED and send.scheduled_at]
    people = sum(send.recipients for send in sends)
    recipients = "1 recipient" if people == 1 else f"{people:,} recipients"
    if later:
        return f"scheduled for {min(later):%Y-%m-%d %H:%M} UTC, {recipients}"
    return f"sent to {recipients}"


# --- one wave ---------------------------------------------------------------------------------------------------------


def _carry_out(turns: Sequence[Turn], waiting: deque[Turn], run: Run) -> bool:
    """One wave. Whether all of it went well; if not, turns that did not come are ``waiting`` again."""
    wave = _intend(turns, run)
    for turn, record in wave:
        _keep_numbers(turn, record, run)
    for index, (turn, record) in enumerate(wave):
        rest = wave[index + 1 :]
        try:
            ended = send(turn, record, run, is_alone=len(wave) == 1)
        except BaseException:
            _put_back(rest, run)  # these were not made, whatever became of this one
            raise
        run.stage(turn.action.campaign, ended.record)
        if not isinstance(ended, Sent):
            _put_back(rest, run)
            run.flush()
            waiting.extendleft(later for later, _ in reversed(rest))
            _follow_up(turn, ended, waiting, run)
            return False
        if run.tools.ledger.wave == 1:
            run.flush()
        _end_campaign(turn, run)
    return True


def _intend(turns: Sequence[Turn], run: Run) -> Wave:
    """Make the intents durable. From here on a crash is found, and looked into before anything else."""
    wave: Wave = []
    known = run.journal.newest
    for turn in turns:
        assert turn.planned is not None  # those without are no part of a wave
        record = intent(turn.action, turn.planned, turn.desired, moment_of(run.tools), run.tools.run)
        campaign = campaign_to_be(turn.action, record.intended_at, known, run.tools.run)
        known = known.with_campaign(campaign.with_send(record))
        wave.append((turn, record))
    run.write(known.with_newest_sketches())
    return wave


def _keep_numbers(turn: Turn, record: SendRecord, run: Run) -> None:
    """Keep whom the request covers. Before it, since evidence that came after could be lost; it never raises."""
    desired = turn.desired
    if run.tools.snapshots is not None and desired.numbers is not None:
        run.tools.snapshots.keep(turn.action.campaign, desired.fingerprint, desired.numbers, record.intended_at)


def _put_back(rest: Wave, run: Run) -> None:
    for turn, record in rest:
        run.stage(turn.action.campaign, not_yet(record))


# --- what follows -----------------------------------------------------------------------------------------------------


def _end_campaign(turn: Turn, run: Run) -> None:
    if turn.is_last:
        run.note(turn.action, StepResult.DONE, _done(turn.action, run.journal))


def _follow_up(turn: Turn, ended: Held | Failed | Unknown, waiting: deque[Turn], run: Run) -> None:
    """What a send that did not go well means for its campaign and for the others. It is durable already."""
    match ended:
        case Held(again=True):
            waiting.appendleft(turn)
        case Held(why=why):
            if why:
                run.note(turn.action, StepResult.BLOCKED, why)
        case Failed(error=error, ends_all=ends_all):
            run.note(turn.action, StepResult.FAILED, f"not sent: {error.what}")
            if ends_all or not run.continue_on_error:
                run.stopped = error.what
        case Unknown(record=record, error=error):
            _look_for(turn, record, error, run)


def _look_for(turn: Turn, record: SendRecord, error: NoAnswer, run: Run) -> None:
    """Look for the message; if it is not there for certain, the campaign stops and the others go on."""
    action = turn.action
    run.tools.progress.say(f"{action.campaign}: {error.what}; looking for the message")
    settled = settle(action.campaign, record, run.journal, run.tools)
    if settled.is_unsettled:
        run.note(action, StepResult.UNKNOWN, f"unknown whether it was sent: {error.what}")
    elif not settled.is_live:
        run.note(action, StepResult.BLOCKED, f"it is on the account as {settled.uuid}, and it is {settled.phase}")
    else:
        _end_campaign(turn, run)
