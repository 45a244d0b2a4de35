"""The REST calls, against a stand-in that refuses what GitHub's description does not have; and what may be approved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.api.github import GitHub
from mesms_gitops.cli.github.approving import approved_in, merged_pull
from mesms_gitops.cli.github.commenting import own, put, strike
from mesms_gitops.errors import AnswerUnreadable, ApiError, ConfigError, StalePlan
from mesms_gitops.model.marker import Marker
from mesms_gitops.views.comment_words import ENGLISH
from tests.github.forge import BOT, REPOSITORY, Forge
from tests.github.stand_in import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD, MERGED, OTHER = "ab" * 20, "cd" * 20, "ef" * 20
DIGEST = "sha256:" + "0d" * 32


@pytest.fixture
def forge() -> Iterator[Forge]:
    """The stand-in; a wrong call fails the test."""
    with serving() as served:
        yield served


@pytest.fixture
def slept() -> list[float]:
    """The waits of `github`, none of which is waited."""
    return []


@pytest.fixture
def github(forge: Forge, slept: list[float]) -> Iterator[GitHub]:
    """A client of `forge`."""
    with GitHub(forge.url, REPOSITORY, forge.token, sleep=slept.append) as made:
        yield made


def plan(**given: Any) -> str:
    """The comment of a plan that can be approved, unless told otherwise."""
    return Marker(**{"kind": "plan", "environment": "production", "digest": DIGEST, "head": HEAD, **given}).line()


def merged(forge: Forge, *bodies: str, author: str = BOT) -> int:
    """A merged pull request with these comments."""
    number = forge.open_pull(HEAD, "order")
    forge.merge(number, MERGED)
    for body in bodies:
        forge.comment(number, author, body + "\n### a plan")
    return number


# ---------------------------------------------------------------- calls


def test_everything_is_read_to_the_last_page(forge: Forge, github: GitHub) -> None:
    """The bot's comment is found behind 250 others."""
    number = merged(forge, *["not a plan"] * 250, plan())
    assert len(github.comments(number)) == 251
    assert own(github.comments(number), "plan", "production", BOT) is not None


def test_a_read_is_repeated_and_a_write_is_not(forge: Forge, github: GitHub, slept: list[float]) -> None:
    """Two 502 before a read cost two waits; one before a write is an error, so that nothing is said twice."""
    number = forge.open_pull(HEAD, "order")
    forge.failing = [502, 502]
    assert github.pull_request(number).head == HEAD
    assert slept == [1.0, 2.0]
    forge.failing = [502]
    with pytest.raises(ApiError, match="GitHub did not do"):
        github.add_comment(number, "once")
    assert forge.said(number) == []


def test_a_limit_is_waited_for_as_told_and_not_for_ever(forge: Forge, github: GitHub, slept: list[float]) -> None:
    """A 403 and a 429 that name seconds cost just these, of a write too; an hour or no time at all is an error."""
    number = forge.open_pull(HEAD, "order")
    forge.failing, forge.retry_after = [403, 429], "7"
    github.add_comment(number, "once")
    assert (forge.said(number), slept) == (["once"], [7.0, 7.0])
    for asked in ("3600", "", "-1", "soon", "7.5"):
        forge.failing, forge.retry_after = [403], asked
        with pytest.raises(ApiError):
            github.pull_request(number)
    forge.failing, forge.retry_after = [429] * 3, "0"
    with pytest.raises(ApiError, match="GitHub did not do"):
        github.add_comment(number, "never")
    assert forge.said(number) == ["once"]


def test_a_failure_names_the_call_and_never_the_token(forge: Forge, slept: list[float]) -> None:
    """A wrong token, and a forge that is gone: the call is named, the token is nowhere in the error or its causes."""
    token = "ghs_very-secret"
    with GitHub(forge.url, REPOSITORY, token, sleep=slept.append) as github, pytest.raises(ApiError) as caught:
        github.comments(1)
    assert caught.value.where is not None and "/issues/1/comments" in caught.value.where
    assert "401" in str(caught.value.why)
    with GitHub("http://127.0.0.1:9", REPOSITORY, token, sleep=slept.append) as github, pytest.raises(ApiError) as gone:
        github.comments(1)
    for error in (caught.value, gone.value):
        assert token not in f"{error} {error.__dict__} {error.__cause__!r} {error.__context__!r}"
    forge.wrongs.clear()


