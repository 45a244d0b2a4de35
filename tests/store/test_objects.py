"""State in a bucket: what the contract does not say, because only object stores have it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import ConfigError, StateError, StateLocked, StateMoved, StateUnreadable
from mesms_gitops.model.state import CampaignRecord, Freeze, State
from mesms_gitops.store.host import Host
from mesms_gitops.store.object_access import Patience, address_of
from mesms_gitops.store.object_lock import FREE
from mesms_gitops.store.object_store import ObjectStore

from .bench_objects import ObjectBench, object_bench
from .object_servers import BUCKET, CREDENTIALS, broken_line, moto, s3rver, small_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from .object_servers import Line, SmallStore

SOON = Patience(connect=1.0, request=1.0, retries=1)


def state(serial: int, *names: str) -> State:
    records = {name: CampaignRecord(name, f"campaigns/{name}.yaml", 1) for name in names}
    return State("lineage-1", serial, campaigns=MappingProxyType(records))


class Impatient(Host):
    """A host that does not wait between attempts, and whose clock may be wrong."""

    def __init__(self, off_by: timedelta = timedelta(0)) -> None:
        super().__init__()
        self._off_by = off_by

    def sleep(self, seconds: float) -> None:
        pass

    def now(self) -> datetime:
        return super().now() + self._off_by


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(tmp_path: Path) -> ObjectBench:
    """An empty place in a bucket of moto."""
    return object_bench(tmp_path)


def at(endpoint: str, location: str = f"s3://{BUCKET}/state.json", **more: object) -> ObjectStore:
    """A store at ``location``, reached by ``endpoint``."""
    more = {"patience": SOON, "host": Impatient(), **more}
    return ObjectStore(location, environment={**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}, **more)


# ── addresses and endpoints ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "location",
    [
        "s3://me:hunter2@bucket/key.json",
        "s3://bucket/key.json?X-Amz-Signature=hunter2",
        "az://box/key.json#hunter2",
    ],
)
def test_an_address_with_credentials_is_refused_and_not_shown(location: str) -> None:
    """Whatever stands before an @ or after ? and # is refused with the place where credentials belong."""
    with pytest.raises(ConfigError, match="nothing but the bucket and the key") as caught:
        address_of(location, {})
    assert "hunter2" not in f"{caught.value.where} {caught.value.why} {caught.value.next_step}"
    assert "credentials come from" in caught.value.next_step


@pytest.mark.parametrize(
    "location", ["s3://bucket", "s3://bucket/", "s3:///key", "gs://b/a/", "az://b/a//b", "s3://b/../a"]
)
def test_what_is_no_object_is_refused(location: str) -> None:
    """A bucket alone, a folder and a path with holes name no object."""
    with pytest.raises(ConfigError, match="no address of an object"):
        address_of(location, {})


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("http://store.example", "plain http is for an endpoint on this machine"),
        ("http://127.0.0.1.store.example", "plain http"),
        ("https://me:hunter2@store.example", "no address of a store"),
        ("store.example", "no address of a store"),
        ("https://store.example:none", "no address of a store"),
    ],
)
def test_an_endpoint_is_encrypted_or_on_this_machine(endpoint: str, told: str) -> None:
    """Any other is refused before anything is asked, naming the variable and not what stands in it."""
    with pytest.raises(ConfigError) as caught:
        at(endpoint)
    assert told in f"{caught.value.what} {caught.value.why}"
    assert caught.value.where == "environment: AWS_ENDPOINT_URL"
    assert "hunter2" not in caught.value.next_step


def test_the_endpoint_of_s3_alone_comes_first() -> None:
    """As in the tools of AWS, the setting of one service is stronger than that of all."""
    environment = {"AWS_ENDPOINT_URL": "https://all.example", "AWS_ENDPOINT_URL_S3": "https://s3.example"}
    assert address_of("s3://bucket/key.json", environment).endpoint == "https://s3.example"


# ── what stands where ────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_stands_beside_a_state(place: ObjectBench) -> None:
    """After two runs: the state, what the second began with, a lock that nobody holds, and the stop; no probe."""
    place_of = place.environment["AWS_ENDPOINT_URL"]
    for serial in (1, 2):
        store = at(place_of, place.location)
        with store.lock("apply", 0):
            store.read()
            store.commit(state(serial), serial - 1)
    store.write_freeze(Freeze(everything=True))
    names = {f"state.json{suffix}" for suffix in ("", ".backup", ".lock", ".freeze")}
    assert place.names() == names
    place.location += ".lock"
    assert place.body() == FREE


