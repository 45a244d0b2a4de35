"""What `validate` remembers never shows: warm says what cold says, whatever happened in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mesms_gitops.cli import validation
from mesms_gitops.errors import ConfigError, ManifestError
from mesms_gitops.manifests import verdict_cache
from mesms_gitops.model.diagnostic import Diagnostic
from mesms_gitops.model.sends import SendPhase, SendRecord
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.store.codec import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)

PROJECTS = (
    "version: 1\n",
    "version: 1\ndefaults: {sender: SiamCoffee, template: templates/t.j2}\n",
    "version: 1\ntimezone: Asia/Tokyo\npolicy: {senders: [Other], max_parts: 1}\n",
    "version: 1\napi: {base_url: http://insecure.example}\ncampaigns: [campaigns/, more/]\n",
    """\
version: 1
policy:
  senders: [Other]
  waivers: [{rule: MS501, campaign: a, reason: agreed, until: 2027-03-02}]
""",
    "version: 1\nversion: 1\n",
)
HEAD = "sender: SiamCoffee\nrecipients: [{contact_group: 1}]\n"
TEXTS = (
    HEAD + "content: hello\nschedule: now\n",
    HEAD + "content: hello’s\nschedule: 2027-03-01T16:00\n",
    HEAD + "content: hello\nschedule: 2027-03-01T16:30\nname: a\n",
    HEAD + "content: hello\nschedule: {at: 2027-03-01T17:30, timezone: Asia/Tokyo}\nmoved_from: a\n",
    HEAD + "content: hello\nschedule: {at: 2027-03-01T17:30, timezone: Asia/Nowhere}\n",
    HEAD + "template: ../templates/t.j2\nschedule: now\nname: b\nmoved_from: c\n",
    HEAD + "content: hello\nschedule: 2026-03-01T10:00\nstate: cancelled\n",
    "sender: S\ncontent: hi\nschedule: 2027-03-01T16:15\nrecipients: [{numbers: ['0800000001', '021234567']}]\n",
    "sender: SiamCoffee\ncontent: hi\nschedule: now\nrecipients: [{numbers: [0800000001]}]\n",
    "sender: SiamCoffee\nnmae: x\n",
    "sender: [\n",
    "",
)
FILES = ("campaigns/a.yaml", "campaigns/b.yaml", "campaigns/deep/c.yml", "more/d.yaml")
TEMPLATES = ("ลด {{ percent }}%", "hello", "{{ broken", None)


def sent(name: str) -> CampaignRecord:
    """A campaign that state records a send of."""
    record = SendRecord("f", 1, SendPhase.INTENDED, "r", NOW, None, "SiamCoffee", 1, 1)
    return CampaignRecord(name=name, file=f"campaigns/{name}.yaml", revision=1, sends=(record,))


class Life(RuleBasedStateMachine):
    """A project over which everything happens that a verdict could hang on."""

    @initialize()
    def begin(self) -> None:
        """An empty project outside any repository."""
        self.scratch = TemporaryDirectory()
        self.root = Path(self.scratch.name).resolve() / "project"
        (self.root / "campaigns").mkdir(parents=True)
        (self.root / "mesms.yaml").write_text(PROJECTS[0])
        self.now = NOW
        self.names: set[str] = set()
        self.commits: dict[str, datetime] = {}

    def teardown(self) -> None:
        """Leave nothing."""
        if hasattr(self, "scratch"):
            self.scratch.cleanup()

    @rule(file=st.sampled_from(FILES), text=st.sampled_from(TEXTS))
    def write(self, file: str, text: str) -> None:
        """Somebody edits a manifest."""
        path = self.root / file
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")

    @rule(file=st.sampled_from(FILES))
    def delete(self, file: str) -> None:
        """Somebody deletes one."""
        (self.root / file).unlink(missing_ok=True)

    @rule(file=st.sampled_from(FILES), other=st.sampled_from(FILES))
    def rename(self, file: str, other: str) -> None:
        """Somebody renames one, perhaps over another."""
        if (self.root / file).exists():
            (self.root / other).parent.mkdir(exist_ok=True, parents=True)
            (self.root / file).rename(self.root / other)

    @rule(text=st.sampled_from(PROJECTS))
    def edit_project(self, text: str) -> None:
        """Somebody edits mesms.yaml."""
        (self.root / "mesms.yaml").write_text(text)

    @rule(text=st.sampled_from(TEMPLATES))
    def edit_template(self, text: str | None) -> None:
        """Somebody edits or deletes the template."""
        path = self.root / "templates" / "t.j2"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text, encoding="utf-8")

    @rule()
    def lead_template_out(self) -> None:
        """The template becomes a link that leads out of the project."""
        (self.root.parent / "elsewhere.j2").write_text("hello")
        self.edit_template(None)
        (self.root / "templates" / "t.j2").symlink_to(self.root.parent / "elsewhere.j2")

    @rule(minutes=st.sampled_from([1, 20, 31, 60, 24 * 60, -45]))
    def time_passes(self, minutes: int) -> None:
        """Schedules pass, waivers end; and a clock that was wrong is set back."""
        self.now += timedelta(minutes=minutes)

    @rule(name=st.sampled_from("abcd"))
    def send(self, name: str) -> None:
        """State gains a send."""
        self.names.add(name)
        self._write_state()

    @rule()
    def lose_state(self) -> None:
        """State is deleted."""
        self.names.clear()
        (self.root / ".mesms" / "state.json").unlink(missing_ok=True)

    @rule()
    def break_state(self) -> None:
        """State cannot be read."""
        (self.root / ".mesms").mkdir(exist_ok=True)
        (self.root / ".mesms" / "state.json").write_text("{")

    def _write_state(self) -> None:
        (self.root / ".mesms").mkdir(exist_ok=True)
        campaigns = {name: sent(name) for name in sorted(self.names)}
        (self.root / ".mesms" / "state.json").write_bytes(encode(State(lineage="l", serial=1, campaigns=campaigns)))

    @rule(file=st.sampled_from(FILES), hours=st.sampled_from([1, 24 * 400]))
    def commit(self, file: str, hours: int) -> None:
        """Git's history changes."""
        self.commits[file] = NOW - timedelta(hours=hours)

    @rule(only=st.sampled_from([FILES[:1], FILES[1:3]]))
    def ask_for_some(self, only: tuple[str, ...]) -> None:
        """Only some files are asked for."""
        self._compare([self.root / file for file in only])

    @invariant()
    def warm_is_cold(self) -> None:
        """The claim."""
        if hasattr(self, "root"):
            self._compare([])

    def _compare(self, only: list[Path]) -> None:
        cold = self._run(only, is_cached=False)
        assert self._run(only, is_cached=True) == cold
        assert self._run(only, is_cached=True) == cold

    def _run(self, only: list[Path], *, is_cached: bool) -> object:
        machine = self

        class Commits:
            """Git, as this life has it."""

            stamp = repr(sorted(machine.commits.items()))

            def __init__(self, root: Path) -> None:
                pass

            def __call__(self, file: str) -> datetime | None:
                return machine.commits.get(file)

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(self.root.parent / "cache"))
            patch.setattr("mesms_gitops.cli.history.Commits", Commits)
            patch.setattr(validation, "now", lambda: self.now)
            return said(self.root, only, is_cached=is_cached)


