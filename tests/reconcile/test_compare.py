"""Are these the same people? In doubt the answer is that nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesms_gitops.model.evidence import People
from mesms_gitops.model.observation import UNREADABLE_ROW
from mesms_gitops.planning.matching import Suspect, suspects_of_send
from mesms_gitops.reconcile.compare import compare, msisdns
from tests.planning.scenes import KEY, manifest, people

from .bench import DROPPED, Bench

CROWD = tuple(range(1, 121))
SALE = manifest(to=CROWD)
OTHERS = tuple(range(2, 122))


def _suspect(bench: Bench, uuid: str, **changed: Any) -> Suspect:
    (send,) = SALE.sends()
    found = replace(bench.account.messages_by_uuid[uuid].seen(), recipients=None)
    (suspect,) = suspects_of_send("sale", send, [found], frozenset(), KEY, bench.clock.moment)
    message = replace(found, recipients=len(bench.account.messages_by_uuid[uuid].numbers))
    return replace(suspect, message=message, **changed)


def _people(bench: Bench, *who: int, **changed: Any) -> People:
    uuid = bench.account.by_hand(SALE, "Hello", people(*who))
    return compare(bench.account, _suspect(bench, uuid, **changed), KEY)


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        (CROWD, People.SAME),
        (OTHERS, People.DIFFERENT),
        (CROWD[:-1], People.DIFFERENT),
        ((*CROWD, 121), People.DIFFERENT),
    ],
    ids=["the same", "others", "one less", "one more"],
)
def test_all_pages_are_compared(bench: Bench, who: tuple[int, ...], verdict: People) -> None:
    assert _people(bench, *who) is verdict


def test_more_people_than_ours_are_not_read_to_the_end(bench: Bench) -> None:
    _people(bench, *range(1, 1_000))
    assert len(bench.account.reads) == 3


def test_a_list_without_rows_says_nothing(bench: Bench) -> None:
    bench.account.hides_recipients = True
    assert _people(bench, *CROWD) is People.UNCLEAR


def test_a_list_that_lacks_rows_says_nothing(bench: Bench) -> None:
    """Of 120 people 119 are listed yet, all of them ours."""
    uuid = bench.account.by_hand(SALE, "Hello", people(*CROWD[:-1]))
    suspect = _suspect(bench, uuid)
    half = replace(suspect, message=replace(suspect.message, recipients=120))
    assert compare(bench.account, half, KEY) is People.UNCLEAR


@pytest.mark.parametrize("page", [1, 3])
def test_a_page_that_cannot_be_read_says_nothing(bench: Bench, page: int) -> None:
    bench.account.will("recipients", *[None] * (page - 1), DROPPED)
    assert _people(bench, *CROWD) is People.UNCLEAR


@pytest.mark.parametrize("row", [("66XXXXX0001", "pending"), UNREADABLE_ROW])
def test_a_number_that_is_none_says_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, row: tuple[str, str]
) -> None:
    uuid = bench.account.by_hand(SALE, "Hello")
    whole = bench.account.recipients(uuid)
    hidden = replace(whole, rows=(row, *whole.rows[1:]))
    monkeypatch.setattr(bench.account, "recipients", lambda uuid, after=0: hidden)
    assert compare(bench.account, _suspect(bench, uuid), KEY) is People.UNCLEAR
    monkeypatch.setattr("mesms_gitops.reconcile.compare.FULL_COMPARISON", 60)
    assert compare(bench.account, _suspect(bench, uuid), KEY) is People.UNCLEAR


def test_a_contact_group_cannot_be_compared(bench: Bench) -> None:
    """Sender, text, time and count have to do."""
    assert _people(bench, 999, audience_digest=None) is People.SAME
    assert bench.account.reads == []


# --- beyond what can be read: the sample ------------------------------------------------------------------------------


@pytest.fixture
def sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to 60 people are compared, and as many rows read; the sample holds the 50 lowest numbers."""
    monkeypatch.setattr("mesms_gitops.reconcile.compare.FULL_COMPARISON", 60)


def test_up_to_the_bound_all_are_compared(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesms_gitops.reconcile.compare.FULL_COMPARISON", len(CROWD))
    assert _people(bench, *CROWD[:50], *range(200, 270)) is People.DIFFERENT


@pytest.mark.usefixtures("sampling")
@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        (CROWD, People.SAME),
        ((*CROWD[:50], *range(200, 270)), People.SAME),
        (OTHERS, People.UNCLEAR),
    ],
    ids=["the same", "the same sample", "one of the sample is missing"],
)
def test_of_a_large_list_the_sample_is_looked_for(bench: Bench, who: tuple[int, ...], verdict: People) -> None:
    assert _people(bench, *who) is verdict


@pytest.mark.usefixtures("sampling")
def test_the_sample_is_not_looked_for_without_end(bench: Bench) -> None:
    assert _people(bench, *range(2, 400), recipients=399) is People.UNCLEAR
    assert bench.account.reads == ["recipients m1 after 0", "recipients m1 after 50"]


@pytest.mark.usefixtures("sampling")
def test_without_a_sample_nobody_can_tell(bench: Bench) -> None:
    assert _people(bench, *CROWD, sample=()) is People.UNCLEAR


# --- pages ------------------------------------------------------------------------------------------------------------


def test_every_number_of_every_page_comes_once(bench: Bench) -> None:
    uuid = bench.account.by_hand(SALE, "Hello")
    assert list(msisdns(bench.account, uuid)) == list(people(*CROWD).msisdns())


def test_a_page_without_rows_ends_the_list(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    page = replace(bench.account.recipients(bench.account.by_hand(SALE, "Hello")), rows=(), next_cursor=50)
    answers = iter([page])
    monkeypatch.setattr(bench.account, "recipients", lambda uuid, after=0: next(answers))
    assert list(msisdns(bench.account, "m1")) == []


@pytest.mark.parametrize("cursor", [0, 50])
def test_a_cursor_that_does_not_move_ends_the_list(bench: Bench, monkeypatch: pytest.MonkeyPatch, cursor: int) -> None:
    page = replace(bench.account.recipients(bench.account.by_hand(SALE, "Hello")), next_cursor=cursor)
    monkeypatch.setattr(bench.account, "recipients", lambda uuid, after=0: page)
    assert len(list(msisdns(bench.account, "m1"))) == (50 if cursor == 0 else 100)
