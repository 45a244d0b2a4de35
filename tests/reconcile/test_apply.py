"""Carrying out a plan: in which order, what is written before and after, and what each answer leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import ApiError, NoAnswer, StateError, StateMoved
from mesms_gitops.model.campaign import DeclaredState, GroupSource
from mesms_gitops.model.observation import Accepted, RemotePhase
from mesms_gitops.model.plan import ApplyOutcome, Reason, StepOutcome, StepResult
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import Freeze
from mesms_gitops.planning.wording import SENTENCES
from tests.planning.scenes import AT_ONCE, ELEVEN, MEMBERS, NOW, SOON, TEN, manifest, people, remembered

from .bench import DROPPED, LIMITED, LOST, UNREACHED, Bench, Fault, late, refusal, told

if TYPE_CHECKING:
    from datetime import datetime

    from mesms_gitops.model.campaign import When
    from tests.planning.scenes import Manifest

SPENT = "state: notes"
"""The last write of an apply that did everything: its approval is used up."""
SALE = manifest()
EDITED = manifest(text="Hi")
OTHER = manifest("other", "Bye", (7, 8))
DEAR = manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)})
LARGE, SMALL = manifest("a-large", "Large", (1, 2, 3)), manifest("b-small", "Small", (4,))


# --- order and journal ------------------------------------------------------------------------------------------------


def test_an_intent_is_durable_before_the_request_and_the_outcome_after_it(bench: Bench) -> None:
    outcome = bench.apply(SALE)
    assert bench.trace == ["state: notes", "state: Hello intended", "POST send Hello", "state: Hello scheduled", SPENT]
    assert outcome == ApplyOutcome(
        (
            StepOutcome(
                "sale",
                "schedule",
                StepResult.DONE,
                "scheduled for 2027-04-10 03:00 UTC, 3 recipients",
                uuids=("m1",),
                phases=(SendPhase.SCHEDULED,),
                credits=3,
            ),
        )
    )


def test_what_is_recorded_is_all_that_recovery_needs(bench: Bench) -> None:
    """It is what the tests of planning take a record of this send to be."""
    bench.apply(SALE)
    (expected,) = remembered(SALE, SendPhase.SCHEDULED, ago=timedelta(0), uuid="m1").sends
    record = bench.record()
    assert record.sends == (expected,)
    assert record.manifest == SALE.wanted().manifest


@pytest.mark.parametrize(
    ("when", "scheduled_at"), [(TEN, TEN.at), (SOON, NOW + timedelta(minutes=10)), (AT_ONCE, None)]
)
def test_a_now_becomes_absolute_once_in_its_intent(bench: Bench, when: When, scheduled_at: datetime | None) -> None:
    bench.clock.moment += timedelta(milliseconds=250)
    bench.apply(manifest(when=when))
    (send,) = bench.record().sends
    assert (send.scheduled_at, bench.account.messages_by_uuid["m1"].scheduled_at) == (scheduled_at, scheduled_at)
    assert send.phase is (SendPhase.SCHEDULED if scheduled_at else SendPhase.STARTED)


def test_cancels_come_first_then_what_can_be_undone_then_what_cannot_the_smallest_first(bench: Bench) -> None:
    gone, old, new = manifest("gone", "Gone", (9,)), manifest("z-swap", "Old", (8,)), manifest("z-swap", "New", (8,))
    bench.apply(gone, old)
    at_once = (manifest("c-large", "Now large", (5, 6), when=AT_ONCE), manifest("d-small", "Now", (7,), when=AT_ONCE))
    bench.apply(*at_once, SMALL, LARGE, new)
    assert bench.posts == [
        "cancel m1",
        "cancel m2",
        "send Small",
        "send New",
        "send Large",
        "send Now",
        "send Now large",
    ]


def test_of_one_campaign_the_smallest_send_goes_first(bench: Bench) -> None:
    bench.apply(DEAR)
    assert bench.posts == ["send Dear Bob", "send Dear Ann"]


def test_from_the_first_intent_on_state_knows_every_send_of_its_campaign(bench: Bench) -> None:
    """A run that dies between two of them must not leave a campaign that looks complete."""
    seen: list[dict[str, str]] = []
    bench.account.on_send = lambda: seen.append(bench.phases())
    bench.apply(DEAR)
    assert seen == [{"Dear Ann": "failed", "Dear Bob": "intended"}, {"Dear Bob": "scheduled", "Dear Ann": "intended"}]


def test_a_replace_is_a_confirmed_cancel_and_then_a_send(bench: Bench) -> None:
    bench.apply(SALE)
    assert told(bench.apply(EDITED)) == {"sale": "done"}
    assert bench.trace == [
        "state: notes",
        "state: Hello to be cancelled",
        "POST cancel m1",
        "state: Hello cancelled",
        "state: Hi intended",
        "POST send Hi",
        "state: Hi scheduled",
        SPENT,
    ]


def test_deleting_a_manifest_cancels_and_retires_it(bench: Bench) -> None:
    bench.apply(SALE)
    outcome = bench.apply()
    assert bench.posts == ["cancel m1"]
    assert outcome.steps[0].message == "cancelled, 3 credits come back"
    assert bench.record().retired


def test_state_cancelled_cancels_without_giving_the_name_up(bench: Bench) -> None:
    bench.apply(SALE)
    bench.apply(replace(SALE, campaign=replace(SALE.campaign, state=type(SALE.campaign.state).CANCELLED)))
    assert (bench.posts, bench.record().retired) == (["cancel m1"], False)


@pytest.mark.parametrize(
    "manifests",
    [(SALE,), (DEAR,), (manifest(when=SOON),), (SALE, SMALL, LARGE), ()],
    ids=["one", "two texts", "now", "three", "none"],
)
def test_a_second_apply_writes_nothing_and_asks_nothing(bench: Bench, manifests: tuple[Manifest, ...]) -> None:
    bench.apply(*manifests)
    before = bench.state
    outcome = bench.apply(*manifests)
    assert (bench.trace, bench.state, outcome) == ([], before, ApplyOutcome(()))


def test_an_edit_that_is_taken_back_while_scheduled_ends_where_it_began(bench: Bench) -> None:
    for version in (SALE, EDITED, SALE):
        bench.apply(version)
    assert bench.account.texts() == ["Hello"] * 3
    assert bench.plan(SALE).has_changes is False


def test_people_are_told_what_happens_as_it_happens(bench: Bench) -> None:
    bench.account.will("send", late(minutes=5))
    ready = bench.prepared(SALE)
    bench.teller.said.clear()
    bench.carry_out(ready)
    assert bench.teller.said == [
        "sale: sending to 3",
        "sale: no answer; looking for the message",
        "sale: unknown whether it was sent: no answer",
    ]


def test_the_hour_of_an_intent_is_the_servers_where_it_is_known(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, server in (("one", NOW + timedelta(minutes=7)), ("two", None)):
        monkeypatch.setattr(bench.account, "server_time", lambda moment=server: moment)
        bench.apply(manifest(name, name))
        assert bench.record(name).sends[0].intended_at == (server or NOW)


def test_a_contact_group_is_recorded_with_the_size_it_was_priced_for(bench: Bench) -> None:
    bench.account.groups[5] = people(1, 2, 3, 4)
    bench.apply(manifest(to=(), contact_groups=(5,), sources=(GroupSource(5),)))
    (send,) = bench.record().sends
    assert (send.recipients, send.credits, send.group_id, send.audience_digest) == (4, 4, 5, None)


@pytest.mark.parametrize(
    ("answer", "recipients", "credits"),
    [(Accepted("u"), 3, 3), (Accepted("u", recipients=9, credits=7), 3, 7)],
)
def test_what_an_accepted_message_costs_is_me_smss_to_say(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, answer: Accepted, recipients: int, credits: int
) -> None:
    monkeypatch.setattr(bench.account, "send", lambda *_: answer)
    bench.apply(SALE)
    (send,) = bench.record().sends
    assert (send.uuid, send.recipients, send.credits, send.quoted) == ("u", recipients, credits, 3)


def test_the_size_of_a_contact_group_nobody_priced_is_that_of_its_answer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.account.groups[5] = people()
    monkeypatch.setattr(bench.account, "send", lambda *_: Accepted("u", recipients=250))
    bench.apply(manifest(to=(), contact_groups=(5,), sources=(GroupSource(5),)))
    assert bench.record().sends[0].recipients == 250


def test_what_was_refused_and_is_not_wanted_any_more_is_forgotten(bench: Bench) -> None:
    """What ME-SMS had a uuid for never is: its message would be nobody's."""
    bench.apply(manifest(text="First"))
    bench.account.will("send", refusal(400))
    bench.apply(SALE)
    bench.apply(EDITED)
    assert sorted(bench.phases().items()) == [("First", "cancelled"), ("Hi", "scheduled")]


