"""``state`` from outside: looking, moving, pushing, and the lock, with real processes."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.store.file import FileStore
from tests.cli.conftest import sends, texted
from tests.cli.test_doctor import line
from tests.store.bench_sql import PostgresBench, postgres_bench, sqlite_bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project, Ran
    from tests.store.bench_sql import SqlBench

DATABASE = "sqlite:///.mesms/state.db"
FORGOTTEN = "00ff:0123456789abcdef"


def good(ran: Ran) -> Ran:
    """The command said 0."""
    assert ran.code == 0, ran.out + ran.err
    return ran


@pytest.fixture
def applied(project: Project) -> Project:
    """A project with two scheduled campaigns."""
    project.campaign("early")
    project.campaign("late", schedule="2027-04-11T10:00", recipients=[{"numbers": ["0800000003"]}])
    good(project.apply())
    return project


def pulled(project: Project, **env: str) -> Any:
    """The state as JSON."""
    return json.loads(good(project.run("state", "pull", **env)).out)


def pushed(project: Project, tree: object, *options: str) -> Ran:
    """What pushing ``tree`` says."""
    project.write("pushed.json", json.dumps(tree))
    return project.run("state", "push", "pushed.json", *options)


# ── migrate ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_state_moves_and_work_goes_on(applied: Project, sandbox: Running) -> None:
    """To SQLite, on to PostgreSQL: the same bytes, nobody is texted again, and a stop still stops."""
    before = applied.state
    assert good(applied.run("state", "pull")).out == before
    good(applied.run("stop", "late"))
    stopped = good(applied.run("state", "pull")).out
    postgresql = postgres_bench(applied.root).location
    for old, new in ((".mesms/state.json", DATABASE), (DATABASE, postgresql)):
        ran = good(applied.run("state", "migrate", new, MESMS_STATE=old))
        assert f"state: {new}" in ran.out
        assert good(applied.run("state", "pull", MESMS_STATE=new)).out == stopped
        again = good(applied.run("state", "migrate", new, MESMS_STATE=old))
        assert "moved before" in again.out
    made = sends(sandbox)
    refused = applied.run("apply", "--auto-approve")
    assert refused.code == 1
    assert f"state: {DATABASE}" in refused.err
    assert applied.run("stop", "early").code == 1, "a stop where nobody reads it must not look like one"
    applied.write("mesms.yaml", (applied.root / "mesms.yaml").read_text() + f"state: {postgresql}\n")
    assert applied.apply().code == 3, "late is stopped"
    assert sends(sandbox) == made
    assert "nope was not stopped" in good(applied.run("stop", "--release", "nope")).err
    assert "was not stopped" not in good(applied.run("stop", "--release")).err
    applied.campaign("late", schedule="2027-04-11T10:00", recipients=[{"numbers": ["0800000003"]}], revision=2)
    good(applied.apply())
    assert texted(sandbox) == {"66800000001": 1, "66800000002": 1, "66800000003": 1}


def test_a_tombstone_can_be_read_by_people(applied: Project) -> None:
    """What stays in the file names the new place and which state it was; the state itself stays as a backup."""
    before = pulled(applied)
    good(applied.run("state", "migrate", DATABASE))
    left = json.loads(applied.state)
    assert left == {key: before[key] for key in ("lineage", "serial", "version")} | {"moved_to": DATABASE}
    assert json.loads((applied.root / ".mesms/state.json.backup").read_text()) == before


@contextmanager
def held(project: Project, name: str) -> Iterator[str]:
    """The lock of a state file, held by this process; its id."""
    store = FileStore(project.root / name)
    with store.lock("apply", 0.0):
        held = store.info()
        assert held is not None
        yield held.id


def test_a_busy_place_is_not_moved(applied: Project) -> None:
    """Whoever is at work in the old or the new place is named, and nothing is moved."""
    before = applied.state
    for busy in (".mesms/state.json", "new.json"):
        with held(applied, busy):
            ran = applied.run("state", "migrate", "new.json")
            assert ran.code == 6
            assert busy in ran.err
        assert applied.state == before
        assert not (applied.root / "new.json").exists()


NOWHERE = {
    ".mesms/state.json": (64, "there already"),
    ".mesms/../.mesms/state.json": (64, "there already"),
    "postgresql://me:hunter2@db.example/x": (1, "a password does not belong"),
    "redis://h/0": (1, "names no backend"),
    "mysql://me:hunter2@h/shop": (1, "MySQL, but it is not a state backend"),
    "sqlite:///": (1, "names no SQLite file"),
    "postgresql://me@127.0.0.1:1/x": (1, "cannot reach"),
}


def test_where_a_state_cannot_go(applied: Project) -> None:
    """The error says why, shows no password, and the state stays."""
    before = applied.state
    for target, (code, what) in NOWHERE.items():
        ran = applied.run("state", "migrate", target)
        assert (ran.code, what in ran.err, "hunter2" in ran.err) == (code, True, False), ran.err
        assert "next:" in ran.err
    assert applied.state == before


def test_a_state_that_may_be_encrypted_goes_to_no_database(applied: Project) -> None:
    """Who asked for encryption at rest is not left without it by a move."""
    applied.write(
        "mesms.yaml",
        (applied.root / "mesms.yaml").read_text()
        + "encryption: {state: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]}\n",
    )
    ran = applied.run("state", "migrate", DATABASE)
    assert ran.code == 1
    assert "encryption.state" in ran.err


# ── pull and push ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_pulled_can_be_pushed(applied: Project) -> None:
    """Byte for byte, and pushing it back changes nothing."""
    before = applied.state
    ran = good(pushed(applied, pulled(applied)))
    assert "nothing to push" in ran.out
    assert applied.state == before


def test_an_edit_is_pushed_with_the_next_serial(applied: Project) -> None:
    """The same serial with another content is refused, as an older one is; raised by hand, or by force, it goes in."""
    tree = pulled(applied)
    serial = tree["serial"]
    tree["campaigns"]["early"]["file"] = "campaigns/renamed.yaml"
    for older in (serial, serial - 1):
        ran = pushed(applied, {**tree, "serial": older})
        assert ran.code == 1
        assert str(serial) in ran.err
    good(pushed(applied, {**tree, "serial": serial + 5}))
    assert pulled(applied) == {**tree, "serial": serial + 1}
    tree["campaigns"]["early"]["file"] = "campaigns/again.yaml"
    good(pushed(applied, {**tree, "serial": 1}, "--force"))
    assert pulled(applied) == {**tree, "serial": serial + 2}


def test_a_state_that_lacks_a_message_is_not_pushed(applied: Project, sandbox: Running) -> None:
    """Of one lineage and of a later serial, as after a restart: what it does not know would be sent once more."""
    tree = pulled(applied)
    before = applied.state
    for campaigns in (
        {},
        {"early": tree["campaigns"]["early"]},
        {**tree["campaigns"], "late": {"file": "x", "revision": 1}},
    ):
        ran = pushed(applied, {**tree, "campaigns": campaigns, "serial": 99})
        assert ran.code == 1
        assert "late" in ran.err
        assert applied.state == before
    moved = {"later": tree["campaigns"]["late"], "early": tree["campaigns"]["early"]}
    good(pushed(applied, {**tree, "campaigns": moved, "serial": 99}))
    good(pushed(applied, {**tree, "campaigns": {}}, "--force"))
    assert "campaigns" not in pulled(applied) or pulled(applied)["campaigns"] == {}


def test_another_lineage_is_never_pushed(applied: Project) -> None:
    """Not even by force."""
    tree = {**pulled(applied), "lineage": "theirs", "serial": 99}
    before = applied.state
    for options in ((), ("--force",)):
        assert pushed(applied, tree, *options).code == 1
    assert applied.state == before


def test_whoever_is_forgotten_stays_forgotten(applied: Project) -> None:
    """A state pulled before somebody asked to be forgotten, and pushed after, does not bring them back; it is said."""
    tree = pulled(applied)
    good(pushed(applied, {**tree, "suppressed": [FORGOTTEN], "serial": tree["serial"] + 1}))
    tree["campaigns"]["early"]["file"] = "campaigns/renamed.yaml"
    ran = good(pushed(applied, tree, "--force"))
    assert "1 people whom the stored state had forgotten" in ran.err
    assert pulled(applied)["suppressed"] == [FORGOTTEN]
    ran = pushed(applied, {**tree, "hash_key": "key:other", "serial": 99}, "--force")
    assert ran.code == 1
    assert "has forgotten" in ran.err
    assert pulled(applied)["suppressed"] == [FORGOTTEN]


def test_a_lost_state_comes_back_as_it_was(applied: Project) -> None:
    """Pushed to where none stands, a state keeps its serial; until then the loss is an error, not an empty answer."""
    before = applied.state
    (applied.root / ".mesms/state.json").unlink()
    ran = applied.run("state", "pull")
    assert (ran.code, ran.out) == (1, "")
    good(pushed(applied, json.loads(before)))
    assert applied.state == before


@pytest.fixture(params=["sqlite", "postgresql"])
def in_a_database(request: pytest.FixtureRequest, applied: Project) -> SqlBench:
    """The same project, its state moved to a database."""
    bench = {"sqlite": sqlite_bench, "postgresql": postgres_bench}[request.param](applied.root)
    good(applied.run("state", "migrate", bench.location))
    applied.extra["MESMS_STATE"] = bench.location
    return bench


def test_rows_that_were_changed_by_hand_come_back_as_the_error_says(
    applied: Project, in_a_database: SqlBench, sandbox: Running
) -> None:
    """A deleted campaign is not sent again: every command stops, and what the error advises brings it back."""
    copy = good(applied.run("state", "pull")).out
    made = sends(sandbox)
    with in_a_database.connected() as connection:
        connection.execute("delete from mesms_campaign where name = 'early'")
    for command in (["plan"], ["apply", "--auto-approve"], ["state", "pull"]):
        refused = applied.run(*command)
        assert (refused.code, "1 are there, and 2 were committed" in refused.err) == (1, True), refused.err
    [advised] = re.findall(
        r"delete from mesms_state where name = 'default'(?=; then mesms-gitops state push)",
        " ".join(refused.err.split()),
    )
    with in_a_database.connected() as connection:
        connection.execute(advised)
    lost = applied.run("apply", "--auto-approve")
    assert (lost.code, "the state is gone, but its journal is there" in lost.err) == (1, True)
    assert "its backup" not in lost.err
    good(pushed(applied, json.loads(copy)))
    assert good(applied.run("state", "pull")).out == copy
    good(applied.apply())
    assert sends(sandbox) == made


def test_before_the_first_apply_there_is_nothing_to_pull(project: Project) -> None:
    """An invented state must not end up in a file that somebody pushes later."""
    ran = good(project.run("state", "pull"))
    assert ran.out == ""
    assert "no state yet" in ran.err


# ── mv, rm, list, show ───────────────────────────────────────────────────────────────────────────────────────────────


def test_names_are_moved_and_forgotten_in_every_place(applied: Project) -> None:
    """The same in a database as in a file, and the old name stays reserved."""
    good(applied.run("state", "migrate", DATABASE))
    env = {"MESMS_STATE": DATABASE}
    assert good(applied.run("state", "list", **env)).out == "early\nlate\n"
    good(applied.run("state", "mv", "early", "first", **env))
    assert good(applied.run("state", "list", **env)).out == "early\nfirst\nlate\n"
    assert applied.run("state", "show", "first", "--json", **env).json["campaigns"][0]["phase"] == "scheduled"
    ran = applied.run("state", "mv", "early", "other", **env)
    assert (ran.code, "state mv first other" in ran.err) == (64, True)
    for wrong in ("Not A Name", "late"):
        assert applied.run("state", "mv", "first", wrong, **env).code == 64
    assert applied.run("state", "rm", "early", "late", **env).code == 3
    assert good(applied.run("state", "list", **env)).out == "early\nfirst\nlate\n", "all of them or none"
    good(applied.run("state", "rm", "early", "late", "--force", **env))
    assert good(applied.run("state", "list", **env)).out == "first\n"
    assert applied.run("state", "rm", "late", **env).code == 64


def test_a_move_can_be_taken_back(applied: Project, sandbox: Running) -> None:
    """The name is reserved for the campaign that left it: that one may return, and no other; nobody is texted."""
    made, before = sends(sandbox), pulled(applied)
    good(applied.run("state", "mv", "early", "first"))
    assert applied.run("state", "mv", "late", "early").code == 64, "early is first's"
    good(applied.run("state", "mv", "first", "early"))
    after = pulled(applied)
    assert after["campaigns"]["early"] == before["campaigns"]["early"]
    assert after["campaigns"]["first"]["moved_to"] == "early"
    assert applied.run("state", "mv", "late", "first").code == 64, "and first is early's"
    good(applied.apply())
    good(applied.run("state", "mv", "early", "first"))
    good(applied.run("state", "mv", "first", "second"))
    assert applied.run("state", "mv", "second", "early").code == 64, "one step after the other"
    good(applied.run("state", "mv", "second", "first"))
    good(applied.run("state", "mv", "first", "early"))
    good(applied.apply())
    assert sends(sandbox) == made


def test_a_move_can_be_taken_back_in_a_database(applied: Project, in_a_database: SqlBench, sandbox: Running) -> None:
    """The same rows, and a journal that tells both moves."""
    made, before = sends(sandbox), pulled(applied)
    good(applied.run("state", "mv", "early", "first"))
    good(applied.run("state", "mv", "first", "early"))
    assert pulled(applied)["campaigns"]["early"] == before["campaigns"]["early"]
    good(applied.apply())
    assert sends(sandbox) == made
    with in_a_database.connected() as connection:
        noted = connection.execute("select campaign from mesms_journal order by id desc limit 4").fetchall()
    assert sorted(noted) == [("early",), ("early",), ("first",), ("first",)]


# ── doctor ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_doctor_asks_the_database_whether_it_would_take_a_commit(applied: Project, in_a_database: SqlBench) -> None:
    """It would; nothing is written. In PostgreSQL somebody who may only read is told so, with the grant that helps."""
    ran = applied.run("doctor", "--offline", "--json")
    assert line(ran, "state.read")["verdict"] == line(ran, "state.backend")["verdict"] == "ok", ran.out
    if not isinstance(in_a_database, PostgresBench):
        return
    role, location = in_a_database.role()
    with in_a_database.connected() as connection:
        connection.execute(f"grant usage on schema {in_a_database.schema} to {role}")
        connection.execute(f"grant select on all tables in schema {in_a_database.schema} to {role}")
    ran = applied.run("doctor", "--offline", "--json", MESMS_STATE=location)
    assert (ran.code, line(ran, "state.read")["verdict"]) == (1, "ok")
    found = line(ran, "state.backend")
    assert (found["verdict"], "cannot write the state" in found["found"]) == ("fail", True), found
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON" in str(found)


# ── unlock ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lock_is_shown_and_broken_by_its_id(applied: Project) -> None:
    """Alone the command shows who it is (6); only the right id breaks it."""
    with held(applied, ".mesms/state.json") as lock_id:
        ran = applied.run("state", "unlock")
        assert (ran.code, lock_id in ran.out) == (6, True)
        assert applied.run("state", "rm", "early", "--force").code == 6
        assert applied.run("state", "unlock", "wrong").code == 1
        good(applied.run("state", "unlock", lock_id))
        good(applied.run("state", "rm", "early", "--force"))
    assert good(applied.run("state", "unlock")).out == "the state is not locked\n"
