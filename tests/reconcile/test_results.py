"""What became of each recipient, read from a real sandbox: by exception it is the same as in full, or an error."""

from __future__ import annotations

import threading
import time
from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.api.client import MesmsClient
from mesms_gitops.errors import AnswerUnreadable, ApiError, Interrupted
from mesms_gitops.model.campaign import Now
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.results import DoubtKind, Reading
from mesms_gitops.model.sends import DesiredSend, TextContent
from mesms_gitops.reconcile.cursor import pages
from mesms_gitops.reconcile.results import AT_ONCE, Asked, Covered, ResultReader
from mesms_gitops.sandbox import changes
from mesms_gitops.sandbox.faults import Fault
from mesms_gitops.sandbox.server import Running, running
from tests.cli.rewriting import rewriting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.model.results import Results

BEGINS = datetime(2027, 4, 1, 3, tzinfo=UTC)
LATER = datetime(2027, 5, 1, tzinfo=UTC)
BLOCK = range(800_000_000, 800_010_000)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    """One for all tests: each sends messages of its own."""
    with running(now=BEGINS, mode="frozen") as served:
        changes.apply(served.world, None, {"balance": 10_000_000})
        yield served


@pytest.fixture
def account(sandbox: Running) -> Iterator[MesmsClient]:
    with MesmsClient(sandbox.base_url, sandbox.api_key, requests_per_second=1e6) as client:
        yield client
        sandbox.sandbox.faults.disarm()


def sent(account: MesmsClient, numbers: Numbers) -> Asked:
    """A message that leaves now."""
    when = Now(timedelta(0), "UTC")
    desired = DesiredSend("f", "SiamCoffee", TextContent("Hi"), when, numbers, None, 1, "GSM-7", None, None)
    return Asked("sale", "f", account.send(desired, None).uuid, len(numbers))


def truth(sandbox: Running, asked: Asked) -> dict[int, str]:
    """What the sandbox itself has, without paging."""
    with sandbox.lock:
        world = sandbox.world
        message = world.messages[asked.uuid]
        report = message.reports_at(world.now)
        return {national: report(place) for place, national in enumerate(message.numbers.national)}


def found(results: Results) -> dict[int, str]:
    return {number: results.words[code] for number, code in zip(results.numbers, results.codes, strict=True)}


def kinds(results: Results) -> set[DoubtKind]:
    return {doubt.kind for doubt in results.head.doubts}


def reader(account: MesmsClient, **more: object) -> ResultReader:
    return ResultReader(account, lambda: LATER, **more)  # type: ignore[arg-type]  # by name, as a caller would


def paged(sandbox: Running, since: int) -> list[str | None]:
    """The states that were asked for, one a request."""
    return [entry["query"].get("status") for entry in list(sandbox.requests)[since:]]  # type: ignore[attr-defined]


numbers_drawn = st.sampled_from([*BLOCK[:80], *BLOCK[9_001:9_007]]) | st.integers(810_000_000, 810_300_000)
people = st.lists(numbers_drawn, min_size=101, max_size=400, unique=True)
ages = st.sampled_from([timedelta(seconds=20), timedelta(hours=2), timedelta(hours=30), timedelta(days=20)])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people, ages, st.data())
def test_by_exception_in_full_and_the_truth_are_the_same(
    sandbox: Running, account: MesmsClient, drawn: list[int], age: timedelta, data: st.DataObject
) -> None:
    """For any people and at any time after it left, whoever was forgotten meanwhile apart."""
    numbers = Numbers(drawn)
    asked = sent(account, numbers)
    sandbox.advance(age)
    expected = truth(sandbox, asked)
    forgotten = data.draw(st.sets(st.sampled_from(drawn), max_size=5))
    covered = Covered(Numbers(number for number in drawn if number not in forgotten), len(forgotten))
    once = reader(account)
    by_exception = once.read(asked, covered)
    in_full = reader(account).read(asked, None)
    assert by_exception.head.reading is Reading.BY_EXCEPTION
    assert once.said == []
    assert in_full.head.reading is Reading.IN_FULL
    assert found(in_full) == expected
    assert found(by_exception) == {number: state for number, state in expected.items() if number not in forgotten}
    assert list(by_exception.numbers) == sorted(by_exception.numbers)
    assert all(by_exception.state_of(number) == state for number, state in found(by_exception).items())


