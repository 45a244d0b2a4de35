"""One apply as it goes on: what became of which campaign, what is still to be written, why no further send is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mesms_gitops.errors import StateError
from mesms_gitops.model.plan import Blocked, Replace, ScheduleSend, SendNow, StepOutcome, StepResult

if TYPE_CHECKING:
    from mesms_gitops.model.plan import Action
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.tools import Journal, Tools

Sending: TypeAlias = SendNow | ScheduleSend | Replace


@dataclass(slots=True)
class Run:
    """The one place where an apply keeps its progress. ``stopped`` says why no further send is made.

    ``accepted`` are the messages, campaign and uuid, of which no durable state knows yet.
    """

    journal: Journal
    tools: Tools
    continue_on_error: bool
    outcomes: dict[str, StepOutcome] = field(default_factory=dict)
    accepted: list[tuple[str, str]] = field(default_factory=list)
    stopped: str | None = None
    interrupted: bool = False

    def note(self, action: Action, result: StepResult, message: str) -> None:
        """Write down what became of ``action``, and say it."""
        record = self.journal.newest.campaigns.get(action.campaign)
        sends = record.current if record else ()
        self.outcomes[action.campaign] = StepOutcome(
            campaign=action.campaign,
            verb=action.verb,
            result=result,
            message=message,
            uuids=tuple(send.uuid for send in sends if send.uuid),
            phases=tuple(send.phase for send in sends),
            credits=sum(send.credits or 0 for send in sends if send.is_live) if isinstance(action, Sending) else 0,
            next_step=_next_step(action) if isinstance(action, Blocked) else None,
        )
        self.tools.progress.say(f"{action.campaign}: {message}")

    def is_over(self) -> bool:
        """Whether Ctrl-C was pressed: asked between requests, never within one."""
        self.interrupted = self.interrupted or self.tools.interrupted()
        return self.interrupted

    def may_send(self) -> bool:
        """Whether a further send may be made at all."""
        return not self.stopped and not self.is_over()

    def stage(self, campaign: str, record: SendRecord) -> None:
        """Have what became of a send written with whatever is written next."""
        known = self.journal.newest
        self.journal.stage(known.with_campaign(known.campaigns[campaign].with_send(record)))

    def write(self, state: State) -> None:
        """Make ``state`` durable. An error says which messages were accepted that no durable state knows."""
        try:
            self.journal.write(state)
        except StateError as error:
            for campaign, uuid in self.accepted:
                error.add_note(f"ME-SMS accepted {campaign} as {uuid}; apply again finds it by its intent")
            raise
        self.accepted.clear()

    def flush(self) -> None:
        """Make everything that is staged durable. Raises as `write` does."""
        self.write(self.journal.newest)


def _next_step(action: Action) -> str | None:
    """What the plan told a person to do about ``action``."""
    return next((found.next_step for found in reversed(action.diagnostics) if found.next_step), None)
