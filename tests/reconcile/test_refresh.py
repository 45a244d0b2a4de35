"""Reading what became of what was sent: only what can still change, with few requests, and odd counts as they came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesms_gitops.errors import AnswerUnreadable, Interrupted, NoAnswer, NotMesms
from mesms_gitops.model.delivery import DELIVERY_STATES, DELIVERY_WINDOW, DeliveryNote, can_still_change, left_at
from mesms_gitops.model.observation import RemoteMessage, RemotePhase
from mesms_gitops.model.sends import LEFT, SendPhase
from mesms_gitops.planning.delivery import looked_at, looked_at_all
from mesms_gitops.planning.situation import CANCELLED_ELSEWHERE, GONE, refreshed_send
from mesms_gitops.reconcile.looking import LOST_IN_A_ROW
from mesms_gitops.reconcile.refresh import WRITE_AFTER, WRITE_EVERY, Refresh
from mesms_gitops.reconcile.refresh import unread as unread_of_all
from tests.planning.scenes import NOW, manifest, remembered

from .bench import DROPPED, GARBLED, LIMITED, UNREACHED, Bench, Fault, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mesms_gitops.errors import ApiError
    from mesms_gitops.model.observation import MessagePage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State

P, R = SendPhase, RemotePhase
SALE, OTHER = manifest(), manifest("other", "Bye", (7, 8))
MANY = [manifest(f"many-{number}", f"Text {number}", (10 + number, 40 + number)) for number in range(8)]


def refresh(bench: Bench, names: Collection[str] = (), interrupted: Callable[[], bool] = lambda: False) -> State:
    """One pass over what the bench has in state, written into its ledger."""
    journal = bench.journal()
    once = Refresh(
        bench.account,
        bench.clock,
        bench.teller,
        lambda looks: journal.write(looked_at_all(journal.state, looks, bench.clock.now())),
        interrupted,
    )
    once.run(journal.state, names)
    return journal.state


def bare(page: MessagePage) -> MessagePage:
    """A page of the listing as the reference has it: without counts."""
    return replace(page, messages=tuple(replace(one, delivery=MappingProxyType({})) for one in page.messages))


def sent(delivery: dict[str, int], *, recipients: int = 3, notes: tuple[str, ...] = ()) -> SendRecord:
    """A send that left an hour ago."""
    (record,) = remembered(SALE, P.SENT, delivery=MappingProxyType(delivery), recipients=recipients, notes=notes).sends
    return record


def seen(delivery: dict[str, int], phase: RemotePhase = R.SENT) -> RemoteMessage:
    return RemoteMessage("m1", phase, delivery=MappingProxyType(delivery))


@pytest.mark.parametrize(
    ("phase", "delivery", "expected"),
    [
        (P.INTENDED, {}, False),
        (P.UNKNOWN, {}, False),
        (P.FAILED, {}, False),
        (P.CANCELLED, {}, False),
        (P.SCHEDULED, {}, True),
        (P.STARTED, {}, True),
        (P.STARTED, {"success": 3}, True),
        (P.SENT, {}, True),
        (P.SENT, {"pending": 3}, True),
        (P.SENT, {"success": 1, "failed": 1, "pending": 1}, True),
        (P.SENT, {"success": 1, "failed": 1, "expired": 1}, False),
        (P.SENT, {"success": 3}, False),
        (P.SENT, {"success": 5}, True),
        (P.SENT, {"success": 2, "failed": 3}, True),
    ],
)
def test_a_send_is_asked_about_until_everybody_has_a_final_result(
    phase: SendPhase, delivery: dict[str, int], expected: bool
) -> None:
    """By phase and counts: scheduled and started ones always, sent ones while somebody has no result."""
    (record,) = remembered(SALE, phase, delivery=MappingProxyType(delivery)).sends
    assert can_still_change(record) is expected


SEEN = {
    R.SCHEDULED: (P.SCHEDULED, {}, None),
    R.PENDING: (P.STARTED, {"pending": 3}, None),
    R.SENT: (P.SENT, {"pending": 3}, None),
    R.FAILED: (P.FAILED, {"failed": 3}, None),
    R.CANCELLED: (P.CANCELLED, {}, CANCELLED_ELSEWHERE),
}


@pytest.mark.parametrize("remote", SEEN)
def test_one_look(bench: Bench, remote: RemotePhase) -> None:
    """Phase, counts by delivery state, and whose doing it was; nothing is posted."""
    bench.apply(SALE)
    before = bench.state
    bench.trace.clear()
    phase, delivery, reason = SEEN[remote]
    bench.account.set("m1", remote, **delivery)
    (record,) = bench.record().sends
    newer = refresh(bench)
    expected = replace(record, phase=phase, delivery=MappingProxyType(delivery), reason=reason)
    assert newer.campaigns == before.with_campaign(before.campaigns["sale"].with_send(expected)).campaigns
    assert bench.posts == []


def test_counts_come_from_the_first_page_of_recipients_while_the_message_has_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request more, and the counts are in order of their words."""
    bench.apply(SALE)
    bench.account.set("m1", R.PENDING, success=2, pending=1)
    whole = bench.account.message("m1")
    assert whole is not None
    monkeypatch.setattr(bench.account, "message", lambda _: replace(whole, delivery=MappingProxyType({})))
    bench.account.reads.clear()
    (send,) = refresh(bench).campaigns["sale"].sends
    assert (dict(send.delivery), list(send.delivery)) == ({"success": 2, "pending": 1}, ["pending", "success"])
    assert bench.account.reads == ["recipients m1 after 0"]


