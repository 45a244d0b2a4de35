"""What `plan` remembers of finished campaigns never shows: with memory, without, and read in full, it says the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mesms_gitops.cli.journey import Choices, prepared
from mesms_gitops.cli.wiring import hash_key, workplace
from mesms_gitops.errors import MesmsError
from mesms_gitops.manifests import load
from mesms_gitops.manifests.load import load_campaigns
from mesms_gitops.manifests.project import load_project
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase, SendRecord
from mesms_gitops.model.state import CampaignRecord, ManifestRecord, State
from mesms_gitops.planning.fingerprint import manifest_record
from mesms_gitops.planning.situation import CANCELLED_ELSEWHERE, GONE
from mesms_gitops.store.codec import encode
from mesms_gitops.views.plan_json import plan_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.model.campaign import Campaign

NOW = datetime(2027, 3, 1, 3, 0, tzinfo=UTC)
PROJECTS = (
    "version: 1\n",
    "version: 1\ndefaults: {sender: SiamCoffee, template: templates/t.j2}\n",
    "version: 1\ntimezone: Asia/Tokyo\npolicy: {senders: [Other], max_parts: 1}\n",
    "version: 1\npolicy: {max_recipients: {campaign: 1}}\nundo_window: 5m\n",
    """\
version: 1
policy:
  senders: [Other]
  waivers: [{rule: MS501, campaign: a, reason: agreed, until: 2027-03-02}]
""",
    "version: 1\npolicy: {rules: [{name: few, when: 'recipients > 1', message: too many}]}\n",
)
HEAD = "sender: SiamCoffee\nrecipients: [{numbers: ['0800000001', '0800000002']}]\n"
TEXTS = (
    HEAD + "content: hello\nschedule: now\n",
    HEAD + "content: hello’s\nschedule: 2027-03-01T16:00\n",
    HEAD + "content: hello\nschedule: 2027-03-01T10:30\nname: a\n",
    HEAD + "content: hello\nschedule: {at: 2027-03-01T17:30, timezone: Asia/Tokyo}\nmoved_from: a\n",
    HEAD + "content: hallo\nschedule: 2027-03-02T10:00\nrevision: 2\n",
    "recipients: [{contact_group: 1}]\nsender: SiamCoffee\ntemplate: ../templates/t.j2\nschedule: now\nname: b\n",
    HEAD + "content: hello\nschedule: 2026-03-01T10:00\nstate: cancelled\n",
    HEAD + "content: hello\nschedule: 2026-03-01T10:00\n",
    HEAD + "content: hello\nschedule: 2026-03-01T10:00\nmoved_from: c\n",
    "sender: SiamCoffee\nnmae: x\n",
)
FILES = ("campaigns/a.yaml", "campaigns/b.yaml", "campaigns/deep/c.yml", "campaigns/d.yaml")
TEMPLATES = ("ลดทุกเมนู", "hello", "{{ broken", None)


@dataclass(frozen=True)
class Clock:
    """A moment that stands still."""

    moment: datetime

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Nobody waits here."""


def send(phase: SendPhase, revision: int = 1, **more: Any) -> SendRecord:
    """A send of a campaign."""
    uuid = None if phase in (SendPhase.INTENDED, SendPhase.UNKNOWN) else "0"
    return replace(
        SendRecord(f"f{revision}{phase}", revision, phase, "r", NOW, None, "SiamCoffee", 2, 1, 2, uuid), **more
    )


HISTORIES: dict[str, tuple[SendRecord, ...]] = {
    "sent": (send(SendPhase.SENT),),
    "started": (send(SendPhase.STARTED),),
    "sent twice": (send(SendPhase.SENT), send(SendPhase.SENT, 2)),
    "sent, one to come": (send(SendPhase.SENT), send(SendPhase.SCHEDULED)),
    "sent, an older one to come": (send(SendPhase.SCHEDULED), send(SendPhase.SENT, 2)),
    "sent and unknown": (send(SendPhase.SENT), send(SendPhase.UNKNOWN)),
    "sent and refused": (send(SendPhase.SENT), send(SendPhase.FAILED, uuid=None)),
    "failed": (send(SendPhase.FAILED),),
    "scheduled": (send(SendPhase.SCHEDULED),),
    "gone": (send(SendPhase.SENT), send(SendPhase.SCHEDULED, reason=GONE)),
    "cancelled elsewhere": (send(SendPhase.SENT), send(SendPhase.CANCELLED, reason=CANCELLED_ELSEWHERE)),
    "replaced": (
        send(SendPhase.CANCELLED, cancel=CancelIntent("r", NOW, CancelReason.REPLACE)),
        send(SendPhase.SENT, 1, fingerprint="other"),
    ),
    "nothing": (),
}


