"""Benches for state in SQLite and in a real PostgreSQL, which is started once for all of them."""

from __future__ import annotations

import atexit
import json
import sqlite3
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mesms_gitops.store.codec import decode
from mesms_gitops.store.rows import Known
from tests.audience import servers

from .benches import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator


class SqlBench(Bench):
    """State in rows. As bytes it is the document that the rows stand for, or the head's text where that is none."""

    mark: str

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A connection of our own, behind the back of every store; what is done in it is committed."""
        raise NotImplementedError

    def body(self) -> bytes:
        with self.connected() as connection:
            (lineage, serial, head) = connection.execute("select lineage, serial, head from mesms_state").fetchone()
            rows = connection.execute("select name, record from mesms_campaign").fetchall()
        if not lineage:
            return head.encode("latin-1")
        tree = {**json.loads(head), "lineage": lineage, "serial": serial}
        tree |= {"campaigns": {name: json.loads(record) for name, record in rows}}
        return (json.dumps(tree, sort_keys=True, ensure_ascii=False, indent=2) + "\n").encode()

    def spoil(self, body: bytes) -> None:
        try:
            tree = json.loads(body)
        except ValueError:
            tree = None
        with self.connected() as connection:
            if not isinstance(tree, dict) or "campaigns" not in tree:
                lineage = tree.get("lineage", "") if isinstance(tree, dict) else ""
                self._do(connection, "update mesms_state set lineage = {}, head = {}", lineage, body.decode("latin-1"))
                return
            # a state that is in order, tally and all: only a run that had read another one can tell
            change = Known.nothing(tree["lineage"]).change(decode(body), "stamp")
            for name, record in change.put.items():
                self._do(connection, "update mesms_campaign set record = {} where name = {}", record, name)
            put = (change.lineage, change.serial, change.head, change.tally)
            self._do(connection, "update mesms_state set lineage = {}, serial = {}, head = {}, tally = {}", *put)

    def _do(self, connection: Any, statement: str, *values: object) -> None:
        connection.execute(statement.format(*[self.mark] * len(values)), values)


class SqliteBench(SqlBench):
    """State in a SQLite file."""

    mark = "?"

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.root / ".mesms/state.db")
        try:
            with connection:
                yield connection
        finally:
            connection.close()


def sqlite_bench(root: Path) -> SqliteBench:
    """An empty place in SQLite."""
    return SqliteBench(root, "sqlite:///.mesms/state.db", commits_take=0.3)


@dataclass(frozen=True)
class Server:
    """A real PostgreSQL on loopback. Its password is in a file, as it would be for anybody."""

    host: str
    port: int
    user: str
    passfile: Path

    def location(self, *, schema: str | None = None, port: int | None = None, user: str = "", **words: str) -> str:
        """What ``state:`` says to keep it there."""
        given = {"passfile": str(self.passfile), **({"schema": schema} if schema else {}), **words}
        query = "&".join(f"{key}={value}" for key, value in given.items())
        return f"postgresql://{user or self.user}@{self.host}:{port or self.port}/crm?{query}"

    def connect(self, schema: str | None = None) -> Any:
        """A connection of the user who may do anything."""
        import psycopg

        search = f"-c search_path={schema}" if schema else ""
        return psycopg.connect(self.location(), autocommit=True, options=search)


@cache
def server() -> Server:
    """The server, started when it is first asked for, stopped when the process ends. Skips where there is none."""
    stack = ExitStack()
    address = urlsplit(stack.enter_context(servers.postgres()))
    atexit.register(stack.close)
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="pass-")))
    passfile = folder / "pgpass"
    passfile.touch(0o600)
    passfile.write_text(f"*:*:*:{address.username}:{address.password}\n", encoding="utf-8")
    assert address.hostname and address.port and address.username
    return Server(address.hostname, address.port, address.username, passfile)


@dataclass
class PostgresBench(SqlBench):
    """State in a schema of its own in that database."""

    schema: str = ""
    mark = "%s"

    @contextmanager
    def connected(self) -> Iterator[Any]:
        with server().connect(self.schema) as connection:
            yield connection

    def role(self) -> tuple[str, str]:
        """Somebody new, who may do nothing here: the name, and the location by which they come."""
        role = f"r{uuid.uuid4().hex}"
        passfile = self.root / f"{role}.pgpass"
        passfile.touch(0o600)
        passfile.write_text(f"*:*:*:{role}:sesame-in-tests\n", encoding="utf-8")
        with self.connected() as connection:
            connection.execute(f"create role {role} login password 'sesame-in-tests'")
        return role, replace(server(), passfile=passfile).location(schema=self.schema, user=role)


def postgres_bench(root: Path) -> PostgresBench:
    """An empty place in PostgreSQL."""
    schema = f"s{uuid.uuid4().hex}"
    return PostgresBench(root, server().location(schema=schema), schema=schema)