def crowd(sandbox: Running, account: MesmsClient, blocked: int = 130) -> tuple[Asked, Covered]:
    """600 people of whom ``blocked`` are on the block list, some fail, some expire; long over."""
    numbers = Numbers([*BLOCK[1000:1590], BLOCK[9_001], BLOCK[9_004], BLOCK[9_005]])
    with sandbox.lock:
        changes.apply(sandbox.world, None, {"blocklist": [f"0{number}" for number in BLOCK[1000 : 1000 + blocked]]})
    asked = sent(account, numbers)
    sandbox.advance(timedelta(days=20))
    return asked, Covered(numbers)


def test_what_is_derived_is_the_commonest_state(sandbox: Running, account: MesmsClient) -> None:
    """A message that has just left is all pending but for what is invalid: three requests, whatever its size."""
    numbers = Numbers(range(830_000_000, 830_001_000))
    asked = sent(account, numbers)
    before = len(sandbox.requests)
    results = reader(account).read(asked, Covered(numbers))
    assert dict(results.counts) == {"pending": 995, "invalid": 5}
    assert paged(sandbox, before) == [None, "invalid", None]


def test_a_small_message_is_read_as_it_is(sandbox: Running, account: MesmsClient) -> None:
    """Forty people are on one page: one request, and no word about why."""
    numbers = Numbers(BLOCK[:40])
    asked = sent(account, numbers)
    sandbox.advance(timedelta(days=20))
    before = len(sandbox.requests)
    once = reader(account)
    assert dict(once.read(asked, Covered(numbers)).counts) == {"success": 40}
    assert (paged(sandbox, before), once.said) == ([None], [])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda covered: Covered(Numbers([*covered.numbers, 899_999_999])),
            "counts 593 recipients and the snapshot 594",
        ),
        (
            lambda covered: Covered(Numbers([*list(covered.numbers)[1:], 899_999_999])),
            "whom the snapshot does not have",
        ),
        (lambda covered: Covered(covered.numbers, 2), "counts 593 recipients and the snapshot 595"),
    ],
)
def test_a_snapshot_that_cannot_be_right_is_not_used(
    sandbox: Running, account: MesmsClient, change: Callable[[Covered], Covered], why: str
) -> None:
    """Every page is read instead, and it is said why."""
    asked, covered = crowd(sandbox, account)
    once = reader(account)
    results = once.read(asked, change(covered))
    assert found(results) == truth(sandbox, asked)
    (said,) = once.said
    assert why in said


class Ignoring:
    """An account that does not obey the filter by state."""

    def __init__(self, account: MesmsClient) -> None:
        self._account = account

    def recipients(self, uuid: str, *, after: int = 0, **_: object) -> object:
        return self._account.recipients(uuid, after=after)


def test_a_filter_that_is_not_obeyed_is_noticed(sandbox: Running, account: MesmsClient) -> None:
    """Everybody is read in full instead, and it is said what was listed."""
    asked, covered = crowd(sandbox, account)
    once = reader(Ignoring(account))  # type: ignore[arg-type]  # the one method that is needed
    assert found(once.read(asked, covered)) == truth(sandbox, asked)
    assert "ME-SMS lists recipients that are" in once.said[0]


@pytest.mark.parametrize("bend", ["repeat", "back", "skip", "end"])
@pytest.mark.parametrize("nth", [1, 2, 4])
@pytest.mark.parametrize("has_snapshot", [True, False])
def test_whatever_page_is_wrong_it_is_said_or_changes_nothing(
    sandbox: Running, account: MesmsClient, bend: str, nth: int, has_snapshot: bool
) -> None:
    """One bent cursor at any place: nothing is given, or it is in doubt and of no more people, or it is the truth."""
    asked, covered = crowd(sandbox, account)
    sandbox.arm(Fault("bend_cursor", path="/recipients$", nth=nth, bend=bend))  # type: ignore[arg-type]  # one of them
    try:
        results = reader(account).read(asked, covered if has_snapshot else None)
    except ApiError as error:
        assert isinstance(error, AnswerUnreadable)
        return
    real = truth(sandbox, asked)
    assert found(results) == real or kinds(results)
    assert found(results).items() <= real.items()
    # with a snapshot states are read apart; where that goes wrong, the pages of all of them are still whole
    assert not (has_snapshot and kinds(results))


def test_counts_that_move_while_they_are_read_are_read_again(sandbox: Running, account: MesmsClient) -> None:
    """Failures are reported after five minutes: those minutes pass after the fourth request."""
    numbers = Numbers([*BLOCK[2000:2200], *range(840_000_000, 840_001_000)])
    asked = sent(account, numbers)
    sandbox.advance(timedelta(minutes=4))
    lock, calls = threading.Lock(), iter(range(10_000))

    def tick() -> None:
        with lock:
            if next(calls) == 3:
                sandbox.advance(timedelta(minutes=10))

    results = reader(account, check=tick).read(asked, Covered(numbers))
    assert found(results) == truth(sandbox, asked)
    assert results.counts["failed"] > 0