class Life(RuleBasedStateMachine):
    """A project over which everything happens that a kept campaign could hang on."""

    @initialize()
    def begin(self) -> None:
        """An empty project."""
        self.scratch = TemporaryDirectory()
        self.home = Path(self.scratch.name).resolve()
        self.root = self.home / "project"
        (self.root / "campaigns").mkdir(parents=True)
        (self.root / "mesms.yaml").write_text(PROJECTS[0])
        self.now = NOW
        self.lineage = "one"
        self.records: dict[str, CampaignRecord] = {}
        self.kept_without_reading = 0

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
        """Somebody edits mesms.yaml, its policy included."""
        (self.root / "mesms.yaml").write_text(text)

    @rule(text=st.sampled_from(TEMPLATES))
    def edit_template(self, text: str | None) -> None:
        """Somebody edits or deletes the template."""
        path = self.root / "templates" / "t.j2"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text, encoding="utf-8")

    @rule(minutes=st.sampled_from([1, 20, 31, 60, 24 * 60, -45]))
    def time_passes(self, minutes: int) -> None:
        """Schedules pass, waivers end; and a clock that was wrong is set back."""
        self.now += timedelta(minutes=minutes)

    @rule(story=st.sampled_from(sorted(HISTORIES)), which=st.integers(0, 3), file=st.sampled_from((None, "other.yaml")))
    def happen(self, story: str, which: int, file: str | None) -> None:
        """A campaign, as it stands now, was sent, or something else became of it."""
        campaigns = self._campaigns()
        if campaigns:
            self._record(campaigns[which % len(campaigns)], HISTORIES[story], file)

    @rule(which=st.integers(0, 3), field=st.sampled_from(["content", "schedule", "sender"]))
    def forget_a_digest(self, which: int, field: str) -> None:
        """State says that it was another text, or an older version wrote it."""
        names = [name for name, record in self.records.items() if record.manifest]
        if names:
            record = self.records[names[which % len(names)]]
            assert record.manifest is not None
            digests = {**record.manifest.digests, field: "0"}
            self._put(replace(record, manifest=ManifestRecord(record.manifest.shown, digests)))

    @rule(which=st.integers(0, 3), retired=st.booleans())
    def edit_state(self, which: int, retired: bool) -> None:
        """A record loses its manifest, or is retired."""
        names = sorted(self.records)
        if names:
            record = self.records[names[which % len(names)]]
            self._put(replace(record, retired=True) if retired else replace(record, manifest=None))

    @rule()
    def lose_state(self) -> None:
        """State begins anew, under another lineage, and so under another key."""
        self.records.clear()
        self.lineage += "'"
        self._write_state()

    def _campaigns(self) -> tuple[Campaign, ...]:
        try:
            project = load_project(self.root / "mesms.yaml")
        except MesmsError:
            return ()
        return load_campaigns(project, now=self.now - timedelta(days=900)).campaigns

    def _record(self, campaign: Campaign, sends: tuple[SendRecord, ...], file: str | None) -> None:
        own = tuple(
            replace(one, uuid=one.uuid and f"{campaign.name}-{number}", revision=min(one.revision, campaign.revision))
            for number, one in enumerate(sends)
        )
        manifest = manifest_record(campaign, hash_key(self.lineage), str(self.root))
        self._put(CampaignRecord(campaign.name, file or campaign.file, campaign.revision, manifest, own))

    def _put(self, record: CampaignRecord) -> None:
        self.records[record.name] = record
        self._write_state()

    def _write_state(self) -> None:
        (self.root / ".mesms").mkdir(exist_ok=True)
        campaigns = MappingProxyType(dict(sorted(self.records.items())))
        state = State(self.lineage, 1, hash_key(self.lineage).identity, campaigns)
        (self.root / ".mesms" / "state.json").write_bytes(encode(state))

    @invariant()
    def memory_does_not_show(self) -> None:
        """The claim."""
        if hasattr(self, "root"):
            whole = self.said(from_memory=False)
            with TemporaryDirectory() as fresh:
                assert self.said(caches=fresh) == whole
            assert self.said() == whole
            assert self.said() == whole

    def said(self, *, from_memory: bool = True, caches: str | None = None) -> object:
        """Everything that a plan says: of each campaign, or what is wrong."""
        for file in (self.root / ".mesms").rglob("last-plan.json"):
            file.unlink()  # what the last plan showed is another memory, and is meant to show
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", caches or str(self.home / "cache"))
            patch.delenv("MESMS_HASH_KEY", raising=False)
            try:
                place = replace(workplace(str(self.root)), clock=Clock(self.now))  # type: ignore[arg-type]
                state = place.stored_state()
                made = prepared(place, state, None, Choices(from_memory=from_memory))
            except MesmsError as error:
                return type(error), str(error), getattr(error, "diagnostics", None)
            self.kept_without_reading += sum(not one.campaign.sources for one in made.situation.wanted.values())
            return plan_json(made.plan, "0"), made.plan.diagnostics, made.plan.refusals


