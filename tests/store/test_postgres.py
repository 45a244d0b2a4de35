"""State in a real PostgreSQL: what the contract of every backend does not say."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import ConfigError, StateError, StateLocked, StateMoved, StateUnreadable
from mesms_gitops.model.state import CampaignRecord, Freeze, State
from mesms_gitops.store.host import Host
from mesms_gitops.store.open import open_store
from mesms_gitops.store.postgres_address import address
from mesms_gitops.store.postgres_session import Session
from tests.audience.servers import free_port

from .bench_sql import postgres_bench, server
from .cutting import cutter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mesms_gitops.store.port import Store

    from .bench_sql import PostgresBench
    from .cutting import Cutter


@pytest.fixture
def bench(tmp_path: Path) -> PostgresBench:
    """An empty schema."""
    return postgres_bench(tmp_path)


def grown(state: State | None, *names: str) -> State:
    """The next state, with more campaigns."""
    state = state or State("lineage-1")
    for name in names:
        state = state.with_campaign(CampaignRecord(name, f"campaigns/{name}.yaml", 1))
    return replace(state, serial=state.serial + 1)


FINE = [("ok", "state backend: a database that answers; each commit is one transaction", "")]


def opened(location: str, root: Path, notes: list[str] | None = None) -> Store:
    return open_store(location, root, [].append if notes is None else notes.append)


# ── what a commit costs ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_commit_writes_the_rows_that_changed(bench: PostgresBench) -> None:
    """Of a thousand campaigns one is written anew, with one line of journal; one that is gone is removed, with one."""
    store = bench.open()
    first = grown(None, *(f"c-{each}" for each in range(1_000)))
    store.commit(first, 0)
    second = replace(first.with_campaign(replace(first.campaigns["c-7"], revision=2)), serial=2)
    store.commit(second, 1)
    with bench.connected() as connection:
        written = "select name from mesms_campaign where xmin = (select xmin from mesms_state)"
        assert connection.execute(written).fetchall() == [("c-7",)]
        journal = "select campaign, what from mesms_journal where serial = %s"
        assert connection.execute(journal, (2,)).fetchall() == [("c-7", "changed")]
        store.commit(replace(second.without_campaign("c-7"), serial=3), 2)
        assert connection.execute(written).fetchall() == []
        assert connection.execute(journal, (3,)).fetchall() == [("c-7", "forgotten")]
        assert connection.execute("select count(*) from mesms_journal").fetchone() == (1_003,), (
            "the first commit noted the head as well"
        )
    assert set(bench.open().read().campaigns) == set(first.campaigns) - {"c-7"}


def test_a_row_that_was_edited_is_not_written_over(bench: PostgresBench) -> None:
    """Each row that a commit touches must read as it did; so must the head, and an edit elsewhere is read by nobody."""
    store = bench.open()
    first = grown(None, "a", "b")
    store.commit(first, 0)
    with bench.connected() as connection:
        connection.execute("update mesms_campaign set record = replace(record, '/a.yaml', '/z.yaml') where name = 'a'")
    second = grown(first, "c")
    store.commit(second, 1)
    third = replace(second.with_campaign(replace(second.campaigns["a"], revision=2)), serial=3)
    for attempt in (third, replace(second.without_campaign("a"), serial=3)):
        with pytest.raises(StateUnreadable, match="cannot be read") as caught:
            store.commit(attempt, 2)
        assert "all 3 are there" in caught.value.why
    with pytest.raises(StateUnreadable):
        bench.open().read()
    with bench.connected() as connection:
        (left,) = connection.execute("select record from mesms_campaign where name = 'a'").fetchone()
        assert "campaigns/z.yaml" in left
        connection.execute("update mesms_campaign set record = replace(record, '/z.yaml', '/a.yaml') where name = 'a'")
    assert bench.open().read() == second
    with bench.connected() as connection:
        connection.execute('update mesms_state set head = \'{"suppressed": ["00ff:0123456789abcdef"], "version": 1}\'')
    with pytest.raises(StateUnreadable) as caught:
        store.commit(grown(second, "d"), 2)
    assert "the head row" in caught.value.where


def test_states_of_one_database_do_not_meet(tmp_path: Path, bench: PostgresBench) -> None:
    """Names tell them apart: state, lock and emergency stop."""
    one, other = (opened(f"{bench.location}&state={name}", tmp_path) for name in ("shop", "clinic"))
    one.commit(grown(None, "a"), 0)
    one.write_freeze(Freeze(everything=True))
    with one.lock("apply", 0), other.lock("apply", 0):
        assert other.read() is None
        assert other.read_freeze() == Freeze()
        other.commit(grown(State("lineage-2"), "b"), 0)
    assert set(one.read().campaigns) == {"a"}
    assert set(other.read().campaigns) == {"b"}
    assert bench.open().read() is None


def test_a_head_that_is_gone_was_lost(bench: PostgresBench) -> None:
    """Where the journal tells of a state and none stands, it is no empty start."""
    store = bench.open()
    store.commit(grown(None, "a"), 0)
    assert not store.has_backup
    with bench.connected() as connection:
        connection.execute("delete from mesms_state")
    assert bench.open().read() is None
    assert bench.open().has_backup
    with pytest.raises(StateMoved, match="not the one this run began with"):
        store.commit(grown(grown(None, "a")), 1)


def test_a_commit_is_durable_whatever_the_database_says(bench: PostgresBench) -> None:
    """A database that answers before the disk did is asked to wait; one that asks for more than that is left."""
    for given, found in {"off": "on", "local": "on", "on": "on", "remote_apply": "remote_apply"}.items():
        location = f"{bench.location}&options=-csynchronous_commit%3D{given}"
        session = Session(location, {}, Host())
        assert session.run("look", lambda each: each.execute("show synchronous_commit").fetchone()) == (found,)


# ── a connection that breaks ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def proxy() -> Iterator[Cutter]:
    """A proxy in front of the server."""
    with cutter(server().host, server().port) as made:
        yield made


def through(proxy: Cutter, bench: PostgresBench) -> str:
    """The same place, by way of the proxy."""
    return server().location(schema=bench.schema, port=proxy.port)


@pytest.mark.parametrize("serial", [1, 2, 9])
@pytest.mark.parametrize("cut", ["request", "answer", "late"])
def test_a_commit_that_is_cut_is_made_once(
    tmp_path: Path, bench: PostgresBench, proxy: Cutter, cut: str, serial: int
) -> None:
    """Whether the question or the answer was lost, or the question comes late: one commit, one journal, no error."""
    notes: list[str] = []
    store = opened(through(proxy, bench), tmp_path, notes)
    state = None
    with store.lock("apply", 0):
        for each in range(1, serial):
            state = grown(state, f"c-{each}")
            store.commit(state, each - 1)
        proxy.cut, proxy.at = cut, b"mesms_journal" if serial == 1 else b""
        last = grown(state, "last")
        store.commit(last, serial - 1)
        proxy.late.set()
        assert proxy.cuts == 1
        with pytest.raises(StateLocked), bench.open().lock("plan", 0):
            pytest.fail("the lock was lost with the connection")
        store.commit(grown(last, "later"), serial)
    assert bench.open().read() == grown(last, "later")
    assert bench.open().info() is None
    with bench.connected() as connection:
        counted = "select count(*) from mesms_journal where serial = %s and campaign = 'last'"
        assert connection.execute(counted, (serial,)).fetchone() == (1,)
    assert not notes


@pytest.mark.parametrize("cut", ["request", "answer"])
def test_who_committed_while_a_commit_was_cut_is_not_written_over(
    tmp_path: Path, bench: PostgresBench, proxy: Cutter, cut: str
) -> None:
    """Another run that came in between stands; the cut run is told to stop, whether or not its own commit went in."""
    store = opened(through(proxy, bench), tmp_path)
    first = grown(None, "a")
    store.commit(first, 0)

    def meanwhile() -> None:
        other = bench.open()
        found = other.read()
        other.commit(grown(found, "theirs"), found.serial)

    proxy.cut, proxy.meanwhile = cut, meanwhile
    with pytest.raises(StateMoved):
        store.commit(grown(first, "ours"), 1)
    found = bench.open().read()
    assert set(found.campaigns) == {"a", "theirs"} | ({"ours"} if cut == "answer" else set())
    assert found.serial == (3 if cut == "answer" else 2)


@pytest.mark.parametrize("serial", [1, 2])
def test_a_commit_that_comes_late_changes_nothing(
    tmp_path: Path, bench: PostgresBench, proxy: Cutter, serial: int
) -> None:
    """Bytes that a network held back reach the server when the run has made this commit anew, and the next one too."""
    store = opened(through(proxy, bench), tmp_path)
    store.write_freeze(Freeze())
    state = grown(None, "a") if serial == 2 else None
    if state is not None:
        store.commit(state, 0)
    proxy.cut, proxy.at = "late", b"mesms_journal"
    second = grown(state, "second")
    store.commit(second, serial - 1)
    third = replace(grown(second).without_campaign("second"), serial=serial + 1)
    store.commit(third, serial)
    assert proxy.cuts == 1
    proxy.late.set()
    proxy.arrived.wait(10)
    assert proxy.arrived.is_set()
    assert bench.open().read() == third
    with bench.connected() as connection:
        notes = "select count(*) from mesms_journal where campaign = 'second'"
        assert connection.execute(notes).fetchone() == (2,), "came and went, each once"


@pytest.mark.parametrize("cut", ["request", "answer"])
def test_a_stop_that_is_cut_is_written(tmp_path: Path, bench: PostgresBench, proxy: Cutter, cut: str) -> None:
    """The emergency stop does not depend on one connection."""
    store = opened(through(proxy, bench), tmp_path)
    store.write_freeze(Freeze())
    proxy.cut = cut
    store.amend_freeze(lambda was: replace(was, campaigns=was.campaigns | {"a"}))
    assert bench.open().read_freeze() == Freeze(campaigns=frozenset({"a"}))
    proxy.cut = cut
    assert store.read_freeze() == Freeze(campaigns=frozenset({"a"}))


def test_a_stop_is_not_held_up_by_what_its_own_lost_session_has_locked(
    tmp_path: Path, bench: PostgresBench, proxy: Cutter
) -> None:
    """A connection that breaks in silence leaves its transaction open on the server: the next connection ends it."""
    store = opened(f"{through(proxy, bench)}&application_name=alone", tmp_path)
    store.write_freeze(Freeze())
    proxy.cut, proxy.at, proxy.patience = "late", b"COMMIT", 300.0
    store.write_freeze(Freeze(everything=True))
    assert proxy.cuts == 1
    assert bench.open().read_freeze() == Freeze(everything=True)
    with bench.connected() as connection:
        sessions = "select count(*) from pg_stat_activity where application_name = 'alone'"
        assert connection.execute(sessions).fetchone() == (1,)


def test_a_session_that_the_server_ends_is_followed_by_another(bench: PostgresBench) -> None:
    """An administrator who ends our session, or a server that restarts, ends neither the run nor its lock."""
    store = bench.open()
    with store.lock("apply", 0):
        first = grown(None, "a")
        store.commit(first, 0)
        with bench.connected() as connection:
            held = "select pid from pg_locks where locktype = 'advisory' and granted"
            ((pid,),) = connection.execute(held).fetchall()
            connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        store.commit(grown(first, "b"), 1)
        with pytest.raises(StateLocked), bench.open().lock("plan", 0):
            pytest.fail("two hold the lock")
    assert not bench.notes


def test_a_lock_that_went_to_another_with_the_connection_is_noted(bench: PostgresBench) -> None:
    """Who finds its lock in other hands when it comes back says so; the serial stops it at its next commit."""
    store, other = bench.open(), bench.open()
    first = grown(None, "a")
    with store.lock("apply", 0):
        store.commit(first, 0)
        with bench.connected() as connection:
            connection.execute("select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory'")
        with other.lock("apply", 0):
            other.commit(grown(other.read(), "theirs"), 1)
            with pytest.raises(StateMoved):
                store.commit(grown(first, "ours"), 1)
    assert any("the serial still guards the state" in note for note in bench.notes)
    assert other.info() is None


def test_a_server_that_stays_away_is_an_error(tmp_path: Path, bench: PostgresBench) -> None:
    """Nobody knows then what stands there: the run is told, a stop that cannot be read stops everything."""
    with cutter(server().host, server().port) as proxy:
        store = opened(through(proxy, bench), tmp_path)
        store.commit(grown(None, "a"), 0)
        proxy.cut, proxy.meanwhile = "answer", proxy.refuse
        with pytest.raises(StateError) as caught:
            store.commit(grown(grown(None, "a"), "b"), 1)
    assert "may or may not stand there" in caught.value.why
    assert caught.value.next_step
    frozen = store.read_freeze()
    assert frozen.everything
    assert "cannot be read" in frozen.by


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────


def failing(store: Store) -> Iterator[StateError]:
    """What reading, writing and locking say."""
    acts: list[Callable[[], object]] = [store.read, lambda: store.commit(grown(None), 0), store.info]
    for act in acts:
        with pytest.raises(StateError) as caught:
            act()
        yield caught.value


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """The error names it and says how to make it."""
    for error in failing(opened(server().location().replace("/crm", "/nowhere"), tmp_path)):
        assert 'database "nowhere" does not exist' in error.why
        assert "createdb" in error.next_step


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    """The error says which host and port were tried, and where they are set."""
    port = free_port()
    for error in failing(opened(server().location(port=port), tmp_path)):
        assert str(port) in error.why
        assert "host and port in `state:`" in error.next_step
        assert "sesame" not in f"{error.what} {error.where} {error.why} {error.next_step}"


def test_a_wrong_sslmode(tmp_path: Path) -> None:
    """The error names the setting, not host and port."""
    for error in failing(opened(f"{server().location()}&sslmode=bogus", tmp_path)):
        assert "sslmode" in error.next_step


def test_a_wrong_password(tmp_path: Path) -> None:
    """The error says where a password belongs."""
    passfile = tmp_path / "pgpass"
    passfile.touch(0o600)
    passfile.write_text(f"*:*:*:{server().user}:hunter2\n", encoding="utf-8")
    for error in failing(opened(replace(server(), passfile=passfile).location(), tmp_path)):
        assert "~/.pgpass" in error.next_step
        assert "hunter2" not in f"{error.what} {error.where} {error.why}"


def test_a_user_without_rights(tmp_path: Path, bench: PostgresBench) -> None:
    """It may read nothing and make nothing; the error gives the SQL that lets it, and with that it works."""
    schema, (_, location) = bench.schema, bench.role()
    with bench.connected() as connection:
        connection.execute(f"create schema {schema}")
        store = opened(location, tmp_path)
        assert store.read() is None
        with pytest.raises(StateError) as caught, store.lock("apply", 0):
            pytest.fail("it cannot make tables")
        (grant,) = re.findall(r"GRANT USAGE, CREATE .*?(?=;)", caught.value.next_step)
        connection.execute(grant)
        with opened(location, tmp_path).lock("apply", 0):
            opened(location, tmp_path).commit(grown(None, "a"), 0)


def test_tables_that_may_not_be_looked_at_are_no_empty_start(tmp_path: Path, bench: PostgresBench) -> None:
    """A schema without USAGE hides its tables: that is an error, with the SQL that shows them, in every act."""
    bench.open().commit(grown(None, "a"), 0)
    schema, (_, location) = bench.schema, bench.role()
    with bench.connected() as connection:
        for error in failing(opened(location, tmp_path)):
            assert "may not be looked at" in error.what
            assert f'"{schema}"' in error.why
        assert opened(location, tmp_path).read_freeze().everything
        for grant in error.next_step.removeprefix("let a role that may say: ").split(
            "; and where the tables stand already: "
        ):
            connection.execute(f"set search_path to {schema}")
            connection.execute(grant)
    assert set(opened(location, tmp_path).read().campaigns) == {"a"}


def test_a_user_that_may_only_look(tmp_path: Path, bench: PostgresBench) -> None:
    """It reads, and is told what it lacks when it writes, or asks whether it could; with that it writes."""
    bench.open().commit(grown(None, "a"), 0)
    schema, (role, location) = bench.schema, bench.role()
    with bench.connected() as connection:
        connection.execute(f"grant usage on schema {schema} to {role}")
        connection.execute(f"grant select on all tables in schema {schema} to {role}")
        store = opened(location, tmp_path)
        assert set(store.read().campaigns) == {"a"}
        with pytest.raises(StateError) as caught:
            store.commit(grown(store.read(), "b"), 1)
        with pytest.raises(StateError, match="cannot write the state") as examined:
            list(store.examine())
        assert examined.value.next_step == caught.value.next_step
        (grant,) = re.findall(r"GRANT SELECT, .*", caught.value.next_step)
        connection.execute(grant)
    assert list(store.examine()) == FINE
    store.commit(grown(store.read(), "b"), 1)


def test_a_server_that_only_follows(tmp_path: Path, bench: PostgresBench) -> None:
    """A read-only session, as a standby gives, reads, and says of a write that the primary is wanted."""
    bench.open().commit(grown(None, "a"), 0)
    store = opened(f"{bench.location}&options=-cdefault_transaction_read_only%3Don", tmp_path)
    for act in (lambda: store.commit(grown(store.read(), "b"), 1), lambda: list(store.examine())):
        with pytest.raises(StateError) as caught:
            act()
        assert "primary" in caught.value.next_step


def test_to_be_examined_writes_nothing(bench: PostgresBench) -> None:
    """Where nothing stands no table is made; where a state does, not a row of it is touched."""
    assert list(bench.open().examine()) == FINE
    with bench.connected() as connection:
        assert connection.execute("select to_regclass('mesms_schema')").fetchone() == (None,)
        store = bench.open()
        store.commit(grown(None, "a"), 0)
        everything = "select xmin::text, xmax::text, state.* from mesms_state as state"
        before = connection.execute(everything).fetchall()
        assert list(bench.open().examine()) == list(store.examine()) == FINE
        assert connection.execute(everything).fetchall() == before
        assert connection.execute("select count(*) from mesms_journal").fetchone() == (2,)
    store.commit(grown(grown(None, "a"), "b"), 1)


def test_tables_of_a_newer_version_are_left_alone(bench: PostgresBench) -> None:
    """An older tool neither reads nor writes them, and says which versions they are of."""
    bench.open().commit(grown(None, "a"), 0)
    with bench.connected() as connection:
        connection.execute("update mesms_schema set version = 2")
    for error in failing(bench.open()):
        assert isinstance(error, StateUnreadable)
        assert "newer mesms-gitops" in error.what
        assert "version 2" in error.why
    assert bench.open().read_freeze().everything


def test_a_row_that_is_no_record_is_named(bench: PostgresBench) -> None:
    """Among many rows the one that somebody spoilt is told by its campaign."""
    bench.open().commit(grown(None, *(f"c-{each}" for each in range(600))), 0)
    for body in ("", "{", '{"revision": 1}', '{"file": "f", "revision": 1}, "x": {"file": "f", "revision": 1}'):
        with bench.connected() as connection:
            connection.execute("update mesms_campaign set record = %s where name = 'c-33'", (body,))
        with pytest.raises(StateUnreadable) as caught:
            bench.open().read()
        assert "c-33" in caught.value.where
        assert "backup" in caught.value.next_step


# ── the address ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "location",
    [
        "postgresql://me:hunter2@db.example/x",
        "postgresql://db.example/x?password=hunter2",
        "postgres://:hunter2@h/x",
        "postgresql://me:a/hunter2@db.example/x",
        "postgresql://me:hunter2/b@db.example/x",
        "postgresql://me:5/hunter2@db.example:5432/x",
        "postgresql://me:hunter2?b@db.example/x",
        "postgresql://me:5?hunter2@db.example/x",
    ],
)
def test_a_password_is_refused_and_not_shown(tmp_path: Path, location: str) -> None:
    """It would stand in mesms.yaml; the error says where it belongs and does not repeat it."""
    with pytest.raises(ConfigError) as caught:
        opened(location, tmp_path)
    error = caught.value
    assert "~/.pgpass" in error.next_step
    assert "hunter2" not in f"{error.what} {error.where} {error.why} {error.next_step}"


@pytest.mark.parametrize(
    "location", ["postgresql://h/x?sslmod=require", "postgresql://[::1/x", "postgresql://h/x?state="]
)
def test_what_libpq_does_not_understand(tmp_path: Path, location: str) -> None:
    """A misspelt word is an error before anything is asked."""
    with pytest.raises(ConfigError) as caught:
        opened(location, tmp_path).read()
    assert "postgresql://user@host:5432/database" in caught.value.next_step


@pytest.mark.parametrize(
    ("location", "environment", "sslmode"),
    [
        ("postgresql://db.example/x", {}, "verify-full"),
        ("postgresql://10.0.0.7/x", {}, "verify-full"),
        ("postgresql://localhost,db.example/x", {}, "verify-full"),
        ("postgresql:///x?host=db.example", {}, "verify-full"),
        ("postgresql:///x", {"PGHOST": "db.example"}, "verify-full"),
        ("postgresql:///x?service=sms", {}, "verify-full"),
        ("postgresql:///x", {"PGSERVICE": "sms"}, "verify-full"),
        ("postgresql://db.example/x?sslmode=require", {}, "require"),
        ("postgresql://db.example/x", {"PGSSLMODE": "require"}, None),
        ("postgresql://localhost/x", {}, None),
        ("postgresql://127.0.0.1/x", {}, None),
        ("postgresql://[::1]:5433/x", {}, None),
        ("postgresql:///x?host=/run/postgresql", {}, None),
        ("postgresql:///x", {}, None),
        ("postgresql://db.example/x?hostaddr=127.0.0.1", {}, None),
    ],
)
def test_tls_is_verified_unless_it_is_said_otherwise(
    location: str, environment: dict[str, str], sslmode: str | None
) -> None:
    """To another machine the server must prove itself; who says less says it in the location or in PGSSLMODE."""
    found = address(location, environment)
    assert found.options.get("sslmode") == sslmode
    assert found.is_our_tls == (sslmode == "verify-full")


def test_a_server_that_cannot_prove_itself(tmp_path: Path) -> None:
    """The error names the certificate's setting."""
    store = opened(server().location(sslmode="verify-full", sslrootcert="system"), tmp_path)
    with pytest.raises(StateError) as caught:
        store.read()
    assert "sslrootcert" in caught.value.next_step
