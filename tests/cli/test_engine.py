"""`audience: {engine: spark}` from end to end: a real JVM behind the command, and the plan that there is without it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.audience import servers
from tests.audience.conftest import need
from tests.audience.test_spark import SETTINGS
from tests.cli.conftest import COMMAND, PROJECT, Ran

if TYPE_CHECKING:
    from tests.cli.conftest import Project

PATIENCE = 300
"""Seconds: a JVM on a busy machine takes its time."""


@pytest.fixture
def members(project: Project) -> Project:
    """A project with two lists in Parquet, one text for each name, and a number in the manifest."""
    need("pyspark")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        servers.lacking("Java")
    project.extra |= {"MESMS_HASH_KEY": "in tests", "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_CONF_DIR": str(project.root)}
    project.extra |= {name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ}
    project.write("spark-defaults.conf", SETTINGS)
    (project.root / "lists").mkdir()
    phones = ["0800000001", "+66 80-000-0002", "๐๘๐๐๐๐๐๐๐๓", "800000004", "0800000001", "02-000-0001"]
    table = {"mobile": phones, "name": ["Anna", "Ben", "Anna", "นที", "Anna", "x"]}
    pl.DataFrame(table).write_parquet(project.root / "lists/members.parquet")
    pl.DataFrame({"mobile": [800_000_002]}).write_parquet(project.root / "lists/out.parquet")
    project.campaign(
        "sale",
        content="Dear {{ name }}",
        variables={"name": "friend"},
        recipients=[
            {"parquet": "../lists/members.parquet", "phone": "mobile", "variables": {"name": "name"}},
            {"numbers": ["0800000009"]},
        ],
        exclude=[{"parquet": "../lists/out.parquet", "phone": "mobile"}],
        invalid={"max": "50%"},
    )
    return project


def run(project: Project, audience: str) -> Ran:
    """``plan --json`` with lists worked on as ``audience`` says."""
    project.write("mesms.yaml", f"{PROJECT}{audience}\n")
    ran = subprocess.run(
        [COMMAND, "plan", "--json"],
        cwd=project.root,
        env={**project.env, **project.extra},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def test_a_plan_is_the_same_from_both_engines(members: Project) -> None:
    """Its actions and its digest; and nothing that the JVM says is in it, or among the messages."""
    here = run(members, "")
    there = run(members, 'audience: {engine: spark, master: "local[2]"}')
    assert (here.code, there.code) == (0, 0), there.err
    assert there.json["actions"] == here.json["actions"]
    assert there.json["digest"] == here.json["digest"]
    (action,) = there.json["actions"]
    assert (action["recipients"], action["requests"]) == (4, 3)
    assert {line.partition(" ")[0] for line in there.err.splitlines()} <= {"reading"}, there.err


def test_a_session_that_cannot_start_stops_the_plan_at_its_list(members: Project) -> None:
    ran = run(members, "audience: {engine: spark, master: nowhere}")
    assert (ran.code, "MS445" in ran.out + ran.err) == (1, True)
    assert "no Spark session can be started" in ran.out + ran.err
    assert "campaigns/sale.yaml:" in ran.out + ran.err
    assert "Master must either be yarn or start with" in ran.err, ran.err
