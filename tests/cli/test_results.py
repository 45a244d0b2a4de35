"""What became of each recipient: into files, kept outside git, forgotten with the person, read with few requests."""

from __future__ import annotations

import csv
import os
import signal
import stat
import subprocess
import time
from collections import Counter
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyrage
import pytest

from mesms_gitops.cli.exporting import _replaced
from mesms_gitops.sandbox import changes
from mesms_gitops.sandbox.faults import Fault

from .conftest import COMMAND, Project

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

FAILED, EXPIRED, PENDING, TIMEOUT = "0800009001", "0800009004", "0800009006", "0800009005"
REACHED = [f"080000{number:04d}" for number in range(300)]
LOST = [FAILED, EXPIRED, TIMEOUT]
PEOPLE = [*REACHED, *LOST]
AFTER = timedelta(days=15)


def delivered(project: Project, sandbox: Running, *more: str, name: str = "first", **keys: object) -> None:
    """A campaign to people of the sandbox's reserved block, done, and its counts in state."""
    project.campaign(name, recipients=[{"numbers": [*PEOPLE, *more]}], **keys)
    assert project.apply().code == 0
    sandbox.advance(AFTER)
    assert project.run("refresh").code == 0


def export(project: Project, *arguments: str, name: str = "first", code: int = 0, **env: str) -> list[dict[str, str]]:
    """The rows of ``report NAME --recipients``, which must end with ``code``."""
    file = project.root.parent / "people.csv"
    ran = project.run("report", name, "--recipients", str(file), "--force", *arguments, **env)
    assert ran.code == code, ran.err
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def asked(sandbox: Running, part: str = "/recipients") -> list[dict[str, Any]]:
    """The requests for recipients, the oldest first."""
    return [dict(entry) for entry in sandbox.requests if str(entry["path"]).endswith(part)]


def kept(project: Project) -> list[Path]:
    return sorted((project.root / ".mesms/delivery").glob("*/*.parquet*"))


def fates(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["msisdn"]: row["status"] for row in rows}


EXPECTED = {
    **{f"66{number[1:]}": "success" for number in REACHED},
    f"66{FAILED[1:]}": "failed",
    f"66{EXPIRED[1:]}": "expired",
    f"66{TIMEOUT[1:]}": "timeout",
}


def test_everybody_is_in_the_file_and_few_requests_were_made(project: Project, sandbox: Running) -> None:
    """Three exceptions of 303: counts twice and a page for each state; the second time nothing is asked."""
    delivered(project, sandbox)
    before = len(asked(sandbox))
    rows = export(project)
    assert fates(rows) == EXPECTED
    assert {row["campaign"] for row in rows} == {"first"}
    assert Counter(entry["query"].get("status") for entry in asked(sandbox)[before:]) == {
        None: 2,
        "failed": 1,
        "expired": 1,
        "timeout": 1,
    }
    total = len(sandbox.requests)
    assert export(project, MESMS_API_KEY="") == rows
    assert len(sandbox.requests) == total


