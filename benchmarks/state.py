"""What state costs: one commit at 10, 1,000 and 100,000 campaigns, and an apply of 1,000 sends, for each backend.

``python -m benchmarks.state [--backends file,sqlite] [--most 100000] [--sends 1000]``. Backends and their servers are
those of the tests. A commit is measured under the lock, in the middle of a run: an intent or an outcome of one send. An
apply sends to the sandbox, whose answers are 5 ms late; what it waited for state is held against the whole of it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mesms_gitops.cli.journey import Choices, prepared
from mesms_gitops.cli.wiring import client, tools_for, workplace
from mesms_gitops.model.sends import SendPhase, SendRecord
from mesms_gitops.model.state import CampaignRecord, ManifestRecord, State
from mesms_gitops.reconcile.apply import apply
from mesms_gitops.reconcile.tools import Journal
from mesms_gitops.sandbox.server import running
from tests.store.benches import BENCHES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.store.benches import Bench

SIZES = (10, 1_000, 100_000)
COMMITS = 40
LATENCY = 0.005
"""Seconds that an answer takes longer than the sandbox does."""
AIMS = {"file": "< 20 %", "postgresql": "< 30 %"}
MOMENT = datetime(2027, 4, 10, 3, 0, tzinfo=UTC)
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PROJECT = "version: 1\nundo_window: 0s\napi: {requests_per_second: 100000, timeout: 30s}\n"


def _send(phase: SendPhase, number: int) -> SendRecord:
    uuid = None if phase is SendPhase.INTENDED else f"00000000-0000-4000-8000-{number:012d}"
    sample = tuple(f"{DIGEST[:8]}{each:08x}" for each in range(50)) if phase is SendPhase.INTENDED else ()
    figures = (12_000, 2, 24_000, uuid)
    return SendRecord(DIGEST, 1, phase, "run", MOMENT, MOMENT, "SiamCoffee", *figures, DIGEST, DIGEST, sample)


def _record(number: int, phase: SendPhase = SendPhase.SENT) -> CampaignRecord:
    shown = {"content": "Your order is ready", "schedule": "2027-04-10 10:00"}
    manifest = ManifestRecord(MappingProxyType(shown), MappingProxyType(dict.fromkeys(shown, DIGEST)))
    name = f"c{number:06d}"
    return CampaignRecord(name, f"campaigns/{name}.yaml", 1, manifest, (_send(phase, number),))


def _place(name: str) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix=f"state-{name}-") as folder:
        bench = BENCHES[name](Path(folder))
        os.environ |= bench.environment
        yield bench


def commits(bench: Bench, campaigns: int) -> list[float]:
    """Seconds of each commit of a run after its first, over a state of so many campaigns."""
    records = {record.name: record for record in map(_record, range(campaigns))}
    state = State("lineage-1", 1, campaigns=MappingProxyType(records))
    store = bench.open()
    store.commit(state, 0)
    spent = []
    with store.lock("apply", 0):
        found = store.read()
        assert found is not None
        state = found
        for each in range(COMMITS + 1):
            phase = SendPhase.SENT if each % 2 else SendPhase.INTENDED
            newer = replace(state.with_campaign(_record(each // 2 % campaigns, phase)), serial=state.serial + 1)
            begin = time.perf_counter()
            store.commit(newer, state.serial)
            spent.append(time.perf_counter() - begin)
            state = newer
    return spent[1:]


class Timed:
    """``whole``, and how long calls of the ``watched`` methods took; each takes ``late`` seconds more."""

    def __init__(self, whole: Any, watched: tuple[str, ...], late: float = 0.0) -> None:
        self.seconds = 0.0
        self.calls = 0
        self._whole, self._watched, self._late = whole, watched, late

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        return self._timed(found) if name in self._watched else found

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            begin = time.perf_counter()
            time.sleep(self._late)
            try:
                return call(*arguments, **named)
            finally:
                self.seconds += time.perf_counter() - begin
                self.calls += 1

        return timed

    @contextmanager
    def lock(self, *arguments: Any) -> Iterator[None]:
        """The lock of a store, taken and dropped."""
        begin = time.perf_counter()
        held = self._whole.lock(*arguments)
        held.__enter__()
        self.seconds += time.perf_counter() - begin
        try:
            yield
        finally:
            begin = time.perf_counter()
            held.__exit__(None, None, None)
            self.seconds += time.perf_counter() - begin


def applied(bench: Bench, sends: int) -> tuple[float, Timed, Timed]:
    """Seconds from the first write to the last of an apply of ``sends`` campaigns, with what stood still for what."""
    root = bench.root
    (root / "campaigns").mkdir(exist_ok=True)
    (root / "mesms.yaml").write_text(PROJECT, encoding="utf-8")
    for number in range(sends):
        text = (
            f"class: transactional\nsender: SiamCoffee\ncontent: Your order {number} is ready\nschedule: now\n"
            f'recipients: [{{numbers: ["08{number:08d}"]}}]\n'
        )
        (root / "campaigns" / f"c{number:05d}.yaml").write_text(text, encoding="utf-8")
    with running() as served:
        os.environ |= {"MESMS_BASE_URL": served.base_url, "MESMS_API_KEY": served.api_key}
        place = replace(workplace(str(root)), store=bench.open())
        store = Timed(place.store, ("commit", "read_freeze"))
        place = replace(place, store=store)  # type: ignore[arg-type]  # it passes everything on
        with client(place.project, place.teller) as account, store.lock("apply", 0):
            state = place.stored_state()
            ready = prepared(place, state, account, Choices())
            slow = Timed(account, ("send",), LATENCY)
            tools = tools_for(place, slow, ready.situation.key)  # type: ignore[arg-type]  # as above
            tools = replace(tools, snapshots=None)
            begin = time.perf_counter()
            outcome = apply(ready, Journal(place.store, state), tools)
            assert outcome.exit_code == 0, outcome.outcomes[:3]
            seconds = time.perf_counter() - begin
    return seconds, store, slow


def main() -> None:
    """Print the rows of docs/performance.md."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--backends", default=",".join(name for name in BENCHES if name != "journal"))
    given.add_argument("--most", type=int, default=SIZES[-1])
    given.add_argument("--sends", type=int, default=1_000)
    chosen = given.parse_args()
    os.environ.pop("MESMS_HASH_KEY", None)
    for name in chosen.backends.split(","):
        for size in SIZES:
            if size > chosen.most:
                continue
            for bench in _place(name):
                spent = commits(bench, size)
            median, worst = statistics.median(spent) * 1e3, max(spent) * 1e3
            print(f"| a commit, {name}, {size:,} campaigns | {median:.1f} ms, at most {worst:.1f} ms |", flush=True)
        if chosen.sends:
            for bench in _place(name):
                seconds, store, api = applied(bench, chosen.sends)
            share = f"{store.seconds / seconds:.0%}"
            print(
                f"| an apply of {chosen.sends:,} sends, {name} | {seconds:.1f} s: state {store.seconds:.1f} s in "
                f"{store.calls:,} calls | API {api.seconds:.1f} s in {api.calls:,} | {share} | {AIMS.get(name, '')} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
