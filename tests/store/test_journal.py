"""The journal beside a large state: whatever dies, fails or is edited, what stands is the truth or is refused."""

from __future__ import annotations

import errno
import json
import os
import resource
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import StateError, StateMoved, StateRetired, StateUnreadable
from mesms_gitops.model.sends import SendPhase, SendRecord
from mesms_gitops.model.state import STATE_VERSION, Approval, CampaignRecord, State
from mesms_gitops.store.codec import canonical, decode, encode
from mesms_gitops.store.delta import Delta
from mesms_gitops.store.disk import Disk, Stamp
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.file import FileStore
from mesms_gitops.store.journal import Chain

from .fake_host import FakeHost
from .memory_disk import Died, MemoryDisk
from .strategies import states
from .test_codec import BROKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


HERE = Path("/project/.mesms")
STATE = HERE / "state.json"
JOURNAL = HERE / "state.json.journal"
BACKUP = HERE / "state.json.backup"
LOCK = HERE / "state.json.lock"
NOON = datetime(2027, 4, 10, 3, 0, tzinfo=UTC)
COMMITS = 4


@lru_cache
def send(number: int, phase: SendPhase = SendPhase.SENT) -> SendRecord:
    uuid = f"m{number}" if phase is SendPhase.SENT else None
    return SendRecord(f"f{number}", 1, phase, "run-1", NOON, None, "SiamCoffee", 3, 1, 3, uuid, "t", "a")


PAST = CampaignRecord("past", "campaigns/past.yaml", 1, sends=tuple(send(1000 + each) for each in range(8)))


@lru_cache
def state(serial: int) -> State:
    """One send more with each serial; the one before has left by then. Large enough for a journal of some lines."""
    sends = tuple(send(each, SendPhase.SENT if each < serial else SendPhase.INTENDED) for each in range(1, serial + 1))
    sale = CampaignRecord("sale", "campaigns/sale.yaml", 1, sends=sends)
    return State("lineage-1", serial, campaigns=MappingProxyType({"past": PAST, "sale": sale}))


FILES: Mapping[Path, bytes] = {STATE: encode(state(1))}


def store(disk: Disk, pid: int = 1001) -> FileStore:
    return FileStore(STATE, disk=disk, host=FakeHost(pid, dead=frozenset({1001} - {pid})), journal_from=0)


def work(ledger: FileStore, done: list[int] | None = None, upto: int = 1 + COMMITS) -> None:
    """One run: under the lock, one commit after the other; ``done`` are the serials that were durable."""
    with ledger.lock("apply", 0):
        found = ledger.read()
        assert found is not None
        for serial in range(found.serial + 1, upto + 1):
            ledger.commit(state(serial), serial - 1)
            if done is not None:
                done.append(serial)


def serial(files: Mapping[Path, bytes], path: Path = STATE) -> int:
    found = FileStore(path, disk=MemoryDisk(files), host=FakeHost()).read()
    return 0 if found is None else found.serial


def moments() -> list[dict[Path, bytes]]:
    """Every pair of file and journal that stands at some instant of a run."""

    class Watched(MemoryDisk):
        def step(self, name: str, path: Path) -> None:
            super().step(name, path)
            pair = {each: body for each, body in self.killed().items() if each in (STATE, JOURNAL)}
            if not found or found[-1] != pair:
                found.append(pair)

    found: list[dict[Path, bytes]] = []
    disk = Watched(FILES)
    work(store(disk))
    work(store(disk), upto=2 + 2 * COMMITS)
    return found


# ── a run from beginning to end ──────────────────────────────────────────────────────────────────────────────────────


def test_between_runs_the_file_is_whole() -> None:
    """After a run, however many commits it made, file and backup are what a tool without journals would write."""
    disk = MemoryDisk(FILES)
    for last in (2, 3, 7, 20):
        before = serial(disk.killed())
        work(store(disk), upto=last)
        assert disk.killed()[STATE] == encode(state(last))
        assert disk.killed()[BACKUP] == encode(state(last - 1))
        assert set(disk.killed()) == {STATE, BACKUP}
        assert before < last