def test_the_files_are_for_their_owner_alone(project: Project, sandbox: Running) -> None:
    """The ones that are kept and the ones that were asked for; git sees none; nothing of it is in state."""
    subprocess.run(["git", "init", "-q", str(project.root)], check=True)
    delivered(project, sandbox)
    files = [project.root.parent / "a.csv", project.root.parent / "b.parquet"]
    ran = project.run("report", "first", "--recipients", ",".join(map(str, files)))
    assert ran.code == 0, ran.err
    assert {stat.S_IMODE(path.stat().st_mode) for path in (*files, *kept(project))} == {0o600}
    assert stat.S_IMODE((project.root / ".mesms/delivery").stat().st_mode) == 0o700
    seen = subprocess.run(
        ["git", "-C", str(project.root), "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
    ).stdout
    assert ".mesms/delivery" not in seen
    assert FAILED[1:] not in project.state + ran.out + ran.err
    assert files[0].read_bytes().startswith(b"campaign,msisdn,status,doubts\nfirst,66")
    frame = pl.read_parquet(files[1])
    assert frame.columns == ["campaign", "msisdn", "status", "doubts"]
    assert frame["doubts"].null_count() == frame.height
    assert dict(frame.select("msisdn", "status").rows()) == EXPECTED


def test_only_some_states(project: Project, sandbox: Running) -> None:
    """--status leaves the others out of the file, and a word that nothing goes by is a usage error."""
    delivered(project, sandbox)
    assert fates(export(project, "--status", "failed, EXPIRED")) == {
        f"66{FAILED[1:]}": "failed",
        f"66{EXPIRED[1:]}": "expired",
    }
    ran = project.run("report", "first", "--recipients", "x.csv", "--status", "teleported")
    assert ran.code == 64


def test_numbers_never_enter_git(project: Project, sandbox: Running) -> None:
    """A path in the work tree is refused before anything is asked, unless git ignores it."""
    subprocess.run(["git", "init", "-q", str(project.root)], check=True)
    delivered(project, sandbox)
    total = len(sandbox.requests)
    ran = project.run("report", "first", "--recipients", "people.csv")
    assert ran.code == 1
    assert "/people.csv" in ran.err
    assert not (project.root / "people.csv").exists()
    assert len(sandbox.requests) == total
    project.write(".gitignore", "/people.csv\n")
    assert project.run("report", "first", "--recipients", "people.csv").code == 0
    assert len((project.root / "people.csv").read_text().splitlines()) == 1 + len(PEOPLE)


def test_a_file_that_is_there_is_not_overwritten_by_a_slip(project: Project, sandbox: Running) -> None:
    """Only --force replaces it, and nothing half written stays beside it."""
    delivered(project, sandbox)
    file = project.root.parent / "people.csv"
    file.write_text("mine")
    ran = project.run("report", "first", "--recipients", str(file))
    assert (ran.code, file.read_text()) == (1, "mine")
    assert "--force" in ran.err
    assert project.run("report", "first", "--recipients", str(file), "--force").code == 0
    assert file.read_text().startswith("campaign,")
    assert sorted(path.name for path in file.parent.iterdir() if path.name.startswith(".people")) == []
    pipe = file.with_name("pipe.csv")
    os.mkfifo(pipe)
    ran = project.run("report", "first", "--recipients", str(pipe), "--force")
    assert (ran.code, "this is a device or a pipe" in ran.err, pipe.is_fifo()) == (1, True, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--recipients", "people.txt"),
        ("--recipients", ""),
        ("--recipients", "../x.csv,../x.csv"),
        ("--recipients", "../x.csv, .././x.csv"),
        ("first", "--number", "0800000001", "--format", "html"),
        ("first", "--number", "0800000001", "--format", "csv"),
        ("--follow-up", "first", "--json"),
        ("--status", "failed"),
        ("--force",),
        ("--number", "0800000001"),
        ("first", "--follow-up", "first"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(project: Project, arguments: tuple[str, ...]) -> None:
    """Exit 64 for another kind of file, one file twice, a format there is not, options that need or exclude another."""
    assert project.run("report", *arguments).code == 64


# --- where it is read in full -----------------------------------------------------------------------------------------


def without_snapshots(project: Project) -> None:
    for path in (project.root / ".mesms/audience/snapshots").glob("*/*.numbers"):
        path.unlink()


def test_without_a_snapshot_every_page_is_read_and_it_is_said(project: Project, sandbox: Running) -> None:
    """Seven pages for 303 people, a note why, and the same people as ever."""
    delivered(project, sandbox)
    without_snapshots(project)
    before = len(asked(sandbox))
    file = project.root.parent / "people.csv"
    ran = project.run("report", "first", "--recipients", str(file))
    assert "first: read in full, since there is no snapshot of whom it covered" in ran.err
    assert len(asked(sandbox)) - before == 7  # 303 rows, 50 a page
    assert fates(export(project)) == EXPECTED


def test_a_contact_group_is_read_in_full(project: Project, sandbox: Running) -> None:
    """All 25 members are in the file, and their results are kept."""
    project.campaign("first", recipients=[{"contact_group": 1203}])
    assert project.apply().code == 0
    sandbox.advance(AFTER)
    assert project.run("refresh").code == 0
    assert len(export(project)) == 25
    assert kept(project)


def test_a_snapshot_that_does_not_agree_is_not_believed(project: Project, sandbox: Running) -> None:
    """One of another send's people in its place: read in full, and it says why."""
    delivered(project, sandbox)
    project.campaign("other", recipients=[{"numbers": PEOPLE[5:]}], schedule="2027-06-01T10:00")
    assert project.apply().code == 0
    shelf = project.root / ".mesms/audience/snapshots"
    (mine,), (others,) = ((shelf / name).glob("*.numbers") for name in ("first", "other"))
    head, _, _ = mine.read_bytes().partition(b"\n")
    assert head
    mine.write_bytes(others.read_bytes())
    ran = project.run("report", "first", "--recipients", str(project.root.parent / "people.csv"))
    assert ran.code == 0
    assert "read in full, since" in ran.err


# --- pages that do not make a whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize("has_snapshot", [True, False])
@pytest.mark.parametrize("bend", ["repeat", "back", "skip", "end"])
def test_a_cursor_that_leads_astray_is_noticed(
    project: Project, sandbox: Running, bend: str, has_snapshot: bool
) -> None:
    """What came is written and kept, marked, unless nothing did; once paging is whole again all is read, unmarked."""
    project.campaign("first", recipients=[{"numbers": PEOPLE}])
    with sandbox.lock:  # so that one state takes several pages
        changes.apply(sandbox.world, None, {"blocklist": REACHED[:120]})
    assert project.apply().code == 0
    sandbox.advance(AFTER)
    assert project.run("refresh").code == 0
    if not has_snapshot:
        without_snapshots(project)
    # of the chains that are read at once, any may be the second: all of them are struck
    sandbox.arm(Fault("bend_cursor", path="/recipients$", nth=2, times=4, bend=bend))  # type: ignore[arg-type]
    file = project.root.parent / "people.csv"
    ran = project.run("report", "first", "--recipients", str(file))
    if not has_snapshot:
        assert ran.code == 3, ran.err
        assert "first: who got it is in doubt: " in ran.err
        with file.open(encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        assert 0 < len(rows) < len(PEOPLE)
        assert {row["doubts"] for row in rows} <= {"broken_off;miscounted", "miscounted"}
        assert [".doubtful" in path.suffixes for path in kept(project)] == [True]
    else:  # the states apart lead astray; all of them together do not, unless their first page was struck as well
        assert ran.code in (0, 1, 3), ran.err
        assert file.exists() == bool(kept(project)) == (ran.code != 1)
        assert any(".doubtful" in path.suffixes for path in kept(project)) == (ran.code == 3)
    sandbox.sandbox.faults.disarm()
    rows = export(project)
    assert len(rows) == len(PEOPLE)
    assert {row["doubts"] for row in rows} == {""}
    assert [".doubtful" in path.suffixes for path in kept(project)] == [False]


def test_dropped_answers_are_asked_for_again(project: Project, sandbox: Running) -> None:
    """Two connections that close without an answer change nothing in the file."""
    delivered(project, sandbox)
    sandbox.arm(Fault("drop_before", path="/recipients$", nth=2, times=2))
    assert fates(export(project)) == EXPECTED


def test_what_is_in_doubt_is_said_wherever_it_is_shown(project: Project, sandbox: Running) -> None:
    """Fifty of 303 are listed: in the file, in every format of the report, of one person, and before a second try."""
    delivered(project, sandbox, PENDING)
    without_snapshots(project)
    sandbox.arm(Fault("bend_cursor", path="/recipients$", times=None, bend="end"))
    rows = export(project, code=3)
    assert (len(rows), {row["doubts"] for row in rows}) == (50, {"miscounted"})
    why = "50 recipients are listed, and 304 counted"
    for output in ("text", "markdown", "csv", "html"):
        ran = project.run("report", "--format", output)
        assert ran.code == 0
        assert f"who got it is in doubt: {why}" in " ".join(unescape(ran.out).split())
    (line,) = project.run("report", "--json").json["campaigns"]
    assert line["doubts"] == [{"code": "miscounted", "message": why}]
    person = project.run("report", "first", "--number", "0899999999")
    assert person.out.endswith(f"who got it is in doubt: {why}\n")
    assert project.run("report", "first", "--number", "0899999999", "--json").json["in_doubt"] is True
    ran = project.run("report", "--follow-up", "first")
    assert ran.code == 0
    assert f"careful: who got it is in doubt: {why}" in ran.err
    assert (
        f"# Careful: who got it is in doubt: {why}\n" in (project.root / "campaigns/first-follow-up.yaml").read_text()
    )
    assert project.run("validate").code == 0


def test_a_reading_that_breaks_off_takes_nothing_from_an_earlier_one(project: Project, sandbox: Running) -> None:
    """303 are kept; of the next reading one page comes: the 303 stand, marked, and so they do after a third."""
    project.campaign("first", recipients=[{"numbers": [*PEOPLE, PENDING]}])
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=9, hours=2))
    assert project.run("refresh").code == 0
    before = fates(export(project))
    without_snapshots(project)
    for _ in range(2):
        sandbox.arm(Fault("bend_cursor", path="/recipients$", nth=2, times=None, bend="back"))
        rows = export(project, code=3)
        assert fates(rows) == before
        assert {row["doubts"] for row in rows} == {"broken_off"}
        sandbox.sandbox.faults.disarm()
    assert {row["doubts"] for row in export(project)} == {""}


def test_results_that_got_fewer_are_the_newest_and_in_doubt_from_then_on(project: Project, sandbox: Running) -> None:
    """Somebody who was reached is pending again, and the counts agree: kept as it came, and no later look mends it."""
    project.campaign("first", recipients=[{"numbers": [*PEOPLE, PENDING]}])
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=9, hours=2))
    assert project.run("refresh").code == 0
    assert Counter(fates(export(project)).values())["success"] > 0
    sandbox.advance(-timedelta(hours=1, minutes=58))
    rows = export(project, code=3)
    assert Counter(row["status"] for row in rows)["success"] == 0
    assert {row["doubts"] for row in rows} == {"shrank"}
    sandbox.advance(AFTER)
    assert {row["doubts"] for row in export(project, code=3)} == {"shrank"}


