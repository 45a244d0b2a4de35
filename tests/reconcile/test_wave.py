"""Sends in waves: which of them one write covers, and that whatever happens in a wave is written before the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import StateError, StateMoved
from mesms_gitops.model.state import Freeze
from tests.planning.scenes import AT_ONCE, SOON, TEN, manifest

from .bench import DROPPED, LOST, UNREACHED, Bench, Fault, refusal, told

if TYPE_CHECKING:
    from tests.planning.scenes import Manifest

SPENT = "state: notes"


def crowd(count: int) -> list[Manifest]:
    """Campaigns of one send each, in the order in which they are sent."""
    return [manifest(f"c{each}", f"T{each}", tuple(range(1, each + 2))) for each in range(count)]


@pytest.fixture
def waves(bench: Bench) -> Bench:
    """A ledger that takes waves of up to four."""
    bench.ledger.wave = 4
    return bench


def writes(bench: Bench) -> list[str]:
    return [step.removeprefix("state: ") for step in bench.trace if step.startswith("state: ")]


def test_waves_grow_and_each_write_settles_the_one_before(waves: Bench) -> None:
    """One, two, four: intents before their requests, outcomes with the next intents, the last ones alone."""
    outcome = waves.apply(*crowd(9))
    assert waves.trace == [
        "state: notes",
        "state: T0 intended",
        "POST send T0",
        "state: T0 scheduled, T1 intended, T2 intended",
        "POST send T1",
        "POST send T2",
        "state: T1 scheduled, T2 scheduled, T3 intended, T4 intended, T5 intended, T6 intended",
        *(f"POST send T{each}" for each in range(3, 7)),
        "state: T3 scheduled, T4 scheduled, T5 scheduled, T6 scheduled, T7 intended, T8 intended",
        "POST send T7",
        "POST send T8",
        "state: T7 scheduled, T8 scheduled",
        SPENT,
    ]
    assert set(told(outcome).values()) == {"done"}
    assert outcome.exit_code == 0


def test_a_thousand_sends_need_few_writes(bench: Bench) -> None:
    """With 25 to a write, as on a branch of git: 47, where one by one they would be 2,002."""
    bench.ledger.wave = 25
    bench.account.credits = 10**9
    bench.apply(*(manifest(f"c{each:04}", f"T{each}", (each + 1,)) for each in range(1000)))
    assert len(bench.posts) == 1000
    assert len(writes(bench)) == 47


def test_a_wave_spans_campaigns_and_a_campaign_waves(waves: Bench) -> None:
    """A campaign of three texts goes on in the next wave; it is done with its last one."""
    dear = manifest("dear", "Dear {name}", {"Ann": (1,), "Bob": (2, 3), "Cat": (4, 5, 6)})
    outcome = waves.apply(manifest("first", "First", (9,)), dear)
    assert writes(waves)[1].startswith("First intended")
    assert "Dear Ann intended, Dear Bob intended" in writes(waves)[2]
    assert told(outcome) == {"first": "done", "dear": "done"}
    assert set(waves.phases("dear").values()) == {"scheduled"}


@pytest.mark.parametrize("fault", [DROPPED, LOST, UNREACHED, refusal(400), refusal(402)])
def test_the_first_that_does_not_go_well_ends_its_wave(waves: Bench, fault: Fault) -> None:
    """What became of it and of those before is written at once, those after it as not sent; no intent stays open."""
    waves.account.will("send", None, None, None, fault)
    waves.apply(*crowd(9), continue_on_error=True)
    at = waves.trace.index("POST send T3")
    what = "unknown" if fault in (DROPPED, LOST) else "failed"
    assert waves.trace[at + 1] == f"state: T3 {what}, T4 failed, T5 failed, T6 failed"


def test_those_behind_it_take_their_turn_again(waves: Bench) -> None:
    """A refusal of one campaign does not cost the others theirs, if it is to go on; waves begin small again."""
    waves.account.will("send", None, None, None, refusal(400))
    outcome = waves.apply(*crowd(9), continue_on_error=True)
    assert waves.posts == [f"send T{each}" for each in range(9)]
    assert told(outcome) == {f"c{each}": "failed" if each == 3 else "done" for each in range(9)}
    assert waves.trace[waves.trace.index("POST send T3") + 2] == "state: T4 intended"


def test_an_unknown_send_is_looked_for_before_anything_else_is_sent(waves: Bench) -> None:
    """One that is found is adopted, and its campaign and the wave's other ones go on."""
    waves.account.will("send", None, LOST)
    outcome = waves.apply(*crowd(4))
    at = waves.trace.index("POST send T1")
    assert waves.trace[at + 1 : at + 4] == [
        "state: T1 unknown, T2 failed",
        "state: T1 scheduled",
        "state: T2 intended",
    ]
    assert set(told(outcome).values()) == {"done"}
    assert waves.account.texts() == sorted(f"T{each}" for each in range(4) for _ in range(each + 1))