def test_what_was_refused_of_another_text_is_kept_as_long_as_it_is_wanted(bench: Bench) -> None:
    bench.account.will("send", refusal(400), None, refusal(400))
    bench.apply(DEAR)
    bench.apply(DEAR)
    assert bench.phases() == {"Dear Bob": "scheduled", "Dear Ann": "failed"}


def test_what_failed_for_good_stays_in_the_record(bench: Bench) -> None:
    bench.remember(remembered(SALE, SendPhase.FAILED, uuid="m9"))
    bench.apply(manifest(text="Hi", revision=2))
    assert [(send.revision, send.uuid) for send in bench.record().sends] == [(1, "m9"), (2, "m1")]


def test_what_leaves_at_once_is_said_to_be_sent(bench: Bench) -> None:
    outcome = bench.apply(manifest(when=AT_ONCE))
    assert outcome.steps[0].message == "sent to 3 recipients"


# --- what each answer to a send leads to ------------------------------------------------------------------------------

REFUSALS = [(refusal(status), True) for status in (400, 404)] + [
    (refusal(401), False),
    (refusal(402), False),
    (refusal(403), False),
    (LIMITED, False),
    (UNREACHED, False),
]


@pytest.mark.parametrize(("fault", "_others_fare_better"), REFUSALS, ids=lambda it: getattr(it, "error", it))
def test_a_refusal_ends_this_apply_and_a_later_one_tries_again(
    bench: Bench, fault: Fault, _others_fare_better: bool
) -> None:
    bench.account.will("send", fault)
    outcome = bench.apply(SMALL, LARGE)
    assert told(outcome) == {"a-large": "not_attempted", "b-small": "failed"}
    assert [step.message for step in outcome.steps] == [
        f"not attempted: {fault.error.what}",
        f"not sent: {fault.error.what}",
    ]
    assert outcome.exit_code == 1
    assert bench.trace[1:] == ["state: Small intended", "POST send Small", "state: Small failed"]
    assert told(bench.apply(SMALL, LARGE)) == {"a-large": "done", "b-small": "done"}
    assert bench.account.texts() == ["Large"] * 3 + ["Small"]


