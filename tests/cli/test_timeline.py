"""`history`: who wrote, reviewed, approved and sent what, told by a real repository and the sandbox."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from mesms_gitops.sandbox.server import running
from tests.cli.conftest import BEGINS, PROJECT, Project
from tests.cli.timeline_story import HOSTILE, NEW_TEXT, RUN, Told, runner, told_in
from tests.github.forge import REPOSITORY
from tests.github.stand_in import serving
from tests.store.bench_git import BRANCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.sandbox.server import Running

FILED = "สถานะ/state.json"
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/history.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A campaign's life: written, reviewed, merged, applied, renamed and edited, replaced, sent and delivered."""
    with running(now=BEGINS, mode="frozen") as sandbox:
        yield told_in(tmp_path_factory.mktemp("told"), sandbox)


def events(told: Told, name: str = "songkran-vip") -> list[dict[str, Any]]:
    """The events of one campaign, from JSON that fits its schema."""
    ran = told.project.run("history", name, "--json")
    assert ran.code == 0, ran.err
    jsonschema.Draft202012Validator(SCHEMA).validate(ran.json)
    (timeline,) = ran.json["campaigns"]
    assert isinstance(timeline["events"], list)
    return timeline["events"]


def test_a_campaign_is_told_from_its_first_commit_to_its_delivery(told: Told) -> None:
    """Every event is there once, in the order in which it happened, under the names it had then."""
    told_of = [(event["event"], event["campaign"], event["at"][5:10]) for event in events(told)]
    assert told_of == [
        ("written", "songkran-vip", "04-01"),
        ("written", "songkran-vip", "04-02"),
        ("reviewed", "songkran-vip", "04-02"),
        ("merged", "songkran-vip", "04-02"),
        ("planned", "songkran", "04-03"),
        ("intended", "songkran", "04-03"),
        ("scheduled", "songkran", "04-03"),
        ("written", "songkran-vip", "04-04"),
        ("renamed", "songkran-vip", "04-05"),
        ("planned", "songkran-vip", "04-05"),
        ("cancelling", "songkran-vip", "04-05"),
        ("cancelled", "songkran-vip", "04-05"),
        ("intended", "songkran-vip", "04-05"),
        ("scheduled", "songkran-vip", "04-05"),
        ("sent", "songkran-vip", "04-12"),
        ("delivery", "songkran-vip", "04-12"),
    ]


def test_who_did_it_and_from_what(told: Told) -> None:
    """Authors, reviewers, pull requests, files, plans, runs and source commits are those of the repository."""
    found = events(told)
    by_word = {event["event"]: event for event in reversed(found)}
    first, second, third = [event for event in found if event["event"] == "written"]
    assert [(one["path"], one["role"], one["change"]) for one in first["files"]] == [
        ("campaigns/songkran.yaml", "manifest", "added"),
        ("queries/vip.sql", "query", "added"),
        ("templates/hi.j2", "template", "added"),
    ]
    assert first["who"] == "สมชาย ใจดี"
    assert [one["path"] for one in second["files"]] == ["templates/hi.j2"]
    assert (third["files"][0]["change"], third["files"][0]["former"]) == ("renamed", "campaigns/songkran.yaml")
    review = by_word["reviewed"]
    assert (review["how"], review["who"], review["email"]) == ("Reviewed-by", "Malee", "malee@example.invalid")
    assert by_word["merged"]["pull"] == 12
    assert by_word["merged"]["brings"] == [second["commit"]]
    assert by_word["planned"]["source"] == told.commits["merge"]
    assert by_word["planned"]["run_url"] == RUN
    assert by_word["planned"]["who"] == "deployer"
    assert by_word["renamed"]["former"] == "songkran"
    assert by_word["delivery"]["delivery"] == {"success": 2}
    assert by_word["sent"]["credits"] == 2


def test_an_old_name_leads_to_the_campaign(told: Told) -> None:
    """A name that was renamed away shows the campaign it became; one that nobody wrote is a usage error."""
    assert events(told, "songkran") == events(told)
    ran = told.project.run("history", "songkran-vlp")
    assert ran.code == 64
    assert "did you mean songkran-vip?" in ran.err


