"""A state encrypted where it is kept."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.errors import ConfigError, StateError, StateMoved
from mesms_gitops.model.state import CampaignRecord, Freeze, State
from mesms_gitops.store.codec import encode
from mesms_gitops.store.open import open_store
from mesms_gitops.store.sealed_bytes import OPEN, SealedBytes, is_sealed
from mesms_gitops.store.sealing import Sealing

from .benches import BENCHES, Bench

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mesms_gitops.store.port import Store

pyrage: Any = pytest.importorskip("pyrage", reason="pyrage is not installed")


def state(serial: int, *names: str) -> State:
    records = {name: CampaignRecord(name, f"campaigns/{name}.yaml", 1) for name in names}
    return State("lineage-1", serial, campaigns=MappingProxyType(records))


class Team:
    """Somebody with an identity of age in a file."""

    def __init__(self, folder: Path, name: str) -> None:
        identity = pyrage.x25519.Identity.generate()
        self.recipient = str(identity.to_public())
        self.identity = identity
        self.file = folder / name
        self.file.write_text(f"{identity}\n")

    def seal(self, *recipients: str) -> SealedBytes:
        """As a run of theirs seals to ``recipients``."""
        return SealedBytes(Sealing(recipients, self.file, setting="encryption.state", of="states"))


@pytest.fixture
def ours(tmp_path: Path) -> Team:
    return Team(tmp_path, "ours.txt")


@pytest.fixture
def theirs(tmp_path: Path) -> Team:
    return Team(tmp_path, "theirs.txt")


def bench(kind: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = BENCHES[kind](root)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture(params=["file", "s3", "git"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An empty place for state, of each backend that has this layer."""
    return bench(request.param, tmp_path, monkeypatch)