@pytest.mark.parametrize(("fault", "others_fare_better"), REFUSALS, ids=lambda it: getattr(it, "error", it))
def test_continue_on_error_goes_on_where_others_may_fare_better(
    bench: Bench, fault: Fault, others_fare_better: bool
) -> None:
    """Not without a connection, a key, credits or the scope: no other send would get through either."""
    bench.account.will("send", fault)
    outcome = bench.apply(SMALL, LARGE, continue_on_error=True)
    assert told(outcome) == {"a-large": "done" if others_fare_better else "not_attempted", "b-small": "failed"}


def test_the_first_refusal_ends_its_campaign(bench: Bench) -> None:
    bench.account.will("send", refusal(400))
    bench.apply(DEAR, continue_on_error=True)
    assert bench.posts == ["send Dear Bob"]
    assert told(bench.apply(DEAR)) == {"sale": "done"}
    assert bench.account.texts() == ["Dear Ann", "Dear Ann", "Dear Bob"]


def test_of_a_campaign_that_ends_half_way_what_is_there_is_said(bench: Bench) -> None:
    bench.account.will("send", None, refusal(400))
    assert bench.apply(DEAR).steps == (
        StepOutcome(
            "sale",
            "schedule",
            StepResult.FAILED,
            "not sent: refused with 400",
            uuids=("m1",),
            phases=(SendPhase.SCHEDULED, SendPhase.FAILED),
            credits=1,
        ),
    )


