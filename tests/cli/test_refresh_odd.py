"""`refresh` on an account that answers oddly: it keeps what it can read, flags the rest, and never sends for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from .rewriting import Rewriting, rewriting
from .test_refresh import AFTER, requests, started, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.sandbox.server import Running

    from .conftest import Project, Ran

LEAVES = timedelta(days=9, hours=1)
"""From the beginning until the campaigns of these tests leave."""
FOR_EVER = "0800009006"
"""Nothing is ever reported of it."""


@pytest.fixture
def account(project: Project, sandbox: Running) -> Iterator[Rewriting]:
    """The account that the project is on, which passes everything on until it is told otherwise."""
    with rewriting(sandbox.base_url) as served:
        project.env["MESMS_BASE_URL"] = served.base_url
        yield served


@pytest.fixture
def on_its_way(project: Project, account: Rewriting, sandbox: Running) -> str:
    """Four campaigns that have left, of each of which one person has no result; the uuid of c-02's message."""
    for number in range(4):
        project.campaign(f"c-{number:02}", recipients=[{"numbers": ["0800000001", "0800000002", FOR_EVER]}])
    assert project.apply().code == 0
    sandbox.advance(LEAVES + timedelta(hours=1))
    assert project.run("refresh").code == 0
    return uuid_of(project, "c-02")


def uuid_of(project: Project, name: str) -> str:
    return str(project.status()[name]["sends"][0]["uuid"])


def codes(project: Project, name: str) -> list[str]:
    """The notes of the one send of a campaign."""
    (send,) = project.status()[name]["sends"]
    return [note["code"] for note in send["notes"]]


def words(ran: Ran) -> str:
    return " ".join(ran.out.split())


def unreadable(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "status": 7}


def test_what_cannot_be_read_is_flagged_and_the_others_go_on(
    project: Project, account: Rewriting, on_its_way: str, sandbox: Running
) -> None:
    """Exit 3; it stays as it was, everywhere it is shown it is said, and once it can be read again it is not."""
    before = project.status()["c-02"]
    sandbox.advance(AFTER)
    account.of(on_its_way, unreadable)
    ran = project.run("refresh")
    assert ran.code == 3
    assert ran.out.startswith("3 of 4 campaigns moved on")
    assert "error: 1 message cannot be read: c-02; all that is known of them stays as it was" in " ".join(
        ran.err.split()
    )
    assert "mesms-gitops doctor" in ran.err
    status = project.status()
    assert [campaign["settled"] for campaign in status.values()] == [True, True, False, True]
    assert {key: status["c-02"][key] for key in ("phase", "delivery")} == {
        key: before[key] for key in ("phase", "delivery")
    }
    assert codes(project, "c-02") == ["unread"]
    for shown in (ran, project.run("status"), project.run("status", "c-02"), project.run("report")):
        assert "not read: at the last look" in words(shown)
    asked = len(account.asked)
    assert project.run("refresh", "--json").json["campaigns"][2]["sends"][0]["notes"][0]["code"] == "unread"
    assert account.asked[asked:] == [f"GET /sms/{on_its_way}"]
    assert project.apply().code == 0
    account.of(on_its_way, lambda row: row)
    assert project.run("refresh").code == 0
    assert codes(project, "c-02") == ["window_over"]
    assert requests(sandbox).count("/sms/send") == 4


def test_what_cannot_be_read_is_neither_cancelled_nor_replaced_nor_sent_beside(
    project: Project, account: Rewriting, sandbox: Running
) -> None:
    """While it is scheduled a plan must know where it stands: each ends before its first effect."""
    project.campaign("c-00")
    assert project.apply().code == 0
    account.of(uuid_of(project, "c-00"), unreadable)
    assert project.run("refresh").code == 3
    assert (codes(project, "c-00"), project.status()["c-00"]["phase"]) == (["unread"], "scheduled")
    project.campaign("c-00", content="Another text")
    assert project.apply().code == 1
    (project.root / "campaigns/c-00.yaml").unlink()
    assert project.apply("--allow-empty").code == 1
    project.campaign("c-00", content="Another text", revision=2)
    project.campaign("c-01")
    assert project.apply().code == 1
    assert [asked for asked in account.asked if asked.startswith("POST") and "preview" not in asked] == [
        "POST /sms/send"
    ]


def test_a_strange_row_in_the_listing_holds_back_a_send_and_no_look(
    project: Project, account: Rewriting, sandbox: Running
) -> None:
    """It may be a double of what is to be sent: plan and apply stop; a refresh passes it over and flags nothing."""
    for number in range(4):
        project.campaign(f"c-{number:02}")
    assert project.apply().code == 0
    account.rule = lambda path, status, body: (
        (status, {**body, "data": [{"uuid": "strange"}, *body["data"]]}) if path == "/sms" else (status, body)
    )
    project.campaign("new")
    for command in (("plan",), ("apply", "--auto-approve")):
        ran = project.run(*command)
        assert (ran.code, "lacks status" in ran.err) == (1, True)
    assert requests(sandbox).count("/sms/send") == 4
    before = len(sandbox.requests)
    ran = project.run("refresh")
    assert (ran.code, ran.err) == (0, "")
    assert requests(sandbox, before) == ["/sms"]
    assert [codes(project, f"c-{number:02}") for number in range(4)] == [[]] * 4


