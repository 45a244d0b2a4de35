"""Results on disk: what goes in comes out, for this user alone, damage is noticed, and none stays for ever."""

from __future__ import annotations

import os
import random
import stat
import subprocess
from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl
import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import ConfigError, StateUnreadable
from mesms_gitops.model.delivery import DELIVERY_STATES
from mesms_gitops.model.results import Doubt, DoubtKind, Reading, ResultHead, Results
from mesms_gitops.model.sends import SendPhase, SendRecord
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.store.result_form import frame_of, in_states
from mesms_gitops.store.results import ResultFolder
from mesms_gitops.store.sealing import Sealing
from tests.measured import soon

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2027, 4, 1, 12, tzinfo=UTC)
DAYS = timedelta(days=90)
PRINT = "ab" * 20
HEAD = ResultHead("vip", PRINT, "some-uuid", NOON, Reading.BY_EXCEPTION)
STATES = (*DELIVERY_STATES, "teleported")

kinds = st.sampled_from([kind for kind in DoubtKind if kind is not DoubtKind.UNOPENED])
people = st.dictionaries(st.integers(600_000_000, 999_999_999), st.sampled_from(STATES), max_size=60)


def results(told: dict[int, str], head: ResultHead = HEAD) -> Results:
    numbers = sorted(told)
    return Results(head, array("I", numbers), bytes(STATES.index(told[number]) for number in numbers), STATES)


SOME = results({800_000_001: "success", 800_000_002: "failed", 812_345_678: "expired"})


def folder(tmp_path: Path, **keys: object) -> ResultFolder:
    """A folder that fails its test when it warns."""
    standard: dict[str, object] = {"keep_for": DAYS, "on_warning": pytest.fail}
    return ResultFolder(tmp_path / ".mesms/delivery", **{**standard, **keys})  # type: ignore[arg-type]  # by name


def keep(made: ResultFolder, found: Results) -> None:
    assert made.keep(found.head, frame_of(found))


def read(made: ResultFolder) -> dict[int, str]:
    return dict(made.frame("vip", PRINT).cast({"status": pl.String}).rows())


