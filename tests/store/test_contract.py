"""What holds of every backend. A new one joins by adding its bench to ``benches.py``; nothing here changes."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import StateError, StateLocked, StateMoved, StateRetired, StateUnreadable
from mesms_gitops.model.state import CampaignRecord, Freeze, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.port import Store

    from .benches import Bench

NOON = datetime(2027, 4, 10, 5, 0, tzinfo=UTC)


def state(serial: int, *names: str, lineage: str = "lineage-1") -> State:
    records = {name: CampaignRecord(name, f"campaigns/{name}.yaml", 1) for name in names}
    return State(lineage, serial, campaigns=MappingProxyType(records))


def test_nothing_stands_in_a_new_place(bench: Bench) -> None:
    """A project that was never applied has no state, no backup, no lock and no freeze."""
    store = bench.open()
    assert store.read() is None
    assert not store.has_backup
    assert store.info() is None
    assert store.read_freeze() == Freeze()


def test_what_was_committed_is_read(bench: Bench) -> None:
    """A commit is seen by this run, by the next one, and after a further one only the further one is."""
    store = bench.open()
    store.commit(state(1, "a"), 0)
    assert store.read() == bench.open().read() == state(1, "a")
    store.commit(state(2, "a", "b"), 1)
    store.commit(state(3, "b"), 2)
    assert store.read() == bench.open().read() == state(3, "b")
    assert not bench.notes


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_a_commit_stands_on_the_serial_that_is_there(bench: Bench, expected: int) -> None:
    """Any other expectation is refused, with what stands there; nothing is written."""
    bench.open().commit(state(1, "a"), 0)
    with pytest.raises(StateMoved) as caught:
        bench.open().commit(state(expected + 1, "b"), expected)
    assert "serial 1 is recorded" in caught.value.why
    assert caught.value.exit_code == 5
    assert bench.open().read() == state(1, "a")


def test_a_first_commit_stands_on_nothing(bench: Bench) -> None:
    """A run that has seen a state does not write one where there is none any more."""
    with pytest.raises(StateMoved, match="not the one this run began with"):
        bench.open().commit(state(6), 5)
    assert bench.open().read() is None


@pytest.mark.parametrize("serial", [1, 3])
def test_a_serial_is_raised_by_one(bench: Bench, serial: int) -> None:
    """Neither the same serial nor a leap is written."""
    bench.open().commit(state(1), 0)
    with pytest.raises(StateMoved):
        bench.open().commit(state(serial), 1)
    assert bench.open().read() == state(1)


def test_no_update_is_lost(bench: Bench) -> None:
    """Of two runs that read the same serial, the first to write wins; the other is told, and stays told."""
    one, other = bench.open(), bench.open()
    one.commit(state(1), 0)
    assert one.read() == other.read()
    one.commit(state(2, "one"), 1)
    for _ in range(2):
        with pytest.raises(StateMoved):
            other.commit(state(2, "other"), 1)
    assert other.read() == state(2, "one")


def test_another_lineage_is_not_written_over(bench: Bench) -> None:
    """A state that belongs to another project is no base for ours, though its serial fits."""
    bench.open().commit(state(1, "a", lineage="theirs"), 0)
    with pytest.raises(StateMoved) as caught:
        bench.open().commit(state(2, "b", lineage="ours"), 1)
    assert "theirs" in caught.value.why
    assert "ours" in caught.value.why
    assert bench.open().read() == state(1, "a", lineage="theirs")


@pytest.mark.parametrize("body", [b"", b"{", b'{"version": 1}\n', b"<html>\n", b"\xff\xfe\n"])
def test_what_is_no_state_is_neither_read_nor_written_over(bench: Bench, body: bytes) -> None:
    """Garbage where the state should be stops reading and writing, and stays there for a person to look at."""
    used = bench.open()
    used.commit(state(1), 0)
    bench.spoil(body)
    for store in (used, bench.open()):
        with pytest.raises(StateUnreadable):
            store.commit(state(2), 1)
        with pytest.raises(StateUnreadable) as caught:
            store.read()
        assert caught.value.where
        assert caught.value.why
        assert caught.value.next_step
    assert bench.body() == body


def test_a_newer_state_is_neither_read_nor_written_over(bench: Bench) -> None:
    """An older tool refuses a newer file, saying so, and leaves it alone."""
    bench.open().commit(state(1), 0)
    bench.spoil(b'{"version": 2, "serial": 1, "lineage": "lineage-1", "everything": "else"}\n')
    for act in (lambda: bench.open().read(), lambda: bench.open().commit(state(2), 1)):
        with pytest.raises(StateUnreadable, match="newer mesms-gitops"):
            act()
    assert b"everything" in bench.body()


def test_a_hand_edit_in_the_middle_of_a_run_is_noticed(bench: Bench) -> None:
    """A state that was changed without raising its serial is not written over by the run that had read it."""
    store = bench.open()
    store.commit(state(1, "a"), 0)
    edited = bench.body().replace(b"campaigns/a.yaml", b"campaigns/z.yaml")
    bench.spoil(edited)
    with pytest.raises(StateMoved) as caught:
        store.commit(state(2, "a"), 1)
    assert "without raising the serial" in caught.value.why
    assert bench.body() == edited
    assert bench.open().read().campaigns["a"].file == "campaigns/z.yaml"


def test_sixteen_race_and_no_update_is_lost(bench: Bench) -> None:
    """Sixteen processes commit without any lock: each serial has one winner, and every winner's campaign is there."""
    with ExitStack() as stack:
        runs = [stack.enter_context(bench.run("race", bench.wins, str(me))) for me in range(16)]
        spoken = [run.communicate()[0] for run in runs]
        assert [run.returncode for run in runs] == [0] * 16, spoken
    end = bench.open().read()
    assert end.serial == 16 * bench.wins
    assert set(end.campaigns) == {f"c-{me}-{won}" for me in range(16) for won in range(bench.wins)}


