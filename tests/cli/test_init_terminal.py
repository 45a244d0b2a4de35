"""``init`` on a real terminal: what is asked, what is asked again, and what Ctrl-C leaves."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import shlex
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Project

CTRL_C, CTRL_D = "\x03", "\x04"
PATIENCE = 10.0


class Conversation:
    """One command on a pseudo-terminal that is its controlling one, so that Ctrl-C is a signal."""

    def __init__(self, folder: Path, env: dict[str, str], *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        # the shell leads a session of its own: the first terminal it opens becomes its controlling terminal
        line = f"exec <>{os.ttyname(theirs)} >&0 2>&0; exec {shlex.join([COMMAND, *arguments])}"
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", line], cwd=folder, env=env, start_new_session=True, stdin=subprocess.DEVNULL
        )
        self._theirs = theirs  # kept open: what was said stays readable after the command has ended
        self.said = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a letter may come in two pieces

    def until(self, text: str) -> Conversation:
        """Wait until ``text`` is said after everything waited for before."""
        ends = time.monotonic() + PATIENCE
        while text not in self.said:
            assert time.monotonic() < ends, f"waited for {text!r}, heard {self.said!r}"
            self._hear()
        self.said = self.said.partition(text)[2]
        return self

    def answer(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C, as a person does: again if nothing happens.

        A signal that arrives just before Python begins to wait for a line is only seen with the next one.
        """
        for _ in range(5):
            self.answer(CTRL_C)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=2)
                return

    def end(self) -> int:
        """The exit code, with the rest in ``said``."""
        code = self._process.wait(timeout=PATIENCE)
        while self._hear(0.2):
            pass
        return code

    def _hear(self, wait: float = 0.1) -> bool:
        ready, _, _ = select.select([self._ours], [], [], wait)
        if ready:
            self.said += self._decoder.decode(os.read(self._ours, 4096)).replace("\r\n", "\n")
        return bool(ready)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for descriptor in (self._ours, self._theirs):
            os.close(descriptor)


class Terminals:
    """Conversations of one test, all closed at its end."""

    def __init__(self, project: Project) -> None:
        self.folder = project.root.parent / "new"
        self.folder.mkdir()
        self._env = {**project.env, "TERM": "xterm", "COLUMNS": "100"}
        self._open: list[Conversation] = []

    def talk(self, *arguments: str, **env: str) -> Conversation:
        self._open.append(Conversation(self.folder, {**self._env, **env}, *arguments))
        return self._open[-1]

    @property
    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def close(self) -> None:
        for conversation in self._open:
            conversation.close()


@pytest.fixture
def terminals(project: Project) -> Iterator[Terminals]:
    made = Terminals(project)
    yield made
    made.close()


WHOLE = [
    ".gitignore",
    "campaigns/songkran.yaml",
    "mesms.yaml",
    "schemas/campaign.schema.json",
    "schemas/project.schema.json",
]


def test_a_wrong_answer_is_asked_again_with_the_reason(terminals: Terminals, project: Project) -> None:
    talk = terminals.talk("init")
    talk.until("Folder [.]:").answer("\n")
    talk.until("[MESMSDemo]:").answer("ร้านกาแฟ\n")
    talk.until("'ร' (U+0E23) cannot stand in a sender").until("[MESMSDemo]:").answer("SiamCoffee\n")
    talk.until("[Asia/Bangkok]:").answer("Bangkok\n")
    talk.until("write Asia/Bangkok").until("[Asia/Bangkok]:").answer("\n")
    talk.until("[09:00-20:00]:").answer("20:00-09:00\n")
    talk.until("closes before it opens").until("[09:00-20:00]:").answer("11:00-18:00\n")
    talk.until("[hello]:").answer("Songkran\n")
    talk.until("write songkran").until("[hello]:").answer("songkran\n")
    talk.until("create mesms.yaml").until("create campaigns/songkran.yaml").until("Write this? [Y/n]:")
    assert terminals.files == [], "nothing is written before it was shown and agreed to"
    talk.answer("\n")
    assert talk.end() == 0, talk.said
    assert terminals.files == WHOLE
    made = type(project)(terminals.folder, project.env)
    assert made.run("validate").out == "1 manifest valid\n"
    (action,) = made.plan()["actions"]
    assert (action["campaign"], action["sender"], action["reason"]) == ("songkran", "SiamCoffee", "draft")
    assert re.search(r"^schedule: \d{4}-\d\d-\d\dT11:00 ", (terminals.folder / WHOLE[1]).read_text("utf-8"), re.M)


QUESTIONS = ["Folder [.]:", "[MESMSDemo]:", "[Asia/Bangkok]:", "[09:00-20:00]:", "[hello]:", "Write this? [Y/n]:"]


@pytest.mark.parametrize("answered", range(len(QUESTIONS)))
def test_ctrl_c_at_any_question_leaves_nothing(terminals: Terminals, answered: int) -> None:
    talk = terminals.talk("init")
    for question in QUESTIONS[:answered]:
        talk.until(question).answer("\n")
    talk.until(QUESTIONS[answered]).interrupt()
    talk.until("nothing was written")
    assert talk.end() == 130
    assert terminals.files == []


def test_an_end_of_input_and_a_no_leave_nothing(terminals: Terminals) -> None:
    talk = terminals.talk("init")
    talk.until("Folder [.]:").answer(CTRL_D)
    talk.until("nothing was written")
    assert talk.end() == 130
    talk = terminals.talk("init", "sub")
    for question in QUESTIONS[1:-1]:
        talk.until(question).answer("\n")
    talk.until(QUESTIONS[-1]).answer("n\n")
    talk.until("nothing was written")
    assert talk.end() == 1
    assert list(terminals.folder.iterdir()) == []


def test_a_project_that_is_there_is_not_asked_about(terminals: Terminals) -> None:
    (terminals.folder / "mesms.yaml").write_text("version: 1\n", encoding="utf-8")
    talk = terminals.talk("init", ".")
    talk.until("keep   mesms.yaml").until("create .gitignore").until(QUESTIONS[-1]).answer("\n")
    assert talk.end() == 0
    assert terminals.files == [".gitignore", "mesms.yaml", *WHOLE[3:]]


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["init", "--yes"], {}),
        (["init", "--no-input"], {}),
        (["init", "--campaign", "hello"], {}),
        (["init"], {"CI": "true"}),
        (["init"], {"MESMS_IN_AUTOMATION": "1"}),
    ],
)
def test_a_flag_or_automation_asks_nothing(terminals: Terminals, arguments: list[str], env: dict[str, str]) -> None:
    talk = terminals.talk(*arguments, **env)
    assert talk.end() == 0, talk.said
    assert "[MESMSDemo]" not in talk.said
    assert "campaigns/hello.yaml" in terminals.files
