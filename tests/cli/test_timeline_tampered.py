"""`history --verify` names the first commit at which a chain of states is not what this tool would have written."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.sandbox.server import running
from tests.cli.conftest import BEGINS, Project, Ran
from tests.cli.timeline_story import Told, told_in
from tests.store.bench_git import BRANCH, git, git_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LAST = f"refs/mesms-gitops/{BRANCH}/last"
Chain = list["Entry"]


@dataclass
class Entry:
    """One commit of the state, to be made anew."""

    state: dict[str, Any]
    message: str
    body: bytes | None = None

    @property
    def bytes(self) -> bytes:
        """The state as the tool writes it, or ``body`` in its place."""
        text = json.dumps(self.state, ensure_ascii=False, sort_keys=True, indent=2) + "\n"
        return text.encode() if self.body is None else self.body

    def sends(self) -> list[dict[str, Any]]:
        """The sends of the campaign of the story, under either name."""
        found = self.state["campaigns"].get("songkran-vip") or self.state["campaigns"].get("songkran", {})
        sends = found.get("sends", [])
        assert isinstance(sends, list)
        return sends

    def say(self, key: str, value: object) -> None:
        """Change a trailer."""
        self.message = re.sub(rf"^{key}: .*$", f"{key}: {value}", self.message, flags=re.MULTILINE)

    def number(self, serial: int) -> None:
        """Change the serial, in the state and in what the commit says of it."""
        self.state["serial"] = serial
        self.say("Serial", serial)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The story of `test_timeline`, whole."""
    with running(now=BEGINS, mode="frozen") as sandbox:
        yield told_in(tmp_path_factory.mktemp("told"), sandbox)


@pytest.fixture
def copy(told: Told, tmp_path: Path) -> Project:
    """The project of the story, to be tampered with."""
    shutil.copytree(told.project.root, tmp_path / "copy")
    return Project(tmp_path / "copy", told.project.env)


def chain_of(root: Path) -> Chain:
    """Every commit of the state, the oldest first."""
    ids = git(root, "rev-list", "--reverse", BRANCH).split()
    return [
        Entry(
            json.loads(git_bytes(root, "cat-file", "blob", f"{one}:state.json")),
            git_bytes(root, "log", "-1", "--format=%B", one).decode(),
        )
        for one in ids
    ]


def commit(root: Path, entry: Entry, *parents: str) -> str:
    """A commit as the tool makes it."""
    blob = git(root, "hash-object", "-w", "--stdin", stdin=entry.bytes)
    tree = git(root, "mktree", stdin=f"100644 blob {blob}\tstate.json\n".encode())
    after = [word for parent in parents for word in ("-p", parent)]
    return git(root, "commit-tree", *after, "-F", "-", tree, stdin=entry.message.encode())


def rewritten(root: Path, chain: Chain) -> list[str]:
    """Put ``chain`` in the place of the branch, and have everybody forget that there was another; its commits."""
    ids: list[str] = []
    for entry in chain:
        ids.append(commit(root, entry, *ids[-1:]))
    move(root, ids[-1])
    return ids


def move(root: Path, to: str) -> None:
    """Move the branch, and what remembers it."""
    git(root, "update-ref", f"refs/heads/{BRANCH}", to)
    git(root, "update-ref", LAST, to)
    for ref in git(root, "for-each-ref", "--format=%(refname)", "refs/mesms-gitops/seen").split():
        git(root, "update-ref", "-d", ref)


def verify(project: Project) -> tuple[Ran, Any]:
    """What `--verify` ends with, and the break it names."""
    ran = project.run("history", "--verify", "--json")
    return ran, ran.json["verification"]["break"]


def first(chain: Chain, phase: str) -> int:
    """Where the campaign of the story is first seen in ``phase``."""
    return next(index for index, entry in enumerate(chain) if any(one["phase"] == phase for one in entry.sends()))


# ---------------------------------------------------------------- ways to tamper; each gives the place where it shows


def backwards(chain: Chain) -> int:
    sent = next(one for one in chain[-1].sends() if one["phase"] == "sent")
    sent["phase"] = "scheduled"
    sent.pop("delivery", None)
    chain.append(Entry(json.loads(json.dumps(chain[-1].state)), chain[-1].message))
    chain[-2] = Entry(json.loads(chain[-2].bytes), chain[-2].message)
    for one in chain[-2].sends():
        if one["phase"] == "scheduled":
            one["phase"] = "sent"
    chain[-1].number(chain[-2].state["serial"] + 1)
    return len(chain) - 1


def another_text(chain: Chain) -> int:
    chain[-1].sends()[-1]["text_digest"] = "0" * 40
    return len(chain) - 1


def another_hour(chain: Chain) -> int:
    chain[-1].sends()[-1]["scheduled_at"] = "2027-04-10T04:00:00Z"
    return len(chain) - 1


