"""The world as a value: credits are conserved, copies live apart, and every answer agrees with the ledger."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mesms_gitops.sandbox.account import Sender
from mesms_gitops.sandbox.defaults import API_KEY, OTHER_KEY, READ_KEY, default_world
from mesms_gitops.sandbox.message import iso
from mesms_gitops.sandbox.world import START, World

FINAL = {"sent", "failed", "cancelled"}


def post(world: World, **fields: object) -> dict[str, object]:
    body = {"sender": "SiamCoffee", "content": "hello", "msisdns": ["0800000001"], **fields}
    answer = world.request("POST", "/sms/send", body=body, api_key=API_KEY)
    assert isinstance(answer.body, dict)
    return answer.body


def image(world: World) -> object:
    """Everything that can be seen of a world."""
    listing = world.request("GET", "/sms", {"limit": "100"}, api_key=READ_KEY)
    return world.now, world.ledger(everything=True), world.credits(), listing, dict(world.calls)


class Life(RuleBasedStateMachine):
    """Sends, cancels, lost senders and time in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = default_world(balance=60)
        self.seen: dict[str, str] = {}
        self.reports: dict[str, str] = {}

    @initialize(balance=st.integers(0, 60))
    def open_account(self, balance: int) -> None:
        self.world = default_world(balance=balance)
        self.total = balance

    @rule(
        numbers=st.lists(st.sampled_from(["0800000001", "66800000001", "0800009001", "0811111111"]), max_size=6),
        content=st.sampled_from(["hi", "ก" * 71, "x" * 1001]),
        ahead=st.one_of(st.none(), st.integers(-2, 120)),
        dry_run=st.booleans(),
    )
    def send(self, numbers: list[str], content: str, ahead: int | None, dry_run: bool) -> None:
        before = image(self.world)
        fields: dict[str, object] = {"msisdns": numbers, "content": content, "dryRun": dry_run}
        if ahead is not None:
            fields["scheduledTime"] = iso(self.world.now + timedelta(seconds=ahead))
        answer = post(self.world, **fields)
        if "error" in answer or dry_run:
            assert image(self.world)[:-2] == before[:-2]  # type: ignore[index]  # a refusal changes nothing

    @rule(data=st.data(), key=st.sampled_from([API_KEY, READ_KEY, OTHER_KEY]))
    def cancel(self, data: st.DataObject, key: str) -> None:
        if not self.world.messages:
            return
        uuid = data.draw(st.sampled_from(list(self.world.messages)))
        message, before = self.world.messages[uuid], self.world.credits()
        answer = self.world.request("POST", f"/sms/{uuid}/cancel", api_key=key)
        could = message.status_at(self.world.now) == "scheduled" and key != OTHER_KEY
        assert (answer.status == 200) == could
        refund = message.credits if could else 0
        assert self.world.credits() == (before.balance + refund, before.held - refund, before.charged)

    @rule(seconds=st.sampled_from([0, 0.001, 1, 5, 60, 400, 90_000]))
    def wait(self, seconds: float) -> None:
        self.world.advance(seconds)

    @rule(standing=st.sampled_from(["approved", "rejected"]))
    def change_sender(self, standing: str) -> None:
        account = self.world.accounts["main"]
        account.senders = {**account.senders, "SiamCoffee": Sender(standing)}

    @rule()
    def go_on_in_a_copy(self) -> None:
        self.world = self.world.copy()

    @invariant()
    def credits_are_conserved(self) -> None:
        credits = self.world.credits()
        assert sum(credits) == getattr(self, "total", 60)
        assert min(credits) >= 0

    @invariant()
    def credits_are_where_the_messages_say(self) -> None:
        held, charged = 0, 0
        for entry in self.world.ledger():
            held += entry.credits if entry.status == "scheduled" else 0
            charged += entry.credits if entry.status != "scheduled" else 0
        assert self.world.credits()[1:] == (held, charged)

    @invariant()
    def what_is_final_stays(self) -> None:
        for entry in self.world.ledger(everything=True):
            before = self.seen.get(entry.uuid)
            assert before not in FINAL or before == entry.status
            self.seen[entry.uuid] = entry.status

    @invariant()
    def the_ledger_counts_every_text(self) -> None:
        texts = Counter(uuid for uuids in self.world.texts_by_number().values() for uuid in uuids)
        assert texts == {entry.uuid: entry.total for entry in self.world.ledger()}

    @invariant()
    def reports_add_up_and_final_ones_stay(self) -> None:
        for uuid in self.world.messages:
            query = {"after": "0"}
            answer = self.world.request("GET", f"/sms/{uuid}/recipients", query, api_key=READ_KEY).body
            assert isinstance(answer, dict)
            counted = Counter(row["status"] for row in answer["data"])
            assert counted == {row["status"]: row["count"] for row in answer["summary"]}
            for place, row in enumerate(answer["data"]):
                before = self.reports.get(f"{uuid}/{place}", "pending")
                assert before in ("pending", row["status"])
                self.reports[f"{uuid}/{place}"] = row["status"]


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None, derandomize=True)


def test_a_copy_and_its_original_never_touch_each_other(world):
    uuid = post(world, scheduledTime="2026-06-01T12:00:00+07:00")["uuid"]
    world.rate_limit = 1000
    before = image(world)
    twin = world.copy()
    assert image(twin) == image(world)
    before = image(world)
    twin.request("POST", f"/sms/{uuid}/cancel", api_key=API_KEY)
    post(twin, msisdns=["0800000002"] * 3)
    twin.advance(10_000)
    twin.accounts["main"].balance += 5
    twin.shape = "envelope"
    after = image(world)
    assert after[:4] == before[:4]  # type: ignore[index]
    post(world)
    assert len(twin.ledger(everything=True)) == 2


def test_the_same_requests_make_the_same_world():
    def play() -> object:
        world = default_world(seed=3)
        for number in range(5):
            post(world, msisdns=[f"080000000{number}"])
            world.advance(7)
        return image(world)

    assert play() == play()


def test_worlds_of_different_seeds_share_no_uuid():
    uuids = [post(default_world(seed=seed))["uuid"] for seed in range(50)]
    assert len(set(uuids)) == 50


def test_schedules_fire_in_their_order_even_in_one_leap(world):
    for minute in (3, 1, 2):
        post(world, scheduledTime=f"2026-06-01T10:0{minute}:00+07:00")
    world.advance(61)
    assert [entry.status for entry in world.ledger()] == ["scheduled", "pending", "scheduled"]
    world.advance(3600)
    assert {entry.status for entry in world.ledger()} == {"sent"}


def test_a_clock_that_goes_back_undoes_nothing(world):
    post(world, scheduledTime="2026-06-01T10:01:00+07:00")
    world.advance(3600)
    world.set_now(START)
    assert world.credits() == (99_999, 0, 1)
    assert [entry.status for entry in world.ledger()] == ["pending"]


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_message_takes_longer_to_send_the_more_people_it_has(world, size):
    post(world, msisdns=["0800000001"] * (1 + 10 * size))
    world.advance(5.0 + size / 1000)
    assert world.ledger()[0].status == "pending"
    world.advance(0.001)
    assert world.ledger()[0].status == "sent"