@pytest.fixture(params=["file", "s3"])
def backed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The same, of those that keep a backup beside the state."""
    return bench(request.param, tmp_path, monkeypatch)


def opened(place: Bench, sealed: SealedBytes = OPEN) -> Store:
    return open_store(place.location, place.root, place.notes.append, environment=place.environment, sealed=sealed)


def test_what_is_stored_is_sealed(place: Bench, ours: Team) -> None:
    """The state that stands there is age's own form, holds no campaign's name, and opens to the canonical bytes."""
    store = opened(place, ours.seal(ours.recipient))
    with store.lock("apply", 0):
        for serial in (1, 2, 3):
            store.commit(state(serial, "songkran"), serial - 1)
    assert is_sealed(place.body())
    assert b"songkran" not in place.body()
    assert pyrage.decrypt(place.body(), [ours.identity]) == encode(state(3, "songkran"))
    assert opened(place, ours.seal(ours.recipient)).read() == state(3, "songkran")


def test_what_could_not_be_opened_again_is_not_stored(place: Bench, ours: Team, theirs: Team) -> None:
    """A run that seals to somebody else, or has no identity, stops at its first commit: nothing was sent by then."""
    nobody = SealedBytes(Sealing((ours.recipient,), None, setting="encryption.state", of="states"))
    for sealed in (ours.seal(theirs.recipient), nobody):
        with pytest.raises(StateError, match="cannot be opened here") as caught:
            opened(place, sealed).commit(state(1, "songkran"), 0)
        assert caught.value.next_step
    assert opened(place).read() is None


def test_the_backup_is_sealed_as_well(backed: Bench, ours: Team) -> None:
    """What stood before is not left open beside what is sealed."""
    for serial in (1, 2, 3):
        opened(backed, ours.seal(ours.recipient)).commit(state(serial, "songkran"), serial - 1)
    backed.location += ".backup"
    assert is_sealed(backed.body())


def test_a_state_that_was_open_is_sealed_by_the_next_commit(place: Bench, ours: Team) -> None:
    """A team that begins to encrypt reads what stands, and what it writes is sealed."""
    opened(place).commit(state(1, "a"), 0)
    store = opened(place, ours.seal(ours.recipient))
    assert store.read() == state(1, "a")
    assert not is_sealed(place.body())
    store.commit(state(2, "a"), 1)
    assert is_sealed(place.body())


def test_no_backup_stays_open_beside_a_sealed_state(backed: Bench, ours: Team) -> None:
    """The backup of the last open state is sealed when its successor is."""
    opened(backed).commit(state(1, "a"), 0)
    opened(backed, ours.seal(ours.recipient)).commit(state(2, "a"), 1)
    backed.location += ".backup"
    assert pyrage.decrypt(backed.body(), [ours.identity]) == encode(state(1, "a"))


def test_what_was_sealed_stays_sealed(place: Bench, ours: Team) -> None:
    """Taking the setting away does not put the state there open: it is sealed to whoever could open it."""
    opened(place, ours.seal(ours.recipient)).commit(state(1), 0)
    store = opened(place, ours.seal())
    assert store.read() == state(1)
    store.commit(state(2, "a"), 1)
    assert pyrage.decrypt(place.body(), [ours.identity]) == encode(state(2, "a"))


def test_another_recipient_reads_it_too(place: Bench, ours: Team, theirs: Team) -> None:
    """Each of several recipients opens it with an identity of their own."""
    both = (ours.recipient, theirs.recipient)
    opened(place, ours.seal(*both)).commit(state(1), 0)
    opened(place, theirs.seal(*both)).commit(state(2), 1)
    assert opened(place, ours.seal(*both)).read() == state(2)


@pytest.mark.parametrize("who", ["nobody", "a stranger", "a run that knows no encryption"])
def test_without_its_identity_it_is_neither_read_nor_written_over(
    place: Bench, ours: Team, theirs: Team, who: str
) -> None:
    """The error names the variable and the next step, and is no empty start; the stop works all the same."""
    opened(place, ours.seal(ours.recipient)).commit(state(1), 0)
    before = place.body()
    kinds = {"nobody": SealedBytes(Sealing([ours.recipient])), "a stranger": theirs.seal(theirs.recipient)}
    store = opened(place, kinds.get(who, OPEN))
    for act in (store.read, lambda: store.commit(state(2), 1)):
        with pytest.raises(StateError, match="is encrypted and cannot be opened") as caught:
            act()
        assert "MESMS_AGE_IDENTITY_FILE" in f"{caught.value.why} {caught.value.next_step}"
    with pytest.raises(StateError):
        store.commit(state(1), 0)
    assert place.body() == before
    store.write_freeze(Freeze(everything=True))
    assert store.read_freeze().everything


@pytest.mark.parametrize("recipients", [("age1nobody",), ("ops@siamcoffee.example",)])
def test_what_is_no_recipient_stops_before_the_first_commit(
    place: Bench, ours: Team, recipients: Sequence[str]
) -> None:
    """It is refused by the name of its setting, and nothing is stored open instead."""
    with pytest.raises(ConfigError, match="no") as caught:
        opened(place, ours.seal(*recipients)).commit(state(1), 0)
    assert caught.value.where == "mesms.yaml: encryption.state"
    assert opened(place).read() is None


def test_a_large_state_has_no_open_journal(place: Bench, ours: Team) -> None:
    """However large it is and often it is committed, nothing of it stands open anywhere beside it."""
    names = [f"songkran-{each:04}" for each in range(900)]
    store = opened(place, ours.seal(ours.recipient))
    with store.lock("apply", 0):
        for serial in (1, 2, 3):
            store.commit(state(serial, *names[:800], *names[800 : 800 + serial]), serial - 1)
            assert b"songkran" not in b"".join(each.read_bytes() for each in place.root.rglob("*.json*"))
    assert is_sealed(place.body())
    assert len(place.body()) > 65_536


def test_damage_is_seen(place: Bench, ours: Team) -> None:
    """One changed byte and a lost end are errors, not another state."""
    opened(place, ours.seal(ours.recipient)).commit(state(1, "songkran"), 0)
    body = place.body()
    for broken in (body[:-20], body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]):
        place.spoil(broken)
        with pytest.raises(StateError):
            opened(place, ours.seal(ours.recipient)).read()


def test_of_two_that_seal_one_wins(place: Bench, ours: Team) -> None:
    """Compare-and-swap holds though equal states are not equal bytes."""
    one, other = (opened(place, ours.seal(ours.recipient)) for _ in range(2))
    one.commit(state(1), 0)
    other.read()
    one.commit(state(2, "one"), 1)
    with pytest.raises(StateMoved):
        other.commit(state(2, "other"), 1)
    assert opened(place, ours.seal(ours.recipient)).read() == state(2, "one")