def another_message(chain: Chain) -> int:
    next(one for one in chain[-1].sends() if one["phase"] == "sent")["uuid"] = "00000000-0000-4000-8000-000000000000"
    return len(chain) - 1


def lost_send(chain: Chain) -> int:
    chain[-1].state["campaigns"]["songkran-vip"].pop("sends")
    return len(chain) - 1


def lost_campaign(chain: Chain) -> int:
    del chain[-1].state["campaigns"]["songkran-vip"]
    return len(chain) - 1


def dropped(chain: Chain) -> int:
    del chain[4]
    return 4


def dropped_and_renumbered(chain: Chain) -> int:
    """The intent of a send goes, and every serial after it is mended."""
    at = first(chain, "intended")
    del chain[at]
    for serial, entry in enumerate(chain, start=1):
        entry.number(serial)
    return at


def raised(chain: Chain) -> int:
    for entry in chain[5:]:
        entry.number(entry.state["serial"] + 5)
    return 5


def lowered(chain: Chain) -> int:
    chain[-1].number(3)
    return len(chain) - 1


def unnumbered(chain: Chain) -> int:
    chain[3].message = "an edit\n"
    return 3


def said_otherwise(chain: Chain) -> int:
    chain[3].say("Serial", 44)
    return 3


def other_plan(chain: Chain) -> int:
    chain[3].say("Plan", f"sha256:{'0' * 64}")
    return 3


def other_approval(chain: Chain) -> int:
    """Another digest, in every state of the plan and in what the commits say of it: shows when the plan is over."""
    digest = chain[0].state["approval"]["digest"]
    over = next(index for index, entry in enumerate(chain) if entry.state["approval"]["digest"] != digest)
    for entry in chain[:over]:
        entry.state["approval"]["digest"] = f"sha256:{'0' * 64}"
        entry.say("Plan", f"sha256:{'0' * 64}")
    return over


def unapproved(chain: Chain) -> int:
    """Fewer steps than were approved, from the beginning on: an intent has none."""
    at = first(chain, "intended")
    digest = chain[at].state["approval"]["digest"]
    for entry in chain:
        if entry.state["approval"]["digest"] == digest:
            entry.state["approval"]["steps"] = ["sha256:" + "1" * 64]
    return next(index for index, entry in enumerate(chain) if entry.state["campaigns"])


def other_steps(chain: Chain) -> int:
    """A step more than was approved, put in on the way."""
    chain[2].state["approval"]["steps"].append("sha256:" + "1" * 64)
    return 2


def other_lineage(chain: Chain) -> int:
    chain[-1].state["lineage"] = "another"
    return len(chain) - 1


def other_key(chain: Chain) -> int:
    chain[-1].state["hash_key"] = "0" * 16
    return len(chain) - 1


def sent_again(chain: Chain) -> int:
    """Where the outcome stood, a second intent for a send of which nobody knows."""
    at = first(chain, "intended") + 1
    former = next(one for one in chain[at - 1].sends() if one["phase"] == "intended")
    chain[at].sends()[:] = [{**former, "run": "20270403T030000Z-abcdef", "intended_at": "2027-04-03T03:00:00Z"}]
    return at


def compact(chain: Chain) -> int:
    chain[6].body = json.dumps(chain[6].state).encode()
    return 6


def cut_short(chain: Chain) -> int:
    chain[6].body = chain[6].bytes[:-20]
    return 6


def unknown_key(chain: Chain) -> int:
    chain[6].state["note"] = "looks fine to me"
    return 6


def older_version(chain: Chain) -> int:
    chain[-1].state["campaigns"]["songkran-vip"]["revision"] = 0
    return len(chain) - 1


TAMPERED: dict[Callable[[Chain], int], str] = {
    backwards: r"campaigns\.songkran-vip\.sends\[1/[0-9a-f]{12}\]\.phase",
    another_text: r"campaigns\.songkran-vip\.sends\[.*\]\.text_digest",
    another_hour: r"campaigns\.songkran-vip\.sends\[.*\]\.scheduled_at",
    another_message: r"campaigns\.songkran-vip\.sends\[.*\]\.uuid",
    lost_send: r"campaigns\.songkran-vip\.sends\[.*\]",
    lost_campaign: r"campaigns\.songkran-vip",
    dropped: "serial",
    dropped_and_renumbered: r"campaigns\.songkran\.sends\[.*\]\.phase",
    raised: "serial",
    lowered: "serial",
    unnumbered: "trailer Serial",
    said_otherwise: "trailer Serial",
    other_plan: "trailer Plan",
    other_approval: r"approval\.digest",
    unapproved: r"campaigns\.other\.sends\[.*\]",
    other_steps: r"approval\.steps",
    other_lineage: "lineage",
    other_key: "hash_key",
    sent_again: r"campaigns\.songkran\.sends\[.*\]\.phase",
    compact: "state.json",
    cut_short: r"[0-9]+:[0-9]+",
    unknown_key: "state.json",
    older_version: r"campaigns\.songkran-vip.*",
}