def test_a_commit_is_one_request() -> None:
    """A run asks eight times whether the store can be trusted, keeps what stood, and then puts once a commit."""
    with small_store() as small:
        at(small.endpoint).commit(state(1), 0)
        store = at(small.endpoint)
        store.read()
        store.commit(state(2), 1)
        del small.heard[:]
        for serial in (3, 4, 5):
            store.commit(state(serial), serial - 1)
        assert small.heard == ["PUT state.json"] * 3


def test_a_lost_state_can_be_told_from_a_new_project(place: ObjectBench) -> None:
    """With the state gone and its backup there, reading gives None, and ``has_backup`` says it was lost."""
    store = at(moto(), place.location)
    store.commit(state(1), 0)
    assert not at(moto(), place.location).has_backup
    store.commit(state(2), 1)
    place.remove()
    assert at(moto(), place.location).read() is None
    assert at(moto(), place.location).has_backup
    with pytest.raises(StateMoved, match="not the one"):
        store.commit(state(3), 2)


def test_what_is_no_state_comes_with_the_way_back(place: ObjectBench) -> None:
    """The error names the backup beside it and its serial."""
    store = at(moto(), place.location)
    for serial in (1, 2):
        store.commit(state(serial), serial - 1)
    place.spoil(b"<html>")
    with pytest.raises(StateUnreadable) as caught:
        store.read()
    assert f"copy {place.location}.backup over it, which is of serial 1" in caught.value.next_step


@pytest.mark.parametrize("off_by", [timedelta(days=-400), timedelta(minutes=-4), timedelta(days=400)])
def test_a_wrong_clock_breaks_no_lock(place: ObjectBench, off_by: timedelta) -> None:
    """Whatever the clocks of two machines say, one waits for the other, and is told the time by the store's clock."""
    one, other = (at(moto(), place.location, host=Impatient(each)) for each in (off_by, timedelta(0)))
    with one.lock("apply", 0):
        assert abs(other.info().created - datetime.now(UTC)) < timedelta(minutes=1)
        with pytest.raises(StateLocked), other.lock("plan", 0):
            pytest.fail("two hold the lock")
    with other.lock("plan", 0), pytest.raises(StateLocked), one.lock("apply", 0):
        pytest.fail("two hold the lock")


# ── the probe ────────────────────────────────────────────────────────────────────────────────────────────────────────

LAX = [frozenset(), frozenset({"create"}), frozenset({"update"})]


@pytest.mark.parametrize("keeps", LAX, ids=["neither", "create alone", "update alone"])
@pytest.mark.parametrize("act", ["lock", "commit"])
def test_a_store_that_ignores_conditions_is_rejected_by_name(keeps: frozenset[str], act: str) -> None:
    """Before the first lock and the first commit; nothing is written there but the probe, which is removed."""
    with small_store(keeps=keeps) as small, pytest.raises(StateError, match="does not keep to conditions") as caught:
        store = at(small.endpoint)
        if act == "commit":
            store.commit(state(1), 0)
        else:
            with store.lock("apply", 0):
                pytest.fail("the store is trusted")
    assert small.endpoint in caught.value.where
    assert "AWS_ENDPOINT_URL" in caught.value.where
    assert ("If-Match" if "create" in keeps else "If-None-Match") in caught.value.why
    assert "another kind of `state:`" in caught.value.next_step
    assert small.objects == {}


def test_s3rver_is_rejected_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real server that knows no conditions takes neither lock nor state, and nothing is left in it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "S3RVER")
    with s3rver(tmp_path) as endpoint:
        store = at(endpoint)
        assert store.read() is None
        for act in (lambda: store.commit(state(1), 0), lambda: store.lock("apply", 0).__enter__()):
            with pytest.raises(StateError, match="does not keep to conditions") as caught:
                act()
            assert f"{endpoint} (AWS_ENDPOINT_URL)" in caught.value.where
            assert "If-None-Match" in caught.value.why
        assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_a_store_is_tried_once_a_run() -> None:
    """Locking, committing and locking again asks for one probe, and only looking asks for none."""
    with small_store() as small:
        store = at(small.endpoint)
        assert (store.read(), store.info(), store.read_freeze()) == (None, None, Freeze())
        assert not any("probe" in each for each in small.heard)
        for serial in (1, 2):
            with store.lock("apply", 0):
                store.commit(state(serial), serial - 1)
        assert len({each.split()[1] for each in small.heard if "probe" in each}) == 1
        assert not any("probe" in each for each in small.objects)


