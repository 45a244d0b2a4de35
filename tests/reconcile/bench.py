"""An account, a ledger and a clock in memory. Everything that happens to them stands in one trace, in order.

In a trace a send goes by its text, a message by its uuid: m1, m2, ... in the order in which ME-SMS accepted them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import AnswerUnreadable, ApiRefusal, NoAnswer, NotReached, RateLimited, StateLocked, StateMoved
from mesms_gitops.model.holidays import NO_HOLIDAYS
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.observation import (
    Accepted,
    MessagePage,
    Quote,
    RecipientPage,
    RemoteMessage,
    RemotePhase,
    SenderName,
)
from mesms_gitops.model.project import Project
from mesms_gitops.model.state import Freeze, State
from mesms_gitops.reconcile.apply import apply
from mesms_gitops.reconcile.prepare import Request, prepare
from mesms_gitops.reconcile.tools import Journal, Tools
from tests.planning.scenes import KEY, LINEAGE, NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from mesms_gitops.errors import ApiError
    from mesms_gitops.model.holidays import HolidaysOf
    from mesms_gitops.model.plan import ApplyOutcome, Plan
    from mesms_gitops.model.sends import DesiredSend, SendRecord
    from mesms_gitops.model.state import CampaignRecord
    from mesms_gitops.planning.desire import Wanted
    from mesms_gitops.reconcile.prepare import Prepared
    from tests.planning.scenes import Manifest

PAGE = 100
"""Messages on a page of the listing."""
ROWS = 50
"""Recipients on a page."""


class Clock:
    """Time that moves only when somebody waits, or a test says so."""

    def __init__(self) -> None:
        self.moment = NOW
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


@dataclass
class Message:
    """One message on the account."""

    uuid: str
    sender: str
    content: str
    numbers: Numbers
    scheduled_at: datetime | None
    created_at: datetime
    visible_from: datetime
    phase: RemotePhase
    credits: int
    delivery: Mapping[str, int] = field(default_factory=dict)

    def seen(self) -> RemoteMessage:
        """As ``GET /sms/{uuid}`` shows it."""
        return RemoteMessage(
            uuid=self.uuid,
            phase=self.phase,
            sender=self.sender,
            content=self.content,
            recipients=len(self.numbers),
            credits=self.credits,
            scheduled_at=self.scheduled_at,
            created_at=self.created_at,
            delivery=MappingProxyType(dict(self.delivery)),
        )


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: the error, and whether ME-SMS carried it out all the same.

    ``lag`` is how long a message made that way stays out of the listing.
    """

    error: ApiError
    carried_out: bool = False
    lag: timedelta = timedelta(0)


def refusal(status: int, code: str | None = None) -> Fault:
    """A documented JSON error."""
    return Fault(ApiRefusal(f"refused with {status}", status=status, code=code))


UNREACHED = Fault(NotReached("no connection"))
LIMITED = Fault(RateLimited("too many requests", retry_after=None))
LOST = Fault(NoAnswer("no answer"), carried_out=True)
DROPPED = Fault(NoAnswer("no answer"))
GARBLED = AnswerUnreadable("the answer of ME-SMS lacks status", where="GET /sms", next_step="mesms-gitops doctor")


def late(**lag: float) -> Fault:
    """An answer that is lost, of a message that is listed only after a while."""
    return replace(LOST, lag=timedelta(**lag))