def test_a_message_nobody_knows_is_gone(bench: Bench) -> None:
    """A scheduled message that ME-SMS does not know stays scheduled, with the reason `gone`."""
    bench.apply(SALE)
    bench.account.messages_by_uuid.clear()
    (send,) = refresh(bench).campaigns["sale"].sends
    assert (send.phase, send.reason) == (P.SCHEDULED, GONE)


def test_where_nothing_moved_the_state_is_the_same(bench: Bench) -> None:
    """Not even a serial is spent."""
    bench.apply(SALE, OTHER)
    before = bench.state
    assert refresh(bench) is before


def test_named_campaigns_are_read_alone(bench: Bench) -> None:
    """One request, for the campaign that was named."""
    bench.apply(SALE, OTHER)
    bench.account.reads.clear()
    refresh(bench, ["other"])
    assert bench.account.reads == ["message m1"]


def test_people_are_told_how_far_it_is(bench: Bench) -> None:
    """A line for each campaign that is read, with its place among all."""
    bench.apply(SALE, OTHER)
    bench.teller.said.clear()
    refresh(bench)
    assert bench.teller.said == ["reading other (1 of 2)", "reading sale (2 of 2)"]


def test_an_account_that_cannot_be_read_is_an_error(bench: Bench) -> None:
    """An answer that is lost is raised, not taken for no news."""
    bench.apply(SALE)
    bench.account.will("message", DROPPED)
    with pytest.raises(NoAnswer):
        refresh(bench)


def test_what_has_started_is_not_unmade_by_a_message_nobody_knows(bench: Bench) -> None:
    """It is flagged, and keeps what was seen before."""
    bench.remember(remembered(SALE, P.STARTED, delivery=MappingProxyType({"success": 1, "pending": 2})))
    (send,) = refresh(bench).campaigns["sale"].sends
    assert (send.phase, dict(send.delivery), send.notes) == (P.STARTED, {"success": 1, "pending": 2}, ("purged",))


def test_counts_of_the_message_are_enough(bench: Bench) -> None:
    """A message that carries its counts costs one request."""
    bench.apply(SALE)
    bench.account.set("m1", R.SENT, success=3)
    bench.account.reads.clear()
    refresh(bench)
    assert bench.account.reads == ["message m1"]


