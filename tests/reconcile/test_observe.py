"""Looking before acting: which requests are made, and what becomes of the answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mesms_gitops.errors import ApiError, NoAnswer
from mesms_gitops.model.observation import MessagePage, RemotePhase, SenderName
from mesms_gitops.model.plan import CreditsSource, Reason
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.reconcile.observe import messages_since
from tests.planning.scenes import NOW, SOON, manifest, people, remembered

from .bench import DROPPED, LOST, Bench, late

SALE, OTHER, BYE = manifest(), manifest("other", "Other", (7, 8)), manifest("bye", "Bye", (9,))


# --- which requests ---------------------------------------------------------------------------------------------------


def test_a_plan_without_work_asks_about_live_sends_and_nothing_else(bench: Bench) -> None:
    """Requests grow with what can still change, not with history."""
    bench.apply(SALE, OTHER)
    sent = tuple(manifest(f"old-{n}", f"Old {n}", (n,)) for n in range(1, 30))
    bench.remember(
        *bench.state.campaigns.values(),
        *(
            remembered(told, phase)
            for told, phase in zip(sent, [SendPhase.SENT, SendPhase.CANCELLED] * 15, strict=False)
        ),
    )
    bench.account.reads.clear()
    bench.plan(SALE, OTHER)
    assert bench.account.reads == ["balance", "message m1", "message m2"]


def test_a_fixed_time_is_looked_for_among_the_scheduled_of_its_sender(bench: Bench) -> None:
    bench.plan(SALE)
    assert bench.account.reads == ["balance", "messages SiamCoffee scheduled p1", "senders", "preview Hello"]


def test_a_now_is_looked_for_among_those_of_the_last_day(bench: Bench) -> None:
    bench.plan(manifest(when=SOON))
    assert bench.account.reads == ["balance", "messages SiamCoffee since 31 03:00 p1", "senders", "preview Hello"]


def test_an_unknown_send_is_looked_for_since_a_little_before_its_intent(bench: Bench) -> None:
    bench.remember(remembered(SALE, SendPhase.UNKNOWN))
    bench.plan(SALE)
    assert bench.account.reads == ["balance", "messages SiamCoffee since 01 01:50 p1"]


def test_senders_are_asked_about_only_where_something_is_sent(bench: Bench) -> None:
    bench.apply(SALE)
    bench.account.reads.clear()
    bench.plan()
    assert bench.account.reads == ["balance", "message m1"]


def test_each_class_of_texts_is_priced_once(bench: Bench) -> None:
    bench.plan(manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,), "x" * 200: (4,)}))
    assert len([read for read in bench.account.reads if read.startswith("preview")]) == 2


def test_a_target_is_planned_priced_and_guarded_alone(bench: Bench) -> None:
    bench.account.approved = (SenderName("SiamCoffee", approved=True),)
    plan = bench.plan(SALE, manifest("other", "Other", (7, 8), sender="SiamShop"), targets=["sale"])
    assert ([action.campaign for action in plan.actions], plan.refusals) == (["sale"], ())
    assert [read for read in bench.account.reads if read.startswith("preview")] == ["preview Hello"]


def test_a_plan_changes_nothing(bench: Bench) -> None:
    bench.remember(remembered(SALE, SendPhase.UNKNOWN))
    bench.plan(SALE, OTHER)
    assert bench.trace == []


# --- what becomes of the answers --------------------------------------------------------------------------------------


def test_every_page_of_a_listing_is_read(bench: Bench) -> None:
    bench.account.page = 2
    for _ in range(5):
        bench.account.by_hand(SALE, "Hello", people(9))
    found = messages_since(bench.account, "SiamCoffee", NOW - timedelta(hours=1))
    assert [message.uuid for message in found] == ["m5", "m4", "m3", "m2", "m1"]


def test_a_listing_that_grows_while_it_is_read_is_read_whole(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message on top moves the last one of a page to the next page: it is neither lost nor seen twice."""
    bench.account.page = 2
    for _ in range(3):
        bench.account.by_hand(SALE, "Hello", people(9))
    listed = bench.account.messages

    def growing(page: int = 1, **about: Any) -> MessagePage:
        answer = listed(page=page, **about)
        if page == 1:
            bench.account.by_hand(SALE, "Hello", people(9))
        return answer

    monkeypatch.setattr(bench.account, "messages", growing)
    found = messages_since(bench.account, "SiamCoffee", NOW - timedelta(hours=1))
    assert [message.uuid for message in found] == ["m3", "m2", "m1"]


def test_a_listing_without_end_is_not_believed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesms_gitops.reconcile.observe.MAX_LISTING_PAGES", 2)
    bench.account.page = 1
    for _ in range(3):
        bench.account.by_hand(SALE, "Hello", people(9))
    with pytest.raises(ApiError, match="does not end after 2 pages"):
        bench.plan(SALE)