@pytest.mark.parametrize(
    ("url", "repository", "token"),
    [
        ("http://api.github.example", REPOSITORY, "t"),
        ("https://api.github.example", "../../etc", "t"),
        ("https://api.github.example", "shop/campaigns/x", "t"),
        ("https://api.github.example", REPOSITORY, ""),
        ("https://api.github.example", REPOSITORY, "a b"),
        ("https://api.github.example", REPOSITORY, "a\nb"),
    ],
)
def test_what_cannot_be_called_safely_is_not_called(url: str, repository: str, token: str) -> None:
    """No token over an open connection, no repository that is a path, no token that would break a header."""
    with pytest.raises(ConfigError):
        GitHub(url, repository, token, sleep=lambda _: None)


def test_a_comment_is_changed_in_place_and_only_our_own(forge: Forge, github: GitHub) -> None:
    """Somebody's copy of a marker is left alone; the same text again is no call; other kinds are other comments."""
    number = forge.open_pull(HEAD, "order")
    forge.comment(number, "somebody", plan())
    first = put(github, number, plan() + "\nfirst", BOT)
    assert put(github, number, plan() + "\nsecond", BOT) == first
    assert [body.split("\n")[1] for body in forge.said(number)] == ["second"]
    assert forge.said(number, "somebody") == [plan()]
    writes = [call for call in forge.calls if call[0] != "GET"]
    put(github, number, plan() + "\nsecond", BOT)
    assert [call for call in forge.calls if call[0] != "GET"] == writes
    put(github, number, plan(environment="staging") + "\nanother account", BOT)
    put(github, number, plan(kind="apply") + "\nanother kind", BOT)
    assert len(forge.said(number)) == 3
    assert put(github, number + 1_000, plan(), BOT, only_if_there=True) is None


def test_a_plan_is_struck_through_when_the_branch_moves(forge: Forge, github: GitHub) -> None:
    """For the commit it was made for it stays; for the next it is struck through, once, and approves nothing."""
    number = forge.open_pull(HEAD, "order")
    put(github, number, plan() + "\n### the verdict\n\nthe rest", BOT)
    strike(github, number, HEAD, "production", BOT, ENGLISH)
    assert "~~" not in forge.said(number)[0]
    for _ in range(2):
        strike(github, number, OTHER, "production", BOT, ENGLISH)
    (body,) = forge.said(number)
    marker = Marker.of(body)
    assert marker is not None and marker.outdated and not marker.can_approve
    assert body.count("### ~~the verdict~~") == 1


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize("status", ["queued", "in_progress", "requested", "waiting", "pending", "completed"])
def test_a_run_is_over_when_it_is_completed(forge: Forge, github: GitHub, status: str) -> None:
    """Of all that GitHub's description lets a run be, `completed` alone is over; another attempt is another answer."""
    forge.runs = {(7, 1): status, (7, 2): "in_progress"}
    assert github.is_over(7, 1) is (status == "completed")
    assert not github.is_over(7, 2)


@pytest.mark.parametrize(
    "twist",
    [
        {"id": 8},
        {"run_attempt": 2},
        {"run_attempt": None},
        {"repository": {"full_name": "stranger/campaigns"}},
        {"repository": None},
        {"status": None},
    ],
    ids=str,
)
def test_an_answer_about_another_run_is_none(forge: Forge, github: GitHub, twist: dict[str, Any]) -> None:
    """Another run, attempt or repository, and an answer without a status: an error, never "over"."""
    forge.runs[7, 1] = "completed"
    forge.run_twist = twist
    with pytest.raises(AnswerUnreadable):
        github.is_over(7, 1)


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_a_run_that_cannot_be_asked_about_is_not_over(forge: Forge, github: GitHub, status: int) -> None:
    """No permission, no such run, too many questions, a forge that is down: an error, never "over"."""
    forge.runs[7, 1] = "completed"
    forge.failing = [status] * 3
    with pytest.raises(ApiError):
        github.is_over(7, 1)


# ---------------------------------------------------------------- approvals


def test_the_plan_of_the_merged_commit_is_approved(forge: Forge, github: GitHub) -> None:
    """The bot's whole plan for the newest commit of the branch that became this one."""
    number = merged(forge, plan())
    pull = merged_pull(github, MERGED, "main")
    assert pull.number == number
    assert approved_in(github, pull, "production", BOT, 0).digest == DIGEST


