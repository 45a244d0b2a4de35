"""docs/state.md, "When it is lost": what the page tells a person to do is done, with real processes on the sandbox."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import project, sandbox, sends, texted
from tests.docs.pages import ROOT, code

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

__all__ = ["project", "sandbox"]  # fixtures

PAGE = ROOT / "docs/state.md"
SECRET = {"MESMS_HASH_KEY": "0123456789abcdef0123456789abcdef"}


@pytest.fixture
def shop(project: Project) -> Project:
    """One campaign is scheduled, under a hash key."""
    project.extra.update(SECRET)
    project.campaign("order")
    assert project.apply().code == 0
    return project


def files_of_state(shop: Project) -> list[str]:
    """What stands in the folder of the state, but for people's numbers."""
    return sorted(path.name for path in (shop.root / ".mesms").iterdir() if path.is_file())


def test_the_backup_is_put_in_place_as_the_page_says(shop: Project, sandbox: Running) -> None:
    """Without the file every plan stops; the page's `cp` brings it back, and nothing is sent again."""
    (shop.root / ".mesms/state.json").unlink()
    assert "the state is gone, but its backup is there" in shop.run("plan").err
    copying = next(span for span in code(PAGE) if span.startswith("cp .mesms/state.json.backup"))
    subprocess.run(["sh", "-c", copying], cwd=shop.root, check=True)
    assert shop.run("plan", "--detailed-exitcode").code == 0
    assert shop.apply().code == 0
    assert sends(sandbox) == 1


def test_without_any_copy_a_scheduled_message_is_adopted(shop: Project, sandbox: Running) -> None:
    """An empty state sends nothing that the account holds; `adopt` takes it in, and everybody is texted once."""
    uuid = shop.status()["order"]["sends"][0]["uuid"]
    for name in files_of_state(shop):
        (shop.root / ".mesms" / name).unlink()
    assert shop.apply().code == 3
    assert shop.run("adopt", uuid, "order").code == 0
    assert shop.apply().code == 0
    assert sends(sandbox) == 1
    assert set(texted(sandbox).values()) == {1}


def test_without_the_hash_key_the_stop_holds_and_does_not_cancel(shop: Project, sandbox: Running) -> None:
    """Commands end with 1; `stop --all` is durable all the same, and what is scheduled stays scheduled."""
    del shop.extra["MESMS_HASH_KEY"]
    for command in (("plan",), ("apply", "--auto-approve"), ("stop", "--all")):
        ran = shop.run(*command)
        assert ran.code == 1
        assert "MESMS_HASH_KEY is not set" in ran.err
    assert "STOPPED" in shop.run("status").out
    assert set(texted(sandbox).values()) == {1}


def test_the_old_place_says_where_the_state_is(shop: Project) -> None:
    """After a move the old address ends with 1 and names the new one, which knows the campaign."""
    new = "sqlite:///.mesms/state.db"
    assert shop.run("state", "migrate", new).code == 0
    old = shop.run("plan")
    assert old.code == 1
    assert new in old.err
    assert shop.run("state", "list", MESMS_STATE=new).out.split() == ["order"]