def test_watching_goes_on_beside_what_cannot_be_read(project: Project, account: Rewriting, sandbox: Running) -> None:
    """A line says so, and a note; the others are settled meanwhile, and so is this one once it can be read."""
    for number in range(3):
        project.campaign(f"c-{number:02}")
    assert project.apply().code == 0
    account.of(uuid_of(project, "c-01"), unreadable)
    process = started(project, "refresh", "--watch", "--interval", "1")
    assert process.stdout is not None
    first = [process.stdout.readline() for _ in range(3)]
    assert first == ["c-00: scheduled\n", "c-01: scheduled; not read\n", "c-02: scheduled\n"]
    sandbox.advance(AFTER)
    second = [process.stdout.readline() for _ in range(2)]
    assert second == [f"c-0{number}: sent; 2 success; settled\n" for number in (0, 2)]
    account.of("", unreadable)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "c-01: sent; 2 success; settled\n")
    assert err.count("note: 1 message cannot be read: c-01") == 1


def test_watching_ends_where_only_what_cannot_be_read_is_left(
    project: Project, account: Rewriting, on_its_way: str, sandbox: Running
) -> None:
    """Nothing is to come of it, so waiting would not help: exit 3, which says why."""
    sandbox.advance(AFTER)
    account.of(on_its_way, unreadable)
    process = started(project, "refresh", "--watch", "--interval", "1")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "error: 1 message cannot be read: c-02" in err
    assert not project.status()["c-02"]["settled"]


def gone(uuid: str) -> Any:
    """It is listed, and not known when it is asked for alone."""
    return lambda path, status, body: (404, {"error": "not found"}) if path == f"/sms/{uuid}" else (status, body)


def changed(uuid: str, **keys: object) -> Any:
    """It looks otherwise, listed and alone; also without counts in its listing."""
    served = Rewriting()
    served.of(uuid, lambda row: {**row, **keys})
    return served.rule


ODD = {
    "partly_gone": (gone, "shows the message in one place and does not know it in another"),
    "undocumented_status": (lambda uuid: changed(uuid, status="teleported"), "a status that its reference does not"),
    "contradicted": (lambda uuid: changed(uuid, status="scheduled"), "a status that cannot come after sent"),
    "undocumented": (
        lambda uuid: changed(uuid, drSummary={"success": 2, "teleported": 1}),
        "words its reference does not have: teleported",
    ),
    "shrank": (lambda uuid: changed(uuid, drSummary={"success": 1, "pending": 2}), "more results at an earlier look"),
    "miscounted": (lambda uuid: changed(uuid, drSummary={"success": 2, "failed": 7}), "counts 9 people"),
}


@pytest.mark.parametrize("note", ODD)
def test_what_is_odd_is_kept_flagged_and_shown(
    note: str, project: Project, account: Rewriting, on_its_way: str, sandbox: Running
) -> None:
    """In `refresh`, `status`, `report` and while it is watched it stays; it is no error, and never a send."""
    make, sentence = ODD[note]
    account.rule = make(on_its_way)
    ran = project.run("refresh")
    assert ran.code == 0, ran.err
    assert codes(project, "c-02") == [note]
    assert project.status()["c-02"]["phase"] == "sent"
    for shown in (ran, project.run("status", "c-02"), project.run("report"), project.run("report", "c-02")):
        assert sentence in words(shown)
    assert project.apply().code == 0
    assert requests(sandbox).count("/sms/send") == 4


def test_when_the_window_is_over_it_is_settled_with_what_was_pending(
    project: Project, account: Rewriting, on_its_way: str, sandbox: Running
) -> None:
    """Until 96 hours after it left it is asked about; then once more, and never again; the report says why."""
    sandbox.advance(timedelta(hours=95) - timedelta(seconds=1))
    assert project.run("refresh").code == 0
    assert not any(campaign["settled"] for campaign in project.status().values())
    assert "window over" not in words(project.run("report"))
    sandbox.advance(timedelta(seconds=1))
    assert project.run("refresh").code == 0
    assert all(campaign["settled"] for campaign in project.status().values())
    sandbox.advance(AFTER)
    asked = len(account.asked)
    ran = project.run("refresh")
    assert ran.out.startswith("0 of 4 campaigns moved on")
    assert project.run("refresh", "--watch").out == "everything is settled\n"
    assert account.asked[asked:] == []
    report = project.run("report", "c-02")
    assert "window over: 1 never reported" in words(report)
    assert "1 pending" in words(report)
    line = project.run("report", "c-02", "--json").json["campaigns"][0]
    assert (line["settled"], line["unknown"], line["delivery"]["pending"]) == (True, 1, 1)


def test_a_proxy_that_answers_for_me_sms_flags_nothing(project: Project, account: Rewriting, on_its_way: str) -> None:
    """It says nothing of any message: exit 1 after a few requests, and state is as it was."""
    before = project.state
    account.rule = lambda _path, _status, _body: (403, "<h1>blocked</h1>")
    asked = len(account.asked)
    ran = project.run("refresh")
    assert ran.code == 1
    assert "instead of an answer of ME-SMS" in " ".join(ran.err.split())
    assert len(account.asked) - asked <= 4
    assert project.state == before


def test_watching_outlives_a_proxy_that_answers_for_me_sms(
    project: Project, account: Rewriting, on_its_way: str, sandbox: Running
) -> None:
    """The next look may well reach ME-SMS."""
    account.rule = lambda _path, _status, _body: (403, "<h1>blocked</h1>")
    asked = len(account.asked)
    process = started(project, "refresh", "--watch", "--interval", "1")
    until(lambda: len(account.asked) > asked + 4, 60)
    account.rule = lambda _path, status, body: (status, body)
    sandbox.advance(AFTER)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.count("settled") == 4
    assert "instead of an answer of ME-SMS" in " ".join(err.split())
