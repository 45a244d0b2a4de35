"""The whole story: branch, plan, comment, approval, merge, apply, schedule, report; and where it must stop."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.model.marker import Marker
from mesms_gitops.sandbox.faults import Fault
from tests.cli.conftest import sends, texted
from tests.cli.test_refresh_odd import FOR_EVER
from tests.github.runner import git, kill_tree

if TYPE_CHECKING:
    import subprocess

    from tests.github.conftest import Shop
    from tests.github.runner import Ended


both_states = pytest.mark.parametrize("shop", ["file", "branch"], indirect=True)
"""With the state in a file that all machines see, and on a branch of the repository."""


def opened(shop: Shop, name: str = "order") -> tuple[int, str]:
    """A pull request with one campaign, planned and commented; its number and the digest that was shown."""
    shop.branch(name)
    shop.campaign(name)
    head = shop.commit(f"{name}: a campaign")
    number = shop.forge.open_pull(head, name)
    planned = shop.plan(number)
    assert planned.code == 0, planned.log
    (body,) = shop.forge.said(number)
    marker = Marker.of(body)
    assert marker is not None and marker.can_approve
    assert marker.digest == planned.out["plan-digest"]
    assert marker.head == head
    return number, marker.digest


@both_states
def test_from_a_branch_to_a_delivery_report(shop: Shop) -> None:
    """What the pull request showed is sent after the merge, once; its delivery is told there, and no issue opens."""
    number, _ = opened(shop)
    assert sends(shop.sandbox) == 0
    (body,) = shop.forge.said(number)
    assert "2 credits for 2 recipients" in body
    commit = shop.merge(number, "order")
    applied = shop.apply(commit)
    assert applied.code == 0, applied.log
    assert texted(shop.sandbox) == {"66800000001": 1, "66800000002": 1}
    assert applied.out["failure-reason"] == ""
    again = shop.apply(commit)
    assert again.code == 0, again.log
    assert sends(shop.sandbox) == 1

    assert shop.refresh(commit).code == 0
    assert len(shop.forge.said(number)) == 2, "a report of what has not left yet"
    shop.sandbox.advance(timedelta(days=10))
    refreshed = shop.refresh(commit)
    assert refreshed.code == 0, refreshed.log
    plan, result, report = shop.forge.said(number)
    kinds = [marker.kind for body in (plan, result, report) if (marker := Marker.of(body))]
    assert kinds == ["plan", "apply", "report"]
    assert "1 of 1 campaign done" in result
    assert "of 2 delivered" in report
    assert shop.forge.issues == {}
    shop.refresh(commit)
    assert len(shop.forge.said(number)) == 3


@both_states
def test_a_list_that_changed_between_plan_and_merge_stops_the_apply(shop: Shop) -> None:
    """Exit 5 and nothing sent; the digest that the refused run showed, given by a person, carries out the new plan."""
    number, digest = opened(shop)
    shop.merge(number, "order")
    shop.write("lists/members.csv", "mobile\n0800000001\n0800000002\n0800000003\n")
    commit = shop.commit("one more member")
    shop.forge.merge(number, commit)
    refused = shop.apply(commit)
    assert (refused.code, refused.out["failure-reason"]) == (5, "plan-changed"), refused.log
    assert sends(shop.sandbox) == 0
    assert "nothing was sent" in shop.forge.said(number)[-1]
    now = refused.out["plan-digest"]
    assert now != digest
    assert now in refused.summary
    applied = shop.apply(commit, digest=now)
    assert applied.code == 0, applied.log
    assert texted(shop.sandbox) == {"66800000001": 1, "66800000002": 1, "66800000003": 1}


def killed_while_sending(shop: Shop) -> str:
    """Three campaigns are merged; the runner of the apply dies with the second send in flight. The commit."""
    shop.branch("several")
    for name in ("one", "two", "three"):
        shop.campaign(name)
    number = shop.forge.open_pull(shop.commit("three campaigns"), "several")
    assert shop.plan(number).code == 0
    commit = shop.merge(number, "several")
    shop.sandbox.arm(Fault("hang", method="POST", path="/sms/send", nth=2, when="after", seconds=30))

    def gone(process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while texted(shop.sandbox).get("66800000001", 0) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        kill_tree(process.pid)

    shop.runner.while_running = gone
    assert shop.apply(commit).code != 0
    shop.runner.while_running = None
    assert texted(shop.sandbox) == {"66800000001": 2, "66800000002": 2}
    return commit


@both_states
def test_a_runner_that_died_is_followed_by_one_that_finishes(shop: Shop) -> None:
    """The machine is gone while a send is in flight; the same job again texts everybody exactly once, never twice.

    On a branch, intents are pushed for several sends at once: one that was pushed and not tried waits for a person.
    """
    commit = killed_while_sending(shop)
    again = shop.apply(commit)
    assert again.code in (0, 3), again.log
    assert again.code == 0 or shop.runner.variables["MESMS_STATE"].startswith("git:")
    for name in blocked(again):
        assert shop.person("resolve", name, "--not-sent") == 0
        again = shop.apply(commit)
    assert again.code == 0, again.log
    assert texted(shop.sandbox) == {"66800000001": 3, "66800000002": 3}
    assert sends(shop.sandbox) == 3


def blocked(ended: Ended) -> list[str]:
    """The campaigns that an apply left to a person, as its report names them."""
    report = json.loads(Path(ended.out["report-path"]).read_text(encoding="utf-8"))
    return [step["campaign"] for step in report["apply"]["steps"] if step["result"] == "blocked"]


def test_a_fork_is_planned_without_a_key_and_approves_nothing(shop: Shop) -> None:
    """Its own run cannot comment; the run after it shows the figures as unchecked, and the merge is not applied."""
    shop.branch("theirs")
    shop.campaign("order")
    head = shop.commit("a campaign from outside")
    number = shop.forge.open_pull(head, "theirs", owner="stranger", author="stranger")
    shop.forge.can_write = False
    planned = shop.plan(number, key=False, owner="stranger")
    assert planned.code == 0, planned.log
    assert shop.forge.said(number) == []
    shop.forge.can_write = True
    told = shop.comment_for_fork(planned, head, "stranger", "theirs")
    assert told.code == 0, told.log
    (body,) = shop.forge.said(number)
    marker = Marker.of(body)
    assert marker is not None
    assert (marker.head, marker.unchecked, marker.can_approve) == (head, True, False)
    assert "From a fork" in body
    refused = shop.apply(shop.merge(number, "theirs"))
    assert (refused.code, refused.out["failure-reason"]) == (5, "not-approved"), refused.log
    assert sends(shop.sandbox) == 0
    assert texted(shop.sandbox) == {}


def test_a_send_that_nobody_knows_of_is_one_issue_until_a_person_settles_it(shop: Shop) -> None:
    """The issue is rewritten and not repeated; after `resolve` the same approval finishes the work, and it closes."""
    number, _ = opened(shop)
    commit = shop.merge(number, "order")
    shop.sandbox.arm(Fault("drop_before", method="POST", path="/sms/send"))
    applied = shop.apply(commit)
    assert (applied.code, applied.out["failure-reason"]) == (3, "person-needed"), applied.log
    assert "a person is needed" in shop.forge.said(number)[-1]
    for _ in range(2):
        assert shop.refresh(commit).code == 0
        (issue,) = shop.forge.issues.values()
        assert issue["state"] == "open"
        assert "resolve order" in issue["body"]
    assert shop.person("resolve", "order", "--not-sent") == 0
    assert shop.apply(commit).code == 0
    assert shop.refresh(commit).code == 0
    assert [one["state"] for one in shop.forge.issues.values()] == ["closed"]
    assert texted(shop.sandbox) == {"66800000001": 1, "66800000002": 1}


def test_a_merge_queue_drops_what_the_pull_request_did_not_show(shop: Shop) -> None:
    """The queue's own commit is planned: the same plan passes without a word, a plan with one more person is exit 5."""
    number, _ = opened(shop)
    said = shop.forge.said(number)
    same = shop.queue(number, git(shop.clone, "rev-parse", "HEAD"))
    assert same.code == 0, same.log
    shop.write("lists/members.csv", "mobile\n0800000001\n0800000002\n0800000003\n")
    other = shop.queue(number, shop.commit("what is before it in the queue"))
    assert (other.code, other.out["failure-reason"]) == (5, "plan-changed"), other.log
    assert f"the plan is no longer the one in #{number}" in other.log
    assert shop.forge.said(number) == said