class Account:
    """`ports.Account` over a dictionary. ``faults`` says, by kind of request, what befalls the next ones."""

    def __init__(self, clock: Clock, trace: list[str]) -> None:
        self.clock, self.trace = clock, trace
        self.messages_by_uuid: dict[str, Message] = {}
        self.faults: dict[str, list[Fault | None]] = {}
        self.reads: list[str] = []
        self.credits = 1_000
        self.approved: tuple[SenderName, ...] = (SenderName("SiamCoffee", approved=True),)
        self.page, self.rows = PAGE, ROWS
        self.hides_recipients = False
        self.unreadable: set[str] = set()
        self.groups: dict[int, Numbers] = {}
        self.on_send: Callable[[], None] = lambda: None

    # --- what tests do to it ------------------------------------------------------------------------------------------

    def will(self, request: str, *faults: Fault | None) -> None:
        """What befalls the next requests of this kind (send, cancel, message, messages, recipients)."""
        self.faults.setdefault(request, []).extend(faults)

    def by_hand(
        self, told: Manifest, text: str, numbers: Numbers | None = None, *, ago: timedelta = timedelta(minutes=30)
    ) -> str:
        """Somebody makes the message that ``told`` would send as ``text``, or the same to others."""
        send = told.send(text)
        at = getattr(send.when, "at", None)
        made = self._make(send, at, numbers or send.numbers or Numbers())
        made.created_at = made.visible_from = self.clock.moment - ago
        return made.uuid

    def set(self, uuid: str, phase: RemotePhase, **counts: int) -> None:
        """What has become of a message meanwhile."""
        message = self.messages_by_uuid[uuid]
        message.phase, message.delivery = phase, counts

    def texts(self) -> list[str]:
        """The text of every message that goes out or went out, once for each of its people."""
        over = (RemotePhase.CANCELLED, RemotePhase.FAILED)
        live = (message for message in self.messages_by_uuid.values() if message.phase not in over)
        return sorted(message.content for message in live for _ in message.numbers)

    # --- requests -----------------------------------------------------------------------------------------------------

    def send(self, send: DesiredSend, scheduled_at: datetime | None) -> Accepted:
        self.trace.append(f"POST send {send.text}")
        self.on_send()
        fault = self._fault("send")
        if fault is None or fault.carried_out:
            made = self._make(send, scheduled_at, self._people(send))
            made.visible_from += fault.lag if fault else timedelta(0)
        if fault is not None:
            raise fault.error
        return Accepted(made.uuid, made.phase.value, len(made.numbers), send.parts, made.credits)

    def cancel(self, uuid: str) -> None:
        self.trace.append(f"POST cancel {uuid}")
        fault = self._fault("cancel")
        message = self.messages_by_uuid.get(uuid)
        if fault is None or fault.carried_out:
            self._cancel(message)
        if fault is not None:
            raise fault.error

    def message(self, uuid: str) -> RemoteMessage | None:
        self._read(f"message {uuid}", "message")
        if uuid in self.unreadable:
            raise GARBLED
        found = self.messages_by_uuid.get(uuid)
        return None if found is None else found.seen()

    def messages(
        self,
        *,
        page: int = 1,
        sender: str | None = None,
        remote_phase: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        leaves_out: bool = False,
    ) -> MessagePage:
        since = "" if created_from is None else f" since {created_from:%d %H:%M}"
        self._read(f"messages {sender}{'' if remote_phase is None else f' {remote_phase}'}{since} p{page}", "messages")
        found = [
            message.seen()
            for message in self.messages_by_uuid.values()
            if sender in (None, message.sender)
            and message.visible_from <= self.clock.moment
            and remote_phase in (None, message.phase.value)
            and (created_from is None or message.created_at >= created_from)
        ][::-1]
        start = (page - 1) * self.page
        shown = found[start : start + self.page]
        read = tuple(message for message in shown if message.uuid not in self.unreadable)
        if len(read) < len(shown) and not leaves_out:
            raise GARBLED
        return MessagePage(read, more=len(found) > start + self.page, left_out=len(shown) - len(read))

    def recipients(
        self, uuid: str, *, after: int = 0, delivery_state: str | None = None, search: str | None = None
    ) -> RecipientPage:
        self._read(f"recipients {uuid} after {after}", "recipients")
        message = self.messages_by_uuid[uuid]
        rows = () if self.hides_recipients else tuple(message.numbers.msisdns())
        end = after + self.rows
        return RecipientPage(
            rows=tuple((msisdn, "pending") for msisdn in rows[after:end]),
            next_cursor=end if end < len(rows) else None,
            summary=MappingProxyType(dict(message.delivery)),
        )

    def balance(self) -> int:
        self._read("balance")
        return self.credits

    def senders(self) -> tuple[SenderName, ...]:
        self._read("senders")
        return self.approved

    def preview(self, send: DesiredSend) -> Quote:
        self._read(f"preview {send.text}")
        people = len(self._people(send))
        return Quote(send.parts, people, send.parts * people)

    def server_time(self) -> datetime | None:
        return self.clock.moment

    # --- how ----------------------------------------------------------------------------------------------------------

    def _make(self, send: DesiredSend, scheduled_at: datetime | None, numbers: Numbers) -> Message:
        made = Message(
            uuid=f"m{len(self.messages_by_uuid) + 1}",
            sender=send.sender,
            content=send.text or "",
            numbers=numbers,
            scheduled_at=scheduled_at,
            created_at=self.clock.moment,
            visible_from=self.clock.moment,
            phase=RemotePhase.SCHEDULED if scheduled_at else RemotePhase.PENDING,
            credits=send.parts * len(numbers),
        )
        self.messages_by_uuid[made.uuid] = made
        return made

    def _people(self, send: DesiredSend) -> Numbers:
        return self.groups[send.group_id] if send.group_id is not None else send.numbers or Numbers()

    def _cancel(self, message: Message | None) -> None:
        if message is None:
            raise refusal(404).error
        if message.phase is RemotePhase.CANCELLED:
            raise refusal(409, "ALREADY_CANCELLED").error
        if message.phase is not RemotePhase.SCHEDULED:
            raise refusal(409, "ALREADY_PROCESSING").error
        message.phase = RemotePhase.CANCELLED

    def _read(self, what: str, kind: str | None = None) -> None:
        self.reads.append(what)
        fault = self._fault(kind) if kind else None
        if fault is not None:
            raise fault.error

    def _fault(self, kind: str) -> Fault | None:
        waiting = self.faults.get(kind)
        return waiting.pop(0) if waiting else None


