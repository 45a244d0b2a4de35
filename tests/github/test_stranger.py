"""What a fork's run leaves behind: read as data, whatever it is; GitHub alone says where it is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.api.github import GitHub
from mesms_gitops.cli.github.inputs import Inputs
from mesms_gitops.cli.github.job import Job
from mesms_gitops.cli.github.stranger import MAX_REPORT_BYTES, comment_for_stranger
from mesms_gitops.cli.github.surroundings import Surroundings
from mesms_gitops.errors import UsageError
from mesms_gitops.model.marker import Marker
from tests.github.forge import REPOSITORY, Forge
from tests.github.stand_in import serving
from tests.github.test_comment import HOSTILE, action, document, outside_of_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD, OTHER = "ab" * 20, "cd" * 20


@pytest.fixture
def forge() -> Iterator[Forge]:
    """The stand-in; a wrong call fails the test."""
    with serving() as served:
        yield served


def event(**given: Any) -> dict[str, Any]:
    """``workflow_run`` after the plan of the fork of ``stranger``."""
    run = {
        "event": "pull_request",
        "head_sha": HEAD,
        "head_branch": "order",
        "head_repository": {"full_name": "stranger/campaigns", "owner": {"login": "stranger"}},
    }
    return {"workflow_run": {**run, **given}}


@pytest.fixture
def told(forge: Forge, tmp_path: Path) -> Callable[..., None]:
    """Comments a report, as the job does after that event."""

    def tell(report: bytes | dict[str, Any] | Path, told_event: dict[str, Any] | None = None) -> None:
        file = report if isinstance(report, Path) else tmp_path / "report.json"
        if not isinstance(report, Path):
            file.write_bytes(report if isinstance(report, bytes) else json.dumps(report).encode())
        inputs = Inputs(
            command="comment",
            folder=tmp_path,
            environment="production",
            plan_file=str(file),
            expect_digest="",
            approval="pull-request",
            reviews=0,
            comment="always",
            language="en",
            budget=None,
            lock_timeout=0,
            bot="github-actions[bot]",
            token=forge.token,
        )
        around = Surroundings(
            repository=REPOSITORY,
            api_url=forge.url,
            server_url="https://github.example",
            event_name="workflow_run",
            event=told_event or event(),
            sha=OTHER,
            ref="refs/heads/main",
            actor="stranger",
            run="https://github.example/shop/campaigns/actions/runs/1",
            attempt=1,
            temp=tmp_path,
            output=None,
            summary=None,
        )
        with GitHub(forge.url, REPOSITORY, forge.token, sleep=lambda _: None) as github:
            comment_for_stranger(Job(inputs, around, github))

    return tell


def report(**given: Any) -> dict[str, Any]:
    """A report of a plan that went well."""
    return {
        "format_version": "1.0",
        "exit_code": 0,
        "plan": document(action()),
        "error": "",
        "diagnostics": [],
        **given,
    }


def test_a_plan_of_a_fork_is_shown_as_unchecked(forge: Forge, told: Callable[..., None]) -> None:
    """The marker has the head that GitHub names and approves nothing, whatever the report says of itself."""
    number = forge.open_pull(HEAD, "order", owner="stranger")
    told(report(head=OTHER, unchecked=False, environment="another"))
    (body,) = forge.said(number)
    marker = Marker.of(body)
    assert marker is not None
    assert (marker.head, marker.environment, marker.unchecked) == (HEAD, "production", True)
    assert "nobody checked them" in body


def test_a_hostile_report_is_shown_and_not_obeyed(forge: Forge, told: Callable[..., None]) -> None:
    """Text that would be a mention, a link, a tag or the end of a block stays text, in a plan and in an error."""
    number = forge.open_pull(HEAD, "order", owner="stranger")
    hostile = action(HOSTILE, message=HOSTILE, sender=HOSTILE)
    for one in (report(plan=document(hostile)), report(plan=None, error=HOSTILE, exit_code=1)):
        told(one)
        (body,) = forge.said(number)
        read = outside_of_code(body)
        assert "@everyone" not in read
        assert "evil.example" not in read
        assert read.count("<details") == read.count("</details>")


@pytest.mark.parametrize(
    "found",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"{" * 200_000,
        b"[" * 200_000,
        b'{"plan": {"digest": 1}}',
        b'{"plan": [], "exit_code": 0}',
        b'{"diagnostics": [{"code": 7}]}',
        b'{"plan": null, "diagnostics": {"a": 1}}',
        json.dumps({"plan": None}).encode() + b" " * MAX_REPORT_BYTES,
        b'{"plan": 1e999}',
    ],
    ids=range(11),
)
def test_what_is_no_report_is_refused(forge: Forge, told: Callable[..., None], found: bytes) -> None:
    """Empty, too long, too deep, of other types: one error that says so, no comment, no fault of the program."""
    number = forge.open_pull(HEAD, "order", owner="stranger")
    with pytest.raises(UsageError):
        told(found)
    assert forge.said(number) == []


def test_a_link_to_another_file_is_no_report(forge: Forge, told: Callable[..., None], tmp_path: Path) -> None:
    """An artifact may bring links: what the job itself can read is not shown to anybody."""
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(report()), encoding="utf-8")
    link = tmp_path / "link.json"
    link.symlink_to(secret)
    number = forge.open_pull(HEAD, "order", owner="stranger")
    for file in (link, tmp_path, tmp_path / "none.json"):
        with pytest.raises(UsageError):
            told(file)
    assert forge.said(number) == []


@pytest.mark.parametrize(
    "told_event",
    [
        event(head_sha=OTHER),
        event(head_branch="another"),
        event(event="push"),
        event(head_repository={"full_name": "somebody/campaigns"}),
        event(head_repository={"full_name": REPOSITORY}),
        event(head_repository=None),
        event(head_repository={"full_name": "a&b=c/campaigns"}),
        {"workflow_run": None},
        {},
    ],
    ids=range(9),
)
def test_only_the_pull_request_that_github_names_is_commented(
    forge: Forge, told: Callable[..., None], told_event: dict[str, Any]
) -> None:
    """Another commit, branch, fork or event: nothing is said anywhere, and that is no error."""
    number = forge.open_pull(HEAD, "order", owner="stranger")
    told(report(), told_event or {"other": 1})
    assert forge.said(number) == []


def test_another_repository_of_the_same_stranger_is_not_the_fork(forge: Forge, told: Callable[..., None]) -> None:
    """Owner, branch and commit are the same; the repository whose run it was is not: nothing is said."""
    number = forge.open_pull(HEAD, "order", owner="stranger")
    forge.pulls[number]["head"]["repo"]["full_name"] = "stranger/another"
    told(report())
    assert forge.said(number) == []
    forge.pulls[number]["head"]["repo"] = None
    told(report())
    assert forge.said(number) == []