class Restless(Ignoring):
    """An account on which somebody gets a message with every look."""

    _moved = 0

    def recipients(self, uuid: str, **query: object) -> object:
        page = self._account.recipients(uuid, **query)  # type: ignore[arg-type]  # what it was called with
        self._moved += 1
        counts = {**page.summary, "pending": self._moved, "success": page.summary["success"] - self._moved}
        return replace(page, summary=counts)


def test_counts_that_never_rest_are_an_error(sandbox: Running, account: MesmsClient) -> None:
    """After three rounds it gives up, and says to wait."""
    asked, covered = crowd(sandbox, account)
    with pytest.raises(AnswerUnreadable, match="change faster than they can be read"):
        reader(Restless(account)).read(asked, covered)  # type: ignore[arg-type]  # the one method that is needed


def test_several_cursors_are_followed_at_once_and_never_more_than_that(sandbox: Running, account: MesmsClient) -> None:
    """Each chain waits until another one is there too; a single thread would wait for ever."""
    asked, covered = crowd(sandbox, account)
    together, most = threading.Barrier(2, timeout=10), threading.Semaphore(AT_ONCE)
    main, waited = threading.get_ident(), set()

    def check() -> None:
        me = threading.get_ident()
        if me == main:
            return
        assert most.acquire(blocking=False)
        try:
            if me not in waited and len(waited) < 2:
                waited.add(me)
                together.wait()
        finally:
            most.release()

    assert found(reader(account, check=check).read(asked, covered)) == truth(sandbox, asked)
    assert len(waited) == 2


