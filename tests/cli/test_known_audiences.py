"""An unchanged list is known by its content, and nobody can tell from a plan; a changed one never is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.cli.known_audiences import FOLDER, KEPT_FOR, MOST_BYTES, prune

if TYPE_CHECKING:
    from tests.cli.conftest import Project

MEMBERS = "phone,city\n" + "".join(f"08000000{n:02},Hat Yai\n" for n in range(60)) + "n/a,Trang\n0800000001,Trang\n"
OUT = "phone\n0800000007\n"


@pytest.fixture
def listed(project: Project, tmp_path: Path) -> Project:
    """A project with one campaign to a list, less some opt-outs, and a folder for caches."""
    project.extra["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    project.write("lists/members.csv", MEMBERS)
    project.write("lists/out.csv", OUT)
    _campaign(project)
    return project


def _campaign(project: Project, **keys: object) -> None:
    lists: dict[str, Any] = {
        "recipients": [{"csv": "../lists/members.csv", "phone": "phone"}],
        "exclude": [{"csv": "../lists/out.csv", "phone": "phone"}],
        "invalid": {"max": 1},
    }
    project.campaign("load", **{**lists, **keys})


def _entries(project: Project) -> list[Path]:
    folder = Path(project.extra["XDG_CACHE_HOME"]) / "mesms-gitops" / FOLDER
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _plan(project: Project, **env: str) -> Any:
    """The plan without what is another in every plan."""
    told = project.plan("--offline", **env)
    return {name: value for name, value in told.items() if name not in {"created_at", "expires_at"}}


def _reads_lists(project: Project) -> bool:
    """Whether a plan reads its lists now: only then is polars loaded."""
    program = (
        "import sys\nfrom mesms_gitops.cli import main\n"
        "try: main()\nfinally: print('polars' in sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "plan", "--offline", "--json"],
        cwd=project.root,
        env={**project.env, **project.extra},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.stderr.splitlines()[-1] == "True"


def test_a_plan_is_the_same_with_and_without(listed: Project) -> None:
    alone = _plan(listed, MESMS_NO_CACHE="1")
    assert not _entries(listed)
    first, second = _plan(listed), _plan(listed)
    assert not _reads_lists(listed)
    assert alone == first == second
    assert alone["summary"]["recipients"] == 59
    assert alone["actions"][0]["diagnostics"]


def test_no_number_is_kept_and_nobody_else_may_look(listed: Project) -> None:
    _plan(listed)
    (entry,) = _entries(listed)
    assert entry.stat().st_mode & 0o777 == 0o600
    assert entry.parent.stat().st_mode & 0o777 == 0o700
    body = entry.read_text(encoding="utf-8")
    assert not any(f"8000000{n:02}" in body for n in range(60))


@pytest.mark.parametrize("name", ["lists/members.csv", "lists/out.csv"])
@pytest.mark.parametrize("kept_stamp", [True, False])
def test_a_changed_byte_in_any_list_is_seen(listed: Project, name: str, kept_stamp: bool) -> None:
    """Also where size and time are as they were."""
    _plan(listed)
    file = listed.root / name
    stamp = file.stat()
    file.write_text(file.read_text(encoding="utf-8").replace("0800000007", "0800000077"), encoding="utf-8")
    if kept_stamp:
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert _reads_lists(listed)
    assert _plan(listed) == _plan(listed, MESMS_NO_CACHE="1")


@pytest.mark.parametrize(
    "change",
    [
        {"content": "Your order is ready now"},
        {"invalid": {"max": 2}},
        {"recipients": [{"csv": "../lists/members.csv", "phone": "phone", "where": {"city": "Hat Yai"}}]},
        {"exclude": None},
    ],
)
def test_what_the_manifest_asks_of_the_lists_is_part_of_it(listed: Project, change: dict[str, object]) -> None:
    _plan(listed)
    _campaign(listed, **change)
    assert _reads_lists(listed)


def test_another_hour_or_limit_reads_nothing(listed: Project) -> None:
    _plan(listed)
    _campaign(listed, schedule="2027-04-11T11:00", labels={"team": "crm"}, limits={"credits": 1000})
    assert not _reads_lists(listed)
    assert _plan(listed) == _plan(listed, MESMS_NO_CACHE="1")


def test_another_key_is_another_entry(listed: Project) -> None:
    _plan(listed)
    keyed = _plan(listed, MESMS_HASH_KEY="another")
    assert keyed == _plan(listed, MESMS_HASH_KEY="another", MESMS_NO_CACHE="1")
    assert keyed["actions"][0]["sends"] != _plan(listed)["actions"][0]["sends"]


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\n\xff\n{}", None])
def test_a_damaged_entry_is_read_past(listed: Project, damage: bytes | None) -> None:
    before = _plan(listed)
    (entry,) = _entries(listed)
    entry.write_bytes(entry.read_bytes().replace(b'"size":59', b'"size":58') if damage is None else damage)
    assert _plan(listed) == before


def test_an_apply_reads_every_list(listed: Project) -> None:
    """A forged entry can make a plan lie; nothing is sent by it."""
    import hashlib

    _plan(listed)
    (entry,) = _entries(listed)
    rest = entry.read_bytes().partition(b"\n")[2].replace(b'"size":59', b'"size":58')
    entry.write_bytes(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    assert listed.apply().code == 0
    assert listed.status()["load"]["recipients"] == 59


def test_with_an_account_a_plan_reads_what_it_must(listed: Project) -> None:
    """A text that was never priced is priced with its numbers."""
    first = listed.plan()
    second = listed.plan()
    assert first["digest"] == second["digest"]
    assert first["actions"][0]["credits"] == second["actions"][0]["credits"] == 59


def test_personal_values_are_not_kept(listed: Project) -> None:
    _campaign(
        listed,
        content="Hello {{ city }}",
        recipients=[{"csv": "../lists/members.csv", "phone": "phone", "variables": {"city": "city"}}],
    )
    _plan(listed)
    assert not _entries(listed)


def test_forgetting_a_person_forgets_every_entry(listed: Project) -> None:
    listed.apply()
    _plan(listed)
    assert _entries(listed)
    ran = listed.run("forget", "0800000003", "--yes")
    assert ran.code == 0, ran.err
    assert not _entries(listed)
    after = _plan(listed)
    assert after == _plan(listed, MESMS_NO_CACHE="1")


def test_two_at_once_write_one_whole_entry(listed: Project) -> None:
    command = [sys.executable, "-m", "mesms_gitops", "plan", "--offline", "--json"]
    env = {**listed.env, **listed.extra}
    both = [subprocess.Popen(command, cwd=listed.root, env=env, stdout=subprocess.PIPE) for _ in range(3)]
    told = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert len({one["digest"] for one in told}) == 1
    assert len(_entries(listed)) == 1
    assert not _reads_lists(listed)


def test_entries_end_by_age_and_by_room(tmp_path: Path) -> None:
    now = 10_000_000.0
    for name, age, size in [("old", KEPT_FOR + 1, 1), ("young", 10, 5), ("large", 20, MOST_BYTES - 5), ("over", 30, 1)]:
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
        os.utime(tmp_path / name, (now - age, now - age))
    prune(str(tmp_path), now)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["large", "young"]