def said(root: Path, only: list[Path], *, is_cached: bool = True) -> object:
    """Everything a run says."""
    try:
        found, files = validation.Validation(str(root), verbose=False, only=only, is_cached=is_cached).run()
    except ManifestError as error:
        return tuple(error.diagnostics)
    except ConfigError as error:
        return str(error)
    return tuple(found), files


Life.TestCase.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLife = Life.TestCase


A, B = FILES[:2]


def template_changes(life: Life) -> Iterator[None]:
    """The template is written, edited, deleted, written again, and then leads out of the project."""
    life.write(A, TEXTS[5])
    for text in (TEMPLATES[1], TEMPLATES[2], TEMPLATES[3], TEMPLATES[1]):
        life.edit_template(text)
        yield
    life.lead_template_out()
    yield


def clock_is_set_back(life: Life) -> Iterator[None]:
    """A time passes, and is still to come again."""
    life.write(A, TEXTS[1])
    for minutes in (0, 20, -45):
        life.time_passes(minutes)
        yield


def sent_after_all(life: Life) -> Iterator[None]:
    """A passed campaign turns out to be committed in time, and then to be sent."""
    life.write(A, TEXTS[1])
    life.time_passes(20)
    yield
    life.commit(A, 1)
    yield
    life.send("a")
    yield


