"""Reading what became of what was sent: only what can still change, with few requests, and odd counts as they came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.errors import AnswerUnreadable, Interrupted, NoAnswer
from mesms_gitops.model.delivery import DELIVERY_STATES, DELIVERY_WINDOW, DeliveryNote, can_still_change, left_at
from mesms_gitops.model.observation import RemoteMessage, RemotePhase
from mesms_gitops.model.sends import LEFT, SendPhase
from mesms_gitops.planning.delivery import looked_at, looked_at_all
from mesms_gitops.planning.situation import CANCELLED_ELSEWHERE, GONE
from mesms_gitops.reconcile.refresh import WRITE_AFTER, WRITE_EVERY, Refresh
from tests.planning.scenes import NOW, manifest, remembered

from .bench import DROPPED, Bench, Fault, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

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
    R.FAILED: (P.FAILED, {"pending": 3}, None),
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

    def listing(**query: object) -> object:
        page = whole(**query)  # type: ignore[arg-type]  # what it was called with is handed on
        bare = tuple(replace(message, delivery=MappingProxyType({})) for message in page.messages)
        return replace(page, messages=bare)

    monkeypatch.setattr(bench.account, "messages", listing)
    bench.account.reads.clear()
    state = refresh(bench)
    assert [read.split()[0] for read in bench.account.reads] == ["messages", *[asked] * 8]
    assert all(dict(send.delivery) == {"success": 2} for _, send in state.sends())


def test_recipients_that_were_purged_before_their_message_stop_nothing(bench: Bench) -> None:
    """A 404 there leaves the counts as they are recorded, and the phase is read all the same."""
    bench.apply(SALE)
    bench.account.set("m1", R.PENDING)
    bench.account.will("recipients", refusal(404))
    (send,) = refresh(bench).campaigns["sale"].sends
    assert (send.phase, dict(send.delivery), send.notes) == (P.STARTED, {}, ())


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


def test_an_error_half_way_keeps_what_was_read(bench: Bench) -> None:
    """The two that were read before the answer got lost are in state."""
    crowd(bench, 6)
    for uuid in bench.account.messages_by_uuid:
        bench.account.set(uuid, R.PENDING)
    bench.account.will("recipients", None, None, DROPPED)
    with pytest.raises(NoAnswer):
        refresh(bench)
    assert sum(send.phase is P.STARTED for _, send in bench.state.sends()) == 2


def test_a_message_that_cannot_be_read_keeps_nobody_from_the_others(bench: Bench) -> None:
    """All others are in state, and then it is said, with how many there are like it."""
    crowd(bench, 6)
    for uuid in bench.account.messages_by_uuid:
        bench.account.set(uuid, R.PENDING)
    garbled = AnswerUnreadable("summary is not counts by state", why="the answer was [text]", next_step="doctor")
    bench.account.will("recipients", None, None, Fault(garbled), None, Fault(garbled))
    with pytest.raises(AnswerUnreadable) as caught:
        refresh(bench)
    assert sum(send.phase is P.STARTED for _, send in bench.state.sends()) == 4
    assert (caught.value.what, caught.value.next_step) == (garbled.what, "doctor")
    assert caught.value.why is not None
    assert "2 of 6 messages could not be read" in caught.value.why


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
    moves = phase is R.SENT and bool(after)
    assert dict(newer.delivery) == (after if moves else before)
    assert (DeliveryNote.WINDOW_OVER in newer.notes) <= (hours >= 90)