def recorded(intended_at: datetime = NOON) -> State:
    send = SendRecord(PRINT, 1, SendPhase.SENT, "run", intended_at, None, "Shop", 3, 1, uuid="some-uuid")
    record = CampaignRecord("vip", "vip.yaml", 1, sends=(send,))
    return State("lineage", campaigns=MappingProxyType({"vip": record}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(people, st.lists(st.builds(Doubt, kinds, st.text(max_size=9)), max_size=3))
def test_what_goes_in_comes_out(tmp_path: Path, told: dict[int, str], doubts: list[Doubt]) -> None:
    """Of any people in any states, whichever way it is asked; nobody at all included, and with any doubts."""
    made = folder(tmp_path)
    head = HEAD.doubted(*doubts)
    keep(made, results(told, head))
    assert read(made) == told
    assert made.head("vip", PRINT) == head
    kept = made.kept("vip", PRINT)
    assert kept is not None
    assert (kept.head, kept.frame.height) == (head, len(told))
    assert made.doubtful() == folder(tmp_path).doubtful() == ([("vip", PRINT)] if doubts else [])
    assert made.counts("vip", PRINT) == dict(results(told).counts)
    for state in STATES:
        found = in_states(made.frame("vip", PRINT), (state,))["number"].to_list()
        assert found == sorted(one for one in told if told[one] == state)
    assert all(made.state_of("vip", PRINT, one) == state for one, state in told.items())
    assert made.state_of("vip", PRINT, 599_999_999) is None


def test_any_tool_can_read_it(tmp_path: Path) -> None:
    """Numbers as integers in order, the state as an enumeration."""
    keep(folder(tmp_path), SOME)
    frame = pl.read_parquet(folder(tmp_path).files()[0])
    assert frame.schema == {"number": pl.UInt32, "status": pl.Enum(STATES)}
    assert frame["number"].is_sorted()


def test_two_millions_are_small_and_quick(tmp_path: Path) -> None:
    """10 MB at most, and no wait; ``benchmarks/results.py`` has the figures."""
    drawn = sorted(random.Random(7).sample(range(600_000_000, 999_999_999), 2_000_000))
    codes = bytes(random.Random(8).choices(range(7), [0, 970, 17, 3, 0, 5, 5], k=2_000_000))
    made = folder(tmp_path)
    with soon():
        keep(made, Results(HEAD, array("I", drawn), codes, STATES))
        made.counts("vip", PRINT)
        assert made.state_of("vip", PRINT, drawn[1_234_567]) == STATES[codes[1_234_567]]
    assert made.files()[0].stat().st_size < 10_000_000


def test_for_this_user_alone_and_out_of_sight_of_git(tmp_path: Path) -> None:
    """Files 0600, folders 0700, and git status shows nothing."""
    keep(folder(tmp_path), SOME)
    place = tmp_path / ".mesms/delivery"
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.rglob("*") if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in [place, *place.rglob("*")] if path.is_dir()} == {0o700}
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    seen = subprocess.run([*git, "status", "--porcelain", "-uall"], check=True, capture_output=True, text=True).stdout
    assert seen == ""


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_damage_never_makes_other_people_of_them(tmp_path: Path, data: st.DataObject) -> None:
    """Cut short or with another byte: refused."""
    made = folder(tmp_path)
    keep(made, SOME)
    (path,) = made.files()
    body = path.read_bytes()
    at = data.draw(st.integers(0, len(body) - 1))
    flipped = bytes([body[at] ^ data.draw(st.integers(1, 255))])
    path.write_bytes(data.draw(st.sampled_from([body[:at], body[:at] + flipped + body[at + 1 :]])))
    for look in (read, lambda made: made.head("vip", PRINT), lambda made: made.state_of("vip", PRINT, 800_000_001)):
        with pytest.raises(StateUnreadable, match="cannot be read"):
            look(made)


def test_it_must_be_what_its_name_says(tmp_path: Path) -> None:
    """A file of another send in its place is refused."""
    made = folder(tmp_path)
    keep(made, SOME)
    (path,) = made.files()
    other = ResultHead("vip", "cd" * 20, "other", NOON, Reading.IN_FULL)
    path.unlink()
    elsewhere = folder(tmp_path / "elsewhere")
    elsewhere.keep(other, frame_of(SOME))
    (wrong,) = elsewhere.files()
    wrong.rename(path.with_name(wrong.name.replace("cd" * 20, PRINT)))
    with pytest.raises(StateUnreadable) as caught:
        made.head("vip", PRINT)
    assert caught.value.why == "it is another send's"


def test_what_was_not_read_says_how_to_read_it(tmp_path: Path) -> None:
    """The error names the command."""
    made = folder(tmp_path)
    assert made.head("vip", PRINT) is None
    with pytest.raises(StateUnreadable) as caught:
        made.counts("vip", PRINT)
    assert caught.value.next_step == "mesms-gitops report vip --recipients FILE.csv"


def test_nothing_is_kept_for_no_time(tmp_path: Path) -> None:
    """With a period of zero not even a folder is made."""
    made = folder(tmp_path, keep_for=timedelta(0))
    assert not made.keep(HEAD, frame_of(SOME))
    assert not (tmp_path / ".mesms").exists()


def test_one_is_taken_out(tmp_path: Path) -> None:
    """The others stay as they are, and it is counted."""
    made = folder(tmp_path)
    keep(made, SOME)
    (path,) = made.files()
    assert made.take_out(path, 899_999_999) is None
    assert made.take_out(path, 800_000_002) == HEAD
    assert read(made) == {800_000_001: "success", 812_345_678: "expired"}
    head = made.head("vip", PRINT)
    assert head is not None
    assert head.forgotten == 1
    assert made.take_out(path, 800_000_002) is None


def test_one_is_taken_out_of_what_is_in_doubt(tmp_path: Path) -> None:
    """The doubt stays, in the file and in its name."""
    made = folder(tmp_path)
    head = HEAD.doubted(Doubt(DoubtKind.MISCOUNTED, "2 listed, 3 counted"))
    keep(made, results({800_000_001: "success", 800_000_002: "failed"}, head))
    (path,) = made.files()
    assert made.take_out(path, 800_000_002) == head
    assert made.doubtful() == [("vip", PRINT)]
    assert made.fate_of("vip", PRINT, 800_000_001) == (replace(head, forgotten=1), "success")
    keep(made, SOME)
    assert made.doubtful() == []


def test_whom_it_has_twice_is_told_with_both_states(tmp_path: Path) -> None:
    """As ME-SMS listed them; taken out, no row of them is left."""
    made = folder(tmp_path)
    numbers, codes = array("I", [800_000_001, 800_000_001, 800_000_002]), bytes([1, 2, 1])
    keep(made, Results(HEAD.doubted(Doubt(DoubtKind.CONTRADICTED, "1")), numbers, codes, STATES))
    assert made.state_of("vip", PRINT, 800_000_001) == "success, failed"
    (path,) = made.files()
    made.take_out(path, 800_000_001)
    assert read(made) == {800_000_002: "success"}


def test_what_another_process_wrote_since_is_found(tmp_path: Path) -> None:
    """The folder was listed before: the file that was replaced is looked for once more, and is not damage."""
    made = folder(tmp_path)
    keep(made, results({800_000_001: "pending"}))
    assert made.state_of("vip", PRINT, 800_000_001) == "pending"
    keep(folder(tmp_path), SOME)
    assert made.state_of("vip", PRINT, 800_000_001) == "success"
    assert made.head("vip", PRINT) == HEAD


def test_what_was_left_half_written_goes(tmp_path: Path) -> None:
    """It is never listed as results, and a sweep deletes it without counting it."""
    made = folder(tmp_path)
    keep(made, SOME)
    (path,) = made.files()
    part = path.with_name(f".{path.name}.0000.part")
    part.write_bytes(b"half")
    assert made.files() == (path,)
    assert made.sweep(recorded(), NOON) == 0
    assert not part.exists()


def test_of_two_files_the_newer_counts_and_nobody_is_left_in_the_older(tmp_path: Path) -> None:
    """A crash between the new file and the end of the old one leaves both; the next write, or `forget`, ends that."""
    made = folder(tmp_path)
    keep(made, results({800_000_001: "pending", 800_000_002: "pending"}))
    (old,) = made.files()
    body = old.read_bytes()
    keep(made, SOME)
    old.write_bytes(body)
    os.utime(old, (0, 0))
    assert len(made.files()) == 2
    assert made.state_of("vip", PRINT, 800_000_002) == "failed"
    for path in made.files():
        made.take_out(path, 800_000_002)
    assert len(made.files()) == 1
    assert read(made) == {800_000_001: "success", 812_345_678: "expired"}


@pytest.mark.parametrize(("after", "deleted"), [(DAYS - timedelta(seconds=1), 0), (DAYS, 1)])
def test_they_go_when_the_snapshot_of_their_send_goes(tmp_path: Path, after: timedelta, deleted: int) -> None:
    """So long after the send was made, whenever they were read."""
    made = folder(tmp_path)
    keep(made, SOME)
    assert made.sweep(recorded(), NOON + after) == deleted
    assert len(made.files()) == 1 - deleted


def test_those_of_a_send_that_state_does_not_know_go_by_their_age(tmp_path: Path) -> None:
    """Their file's time stands for that of the send."""
    made = folder(tmp_path)
    keep(made, SOME)
    now = datetime.now(UTC)
    assert made.sweep(State("lineage"), now + DAYS - timedelta(minutes=1)) == 0
    assert made.sweep(State("lineage"), now + DAYS + timedelta(minutes=1)) == 1


# --- encrypted --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sealing(tmp_path: Path) -> Sealing:
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "identity"
    file.write_text(f"{identity}\n")
    return Sealing([str(identity.to_public())], file)


def test_encrypted_it_is_a_whole_parquet_file_inside(tmp_path: Path, sealing: Sealing) -> None:
    """No number is in it open; opened, it is what it would have been."""
    made = folder(tmp_path, sealing=sealing)
    keep(made, SOME)
    (path,) = made.files()
    body = path.read_bytes()
    assert path.name.startswith(PRINT)
    assert path.name.endswith(".parquet.age")
    assert (800_000_001).to_bytes(4, "little") not in body
    assert sealing.open(body).startswith(b"PAR1")
    assert made.state_of("vip", PRINT, 800_000_002) == "failed"
    assert made.head("vip", PRINT) == HEAD
    assert made.take_out(path, 800_000_002) == HEAD
    assert read(made) == {800_000_001: "success", 812_345_678: "expired"}


def test_an_open_one_gives_way_to_an_encrypted_one(tmp_path: Path, sealing: Sealing) -> None:
    """There are never both; and what was encrypted never ends up open."""
    keep(folder(tmp_path), SOME)
    keep(folder(tmp_path, sealing=sealing), SOME)
    assert [path.suffix for path in folder(tmp_path).files()] == [".age"]
    keep(folder(tmp_path, sealing=Sealing((), tmp_path / "identity")), SOME)
    assert [path.suffix for path in folder(tmp_path).files()] == [".age"]


def test_without_an_identity_it_stays_closed(tmp_path: Path, sealing: Sealing) -> None:
    """The error says which variable to set."""
    keep(folder(tmp_path, sealing=sealing), SOME)
    with pytest.raises(ConfigError) as caught:
        folder(tmp_path).state_of("vip", PRINT, 800_000_002)
    assert "MESMS_AGE_IDENTITY_FILE" in (caught.value.next_step or "")