def test_what_is_final_is_not_read(bench: Bench) -> None:
    """Where everybody has a result, nothing is asked."""
    bench.remember(remembered(SALE, P.SENT, delivery=MappingProxyType({"success": 3})))
    refresh(bench)
    assert bench.account.reads == []


def test_a_contact_group_whose_size_is_not_known_is_read_until_it_has_counts() -> None:
    """Any counts, if all of them are final, are the end of it."""
    (record,) = remembered(SALE, P.SENT, recipients=0).sends
    assert can_still_change(record)
    assert not can_still_change(replace(record, delivery=MappingProxyType({"success": 9})))


# --- few requests -----------------------------------------------------------------------------------------------------


def test_many_are_read_from_one_listing(bench: Bench) -> None:
    """Eight scheduled messages cost one request: a page of the listing, from ten minutes before the first intent on."""
    bench.apply(*MANY)
    bench.account.reads.clear()
    refresh(bench)
    assert bench.account.reads == [f"messages SiamCoffee since {NOW - timedelta(minutes=10):%d %H:%M} p1"]


def test_a_listing_that_is_no_use_is_given_up(bench: Bench) -> None:
    """Never more pages than there are messages left to find: hundreds made by others stand before ours."""
    bench.apply(*MANY)
    bench.account.page = 1
    for _ in range(40):
        bench.account.by_hand(OTHER, "Bye", ago=timedelta(0))
    bench.account.reads.clear()
    refresh(bench)
    assert [read.split()[0] for read in bench.account.reads] == ["messages"] * 8 + ["message"] * 8


def test_what_the_listing_lacks_is_asked_for_alone(bench: Bench) -> None:
    """One request for the one that was not listed, which ME-SMS does not know."""
    bench.apply(*MANY)
    gone = bench.account.messages_by_uuid.pop("m3")
    bench.account.reads.clear()
    state = refresh(bench)
    assert bench.account.reads[1:] == ["message m3"]
    (record,) = [send for _, send in state.sends() if send.uuid == gone.uuid]
    assert record.reason == GONE


@pytest.mark.parametrize(("phase", "asked"), [(R.PENDING, "recipients"), (R.SENT, "message")])
def test_counts_that_the_listing_leaves_out_cost_one_request_each(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, phase: RemotePhase, asked: str
) -> None:
    """Of the message once it is done, of its recipients before."""
    bench.apply(*MANY)
    for uuid in bench.account.messages_by_uuid:
        bench.account.set(uuid, phase, success=2)
    whole = bench.account.messages
    monkeypatch.setattr(bench.account, "messages", lambda **query: bare(whole(**query)))
    bench.account.reads.clear()
    state = refresh(bench)
    assert [read.split()[0] for read in bench.account.reads] == ["messages", *[asked] * 8]
    assert all(dict(send.delivery) == {"success": 2} for _, send in state.sends())


def test_recipients_that_were_purged_before_their_message_stop_nothing(bench: Bench) -> None:
    """A 404 there leaves the counts as they are recorded, the phase is read all the same, and it is flagged."""
    bench.apply(SALE)
    bench.account.set("m1", R.PENDING)
    bench.account.will("recipients", refusal(404))
    (send,) = refresh(bench).campaigns["sale"].sends
    assert (send.phase, dict(send.delivery), send.notes) == (P.STARTED, {}, ("partly_gone",))


