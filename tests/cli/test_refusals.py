"""Every refusal, made for real against the sandbox: its exit code, its whole text, and that nothing was sent by it.

docs/refusals.md is these texts. ``UPDATE_SNAPSHOTS=1 pytest tests/cli/test_refusals.py`` writes them anew; read the
diff before committing it.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import sends
from .refusals import REFUSALS, Refusal
from .test_init_terminal import PATIENCE, Conversation

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

    from .conftest import Project

SNAPSHOTS = Path(__file__).parent / "snapshots/refusals"
PAGE = Path(__file__).parents[2] / "docs/refusals.md"
IS_UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))
PLAIN = {"COLUMNS": "80", "NO_COLOR": "1"}
PROGRESS = re.compile(r"\r\x1b\[K[^\r\n]*(?=\r\x1b\[K)|\r\x1b\[K")
"""One line that is rewritten, as often as it was."""
RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
INTRODUCTION = """\
# Refusals

What stops a plan before its first effect, and what that looks like: every text on this page was printed by the command
above it, in a test that makes the situation for real and sees that nothing was sent.

A refusal says what was measured, the limit, where the limit is set, and how to override it. Exit code 4 is a limit, a
policy, the balance or a sender; 5 an approval that is for something else; 3 a campaign that waits for a person, while
the others go on; 1 a mistake in a file, or a person who did not approve; 64 nobody there to ask.

[Policy](policy.md) says what can be set and waived, [the plan](plan.md#approval) how approval works; the long form of
every code is in [codes](codes.md), and behind `mesms-gitops explain CODE`.
"""


def compared(file: Path, text: str) -> None:
    """``text`` is byte for byte what it was when somebody last read it."""
    if IS_UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


class Person(Conversation):
    """Somebody at a terminal, who keeps everything that was said."""

    def hear(self, question: str) -> None:
        """Listen until ``question`` was asked."""
        ends = time.monotonic() + PATIENCE
        while question not in self.said:
            assert time.monotonic() < ends, f"waited for {question!r}, heard {self.said!r}"
            self._hear()


def spoken(refusal: Refusal, project: Project) -> tuple[int, str]:
    """Exit code and everything that is printed; on a terminal where somebody is asked. Names of runs are left out."""
    if refusal.answer is None:
        ran = project.run(*refusal.command, **PLAIN)
        return ran.code, RUN.sub("(time)-(random)", ran.out + ran.err)
    talk = Person(project.root, {**project.env, **PLAIN, "TERM": "xterm"}, *refusal.command)
    try:
        talk.hear("Enter a value")
        talk.answer(refusal.answer + "\n")
        code = talk.end()
        return code, PROGRESS.sub("", talk.said)
    finally:
        talk.close()


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_has_its_exit_code_and_text_and_sends_nothing(
    project: Project, sandbox: Running, name: str
) -> None:
    """Whole output, compared; no number of anybody in it."""
    refusal = REFUSALS[name]
    refusal.make(project, sandbox)
    before = sends(sandbox)
    code, text = spoken(refusal, project)
    assert code == refusal.exit_code, text
    assert sends(sandbox) == before
    compared(SNAPSHOTS / f"{name}.txt", text)
    assert not re.search(r"08(?:00|11)\d{6}", text)


def test_the_page_is_what_was_printed() -> None:
    """docs/refusals.md holds every situation with its text, and nothing else is there."""
    compared(PAGE, page())
    assert {file.stem for file in SNAPSHOTS.iterdir()} == set(REFUSALS)


def page() -> str:
    """The whole page."""
    rows = [
        f"| [{refusal.guard}](#{name}) | {refusal.situation} | {refusal.exit_code} |"
        for name, refusal in REFUSALS.items()
    ]
    table = "\n".join(["| guard | situation | exit |", "|---|---|---|", *rows])
    return "\n".join([INTRODUCTION, table, "", *(_section(name, refusal) for name, refusal in REFUSALS.items())])


def _section(name: str, refusal: Refusal) -> str:
    text = (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")
    situation = f"{refusal.situation[0].upper()}{refusal.situation[1:]}."
    command = f"$ mesms-gitops {shlex.join(refusal.command)}"
    shown = f"```text\n{command}\n{text}{'' if text.endswith(chr(10)) else chr(10)}(exit {refusal.exit_code})\n```"
    return f'## <a id="{name}"></a>{refusal.guard}\n\n{situation}\n\n{shown}\n'