# ── answers that are lost ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def line(place: ObjectBench) -> Iterator[Line]:
    """A line to the bucket that breaks as told once the store was tried out."""
    with broken_line(moto()) as line:
        yield line


def begun(line: Line, place: ObjectBench) -> ObjectStore:
    """A run that has committed serial 1 over ``line``."""
    store = at(line.endpoint, place.location)
    store.commit(state(1), 0)
    line.puts = 0
    return store


@pytest.mark.parametrize(
    ("fates", "puts"),
    [
        (["deaf"], 1),
        (["lost"], 2),
        (["lost", "deaf"], 2),
        (["lost", "lost", "lost"], 4),
        (["slow"], 1),
        (["doubled"], 1),
        (["lost", "doubled"], 2),
        (["conflict"], 2),
    ],
)
def test_a_commit_whose_answer_was_lost_is_looked_up(
    line: Line, place: ObjectBench, fates: list[str], puts: int
) -> None:
    """It is read back: where it stands it is not repeated, where it does not it is; and the run goes on."""
    store = begun(line, place)
    line.fates = list(fates)
    store.commit(state(2, "a"), 1)
    assert line.puts == puts
    store.commit(state(3, "a", "b"), 2)
    assert at(moto(), place.location).read() == state(3, "a", "b")


def test_a_commit_that_arrives_late_writes_over_nothing(line: Line, place: ObjectBench) -> None:
    """What was held up on the way and repeated meanwhile is refused when it arrives at last."""
    store = begun(line, place)
    line.fates = ["late"]
    store.commit(state(2, "a"), 1)
    store.commit(state(3, "a", "b"), 2)
    assert line.deliver() == [412]
    assert at(moto(), place.location).read() == state(3, "a", "b")


def test_where_nobody_can_tell_the_run_ends(line: Line, place: ObjectBench) -> None:
    """With the line down after the put, the error says that it may stand; the next run reads what does."""
    store = begun(line, place)
    line.fates = ["cut"]
    with pytest.raises(StateError, match="nobody can tell whether it was written") as caught:
        store.commit(state(2, "a"), 1)
    assert not isinstance(caught.value, StateMoved)
    assert "mesms-gitops plan" in caught.value.next_step
    line.is_down = False
    assert at(line.endpoint, place.location).read() == state(2, "a")


def test_a_commit_that_never_arrives_is_given_up(line: Line, place: ObjectBench) -> None:
    """After five attempts it is an error, and what stood still stands."""
    store = begun(line, place)
    line.fates = ["lost"] * 5
    with pytest.raises(StateError, match="nobody can tell"):
        store.commit(state(2, "a"), 1)
    assert line.puts == 5
    assert at(moto(), place.location).read() == state(1)


@pytest.mark.parametrize("theirs", [state(2, "theirs"), state(2, "ours")], ids=["another state", "the same bytes"])
def test_who_was_overtaken_is_told(line: Line, place: ObjectBench, theirs: State) -> None:
    """What another wrote while ours was lost is not taken for ours, even if it is the same to the byte."""
    store = begun(line, place)
    line.meanwhile = lambda: at(moto(), place.location).commit(theirs, 1)
    line.fates = ["lost"]
    with pytest.raises(StateMoved):
        store.commit(state(2, "ours"), 1)
    assert at(moto(), place.location).read() == theirs


@pytest.mark.parametrize("fate", ["deaf", "lost", "slow", "doubled", "conflict"])
def test_a_lock_whose_answer_was_lost_is_held_once(place: ObjectBench, fate: str) -> None:
    """Taking and giving back are looked up as well: it is held by this run, and free after."""
    with broken_line(moto(), name=".lock", fates=[fate]) as line:
        store = at(line.endpoint, place.location)
        with store.lock("apply", 0):
            with pytest.raises(StateLocked), at(moto(), place.location).lock("plan", 0):
                pytest.fail("two hold the lock")
            line.fates = [fate]
        assert not line.fates
        assert at(moto(), place.location).info() is None


