"""Ctrl-C at the question whether to send: nothing is sent, the lock is free, and no Enter key is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import sends
from .test_init_terminal import Conversation

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

    from .conftest import Project

LIST = "phone\n0800000001\n0800000002\n"


@pytest.mark.parametrize("command", [("apply",), ("forget", "0800000009")], ids=["apply", "forget"])
def test_ctrl_c_ends_the_question(project: Project, sandbox: Running, command: tuple[str, ...]) -> None:
    """Also after a list was read, by a library that has the system resume a read which a signal broke off."""
    project.write("lists/members.csv", LIST)
    project.campaign("sale", recipients=[{"csv": "../lists/members.csv", "phone": "phone"}])
    talk = Conversation(project.root, {**project.env, "TERM": "xterm"}, *command)
    talk.until("Enter a value:").interrupt()
    assert talk.end() == 130
    assert "interrupted" in talk.said
    assert sends(sandbox) == 0
    assert project.apply().code == 0, "the lock is free"
