"""The bundle for a bug report: useful to a stranger, and nothing in it that a stranger should not have."""

from __future__ import annotations

import json
import os
import re
import stat
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.cli.doctor.bundle import Secrets
from mesms_gitops.manifests.masked import masked_project
from tests.cli.test_doctor import VALIDATOR
from tests.cli.test_doctor_git import KEY, commit, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project, Ran

HASH_KEY = "another-secret-abcdefgh"
SETTINGS = """\
version: 1
campaigns: [campaigns/]
timezone: Asia/Bangkok
state: .mesms/state-of-siam.json
undo_window: 0
api: {requests_per_second: 1000, timeout: 5s, fields: {balance.balance: creditsLeft}}
defaults:
  sender: SiamCoffee
  owner: somchai@siamcoffee.example
  labels: {somsri: "0899999999"}
  variables: {shop: Thonglor}
policy:
  senders: [SiamCoffee, MESMSDemo]
  links: [siamcoffee.example]
  windows: {marketing: "10:00-19:00"}
  max_recipients: {campaign: 1000}
  max_credits: {apply: 5000}
  rules: [{name: vip-rule, require: "campaign.recipients < 500", message: ask Somchai}]
"""
PEOPLE = [f"08000002{each:02}" for each in range(60)]
WORDS = (
    "SiamCoffee", "MESMSDemo", "Shared", "NewBrand", "siamcoffee", "somchai", "Somchai", "somsri", "Thonglor",
    "vip-rule", "songkran-vip", "secret-launch", "Your table", "สวัสดีคุณ", "state-of-siam", "0899999999",
    "127.0.0.1", "localhost", "lists/", "campaign.recipients",
)  # fmt: skip
"""Everything that this project has of its own: names, texts, people, hosts, paths."""


@pytest.fixture
def busy(project: Project, sandbox: Running) -> Project:
    """A project with messages sent and scheduled, a key in git, a list in git and a strange account."""
    project.extra.update(MESMS_API_KEY=KEY, MESMS_HASH_KEY=HASH_KEY)
    with sandbox.lock:
        world = sandbox.world
        world.keys = {**world.keys, KEY: world.keys[sandbox.api_key]}
        world.names = {"list.rows": {"refNo": "0812345670"}, "balance": {"balance": "creditsLeft"}}
    project.write("mesms.yaml", SETTINGS)
    given_ = {"class": "transactional", "sender": "SiamCoffee"}
    project.campaign("songkran-vip", **given_, schedule="now", recipients=[{"numbers": PEOPLE}], content="สวัสดีคุณ ขอบคุณ")
    project.campaign("secret-launch", **given_, content="Your table is ready")
    git(project.root, "init", "--quiet")
    project.write("lists/people.csv", "\n".join(PEOPLE))
    project.write("deploy.sh", KEY)
    commit(project)
    ran = project.apply()
    assert ran.code == 0, ran.err + ran.out
    sandbox.advance(timedelta(hours=1))
    return project


def members(file: Path) -> dict[str, str]:
    """Every file of the bundle."""
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def bundled(project: Project, *more: str, **env: str) -> tuple[Ran, dict[str, str]]:
    """Run it, and what is in the bundle."""
    ran = project.run("doctor", "--json", "--preview", "--bundle", "out.zip", *more, **env)
    return ran, members(project.root / "out.zip")


def test_nothing_private_is_in_it(busy: Project, sandbox: Running) -> None:
    """No number, text, name, key, host, path, uuid or digest of this project, whatever the lines are about."""
    ran, found = bundled(busy)
    assert ran.code == 1, "the key is in git"
    text = "\n".join(found.values())
    with sandbox.lock:
        messages = list(sandbox.world.messages.values())
    secrets = [KEY, HASH_KEY, str(busy.root), busy.env["HOME"], *WORDS, sandbox.base_url]
    secrets += [*PEOPLE, *(f"66{number[1:]}" for number in PEOPLE), *(one.uuid for one in messages)]
    secrets += [one.content for one in messages]
    state = json.loads((busy.root / ".mesms/state-of-siam.json").read_text(encoding="utf-8"))
    secrets += [state["lineage"], state["hash_key"]]
    leaked = [word for word in secrets if word in text]
    assert leaked == []
    assert not re.search(r"(?<![0-9a-f])(?:0|66)[689][0-9]{8}(?![0-9a-f])", text)