# --- killed in the middle ---------------------------------------------------------------------------------------------


def texts(project: Project, count: int) -> None:
    """One campaign with so many sends."""
    rows = "".join(f"08{index:08d},name-{index}\n" for index in range(count))
    project.write("lists/people.csv", "phone,name\n" + rows)
    source = {"csv": "../lists/people.csv", "phone": "phone", "variables": {"name": "name"}}
    project.campaign("first", content="Dear {{ name }}", recipients=[source])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_read_before_it_was_stopped_is_kept(project: Project, sandbox: Running, number: int) -> None:
    """Ctrl-C exits 130 and keeps every message that was read; a kill keeps none half; then the rest is read."""
    texts(project, 20)
    assert project.apply().code == 0
    sandbox.advance(AFTER)
    assert project.run("refresh").code == 0
    sandbox.arm(Fault("hang", path="/recipients$", nth=8, times=1, seconds=1.5, when="before"))
    before = len(asked(sandbox))
    file = project.root.parent / "people.csv"
    process = subprocess.Popen(
        [COMMAND, "report", "first", "--recipients", str(file)],
        cwd=project.root,
        env={**project.env, **project.extra},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while len(asked(sandbox)) < before + 8:
        time.sleep(0.02)
    os.kill(process.pid, number)
    code = process.wait(30)
    assert not file.exists()
    if number == signal.SIGINT:
        assert code == 130
        assert len(kept(project)) == 8
    assert len(export(project)) == 20
    assert len(kept(project)) == 20


# --- one person -------------------------------------------------------------------------------------------------------


def test_one_person(project: Project, sandbox: Running) -> None:
    """Masked, from what is kept alone; before anything is, it says how to read it."""
    delivered(project, sandbox)
    ran = project.run("report", "first", "--number", FAILED)
    assert ran.code == 1
    assert "--recipients" in ran.err
    export(project)
    total = len(sandbox.requests)
    said = project.run("report", "first", "--number", FAILED)
    assert (said.code, said.out.split(" (")[0]) == (0, "08x-xxx-9001 in first: failed")
    assert project.run("report", "first", "--number", FAILED, "--json").json["sends"][0]["status"] == "failed"
    assert "not among the recipients" in project.run("report", "first", "--number", "0899999999").out
    assert FAILED not in said.out
    assert len(sandbox.requests) == total


def test_forgotten_with_the_person(project: Project, sandbox: Running) -> None:
    """`forget` takes the number out of kept results; reading anew does not bring it back, however it is read."""
    delivered(project, sandbox)
    assert len(export(project)) == len(PEOPLE)
    ran = project.run("forget", FAILED, "--yes")
    assert ran.code == 0
    assert "Delivery results\n  1 looked at; the number was in 1 of them" in ran.out
    assert project.run("report", "first", "--number", FAILED).out.startswith("08x-xxx-9001 is not among")
    assert len(export(project)) == len(PEOPLE) - 1
    for path in kept(project):
        path.unlink()
    assert f"66{FAILED[1:]}" not in fates(export(project))
    for path in kept(project):
        path.unlink()
    without_snapshots(project)
    assert f"66{FAILED[1:]}" not in fates(export(project))
    assert project.run("forget", EXPIRED, "--yes", "--json").json["results"]["removed"]


# --- encrypted --------------------------------------------------------------------------------------------------------


def test_encrypted_where_snapshots_are(project: Project, sandbox: Running) -> None:
    """Neither kept file shows a number; with the identity everything works, without it all is read anew, in full."""
    identity = pyrage.x25519.Identity.generate()
    file = project.write("../identity.txt", f"{identity}\n")
    config = (project.root / "mesms.yaml").read_text()
    project.write("mesms.yaml", f"{config}audience: {{encrypt_to: [{identity.to_public()}]}}\n")
    project.extra["MESMS_AGE_IDENTITY_FILE"] = str(file)
    delivered(project, sandbox)
    assert fates(export(project)) == EXPECTED
    (path,) = kept(project)
    assert path.name.endswith(".parquet.age")
    assert path.read_bytes().startswith(b"age-encryption.org/v1\n")
    total = len(sandbox.requests)
    assert fates(export(project)) == EXPECTED
    assert "failed" in project.run("report", "first", "--number", FAILED).out
    assert len(sandbox.requests) == total
    del project.extra["MESMS_AGE_IDENTITY_FILE"]
    ran = project.run("report", "first", "--recipients", str(project.root.parent / "again.csv"))
    assert ran.code == 0, ran.err
    assert "it is read anew" in ran.err
    assert "its snapshot cannot be opened" in ran.err
    assert project.run("forget", FAILED, "--yes").code == 3


# --- how long ---------------------------------------------------------------------------------------------------------


def test_results_go_when_their_time_is_over(project: Project, sandbox: Running) -> None:
    """They are deleted by the next command that clears out, more than 90 days after the send."""
    delivered(project, sandbox)
    export(project)
    assert kept(project)
    sandbox.advance(timedelta(days=100))
    assert project.apply().code == 0  # it asks for the balance, and so knows what day it is
    assert not kept(project)


def test_where_nothing_is_kept_the_file_is_written_all_the_same(project: Project, sandbox: Running) -> None:
    """With `keep: 0` everybody is in the file and nothing lies in the project."""
    config = (project.root / "mesms.yaml").read_text()
    project.write("mesms.yaml", f"{config}audience: {{keep: 0}}\n")
    delivered(project, sandbox)
    assert fates(export(project)) == EXPECTED
    assert not kept(project)


def test_what_is_still_open_is_read_again(project: Project, sandbox: Running) -> None:
    """As long as somebody is pending and the window is open; once it is over, what is kept stays."""
    project.campaign("first", recipients=[{"numbers": [*PEOPLE, PENDING]}])
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=9, hours=2))
    assert project.run("refresh").code == 0
    assert fates(export(project))[f"66{EXPIRED[1:]}"] == "pending"
    sandbox.advance(AFTER)
    assert project.run("refresh").code == 0
    assert fates(export(project)) == {**EXPECTED, f"66{PENDING[1:]}": "pending"}
    total = len(sandbox.requests)
    export(project)
    assert len(sandbox.requests) == total
    told = project.run("status", "first").out
    assert "window over: 1 never reported" in told
    assert "window over: 1 never reported" in project.run("report", "first").out
    assert project.run("refresh").code == 0
    assert [entry for entry in list(sandbox.requests)[total:] if "/sms/" in str(entry["path"])] == []