def test_a_listing_without_texts_is_completed_message_by_message(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.account.by_hand(SALE, "Hello")
    listed = bench.account.messages
    monkeypatch.setattr(
        bench.account,
        "messages",
        lambda **about: MessagePage(tuple(replace(one, content=None) for one in listed(**about).messages), more=False),
    )
    assert bench.plan(SALE).actions[0].reason is Reason.FOREIGN_MESSAGE


def test_only_texts_of_messages_that_could_be_ours_are_asked_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a listing without texts, those with another count of people say nothing; without a count, they may."""
    bench.account.by_hand(SALE, "Hello", people(9))
    bench.account.by_hand(SALE, "Hello", people(*range(20)))
    listed = bench.account.messages
    hidden: dict[str, None] = {"content": None}
    monkeypatch.setattr(
        bench.account,
        "messages",
        lambda **about: MessagePage(tuple(replace(one, **hidden) for one in listed(**about).messages), more=False),  # type: ignore[arg-type]
    )
    assert bench.plan(SALE).actions[0].reason is Reason.NEW
    assert not [read for read in bench.account.reads if read.startswith("message m")]
    hidden["recipients"] = None
    bench.plan(SALE)
    assert {read for read in bench.account.reads if read.startswith("message m")} == {"message m1", "message m2"}


def test_people_that_cannot_be_read_hold_a_send_back(bench: Bench) -> None:
    """To hold back, a doubt is enough."""
    bench.account.by_hand(SALE, "Hello", people(4, 5, 6))
    assert bench.plan(SALE).actions[0].reason is Reason.NEW
    bench.account.hides_recipients = True
    assert bench.plan(SALE).actions[0].reason is Reason.FOREIGN_MESSAGE


def test_people_that_cannot_be_read_are_not_adopted(bench: Bench) -> None:
    """To adopt takes certainty."""
    bench.account.hides_recipients = True
    bench.account.will("send", LOST)
    bench.apply(SALE)
    assert bench.plan(SALE).actions[0].reason is Reason.UNKNOWN_SEND
    bench.account.hides_recipients = False
    assert bench.plan(SALE).actions[0].reason is Reason.RECOVERED


def test_what_an_adoption_frees_is_looked_for_as_well(bench: Bench) -> None:
    """Its first send is found; somebody has made the message of its second meanwhile."""
    dear = manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)})
    bench.account.will("send", late(minutes=5))
    bench.apply(dear)
    bench.clock.moment += timedelta(hours=2)
    bench.account.by_hand(dear, "Dear Ann", ago=timedelta(days=3))
    (action,) = bench.plan(dear).actions
    assert (action.reason, len(action.adoptions)) == (Reason.FOREIGN_MESSAGE, 1)


def test_the_clock_of_the_server_says_what_has_passed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = SALE.send("Hello").when.at  # type: ignore[union-attr]
    monkeypatch.setattr(bench.account, "server_time", lambda: hour)
    assert bench.plan(SALE).actions[0].reason is Reason.TIME_PASSED
    monkeypatch.setattr(bench.account, "server_time", lambda: None)
    assert bench.plan(SALE).actions[0].reason is Reason.NEW


def test_a_preview_that_fails_fails_the_plan(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise DROPPED.error

    monkeypatch.setattr(bench.account, "preview", broken)
    with pytest.raises(ApiError):
        bench.plan(SALE)


def test_offline_nothing_is_asked_and_cost_is_estimated(bench: Bench) -> None:
    plan = bench.plan(SALE, offline=True)
    assert (plan.offline, plan.actions[0].credits_source, plan.actions[0].credits) == (True, CreditsSource.ESTIMATE, 3)
    assert (bench.account.reads, plan.summary.balance) == ([], None)


def _listing(bench: Bench, monkeypatch: pytest.MonkeyPatch, **shown: Any) -> None:
    """The listing shows its messages changed; one by one they are whole."""
    listed = bench.account.messages
    monkeypatch.setattr(
        bench.account,
        "messages",
        lambda **about: MessagePage(tuple(replace(one, **shown) for one in listed(**about).messages), more=False),
    )


@pytest.mark.parametrize(
    ("shown", "asked"),
    [
        ({}, []),
        ({"content": None}, ["message m1"]),
        ({"content": None, "phase": RemotePhase.CANCELLED}, []),
    ],
    ids=["with its text", "without its text", "over, and without its text"],
)
def test_a_message_is_asked_for_only_where_its_text_is_missing_and_matters(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, shown: dict[str, Any], asked: list[str]
) -> None:
    bench.account.by_hand(SALE, "Hello", people(9))
    _listing(bench, monkeypatch, **shown)
    messages_since(bench.account, "SiamCoffee", NOW - timedelta(hours=1))
    assert [read for read in bench.account.reads if read.startswith("message ")] == asked


def test_a_message_that_is_gone_when_it_is_asked_for_stays_as_it_was_listed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.account.by_hand(SALE, "Hello", people(9))
    _listing(bench, monkeypatch, content=None)
    monkeypatch.setattr(bench.account, "message", lambda _: None)
    (found,) = messages_since(bench.account, "SiamCoffee", NOW - timedelta(hours=1))
    assert (found.uuid, found.content) == ("m1", None)


def test_the_last_page_is_the_last_request(bench: Bench) -> None:
    bench.account.page = 2
    for _ in range(4):
        bench.account.by_hand(SALE, "Hello", people(9))
    messages_since(bench.account, "SiamCoffee", NOW - timedelta(hours=1))
    assert [read.rpartition(" ")[2] for read in bench.account.reads] == ["p1", "p2"]


def test_an_account_that_shows_the_same_page_for_ever_is_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.account.by_hand(SALE, "Hello", people(9))
    page = MessagePage(bench.account.messages(sender="SiamCoffee").messages, more=True)
    monkeypatch.setattr(bench.account, "messages", lambda **_: page)
    assert len(messages_since(bench.account, "SiamCoffee", NOW - timedelta(hours=1))) == 1


def test_people_are_told_whose_cost_is_asked_and_an_error_says_so_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.plan(SALE, OTHER)
    assert bench.teller.said == ["asking what other costs (1 of 2)", "asking what sale costs (2 of 2)"]

    def broken(_: object) -> None:
        raise NoAnswer("no answer")

    monkeypatch.setattr(bench.account, "preview", broken)
    with pytest.raises(NoAnswer) as caught:
        bench.plan(SALE)
    assert caught.value.__notes__ == ["asked for the cost of sale; nothing was sent"]