def test_within_a_run_one_line_is_appended_a_commit() -> None:
    """The first commit writes the file; those after it one line each, which is durable at once."""
    disk = MemoryDisk(FILES)
    ledger = store(disk)
    with ledger.lock("apply", 0):
        ledger.read()
        ledger.commit(state(2), 1)
        body = disk.killed()[STATE]
        for each in (3, 4):
            ledger.commit(state(each), each - 1)
            assert disk.killed()[STATE] == body
            journal = disk.entries[JOURNAL]
            assert journal.seen == journal.durable
            assert journal.seen.count(b"\n") == each - 1
            assert store(MemoryDisk(disk.killed())).read() == ledger.read() == state(each)


def test_who_knows_no_journals_refuses_the_file() -> None:
    """While a journal goes with it the file says a newer version, and alone it is refused."""
    opened = next(files for files in moments() if JOURNAL in files and b'"journal": true' in files[STATE])
    assert json.loads(opened[STATE])["version"] > STATE_VERSION
    with pytest.raises(StateUnreadable) as caught:
        decode(opened[STATE])
    assert "the .journal back" in caught.value.next_step


def test_a_journal_that_has_grown_is_folded_in() -> None:
    """However many commits a run makes, its journal stays below a share of the file and is begun anew."""
    disk = MemoryDisk(FILES)
    ledger = store(disk)
    longest, begun = 0, set()
    with ledger.lock("apply", 0):
        ledger.read()
        for each in range(2, 60):
            ledger.commit(state(each), each - 1)
            found = disk.killed()
            if JOURNAL in found:
                begun.add(found[JOURNAL].split(b"\n")[0])
                longest = max(longest, len(found[JOURNAL]) / len(found[STATE]))
            assert serial(found) == each
    assert longest < 0.75
    assert len(begun) > 3
    assert disk.killed()[STATE] == encode(state(59))


def test_what_is_written_grows_with_what_is_committed() -> None:
    """Ten times the sends are some ten times the bytes: of one campaign, and of as many campaigns."""

    class Counting(MemoryDisk):
        written = 0

        def write_new(self, path: Path, body: bytes) -> None:
            self.written += len(body)
            super().write_new(path, body)

        def append(self, path: Path, body: bytes, size: int) -> None:
            self.written += len(body)
            super().append(path, body, size)

    def bytes_for(many: int, apart: bool) -> int:
        disk = Counting({STATE: encode(State("lineage-1", 1))})
        ledger = store(disk)
        with ledger.lock("apply", 0):
            made = ledger.read()
            assert made is not None
            for number in range(many):
                name = f"c-{number}" if apart else "c"
                record = made.campaigns.get(name) or CampaignRecord(name, "campaigns/c.yaml", 1)
                for phase in (SendPhase.INTENDED, SendPhase.SENT):
                    record = record.with_send(send(number, phase))
                    newer = replace(made.with_campaign(record), serial=made.serial + 1)
                    ledger.commit(newer, made.serial)
                    made = newer
        assert decode(disk.killed()[STATE]) == canonical(made)
        return disk.written

    for apart in (True, False):
        assert bytes_for(600, apart) < 14 * bytes_for(60, apart)


# ── death and failure ────────────────────────────────────────────────────────────────────────────────────────────────


def lives(files: Mapping[Path, bytes], act: Callable[[FileStore, list[int]], None]) -> Iterator[tuple[MemoryDisk, int]]:
    """``act`` on ``files``, dying before each of its steps in turn; and the last serial it knew to be durable."""
    for die_at in range(2000):
        disk = MemoryDisk(files, die_at=die_at)
        done = [serial(files)]
        try:
            act(store(disk), done)
        except Died:
            yield disk, done[-1]
        else:
            yield disk, done[-1]
            assert die_at > 40
            return


def test_a_run_that_dies_leaves_all_it_committed() -> None:
    """Whenever the power goes: what a commit returned from stands there, at most with the one that was under way."""
    for disk, durable in lives(FILES, work):
        for world in disk.worlds():
            assert serial(world) in (durable, durable + 1), disk.steps


def test_after_a_death_the_next_run_makes_it_whole() -> None:
    """The next run goes on where the dead one was; when it ends there are a whole file and its backup, and no more."""
    for disk, durable in lives(FILES, work):
        for world in disk.worlds():
            found = serial(world)
            after = MemoryDisk({path: body for path, body in world.items() if path != LOCK})
            work(store(after, pid=1002), upto=durable + 3)
            assert after.killed()[STATE] == encode(state(durable + 3))
            assert serial(after.killed(), BACKUP) == durable + 2
            assert {path for path in after.killed() if path.suffix != ".lock"} == {STATE, BACKUP}
            assert found <= durable + 1