def test_a_lock_that_was_broken_in_that_moment_is_left_alone(place: ObjectBench) -> None:
    """Who gives a lock back while it passes to another run by `state unlock` takes nothing from that run."""
    with broken_line(moto(), name=".lock") as line, ExitStack() as held:
        other = at(moto(), place.location)

        def passes_on() -> None:
            other.unlock(other.info().id)
            held.enter_context(other.lock("plan", 0))

        with at(line.endpoint, place.location).lock("apply", 0):
            line.meanwhile, line.fates = passes_on, ["lost"]
        assert at(moto(), place.location).info().operation == "plan"


def test_a_lock_that_cannot_be_given_back_is_a_note(place: ObjectBench) -> None:
    """The run ends as it would have, and says who will find the lock."""
    notes: list[str] = []
    with broken_line(moto()) as line:
        with at(line.endpoint, place.location, on_note=notes.append).lock("apply", 0):
            line.is_down = True
        [note] = notes
    assert "the lock could not be released" in note
    assert at(moto(), place.location).info().operation == "apply"


# ── stores that do not answer, or refuse ─────────────────────────────────────────────────────────────────────────────


def refused(act: Callable[[], object]) -> StateError:
    """The error of ``act``, which shows no secret."""
    with pytest.raises(StateError) as caught:
        act()
    shown = f"{caught.value.what} {caught.value.where} {caught.value.why} {caught.value.next_step}"
    assert "sesame" not in shown
    assert "key-in-tests" not in shown
    return caught.value


def acts(store: ObjectStore) -> list[Callable[[], object]]:
    """Everything that asks the store for something."""
    return [
        store.read,
        store.info,
        lambda: store.has_backup,
        lambda: store.commit(state(1), 0),
        lambda: store.lock("apply", 0).__enter__(),
        lambda: store.write_freeze(Freeze()),
    ]


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "AccessDenied", "s3:ListBucket"),
        (403, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
        (403, "InvalidAccessKeyId", "AWS_PROFILE"),
        (401, "Unauthorized", "AWS_ACCESS_KEY_ID"),
        (400, "ExpiredToken", "aws sso login"),
        (400, "AuthorizationHeaderMalformed", "AWS_REGION"),
        (301, "PermanentRedirect", "AWS_REGION"),
        (403, "RequestTimeTooSkewed", "clock"),
        (404, "NoSuchBucket", "AWS_ENDPOINT_URL"),
        (404, "", "AWS_ENDPOINT_URL"),
        (501, "NotImplemented", "another kind of state"),
        (503, "SlowDown", "again"),
        (500, "InternalError", "again"),
    ],
)
def test_a_refusal_names_the_setting(status: int, code: str, told: str) -> None:
    """Every act ends with what to set or to do; none takes it for an empty start, and every send is held."""
    with small_store(refusal=(status, code)) as small:
        store = at(small.endpoint)
        for act in acts(store):
            assert told in refused(act).next_step
        assert store.read_freeze().everything
        assert small.objects == {}


def test_a_bucket_that_is_not_there_is_no_empty_start() -> None:
    """A real server says so, and so do we, with the name of the bucket."""
    store = at(moto(), "s3://no-such-bucket/state.json")
    for act in acts(store):
        assert "there is no bucket no-such-bucket" in refused(act).why
    assert store.read_freeze().everything


def test_a_store_that_is_not_there_is_named() -> None:
    """A port that nobody listens on: where it was looked for, and which variable says so."""
    for act in acts(at("http://127.0.0.1:9")):
        found = refused(act)
        assert "cannot be reached" in found.why
        assert "http://127.0.0.1:9 (AWS_ENDPOINT_URL)" in found.where
        assert "AWS_ENDPOINT_URL" in found.next_step


def test_a_line_that_goes_down_freezes_everything(line: Line, place: ObjectBench) -> None:
    """In the middle of a run, what cannot be read is an error, and a stop that cannot be read holds every send."""
    store = begun(line, place)
    line.is_down = True
    with pytest.raises(StateError):
        store.read()
    assert store.read_freeze().everything