@pytest.mark.parametrize(
    ("bodies", "author", "why"),
    [
        ([], BOT, "has no plan"),
        ([plan()], "somebody", "has no plan"),
        ([plan()], "github-actions", "has no plan"),
        ([plan(environment="staging")], BOT, "has no plan"),
        ([plan(kind="apply")], BOT, "has no plan"),
        ([plan(head=OTHER)], BOT, "was made for efefefefefef"),
        ([plan(truncated=True)], BOT, "not all of it was shown"),
        ([plan(unchecked=True)], BOT, "without the account"),
        ([plan(outdated=True)], BOT, "moved on"),
        ([plan(digest="")], BOT, "it failed"),
        ([plan(), plan(digest="sha256:" + "1e" * 32)], BOT, "disagree"),
        (["look:\n" + plan()], BOT, "has no plan"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_anything_else_in_the_pull_request_approves_nothing(
    forge: Forge, github: GitHub, bodies: list[str], author: str, why: str
) -> None:
    """Nobody's comment, somebody else's, another account's, another commit's, or half a plan: exit 5 and the reason."""
    merged(forge, *bodies, author=author)
    with pytest.raises(StalePlan, match="nobody approved") as caught:
        approved_in(github, merged_pull(github, MERGED, "main"), "production", BOT, 0)
    assert why in str(caught.value.why)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("case", ["pushed", "unknown", "another branch", "not merged", "its own commit", "two"])
def test_a_commit_that_is_no_merge_of_one_pull_request_has_no_approval(
    forge: Forge, github: GitHub, slept: list[float], case: str
) -> None:
    """Pushed by hand, on another branch, only a part of one, or of two: nobody approved it."""
    commit, branch = MERGED, "main"
    if case == "pushed":
        forge.commits[MERGED] = set()
    elif case == "another branch":
        merged(forge, plan())
        branch = "release"
    elif case == "not merged":
        forge.commits[MERGED] = {forge.open_pull(HEAD, "order")}
    elif case == "its own commit":
        merged(forge, plan())
        commit = HEAD
    elif case == "two":
        merged(forge, plan())
        merged(forge, plan())
    with pytest.raises((StalePlan, ApiError)):
        merged_pull(github, commit, branch, slept.append)
    assert slept == ([1, 2, 4] if case == "pushed" else [])


def test_what_github_notes_a_moment_later_is_waited_for(forge: Forge, github: GitHub, slept: list[float]) -> None:
    """The job of a push may start before GitHub knows which pull request the commit is of."""
    number = merged(forge, plan())
    noted, forge.commits[MERGED] = forge.commits[MERGED], set()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            forge.commits[MERGED] = noted

    assert merged_pull(github, MERGED, "main", sleep).number == number
    assert slept == [1, 2]


@pytest.mark.parametrize(
    ("reviews", "is_enough"),
    [
        ([], False),
        ([("reviewer", "APPROVED", HEAD)], True),
        ([("author", "APPROVED", HEAD)], False),
        ([("reviewer", "APPROVED", OTHER)], False),
        ([("reviewer", "COMMENTED", HEAD)], False),
        ([("reviewer", "APPROVED", HEAD), ("reviewer", "COMMENTED", HEAD)], True),
        ([("reviewer", "APPROVED", HEAD), ("reviewer", "DISMISSED", HEAD)], False),
        ([("reviewer", "APPROVED", HEAD), ("another", "CHANGES_REQUESTED", HEAD)], False),
        ([("reviewer", "CHANGES_REQUESTED", OTHER), ("reviewer", "APPROVED", HEAD)], True),
        ([("stranger", "APPROVED", HEAD)], False),
        ([("helper[bot]", "APPROVED", HEAD)], False),
        ([("reviewer", "APPROVED", HEAD), ("stranger", "CHANGES_REQUESTED", HEAD)], True),
    ],
)
def test_reviews_count_for_the_merged_commit_and_by_others(
    forge: Forge, github: GitHub, reviews: list[tuple[str, str, str]], is_enough: bool
) -> None:
    """With `reviews: 1`: the newest word of each who may push, of the merged commit, never the author's own."""
    number = merged(forge, plan())
    forge.strangers = {"stranger"}
    for author, verdict, commit in reviews:
        forge.review(number, author, verdict, commit)
    pull = merged_pull(github, MERGED, "main")
    if is_enough:
        assert approved_in(github, pull, "production", BOT, 1).digest == DIGEST
        return
    with pytest.raises(StalePlan):
        approved_in(github, pull, "production", BOT, 1)
    assert approved_in(github, pull, "production", BOT, 0).digest == DIGEST