@pytest.mark.parametrize("after", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("has_snapshot", [True, False])
def test_ctrl_c_stops_all_of_them(sandbox: Running, account: MesmsClient, after: int, has_snapshot: bool) -> None:
    """No request is begun after it, in any thread."""
    asked, covered = crowd(sandbox, account)
    lock, calls = threading.Lock(), iter(range(10_000))

    def check() -> None:
        with lock:
            if next(calls) >= after:
                raise Interrupted("Ctrl-C")

    before = len(sandbox.requests)
    with pytest.raises(Interrupted):
        reader(account, check=check).read(asked, covered if has_snapshot else None)
    assert len(sandbox.requests) - before == after


class Masking(Ignoring):
    """An account that shows numbers masked."""

    def recipients(self, uuid: str, **query: object) -> object:
        page = self._account.recipients(uuid, **query)  # type: ignore[arg-type]  # what it was called with
        return type(page)(
            tuple((f"{row[0][:5]}****{row[0][-2:]}", row[1]) for row in page.rows), page.next_cursor, page.summary
        )


@pytest.mark.parametrize("has_snapshot", [True, False])
def test_numbers_that_are_none_are_an_error(sandbox: Running, account: MesmsClient, has_snapshot: bool) -> None:
    """Masked numbers are named as the likely reason, and nothing is given."""
    asked, covered = crowd(sandbox, account)
    with pytest.raises(AnswerUnreadable, match="break off") as caught:
        reader(Masking(account)).read(asked, covered if has_snapshot else None)  # type: ignore[arg-type]
    assert "masked" in str(caught.value.why)


class Repeating(Ignoring):
    """An account whose cursor goes on while its second page shows the first once more."""

    def recipients(self, uuid: str, *, after: int = 0, **query: object) -> object:
        page = self._account.recipients(uuid, after=after, **query)  # type: ignore[arg-type]  # what it was called with
        first = self._account.recipients(uuid, **query)  # type: ignore[arg-type]  # the same
        return replace(page, rows=first.rows) if after == 50 else page


@pytest.mark.parametrize("has_snapshot", [True, False])
def test_a_page_that_comes_twice_is_in_doubt(sandbox: Running, account: MesmsClient, has_snapshot: bool) -> None:
    """Though cursor, counts and states are right: each person is given once, and those who were not listed are not."""
    asked, covered = crowd(sandbox, account)
    results = reader(Repeating(account)).read(asked, covered if has_snapshot else None)  # type: ignore[arg-type]
    assert {(doubt.kind, doubt.why) for doubt in results.head.doubts} == {
        (DoubtKind.MISCOUNTED, "543 recipients are listed, and 593 counted"),
        (DoubtKind.REPEATED, "recipients are listed more than once (50): pages repeat"),
    }
    assert len(found(results)) == len(results.numbers) == 543
    assert found(results).items() <= truth(sandbox, asked).items()
    assert not results.head.has_all_reached


@pytest.mark.parametrize("nth", [1, 3])
def test_pages_that_end_early_are_noticed_while_states_still_move(
    sandbox: Running, account: MesmsClient, nth: int
) -> None:
    """Then states cannot be held against each other, and how many there are still can."""
    numbers = Numbers(range(860_000_000, 860_000_400))
    asked = sent(account, numbers)
    sandbox.arm(Fault("bend_cursor", path="/recipients$", nth=nth, bend="end"))
    (doubt,) = reader(account).read(asked, None).head.doubts
    assert (doubt.kind, doubt.why) == (DoubtKind.MISCOUNTED, f"{nth * 50} recipients are listed, and 400 counted")


class Circling(Ignoring):
    """An account whose cursor goes 50, 100, 50, 100, and so on."""

    def recipients(self, uuid: str, *, after: int = 0, **query: object) -> object:
        page = self._account.recipients(uuid, after=after, **query)  # type: ignore[arg-type]  # what it was called with
        return replace(page, next_cursor=50 if after == 100 else after + 50)


class Endless(Ignoring):
    """An account that always has a next page, and nothing on it."""

    def recipients(self, uuid: str, *, after: int = 0, **query: object) -> object:
        page = self._account.recipients(uuid, after=after, **query)  # type: ignore[arg-type]  # what it was called with
        return replace(page, rows=page.rows if after == 0 else (), next_cursor=after + 50)


class Deaf(Ignoring):
    """An account that shows the first page whatever cursor it is given, and always has a next one."""

    def recipients(self, uuid: str, *, after: int = 0, **query: object) -> object:
        page = self._account.recipients(uuid, **query)  # type: ignore[arg-type]  # what it was called with
        return replace(page, next_cursor=after + 50)


@pytest.mark.parametrize(("kind", "most"), [(Circling, 20), (Endless, 20), (Deaf, 100)])
@pytest.mark.parametrize("has_snapshot", [True, False])
def test_pages_without_an_end_come_to_one(
    sandbox: Running, account: MesmsClient, kind: type[Ignoring], most: int, has_snapshot: bool
) -> None:
    """A cursor in a circle, pages without rows, and the same rows for ever: what came is given, and in doubt."""
    asked, covered = crowd(sandbox, account)
    before = len(sandbox.requests)
    results = reader(kind(account)).read(asked, covered if has_snapshot else None)  # type: ignore[arg-type]
    assert {DoubtKind.BROKEN_OFF, DoubtKind.MISCOUNTED} <= kinds(results)
    assert set(found(results).items()) < set(truth(sandbox, asked).items())
    assert len(sandbox.requests) - before <= most


def test_a_cursor_that_always_leads_back_is_not_followed_for_ever(sandbox: Running, account: MesmsClient) -> None:
    """It is noticed where it first leads back; each of the states that are read has its own, and so has the whole."""
    asked, covered = crowd(sandbox, account)
    sandbox.arm(Fault("bend_cursor", path="/recipients$", nth=2, times=None, bend="back"))
    before = len(sandbox.requests)
    results = reader(account).read(asked, covered)
    assert kinds(results) == {DoubtKind.BROKEN_OFF, DoubtKind.MISCOUNTED}
    assert len(sandbox.requests) - before <= 2 * AT_ONCE + 4


def test_where_not_even_one_page_is_understood_there_is_nothing_to_keep(sandbox: Running, account: MesmsClient) -> None:
    """Garbage from the first request on is an error, not an empty list."""
    asked, covered = crowd(sandbox, account)
    sandbox.arm(Fault("garbage", path="/recipients$", times=None))
    with pytest.raises(ApiError):
        reader(account).read(asked, covered)


class Bent(Ignoring):
    """An account whose rows are what ``bend`` makes of those of all pages, on one page; its counts stay as they are."""

    def __init__(self, account: MesmsClient, bend: Callable[[tuple[Row, ...]], tuple[Row, ...]]) -> None:
        super().__init__(account)
        self._bend = bend

    def recipients(self, uuid: str, **query: object) -> object:
        everybody = tuple(row for page in pages(self._account, uuid) for row in page.rows)
        return replace(self._account.recipients(uuid), rows=self._bend(everybody), next_cursor=None)


Row = tuple[str, str]
NUMBERS = Numbers(BLOCK[3_000:3_150])


@pytest.mark.parametrize(
    ("bend", "expected", "has_all_reached"),
    [
        (lambda rows: rows, set(), True),
        (lambda rows: rows[::-1], set(), True),
        (lambda rows: (*rows, rows[0]), {DoubtKind.REPEATED}, True),
        (lambda rows: (*rows, (rows[0][0], "expired")), {DoubtKind.CONTRADICTED}, True),
        (lambda rows: rows[1:], {DoubtKind.MISCOUNTED}, False),
        (lambda rows: ((rows[0][0], "expired"), *rows[1:]), {DoubtKind.MISCOUNTED}, False),
        (lambda rows: ((rows[0][0], "teleported"), *rows[1:]), {DoubtKind.MISCOUNTED}, False),
        (lambda rows: (*rows, ("66899999999", "success")), {DoubtKind.MISCOUNTED}, False),
        (lambda rows: (*rows, ("6689****99", "success")), {DoubtKind.ILLEGIBLE}, False),
        (lambda rows: (("6689****99", "success"), *rows[1:]), {DoubtKind.ILLEGIBLE, DoubtKind.MISCOUNTED}, False),
    ],
)
def test_rows_stay_as_they_came_and_what_is_odd_about_them_is_said(
    sandbox: Running,
    account: MesmsClient,
    bend: Callable[[tuple[Row, ...]], tuple[Row, ...]],
    expected: set[DoubtKind],
    has_all_reached: bool,
) -> None:
    """Each kind of doubt for itself; nobody who is listed is lost, and nobody gets a state that is not listed."""
    asked = sent(account, NUMBERS)
    sandbox.advance(timedelta(days=20))
    results = reader(Bent(account, bend)).read(asked, None)  # type: ignore[arg-type]  # the one method that is needed
    assert kinds(results) == expected
    assert results.head.has_all_reached == has_all_reached
    rows = bend(tuple((f"66{number}", state) for number, state in truth(sandbox, asked).items()))
    given = zip(results.numbers, (results.words[code] for code in results.codes), strict=True)
    assert set(given) == {(int(number[2:]), state) for number, state in rows if number[2:].isdecimal()}
    assert list(results.numbers) == sorted(results.numbers)


@pytest.mark.parametrize("has_snapshot", [True, False])
@pytest.mark.parametrize("place", [0, 60, 599])
@pytest.mark.parametrize("row", [None, {"status": "blocked"}, {"msisdn": "66899999999"}])
def test_a_row_that_cannot_be_read_costs_nobody_else(
    sandbox: Running, account: MesmsClient, row: object, place: int, has_snapshot: bool
) -> None:
    """On whichever page it stands all others are kept, and it is said; asked for in one state it is an error."""
    asked, covered = crowd(sandbox, account)
    expected = truth(sandbox, asked)
    lost = sorted(expected)[min(place, len(expected) - 1)]
    with rewriting(sandbox.base_url) as served:

        def odd(path: str, status: int, body: Any) -> tuple[int, Any]:
            if not path.endswith("/recipients"):
                return status, body
            rows = [row if one["msisdn"] == f"66{lost}" else one for one in body["data"]]
            return status, {**body, "data": rows}

        served.rule = odd
        with MesmsClient(served.base_url, sandbox.api_key, requests_per_second=1e6) as client:
            results = reader(client).read(asked, covered if has_snapshot else None)
            with pytest.raises(AnswerUnreadable):
                list(pages(client, asked.uuid, expected[lost]))
    assert kinds(results) == {DoubtKind.ILLEGIBLE, DoubtKind.MISCOUNTED}
    assert not results.head.has_all_reached
    assert found(results) == {number: state for number, state in expected.items() if number != lost}


def test_all_cursors_together_keep_to_the_rate(sandbox: Running) -> None:
    """However many are followed at once, one request more than the rate allows is never made."""
    with MesmsClient(sandbox.base_url, sandbox.api_key, requests_per_second=20) as slow:
        asked, covered = crowd(sandbox, slow)
        before, begun = len(sandbox.requests), time.monotonic()
        reader(slow).read(asked, covered)
        lasted = time.monotonic() - begun
    assert len(sandbox.requests) - before <= 20 * lasted + 1


def test_nothing_of_the_numbers_is_in_a_repr(sandbox: Running, account: MesmsClient) -> None:
    """Results in a traceback show how many there are, and no number."""
    asked, covered = crowd(sandbox, account)
    results = reader(account).read(asked, covered)
    assert "80000" not in repr(results)
    assert isinstance(results.numbers, array)
