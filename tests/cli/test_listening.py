"""Reading that takes long says how far it is: one line that moves on a terminal, few lines in a log."""

from __future__ import annotations

import io
import os
import pty
import re
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.audience.sources.outside import Step
from mesms_gitops.cli.listening import Listener
from mesms_gitops.cli.terminal import Teller, Terminal
from tests.cli.conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Project

ROWS = b"0800000001\n" * 40_000
PIECES = 20
PAUSE = 0.2


@contextmanager
def slow_list() -> Iterator[str]:
    """The address of a list of some megabytes that takes four seconds to come."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/members.csv"


def _serve(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                size = len(b"phone\n") + PIECES * len(ROWS)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nphone\n" % size)
                for _ in range(PIECES):
                    connection.sendall(ROWS)
                    time.sleep(PAUSE)


def on_a_terminal(project: Project, *arguments: str) -> str:
    """Everything that a real terminal gets to see of a command."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project.root)
        os.execve(COMMAND, [COMMAND, *arguments], {**project.env, "TERM": "xterm"})
    seen = b""
    with suppress(OSError):  # a terminal nobody holds open any more
        while piece := os.read(terminal, 65536):
            seen += piece
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen
    return seen.decode()


def test_a_terminal_sees_one_line_move_and_go(project: Project) -> None:
    with slow_list() as address:
        project.campaign("sale", recipients=[{"csv": address, "phone": "phone"}])
        seen = on_a_terminal(project, "plan", "--offline")
    shown = re.findall(r"\r\x1b\[K(reading 127[^\r\x1b]* MB)", seen)
    assert len(shown) > 3
    assert re.fullmatch(r"reading 127\.0\.0\.1/members\.csv: \d\.\d MB of 8\.8 MB", shown[0])
    assert shown == sorted(shown)
    progress, cleared, plan = seen.rpartition("\r\x1b[K")
    assert cleared
    assert "\n" not in progress
    assert "Plan: " in plan


def test_a_pipe_sees_nothing_of_a_few_seconds(project: Project) -> None:
    with slow_list() as address:
        project.campaign("sale", recipients=[{"csv": address, "phone": "phone"}])
        ran = project.run("plan", "--offline")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("animates", "verbose", "told"),
    [(True, False, 3992), (True, True, 99), (False, True, 99), (False, False, 33)],
)
def test_how_often_long_work_is_told(animates: bool, verbose: bool, told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thousand seconds of eight steps each: four a second where a line is rewritten, else a line at times."""
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    now = 0.0
    teller = Teller(Terminal(80, False, False, False, animates), verbose=verbose)
    listener = Listener(teller, lambda: now)
    for eighth in range(8_000):
        now = eighth / 8
        listener(Step("members.csv", eighth, None, "rows"))
    assert stderr.getvalue().count("reading members.csv") == pytest.approx(told, rel=0.02)
    assert ("\n" in stderr.getvalue()) == (verbose or not animates)
