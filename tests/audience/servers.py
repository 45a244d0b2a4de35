"""A real PostgreSQL, MariaDB and S3-compatible store on loopback, each in a folder of its own, gone after the tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USER = "reader"
PASSWORD = "sesame-in-tests"
_PATIENCE = 60.0


def lacking(what: str) -> None:
    """Skip, or in CI fail, for want of ``what``."""
    message = f"{what} is not installed: scripts/need-servers installs it"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _program(name: str, *folders: str) -> str | None:
    newest_first = sorted((str(path) for folder in folders for path in Path("/").glob(folder)), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*newest_first, os.environ.get("PATH", "")]))


def _as_nobody(command: list[str]) -> list[str]:
    """``command`` as a user who is not root: both servers refuse to run as root."""
    if os.getuid():
        return command
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    # a short path: that of a socket must not be longer than some hundred bytes
    with tempfile.TemporaryDirectory(prefix="db-", dir="/tmp", ignore_cleanup_errors=True) as name:
        if not os.getuid():
            shutil.chown(name, "nobody", "nogroup")
        yield Path(name)


@contextlib.contextmanager
def _running(command: list[str], folder: Path, log: Path, is_up: Callable[[], bool]) -> Iterator[None]:
    with log.open("wb") as output:
        server = subprocess.Popen(_as_nobody(command), stdout=output, stderr=output, cwd=folder)
    try:
        until = time.monotonic() + _PATIENCE
        while not is_up():
            if server.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{command[0]} does not come up:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _quietly(command: list[str], folder: Path) -> bool:
    done = subprocess.run(_as_nobody(command), cwd=folder, capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def _must(command: list[str], folder: Path) -> None:
    done = subprocess.run(_as_nobody(command), cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database, whose user may do anything."""
    folders = ("usr/lib/postgresql/*/bin", "usr/local/pgsql/bin")
    initdb, server, client = (_program(name, *folders) for name in ("initdb", "postgres", "psql"))
    if not (initdb and server and client):
        lacking("PostgreSQL")
        return
    with _folder() as folder:
        _must([initdb, "-D", f"{folder}/data", "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync"], folder)
        port = free_port()
        (folder / "data/pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        command = [server, "-D", f"{folder}/data", "-p", str(port), "-k", str(folder), "-h", "127.0.0.1", "-F"]
        local = [client, "-h", str(folder), "-p", str(port), "-U", "owner", "-v", "ON_ERROR_STOP=1", "-d"]
        log = folder / "log"
        with _running(command, folder, log, lambda: _quietly([*local, "postgres", "-c", "select 1"], folder)):
            _must([*local, "postgres", "-c", f"create role {USER} superuser login password '{PASSWORD}'"], folder)
            _must([*local, "postgres", "-c", "create database crm"], folder)
            yield f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/crm"


@contextlib.contextmanager
def mariadb() -> Iterator[str]:
    """The address of an empty database, whose user may do anything."""
    folders = ("usr/sbin", "usr/local/sbin", "usr/bin", "usr/local/mysql/bin")
    server, install, client = (_program(name, *folders) for name in ("mariadbd", "mariadb-install-db", "mariadb"))
    if not (server and install and client):
        lacking("MariaDB")
        return
    with _folder() as folder:
        common = ["--no-defaults", f"--datadir={folder}/data"]
        _must([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"], folder)
        port = free_port()
        command = [server, *common, f"--port={port}", f"--socket={folder}/s", "--bind-address=127.0.0.1"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0", f"--pid-file={folder}/pid"]
        local = [client, "--no-defaults", f"--socket={folder}/s", "-u", "root"]
        with _running(command, folder, folder / "log", lambda: _quietly([*local, "-e", "select 1"], folder)):
            for host in ("127.0.0.1", "localhost"):
                _must([*local, "-e", f"create user {USER}@'{host}' identified by '{PASSWORD}'"], folder)
                _must([*local, "-e", f"grant all on *.* to {USER}@'{host}'"], folder)
            _must([*local, "-e", "create database crm character set utf8mb4"], folder)
            yield f"mysql://{USER}:{PASSWORD}@127.0.0.1:{port}/crm"


@contextlib.contextmanager
def s3() -> Iterator[str]:
    """The endpoint of a store that speaks S3."""
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    try:
        host, port = running.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        running.stop()