def test_what_others_wrote_is_shown_and_never_obeyed(told: Told) -> None:
    """A subject with escapes, a runner's command, a formula and a phone number is harmless in every format."""
    assert "\x1b" in HOSTILE
    texts = [told.project.run("history", *more).out for more in ((), ("--json",), ("--format", "csv"))]
    for text in texts:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
        assert "0812345678" not in text
        assert not re.search(r"^\s*::", text, re.MULTILINE)
    rows = list(csv.DictReader(io.StringIO(texts[2])))
    assert any("HYPERLINK" in row["subject"] for row in rows)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_text_says_it_for_people(told: Told) -> None:
    """The whole page, with what hangs on the run (commits, digests, uuids) taken out."""
    ran = told.project.run("history", "songkran-vip", COLUMNS="100")
    assert ran.code == 0, ran.err
    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "UUID", ran.out)
    text = re.sub(r"\b[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}\b", "RUN", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "HASH", text)
    snapshot = Path(__file__).parent / "snapshots" / "history.txt"
    assert text == snapshot.read_text(encoding="utf-8")


def test_an_honest_story_is_whole(told: Told) -> None:
    """Every state, move, plan, source and manifest of it is confirmed."""
    ran = told.project.run("history", "--verify", "--json")
    assert ran.code == 0, ran.out
    jsonschema.Draft202012Validator(SCHEMA).validate(ran.json)
    found = ran.json["verification"]
    assert found["whole"] is True
    assert all(check["good"] == check["all"] > 0 for check in found["checks"]), found["checks"]
    assert told.project.run("history", "--verify", "--format", "csv").code == 64
    assert told.project.run("history", "songkran", "--verify").code == 0
    typed = told.project.run("history", "songkrn", "--verify")
    assert typed.code == 64
    assert "did you mean songkran" in typed.err


def test_nothing_is_left_behind(told: Told) -> None:
    """History is read, not written: every ref, the index and the work tree are as they were."""

    def looks() -> tuple[str, str]:
        return told.git("for-each-ref"), told.git("status", "--porcelain")

    before = looks()
    told.project.run("history")
    told.project.run("history", "--verify")
    assert looks() == before


def test_another_key_hides_no_chain(told: Told) -> None:
    """Without the key that the digests were made with, the manifests stay unseen and the rest is checked."""
    ran = told.project.run("history", "--verify", "--json", MESMS_HASH_KEY="another secret")
    assert ran.code == 0, ran.out
    assert any("MESMS_HASH_KEY" in note for note in ran.json["unseen"])


def test_a_shallow_clone_says_what_it_cannot_see(told: Told, tmp_path: Path) -> None:
    """With two commits of everything, both commands work, say what is missing, and call nothing broken."""
    bare, root = tmp_path / "remote.git", tmp_path / "clone"
    told.git("clone", "-q", "--mirror", str(told.project.root), str(bare))
    told.git("clone", "-q", "--depth=1", f"file://{bare}", str(root))
    clone = Project(root, told.project.env)
    shown = clone.run("history", "--json")
    assert shown.code == 0, shown.err
    assert [note.partition(" are not here")[0] for note in shown.json["unseen"]] == [
        "this clone is shallow: older commits",
        "older commits of the state",
    ]
    (timeline,) = [one for one in shown.json["campaigns"] if one["name"] == "songkran-vip"]
    assert "sent" in [event["event"] for event in timeline["events"]]
    checked = clone.run("history", "--verify", "--json")
    assert checked.code == 0, checked.out
    assert any("older commits of the state" in note for note in checked.json["unseen"])


# ---------------------------------------------------------------- a state file


@pytest.fixture
def filed(project: Project) -> Told:
    """A project whose state is a file that is committed after each apply."""
    made = Told(project)
    project.write("mesms.yaml", f"{PROJECT}state: {FILED}\n")
    made.git("init", "-qb", "main")
    for number, text in enumerate(("First", "Second", "Third"), start=1):
        project.campaign("vip", content=text)
        made.save(f"text {number}", day=number)
        assert runner(made, number).code == 0
        made.git("add", "-f", FILED)
        made.save(f"state {number}", day=number)
    return made


def test_a_state_file_in_git_has_a_history_as_well(filed: Told) -> None:
    """Each commit of it tells what came since the one before; what is not committed yet is told last."""
    filed.project.campaign("late", content="Not committed")
    assert runner(filed, 9).code == 0
    ran = filed.project.run("history", "--json")
    assert ran.code == 0, ran.err
    late, vip = ran.json["campaigns"]
    words = [event["event"] for event in vip["events"]]
    assert (words.count("written"), words.count("scheduled"), words.count("cancelled")) == (3, 3, 2)
    assert [event.get("state_commit") for event in late["events"]] == [None, None, None]
    assert filed.project.run("history", "--verify").code == 0


def test_an_older_state_file_is_a_break(filed: Told) -> None:
    """A commit that brings back an older state, whose sends would be forgotten, is named with its serial."""
    filed.git("checkout", "-q", "HEAD~4", "--", FILED)
    filed.save("back to the first", day=20)
    ran = filed.project.run("history", "--verify", "--json")
    assert ran.code == 1
    found = ran.json["verification"]["break"]
    assert (found["field"], found["commit"]) == ("serial", filed.git("rev-parse", "HEAD"))