# ── the lock ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_holds_the_lock(bench: Bench) -> None:
    """The other is refused at once, with who it is, since when, and how to release it."""
    one, other = bench.open(), bench.open()
    with one.lock("apply", 0):
        holder = other.info()
        for store in (one, other):
            with pytest.raises(StateLocked) as caught, store.lock("plan", 0):
                pytest.fail("two hold the lock")
            assert caught.value.exit_code == 6
            for fact in ("apply", str(holder.pid), holder.host, "since 20"):
                assert fact in caught.value.what
            assert f"mesms-gitops state unlock {holder.id}" in caught.value.next_step
        assert other.info() == holder
    assert other.info() is None
    with other.lock("plan", 0):
        assert one.info().operation == "plan"


def test_the_lock_is_dropped_whatever_happens(bench: Bench) -> None:
    """An error inside leaves no lock behind, and is not hidden."""
    store = bench.open()
    with pytest.raises(KeyboardInterrupt), store.lock("apply", 0):
        raise KeyboardInterrupt
    assert store.info() is None


def test_reading_and_stopping_need_no_lock(bench: Bench) -> None:
    """Who holds the lock keeps nobody from reading the state and from pulling the emergency stop."""
    with bench.open().lock("apply", 0):
        store = bench.open()
        assert store.read() is None
        store.write_freeze(Freeze(everything=True))
        assert store.read_freeze().everything


def test_the_lock_is_waited_for(bench: Bench) -> None:
    """Within its timeout a run gets the lock as soon as it is free, and says that it waits."""
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        stack.enter_context(bench.open().lock("apply", 0))

        def wait() -> float:
            with bench.open().lock("plan", 30):
                return time.monotonic()

        waiting = pool.submit(wait)
        time.sleep(0.3)
        assert not waiting.done()
        freed = time.monotonic()
        stack.close()
        assert 0 <= waiting.result() - freed < 10
    assert [note for note in bench.notes if "waiting" in note] == bench.notes != []


def test_the_wait_for_the_lock_ends(bench: Bench) -> None:
    """A timeout is kept."""
    with bench.open().lock("apply", 0):
        begin = time.monotonic()
        with pytest.raises(StateLocked), bench.open().lock("plan", 0.3):
            pytest.fail("two hold the lock")
        assert 0.3 <= time.monotonic() - begin < 10


def test_taking_turns_nothing_ever_moves(bench: Bench) -> None:
    """Who holds the lock while it reads and commits never meets another's serial."""
    with ExitStack() as stack:
        runs = [stack.enter_context(bench.run("turns", 5, str(me))) for me in range(4)]
        spoken = [run.communicate()[0] for run in runs]
        assert [run.returncode for run in runs] == [0] * 4, spoken
    assert bench.open().read().serial == 20
    assert bench.open().info() is None


def test_the_lock_of_a_living_process_is_respected(bench: Bench) -> None:
    """A holder in another process is named by its pid."""
    with bench.run("hold") as run:
        assert run.stdout.readline() == "held\n"
        with pytest.raises(StateLocked, match=f"pid {run.pid} "), bench.open().lock("plan", 0):
            pytest.fail("two hold the lock")