def test_who_comes_next_without_a_commit_makes_it_whole_too() -> None:
    """To take and drop the lock is enough; and who does not take it reads the same, and changes nothing."""
    for disk, _ in lives(FILES, work):
        left = {path: body for path, body in disk.killed().items() if path != LOCK}
        found = serial(left)
        looked_at = MemoryDisk(left)
        assert store(looked_at).read() == state(found)
        assert looked_at.killed() == left
        after = MemoryDisk(left)
        with store(after, pid=1002).lock("plan", 0):
            pass
        assert after.killed()[STATE] == encode(state(found))
        assert JOURNAL not in after.killed()


def test_even_the_run_that_mends_may_die() -> None:
    """A second death, anywhere, loses no more than the first did."""
    first = next(disk for disk, durable in lives(FILES, work) if durable == 4 and JOURNAL in disk.killed())
    left = {path: body for path, body in first.killed().items() if path != LOCK}
    for disk, durable in lives(left, lambda ledger, done: work(ledger, done, upto=6)):
        for world in disk.worlds():
            assert serial(world) in (durable, durable + 1)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_any_step_of_a_run_may_fail(number: int) -> None:
    """What fails is an error of ours or a note; the state is the one before or after, and the next run ends well."""
    for fail_at in range(2000):
        disk = MemoryDisk(FILES, fail_at=fail_at, number=number)
        done = [1]
        with suppress(StateError):
            work(store(disk), done)
        left = disk.killed()
        assert serial(left) in (done[-1], done[-1] + 1)
        left.pop(LOCK, None)
        after = MemoryDisk(left)
        work(store(after, pid=1002), upto=8)
        assert set(after.killed()) == {STATE, BACKUP}
        assert serial(after.killed()) == 8
        if len(disk.steps) <= fail_at:
            assert fail_at > 40
            return


def test_an_append_that_fails_is_cut_off_and_the_run_goes_on(tmp_path: Path) -> None:
    """Where a line does not fit, nothing of it stays, what stood still stands, and the commit can be tried again."""
    path = tmp_path / "state.json"
    path.write_bytes(FILES[STATE])
    ledger = FileStore(path, journal_from=0)
    journal = path.with_name("state.json.journal")
    with ledger.lock("apply", 0):
        ledger.read()
        for each in (2, 3):
            ledger.commit(state(each), each - 1)
        before = journal.read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
        try:
            with pytest.raises(StateError, match="cannot write the state") as caught:
                ledger.commit(state(4), 3)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert "make room" in caught.value.next_step
        assert journal.read_bytes() == before
        assert FileStore(path).read() == state(3)
        ledger.commit(state(4), 3)
        ledger.commit(state(5), 4)
        assert FileStore(path).read() == state(5)
    assert path.read_bytes() == encode(state(5))
    assert not journal.exists()


# ── what is cut, damaged, mixed up ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def pair() -> dict[Path, bytes]:
    """A file with a journal of three commits."""
    return max(moments(), key=lambda files: files.get(JOURNAL, b"").count(b"\n"))


def test_a_last_line_that_is_cut_short_never_returned(pair: dict[Path, bytes]) -> None:
    """Cut anywhere in its last line, the journal says what it said before that line; cut further, it is refused."""
    body = pair[JOURNAL]
    newest = serial(pair)
    last = body.rstrip(b"\n").rfind(b"\n") + 1
    for length in range(last, len(body)):
        is_all_there = length == len(body) - 1  # but for its newline
        assert serial({**pair, JOURNAL: body[:length]}) == newest - (not is_all_there)
    header = body.index(b"\n")
    for length in range(header):
        with pytest.raises(StateUnreadable):
            serial({**pair, JOURNAL: body[:length]})


def test_a_changed_byte_is_seen_wherever_it_is(pair: dict[Path, bytes]) -> None:
    """Not one byte of journal or file can be another one, be gone or be there twice."""
    for path in (JOURNAL, STATE):
        body = pair[path]
        for at in range(len(body)):
            for damaged in (
                body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :],
                body[:at] + body[at + 1 :],
                body[: at + 1] + body[at:],
            ):
                if damaged == body or (path == JOURNAL and damaged == body[:-1]):
                    continue
                with pytest.raises(StateUnreadable) as caught:
                    serial({**pair, path: damaged})
                assert caught.value.next_step


