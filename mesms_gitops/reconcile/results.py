"""Reading what became of each recipient of a send, with as few requests as that takes.

*By exception*: all states but the commonest (success or pending) are read, each by a cursor of its own, and whoever
was sent to and is in none of them is in that one. It rests on knowing whom we sent to, and is held against ME-SMS's own
counts before and after. Where it does not hold, every page is read, and it is said why; what does not add up even then
is kept as it came, with its doubts (`doubts`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import AnswerUnreadable
from mesms_gitops.model.delivery import DELIVERY_STATES
from mesms_gitops.model.results import DERIVED, Reading, ResultHead, Results
from mesms_gitops.reconcile.cursor import WHERE, broken, masked, pages, subscribers
from mesms_gitops.reconcile.doubts import Pages, doubts_of
from mesms_gitops.reconcile.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.model.observation import RecipientPage
    from mesms_gitops.reconcile.ports import Account

ROUNDS: Final = 3
"""How often states are read again whose counts moved meanwhile."""
AT_ONCE: Final = 4
"""Cursors followed side by side; the client keeps all of them within its rate."""
SMALL: Final = 100
"""Two pages: counts before and after would cost as much."""
_STATE_BITS: Final = 8
_STATE_MASK: Final = (1 << _STATE_BITS) - 1


class Misfit(Exception):
    """Why the commonest state cannot be derived."""


@dataclass(frozen=True, slots=True)
class Covered:
    """Whom a send covered, as its snapshot has it; ``forgotten`` were taken out of it since."""

    numbers: Numbers
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """One message to read: ``recipients`` is how many state says there are, 0 where only ME-SMS knows."""

    campaign: str
    fingerprint: str
    uuid: str
    recipients: int


@dataclass(slots=True)
class ResultReader:
    """Reads by ``account``. ``check`` is called before each request, from any thread, and may raise to stop.

    ``said`` gathers why pages were read in full; ``progress`` hears how many rows there are so far.
    """

    account: Account
    now: Callable[[], datetime]
    check: Callable[[], None] = lambda: None
    progress: Callable[[int], None] = lambda _: None
    said: list[str] = field(default_factory=list)

    def read(self, asked: Asked, covered: Covered | None, why_not: str = "nothing says whom it covered") -> Results:
        """What became of everybody; ``why_not`` says why it is not known who that is.

        Pages and counts that contradict each other are in doubt, and so is what breaks off after its first page.
        Raises `ApiError`, also where not even one page can be understood, or counts never rest.
        """
        if 0 < asked.recipients <= SMALL:
            return self._in_full(asked)
        if covered is None:
            return self._in_full(asked, why_not)
        try:
            return self._by_exception(asked, covered)
        except Misfit as misfit:
            return self._in_full(asked, str(misfit))

    def _by_exception(self, asked: Asked, covered: Covered) -> Results:
        summary = self._summary(asked.uuid)
        found: dict[str, array[int]] = {}
        for _ in range(ROUNDS):
            commonest = _commonest(summary, covered)
            wanted = [state for state, count in summary.items() if count and state != commonest]
            stale = {state: summary[state] for state in wanted if len(found.get(state, ())) != summary[state]}
            found |= self._chains(asked.uuid, stale)
            found = {state: found[state] for state in wanted}
            before, summary = summary, self._summary(asked.uuid)
            if summary == before:
                _check_lengths(found, summary)
                return self._derived(asked, covered, commonest, found)
        raise AnswerUnreadable(
            f"the results of {asked.campaign} change faster than they can be read",
            where=WHERE,
            next_step="wait until more of it is delivered (mesms-gitops refresh --watch), then try again",
        )

    def _summary(self, uuid: str) -> Mapping[str, int]:
        self.check()
        return {state: count for state, count in self.account.recipients(uuid).summary.items() if count}

    def _chains(self, uuid: str, states: Mapping[str, int]) -> dict[str, array[int]]:
        """The numbers in each of ``states``, sorted; beside a state stands how many there should be.

        Raises `Misfit` where they are not told apart, each once.
        """
        rows: Counter[str] = Counter()

        def chain(state: str, check: Callable[[], None]) -> array[int]:
            numbers = array("I")
            for page in pages(self.account, uuid, state, check, states[state]):
                legible = subscribers(page)
                if len(legible) < len(page.rows):
                    raise Misfit("rows name no Thai number")
                for number, told in legible:
                    if told != state:
                        raise Misfit(f"asked for {state}, ME-SMS lists recipients that are {told}")
                    numbers.append(number)
                rows[state] = len(numbers)
            return _sorted_once(numbers)

        try:
            return side_by_side(chain, states, self.check, lambda: self.progress(rows.total()), at_once=AT_ONCE)
        except AnswerUnreadable as error:
            raise Misfit(error.why or error.what) from error

    def _derived(self, asked: Asked, covered: Covered, commonest: str, found: Mapping[str, array[int]]) -> Results:
        words = _words((commonest, *found))
        cells = array("I", covered.numbers)
        codes = bytearray([words.index(commonest)]) * len(cells)
        touched = bytearray(len(cells))
        strangers = 0
        for state, numbers in found.items():
            code = words.index(state)
            for number in numbers:
                place = bisect_left(cells, number)
                if place == len(cells) or cells[place] != number:
                    strangers += 1
                elif touched[place]:
                    raise Misfit("a recipient is in two states at once")
                else:
                    codes[place], touched[place] = code, 1
        if strangers > covered.forgotten:
            raise Misfit(f"ME-SMS lists {strangers:,} recipients whom the snapshot does not have")
        head = self._head(asked, Reading.BY_EXCEPTION, covered.forgotten)
        return Results(head, cells, bytes(codes), words)

    def _in_full(self, asked: Asked, why: str = "") -> Results:
        """Every page; a number and its state are kept in one cell while they come in no order."""
        if why:
            self.said.append(f"{asked.campaign}: read in full, since {why}")
        words = list(DELIVERY_STATES)
        cells = array("Q")
        first = last = None
        rows, cut = 0, ""
        try:
            for page in pages(self.account, asked.uuid, before_each=self.check, recipients=asked.recipients):
                first, last = first or page, page
                rows += len(page.rows)
                self._take(asked, page, cells, words)
        except AnswerUnreadable as error:
            if not cells:
                raise  # nothing came that could be kept
            cut = error.why or error.what
        once, again, in_two = _each_once(array("Q", sorted(cells)))
        numbers = array("I", (cell >> _STATE_BITS for cell in once))
        results = Results(
            self._head(asked, Reading.IN_FULL, 0), numbers, bytes(cell & _STATE_MASK for cell in once), tuple(words)
        )
        assert first is not None  # there is a page, even of nobody
        assert last is not None
        people = len(numbers) - in_two
        read = Pages(people, results.counts, first.summary, last.summary, cut, again, in_two, rows - len(cells))
        return replace(results, head=results.head.doubted(*doubts_of(read, asked.recipients)))

    def _take(self, asked: Asked, page: RecipientPage, cells: array[int], words: list[str]) -> None:
        """Put the rows of ``page`` to ``cells``, and states that are new to ``words``."""
        legible = subscribers(page)
        if page.rows and not legible and not cells:
            raise masked(asked.uuid, page)
        for number, state in legible:
            if state not in words:
                words.append(state)
                _refuse_babel(asked.uuid, words)
            cells.append(number << _STATE_BITS | words.index(state))
        self.progress(len(cells))

    def _head(self, asked: Asked, reading: Reading, forgotten: int) -> ResultHead:
        return ResultHead(asked.campaign, asked.fingerprint, asked.uuid, self.now(), reading, forgotten)


def _commonest(summary: Mapping[str, int], covered: Covered) -> str:
    """The state to derive. Raises `Misfit` where none can be."""
    if not summary:
        raise Misfit("ME-SMS gives no counts to hold it against")
    if (told := sum(summary.values())) != (people := len(covered.numbers) + covered.forgotten):
        raise Misfit(f"ME-SMS counts {told:,} recipients and the snapshot {people:,}")
    commonest = max(sorted(summary), key=lambda state: summary[state])
    if commonest not in DERIVED:
        raise Misfit(f"most are {commonest}, and nobody is taken for {commonest} who is not listed as that")
    strange = sorted(set(summary).difference(DELIVERY_STATES))
    if strange:
        raise Misfit(f"the reference has no state {', '.join(strange)} to ask for")
    return commonest


def _check_lengths(found: Mapping[str, array[int]], summary: Mapping[str, int]) -> None:
    for state, numbers in found.items():
        if len(numbers) != summary[state]:
            raise Misfit(f"{len(numbers):,} recipients are listed as {state}, and {summary[state]:,} counted")


def _sorted_once(numbers: array[int]) -> array[int]:
    found = array("I", sorted(numbers))
    if doubles := sum(one == other for one, other in pairwise(found)):
        raise Misfit(f"{doubles:,} recipients are listed more than once: pages repeat")
    return found


def _each_once(cells: array[int]) -> tuple[array[int], int, int]:
    """Sorted ``cells`` without those that say the same again; how many did, and how many name one in another state."""
    again = sum(one == other for one, other in pairwise(cells))
    if again:
        cells = array("Q", (cell for cell, _ in groupby(cells)))
    in_two = sum(one >> _STATE_BITS == other >> _STATE_BITS for one, other in pairwise(cells))
    return cells, again, in_two


def _refuse_babel(uuid: str, words: list[str]) -> None:
    if len(words) > 1 << _STATE_BITS:
        raise broken(uuid, f"it has more than {1 << _STATE_BITS} states")


def _words(states: Iterable[str]) -> tuple[str, ...]:
    """The documented states, and whatever else is among ``states``."""
    return (*DELIVERY_STATES, *sorted(set(states) - set(DELIVERY_STATES)))
