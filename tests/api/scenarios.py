"""What is recorded: every endpoint, every documented error. Each scenario is played against a server and asserts what
came of it; afterwards the recording stands in for the server.
"""

from __future__ import annotations

from array import array
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.api.client import MesmsClient
from mesms_gitops.api.waiting import Clock
from mesms_gitops.errors import ApiRefusal, NoAnswer, RateLimited
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.observation import Accepted, Quote, RemotePhase, SenderName
from mesms_gitops.sandbox import Fault

from .sends import a_send, a_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from mesms_gitops.sandbox import World
    from mesms_gitops.sandbox.server import Running

START = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
"""When the sandbox's clock stands while a scenario is recorded."""
TEN = START + timedelta(hours=7)
SIXTY = Numbers.from_sorted(array("I", range(800_000_001, 800_000_061)))
KEYS = {
    "full": "sandbox-key",
    "send": "sandbox-send-key",
    "read": "sandbox-read-key",
    "other": "sandbox-other-key",
    "wrong": "not-a-key",
}


class Stage:
    """Where a scenario plays: clients, and the server's side of things, which a recording has already had."""

    def __init__(self, url: str, sandbox: Running | None = None, key: str | None = None) -> None:
        self.url = url
        self.waits: list[float] = []
        self._sandbox = sandbox
        self._key = key
        self._clients: list[MesmsClient] = []

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for client in self._clients:
            client.close()

    def client(self, key: str = "full") -> MesmsClient:
        """A client that does not wait, with a key by its name."""
        clock = Clock(now=lambda: START, monotonic=lambda: sum(self.waits), sleep=self.waits.append, chance=lambda: 0.0)
        secret = KEYS["wrong"] if key == "wrong" else self._key or KEYS[key]
        self._clients.append(MesmsClient(self.url, secret, requests_per_second=1e9, clock=clock))
        return self._clients[-1]

    def world(self, change: Callable[[World], object]) -> None:
        """Change the account as the provider would."""
        if self._sandbox is not None:
            with self._sandbox.lock:
                change(self._sandbox.world)

    def advance(self, by: timedelta) -> None:
        """Let time pass on the server."""
        self.world(lambda world: world.advance(by))

    def fault(self, fault: Fault) -> None:
        """Let something go wrong."""
        if self._sandbox is not None:
            self._sandbox.arm(fault)


SCENARIOS: dict[str, Callable[[Stage], None]] = {}


