"""`validate` and `fix` as a user meets them: where files are named from, what paths mean, what is offered."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import PROJECT, Project

if TYPE_CHECKING:
    from pathlib import Path

DRAFT = "state: draft\nsender: SiamCoffee\n"
WHOLE = DRAFT + "content: ready\n"
BAD = DRAFT + "nmae: x\n"
SLIP = DRAFT + "content: it’s ready\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A git repository."""
    folder = tmp_path / "repository"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    return folder


@pytest.fixture
def nested(root: Path, tmp_path: Path) -> Project:
    """A project that is not at its repository's root."""
    (tmp_path / "home").mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8"}
    made = Project(root / "marketing/sms", env)
    made.write("mesms.yaml", PROJECT)
    (made.root / "campaigns").mkdir()
    return made


# --- where files are named from ---------------------------------------------------------------------------------------


def annotated(text: str) -> set[str]:
    """The files of annotations."""
    return {line.partition("file=")[2].partition(",")[0] for line in text.splitlines() if line.startswith("::")}


def uris(text: str) -> set[str]:
    """The files of a SARIF run's results."""
    places = [place for result in json.loads(text)["runs"][0]["results"] for place in result["locations"]]
    return {place["physicalLocation"]["artifactLocation"]["uri"] for place in places}


def test_github_and_code_scanning_name_files_from_the_repositorys_root(nested, root):
    nested.write("campaigns/a.yaml", BAD)
    name = "marketing/sms/campaigns/a.yaml"
    assert annotated(nested.run("validate", "--format", "github").out) == {name}
    assert uris(nested.run("validate", "--format", "sarif").out) == {name}
    above = Project(root, nested.env)
    assert annotated(above.run("-C", "marketing/sms", "validate", "--format", "github").out) == {name}
    assert {one["file"] for one in nested.run("validate", "--json").json["diagnostics"]} == {"campaigns/a.yaml"}
    assert "--> campaigns/a.yaml:3:1" in nested.run("validate").out


def test_the_workspace_of_a_job_is_the_root_where_it_is_around_the_project(nested, root):
    nested.write("campaigns/a.yaml", BAD)
    for workspace, name in [
        (root.parent, "repository/marketing/sms/campaigns/a.yaml"),
        (nested.root, "campaigns/a.yaml"),
        (root.parent / "home", "marketing/sms/campaigns/a.yaml"),
    ]:
        ran = nested.run("validate", "--format", "github", GITHUB_WORKSPACE=str(workspace))
        assert annotated(ran.out) == {name}


def test_a_worktree_is_a_root_and_so_is_a_project_outside_of_git(nested, root):
    nested.write("campaigns/a.yaml", BAD)
    (root / "marketing/.git").write_text("gitdir: elsewhere\n")
    assert annotated(nested.run("validate", "--format", "github").out) == {"sms/campaigns/a.yaml"}
    (root / "marketing/.git").unlink()
    (root / ".git").rename(root / "no-git")
    assert annotated(nested.run("validate", "--format", "github").out) == {"campaigns/a.yaml"}


def test_errors_of_the_project_file_are_named_the_same_way(nested):
    nested.write("mesms.yaml", "version: 1\nnonsense: 1\n")
    assert annotated(nested.run("validate", "--format", "github").out) == {"marketing/sms/mesms.yaml"}
    assert uris(nested.run("validate", "--format", "sarif").out) == {"marketing/sms/mesms.yaml"}


def test_the_summary_is_only_named_where_there_is_one(nested, tmp_path):
    nested.write("campaigns/a.yaml", DRAFT + "".join(f"key{number}: x\n" for number in range(11)))
    last = nested.run("validate", "--format", "github").out.splitlines()[-1]
    assert last.endswith("than annotations: run mesms-gitops validate for all of them")
    ran = nested.run("validate", "--format", "github", GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert ran.out.splitlines()[-1].endswith("than annotations: see the summary of the job")
    assert "key10" in (tmp_path / "summary.md").read_text()


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["c1", "c2"])
@pytest.mark.parametrize("flags", [(), ("--no-cache",)])
def test_a_name_is_compared_with_those_of_files_that_are_not_named(nested, named, flags):
    nested.write("campaigns/c1.yaml", "name: c2\n" + WHOLE)
    nested.write("campaigns/c2.yaml", WHOLE)
    nested.write("campaigns/other.yaml", BAD)
    for _ in range(2):
        ran = nested.run("validate", f"campaigns/{named}.yaml", "--json", *flags)
        (found,) = ran.json["diagnostics"]
        assert (ran.code, found["code"], found["file"], found["line"]) == (1, "MS128", "campaigns/c1.yaml", 1)
        assert found["message"] == "the name c2 is taken: campaigns/c2.yaml:1:1 (from the file's name)"


def test_a_clash_of_others_is_not_said(nested):
    nested.write("campaigns/c1.yaml", "name: c2\n" + WHOLE)
    nested.write("campaigns/c2.yaml", WHOLE)
    nested.write("campaigns/c3.yaml", WHOLE)
    ran = nested.run("validate", "campaigns/c3.yaml")
    assert (ran.code, ran.out) == (0, "1 manifest valid\n")


# --- paths ------------------------------------------------------------------------------------------------------------