def killed_holder(bench: Bench) -> int:
    """Kill a process that holds the lock, and give its pid; nobody has asked after it yet, so it is a zombie."""
    with bench.run("hold") as run:
        assert run.stdout.readline() == "held\n"
        run.kill()
        run.stdout.read()
        assert bench.open().info().pid == run.pid
        return run.pid


def test_the_lock_of_a_dead_process_is_taken_over(bench: Bench) -> None:
    """The next run gets it at once, with a note that says whose it was."""
    pid = killed_holder(bench)
    with bench.open().lock("plan", 0):
        assert bench.open().info().operation == "plan"
    [note] = bench.notes
    assert "took over the lock" in note
    assert str(pid) in note


def test_a_zombie_holds_no_lock(bench: Bench) -> None:
    """A killed process whose parent has not asked after it yet is dead all the same."""
    with bench.run("hold") as run:
        assert run.stdout.readline() == "held\n"
        run.kill()
        run.stdout.read()
        with bench.open().lock("plan", 5):
            assert run.returncode is None


@pytest.mark.parametrize("attempt", range(3))
def test_one_takes_over(bench: Bench, attempt: int) -> None:
    """Of eight that find the same dead holder at once, one gets the lock."""
    killed_holder(bench)
    with ExitStack() as stack:
        runs = [stack.enter_context(bench.run("take")) for _ in range(8)]
        for run in runs:
            assert run.stdout.readline() == "ready\n"
        for run in runs:
            run.stdin.write("\n")
            run.stdin.flush()
        words = [next(line.strip() for line in run.stdout if not line.startswith("note:")) for run in runs]
    assert sorted(words) == ["lost"] * 7 + ["won"]


def test_a_lock_is_broken_by_its_id(bench: Bench) -> None:
    """Only the id that is held breaks it; a wrong one, and none at all, are errors that say what is held."""
    store = bench.open()
    with pytest.raises(StateError, match="no lock"):
        store.unlock("some-id")
    with bench.open().lock("apply", 0):
        holder = store.info()
        with pytest.raises(StateError) as caught:
            store.unlock("some-id")
        assert holder.id in caught.value.why
        assert store.info() == holder
        assert store.unlock(holder.id) == holder
        assert store.info() is None
    assert not bench.notes


def test_a_broken_lock_is_not_dropped_twice(bench: Bench) -> None:
    """Who lost the lock and comes to its end leaves the lock of the next one alone."""
    with ExitStack() as later, ExitStack() as stack:
        one, other = bench.open(), bench.open()
        stack.enter_context(one.lock("apply", 0))
        other.unlock(other.info().id)
        later.enter_context(other.lock("plan", 0))
        stack.close()
        assert other.info().operation == "plan"


def test_a_run_whose_lock_was_broken_is_stopped_by_the_serial(bench: Bench) -> None:
    """Of two that both believe to hold the lock, one commit goes through; the other run is stopped there."""
    one, other = bench.open(), bench.open()
    one.commit(state(1), 0)
    with one.lock("apply", 0):
        other.unlock(other.info().id)
        with other.lock("apply", 0):
            assert other.read() == state(1)
            other.commit(state(2, "other"), 1)
            with pytest.raises(StateMoved):
                one.commit(state(2, "one"), 1)
    assert one.read() == state(2, "other")


def test_killed_at_any_instant(bench: Bench) -> None:
    """However often a run is killed: what it said was durable is there, and the next run goes on by itself."""
    chance = random.Random(8)
    stood = 0
    for _ in range(12):
        with bench.run("toil") as run:
            first = run.stdout.readline()
            while first.startswith("note:"):
                first = run.stdout.readline()
            time.sleep(chance.random() * bench.commits_take)
            run.kill()
            words = [word for word in (first + run.stdout.read()).split("\n") if word and not word.startswith("note:")]
        assert words == [str(stood + 1 + each) for each in range(len(words))]
        found = bench.open().read().serial
        assert found - stood - len(words) in (0, 1)
        stood = found
    assert stood > 12


# ── the emergency stop ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "freeze",
    [
        Freeze(everything=True, since=NOON, by="somchai"),
        Freeze(campaigns=frozenset({"a", "b"}), since=NOON),
        Freeze(everything=True, released=frozenset({"a"}), asked=frozenset({"m1"}), since=NOON),
        Freeze(),
    ],
)
def test_a_freeze_is_read_by_everybody(bench: Bench, freeze: Freeze) -> None:
    """What was frozen, or released, is so for every run, until the next word."""
    running = bench.open()
    for each in (Freeze(everything=True), freeze):
        bench.open().write_freeze(each)
        assert running.read_freeze() == bench.open().read_freeze() == each