def test_no_answer_is_settled_in_the_same_apply_if_the_message_is_there(bench: Bench) -> None:
    bench.account.will("send", LOST)
    assert told(bench.apply(SALE)) == {"sale": "done"}
    assert bench.trace[2:] == ["POST send Hello", "state: Hello unknown", "state: Hello scheduled", SPENT]
    assert bench.record().sends[0].uuid == "m1"


def test_no_answer_and_no_message_is_unknown_and_stays_so(bench: Bench) -> None:
    """The others go on; no later apply sends it, however often; a person is needed."""
    bench.account.will("send", DROPPED)
    outcome = bench.apply(SMALL, LARGE)
    assert (told(outcome), outcome.exit_code) == ({"a-large": "done", "b-small": "unknown"}, 3)
    bench.clock.moment += timedelta(days=3)
    for _ in range(3):
        outcome = bench.apply(SMALL, LARGE)
        assert (told(outcome), outcome.exit_code, bench.posts) == ({"b-small": "blocked"}, 3, [])


def test_no_answer_ends_its_campaign(bench: Bench) -> None:
    bench.account.will("send", DROPPED)
    bench.apply(DEAR)
    assert (bench.posts, bench.phases()) == (["send Dear Bob"], {"Dear Ann": "failed", "Dear Bob": "unknown"})


def test_a_message_that_is_listed_late_is_adopted_by_a_later_apply(bench: Bench) -> None:
    bench.account.will("send", late(minutes=5))
    assert told(bench.apply(DEAR)) == {"sale": "unknown"}
    bench.clock.moment += timedelta(minutes=6)
    assert told(bench.apply(DEAR)) == {"sale": "done"}
    assert bench.account.texts() == ["Dear Ann", "Dear Ann", "Dear Bob"]


def test_an_error_nobody_foresaw_leaves_the_intent(bench: Bench) -> None:
    bench.account.will("send", Fault(ApiError("unheard of"), carried_out=True))
    with pytest.raises(ApiError, match="unheard of"):
        bench.apply(SALE)
    assert bench.phases() == {"Hello": "intended"}
    bench.apply(SALE)
    assert (bench.posts, bench.phases()) == ([], {"Hello": "scheduled"})


# --- the journal fails ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [StateMoved("moved"), StateError("disk full")], ids=["moved", "disk full"])
def test_without_a_durable_intent_nothing_is_sent(bench: Bench, error: StateError) -> None:
    bench.ledger.fails["Hello intended"] = error
    with pytest.raises(type(error)):
        bench.apply(SALE)
    assert bench.posts == []


def test_an_accepted_message_that_cannot_be_written_down_is_named_and_found_again(bench: Bench) -> None:
    bench.ledger.fails["Hello scheduled"] = StateError("disk full")
    with pytest.raises(StateError) as caught:
        bench.apply(SALE)
    assert caught.value.__notes__ == ["ME-SMS accepted sale as m1; apply again finds it by its intent"]
    assert told(bench.apply(SALE)) == {"sale": "done"}
    assert (bench.posts, bench.phases(), bench.account.texts()) == ([], {"Hello": "scheduled"}, ["Hello"] * 3)


def test_a_runner_whose_state_was_written_by_another_stops_before_its_next_send(bench: Bench) -> None:
    def another_writes() -> None:
        bench.ledger.state = replace(bench.state, serial=bench.state.serial + 1)

    bench.account.on_send = another_writes
    with pytest.raises(StateMoved):
        bench.apply(SMALL, LARGE)
    assert bench.posts == ["send Small"]