def test_what_is_listed_but_not_known_alone_is_flagged(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its phase is that of the listing, its counts those of its recipients; and the flag goes when it is known."""
    bench.apply(*MANY)
    for uuid in bench.account.messages_by_uuid:
        bench.account.set(uuid, R.SENT, success=1, pending=1)
    listed = bench.account.messages
    monkeypatch.setattr(bench.account, "messages", lambda **query: bare(listed(**query)))
    known = bench.account.message
    monkeypatch.setattr(bench.account, "message", lambda uuid: None if uuid == "m3" else known(uuid))
    state = refresh(bench)
    flagged = [send for _, send in state.sends() if send.notes]
    assert [(send.uuid, send.phase, send.notes) for send in flagged] == [("m3", P.SENT, ("partly_gone",))]
    assert dict(flagged[0].delivery) == {"success": 1, "pending": 1}
    monkeypatch.setattr(bench.account, "message", known)
    assert not [send for _, send in refresh(bench).sends() if send.notes]


# --- written down now and then ----------------------------------------------------------------------------------------


def crowd(bench: Bench, size: int) -> None:
    """So many campaigns, all of whose messages ME-SMS sends now."""
    told = [manifest(f"c-{number:03}", f"Text {number}", (number, number + 1000)) for number in range(size)]
    bench.account.credits = 1_000_000
    bench.apply(*told)
    for uuid in bench.account.messages_by_uuid:
        bench.account.set(uuid, R.SENT, success=2)


def test_what_was_read_is_written_after_so_many_looks(bench: Bench) -> None:
    """Five looks more than one write holds make two writes."""
    crowd(bench, WRITE_AFTER + 5)
    serial = bench.state.serial
    refresh(bench)
    assert bench.state.serial == serial + 2


def test_what_was_read_is_written_after_so_long(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look takes longer than that: each is written."""
    crowd(bench, 4)
    whole = bench.account.messages

    def slow() -> object:
        bench.clock.moment += WRITE_EVERY
        return NOW

    serial = bench.state.serial
    assert whole is not None
    monkeypatch.setattr(bench.teller, "say", lambda _: slow())
    refresh(bench)
    assert bench.state.serial == serial + 4


@pytest.mark.parametrize("after", [0, 3, 11])
def test_ctrl_c_keeps_what_was_read(bench: Bench, after: int) -> None:
    """The rest is read by the same command, and what is settled is not asked about again."""
    crowd(bench, 30)
    for uuid in bench.account.messages_by_uuid:
        bench.account.set(uuid, R.PENDING)  # then each takes a request of its own
    bench.account.reads.clear()
    with pytest.raises(Interrupted):
        refresh(bench, interrupted=lambda: len(bench.account.reads) > after)
    known = [send for _, send in bench.state.sends() if send.phase is P.STARTED]
    assert len(known) == after
    refresh(bench)
    assert all(send.phase is P.STARTED for _, send in bench.state.sends())


def test_an_answer_that_is_lost_keeps_nobody_from_the_others(bench: Bench) -> None:
    """Five of six are in state; then the loss is raised, for the same command may well fare better."""
    crowd(bench, 6)
    for uuid in bench.account.messages_by_uuid:
        bench.account.set(uuid, R.PENDING)
    bench.account.will("recipients", None, None, Fault(NoAnswer("no answer")))
    with pytest.raises(NoAnswer) as caught:
        refresh(bench)
    assert caught.value.why == "1 of 6 messages were not answered; what the others say is written down"
    sends = [send for _, send in bench.state.sends()]
    assert sorted((send.phase, send.notes) for send in sends) == [(P.SCHEDULED, ()), *[(P.STARTED, ())] * 5]


@pytest.mark.parametrize("error", [NoAnswer("no answer"), NotMesms("a web page came back")])
def test_when_nobody_answers_not_everybody_is_asked_about(bench: Bench, error: ApiError) -> None:
    """Three in a row are enough, and what was read before stays; nothing is flagged, for it says nothing of them."""
    crowd(bench, 30)
    for uuid in bench.account.messages_by_uuid:
        bench.account.set(uuid, R.PENDING)
    bench.account.will("recipients", None, Fault(error), None, *[Fault(error)] * 9)
    bench.account.reads.clear()
    with pytest.raises(type(error)):
        refresh(bench)
    assert len(bench.account.reads) == 1 + 3 + LOST_IN_A_ROW
    sends = [send for _, send in bench.state.sends()]
    assert sum(send.phase is P.STARTED for send in sends) == 2
    assert not any(send.notes for send in sends)


@pytest.mark.parametrize("error", [refusal(401), UNREACHED, LIMITED])
def test_what_concerns_all_ends_the_looking(bench: Bench, error: Fault) -> None:
    """A key that is refused, no connection, too many requests: the first is enough."""
    crowd(bench, 6)
    bench.account.reads.clear()
    bench.account.will("messages", error)
    with pytest.raises(type(error.error)):
        refresh(bench)
    assert len(bench.account.reads) == 1


# --- what cannot be read ----------------------------------------------------------------------------------------------


def unread(bench: Bench) -> dict[str, SendPhase]:
    """The phase of each send that is flagged as not read, by uuid."""
    return {send.uuid or "": send.phase for _, send in bench.state.sends() if "unread" in send.notes}


@pytest.mark.parametrize("phase", [P.SCHEDULED, P.STARTED, P.SENT])
@pytest.mark.parametrize("error", [GARBLED, refusal(403).error, refusal(400).error])
def test_a_message_that_cannot_be_read_stays_as_it_was(bench: Bench, phase: SendPhase, error: ApiError) -> None:
    """It is flagged and nothing else: not gone, not sent, not settled when the window is over, and asked again."""
    counts = {} if phase is P.SCHEDULED else {"success": 1, "pending": 2}
    bench.remember(remembered(SALE, phase, delivery=MappingProxyType(counts)))
    (before,) = bench.record().sends
    bench.clock.moment = left_at(before) + 2 * DELIVERY_WINDOW
    bench.account.will("message", Fault(error))
    refresh(bench)
    (after,) = bench.record().sends
    assert after == replace(before, notes=("unread",))
    assert can_still_change(after)


def test_the_flag_goes_with_the_next_look_that_tells_something(bench: Bench) -> None:
    """Also with that of a plan."""
    bench.apply(SALE)
    bench.account.unreadable.add("m1")
    refresh(bench)
    assert unread(bench) == {"m1": P.SCHEDULED}
    (flagged,) = bench.record().sends
    serial = bench.state.serial
    refresh(bench)
    assert bench.state.serial == serial  # it is not flagged anew
    bench.account.unreadable.clear()
    assert refreshed_send(flagged, bench.account.message("m1")).notes == ()
    refresh(bench)
    assert unread(bench) == {}


def test_a_row_that_cannot_be_read_keeps_nobody_from_the_listing(bench: Bench) -> None:
    """One page and one request alone; it is flagged, and the seven others are not."""
    bench.apply(*MANY)
    bench.account.unreadable.add("m3")
    bench.account.reads.clear()
    refresh(bench)
    assert [read.split()[0] for read in bench.account.reads] == ["messages", "message"]
    assert unread(bench) == {"m3": P.SCHEDULED}


def test_a_row_of_somebody_else_that_cannot_be_read_costs_nothing(bench: Bench) -> None:
    """One page; nothing is flagged."""
    bench.apply(*MANY)
    bench.account.unreadable.add(bench.account.by_hand(OTHER, "Bye", ago=timedelta(0)))
    bench.account.reads.clear()
    refresh(bench)
    assert [read.split()[0] for read in bench.account.reads] == ["messages"]
    assert unread(bench) == {}


@pytest.mark.parametrize("error", [GARBLED, NoAnswer("no answer"), NotMesms("a web page"), refusal(400).error])
def test_a_listing_that_cannot_be_read_is_done_without(bench: Bench, error: ApiError) -> None:
    """They are asked about one by one."""
    bench.apply(*MANY)
    for uuid in bench.account.messages_by_uuid:
        bench.account.set(uuid, R.SENT, success=2)
    bench.account.will("messages", Fault(error))
    assert all(send.phase is P.SENT and not send.notes for _, send in refresh(bench).sends())


def test_they_are_told_together(bench: Bench) -> None:
    """How many and which, and of the first where and why; a person is needed."""
    crowd(bench, 8)
    bench.account.unreadable = {f"m{number}" for number in range(1, 8)}
    journal = bench.journal()
    told = unread_of_all(Refresh(bench.account, bench.clock, bench.teller, lambda _: None).run(journal.state))
    assert told.exit_code == 3
    assert told.what.startswith("7 messages cannot be read: c-0")
    assert told.what.endswith(" and 2 more; all that is known of them stays as it was")
    assert (told.where, told.why, told.next_step) == (GARBLED.where, GARBLED.what, GARBLED.next_step)


def test_what_cannot_be_read_still_holds_back_every_effect(bench: Bench) -> None:
    """Flagged or not: a plan that would cancel, replace or send beside it ends before its first effect."""
    bench.apply(SALE)
    bench.account.unreadable.add("m1")
    refresh(bench)
    bench.trace.clear()
    for manifests in ((), (manifest("sale", "Another text", (1, 2, 3)),), (SALE, OTHER)):
        with pytest.raises(AnswerUnreadable):
            bench.apply(*manifests)
    assert bench.posts == []


@given(
    st.lists(st.sampled_from(["fine", "unreadable", "gone", "forbidden", "lost"]), min_size=1, max_size=9),
    st.sampled_from([P.SCHEDULED, P.STARTED]),
)
@example(["lost", "lost", "unreadable", "lost", "fine"], P.SCHEDULED)
@example(["lost", "lost", "forbidden", "lost", "fine"], P.STARTED)
@example(["lost", "lost", "lost", "fine"], P.STARTED)
def test_whatever_befalls_each_message_the_others_are_read(fates: list[str], phase: SendPhase) -> None:
    """Every one that answers is done in state; no other is taken for it; and no request but reads is made."""
    bench = Bench()
    told = [manifest(f"c-{number}", f"Text {number}", (number, number + 1000)) for number in range(len(fates))]
    bench.remember(*(remembered(one, phase, uuid=f"m{number}") for number, one in enumerate(told)))
    errors: dict[str, ApiError] = {
        "unreadable": GARBLED, "forbidden": refusal(403).error, "lost": NoAnswer("no answer"),
    }  # fmt: skip

    def message(uuid: str) -> RemoteMessage | None:
        fate = fates[int(uuid[1:])]
        if fate in errors:
            raise errors[fate]
        return None if fate == "gone" else replace(seen({"success": 2}), uuid=uuid)

    bench.account.message = message  # type: ignore[method-assign]  # each message has a fate of its own
    bench.account.will("messages", Fault(GARBLED))
    try:
        refresh(bench)
        assert "lost" not in fates
    except NoAnswer:
        assert "lost" in fates
    sends = {int((send.uuid or "")[1:]): send for _, send in bench.state.sends()}
    for number, fate in enumerate(fates[: ends_early(fates) or len(fates)]):
        send = sends[number]
        assert (send.phase is P.SENT) == (fate == "fine")
        assert ("unread" in send.notes) == (fate in ("unreadable", "forbidden"))
    assert bench.posts == []


def ends_early(fates: list[str]) -> int:
    """How many were asked about before three in a row were lost; 0 where that never was."""
    in_a_row = 0
    for number, fate in enumerate(fates, start=1):
        in_a_row = in_a_row + 1 if fate == "lost" else 0
        if in_a_row == LOST_IN_A_ROW:
            return number
    return 0


# --- odd counts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "notes"),
    [
        ({}, {"success": 3}, ()),
        ({"pending": 3}, {"pending": 1, "success": 2}, ()),
        ({"timeout": 1, "success": 2}, {"success": 3}, ()),
        ({"failed": 1, "success": 2}, {"success": 3}, ()),
        ({}, {"success": 2}, ("miscounted",)),
        ({}, {"success": 4}, ("miscounted",)),
        ({}, {"success": 2, "teleported": 1}, ("undocumented",)),
        ({}, {"success": 3, "teleported": 0}, ()),
        ({"success": 3}, {"success": 2, "failed": 1}, ("shrank",)),
        ({"success": 2, "failed": 1}, {"success": 2, "pending": 1}, ("shrank",)),
        ({"success": 3}, {"success": 1}, ("miscounted", "shrank")),
    ],
)
def test_odd_counts_are_kept_and_said(before: dict[str, int], after: dict[str, int], notes: tuple[str, ...]) -> None:
    """They never change the phase."""
    newer = looked_at(sent(before), seen(after), NOW)
    assert (newer.phase, dict(newer.delivery), newer.notes) == (P.SENT, after, notes)