# --- messages that were purged ----------------------------------------------------------------------------------------


def test_what_is_kept_of_a_purged_message_stands(project: Project, sandbox: Running) -> None:
    """However old, and it is said how old; whoever was pending then never gets a result, so that a person is needed."""
    project.campaign("first", recipients=[{"numbers": [*PEOPLE, PENDING]}])
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=9, hours=2))
    assert project.run("refresh").code == 0
    before = fates(export(project))
    purge(sandbox)
    rows = export(project, code=3)
    assert fates(rows) == before
    assert {row["doubts"] for row in rows} == {"purged"}
    ran = project.run("report", "--recipients", str(project.root.parent / "all.csv"))
    assert ran.code == 3
    assert "first: ME-SMS does not know the message any more (404); its results are those read 2027-" in ran.err


def test_a_purged_message_keeps_nobody_from_the_results_of_the_others(project: Project, sandbox: Running) -> None:
    """Alone it is an error that says why; among others it is left out, that is said, and a person is needed."""
    delivered(project, sandbox)
    purge(sandbox)
    delivered(project, sandbox, name="second", content="Another text", schedule="2027-04-20T10:00")
    file = project.root.parent / "people.csv"
    ran = project.run("report", "first", "--recipients", str(file))
    assert ran.code == 1
    assert "no results of it are kept" in " ".join(ran.err.split())
    assert not file.exists()
    ran = project.run("report", "--recipients", str(file))
    assert ran.code == 3, ran.err
    assert "first: ME-SMS does not know the message any more (404), and no results of it are kept" in ran.err
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert {row["campaign"] for row in rows} == {"second"}
    assert fates(rows) == EXPECTED


def purge(sandbox: Running) -> None:
    """ME-SMS forgets all messages there are."""
    with sandbox.lock:
        sandbox.world.messages.clear()


@pytest.mark.parametrize("name", ["people.csv", "people.parquet"])
def test_what_a_crash_leaves_of_a_file_ends_like_it(tmp_path: Path, name: str) -> None:
    """So that `*.csv` in a .gitignore covers it."""
    with _replaced(tmp_path / name) as file:
        (left,) = tmp_path.iterdir()
        assert left.suffix == Path(name).suffix
        file.write(b"x")
    assert [path.name for path in tmp_path.iterdir()] == [name]