# --- what changes while it runs ---------------------------------------------------------------------------------------


def test_a_freeze_is_read_before_every_send(bench: Bench) -> None:
    bench.account.on_send = lambda: bench.ledger.write_freeze(Freeze(everything=True))
    outcome = bench.apply(DEAR, manifest("z-later", "Later", (4, 5, 6, 7)))
    assert bench.posts == ["send Dear Bob"]
    assert told(outcome) == {"sale": "blocked", "z-later": "blocked"}
    assert outcome.exit_code == 3


def test_a_freeze_that_comes_while_an_intent_is_written_holds_it_back(bench: Bench) -> None:
    frozen = Freeze(campaigns=frozenset({"sale"}))
    bench.ledger.then["Hello intended"] = lambda: bench.ledger.write_freeze(frozen)
    assert told(bench.apply(SALE)) == {"sale": "blocked"}
    assert (bench.posts, bench.phases()) == ([], {"Hello": "failed"})
    assert bench.record().sends[0].reason == "stopped by the emergency stop"


def test_ctrl_c_while_an_intent_is_written_holds_it_back(bench: Bench) -> None:
    bench.ledger.then["Hello intended"] = bench.interrupt
    outcome = bench.apply(SALE)
    assert (told(outcome), outcome.exit_code, bench.posts) == ({"sale": "not_attempted"}, 130, [])
    assert bench.record().sends[0].reason == "interrupted before it was sent"


def test_a_time_that_passes_while_it_runs_is_not_sent(bench: Bench) -> None:
    ready = bench.prepared(SALE)
    bench.clock.moment = TEN.at
    outcome = bench.carry_out(ready)
    assert (told(outcome), bench.posts) == ({"sale": "blocked"}, [])
    assert outcome.steps[0].message == "its time has passed meanwhile; not sent"


@pytest.mark.parametrize(
    ("posts", "made", "results"),
    [
        (0, [], {"b-small": "not_attempted", "gone": "not_attempted", "sale": "not_attempted"}),
        (1, ["cancel m1"], {"b-small": "not_attempted", "gone": "done", "sale": "not_attempted"}),
        (2, ["cancel m1", "send Small"], {"b-small": "done", "gone": "done", "sale": "not_attempted"}),
        (3, ["cancel m1", "send Small", "send Dear Bob"], {"b-small": "done", "gone": "done", "sale": "not_attempted"}),
    ],
)
def test_ctrl_c_finishes_the_request_in_flight_and_writes_it_down(
    bench: Bench, posts: int, made: list[str], results: dict[str, str]
) -> None:
    bench.apply(manifest("gone", "Gone", (9,)))
    ready = bench.prepared(SMALL, DEAR)
    bench.posts_until_interrupt = posts
    outcome = bench.carry_out(ready)
    assert (bench.posts, told(outcome), outcome.exit_code) == (made, results, 130)
    assert not [send for _, send in bench.state.sends() if send.is_unsettled]
    assert len([step for step in bench.trace if "intended" in step]) == len([step for step in made if "send" in step])
    begun = "1 of 2 sends made, the others not attempted: interrupted"
    assert {step.message for step in outcome.steps if step.result is StepResult.NOT_ATTEMPTED} == {
        begun if posts == 3 else "not attempted: interrupted"
    }
    bench.posts_until_interrupt = None
    bench.apply(SMALL, DEAR)
    assert bench.account.texts() == ["Dear Ann", "Dear Ann", "Dear Bob", "Small"]


def test_ctrl_c_during_the_last_request_is_said_too(bench: Bench) -> None:
    ready = bench.prepared(SALE)
    bench.posts_until_interrupt = 1
    outcome = bench.carry_out(ready)
    assert (told(outcome), outcome.exit_code) == ({"sale": "done"}, 130)


