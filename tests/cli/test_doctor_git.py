"""`doctor` and what stands in git, or beside it: the key, lists of people, kept numbers, and each kind of state."""

from __future__ import annotations

import os
import secrets
import subprocess
from typing import TYPE_CHECKING

import polars as pl
import pytest
import xlsxwriter

from mesms_gitops.cli.doctor.objects import searched
from mesms_gitops.cli.doctor.phones import mobiles
from tests.cli.conftest import PROJECT
from tests.cli.test_doctor import line, verdicts
from tests.store.object_servers import BUCKET, CREDENTIALS, moto, small_store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Project

KEY = "k3y-of-a-test-0123456789abcdef"
IGNORED = ".mesms/audience/\n.mesms/delivery/\n"


def git(folder: Path, *arguments: str) -> str:
    """git, as somebody with a name."""
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@shop.example"}
    names |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@shop.example"}
    env = {**{name: value for name, value in os.environ.items() if not name.startswith("GIT_")}, **names}
    ran = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, env=env)
    return ran.stdout.strip()


def commit(project: Project) -> str:
    """Commit all there is."""
    git(project.root, "add", "--all")
    git(project.root, "commit", "--quiet", "--allow-empty", "--message", "x")
    return git(project.root, "rev-parse", "--short", "HEAD")


@pytest.fixture
def repository(project: Project) -> Project:
    """The project in a repository of its own, with one commit."""
    git(project.root, "init", "--quiet")
    project.write(".gitignore", IGNORED)
    commit(project)
    return project


def offline(project: Project) -> dict[str, str]:
    """Verdicts without the account, with a key that could not be in a test's name by chance."""
    return verdicts(project.run("doctor", "--offline", "--json", MESMS_API_KEY=KEY))


def test_a_clean_repository_has_nothing_to_say(repository: Project) -> None:
    found = offline(repository)
    checks = ("git.key", "git.history", "git.lists", "git.ignored", "snapshots")
    assert {check: found[check] for check in checks} == dict.fromkeys(checks, "ok")
    assert "git.old_lists" not in found


@pytest.mark.parametrize("variable", ["MESMS_API_KEY", "MESMS_HASH_KEY"])
def test_a_key_in_a_file_that_git_would_take_is_a_fail(variable: str, repository: Project) -> None:
    """Tracked or not yet: the file is named, the key never is, and an ignored file is nobody's business."""
    repository.write("deploy.sh", f"export {variable}={KEY}\n")
    ran = repository.run("doctor", "--offline", "--json", **{variable: KEY})
    (found,) = [one for one in ran.json["lines"] if one["check"] == "git.key" and one["verdict"] == "fail"]
    assert ran.code == 1
    assert f"{variable} stands in deploy.sh" in found["found"]
    assert KEY not in ran.out + ran.err
    repository.write(".gitignore", f"{IGNORED}deploy.sh\n")
    assert repository.run("doctor", "--offline", **{variable: KEY}).code == 0


def test_a_key_that_was_committed_and_deleted_is_still_found(repository: Project) -> None:
    """In a file of an old commit, or in a message: the commit is named, and the key has to be revoked."""
    repository.write("deploy.sh", f"export MESMS_API_KEY={KEY}\n")
    name = commit(repository)
    (repository.root / "deploy.sh").unlink()
    commit(repository)
    ran = repository.run("doctor", "--offline", "--json", MESMS_API_KEY=KEY)
    assert ran.code == 1
    assert name in line(ran, "git.history")["found"]
    assert "revoke it" in line(ran, "git.history")["next"]
    assert line(ran, "git.key")["verdict"] == "ok"
    assert KEY not in ran.out + ran.err


def test_a_key_in_the_message_of_a_commit_is_found(repository: Project) -> None:
    git(repository.root, "commit", "--quiet", "--allow-empty", "--message", f"key is {KEY}")
    assert offline(repository)["git.history"] == "fail"


def test_the_key_is_no_argument_of_a_process(repository: Project, tmp_path: Path) -> None:
    """Others on the machine see arguments of processes: git is never given the key, which a git in its place notes."""
    log, folder = tmp_path / "asked", tmp_path / "bin"
    folder.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    stand_in = folder / "git"
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {log}\nexec {real} "$@"\n')
    stand_in.chmod(0o755)
    repository.write("deploy.sh", KEY)
    commit(repository)
    path = f"{folder}{os.pathsep}{repository.env['PATH']}"
    assert repository.run("doctor", "--offline", MESMS_API_KEY=KEY, PATH=path).code == 1
    assert "cat-file" in log.read_text()
    assert KEY not in log.read_text()


