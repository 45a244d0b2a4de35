"""A stateful model: people and misfortune in any order, against a reference that fits in ten lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from mesms_gitops.sandbox.defaults import OWNER

from .fate import Event, Fate
from .life import attempt, beginning, closed, opened
from .machine import STATE
from .manifests import Manifest, Text
from .mutants import MUTANTS
from .scenarios import AT, _by_hand, _cancelled_by_hand
from .tool import Tool

PEOPLE = {"left": (1, 2), "right": (3, 4)}
TEXTS = ("hello", "hello again")
names, texts = st.sampled_from(sorted(PEOPLE)), st.sampled_from(TEXTS)
strikes = st.none() | st.tuples(st.integers(0, 60), st.sampled_from((Event.CRASH, Event.LOST, Event.POWER)))


class Life(RuleBasedStateMachine):
    """One project, edited, struck and restored; the clock goes on by an hour with every run."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = beginning()
        self.manifests: dict[str, Manifest] = {}
        self.kept: bytes | None = None
        self.was_restored = False
        self.pid = 1000

    @rule(name=names, text=texts)
    def write(self, name: str, text: str) -> None:
        self.manifests[name] = Manifest(name, (Text(text, PEOPLE[name]),), AT)

    @rule(name=names)
    def delete(self, name: str) -> None:
        self.manifests.pop(name, None)

    @rule()
    def keep_a_copy_of_the_state(self) -> None:
        self.kept = self.moment.files.get(STATE)

    @precondition(lambda self: self.kept is not None)
    @rule()
    def restore_it(self) -> None:
        assert self.kept is not None
        self.moment = replace(self.moment, files={**self.moment.files, STATE: self.kept})
        self.was_restored = True

    @rule()
    def cancel_in_the_console(self) -> None:
        machine = opened(self.moment, Fate({}), self.pid)
        _cancelled_by_hand(machine)
        self.moment = closed(machine, self.moment)

    @precondition(lambda self: self.moment.world.accounts[OWNER].balance > 9 and self.moment.world.now < AT)
    @rule(name=names)
    def somebody_else_writes_to_others(self, name: str) -> None:
        machine = opened(self.moment, Fate({}), self.pid)
        _by_hand(Text(TEXTS[0], (8, 9)), AT + timedelta(hours=len(name)))(machine)
        self.moment = closed(machine, self.moment)

    @rule(balance=st.sampled_from((0, 3, 100_000)))
    def the_balance_changes(self, balance: int) -> None:
        world = self.moment.world.copy()
        world.accounts[OWNER].balance = balance
        self.moment = replace(self.moment, world=world)

    @rule(hours=st.sampled_from((1, 30)), strike=strikes)
    def apply(self, hours: int, strike: tuple[int, Event] | None) -> None:
        machine = opened(self.moment, _Lenient(dict([strike] if strike else [])), self.pid)
        self.pid += 10
        machine.pass_time(timedelta(hours=hours))
        with machine.running() as process:
            attempt(lambda: Tool(machine, process, tuple(self.manifests.values())).apply())
        self.moment = closed(machine, self.moment)

    @invariant()
    def nobody_is_texted_twice(self) -> None:
        """Per text and time always; at all, unless an old state was put back beside an edited manifest."""
        ours = [entry for entry in self.moment.world.ledger() if entry.scheduled_at == AT]
        got = Counter((number, entry.content) for entry in ours for number in entry.numbers)
        assert max(got.values(), default=0) <= 1, got
        if not self.was_restored:
            people = Counter(number for entry in ours for number in entry.numbers)
            assert max(people.values(), default=0) <= 1, people
        assert not self.moment.complaints


class _Lenient(Fate):
    """An event that cannot strike where it falls does not."""

    def cross(self, name: str, kind: object) -> Event | None:
        try:
            return super().cross(name, kind)  # type: ignore[arg-type]  # the kind is passed on as it came
        except ValueError:
            return None


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=400, stateful_step_count=30, deadline=None, database=None)


def test_the_model_sees_a_sabotage() -> None:
    """A replacement that does not wait for its cancel texts somebody twice, and the model notices."""
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == "the replacement does not wait for the cancel")
    quick = settings(max_examples=3000, stateful_step_count=30, deadline=None, database=None, phases=[Phase.generate])
    with mutant.at_work(), pytest.raises(AssertionError):
        run_state_machine_as_test(Life, settings=quick)
