"""The main job with its state in an object store, and what becomes of it when the line to the store breaks."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import PROJECT, sends, texted
from tests.store.object_servers import BUCKET, CREDENTIALS, broken_line, moto, small_store

if TYPE_CHECKING:
    from pathlib import Path

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

ONCE = {"66800000001": 1, "66800000002": 1}


@pytest.fixture
def place(project: Project) -> Project:
    """A project with one campaign, whose state is under a key of its own in a bucket of moto."""
    pytest.importorskip("obstore", reason="obstore is not installed")
    where = f"s3://{BUCKET}/{secrets.token_hex(4)}/state.json"
    project.extra.update(CREDENTIALS, AWS_ENDPOINT_URL=moto(), MESMS_STATE=where)
    project.campaign("order")
    return project


def test_the_whole_journey(place: Project, sandbox: Running) -> None:
    """Plan, apply, a second apply, a stop and its release: the state is in the bucket alone, and the lock is free."""
    assert place.plan()["summary"]["schedule"] == 1
    assert place.apply().code == 0
    assert texted(sandbox) == ONCE
    before = place.run("state", "pull")
    assert json.loads(before.out)["campaigns"]["order"]["sends"][0]["phase"] == "scheduled"
    assert place.apply().code == 0
    assert place.run("state", "pull").out == before.out
    assert not (place.root / ".mesms/state.json").exists()
    assert place.run("stop", "order").code == 0
    assert place.plan()["summary"]["blocked"] == 1
    assert place.run("stop", "--release").code == 0
    assert place.run("state", "unlock").out == "the state is not locked\n"
    assert sends(sandbox) == 1


def test_the_whole_journey_encrypted(place: Project, sandbox: Running, tmp_path: Path) -> None:
    """With a recipient in mesms.yaml the bucket holds nothing that names a campaign, and only the identity opens it."""
    pyrage: Any = pytest.importorskip("pyrage", reason="pyrage is not installed")
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "identity.txt"
    file.write_text(f"{identity}\n")
    place.write("mesms.yaml", f"{PROJECT}encryption: {{state: [{identity.to_public()}]}}\n")
    assert place.apply(MESMS_AGE_IDENTITY_FILE=str(file)).code == 0
    assert texted(sandbox) == ONCE
    closed = place.apply()
    assert closed.code == 1
    assert "MESMS_AGE_IDENTITY_FILE" in closed.err
    stopped = place.run("stop", "--all")
    assert (stopped.code, stopped.err.splitlines()[0]) == (1, "stopped: nothing new leaves from now on")
    assert place.run("stop", "--release").code == 0
    opened = place.run("state", "pull", MESMS_AGE_IDENTITY_FILE=str(file))
    assert list(json.loads(opened.out)["campaigns"]) == ["order"]
    assert place.apply(MESMS_AGE_IDENTITY_FILE=str(file)).code == 0
    assert sends(sandbox) == 1


@pytest.mark.parametrize(("put", "fate"), [(0, "cut"), (1, "cut"), (2, "cut"), (1, "deaf"), (2, "lost"), (2, "late")])
def test_whatever_the_line_does_nobody_is_texted_twice(place: Project, sandbox: Running, put: int, fate: str) -> None:
    """A commit of an apply that is lost, late or cut off costs another apply, or a person who says what was not sent.

    A person is needed after the intent alone was recorded, and the run could not know that it was.
    """
    with broken_line(moto(), fates=["pass"] * put + [fate]) as line:
        place.extra["AWS_ENDPOINT_URL"] = line.endpoint
        first = place.apply()
        assert (first.code != 0) == (fate == "cut"), first.err
        line.is_down = False
        again = place.apply()
        if again.code == 3:
            assert (put, fate, texted(sandbox)) == (1, "cut", {})
            assert place.run("resolve", "order", "--not-sent").code == 0
            again = place.apply()
        assert again.code == 0, again.err
        assert all(status in (200, 412) for status in line.deliver())
        assert texted(sandbox) == ONCE
        assert place.status()["order"]["phase"] == "scheduled"


@pytest.mark.parametrize("keeps", [frozenset(), frozenset({"create"})], ids=["neither", "create alone"])
def test_a_store_that_ignores_conditions_sends_nothing(place: Project, sandbox: Running, keeps: frozenset[str]) -> None:
    """The apply ends with the name of the store before it asks anything of ME-SMS that has an effect."""
    with small_store(keeps=keeps) as small:
        refused = place.apply(AWS_ENDPOINT_URL=small.endpoint)
        assert small.objects == {}
    assert refused.code == 1
    told = " ".join(refused.err.split())
    assert f"at {small.endpoint} (AWS_ENDPOINT_URL)" in told
    assert "does not keep to conditions" in told
    assert sends(sandbox) == 0


def test_a_bucket_that_is_not_there_sends_nothing(place: Project, sandbox: Running) -> None:
    """No plan and no apply takes it for a project without state."""
    for command in (("plan",), ("apply", "--auto-approve"), ("status",)):
        refused = place.run(*command, MESMS_STATE="s3://no-such-bucket/state.json")
        assert refused.code == 1
        assert "there is no bucket no-such-bucket" in " ".join(refused.err.split())
    assert sends(sandbox) == 0


def test_a_state_that_was_lost_beside_its_backup_is_no_empty_start(place: Project, sandbox: Running) -> None:
    """With the object gone and its backup there, apply stops before anything is sent again."""
    from obstore.store import S3Store

    assert place.apply().code == 0
    secret = {name.lower(): value for name, value in CREDENTIALS.items()}
    bucket = S3Store(BUCKET, endpoint=moto(), client_options={"allow_http": True}, config=secret)
    bucket.delete(place.extra["MESMS_STATE"].removeprefix(f"s3://{BUCKET}/"))
    refused = place.apply()
    assert refused.code == 1
    assert "the state is gone, but its backup is there" in refused.err
    assert sends(sandbox) == 1