@pytest.mark.parametrize(
    ("scheme", "setting"),
    [("s3", "AWS_PROFILE"), ("gs", "GOOGLE_APPLICATION_CREDENTIALS"), ("az", "AZURE_STORAGE_ACCOUNT_NAME")],
)
def test_missing_credentials_are_named(
    scheme: str, setting: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without any, where they are looked for is said, and nothing is taken for an empty start."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    if scheme == "s3":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-in-tests")  # half of what is needed: else a role is asked for
    elif scheme == "gs":
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    store = ObjectStore(f"{scheme}://bucket/state.json", environment=dict(os.environ), patience=SOON)
    for act in acts(store):
        assert setting in refused(act).next_step


def test_a_profile_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key in the environment, the profile that AWS_PROFILE names signs."""
    pytest.importorskip("boto3", reason="boto3 is not installed")
    shared = tmp_path / "credentials"
    shared.write_text("[team]\naws_access_key_id = key-of-the-team\naws_secret_access_key = sesame\n")
    profile = {"AWS_PROFILE": "team", "AWS_SHARED_CREDENTIALS_FILE": str(shared), "AWS_REGION": "us-east-1"}
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name, value in profile.items():
        monkeypatch.setenv(name, value)
    with small_store() as small:
        environment = {**profile, "AWS_ENDPOINT_URL": small.endpoint}
        ObjectStore(f"s3://{BUCKET}/state.json", environment=environment).commit(state(1), 0)
        assert all("key-of-the-team" in each for each in small.signed)


# ── the other clouds ─────────────────────────────────────────────────────────────────────────────────────────────────


def cloud(scheme: str, small: SmallStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[], ObjectStore]:
    """How to open a state in ``small`` by the dialect of ``scheme``."""
    settings: Mapping[str, str] = {
        "gs": {"GOOGLE_BASE_URL": small.endpoint, "GOOGLE_BEARER_TOKEN": "sesame"},
        "az": {
            "AZURE_STORAGE_ENDPOINT": small.endpoint,
            "AZURE_STORAGE_ACCOUNT_NAME": "account",
            "AZURE_STORAGE_ACCOUNT_KEY": "c2VzYW1lLWluLXRlc3Rz",
        },
    }[scheme]
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    location = f"{scheme}://{BUCKET}/mesms/state.json"
    return lambda: ObjectStore(location, environment=settings, host=Impatient(), patience=SOON)


@pytest.mark.parametrize("scheme", ["gs", "az"])
def test_another_cloud_holds_a_state(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the dialects of Google and Azure too, one commit wins, one run holds the lock, and a stop is amended."""
    with small_store() as small:
        opened = cloud(scheme, small, monkeypatch)
        one, other = opened(), opened()
        one.commit(state(1), 0)
        assert one.read() == other.read() == state(1)
        one.commit(state(2, "one"), 1)
        with pytest.raises(StateMoved):
            other.commit(state(2, "other"), 1)
        assert opened().read() == state(2, "one")
        with one.lock("apply", 0), pytest.raises(StateLocked), other.lock("plan", 0):
            pytest.fail("two hold the lock")
        assert other.info() is None
        assert other.amend_freeze(lambda was: Freeze(everything=True)) == one.read_freeze()
        assert one.has_backup


@pytest.mark.parametrize("scheme", ["gs", "az"])
@pytest.mark.parametrize("keeps", LAX, ids=["neither", "create alone", "update alone"])
def test_another_cloud_is_tried_out(scheme: str, keeps: frozenset[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its conditions are probed just the same."""
    with small_store(keeps=keeps) as small:
        store = cloud(scheme, small, monkeypatch)()
        with pytest.raises(StateError, match="does not keep to conditions"):
            store.commit(state(1), 0)


@pytest.mark.parametrize(("scheme", "told"), [("gs", "Storage Object User"), ("az", "Storage Blob Data Contributor")])
def test_another_cloud_refuses_in_its_own_words(scheme: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing right is named as that cloud names it, and its credentials are not shown."""
    with small_store(refusal=(403, "AccessDenied")) as small:
        for act in acts(cloud(scheme, small, monkeypatch)()):
            assert told in refused(act).next_step


def test_a_store_without_metadata_holds_a_state_all_the_same(place: ObjectBench) -> None:
    """Where no token is kept, equal bytes settle what became of a put whose answer was lost."""
    with small_store(keeps_metadata=False) as small, broken_line(small.endpoint) as line:
        store = at(line.endpoint)
        store.commit(state(1), 0)
        line.fates = ["deaf"]
        store.commit(state(2, "a"), 1)
        assert at(small.endpoint).read() == state(2, "a")