def test_what_shrank_once_is_said_from_then_on_and_the_rest_as_long_as_it_holds() -> None:
    """A later look that is sound takes back all notes but the one about the past."""
    odd = looked_at(sent({"success": 3}), seen({"success": 1, "x": 1}), NOW)
    assert odd.notes == ("miscounted", "shrank", "undocumented")
    assert looked_at(odd, seen({"success": 3}), NOW).notes == ("shrank",)


@pytest.mark.parametrize(
    ("before", "remote", "after", "notes"),
    [
        (P.SCHEDULED, R.OTHER, P.STARTED, ("undocumented_status",)),
        (P.STARTED, R.OTHER, P.STARTED, ("undocumented_status",)),
        (P.STARTED, R.SCHEDULED, P.STARTED, ("contradicted",)),
        (P.STARTED, R.CANCELLED, P.STARTED, ("contradicted",)),
        (P.SENT, R.OTHER, P.SENT, ("undocumented_status",)),
        (P.SENT, R.PENDING, P.SENT, ("contradicted",)),
        (P.SENT, R.SCHEDULED, P.SENT, ("contradicted",)),
        (P.SENT, R.FAILED, P.SENT, ("contradicted",)),
    ],
)
def test_an_odd_word_for_a_message_is_said(
    before: SendPhase, remote: RemotePhase, after: SendPhase, notes: tuple[str, ...]
) -> None:
    """As long as it holds; what has left never becomes what has not."""
    (record,) = remembered(SALE, before).sends
    newer = looked_at(record, seen({}, remote), NOW)
    assert (newer.phase, newer.notes) == (after, notes)
    assert looked_at(newer, seen({}), NOW).notes == ()