def test_what_is_left_tells_what_is_wrong(busy: Project) -> None:
    """Versions, every look with its verdict, shapes with kinds; the JSON keeps to the same schema."""
    ran, found = bundled(busy)
    assert set(found) == {"README.txt", "doctor.json", "versions.json", "mesms.yaml"}
    told = json.loads(found["doctor.json"])
    VALIDATOR.validate(told)
    assert [(one["check"], one["verdict"]) for one in told["lines"]] == [
        (one["check"], one["verdict"]) for one in ran.json["lines"]
    ]
    listing = next(one for one in told["answers"] if one["endpoint"] == "GET /sms")
    assert listing["shape"]["data"][0]["content"] in ("text", "text | word")
    assert listing["shape"]["data"][0]["…"] == "text", "a key that is a number is hidden, its kind is not"
    assert json.loads(found["versions.json"])["mesms-gitops"]


def test_the_settings_are_shown_by_their_kind(busy: Project) -> None:
    """Keys stay, and values that say nothing of the project; the rest is told by its kind."""
    _, found = bundled(busy)
    assert found["mesms.yaml"] == (
        "version: 1\n"
        "campaigns:\n  - (text)\n"
        "timezone: (text)\n"
        "state: (a path)\n"
        "undo_window: 0\n"
        "api:\n  requests_per_second: 1000\n  timeout: 5s\n  fields:\n    balance.balance: creditsLeft\n"
        "defaults:\n  sender: (text)\n  owner: (text)\n  labels:\n    …: (number)\n  variables:\n    …: (text)\n"
        "policy:\n  senders:\n    - (text)\n    - (text)\n  links:\n    - (text)\n"
        "  windows:\n    marketing: 10:00-19:00\n"
        "  max_recipients:\n    campaign: 1000\n  max_credits:\n    apply: 5000\n"
        "  rules:\n    -\n      name: (text)\n      require: (text)\n      message: (text)\n"
    )


def test_it_is_for_this_user_alone_and_written_as_a_whole(busy: Project) -> None:
    bundled(busy)
    file = busy.root / "out.zip"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name != "posix"
    assert not list(busy.root.glob(".out.zip*"))
    ran = busy.run("doctor", "--offline", "--bundle", "nowhere/out.zip")
    assert (ran.code, "could not be written" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "this is a device or a pipe"),
        (lambda path: path.symlink_to("elsewhere"), "this is a symbolic link"),
    ],
)
def test_what_is_no_file_stays(busy: Project, make: Callable[[Path], None], why: str) -> None:
    """As root a rename over a device such as the null device would take it from everybody."""
    make(busy.root / "out.zip")
    before = (busy.root / "out.zip").lstat()
    ran = busy.run("doctor", "--offline", "--bundle", "out.zip")
    assert (ran.code, why in ran.err) == (1, True)
    after = (busy.root / "out.zip").lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.parametrize(
    "name", [".mesms/state-of-siam.json", "mesms.yaml", "campaigns/songkran-vip.yaml", "other.zip"]
)
def test_another_file_is_not_replaced(busy: Project, sandbox: Running, name: str) -> None:
    """State, settings, a manifest, somebody else's zip: each stays, nobody was asked, and the error says what to do."""
    if name == "other.zip":
        with zipfile.ZipFile(busy.root / name, "w") as archive:
            archive.writestr("README.txt", "mine")
    before, asked = (busy.root / name).read_bytes(), len(sandbox.requests)
    ran = busy.run("doctor", "--bundle", name)
    said = " ".join(ran.err.split())
    assert (ran.code, "something else than an earlier bundle" in said, "name another file" in said) == (1, True, True)
    assert (busy.root / name).read_bytes() == before
    assert len(sandbox.requests) == asked


def test_an_earlier_bundle_and_an_empty_file_are_replaced(busy: Project) -> None:
    """The same command twice gives the newer bundle; so does a file that was made ready for it."""
    (busy.root / "out.zip").touch()
    _, first = bundled(busy)
    busy.write("mesms.yaml", SETTINGS.replace("timeout: 5s", "timeout: 6s"))
    _, second = bundled(busy)
    assert ("timeout: 5s" in first["mesms.yaml"], "timeout: 6s" in second["mesms.yaml"]) == (True, True)


def test_a_broken_project_file_is_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "mesms.yaml"
    file.write_text("campaigns: [SiamCoffee\n  0812345678")
    assert masked_project(file) == "# the project file cannot be read as YAML\n"


@given(word=st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=3), around=st.text())
def test_a_word_that_only_the_project_knows_never_passes(word: str, around: str) -> None:
    """As it is and as JSON writes it, wherever it stands; and what it is replaced by is not made of it."""
    text = json.dumps({"found": f"{around}{word}{around}"}, ensure_ascii=False) + around + word
    struck = Secrets((word,)).struck(text)
    if "…" not in word:
        assert word not in struck