def test_a_pull_request_that_changes_nothing_is_told_only_when_asked(shop: Shop) -> None:
    """A draft costs nothing: the comment says so, and its merge applies nothing and needs no approval."""
    shop.branch("draft")
    shop.campaign("order")
    shop.write("campaigns/order.yaml", (shop.clone / "campaigns/order.yaml").read_text() + "state: draft\n")
    number = shop.forge.open_pull(shop.commit("a draft"), "draft")
    assert shop.plan(number).out["changes"] == "false"
    assert "No changes" in shop.forge.said(number)[0]
    applied = shop.apply(shop.merge(number, "draft"))
    assert (applied.code, applied.out["failure-reason"]) == (0, ""), applied.log
    assert sends(shop.sandbox) == 0


def test_a_new_commit_replaces_the_comment_and_the_old_plan_approves_nothing(shop: Shop) -> None:
    """While the new commit cannot be planned, the old plan is gone from the comment; then the new one stands there."""
    number, first = opened(shop)
    shop.write("campaigns/order.yaml", "name: order\nsender: [\n")
    shop.forge.push(number, shop.commit("a mistake"))
    before = len(shop.forge.calls)
    assert shop.plan(number).code == 1
    written = [method for method, _ in shop.forge.calls[before:] if method != "GET"]
    assert written == ["PATCH", "PATCH"], "struck through first, then replaced"
    (body,) = shop.forge.said(number)
    marker = Marker.of(body)
    assert marker is not None and not marker.can_approve
    shop.campaign("order")
    shop.write("lists/members.csv", "mobile\n0800000001\n")
    shop.forge.push(number, shop.commit("mended, and one less"))
    assert shop.plan(number).code == 0
    (body,) = shop.forge.said(number)
    marker = Marker.of(body)
    assert marker is not None and marker.can_approve
    assert marker.digest != first


