"""A real bash with the script sourced: what the Tab key offers."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from mesms_gitops.cli import completion
from tests.cli.test_start_up import HEAVY
from tests.measured import HANG

if TYPE_CHECKING:
    from tests.cli.conftest import Project, Ran

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")

PRESS_TAB = """\
source <(mesms-gitops completion bash) || exit
COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
$(complete -p {program} | sed 's/.*-F \\([^ ]*\\) .*/\\1/') {program} 2>complaints
cat complaints >&2
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def tab(project: Project, *words: str, program: str = "mesms-gitops", **env: str) -> list[str]:
    """What is offered for the last of ``words``; nothing may be said to stderr, where the shell's line is."""
    script = PRESS_TAB.format(words=shlex.join([program, *words]), program=program)
    path = f"{Path(sys.executable).parent}:{project.env['PATH']}"
    ran = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", script],
        cwd=project.root,
        env={**project.env, "PATH": path, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stderr.replace("bash: line 3: compopt: not currently executing completion function\n", "") == ""
    return ran.stdout.split()


@pytest.fixture
def shop(project: Project) -> Project:
    """Three manifests: two named by their file, one by its ``name:`` line. One of them applied, its file then gone."""
    project.campaign("order-done")
    good(project.apply())
    (project.root / "campaigns/order-done.yaml").unlink()
    project.write("campaigns/songkran.yaml", "# no name line\nstate: draft\n")
    project.write("campaigns/sub/2027.yml", 'labels: {x: y}\nname:  "songkran-vip"   # quoted\r\nsender: SiamCoffee\n')
    project.write("campaigns/order-new.yaml", "name: order-new\n")
    project.write("campaigns/Not A Name.yaml", "state: draft\n")
    project.write("campaigns/.hidden.yaml", "name: hidden\n")
    return project


def good(ran: Ran) -> None:
    assert ran.code == 0, ran.err


EVERYTHING = ["order-done", "order-new", "songkran", "songkran-vip"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["stop", ""], EVERYTHING),
        (["stop", "song"], ["songkran", "songkran-vip"]),
        (["stop", "order-new", "order-"], ["order-done"]),
        (["plan", "--target", ""], EVERYTHING),
        (["apply", "--target", "order-done", "--target", "order-"], ["order-new"]),
        (["adopt", "some-uuid", "songkran-"], ["songkran-vip"]),
        (["status", ""], ["order-done"]),
        (["report", "o"], ["order-done"]),
        (["resolve", ""], ["order-done"]),
        (["resolve", "x"], []),
        (["sto"], ["stop"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
    ],
    ids=" ".join,
)
def test_names_are_offered_where_a_campaign_is_wanted(shop: Project, words: list[str], offered: list[str]) -> None:
    assert tab(shop, *words) == offered


def test_the_short_command_is_completed_too(shop: Project) -> None:
    assert tab(shop, "stop", "songkran-", program="mesms") == ["songkran-vip"]


@pytest.mark.parametrize("place", [["-C", "../project", "stop"], ["stop", "-C", "../project"]], ids=" ".join)
def test_another_folder_is_looked_at_where_one_is_named(shop: Project, place: list[str]) -> None:
    elsewhere = shop.root.parent / "elsewhere"
    elsewhere.mkdir()
    there = type(shop)(elsewhere, shop.env)
    assert tab(there, *place, "songkran-") == ["songkran-vip"]
    assert tab(there, "stop", "") == []


@pytest.mark.parametrize(
    "lines",
    [
        "campaigns: [sms/a, 'sms/b/']",
        "campaigns:\n  - sms/a   # first\n  - sms/b",
        "campaigns:\n- sms/*/*.yaml",
        'campaigns: ["sms/**/*.yaml", ../outside]',
    ],
    ids=["flow", "block", "glob", "any depth"],
)
def test_folders_are_read_off_the_project_file(project: Project, lines: str) -> None:
    project.write("mesms.yaml", f"version: 1\n{lines}\ntimezone: Asia/Bangkok\n")
    project.write("sms/a/one.yaml", "")
    project.write("sms/b/two.yaml", "")
    project.write("campaigns/three.yaml", "")
    project.write("../outside/four.yaml", "")
    assert tab(project, "stop", "") == ["one", "two"]


def test_state_elsewhere_is_not_asked(shop: Project) -> None:
    """A bucket is not waited for: the manifests' names stand in for it."""
    written = ["order-new", "songkran", "songkran-vip"]
    assert tab(shop, "status", "", MESMS_STATE="s3://nowhere.example/state.json") == written
    (shop.root / ".mesms/state.json").rename(shop.root / "other.json")
    assert tab(shop, "status", "") == []
    assert tab(shop, "status", "", MESMS_STATE="other.json") == ["order-done"]
    shop.write("mesms.yaml", 'version: 1\nstate: "other.json"   # moved\n')
    assert tab(shop, "status", "") == ["order-done"]


def test_whatever_is_wrong_is_silence(shop: Project) -> None:
    """``tab`` holds stderr to be empty."""
    (shop.root / ".mesms/state.json").write_bytes(b"\xff\x00{{{")
    (shop.root / "campaigns/order-new.yaml").write_bytes(b"\xff\xfe\x00name: x")
    (shop.root / "campaigns/circle").symlink_to(shop.root / "campaigns")
    (shop.root / "campaigns/dangling.yaml").symlink_to("nowhere")
    assert tab(shop, "stop", "") == ["dangling", "order-new", "songkran", "songkran-vip"]
    (shop.root / "mesms.yaml").write_bytes(b"\xff\xfe: [")
    assert "songkran" in tab(shop, "stop", "")
    (shop.root / "mesms.yaml").unlink()
    assert tab(shop, "stop", "") == []


def test_ten_thousand_manifests_are_no_wait(project: Project) -> None:
    """The bound is far above what it takes (0.2 s): it is there for a search that hangs.

    So busy that it may run out of patience with opening files: their stems are the names, as they nearly always are.
    """
    for number in range(10_000):
        name = f"big-{number:05d}"
        (project.root / f"campaigns/{name}.yaml").write_text(f"name: {name}\n" + "labels: {a: b}\n" * 20)
    started = time.monotonic()
    assert tab(project, "stop", "big-0001") == [f"big-0001{digit}" for digit in range(10)]
    assert time.monotonic() - started < HANG


def test_patience_ends_with_the_stem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mesms.yaml").write_text("version: 1\n")
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns/stem.yaml").write_text("name: line\n")
    context = click.Context(click.Command("stop"), obj={"chdir": str(tmp_path)})
    argument = click.Argument(["names"], nargs=-1)

    def offered() -> list[str]:
        return [item.value for item in completion.written_or_recorded(context, argument, "")]

    assert offered() == ["line"]
    monkeypatch.setattr(completion, "PATIENCE", 0.0)
    assert offered() == ["stem"]


PROBE = """
import os, sys
os.environ.update(COMP_WORDS="mesms-gitops stop ", COMP_CWORD="2", _MESMS_GITOPS_COMPLETE="bash_complete")
from mesms_gitops.cli.app import run
try:
    run([])
finally:
    print(*sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)
"""


def test_completion_imports_nothing_heavy(shop: Project) -> None:
    heavy = (*HEAVY, "subprocess")
    ran = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=heavy)], cwd=shop.root, capture_output=True, text=True, check=False
    )
    assert (ran.stdout.split()[-1], ran.stderr) == ("plain,songkran-vip", "\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_serves_both_names_and_its_shell_can_read_it(project: Project, shell: str) -> None:
    ran = project.run("completion", shell)
    good(ran)
    assert "mesms-gitops" in ran.out
    assert "mesms" in ran.out.splitlines()[-1].replace("mesms_gitops", "")
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=ran.out, text=True, check=True)
    assert f"completion {shell}" in project.run("completion", "--help").out