def test_a_freeze_leaves_the_state_alone(bench: Bench) -> None:
    """The stop needs no state, makes none, and moves no serial."""
    store = bench.open()
    store.write_freeze(Freeze(everything=True))
    assert bench.open().read() is None
    store.commit(state(1), 0)
    store.write_freeze(Freeze())
    store.commit(state(2), 1)


def test_a_freeze_is_amended_on_what_stands(bench: Bench) -> None:
    """A change sees the stop as it is, and gives it back as it became."""
    store = bench.open()
    store.write_freeze(Freeze(campaigns=frozenset({"a"})))
    add: Callable[[Freeze], Freeze] = lambda was: replace(was, campaigns=was.campaigns | {"b"})  # noqa: E731
    assert bench.open().amend_freeze(add) == store.read_freeze() == Freeze(campaigns=frozenset({"a", "b"}))


def test_of_stops_at_once_none_is_lost(bench: Bench) -> None:
    """Four people who stop campaigns at the same moment all succeed."""
    with ExitStack() as stack:
        runs = [stack.enter_context(bench.run("stop", 5, str(me))) for me in range(4)]
        spoken = [run.communicate()[0] for run in runs]
        assert [run.returncode for run in runs] == [0] * 4, spoken
    assert bench.open().read_freeze().campaigns == {f"c-{me}-{each}" for me in range(4) for each in range(5)}


def test_a_change_that_fails_freezes_nothing(bench: Bench) -> None:
    """An error on the way leaves the stop as it was."""
    store: Store = bench.open()
    with pytest.raises(ZeroDivisionError):
        store.amend_freeze(lambda was: replace(was, everything=bool(1 // 0)))
    assert store.read_freeze() == Freeze()


# ── moving away ──────────────────────────────────────────────────────────────────────────────────────────────────────

NEW = "elsewhere/state.json"


def test_a_state_that_is_moved_here_keeps_its_serial(bench: Bench) -> None:
    """The first state of a place may have any serial; from then on it is raised by one, as ever."""
    bench.open().commit(state(57, "a"), 0)
    assert bench.open().read() == state(57, "a")
    with pytest.raises(StateMoved):
        bench.open().commit(state(99, "a"), 0)
    bench.open().commit(state(58, "b"), 57)
    assert bench.open().read() == state(58, "b")


def test_a_serial_is_never_zero(bench: Bench) -> None:
    """Zero is the serial of no state at all."""
    with pytest.raises(StateMoved):
        bench.open().commit(state(0), 0)
    assert bench.open().read() is None


def test_a_retired_place_names_the_new_one(bench: Bench) -> None:
    """Nobody reads, writes or stops anything there any more: a run at work and a later one are told where to go."""
    used = bench.open()
    used.commit(state(1, "a"), 0)
    with bench.open().lock("state migrate", 0):
        bench.open().retire(NEW, 1)
    for store in (used, bench.open()):
        for act in (
            store.read,
            lambda store=store: store.commit(state(2, "a"), 1),
            lambda store=store: store.write_freeze(Freeze()),
            lambda store=store: store.amend_freeze(lambda was: was),
        ):
            with pytest.raises(StateRetired) as caught:
                act()
            assert caught.value.to == NEW
            assert f"state: {NEW}" in caught.value.next_step
        assert store.read_freeze().everything
        assert NEW in store.read_freeze().by


def test_retiring_gives_the_stop_as_it_stood(bench: Bench) -> None:
    """A stop moves along with its state, also when the command is repeated after a crash; a second place is refused."""
    freeze = Freeze(campaigns=frozenset({"a"}), since=NOON, by="somchai")
    bench.open().commit(state(1), 0)
    bench.open().write_freeze(freeze)
    for _ in range(2):
        assert bench.open().retire(NEW, 1) == freeze
    with pytest.raises(StateRetired, match="not kept here any more"):
        bench.open().retire("third/state.json", 1)


def test_a_state_that_moved_on_is_not_retired(bench: Bench) -> None:
    """A commit that came between the copy and the tombstone is in no copy: nothing is retired, and work goes on."""
    store = bench.open()
    store.commit(state(1), 0)
    bench.open().commit(state(2, "a"), 1)
    with pytest.raises(StateMoved):
        store.retire(NEW, 1)
    assert bench.open().read() == state(2, "a")
    assert bench.open().read_freeze() == Freeze()
    store.write_freeze(Freeze())


def test_nothing_is_retired_where_nothing_stands(bench: Bench) -> None:
    """A place without state has none to move; it stays free."""
    with pytest.raises(StateError):
        bench.open().retire(NEW, 0)
    assert bench.open().read() is None
    bench.open().commit(state(1), 0)