def test_a_history_that_takes_too_long_is_a_warning_and_not_an_all_clear(repository: Project) -> None:
    """With no time at all nothing is said to be whole, and the process that was started is gone."""
    found = searched(repository.root, KEY.encode(), patience=-1.0)
    assert not found.is_whole
    assert searched(repository.root, KEY.encode()).is_whole


def test_a_key_across_the_seam_of_two_pieces_is_found(repository: Project) -> None:
    """A large object is searched in pieces: a key that two of them share is found all the same."""
    for size in ((1 << 20) - 5, (5 << 20) - 9, (6 << 20) - 1):
        repository.write("big.bin", f"{'x' * size}{KEY}{'y' * 100}")
        commit(repository)
    assert len(searched(repository.root, KEY.encode()).with_secret) == 3


def test_lists_of_numbers_in_git_are_counted_and_named(repository: Project) -> None:
    """CSV, workbook and Parquet: how many different numbers, in which files; no number is shown."""
    numbers = [f"08{each:08d}" for each in range(10_000_000, 10_000_007)]
    (repository.root / "lists").mkdir()
    repository.write("lists/a.csv", "mobile\n" + "\n".join([*numbers, numbers[0]]))
    book = xlsxwriter.Workbook(str(repository.root / "lists/b.xlsx"))
    sheet = book.add_worksheet()
    for row, number in enumerate(numbers):
        sheet.write(row, 0, number if row % 2 else int(number))
    book.close()
    pl.DataFrame({"phone": [f"66{number[1:]}" for number in numbers], "n": range(7)}).write_parquet(
        repository.root / "lists/c.parquet"
    )
    repository.write("lists/prices.csv", "sku,price\n0812345678901,5\n2026081234567,6\n")
    ran = repository.run("doctor", "--offline", "--json")
    assert line(ran, "git.lists")["verdict"] == "ok", "nothing of it is tracked yet"
    commit(repository)
    ran = repository.run("doctor", "--offline", "--json")
    found = line(ran, "git.lists")
    assert found["found"].startswith("git: 21 phone numbers in lists/a.csv, lists/b.xlsx, lists/c.parquet,")
    assert not any(number[1:] in ran.out for number in numbers)


def test_the_schemas_that_init_writes_are_no_lists(repository: Project) -> None:
    """They show how a number is written; any other JSON with the very same numbers is still a list."""
    assert repository.run("init", "--yes").code == 0
    schema = (repository.root / "schemas/campaign.schema.json").read_text(encoding="utf-8")
    assert "0812345678" in schema
    commit(repository)
    assert offline(repository)["git.lists"] == "ok"
    repository.write("schemas/people.schema.json", '{"people": ["0812345678"]}')
    commit(repository)
    assert offline(repository)["git.lists"] == "warn"


def test_a_list_that_was_deleted_is_still_in_the_history(repository: Project) -> None:
    repository.write("old.csv", "\n".join(f"0810000{each:03d}" for each in range(25)))
    name = commit(repository)
    assert "git.old_lists" not in offline(repository), "it is a list of today"
    (repository.root / "old.csv").unlink()
    commit(repository)
    ran = repository.run("doctor", "--offline", "--json")
    assert name in line(ran, "git.old_lists")["found"]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b"0812345678,+66812345678,66812345678", 1),
        (b"0898765432 66-81234-5678", 2),
        (b"0800000000;0900000000;0600000000", 3),
        (b"021234567 0212345678", 0),
        (b"9081234567812 a0812345678f", 0),
        (b"", 0),
    ],
)
def test_what_is_a_mobile_number(body: bytes, count: int) -> None:
    """Mobile numbers in the forms that lists have, each once; no landline, no part of a longer number or digest."""
    assert mobiles("x.txt", body) == count


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet"])
def test_a_file_that_is_none_of_its_kind_has_no_numbers(name: str) -> None:
    assert mobiles(name, b"PK\x03\x04 not really 0812345678") == 0


def test_folders_of_kept_numbers_that_git_would_take(repository: Project) -> None:
    """Not ignored: a warning with the line to write; already tracked: a fail."""
    repository.write(".gitignore", "")
    ran = repository.run("doctor", "--offline", "--json")
    assert line(ran, "git.ignored")["verdict"] == "warn"
    assert ".mesms/audience/ and .mesms/delivery/" in line(ran, "git.ignored")["next"]
    repository.write(".mesms/audience/snapshots/a/b.numbers", "x")
    commit(repository)
    ran = repository.run("doctor", "--offline", "--json")
    assert (ran.code, line(ran, "git.ignored")["verdict"]) == (1, "fail")


