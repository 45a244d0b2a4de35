"""`refresh --openmetrics`: a file for Prometheus' textfile collector, from the account to the disk."""

from __future__ import annotations

import os
import stat
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.sandbox.faults import Fault
from tests.views.test_openmetrics import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project


@pytest.fixture
def sent(project: Project, sandbox: Running) -> Project:
    """One campaign that has gone out, and one that is still to come."""
    project.campaign("order", schedule="now")
    project.campaign("later")
    assert project.apply().code == 0
    sandbox.advance(timedelta(hours=3))
    return project


def test_what_is_written_is_what_the_account_and_state_say(sent: Project, sandbox: Running) -> None:
    """Balance, phases, delivery and the moment; no number in it; and stdout is what it is without the option."""
    ran = sent.run("refresh", "--openmetrics", "mesms.prom")
    assert ran.code == 0, ran.err
    text = (sent.root / "mesms.prom").read_text(encoding="utf-8")
    found = samples(text)
    assert found["mesms_balance_credits", ()] == sandbox.world.credits().balance
    assert found["mesms_sends", (("phase", "sent"),)] == 1
    assert found["mesms_sends", (("phase", "scheduled"),)] == 1
    assert found["mesms_recipients", (("delivery", "success"),)] == 2
    assert found["mesms_recorded_credits", (("phase", "sent"),)] == 2
    # the Date header, by which the server's clock is known, has whole seconds
    assert found["mesms_refresh_timestamp_seconds", ()] == pytest.approx(sandbox.world.now.timestamp(), abs=2)
    assert "8000000" not in text
    assert {dict(labels).get("campaign") for _, labels in found} == {None, "later"}
    assert sent.run("refresh").out.splitlines()[1:] == ran.out.splitlines()[1:]


def test_it_is_readable_to_the_collector_and_never_half_written(sent: Project) -> None:
    """Whoever reads at any moment finds a whole file, and nothing else is left in the folder."""
    file = sent.root / "metrics/mesms.prom"
    file.parent.mkdir()
    assert sent.run("refresh", "--openmetrics", "metrics/mesms.prom").code == 0
    assert stat.S_IMODE(file.stat().st_mode) & 0o444 == 0o444 or os.name != "posix"
    kept, before = sent.root / "kept", file.read_text(encoding="utf-8")
    os.link(file, kept)
    broken: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            text = file.read_text(encoding="utf-8")
            if not text.endswith("# EOF\n"):
                broken.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3):
        assert sent.run("refresh", "--openmetrics", "metrics/mesms.prom").code == 0
    done.set()
    reader.join()
    assert broken == []
    assert kept.read_text(encoding="utf-8") == before, "a reader that had it open goes on reading the old one"
    assert [one.name for one in file.parent.iterdir()] == ["mesms.prom"]


def test_without_a_balance_the_rest_is_written(sent: Project, sandbox: Running) -> None:
    """An old balance would be a lie, so there is none, and a note says so; the refresh itself went well."""
    sandbox.arm(Fault("status", path="/credit/balance", status=403, times=None))
    ran = sent.run("refresh", "--openmetrics", "mesms.prom")
    assert (ran.code, "no balance in the metrics" in ran.err) == (0, True)
    found = samples((sent.root / "mesms.prom").read_text(encoding="utf-8"))
    assert ("mesms_balance_credits", ()) not in found
    assert found["mesms_sends", (("phase", "sent"),)] == 1


def test_a_folder_that_is_not_there(sent: Project) -> None:
    """What was read is in state all the same; the error names the file."""
    ran = sent.run("refresh", "--openmetrics", "nowhere/mesms.prom")
    assert (ran.code, "nowhere" in ran.err) == (1, True)
    assert sent.status()["order"]["phase"] == "sent"


def a_folder(file: Path) -> None:
    file.mkdir()


def a_pipe(file: Path) -> None:
    os.mkfifo(file)


def a_link(file: Path) -> None:
    target = file.with_name("target.prom")
    target.write_text("# HELP mine\n")
    file.symlink_to(target)


def a_dangling_link(file: Path) -> None:
    file.symlink_to(file.with_name("nowhere"))


def a_list(file: Path) -> None:
    file.write_text("phone\n0800000001\n")


def bytes_of_no_text(file: Path) -> None:
    file.write_bytes(b"PAR1\xff\x00")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (a_folder, "this is a folder"),
        (a_pipe, "this is a device or a pipe"),
        (a_link, "this is a symbolic link"),
        (a_dangling_link, "this is a symbolic link"),
        (a_list, "this file holds something else"),
        (bytes_of_no_text, "this file holds something else"),
    ],
)
@pytest.mark.parametrize("watch", [(), ("--watch", "--interval", "1")])
def test_nothing_else_is_replaced(
    sent: Project, sandbox: Running, made: Callable[[Path], None], said: str, watch: tuple[str, ...]
) -> None:
    """It is as it was, nobody was asked, and the error says what it is and which name would do."""
    file = sent.root / "mesms.prom"
    made(file)
    before, asked = os.lstat(file), len(sandbox.requests)
    ran = sent.run("refresh", *watch, "--openmetrics", "mesms.prom")
    assert ran.code == 64
    assert said in " ".join(ran.err.split())
    assert (os.lstat(file).st_ino, os.lstat(file).st_mode) == (before.st_ino, before.st_mode)
    assert os.lstat(file).st_size == before.st_size
    assert len(sandbox.requests) == asked


@pytest.mark.parametrize("text", ["", "# HELP node_load1 Load.\nnode_load1 1\n", "# TYPE a gauge\na 1\n# EOF\n"])
def test_metrics_of_any_kind_are_replaced(sent: Project, text: str) -> None:
    """What another version or tool wrote there, and an empty file."""
    file = sent.root / "mesms.prom"
    file.write_text(text)
    assert sent.run("refresh", "--openmetrics", "mesms.prom").code == 0
    assert samples(file.read_text(encoding="utf-8"))["mesms_sends", (("phase", "sent"),)] == 1


def test_another_ending_is_written_and_said(sent: Project) -> None:
    """The collector would pass it over in silence."""
    ran = sent.run("refresh", "--openmetrics", "mesms.txt")
    assert (ran.code, "files that end in .prom alone" in ran.err) == (0, True)
    assert samples((sent.root / "mesms.txt").read_text(encoding="utf-8"))


def test_watching_writes_after_each_pass(sent: Project, sandbox: Running) -> None:
    """`--watch` ends when all is settled, and the file is of the last pass."""
    sandbox.advance(timedelta(days=20))
    ran = sent.run("refresh", "--watch", "--interval", "1", "--openmetrics", "mesms.prom")
    assert ran.code == 0, ran.err
    assert samples((sent.root / "mesms.prom").read_text(encoding="utf-8"))["mesms_sends", (("phase", "sent"),)] == 2
