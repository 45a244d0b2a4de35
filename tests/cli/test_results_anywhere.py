"""Results, a follow-up and a person who is forgotten, with the state on a branch, in a bucket and in PostgreSQL.

What became of each recipient stays on this machine in all of them; the state elsewhere holds no number.
"""

from __future__ import annotations

import csv
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import PROJECT, sends, texted
from tests.store.bench_git import BRANCH, git
from tests.store.bench_sql import postgres_bench, sqlite_bench
from tests.store.object_servers import BUCKET, CREDENTIALS, moto

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

FAILED, EXPIRED = "0800009001", "0800009004"
REACHED = [f"08000000{number:02d}" for number in range(60)]
AFTER = timedelta(days=15)


def on_a_branch(project: Project) -> str:
    git(project.root, "init", "--quiet", "--initial-branch=main")
    bare = project.root.parent / "remote.git"
    git(project.root, "init", "--quiet", "--bare", str(bare))
    git(project.root, "remote", "add", "origin", str(bare))
    return f"git:{BRANCH}"


def in_a_bucket(project: Project) -> str:
    pytest.importorskip("obstore", reason="obstore is not installed")
    project.extra.update(CREDENTIALS, AWS_ENDPOINT_URL=moto())
    return f"s3://{BUCKET}/{secrets.token_hex(4)}/state.json"


def in_postgresql(project: Project) -> str:
    return postgres_bench(project.root).location


def in_sqlite(project: Project) -> str:
    return sqlite_bench(project.root).location


@pytest.mark.parametrize("where", [on_a_branch, in_a_bucket, in_postgresql, in_sqlite])
def test_results_from_the_first_message_to_the_follow_up(
    project: Project, sandbox: Running, where: Callable[[Project], str]
) -> None:
    """Sixty are reached and two are not; they are exported, asked for, forgotten and followed up: one of the two."""
    project.write("mesms.yaml", f"{PROJECT}state: {where(project)}\n")
    project.campaign("first", recipients=[{"numbers": [FAILED, EXPIRED, *REACHED]}])
    assert project.apply().code == 0
    sandbox.advance(AFTER)
    assert project.run("refresh").code == 0
    file = project.root.parent / "people.csv"
    ran = project.run("report", "first", "--recipients", str(file))
    assert ran.code == 0, ran.err
    with file.open(encoding="utf-8", newline="") as text:
        found = {row["msisdn"]: row["status"] for row in csv.DictReader(text)}
    assert found == {
        **{f"66{number[1:]}": "success" for number in REACHED},
        f"66{FAILED[1:]}": "failed",
        f"66{EXPIRED[1:]}": "expired",
    }
    asked = len(sandbox.requests)
    assert "first: failed" in project.run("report", "first", "--number", FAILED).out
    ran = project.run("forget", FAILED, "--yes")
    assert ran.code == 0, ran.err
    assert "the number was in 1 of them" in ran.out
    assert project.run("report", "first", "--number", FAILED).out.startswith("08x-xxx-9001 is not among")
    assert project.run("report", "--follow-up", "first").code == 0
    assert len(sandbox.requests) == asked
    draft = project.root / "campaigns/first-follow-up.yaml"
    active = draft.read_text("utf-8").replace("state: draft", "state: active")
    draft.write_text(active.replace("# schedule: 2027-04-10T10:00", "schedule: 2027-04-20T10:00"), "utf-8")
    ran = project.apply()
    assert ran.code == 0, ran.err
    assert {number for number, times in texted(sandbox).items() if times > 1} == {f"66{EXPIRED[1:]}"}
    assert sends(sandbox) == 2
    ran = project.run("report", "--recipients", str(file), "--force")
    assert ran.code == 0, ran.err
    assert not (project.root / ".mesms/state.json").exists()
    pulled = project.run("state", "pull")
    assert pulled.code == 0
    assert not [number for number in (FAILED, EXPIRED, *REACHED) if number[1:] in pulled.out]
