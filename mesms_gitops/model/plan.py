"""The plan: a value that says everything an apply will do, and why. Views show it, apply does it; nobody changes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from mesms_gitops.model.audience import AudienceCounts
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.drift import Drift
    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.sends import CancelReason, DesiredSend, SendPhase, SendRecord
    from mesms_gitops.model.sketch import AudienceChange, AudienceSketch, Overlap
    from mesms_gitops.model.state import ManifestRecord


class Reason(StrEnum):
    """Why an action is what it is. Stable: users filter on these."""

    NEW = "new"
    REVISION_RAISED = "revision_raised"
    RETRY = "retry_after_refusal"
    RESUMED = "resumed"
    CONTENT_CHANGED = "content_changed"
    SENDER_CHANGED = "sender_changed"
    SCHEDULE_CHANGED = "schedule_changed"
    AUDIENCE_CHANGED = "audience_changed"
    SEVERAL_CHANGED = "several_changed"
    MANIFEST_DELETED = "manifest_deleted"
    DECLARED_CANCELLED = "declared_cancelled"
    DRAFT = "draft"
    MOVED = "moved"
    RECOVERED = "recovered"
    UNCHANGED = "unchanged"
    ALREADY_SENT = "already_sent"
    NOTHING_TO_DO = "nothing_to_do"
    # blocked, from here on
    UNKNOWN_SEND = "unknown_send"
    CHANGED_AFTER_START = "changed_after_start"
    TOO_LATE_TO_CANCEL = "too_late_to_cancel"
    TIME_PASSED = "time_passed"
    CANCELLED_ELSEWHERE = "cancelled_elsewhere"
    GONE = "gone"
    FAILED_REMOTELY = "failed_remotely"
    FROZEN = "frozen"
    NAME_RESERVED = "name_reserved"
    RENAMED = "renamed_without_moved_from"
    DUPLICATE = "duplicate_of_another_campaign"
    FOREIGN_MESSAGE = "foreign_message"
    STATE_LOST = "state_lost"
    REVISION_LOWERED = "revision_lowered"
    ALL_FORGOTTEN = "all_forgotten"


class CreditsSource(StrEnum):
    """Where a figure of credits comes from."""

    PREVIEW = "preview"
    ESTIMATE = "estimate"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Change:
    """One field of the manifest, as it was when it was sent and as it is now; fit for people, numbers masked."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PlannedSend:
    """One send of an action, as shown. ``desired`` is set where the apply will make it."""

    fingerprint: str
    recipients: int
    parts: int
    credits: int
    uuid: str | None = None
    desired: DesiredSend | None = None


@dataclass(frozen=True, slots=True)
class CancelStep:
    """One recorded send to cancel, and why."""

    record: SendRecord
    reason: CancelReason


@dataclass(frozen=True, slots=True)
class Adoption:
    """An unsettled send, and the one message on the account that it turned out to be."""

    record: SendRecord
    message: RemoteMessage


@dataclass(frozen=True, slots=True)
class Preview:
    """One text as it arrives, the shortest or the longest of a campaign: ``people`` get one of its ``parts``.

    In ``text`` the values that lists bring are masked; ``units`` and ``parts`` are those of the real text.
    """

    text: str
    parts: int
    units: int
    encoding: str
    people: int
    is_masked: bool = False