def test_ctrl_c_in_a_wave_leaves_no_open_intent(waves: Bench) -> None:
    """The request in flight is finished and written down, the rest of the wave as not sent."""
    waves.posts_until_interrupt = 4
    outcome = waves.apply(*crowd(9))
    assert waves.posts == ["send T0", "send T1", "send T2", "send T3"]
    assert outcome.exit_code == 130
    phases = {name: waves.phases(name) for name in (f"c{each}" for each in range(7))}
    assert [list(found.values()) for found in phases.values()] == [["scheduled"]] * 4 + [["failed"]] * 3
    assert "intended" not in "".join(writes(waves)[-1])


def test_the_emergency_stop_in_a_wave_holds_the_rest_of_it(waves: Bench) -> None:
    """It is read before each send, not once a wave; what is held back is written down."""
    waves.account.on_send = lambda: waves.ledger.write_freeze(Freeze(everything=len(waves.posts) >= 5))
    outcome = waves.apply(*crowd(9))
    assert len(waves.posts) == 5
    assert told(outcome)["c4"] == "done"
    assert told(outcome)["c5"] == told(outcome)["c8"] == "blocked"
    assert "intended" not in {phase for each in range(7) for phase in waves.phases(f"c{each}").values()}


def test_a_stop_of_one_campaign_lets_the_others_of_its_wave_go(waves: Bench) -> None:
    """Those behind it are intended anew and sent."""
    waves.account.on_send = lambda: waves.ledger.write_freeze(Freeze(campaigns=frozenset({"c4"})))
    outcome = waves.apply(*crowd(9))
    assert "send T4" not in waves.posts
    assert len(waves.posts) == 8
    assert told(outcome)["c4"] == "blocked"


def test_an_exception_in_a_wave_leaves_what_is_known_written(waves: Bench) -> None:
    """A second Ctrl-C in the middle of a request: only that send stays open, for the next run to look for."""

    def pressed() -> None:
        if len(waves.posts) == 5:
            raise KeyboardInterrupt

    waves.account.on_send = pressed
    with pytest.raises(KeyboardInterrupt):
        waves.apply(*crowd(9))
    found = [waves.phases(f"c{each}")[f"T{each}"] for each in range(7)]
    assert found == ["scheduled"] * 4 + ["intended"] + ["failed"] * 2


def test_a_failed_write_of_a_wave_names_what_was_accepted(waves: Bench) -> None:
    """Messages that no durable state knows are said in the error, and found by their intents by the next run."""
    note = "T1 scheduled, T2 scheduled, T3 intended, T4 intended, T5 intended, T6 intended"
    waves.ledger.fails[note] = StateError("no room")
    with pytest.raises(StateError) as caught:
        waves.apply(*crowd(9))
    assert caught.value.__notes__ == [
        "ME-SMS accepted c1 as m2; apply again finds it by its intent",
        "ME-SMS accepted c2 as m3; apply again finds it by its intent",
    ]
    waves.clock.moment += timedelta(minutes=1)
    waves.apply(*crowd(9))
    assert len(waves.account.messages_by_uuid) == 9
    assert set(waves.account.texts()) == {f"T{each}" for each in range(9)}