def history_changes_between(life: Life) -> Iterator[None]:
    """Git's history changes, then only the other file is asked for, then everything."""
    life.write(A, TEXTS[1])
    life.write(B, TEXTS[1])
    life.time_passes(20)
    yield
    life.commit(A, 1)
    life.ask_for_some(FILES[1:3])
    yield


@pytest.mark.parametrize(
    "story",
    [template_changes, clock_is_set_back, sent_after_all, history_changes_between],
    ids=lambda one: one.__name__,
)
def test_what_chance_seldom_meets(story: Callable[[Life], Iterator[None]]) -> None:
    """One thing after the other that a verdict hangs on, each change alone."""
    life = Life()
    life.begin()
    try:
        for _ in story(life):
            life.warm_is_cold()
    finally:
        life.teardown()


# --- one by one -------------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a campaign of every kind, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = tmp_path / "project"
    for index, text in enumerate(TEXTS):
        path = made / "campaigns" / f"c{index}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (made / "mesms.yaml").write_text(PROJECTS[0])
    return made


def cache_file(root: Path) -> Path:
    """Where this project's verdicts are."""
    (found,) = (root.parent / "cache" / "mesms-gitops").iterdir()
    return found


def judged(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that a run reads in full."""
    seen: list[str] = []
    whole = validation.Validation._judged

    def spy(self: validation.Validation, files: Any) -> Any:
        seen.extend(file.name for file in files)
        return whole(self, files)

    with monkeypatch.context() as patch:
        patch.setattr(validation.Validation, "_judged", spy)
        said(root, [])
    return seen


def test_what_did_not_change_is_not_read_again(root, monkeypatch):
    assert len(judged(root, monkeypatch)) == len(TEXTS)
    lasting = {f"campaigns/c{index}.yaml" for index in range(len(TEXTS))}
    lasting -= {"campaigns/c4.yaml", "campaigns/c5.yaml"}  # a zone and a template that are not there
    assert lasting.isdisjoint(judged(root, monkeypatch))
    changed = root / "campaigns" / "c0.yaml"
    before = changed.stat()
    changed.write_text(TEXTS[0].replace("hello", "hallo"))
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "campaigns/c0.yaml" in judged(root, monkeypatch)  # same time, same size


def test_a_file_that_was_only_touched_is_not_read_again(root, monkeypatch):
    said(root, [])
    os.utime(root / "campaigns" / "c0.yaml", (1, 1))
    assert "campaigns/c0.yaml" not in judged(root, monkeypatch)


def test_nobodys_number_is_kept(root):
    (root / "campaigns" / "name.yaml").write_text(TEXTS[0] + "name: call-0800000001-now\n")
    said(root, [])
    text = cache_file(root).read_text()
    assert "0800000001" not in text
    assert "021234567" not in text
    assert "hello" not in text  # nor any line of a manifest


def test_only_its_owner_may_read_it_and_nothing_else_is_left(root):
    said(root, [])
    assert cache_file(root).stat().st_mode & 0o777 == 0o600
    assert cache_file(root).parent.stat().st_mode & 0o777 == 0o700
    assert not (root / ".mesms").exists()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.99])
def test_damage_is_ignored(root, share):
    cold = said(root, [], is_cached=False)
    said(root, [])
    file = cache_file(root)
    whole = file.read_bytes()
    at = int(share * len(whole))
    for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[:at] + b"\0" * 99):
        file.write_bytes(damaged)
        assert said(root, []) == cold
    assert file.read_bytes() == whole


def test_another_version_is_ignored(root, monkeypatch):
    said(root, [])
    monkeypatch.setattr(verdict_cache, "FORMAT", verdict_cache.FORMAT + 1)
    assert len(judged(root, monkeypatch)) == len(TEXTS)


def test_other_code_knows_nothing(root, monkeypatch):
    said(root, [])
    monkeypatch.setattr(verdict_cache, "_own_code", lambda: b"other")
    assert len(judged(root, monkeypatch)) == len(TEXTS)


def test_other_rules_of_a_time_zone_know_nothing(root, monkeypatch):
    said(root, [])
    monkeypatch.setattr(verdict_cache, "zone_digest", lambda name: "other")
    assert len(judged(root, monkeypatch)) == len(TEXTS)


def test_a_place_that_cannot_be_written_is_no_error(root, monkeypatch):
    blocked = root.parent / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert said(root, []) == said(root, [], is_cached=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(blocked))
    assert said(root, []) == said(root, [], is_cached=False)


def test_no_cache_writes_nothing(root):
    said(root, [], is_cached=False)
    assert not (root.parent / "cache").exists()


def test_what_a_project_brings_along_is_not_believed(root):
    """A pull request must not be able to say what is valid."""
    said(root, [])
    forged = root / ".mesms" / "cache"
    forged.mkdir(parents=True)
    cache_file(root).rename(forged / cache_file(root).name)
    assert said(root, []) == said(root, [], is_cached=False)


WARM = """
import sys
from mesms_gitops.cli.app import run
code = run(["-C", sys.argv[1], "validate", "--format", "json"])
heavy = {"pydantic", "ruamel", "_ruamel_yaml", "jinja2", "rich", "httpx2"} & set(sys.modules)
print(code, sorted(heavy), file=sys.stderr)
"""


def test_with_everything_known_nothing_heavy_is_imported(root):
    for index in (4, 5):
        (root / "campaigns" / f"c{index}.yaml").unlink()
    for expected in (None, "1 []"):
        ran = subprocess.run(
            [sys.executable, "-c", WARM, str(root)], capture_output=True, text=True, check=True, env={**os.environ}
        )
        assert json.loads(ran.stdout)["diagnostics"]
        assert expected is None or ran.stderr.strip() == expected


# --- the work grows with the errors, and no faster --------------------------------------------------------------------


def lines_run(root: Path) -> int:
    """How many lines of this package a cold run executes: work, not time."""
    count = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal count
        if "mesms_gitops" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        found, _ = validation.Validation(str(root), verbose=False, only=[], is_cached=False).run()
        assert all(isinstance(item, Diagnostic) for item in found)
    finally:
        sys.settrace(before)
    return count


def bad_numbers(root: Path, errors: int) -> Path:
    """One manifest with ``errors`` errors."""
    (root / "campaigns").mkdir(parents=True)
    (root / "mesms.yaml").write_text(PROJECTS[0])
    items = "".join("      - 0800000001\n" for _ in range(errors))
    text = f"sender: SiamCoffee\ncontent: hi\nschedule: now\nrecipients:\n  - numbers:\n{items}"
    (root / "campaigns" / "one.yaml").write_text(text)
    return root


def bad_files(root: Path, errors: int) -> Path:
    """``errors`` manifests with the same mistake."""
    (root / "campaigns").mkdir(parents=True)
    (root / "mesms.yaml").write_text(PROJECTS[0])
    for number in range(errors):
        (root / "campaigns" / f"c{number}.yaml").write_text(TEXTS[0].replace("content", "cotent"))
    return root


@pytest.mark.parametrize("project", [bad_numbers, bad_files])
def test_ten_times_the_errors_are_ten_times_the_work(tmp_path, project):
    few, many = lines_run(project(tmp_path / "few", 40)), lines_run(project(tmp_path / "many", 400))
    assert many < 11 * few


# --- on all cores -----------------------------------------------------------------------------------------------------

SHARED = """
import sys
from pathlib import Path
from mesms_gitops.cli.validation import Validation
from mesms_gitops.manifests import workers
workers.WORTH_A_PROCESS = 2
begun = []
fork = workers._begun
workers._begun = lambda judge, share: begun.append(fork(judge, share)) or begun[-1]
def said(cores):
    workers._cores = lambda: cores
    return Validation(sys.argv[1], verbose=False, only=[], is_cached=False).run()
alone = said(1)
assert not begun
assert said(3) == alone
assert len(begun) == 2
workers._ended = lambda process, pipe: None  # they died
assert said(3) == alone
"""


def test_several_processes_say_what_one_says(root):
    subprocess.run([sys.executable, "-c", SHARED, str(root)], check=True)