def test_paths_are_looked_for_in_the_folder_of_c(nested, root):
    nested.write("campaigns/a.yaml", SLIP)
    nested.write("text.txt", "hello")
    above = Project(root, nested.env)
    for before in (True, False):
        there = ["-C", "marketing/sms"]
        for command, code in ([("validate", "campaigns/a.yaml"), 0], [("fix", "campaigns/a.yaml"), 0]):
            ran = above.run(*there, *command) if before else above.run(*command, *there)
            assert (ran.code, ran.out != "") == (code, True), ran.err
            ran = above.run(*there, command[0], "marketing/sms/campaigns/a.yaml")
            assert ran.code == 64
            assert "Path 'marketing/sms/campaigns/a.yaml' does not exist." in ran.err
        ran = above.run(*there, "parts", "text.txt") if before else above.run("parts", "text.txt", *there)
        assert (ran.code, ran.out.splitlines()[0][:17]) == (0, "text.txt: 1 part,")


@pytest.mark.parametrize("command", [("validate",), ("fix",), ("validate", "a"), ("fix", "a"), ("parts", "a")])
def test_a_folder_that_is_not_there_is_said(nested, command):
    ran = nested.run(*command, "-C", "nowhere")
    assert ran.code == nested.run("validate", "-C", "nowhere").code
    assert "there is no folder nowhere" in ran.err


def test_every_command_without_a_project_takes_c(nested):
    assert nested.run("schema", "plan", "-C", "campaigns").out == nested.run("schema", "plan").out
    assert nested.run("explain", "MS101", "-C", "campaigns").code == 0


def test_what_was_checked_is_said(nested):
    nested.write("lists/vip.csv", "phone\n")
    nested.write("campaigns/a.yaml", DRAFT + "content: ok\n")
    ran = nested.run("validate", "lists")
    warning = "warning: 0 manifests: nothing under these paths is a campaign\n"
    assert (ran.code, ran.out, ran.err) == (0, "", warning)
    ran = nested.run("validate", "lists", "--json")
    assert (ran.code, ran.json["diagnostics"], ran.err) == (0, [], warning)
    ran = nested.run("validate", "mesms.yaml")
    assert (ran.code, ran.out, ran.err) == (0, "mesms.yaml valid\n", "")
    ran = nested.run("validate", "mesms.yaml", "campaigns")
    assert (ran.code, ran.out, ran.err) == (0, "mesms.yaml valid\n1 manifest valid\n", "")
    nested.write("mesms.yaml", "version: 1\nnonsense: 1\n")
    ran = nested.run("validate", "mesms.yaml")
    assert (ran.code, "nonsense" in ran.out, "valid\n" in ran.out, ran.err) == (1, True, False, "")


# --- what is offered --------------------------------------------------------------------------------------------------

OFFER = "see what can be mended for you: mesms-gitops fix --code "


def test_fix_is_offered_for_what_it_mends_and_never_twice(nested):
    nested.write("campaigns/a.yaml", DRAFT + "content: it’s\u00a0😀\n")
    assert nested.run("validate").out.splitlines()[-2] == OFFER + "MS323"
    assert nested.run("validate", "campaigns/a.yaml").out.splitlines()[-2] == OFFER + "MS323"
    assert nested.run("fix", "--write", "--code", "MS323").code == 0
    assert "mesms-gitops fix" not in nested.run("validate").out


def test_fix_is_offered_for_a_template(nested):
    nested.write("templates/a.txt.j2", "it’s ready")
    nested.write("campaigns/a.yaml", DRAFT + "template: ../templates/a.txt.j2\n")
    assert OFFER + "MS324\n" in nested.run("validate").out


def test_fix_is_not_offered_for_what_stands_in_the_project_file(nested):
    nested.write("mesms.yaml", PROJECT + "defaults: {content: it’s ready}\n")
    nested.write("campaigns/a.yaml", DRAFT)
    ran = nested.run("validate")
    assert "MS324" in ran.out
    assert "mesms-gitops fix" not in ran.out


def test_beyond_two_hundred_files_it_may_be(nested):
    for number in range(201):
        nested.write(f"campaigns/c{number}.yaml", SLIP)
    assert "some of it may be mended for you: mesms-gitops fix --code MS324\n" in nested.run("validate").out
    nested.write("mesms.yaml", PROJECT + "defaults: {content: it’s ready}\n")
    for number in range(201):
        nested.write(f"campaigns/c{number}.yaml", DRAFT)
    assert "mesms-gitops fix" not in nested.run("validate").out


def test_fix_speaks_for_itself_where_the_project_file_has_errors(nested):
    nested.write("mesms.yaml", "version: 1\nnonsense: 1\n")
    before = nested.write("campaigns/a.yaml", SLIP).read_bytes()
    ran = nested.run("fix", "--write", "--code", "MS324")
    assert (ran.code, ran.out) == (1, "")
    assert "sent" not in ran.err
    assert ran.err.endswith("next: mend mesms.yaml by hand, then run mesms-gitops fix again\n")
    assert (nested.root / "campaigns/a.yaml").read_bytes() == before


@pytest.mark.parametrize("number", ["0800000001", "+66 80 000 0001"])
def test_fix_shows_no_number_and_writes_it(nested, number):
    file = nested.write(
        "campaigns/a.yaml", SLIP + f'recipients:\n- numbers:\n  - "{number}"\n  - 0800000002\n# call {number}\n'
    )
    ran = nested.run("fix")
    assert ran.code == 0
    assert number not in ran.out
    assert "0800000002" not in ran.out
    assert '\n-  - 080xxxxx02\n+  - "080xxxxx02"\n' in ran.out
    assert "struck out" in ran.err
    assert nested.run("fix", "--write", "--code", "MS122,MS324").code == 0
    assert file.read_text().count(number) == 2
    assert '- "0800000002"\n' in file.read_text()