def test_a_run_that_was_overtaken_in_a_wave_stops(waves: Bench) -> None:
    """Another run wrote meanwhile: the next write of this one is refused, and it ends."""

    def usurp() -> None:
        if len(waves.posts) == 5:
            waves.ledger.state = replace(waves.state, serial=waves.state.serial + 1)

    waves.account.on_send = usurp
    with pytest.raises(StateMoved):
        waves.apply(*crowd(9))
    assert len(waves.posts) <= 7


def test_a_window_that_went_by_in_a_wave_is_opened_anew(waves: Bench) -> None:
    """A ``now`` whose time to undo ran out while others were sent gets a new one: it never leaves without one."""

    def dawdle() -> None:
        waves.clock.moment += timedelta(minutes=6)

    waves.account.on_send = dawdle
    outcome = waves.apply(*(manifest(f"c{each}", f"T{each}", (each + 1,), when=SOON) for each in range(7)))
    assert set(told(outcome).values()) == {"done"}
    made = waves.account.messages_by_uuid.values()
    assert [message.content for message in made] == [f"T{each}" for each in range(7)]
    assert all(
        message.scheduled_at and message.scheduled_at > message.created_at - timedelta(minutes=6) for message in made
    )


faults = st.sampled_from([None, None, None, DROPPED, LOST, UNREACHED, refusal(400), refusal(402)])


@settings(max_examples=150, deadline=None)
@given(
    width=st.integers(1, 6),
    sizes=st.lists(st.tuples(st.integers(1, 3), st.sampled_from([TEN, SOON, AT_ONCE])), min_size=1, max_size=6),
    struck=st.lists(faults, max_size=12),
    interrupt=st.none() | st.integers(0, 10),
)
def test_whatever_strikes_nobody_is_texted_twice_and_nothing_stays_open(
    width: int, sizes: list[tuple[int, object]], struck: list[Fault | None], interrupt: int | None
) -> None:
    """Of any width: a request has its intent before it, an end leaves nothing intended, and a second run finishes."""
    bench = Bench()
    bench.ledger.wave = width
    told_so = [
        manifest(
            f"c{each}", "Dear {name}", {f"n{each}-{one}": (10 * each + one,) for one in range(1, count + 1)}, when=when
        )
        for each, (count, when) in enumerate(sizes)
    ]
    bench.account.will("send", *struck)
    bench.posts_until_interrupt = interrupt
    bench.apply(*told_so, continue_on_error=True)
    for index, step in enumerate(bench.trace):
        if step.startswith("POST send "):
            text = step.removeprefix("POST send ")
            assert any(f"{text} intended" in before for before in bench.trace[:index])
    phases = [phase for told_one in told_so for phase in _phases(bench, told_one.name)]
    assert "intended" not in phases
    assert all(count == 1 for count in _counted(bench).values())
    bench.posts_until_interrupt = None
    bench.account.faults.clear()
    bench.clock.moment += timedelta(minutes=1)
    bench.apply(*told_so, continue_on_error=True)
    assert all(count == 1 for count in _counted(bench).values())
    unknown = sum(phase == "unknown" for told_one in told_so for phase in _phases(bench, told_one.name))
    if not unknown:
        assert len(_counted(bench)) == sum(count for count, _ in sizes)


def _phases(bench: Bench, name: str) -> list[str]:
    return list(bench.phases(name).values()) if name in bench.state.campaigns else []


def _counted(bench: Bench) -> dict[str, int]:
    texts = bench.account.texts()
    return {text: texts.count(text) for text in texts}