@dataclass(frozen=True, slots=True)
class FanOut:
    """One variable that lists bring, and into how many requests the campaign would fall without it."""

    variable: str
    values: int
    requests_without: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionBase:
    """What every action says.

    ``campaign`` is the name; ``sends`` are the sends it is about; ``parts`` maps parts of a message to how many people
    get one of that size. ``audience`` says what became of the rows of its lists, where they were read. ``waits_for``
    are uuids that must be confirmed cancelled before anything of this action is sent. ``adoptions`` are written down
    before anything else. ``doubles`` are uuids of messages on the account that already are what would be sent.
    ``reversible_until`` None means it cannot be undone, unless ``is_free``: nothing leaves. ``previews`` are the
    shortest and the longest text (one, if all are alike); ``is_learned``: the estimated ``credits`` rest on what ME-SMS
    asked for messages of the same kind before; ``fan_out`` names the variables that make one campaign many
    requests, the most costly first.
    """

    verb: ClassVar[str]
    is_free: ClassVar[bool] = True

    campaign: str
    reason: Reason
    message: str
    file: str = ""
    sender: str = ""
    revision: int = 1
    scheduled_at: datetime | None = None
    schedule_text: str = ""
    timezone: str = "Asia/Bangkok"
    sends: tuple[PlannedSend, ...] = ()
    recipients: int = 0
    audience: AudienceCounts | None = None
    requests: int = 0
    parts: tuple[tuple[int, int], ...] = ()
    credits: int = 0
    credits_source: CreditsSource = CreditsSource.RECORDED
    is_learned: bool = False
    refund: int = 0
    changes: tuple[Change, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    manifest: ManifestRecord | None = None
    reversible_until: datetime | None = None
    waits_for: tuple[str, ...] = ()
    cancels: tuple[CancelStep, ...] = ()
    adoptions: tuple[Adoption, ...] = ()
    doubles: tuple[str, ...] = ()
    moved_from: str | None = None
    sketch: AudienceSketch | None = None
    audience_change: AudienceChange | None = None
    overlaps: tuple[Overlap, ...] = ()
    previews: tuple[Preview, ...] = ()
    fan_out: tuple[FanOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SendNow(ActionBase):
    """A message leaves now: after the undo window, until which it can be cancelled, or at once, for good."""

    verb: ClassVar[str] = "send"
    is_free: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSend(ActionBase):
    """A message is handed over for later: it can be cancelled until then."""

    verb: ClassVar[str] = "schedule"
    is_free: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace(ActionBase):
    """Scheduled messages are cancelled; once that is confirmed, others are scheduled or sent in their place."""

    verb: ClassVar[str] = "replace"
    is_free: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(ActionBase):
    """Scheduled messages are cancelled."""

    verb: ClassVar[str] = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt(ActionBase):
    """An unknown send turned out to be exactly one message on the account; its uuid is written down."""

    verb: ClassVar[str] = "adopt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(ActionBase):
    """The manifest is gone and nothing can be cancelled any more; state keeps the name as reserved."""

    verb: ClassVar[str] = "forget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep(ActionBase):
    """Nothing to do. With ``moved_from`` the record takes the new name."""

    verb: ClassVar[str] = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked(ActionBase):
    """Something would be done, but not on a guess: a person has to decide."""

    verb: ClassVar[str] = "blocked"


Action: TypeAlias = SendNow | ScheduleSend | Replace | Cancel | Adopt | Forget | Keep | Blocked
VERBS: tuple[str, ...] = ("send", "schedule", "replace", "cancel", "adopt", "forget", "keep", "blocked")
EFFECTS: tuple[type[ActionBase], ...] = (SendNow, ScheduleSend, Replace, Cancel)


def is_change(action: Action) -> bool:
    """Whether applying ``action`` changes the account or the state (what ``--detailed-exitcode`` reports as 2)."""
    if isinstance(action, Keep):
        return action.moved_from is not None
    return not isinstance(action, Blocked)


@dataclass(frozen=True, slots=True)
class Summary:
    """The plan in figures. ``balance`` is None where the account was not asked."""

    counts: tuple[tuple[str, int], ...]
    recipients: int
    requests: int
    credits: int
    refund: int
    balance: int | None
    balance_after: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an apply would do, complete before the first effect.

    ``refusals`` are guards that do not hold: with any of them nothing of the plan is applied (exit 4).
    ``digest`` covers intent only: campaign, action, sender, text, audience, absolute time.
    ``steps`` holds the digests of all that changes, by campaign: one for each send, cancel and line written down.
    ``drift`` is where the account is not as state had it before this plan looked; it is no part of the intent.
    """

    created_at: datetime
    expires_at: datetime
    digest: str
    steps: tuple[tuple[str, str], ...]
    lineage: str
    serial: int
    commit: str | None
    actions: tuple[Action, ...]
    summary: Summary
    refusals: tuple[Diagnostic, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    offline: bool = False
    drift: tuple[Drift, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether applying would change anything."""
        return any(is_change(action) for action in self.actions)

    @property
    def blocked(self) -> tuple[Action, ...]:
        """The campaigns that want a person."""
        return tuple(action for action in self.actions if isinstance(action, Blocked))


class StepResult(StrEnum):
    """What became of one action."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    NOT_ATTEMPTED = "not_attempted"


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What became of one action, in one sentence; ``next_step`` where a person has to take it."""

    campaign: str
    verb: str
    result: StepResult
    message: str
    uuids: tuple[str, ...] = ()
    phases: tuple[SendPhase, ...] = ()
    credits: int = 0
    next_step: str | None = None


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """What became of a plan. ``interrupted``: Ctrl-C came; everything done by then is recorded."""

    steps: tuple[StepOutcome, ...]
    interrupted: bool = False

    def count(self, result: StepResult) -> int:
        """How many actions ended as ``result``."""
        return sum(step.result is result for step in self.steps)

    @property
    def exit_code(self) -> int:
        """130 interrupted; 3 a person is needed; 1 something was refused or not attempted; 0 all done."""
        if self.interrupted:
            return 130
        if self.count(StepResult.UNKNOWN) or self.count(StepResult.BLOCKED):
            return 3
        if self.count(StepResult.FAILED) or self.count(StepResult.NOT_ATTEMPTED):
            return 1
        return 0