Life.TestCase.settings = settings(
    max_examples=40, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLife = Life.TestCase


A, B, C, D = FILES


def edited_after_all(life: Life) -> Iterator[None]:
    """A finished campaign is edited, edited back, renamed, and renamed back."""
    life.write(A, TEXTS[7])
    life.happen("sent", 0, None)
    yield
    life.write(A, TEXTS[7].replace("hello", "hallo"))
    yield
    life.write(A, TEXTS[7])
    yield
    life.rename(A, B)
    yield
    life.rename(B, A)
    yield


def a_twin_appears(life: Life) -> Iterator[None]:
    """Another file takes the name of a finished campaign, and another one says it was renamed from it."""
    life.write(A, TEXTS[7])
    life.happen("sent", 0, None)
    yield
    life.write(B, TEXTS[2])
    yield
    life.write(B, TEXTS[3])
    yield


def its_template_changes(life: Life) -> Iterator[None]:
    """The text of a finished campaign stands in another file."""
    life.edit_template(TEMPLATES[1])
    life.write(B, TEXTS[5])
    life.happen("sent", 0, None)
    yield
    for text in (TEMPLATES[0], TEMPLATES[2], TEMPLATES[3], TEMPLATES[1]):
        life.edit_template(text)
        yield


def its_project_changes(life: Life) -> Iterator[None]:
    """The policy forbids what was sent; a waiver ends; the zone is another one."""
    life.write(A, TEXTS[0])
    life.happen("sent", 0, None)
    for text in PROJECTS:
        life.edit_project(text)
        yield
        life.time_passes(24 * 60)
        yield


def its_state_changes(life: Life) -> Iterator[None]:
    """What is recorded of it is anything that can be."""
    life.write(A, TEXTS[4])
    life.write(B, TEXTS[0])
    for story in HISTORIES:
        life.happen(story, 0, None)
        yield
        life.happen(story, 1, "other.yaml")
        yield
    life.happen("sent", 0, None)
    yield
    for field in ("content", "schedule"):
        life.forget_a_digest(0, field)
        yield
    life.lose_state()
    yield


def its_revision_is_raised(life: Life) -> Iterator[None]:
    """The only way to send it once more changes no field that has a digest."""
    life.write(A, TEXTS[4].replace("revision: 2\n", ""))
    life.happen("sent", 0, None)
    yield
    life.write(A, TEXTS[4])
    yield
    life.happen("sent twice", 0, None)
    yield
    life.write(A, TEXTS[4].replace("revision: 2\n", ""))
    yield


def it_has_a_warning(life: Life) -> Iterator[None]:
    """There is something to say of a finished campaign, day after day."""
    life.write(A, TEXTS[1])
    life.happen("started", 0, None)
    for _ in range(2):
        yield
        life.time_passes(24 * 60)


STORIES = (
    edited_after_all,
    its_revision_is_raised,
    it_has_a_warning,
    a_twin_appears,
    its_template_changes,
    its_project_changes,
    its_state_changes,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda one: one.__name__)
def test_what_chance_seldom_meets(story: Callable[[Life], Iterator[None]]) -> None:
    """One thing after the other that a kept campaign hangs on, each change alone."""
    life = Life()
    life.begin()
    try:
        for _ in story(life):
            life.memory_does_not_show()
        assert life.kept_without_reading
    finally:
        life.teardown()


@pytest.fixture
def life() -> Iterator[Life]:
    """A project with one finished campaign and one that is to come, known from an earlier plan."""
    made = Life()
    made.begin()
    made.write(A, TEXTS[7])
    made.write(B, TEXTS[4])
    made.happen("sent", 0, None)
    made.said()
    yield made
    made.teardown()


def read_in_full(life: Life, monkeypatch: pytest.MonkeyPatch, **how: Any) -> list[str]:
    """The files that a plan parses."""
    seen: list[str] = []
    whole = load._draft

    def spy(text: Any, *rest: Any) -> Any:
        seen.append(text.name)
        return whole(text, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(load, "_draft", spy)
        life.said(**how)
    return seen


def test_a_finished_campaign_is_not_read_again(life, monkeypatch):
    assert read_in_full(life, monkeypatch) == [B]
    life.write(A, TEXTS[7] + "\n")
    assert A in read_in_full(life, monkeypatch)  # other bytes, even where they say the same


def test_what_is_applied_is_read_in_full(life, monkeypatch):
    assert sorted(read_in_full(life, monkeypatch, from_memory=False)) == [A, B]


def test_another_key_knows_nothing(life, monkeypatch):
    life.lineage = "another"
    life._write_state()
    assert A in read_in_full(life, monkeypatch)


def test_a_forged_memory_in_the_project_is_not_believed(life, monkeypatch):
    (file,) = (life.home / "cache" / "mesms-gitops").glob("plan-*.json")
    file.rename(life.root / ".mesms" / file.name)
    assert A in read_in_full(life, monkeypatch)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_damage_is_ignored(life, monkeypatch, share):
    (file,) = (life.home / "cache" / "mesms-gitops").glob("plan-*.json")
    whole, said = file.read_bytes(), life.said(from_memory=False)
    at = int(share * len(whole))
    for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
        file.write_bytes(damaged)
        assert life.said() == said
        assert file.read_bytes() == whole


def test_it_holds_neither_texts_nor_numbers(life):
    life.write(A, TEXTS[7] + "owner: 0800000003\n")
    life.said()
    (file,) = (life.home / "cache" / "mesms-gitops").glob("plan-*.json")
    assert file.stat().st_mode & 0o777 == 0o600
    for secret in ("hello", "0800000001", "0800000003"):
        assert secret not in file.read_text()