def test_without_git_the_state_alone_tells(project: Project) -> None:
    """Outside a repository the sends are told from the newest state, and what is missing is said."""
    project.campaign("vip")
    assert project.apply().code == 0
    ran = project.run("history", "vip", "--json")
    assert ran.code == 0, ran.err
    assert [event["event"] for event in ran.json["campaigns"][0]["events"]] == ["planned", "intended", "scheduled"]
    assert len(ran.json["unseen"]) == 2
    assert project.run("history", "--verify").code == 0


def test_a_broken_manifest_hides_nothing(told: Told, tmp_path: Path) -> None:
    """What git and state know is told even where today's files cannot be read."""
    root = tmp_path / "copy"
    told.git("clone", "-q", "--no-local", str(told.project.root), str(root))
    (root / "campaigns/songkran-vip.yaml").write_text("{", encoding="utf-8")
    clone = Project(root, told.project.env)
    ran = clone.run("history", "songkran-vip")
    assert ran.code == 0, ran.err
    assert NEW_TEXT not in ran.out


def test_sends_now_and_squashed_pull_requests(project: Project, sandbox: Running) -> None:
    """A commit that says (#7) came by pull request 7; `schedule: now` is intended, scheduled and then sent."""
    made = Told(project)
    project.write("mesms.yaml", f"{PROJECT}state: git:{BRANCH}\n")
    made.git("init", "-qb", "main")
    project.campaign("vip", schedule="now")
    made.save("Add vip (#7)\n\nSome words.\n\nCo-authored-by: มาลี <malee@example.invalid>", day=1)
    assert runner(made, 2).code == 0
    sandbox.advance(timedelta(hours=1))
    assert runner(made, 3, "refresh").code == 0
    found = events(made, "vip")
    assert [event["event"] for event in found][:5] == ["written", "reviewed", "planned", "intended", "scheduled"]
    assert (found[0]["pull"], found[1]["how"], found[1]["who"]) == (7, "Co-authored-by", "มาลี")
    ran = project.run("history", "--verify", "--json")
    assert ran.code == 0, ran.out
    plans = next(one for one in ran.json["verification"]["checks"] if one["what"].startswith("digests of plans"))
    assert plans["good"] == plans["all"] == 1


def test_a_long_log_is_one_pass(tmp_path: Path, project: Project) -> None:
    """Three thousand commits that are none of the campaign's cost seconds at most, and are not told."""
    made = Told(project)
    project.write("mesms.yaml", PROJECT)
    project.campaign("vip")
    made.git("init", "-qb", "main")
    stream = "".join(
        f"commit refs/heads/main\ncommitter x <x@example.invalid> {1_800_000_000 + each} +0000\ndata 5\nmore\n"
        f"M 644 inline notes.txt\ndata 5\n{each:05}\n\n"
        for each in range(3_000)
    )
    subprocess.run(["git", "-C", project.root, "fast-import", "--quiet"], input=stream.encode(), check=True)
    made.git("reset", "-q")
    made.save("vip", day=1)
    found = events(made, "vip")
    assert [event["event"] for event in found] == ["written"]


@pytest.fixture
def squashed(project: Project) -> Told:
    """A campaign that came by pull request 7, as its subject says."""
    made = Told(project)
    project.write("mesms.yaml", PROJECT)
    project.campaign("vip")
    made.git("init", "-qb", "main")
    made.save("Add vip (#7)", day=1)
    return made


def test_reviews_on_github_where_a_token_is_at_hand(squashed: Told) -> None:
    """GitHub's reviews of a pull request are told where it came in; a GitHub that fails is only a note."""
    with serving() as forge:
        forge.review(7, "malee", "APPROVED", "ab" * 20)
        asked = {"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": forge.url}
        told_of = squashed.project.run("history", "--json", GITHUB_TOKEN=forge.token, **asked).json
        without = squashed.project.run("history", "--json", **asked).json
    gone = squashed.project.run("history", "--json", GITHUB_TOKEN="token", **asked)
    found = told_of["campaigns"][0]["events"]
    assert [(one["event"], one["who"], one.get("how"), one["pull"]) for one in found] == [
        ("written", "สมชาย ใจดี", None, 7),
        ("reviewed", "malee", "GitHub APPROVED", 7),
    ]
    assert [one["event"] for one in without["campaigns"][0]["events"]] == ["written"]
    assert gone.code == 0
    assert any("reviews on GitHub" in note for note in gone.json["unseen"])