# --- what is waited for -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [refusal(409, "ALREADY_PROCESSING"), refusal(403), LIMITED, UNREACHED], ids=lambda it: it.error.what
)
def test_without_a_confirmed_cancel_the_new_message_is_not_sent(bench: Bench, fault: Fault) -> None:
    bench.apply(SALE)
    bench.account.will("cancel", fault)
    (step,) = bench.apply(EDITED).steps
    assert bench.posts == ["cancel m1"]
    assert bench.account.texts() == ["Hello"] * 3
    assert step.result is (StepResult.FAILED if fault is UNREACHED else StepResult.BLOCKED)


def test_a_refused_cancel_blocks_its_campaign_and_the_others_go_on(bench: Bench) -> None:
    bench.apply(SALE)
    bench.account.will("cancel", refusal(409, "ALREADY_PROCESSING"))
    outcome = bench.apply(EDITED, SMALL)
    assert (told(outcome), outcome.exit_code) == ({"b-small": "done", "sale": "blocked"}, 3)
    assert outcome.steps[1].message == "ME-SMS refused to cancel it; the new message is not sent"
    assert [found.code for found in bench.plan(EDITED, SMALL).actions[1].diagnostics] == ["MS602"]
    assert told(bench.apply(EDITED, SMALL)) == {"sale": "done"}
    assert bench.account.texts() == ["Hi"] * 3 + ["Small"]


def test_a_message_that_starts_before_its_cancel_is_not_replaced(bench: Bench) -> None:
    bench.apply(SALE)
    ready = bench.prepared(EDITED)
    bench.account.set("m1", RemotePhase.PENDING)
    outcome = bench.carry_out(ready)
    assert (bench.posts, told(outcome)) == (["cancel m1"], {"sale": "blocked"})
    assert outcome.steps[0].message == "too late to cancel: it is already going out; the new message is not sent"
    assert bench.plan(EDITED).actions[0].verb == "blocked"


def test_a_rename_without_moved_from_sends_once_the_old_name_is_cancelled(bench: Bench) -> None:
    bench.apply(SALE)
    assert told(bench.apply(manifest("spring"))) == {"sale": "done", "spring": "done"}
    assert (bench.posts, bench.account.texts()) == (["cancel m1", "send Hello"], ["Hello"] * 3)


def test_a_rename_without_moved_from_waits_if_the_old_name_is_not_cancelled(bench: Bench) -> None:
    bench.apply(SALE)
    bench.account.will("cancel", refusal(409, "ALREADY_PROCESSING"))
    assert told(bench.apply(manifest("spring"))) == {"sale": "blocked", "spring": "blocked"}
    assert bench.account.texts() == ["Hello"] * 3


def test_a_target_does_not_go_ahead_of_the_cancel_it_waits_for(bench: Bench) -> None:
    bench.apply(SALE)
    assert told(bench.apply(manifest("spring"), targets=["spring"])) == {"spring": "blocked"}
    assert bench.posts == []


# --- what needs no request --------------------------------------------------------------------------------------------


def test_a_rename_is_only_written_down(bench: Bench) -> None:
    bench.apply(SALE)
    renamed = manifest("spring", moved_from="sale")
    bench.apply(renamed)
    assert (bench.posts, bench.record("spring").file) == ([], "campaigns/spring.yaml")
    assert (bench.record("sale").moved_to, bench.record("sale").sends) == ("spring", ())
    assert bench.plan(renamed).has_changes is False


def test_what_is_only_written_down_is_told_as_well(bench: Bench) -> None:
    """An adoption, a rename and a name let go, each with its sentence; what is kept is not spoken of."""
    kept = manifest("kept", "Kept", (9,))
    bench.apply(kept)
    bench.remember(
        *bench.state.campaigns.values(),
        remembered(manifest("gone", "Gone", (8,)), SendPhase.SENT),
        remembered(OTHER, SendPhase.SENT),
        remembered(SALE, SendPhase.UNKNOWN),
    )
    bench.account.by_hand(SALE, "Hello")
    outcome = bench.apply(SALE, kept, manifest("bye", "Bye", (7, 8), moved_from="other"))
    assert {step.campaign: (step.verb, step.result.value, step.message) for step in outcome.steps} == {
        "bye": ("keep", "done", f"written down: {SENTENCES[Reason.MOVED]}"),
        "gone": ("forget", "done", f"written down: {SENTENCES[Reason.MANIFEST_DELETED]}"),
        "sale": ("adopt", "done", f"written down: {SENTENCES[Reason.RECOVERED]}"),
    }
    assert (bench.posts, outcome.exit_code) == ([], 0)


