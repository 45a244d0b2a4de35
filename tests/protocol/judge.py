"""The end of a life, held against what was wanted: who was texted, by the world's own ledger, and who is asked.

The rule (contract, section 8.5): every number is texted exactly once, or a campaign says that it needs a person; never
twice. What is more: a person is asked only where somebody did not get theirs, or the account leaves a doubt.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from mesms_gitops.model.plan import Blocked, Reason
from mesms_gitops.model.state import CampaignPhase

from .fate import Fate
from .life import attempt, closed, opened
from .machine import recorded
from .tool import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mesms_gitops.model.plan import Plan
    from mesms_gitops.model.state import State
    from mesms_gitops.sandbox.world import LedgerEntry, Message

    from .life import Moment, Scenario, Want, Wanted

AFTER_ALL = timedelta(days=4)
"""Past every schedule of every scenario."""
_ALWAYS_RIGHT = frozenset({Reason.FROZEN, Reason.UNKNOWN_SEND})
"""A stop is lifted by a person; and whether an unknown send could have been settled is looked at in `_End.resolve`."""


@dataclass
class Verdict:
    """What is wrong with how a life ended, and how often a person was asked for."""

    problems: list[str] = field(default_factory=list)
    asked: bool = False


def judge(scenario: Scenario, moment: Moment) -> Verdict:
    """Look at ``moment``, the end of a life; then let people release, resolve and wait, and look again each time."""
    verdict = Verdict(list(moment.complaints))
    end = _End(scenario, moment, verdict)
    end.look("at rest")
    end.release()
    end.resolve()
    end.pass_everything()
    return verdict


class _End:
    """The last turns, in which nothing strikes any more."""

    def __init__(self, scenario: Scenario, moment: Moment, verdict: Verdict) -> None:
        self._scenario = scenario
        self._moment = moment
        self._verdict = verdict
        self._actions: Mapping[str, Reason | None] = {}

    def look(self, when: str) -> None:
        """Judge the account against the plan that is shown now, and the plan against `status`."""
        plan = self._planned(when)
        if plan is None:
            return
        self._actions = {
            action.campaign: action.reason if isinstance(action, Blocked) else None for action in plan.actions
        }
        self._verdict.asked |= any(self._actions.values())
        got = _Got(self._moment.world.ledger(), self._scenario.wants)
        problems = [*got.strangers(), *self._made_again()]
        for want in self._scenario.wants:
            reasons = {reason for name in want.names if (reason := self._actions.get(name)) is not None}
            problems += got.problems(want, reasons)
        problems += self._silences()
        self._verdict.problems += [f"{when}: {problem}" for problem in problems]

    def release(self) -> None:
        """`stop --release`, and two runs."""
        if Reason.FROZEN in self._actions.values() or self._moment.is_stopped:
            self._run(lambda tool: tool.release())
            self._settle()
            self.look("after the release")

    def resolve(self) -> None:
        """A person who knows the truth settles what is unknown; where the message is listed, nobody had to ask."""
        unknown = [name for name, reason in self._actions.items() if reason is Reason.UNKNOWN_SEND]
        if not unknown:
            return
        got = _Got(self._moment.world.ledger(), self._scenario.wants)
        for name in unknown:
            found = got.unclaimed(name, self._scenario.wants, self._state.claimed)
            if len(found) == 1 and not self._is_ambiguous(unknown):
                self._verdict.problems.append(f"{name} is unknown although its message is on the account")
            self._run(lambda tool, name=name, found=found: tool.resolve(name, found[0] if found else None))
        self._settle()
        self.look("after a person resolved it")

    def _is_ambiguous(self, unknown: list[str]) -> bool:
        """Two unknown campaigns to contact groups: nobody can compare people, either message could be either's."""
        manifests = self._scenario.manifests(self._scenario.turns)
        return sum(bool(each.group) and each.name in unknown for each in manifests) > 1

    def pass_everything(self) -> None:
        """The clock passes every schedule, and two more runs."""
        self._settle(AFTER_ALL)
        self.look("when all is over")

    @property
    def _state(self) -> State:
        found = recorded(self._moment.files)
        assert found is not None
        return found

    def _settle(self, wait: timedelta = timedelta(minutes=10)) -> None:
        self._run(lambda tool: tool.apply(), wait)
        self._run(lambda tool: tool.apply())

    def _run(self, work: Callable[[Tool], object], wait: timedelta = timedelta(minutes=10)) -> None:
        machine = opened(self._moment, Fate({}), first_pid=5000)
        machine.is_stopped = False
        machine.pass_time(wait)
        manifests = self._scenario.manifests(self._scenario.turns)
        with machine.running() as process:
            attempt(lambda: work(Tool(machine, process, manifests)))
        self._verdict.problems += machine.complaints
        self._moment = closed(machine, self._moment)

    def _planned(self, when: str) -> Plan | None:
        plans: list[Plan] = []

        def work(tool: Tool) -> None:
            plans.append(tool.prepared(tool.stored()).plan)

        machine = opened(self._moment, Fate({}), first_pid=6000)
        error = None
        with machine.running() as process:
            error = attempt(lambda: work(Tool(machine, process, self._scenario.manifests(self._scenario.turns))))
        if error and not self._scenario.may_refuse:
            self._verdict.problems.append(f"{when}: the tool does not work any more: {error}")
        self._verdict.asked |= error is not None
        for plan in plans:
            if plan.refusals:
                self._verdict.problems.append(f"{when}: {plan.refusals[0].message}")
        return plans[0] if plans else None

    def _made_again(self) -> Iterator[str]:
        """What somebody cancelled in the console is never made again by itself."""
        messages = self._moment.world.messages
        for uuid in self._moment.cancelled_by_hand:
            gone = messages[uuid]
            for later in messages.values():
                if later.sequence > gone.sequence and _same(later, gone):
                    yield f"{gone.content!r} was cancelled by hand and made again"

    def _silences(self) -> Iterator[str]:
        """A send that nobody knows the outcome of shows in `status` and in the plan alike."""
        state = recorded(self._moment.files)
        if state is None:
            return
        for name, record in state.campaigns.items():
            is_unknown = any(send.is_unsettled for send in record.sends)
            if is_unknown and self._actions.get(name) is not Reason.UNKNOWN_SEND:
                yield f"{name} has an unknown send and the plan does not say so"
            if any(send.is_unsettled for send in record.current) and record.phase is not CampaignPhase.UNKNOWN:
                yield f"{name} has an unknown send and its phase is {record.phase}"