class Ledger:
    """`ports.Ledger` over a variable. A write stands in the trace as what it changes.

    ``fails`` and ``then`` say, by such a note, which write fails and what happens right after one.
    """

    def __init__(self, trace: list[str], names: dict[str, str]) -> None:
        self.trace, self.names = trace, names
        self.state: State | None = None
        self.freeze = Freeze()
        self.wave = 1
        self.is_locked = False
        self.fails: dict[str, Exception] = {}
        self.then: dict[str, Callable[[], None]] = {}

    def read(self) -> State | None:
        return self.state

    def commit(self, state: State, expected_serial: int) -> None:
        stored = self.state.serial if self.state else 0
        if stored != expected_serial:
            raise StateMoved("somebody else wrote")
        note = ", ".join(self._changes(state)) or "notes"
        if error := self.fails.pop(note, None):
            raise error
        self.trace.append(f"state: {note}")
        self.state = state
        self.then.get(note, lambda: None)()

    @contextmanager
    def lock(self, operation: str, timeout: float) -> Iterator[None]:
        if self.is_locked:
            raise StateLocked("an apply is running")
        self.trace.append("lock")
        yield
        self.trace.append("unlock")

    def read_freeze(self) -> Freeze:
        return self.freeze

    def write_freeze(self, freeze: Freeze) -> None:
        self.trace.append("freeze")
        self.freeze = freeze

    def _changes(self, newer: State) -> Iterator[str]:
        """Every send that a write moves, with its phase, or with the cancel that is intended."""
        known = {(campaign.name, send.revision, send.fingerprint): send for campaign, send in self._sends()}
        for campaign, send in newer.sends():
            before = known.get((campaign.name, send.revision, send.fingerprint))
            name = self.names.get(send.fingerprint, campaign.name)
            if before is None or before.phase is not send.phase:
                yield f"{name} {send.phase}"
            elif before.cancel != send.cancel:
                yield f"{name} to be cancelled"

    def _sends(self) -> Iterator[tuple[CampaignRecord, SendRecord]]:
        return self.state.sends() if self.state else iter(())