def test_lines_belong_where_they_stand(pair: dict[Path, bytes]) -> None:
    """No line can be left out, doubled or moved; each by itself has the right checksum."""
    head, *lines = pair[JOURNAL].splitlines(keepends=True)
    assert len(lines) >= 3
    wrong = [lines[1:], lines[:1] + lines[2:], [lines[0], *lines], lines[::-1], [*lines, lines[-1]]]
    for other in wrong:
        with pytest.raises(StateUnreadable):
            serial({**pair, JOURNAL: b"".join([head, *other])})


def test_a_line_of_another_journal_has_no_place_here(pair: dict[Path, bytes]) -> None:
    """Of the same serial and well sealed where it comes from: its seal covers the lines before it there."""
    header, first, *rest = pair[JOURNAL].splitlines(keepends=True)
    assert rest
    foreign = Chain()
    foreign.first(b"another file", "lineage-1", json.loads(header.partition(b" ")[2])["serial"])
    resealed = foreign.line(json.loads(first.partition(b" ")[2]))
    assert resealed.partition(b" ")[2] == first.partition(b" ")[2]
    for lines in ([header, resealed, *rest], [header, resealed]):
        with pytest.raises(StateUnreadable):
            serial({**pair, JOURNAL: b"".join(lines)})


def test_a_file_of_one_moment_and_a_journal_of_another_lose_nothing() -> None:
    """Whatever file stands beside whatever journal: what is read holds every commit that either knows, or none is."""
    seen = moments()
    files = {each[STATE] for each in seen}
    journals = {each.get(JOURNAL) for each in seen}
    read = refused = 0
    for body in files:
        for journal in journals:
            pair = {STATE: body} if journal is None else {STATE: body, JOURNAL: journal}
            whole = b"" if journal is None else journal[: journal.rfind(b"\n") + 1]
            commits = [json.loads(line.partition(b" ")[2])["serial"] for line in whole.splitlines()]
            known = max([json.loads(body)["serial"], *(commits if len(commits) > 1 else [])])
            try:
                found = serial(pair)
            except StateUnreadable:
                assert pair not in seen
                refused += 1
            else:
                assert found in (known, known + 1)
                read += 1
    assert read > 10
    assert refused > 10


def test_an_older_state_put_back_beside_a_live_journal_is_refused(pair: dict[Path, bytes]) -> None:
    """What was sent since would be forgotten; the error says so and what to do, and nothing is written over."""
    files = {STATE: encode(state(2)), JOURNAL: pair[JOURNAL]}
    for act in (lambda ledger: ledger.read(), lambda ledger: ledger.commit(state(3), 2)):
        disk = MemoryDisk(files)
        with pytest.raises(StateUnreadable) as caught:
            act(store(disk))
        assert "older state was put back" in caught.value.why
        assert disk.killed() == files


def test_a_journal_of_another_project_is_refused(pair: dict[Path, bytes]) -> None:
    """Its lineage says whose it is."""
    with pytest.raises(StateUnreadable) as caught:
        serial({STATE: encode(replace(state(50), lineage="theirs")), JOURNAL: pair[JOURNAL]})
    assert "another lineage" in caught.value.why


def test_a_lost_state_beside_its_journal_is_no_empty_start(pair: dict[Path, bytes]) -> None:
    """With the file gone and the journal there, reading says that it was lost, and a first commit is refused."""
    disk = MemoryDisk({JOURNAL: pair[JOURNAL]})
    assert store(disk).read() is None
    assert store(disk).has_backup
    with pytest.raises(StateMoved):
        store(disk).commit(state(1), 0)