def test_what_is_blocked_says_what_a_person_has_to_do(bench: Bench) -> None:
    bench.remember(remembered(SALE, SendPhase.UNKNOWN))
    (step,) = bench.apply(SALE).steps
    assert (step.message, step.next_step) == (
        SENTENCES[Reason.UNKNOWN_SEND],
        "mesms-gitops resolve sale shows the evidence and settles it",
    )


def test_a_name_whose_manifest_went_after_it_left_is_retired_once(bench: Bench) -> None:
    bench.remember(remembered(SALE, SendPhase.SENT))
    bench.apply()
    assert (bench.posts, bench.record().retired, bench.plan().actions) == ([], True, ())


def test_a_kept_campaign_remembers_the_manifest_it_was_kept_for(bench: Bench) -> None:
    """An edit before the start that sends the same must not look like an edit after it."""
    bench.apply(SALE)
    same = manifest(sources=(replace(MEMBERS, location="/shop/lists/vip.csv"),))
    bench.apply(same)
    assert bench.posts == []
    bench.account.set("m1", RemotePhase.SENT)
    assert bench.plan(same).blocked == ()


def test_what_was_blocked_by_others_messages_is_remembered_without_sends(bench: Bench) -> None:
    """So that a revision raised above this one is a decision; a lost state is not."""
    bench.account.by_hand(SALE, "Hello")
    assert told(bench.apply(SALE)) == {"sale": "blocked"}
    assert (bench.posts, bench.record().sends, bench.record().revision) == ([], (), 1)
    assert told(bench.apply(manifest(revision=2))) == {"sale": "done"}
    assert bench.account.texts() == ["Hello"] * 6


def test_beside_a_lost_state_nothing_at_all_is_sent(bench: Bench) -> None:
    bench.apply(SALE)
    bench.ledger.state = None
    outcome = bench.apply(SALE, SMALL)
    assert (bench.posts, told(outcome), outcome.exit_code) == ([], {"b-small": "blocked", "sale": "blocked"}, 3)


def test_an_edit_of_the_hour_replaces_and_both_times_are_told(bench: Bench) -> None:
    bench.apply(SALE)
    (change,) = bench.plan(manifest(when=ELEVEN)).actions[0].changes
    assert (change.before, change.after) == ("2027-04-10T03:00+00:00", "2027-04-10T04:00+00:00")


def test_an_account_that_cannot_be_read_stops_a_plan(bench: Bench) -> None:
    bench.apply(SALE)
    bench.account.will("message", DROPPED)
    with pytest.raises(NoAnswer):
        bench.plan(SALE)


def test_a_draft_that_was_held_back_once_is_not_written_down(bench: Bench) -> None:
    bench.remember(remembered(SALE, None))
    bench.apply(manifest(state=DeclaredState.DRAFT))
    assert bench.trace == []


def test_a_revision_raised_past_several_doubles_goes_out_beside_all_of_them(bench: Bench) -> None:
    """One is found at the first revision, another at the second: the third has been decided about both."""
    for revision in (1, 2):
        bench.account.by_hand(SALE, "Hello")
        assert told(bench.apply(manifest(revision=revision))) == {"sale": "blocked"}
    assert told(bench.apply(manifest(revision=3))) == {"sale": "done"}


@pytest.mark.parametrize("remote", [RemotePhase.FAILED, RemotePhase.CANCELLED])
def test_a_message_that_is_found_and_is_over_is_not_said_to_be_done(bench: Bench, remote: RemotePhase) -> None:
    bench.account.will("send", LOST)
    bench.ledger.then["Hello unknown"] = lambda: bench.account.set("m1", remote)
    assert told(bench.apply(SALE)) != {"sale": "done"}