def test_a_chain_made_anew_as_it_was_is_whole(copy: Project) -> None:
    """What follows breaks by what is changed, and not by being made anew."""
    rewritten(copy.root, chain_of(copy.root))
    ran, found = verify(copy)
    assert (ran.code, found) == (0, None), ran.out


@pytest.mark.parametrize(("change", "field"), TAMPERED.items(), ids=[change.__name__ for change in TAMPERED])
def test_the_first_break_is_named(copy: Project, change: Callable[[Chain], int], field: str) -> None:
    """The commit, its serial and the field are those that were changed; exit 1, with a meaning and a next step."""
    chain = chain_of(copy.root)
    at = change(chain)
    ids = rewritten(copy.root, chain)
    ran, found = verify(copy)
    assert ran.code == 1
    assert found["commit"] == ids[at], found
    assert re.fullmatch(field, found["field"]), found
    assert found["serial"] in (chain[at].state["serial"], None)
    assert found["meaning"]
    assert found["next_step"]


def forge(chain: Chain, at: int, source: str) -> int:
    chain[at].say("Source", source)
    return at


def test_a_source_that_is_nowhere(copy: Project) -> None:
    """A trailer that names a commit nobody has is a break at the commit that says so."""
    chain = chain_of(copy.root)
    at = forge(chain, first(chain, "intended"), "0123456789abcdef0123456789abcdef01234567")
    ids = rewritten(copy.root, chain)
    ran, found = verify(copy)
    assert (ran.code, found["commit"], found["field"]) == (1, ids[at], "trailer Source")


def test_a_source_that_says_something_else(copy: Project, told: Told) -> None:
    """A trailer that names another commit is found out: the text that was sent is not what that commit says."""
    chain = chain_of(copy.root)
    at = forge(chain, first(chain, "intended"), told.commits["first"])
    ids = rewritten(copy.root, chain)
    ran, found = verify(copy)
    assert (ran.code, found["commit"]) == (1, ids[at]), found
    assert found["field"] == "campaigns.songkran.manifest.digests.content"
    assert verify_of(copy, "other").code == 0


def verify_of(project: Project, name: str) -> Ran:
    return project.run("history", name, "--verify")


def test_a_source_without_the_manifest(copy: Project, told: Told) -> None:
    """The commit that a send is said to come from must hold its manifest."""
    chain = chain_of(copy.root)
    at = max(index for index, entry in enumerate(chain) if any(one["phase"] == "intended" for one in entry.sends()))
    forge(chain, at, told.commits["first"])
    ids = rewritten(copy.root, chain)
    ran, found = verify(copy)
    assert (ran.code, found["commit"], found["field"]) == (1, ids[at], "campaigns.songkran-vip.file")


def test_a_force_push(copy: Project) -> None:
    """A branch that was set back is not what the remote and this clone remember of it."""
    git(copy.root, "update-ref", f"refs/heads/{BRANCH}", f"{BRANCH}~3")
    ran, found = verify(copy)
    assert (ran.code, found["field"]) == (1, "branch")
    assert "force push" in found["meaning"]
    text = copy.run("history", "--verify")
    assert text.code == 1
    assert text.out.startswith("broken: ")
    assert copy.run("history").code == 1


def test_a_deleted_branch(copy: Project) -> None:
    """A branch that is gone is a break, since it is remembered."""
    git(copy.root, "update-ref", "-d", f"refs/heads/{BRANCH}")
    ran, found = verify(copy)
    assert (ran.code, found["field"]) == (1, "branch")
    assert "gone" in found["meaning"]


def test_a_merge_on_the_branch_of_the_state(copy: Project) -> None:
    """The branch is a line: a commit with two parents is nobody's of this tool."""
    chain = chain_of(copy.root)
    ids = rewritten(copy.root, chain[:-1])
    side = commit(copy.root, replace(chain[-2], message="a side\n"), ids[-2])
    merge = commit(copy.root, chain[-1], ids[-1], side)
    move(copy.root, merge)
    ran, found = verify(copy)
    assert (ran.code, found["field"]) == (1, "parent")


def test_a_person_who_is_not_left_out_any_more(copy: Project) -> None:
    """Who asked to be forgotten must stay forgotten from state to state."""
    assert copy.run("forget", "0800000009", "--yes").code == 0
    chain = chain_of(copy.root)
    assert chain[-1].state["suppressed"]
    chain.append(Entry(json.loads(chain[-1].bytes), chain[-1].message))
    del chain[-1].state["suppressed"]
    chain[-1].number(chain[-2].state["serial"] + 1)
    ids = rewritten(copy.root, chain)
    ran, found = verify(copy)
    assert (ran.code, found["commit"], found["field"]) == (1, ids[-1], "suppressed")