PART = {"success": 2, "failed": 1}
"""Of a message to three people that ME-SMS calls failed."""


@pytest.mark.parametrize(
    ("counts", "notes", "is_open"),
    [
        ({}, (), False),
        ({"failed": 3}, (), False),
        ({"failed": 2, "blocked": 1}, (), False),
        (PART, ("contradicted",), False),
        ({"success": 1, "failed": 1}, ("contradicted", "miscounted"), True),
        ({"pending": 1, "failed": 2}, ("contradicted",), True),
        ({"timeout": 1, "failed": 2}, ("contradicted",), False),
        ({"success": 5}, ("contradicted", "miscounted"), True),
    ],
)
@pytest.mark.parametrize("before", [P.SCHEDULED, P.STARTED])
def test_a_failed_message_that_somebody_got(
    before: SendPhase, counts: dict[str, int], notes: tuple[str, ...], is_open: bool
) -> None:
    """Its counts are kept, and it is asked about until they add up or the window is over; it is never sent again."""
    (record,) = remembered(SALE, before).sends
    newer = looked_at(record, seen(counts, R.FAILED), NOW)
    assert (newer.phase, dict(newer.delivery), newer.notes) == (P.FAILED, counts, notes)
    assert (newer.is_final, can_still_change(newer)) == (True, is_open)
    over = looked_at(newer, seen(counts, R.FAILED), left_at(newer) + DELIVERY_WINDOW)
    assert (not can_still_change(over), "window_over" in over.notes) == (True, is_open)