# ── others ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("wait", [0.0, 0.15])
def test_an_edit_behind_the_back_of_a_run_is_noticed(tmp_path: Path, wait: float) -> None:
    """Of the same length, with the old time put back: also within the tick in which the file was written."""
    path = tmp_path / "state.json"
    path.write_bytes(FILES[STATE])
    ledger = FileStore(path, journal_from=0)
    with ledger.lock("apply", 0):
        ledger.read()
        ledger.commit(state(2), 1)
        time.sleep(wait)
        ledger.commit(state(3), 2)
        before = path.stat()
        with path.open("r+b") as file:
            file.write(path.read_bytes().replace(b"past.yaml", b"pest.yaml"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        edited = path.read_bytes()
        with pytest.raises(StateUnreadable) as caught:
            ledger.commit(state(4), 3)
    assert "edited" in caught.value.why
    assert path.read_bytes() == edited


class Coarse(Disk):
    """A filesystem whose clock stands still for as long as anybody looks."""

    def stamp(self, path: Path) -> Stamp | None:
        found = super().stamp(path)
        return None if found is None else Stamp(found.identity[:2], found.size, 1_000_000_000)


def test_an_edit_is_noticed_also_where_times_do_not_tell(tmp_path: Path) -> None:
    """What a stamp could hide is read and compared."""
    path = tmp_path / "state.json"
    path.write_bytes(FILES[STATE])
    ledger = FileStore(path, journal_from=0, disk=Coarse())
    with ledger.lock("apply", 0):
        ledger.read()
        for each in (2, 3):
            ledger.commit(state(each), each - 1)
        with path.open("r+b") as file:
            file.write(path.read_bytes().replace(b"past.yaml", b"pest.yaml"))
        with pytest.raises(StateUnreadable):
            ledger.commit(state(4), 3)


def test_an_edit_of_the_journal_is_noticed_before_the_next_line(tmp_path: Path) -> None:
    """Nothing is appended to what does not hold any more."""
    path = tmp_path / "state.json"
    path.write_bytes(FILES[STATE])
    ledger = FileStore(path, journal_from=0)
    journal = path.with_name("state.json.journal")
    with ledger.lock("apply", 0):
        ledger.read()
        for each in (2, 3, 4):
            ledger.commit(state(each), each - 1)
        time.sleep(0.15)
        with journal.open("r+b") as file:
            file.write(journal.read_bytes().replace(b"sent", b"none"))
        edited = journal.read_bytes()
        with pytest.raises(StateUnreadable):
            ledger.commit(state(5), 4)
    assert journal.read_bytes() == edited


def test_a_stamp_is_trusted_once_its_tick_is_over() -> None:
    """A tenth of a second where times have a fraction, three seconds where they have none."""
    fine, coarse = Stamp((1,), 1, 5_000_000_001), Stamp((1,), 1, 5_000_000_000)
    for stamp, tick in ((fine, 100_000_000), (coarse, 3_000_000_000)):
        assert not stamp.is_settled(Stamp((2,), 1, stamp.changed + tick))
        assert stamp.is_settled(Stamp((2,), 1, stamp.changed + tick + 1))


def test_who_lost_the_lock_leaves_the_journal_of_the_next_alone() -> None:
    """The run whose lock was broken is stopped by the serial, and folds in nothing that is not its own."""
    disk = MemoryDisk(FILES)
    one, other = store(disk), store(disk, pid=1002)
    with one.lock("apply", 0):
        one.read()
        one.commit(state(2), 1)
        one.commit(state(3), 2)
        other.unlock(one.info().id)
        with other.lock("apply", 0):
            other.read()
            for each in (4, 5, 6):
                other.commit(state(each), each - 1)
            with pytest.raises(StateMoved):
                one.commit(state(4), 3)
            body = disk.killed()
            one._file.close()
            assert disk.killed() == body
            other.commit(state(7), 6)
    assert disk.killed()[STATE] == encode(state(7))


def test_who_commits_without_the_lock_takes_the_journal_along() -> None:
    """A commit between two others' finds what the journal says, and the run that kept it is stopped."""
    disk = MemoryDisk(FILES)
    one, other = store(disk), store(disk, pid=1002)
    with one.lock("apply", 0):
        one.read()
        one.commit(state(2), 1)
        one.commit(state(3), 2)
        other.commit(state(4), 3)
        assert disk.killed()[STATE] == encode(state(4))
        assert disk.killed()[BACKUP] == encode(state(3))
        with pytest.raises(StateMoved):
            one.commit(state(4), 3)
    assert serial(disk.killed()) == 4


def test_a_state_that_moves_takes_its_journal_along() -> None:
    """The tombstone stands in place of both, and the backup is the state that moved."""
    disk = MemoryDisk(FILES)
    ledger = store(disk)
    with ledger.lock("state migrate", 0):
        ledger.read()
        ledger.commit(state(2), 1)
        ledger.commit(state(3), 2)
        ledger.retire("git:mesms-state", 3)
        with pytest.raises(StateRetired):
            ledger.read()
    assert JOURNAL not in disk.killed()
    assert decode(disk.killed()[BACKUP]) == state(3)


def test_small_states_have_no_journal(tmp_path: Path) -> None:
    """A state of some kilobytes is written as a whole each time."""
    path = tmp_path / "state.json"
    path.write_bytes(FILES[STATE])
    ledger = FileStore(path)
    with ledger.lock("apply", 0):
        ledger.read()
        for each in (2, 3, 4):
            ledger.commit(state(each), each - 1)
            assert path.read_bytes() == encode(state(each))


# ── what a line says ─────────────────────────────────────────────────────────────────────────────────────────────────

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@given(st.lists(states(lineages=st.just("l")), min_size=2, max_size=5))
@CALM
def test_any_state_may_follow_any_other(made: list[State]) -> None:
    """Whatever changes from one commit to the next: read anew it is what was committed, and so is the file."""
    made = [replace(each, serial=number) for number, each in enumerate(made, 1)]
    disk = MemoryDisk({STATE: encode(made[0])})
    ledger = store(disk)
    with ledger.lock("apply", 0):
        ledger.read()
        for before, after in pairwise(made):
            mixed = replace(after, campaigns=MappingProxyType({**before.campaigns, **after.campaigns}))
            try:
                encode(mixed)
            except StateError:
                mixed = after
            ledger.commit(mixed, before.serial)
            assert store(MemoryDisk(disk.killed())).read() == canonical(mixed)
    assert disk.killed()[STATE] == encode(mixed)


@pytest.mark.parametrize("case", BROKEN)
def test_what_could_not_be_read_back_is_not_appended(case: str) -> None:
    """The rules of a state hold for a step to one as well, and the run goes on from what stood."""
    bad = BROKEN[case]
    if not bad.lineage:
        return  # another lineage: that is refused before
    base = State(bad.lineage, 1, campaigns=MappingProxyType({}))
    if case == "negative serial":
        with pytest.raises(Surprise):
            Delta(base).to(bad)
        return
    disk = MemoryDisk({STATE: encode(base)})
    ledger = store(disk)
    with ledger.lock("apply", 0):
        ledger.read()
        ledger.commit(replace(base, serial=2), 1)
        with pytest.raises(StateError) as caught:
            ledger.commit(replace(bad, serial=3), 2)
        assert not isinstance(caught.value, StateUnreadable)
        ledger.commit(replace(base, serial=3, hash_key="k"), 2)
    assert decode(disk.killed()[STATE]) == replace(base, serial=3, hash_key="k")


def test_a_message_is_one_sends_also_across_lines() -> None:
    """A uuid that another campaign holds is refused, and one that was given up may be taken."""
    delta = Delta(state(3))
    thief = CampaignRecord("thief", "f.yaml", 1, sends=(replace(send(1), fingerprint="other"),))
    with pytest.raises(Surprise, match="two sends claim"):
        delta.to(state(3).with_campaign(thief))
    moved = state(3).without_campaign("sale").with_campaign(replace(state(3).campaigns["sale"], name="bargain"))
    assert set(Delta(state(3)).to(moved)["campaigns"]) == {"sale", "bargain"}


def test_a_line_says_what_changed_and_no_more() -> None:
    """One send of many, and of the head what is new: the rest of a large campaign is not written again."""
    before, after = state(30), state(31)
    after = replace(after, approval=Approval("sha256:1", "run-2", ("s1",)))
    said = json.loads(json.dumps(Delta(before).to(after)))
    assert said.keys() == {"serial", "campaigns", "head"}
    assert said["head"] == {"approval": {"digest": "sha256:1", "run": "run-2", "steps": ["s1"]}}
    assert said["campaigns"].keys() == {"sale"}
    assert [each["fingerprint"] for each in said["campaigns"]["sale"]["sends"]] == ["f30", "f31"]
    assert said["campaigns"]["sale"]["kept"] == 29