def test_no_repository_is_a_warning(project: Project) -> None:
    assert offline(project)["git"] == "warn"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_kept_numbers_that_others_may_read(repository: Project) -> None:
    """As the tool writes them they are for one user; opened by hand they are named with the command that mends it."""
    repository.campaign("order")
    assert repository.apply().code == 0
    ran = repository.run("doctor", "--json")
    assert line(ran, "snapshots")["found"] == "kept numbers: 1 file, for this user alone"
    (file,) = (repository.root / ".mesms/audience").rglob("*.numbers")
    file.chmod(0o644)
    ran = repository.run("doctor", "--json")
    assert line(ran, "snapshots")["next"] == "chmod -R go= .mesms/audience"
    subprocess.run(["chmod", "-R", "go=", ".mesms/audience"], cwd=repository.root, check=True)
    assert line(repository.run("doctor", "--json"), "snapshots")["verdict"] == "ok"


# --- where the state is kept ------------------------------------------------------------------------------------------


def test_a_place_where_no_state_can_be_written(project: Project) -> None:
    """Below a file nobody can make a folder, root neither."""
    ran = project.run("doctor", "--offline", "--json", MESMS_STATE="mesms.yaml/state.json")
    assert (ran.code, line(ran, "state.backend")["verdict"]) == (1, "fail")


def test_a_database_says_that_it_answers(project: Project) -> None:
    ran = project.run("doctor", "--offline", "--json", MESMS_STATE="sqlite:///.mesms/state.db")
    assert (ran.code, line(ran, "state.backend")["verdict"]) == (0, "ok")


def test_a_branch_is_asked_for_a_push_without_making_one(repository: Project, tmp_path: Path) -> None:
    """Where the remote takes pushes nothing has moved there afterwards; where it does not, that is a fail."""
    bare = tmp_path / "remote.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(repository.root), str(bare))
    git(repository.root, "remote", "add", "origin", str(bare))
    before = git(bare, "for-each-ref")
    ran = repository.run("doctor", "--offline", "--json", MESMS_STATE="git:mesms-state")
    assert line(ran, "state.backend")["verdict"] == "ok", ran.out
    assert git(bare, "for-each-ref") == before
    git(repository.root, "remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    ran = repository.run("doctor", "--offline", "--json", MESMS_STATE="git:mesms-state")
    assert ran.code == 1


def test_a_bucket_that_keeps_to_conditions(project: Project) -> None:
    """The probe is made and removed: the bucket holds nothing of ours afterwards."""
    pytest.importorskip("obstore", reason="obstore is not installed")
    where = f"s3://{BUCKET}/{secrets.token_hex(4)}/state.json"
    project.extra.update(CREDENTIALS, AWS_ENDPOINT_URL=moto(), MESMS_STATE=where)
    ran = project.run("doctor", "--offline", "--json")
    assert line(ran, "state.backend")["verdict"] == "ok", ran.out
    assert "conditions" in line(ran, "state.backend")["found"]
    assert not project.run("state", "pull").out


@pytest.mark.parametrize("keeps", [frozenset(), frozenset({"create"}), frozenset({"update"})])
def test_a_store_that_ignores_conditions_is_a_fail(keeps: frozenset[str], project: Project) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed")
    with small_store(keeps=keeps) as store:
        project.extra.update(CREDENTIALS, AWS_ENDPOINT_URL=store.endpoint, MESMS_STATE="s3://bucket/state.json")
        ran = project.run("doctor", "--offline", "--json")
    assert ran.code == 1
    assert "does not keep to conditions" in line(ran, "state.backend")["found"]
    assert not [name for name in store.objects if "probe" in name]


def test_what_the_lineage_is_worth_is_said(project: Project) -> None:
    ran = project.run("doctor", "--offline", "--json")
    assert "numbers can be searched" in line(ran, "state.hash_key")["found"]
    ran = project.run("doctor", "--offline", "--json", MESMS_HASH_KEY="0" * 32)
    assert line(ran, "state.hash_key")["verdict"] == "ok"


def test_a_policy_that_limits_nothing_is_said(project: Project) -> None:
    assert offline(project)["policy"] == "warn"
    limits = "policy: {senders: [SiamCoffee], max_recipients: {apply: 10}, max_credits: {campaign: 10}}\n"
    project.write("mesms.yaml", PROJECT + limits)
    assert offline(project)["policy"] == "ok"