@pytest.mark.parametrize(
    ("phase", "counts", "notes"),
    [
        (R.SENT, {"success": 3}, ("contradicted",)),
        (R.PENDING, PART, ("contradicted",)),
        (R.FAILED, PART, ("contradicted",)),
        (R.FAILED, {"failed": 3}, ("shrank",)),
    ],
)
def test_what_failed_in_part_stays_failed_with_the_newest_counts(
    phase: RemotePhase, counts: dict[str, int], notes: tuple[str, ...]
) -> None:
    """Whatever is said of it later: that it reached somebody is never forgotten."""
    (record,) = remembered(SALE, P.STARTED).sends
    failed = looked_at(record, seen({"success": 1, "failed": 1}, R.FAILED), NOW)
    newer = looked_at(failed, seen(counts, phase), NOW)
    assert (newer.phase, dict(newer.delivery), newer.notes) == (P.FAILED, counts, notes)
    assert looked_at(failed, None, NOW).notes == ("contradicted", "miscounted", "purged")


def test_the_counts_of_a_failed_message_are_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the message carries none, and where the listing found it."""
    bench.apply(*MANY)
    bench.account.set("m1", R.FAILED, **PART)
    listed, whole = bench.account.messages, bench.account.message

    def without(uuid: str) -> RemoteMessage | None:
        message = whole(uuid)
        return message and replace(message, delivery=MappingProxyType({}))

    monkeypatch.setattr(bench.account, "messages", lambda **filters: bare(listed(**filters)))
    monkeypatch.setattr(bench.account, "message", without)
    state = refresh(bench)
    (record,) = [send for _, send in state.sends() if send.uuid == "m1"]
    assert (record.phase, dict(record.delivery)) == (P.FAILED, PART)


def test_a_contact_group_of_unknown_size_is_not_miscounted() -> None:
    """There is no number of recipients that counts could contradict."""
    assert looked_at(sent({}, recipients=0), seen({"success": 9}), NOW).notes == ()


@pytest.mark.parametrize("phase", [P.STARTED, P.SENT])
def test_when_the_window_is_over_nobody_asks_again(bench: Bench, phase: SendPhase) -> None:
    """It is looked at once more, however late that is; who never got a result stays counted as that."""
    bench.remember(remembered(SALE, phase, delivery=MappingProxyType({"success": 2, "pending": 1})))
    (record,) = bench.record().sends
    message = seen({"success": 2, "pending": 1})
    over = left_at(record) + DELIVERY_WINDOW
    assert looked_at(record, message, over - timedelta(seconds=1)).notes == ()
    newer = looked_at(record, message, over)
    assert newer.notes == ("window_over",)
    assert not can_still_change(newer)
    assert looked_at(record, None, over).notes == ("purged", "window_over")
    bench.remember(replace(bench.record(), sends=(newer,)))
    refresh(bench)
    assert bench.account.reads == []


def test_a_scheduled_message_is_asked_about_however_late_it_is() -> None:
    """The window begins when a message leaves, and this one has not."""
    (record,) = remembered(SALE, P.SCHEDULED).sends
    newer = looked_at(record, seen({}, R.SCHEDULED), NOW + timedelta(days=900))
    assert newer.notes == ()
    assert can_still_change(newer)


counts = st.dictionaries(st.sampled_from([*DELIVERY_STATES, "teleported"]), st.integers(0, 5), max_size=4)


@given(counts, counts, st.sampled_from(RemotePhase), st.integers(0, 300))
def test_no_look_makes_a_message_that_left_one_that_could_be_sent(
    before: dict[str, int], after: dict[str, int], phase: RemotePhase, hours: int
) -> None:
    """Whatever ME-SMS says, it stays final, and the newest counts are the recorded ones unless there are none."""
    newer = looked_at(sent(before), seen(after, phase), NOW + timedelta(hours=hours))
    assert newer.phase in LEFT
    assert newer.is_final
    moves = phase in (R.SENT, R.PENDING, R.OTHER, R.FAILED) and bool(after)
    assert dict(newer.delivery) == (after if moves else before)
    assert (DeliveryNote.WINDOW_OVER in newer.notes) <= (hours >= 90)