def test_a_report_waits_for_results_but_not_for_ever(shop: Shop) -> None:
    """One of two people never has a result: the pull request is told once that may not change any more, after 96 h."""
    shop.write("lists/members.csv", f"mobile\n0800000001\n{FOR_EVER}\n")
    number, _ = opened(shop)
    commit = shop.merge(number, "order")
    assert shop.apply(commit).code == 0
    left, said = timedelta(days=9, hours=1), ["plan", "apply"]
    for later, kinds in ((left + timedelta(hours=95), said), (timedelta(hours=2), [*said, "report"])):
        shop.sandbox.advance(later)
        assert shop.refresh(commit).code == 0
        assert [marker.kind for body in shop.forge.said(number) if (marker := Marker.of(body))] == kinds
    assert "of 2 delivered" in shop.forge.said(number)[-1]


def test_a_pull_request_that_takes_no_comment_keeps_no_report_from_another(shop: Shop) -> None:
    """The conversation of the first is locked after its merge: the second is told what was delivered all the same."""
    numbers = []
    for name in ("first", "second"):
        git(shop.clone, "checkout", "--quiet", "main")
        numbers.append(opened(shop, name)[0])
        commit = shop.merge(numbers[-1], name)
        assert shop.apply(commit).code == 0
    shop.forge.locked = {numbers[0]}
    shop.sandbox.advance(timedelta(days=10))
    refreshed = shop.refresh(commit)
    assert refreshed.code == 0, refreshed.log
    kinds = [[marker.kind for body in shop.forge.said(one) if (marker := Marker.of(body))] for one in numbers]
    assert kinds == [["plan", "apply"], ["plan", "apply", "report"]]
    assert "issue is locked" in refreshed.log