class _Got:
    """The world's ledger by what was wanted."""

    def __init__(self, ledger: tuple[LedgerEntry, ...], wants: tuple[Want, ...]) -> None:
        self._wants = wants
        self._found = [(entry, _explained(entry, wants)) for entry in ledger]

    def strangers(self) -> Iterator[str]:
        """Messages that nobody asked for."""
        for entry, found in self._found:
            if found is None:
                when = f" at {entry.scheduled_at}" if entry.scheduled_at else ""
                yield f"a message that nobody asked for: {entry.content!r} to {entry.total}{when}"

    def problems(self, want: Want, reasons: set[Reason]) -> Iterator[str]:
        """What is wrong for the people of ``want``, given the reasons for which its campaigns ask."""
        who = "/".join(want.names) or "nobody's"
        got = self._by_person(want)
        dues = [_by_person(end) for end in want.ends]
        people = sorted({*got, *(person for due in dues for person in due)})
        for person in people:
            if got[person].total() > max(1, *(due[person].total() for due in dues)):
                yield f"{who}: {person} was texted {got[person].total()} times: {_texts(got[person])}"
                return
        is_well = any(all(got[person] == due[person] for person in people) for due in dues)
        if not is_well and not reasons:
            person = next((person for person in people if all(got[person] != due[person] for due in dues)), people[0])
            yield f"{who}: {person} got {_texts(got[person])}, not {_texts(dues[0][person])}, and nobody is asked"
        needless = reasons - want.also_asks - _ALWAYS_RIGHT
        if is_well and needless:
            yield f"{who}: everybody got theirs, and a person is asked all the same ({', '.join(sorted(needless))})"

    def unclaimed(self, name: str, wants: tuple[Want, ...], claimed: frozenset[str]) -> list[str]:
        """Messages for the people of campaign ``name`` that its state does not claim."""
        mine = [want for want in wants if name in want.names]
        return [entry.uuid for entry, found in self._found if entry.uuid not in claimed and found and found[0] in mine]

    def _by_person(self, want: Want) -> dict[str, Counter[Wanted]]:
        got: dict[str, Counter[Wanted]] = _Counters()
        for entry, found in self._found:
            if found is not None and found[0] is want:
                for number in entry.numbers:
                    got[number][found[1]] += 1
        return got


class _Counters(dict[str, "Counter[Wanted]"]):
    def __missing__(self, key: str) -> Counter[Wanted]:
        self[key] = Counter()
        return self[key]


def _by_person(final: tuple[Wanted, ...]) -> dict[str, Counter[Wanted]]:
    due = _Counters()
    for wanted in final:
        for person in wanted.people:
            due[person][wanted] += 1
    return due


def _explained(entry: LedgerEntry, wants: tuple[Want, ...]) -> tuple[Want, Wanted] | None:
    for want in wants:
        for wanted in want.texts:
            if entry.content == wanted.content and set(entry.numbers) == wanted.people and _in_time(entry, wanted):
                return want, wanted
    return None


def _in_time(entry: LedgerEntry, wanted: Wanted) -> bool:
    if wanted.at is not None:
        return entry.scheduled_at == wanted.at
    if not wanted.undo:
        return entry.scheduled_at is None
    return entry.scheduled_at is not None and entry.scheduled_at - entry.created_at <= wanted.undo


def _same(one: Message, other: Message) -> bool:
    return (one.content, one.numbers) == (other.content, other.numbers)


def _texts(got: Counter[Wanted]) -> str:
    return ", ".join(f"{wanted.content!r} x{count}" for wanted, count in got.items()) or "nothing"