class Teller:
    """Keeps what people are told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


class Bench:
    """One project on one account: plan and apply as the command line does them."""

    def __init__(self) -> None:
        self.trace: list[str] = []
        self.names: dict[str, str] = {}
        self.clock = Clock()
        self.account = Account(self.clock, self.trace)
        self.ledger = Ledger(self.trace, self.names)
        self.teller = Teller()
        self.posts_until_interrupt: int | None = None

    @property
    def state(self) -> State:
        return self.ledger.state or State(LINEAGE)

    @property
    def posts(self) -> list[str]:
        """Every request that may change the account."""
        return [step.removeprefix("POST ") for step in self.trace if step.startswith("POST")]

    @property
    def tools(self) -> Tools:
        return Tools(
            account=self.account,
            ledger=self.ledger,
            clock=self.clock,
            progress=self.teller,
            key=KEY,
            run="run-1",
            interrupted=self._is_interrupted,
        )

    def journal(self) -> Journal:
        """The journal of a run that starts now."""
        return Journal(self.ledger, self.state)

    def remember(self, *records: CampaignRecord) -> None:
        """State holds ``records``; nothing of that is in the trace."""
        campaigns = {record.name: record for record in records}
        self.ledger.state = State(LINEAGE, serial=7, campaigns=MappingProxyType(campaigns))

    def record(self, name: str = "sale") -> CampaignRecord:
        return self.state.campaigns[name]

    def phases(self, name: str = "sale") -> dict[str, str]:
        """Where each send of a campaign stands, by text."""
        return {self.names.get(send.fingerprint, "?"): send.phase.value for send in self.record(name).sends}

    def prepared(
        self,
        *manifests: Manifest,
        targets: Collection[str] = (),
        offline: bool = False,
        look_around: bool = False,
        holidays: HolidaysOf = lambda years: NO_HOLIDAYS,
    ) -> Prepared:
        """The plan for these manifests. An empty folder is meant to be one."""
        self.names |= {send.fingerprint: send.text or "" for told in manifests for send in told.sends()}

        def want_all(state: State) -> Mapping[str, Wanted]:
            return {told.name: told.wanted(state.campaigns.get(told.name)) for told in manifests}

        request = Request(
            project=Project(Path("/shop"), "mesms.yaml", ""),
            campaigns=tuple(told.campaign for told in manifests),
            want_all=want_all,
            state=self.state,
            freeze=self.ledger.read_freeze(),
            key=KEY,
            balance=None if offline else self.account.balance(),
            targets=targets,
            allow_empty=True,
            holidays=holidays,
            look_around=look_around,
        )
        return prepare(request, None if offline else self.account, self.clock, self.teller)

    def plan(self, *manifests: Manifest, targets: Collection[str] = (), offline: bool = False) -> Plan:
        return self.prepared(*manifests, targets=targets, offline=offline).plan

    def apply(
        self, *manifests: Manifest, continue_on_error: bool = False, targets: Collection[str] = ()
    ) -> ApplyOutcome:
        """Plan, and carry it out. The trace then holds this apply alone."""
        ready = self.prepared(*manifests, targets=targets)
        assert ready.plan.refusals == ()
        return self.carry_out(ready, continue_on_error=continue_on_error)

    def carry_out(self, ready: Prepared, *, continue_on_error: bool = False) -> ApplyOutcome:
        self.trace.clear()
        return apply(ready, Journal(self.ledger, ready.stored), self.tools, continue_on_error=continue_on_error)

    def interrupt(self) -> None:
        """Ctrl-C, now."""
        self.posts_until_interrupt = 0

    def _is_interrupted(self) -> bool:
        return self.posts_until_interrupt is not None and len(self.posts) >= self.posts_until_interrupt


def told(outcome: ApplyOutcome) -> dict[str, str]:
    """What became of each campaign."""
    return {step.campaign: step.result.value for step in outcome.steps}