def scenario(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
    SCENARIOS[play.__name__] = play
    return play


# --- every endpoint ---------------------------------------------------------------------------------------------------


@scenario
def send_later(stage: Stage) -> None:
    accepted = stage.client("send").send(a_send("สวัสดี ลด 20%"), TEN)
    assert (accepted.remote_word, accepted.recipients, accepted.parts, accepted.credits) == ("scheduled", 2, 1, 2)


@scenario
def send_at_once(stage: Stage) -> None:
    accepted = stage.client().send(a_send("hello"), None)
    assert accepted == Accepted(accepted.uuid, "pending", 2, 1, 2)


@scenario
def send_a_template(stage: Stage) -> None:
    variables = {"name": "Toon", "percent": "20"}
    assert stage.client().send(a_send(a_template(variables=variables)), TEN).parts == 1


@scenario
def send_to_a_group(stage: Stage) -> None:
    assert stage.client().send(a_send("hello", group_id=1203), TEN).recipients == 25


@scenario
def preview_a_text(stage: Stage) -> None:
    assert stage.client("read").preview(a_send("ก" * 71)) == Quote(parts=2, recipients=2, credits=4)


@scenario
def preview_a_template(stage: Stage) -> None:
    """Asked with the local copy first; the sandbox wants the template alone, and is asked so from then on."""
    client = stage.client("read")
    template = a_template("สวัสดีคุณ Toon ลด 20%", {"name": "Toon", "percent": "20"})
    for _ in range(2):
        assert client.preview(a_send(template)) == Quote(parts=1, recipients=2, credits=2)


@scenario
def preview_a_group(stage: Stage) -> None:
    assert stage.client().preview(a_send("hello", group_id=1203)) == Quote(parts=1, recipients=25, credits=25)


@scenario
def cancel_a_scheduled_message(stage: Stage) -> None:
    client = stage.client()
    uuid = client.send(a_send(), TEN).uuid
    client.cancel(uuid)
    message = client.message(uuid)
    assert message is not None
    assert (message.phase, message.is_live, message.scheduled_at) == (RemotePhase.CANCELLED, False, TEN)
    assert client.balance() == 100_000


@scenario
def look_at_messages(stage: Stage) -> None:
    client = stage.client()
    for text, at in (("one", TEN), ("two", None), ("three", TEN)):
        client.send(a_send(text), at)
    page = client.messages()
    assert [message.content for message in page.messages] == ["three", "two", "one"]
    assert not page.more
    assert page.messages[0].created_at == START
    scheduled = client.messages(remote_phase=RemotePhase.SCHEDULED, sender="SiamCoffee")
    assert [message.content for message in scheduled.messages] == ["three", "one"]
    early = client.messages(created_from=START - timedelta(hours=1), created_to=START - timedelta(seconds=1))
    assert early.messages == ()


@scenario
def look_at_more_messages_than_a_page_holds(stage: Stage) -> None:
    def write(world: World) -> None:
        body = {"sender": "SiamCoffee", "content": "hello", "msisdns": ["0800000001"]}
        for _ in range(101):
            world.request("POST", "/sms/send", body=body, api_key=KEYS["full"])

    stage.world(write)
    client = stage.client()
    pages = [client.messages(page=number) for number in (1, 2)]
    assert [(len(page.messages), page.more) for page in pages] == [(100, True), (1, False)]


@scenario
def look_at_a_sent_message(stage: Stage) -> None:
    client = stage.client()
    numbers = Numbers([800_000_001, 800_009_001, 800_009_003])
    uuid = client.send(a_send("hello", numbers=numbers), None).uuid
    stage.advance(timedelta(days=4))
    message = client.message(uuid)
    assert message is not None
    assert message.phase is RemotePhase.SENT
    assert message.delivery == {"success": 1, "failed": 1, "blocked": 1}
    assert message.ref_no == "SMS20260601-000001"
    assert client.server_time() == START + timedelta(days=4)


@scenario
def look_at_recipients(stage: Stage) -> None:
    client = stage.client()
    uuid = client.send(a_send("hello", numbers=SIXTY), TEN).uuid
    first = client.recipients(uuid)
    assert (len(first.rows), first.next_cursor, first.summary) == (50, 50, {"pending": 60})
    assert first.next_cursor is not None
    last = client.recipients(uuid, after=first.next_cursor)
    assert (len(last.rows), last.next_cursor) == (10, None)
    assert [row[0] for row in (*first.rows, *last.rows)] == list(SIXTY.msisdns())
    assert client.recipients(uuid, search="66800000007").rows == (("66800000007", "pending"),)
    assert client.recipients(uuid, delivery_state="failed").rows == ()


@scenario
def look_at_balance_and_senders(stage: Stage) -> None:
    client = stage.client("read")
    assert client.balance() == 100_000
    senders = client.senders()
    assert senders[0] == SenderName("SiamCoffee", True, "approved")
    assert {sender.name for sender in senders if not sender.approved} == {"NewBrand", "Refused"}


# --- every documented error -------------------------------------------------------------------------------------------


def refused(ask: Callable[[], object]) -> tuple[int, str | None]:
    with pytest.raises(ApiRefusal) as caught:
        ask()
    return caught.value.status, caught.value.code


@scenario
def refused_400_bad_parameter(stage: Stage) -> None:
    client = stage.client()
    assert refused(lambda: client.send(a_send(sender="NewBrand"), TEN)) == (400, "SENDER_NOT_APPROVED")
    assert refused(lambda: client.send(a_send("x" * 1001), TEN)) == (400, "INVALID_PARAMETER")
    assert refused(lambda: client.send(a_send(), START)) == (400, "INVALID_PARAMETER")


@scenario
def refused_401_wrong_key(stage: Stage) -> None:
    client = stage.client("wrong")
    assert refused(client.balance) == (401, "UNAUTHORIZED")
    assert refused(lambda: client.send(a_send(), TEN)) == (401, "UNAUTHORIZED")


@scenario
def refused_402_no_credits(stage: Stage) -> None:
    stage.world(lambda world: setattr(world.accounts["main"], "balance", 1))
    assert refused(lambda: stage.client().send(a_send(), TEN)) == (402, "INSUFFICIENT_CREDITS")


@scenario
def refused_403_scope_and_owner(stage: Stage) -> None:
    assert refused(lambda: stage.client("read").send(a_send(), TEN)) == (403, "FORBIDDEN")
    uuid = stage.client().send(a_send(), TEN).uuid
    other = stage.client("other")
    assert refused(lambda: other.message(uuid)) == (403, "FORBIDDEN")
    assert refused(lambda: other.cancel(uuid)) == (403, "FORBIDDEN")


@scenario
def refused_404_not_found(stage: Stage) -> None:
    client = stage.client()
    unknown = "00000000-0000-4000-8000-000000000000"
    assert client.message(unknown) is None
    assert refused(lambda: client.recipients(unknown)) == (404, "NOT_FOUND")
    assert refused(lambda: client.cancel(unknown)) == (404, "NOT_FOUND")
    assert refused(lambda: client.send(a_send(group_id=9), TEN))[0] == 404


@scenario
def refused_429_then_carried_out(stage: Stage) -> None:
    stage.fault(Fault("status", "POST", "/sms/send", when="before", status=429, retry_after=3))
    stage.fault(Fault("status", "POST", "/sms/send", nth=1, when="before", status=429))
    client = stage.client()
    assert client.send(a_send(), TEN).recipients == 2
    assert stage.waits == [3.0, 0.5]


@scenario
def refused_429_to_the_end(stage: Stage) -> None:
    stage.fault(Fault("status", when="before", status=429, retry_after=600, times=None))
    client = stage.client()
    for ask in (client.balance, lambda: client.send(a_send(), TEN)):
        with pytest.raises(RateLimited) as caught:
            ask()
        assert caught.value.retry_after == 600.0


@scenario
def cancel_refused_not_scheduled(stage: Stage) -> None:
    client = stage.client()
    uuid = client.send(a_send(), None).uuid
    assert refused(lambda: client.cancel(uuid)) == (400, "NOT_SCHEDULED")


@scenario
def cancel_refused_already_cancelled(stage: Stage) -> None:
    client = stage.client()
    uuid = client.send(a_send(), TEN).uuid
    client.cancel(uuid)
    assert refused(lambda: client.cancel(uuid)) == (409, "ALREADY_CANCELLED")


@scenario
def cancel_refused_already_processing(stage: Stage) -> None:
    client = stage.client()
    uuid = client.send(a_send(), TEN).uuid
    stage.advance(timedelta(hours=7, seconds=1))
    assert refused(lambda: client.cancel(uuid)) == (409, "ALREADY_PROCESSING")
    message = client.message(uuid)
    assert message is not None
    assert message.phase is RemotePhase.PENDING


@scenario
def unknown_after_500_and_a_page(stage: Stage) -> None:
    stage.fault(Fault("status", "POST", when="after", status=500))
    stage.fault(Fault("status", "POST", when="after", status=502, html=True))
    client = stage.client()
    for text, status in (("one", 500), ("two", 502)):
        with pytest.raises(NoAnswer) as caught:
            client.send(a_send(text), TEN)
        assert caught.value.status == status
    assert [message.content for message in client.messages().messages] == ["two", "one"]


# --- every shape an answer may have -----------------------------------------------------------------------------------


def shaped(shape: str) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.world(lambda world: setattr(world, "shape", shape))
        client = stage.client()
        assert client.preview(a_send()) == Quote(1, 2, 2)
        uuid = client.send(a_send(), None).uuid
        stage.advance(timedelta(days=4))
        message = client.message(uuid)
        assert message is not None
        assert message.delivery == {"success": 2}
        assert client.messages().messages[0].uuid == uuid
        page = client.recipients(uuid)
        assert page.rows == (("66800000001", "success"), ("66800000002", "success"))
        assert page.summary == {"success": 2}
        assert client.balance() == 99_998
        assert client.senders()[0].approved
        later = client.send(a_send(), START + timedelta(days=5)).uuid
        client.cancel(later)

    return play


SCENARIOS |= {f"shape_{shape}": shaped(shape) for shape in ("plain", "envelope", "alias", "alias2", "alias3")}


# --- a real account ---------------------------------------------------------------------------------------------------


def live_reads(stage: Stage) -> None:
    """Everything that changes nothing and costs nothing."""
    client = stage.client()
    client.balance()
    approved = [sender for sender in client.senders() if sender.approved]
    page = client.messages()
    for message in page.messages[:3]:
        client.message(message.uuid)
        client.recipients(message.uuid)
    for text in ("hello", "ก" * 71):
        quote = client.preview(a_send(text))
        assert quote.recipients == 2
    if approved:
        client.messages(sender=approved[0].name, created_from=START, created_to=START + timedelta(days=3650))


def live_errors(stage: Stage) -> None:
    """Errors that can be had for nothing."""
    assert refused(stage.client("wrong").balance)[0] == 401
    assert stage.client().message("00000000-0000-4000-8000-000000000000") is None


def live_send(stage: Stage, number: str, at: datetime) -> None:
    """One message to a number of one's own, far ahead, cancelled at once: credits are held and refunded."""
    client = stage.client()
    sender = next(one.name for one in client.senders() if one.approved)
    numbers = Numbers([int(number[-9:])])
    uuid = client.send(a_send("mesms-gitops test, will be cancelled", numbers=numbers, sender=sender), at).uuid
    client.message(uuid)
    client.recipients(uuid)
    client.cancel(uuid)
    client.message(uuid)
    refused(lambda: client.cancel(uuid))
