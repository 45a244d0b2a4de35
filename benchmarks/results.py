"""What became of 2,000,000 people, 3 % of whom were not reached: ``python -m benchmarks.results``.

The sandbox serves over HTTP on loopback; the reader is a process of its own, without limit of its rate. Requests are
counted by the server. Reading every page is not carried out: at 50 a page it is 40,000 requests.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from array import array
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 2_000_000
PAGE = 50
RUNS = 5
FAILED_PER_MILLE = 30
BEGINS = datetime(2027, 4, 1, 3, tzinfo=UTC)


def people() -> array[int]:
    """So many numbers all over the plan, of which the sandbox delivers to all but 3 %: it decides by last digits."""
    drawn = random.Random(7).sample(range(610_000_000, 999_999_999), MANY * 11 // 10)
    is_reached = bytes(zlib.crc32(b"%04d" % suffix) % 1000 < 955 for suffix in range(10_000))
    failing = MANY * FAILED_PER_MILLE // 1000
    reached = [number for number in drawn if is_reached[number % 10_000] and not 800_000_000 <= number < 800_010_000]
    others = [number for number in drawn if not is_reached[number % 10_000]]
    return array("I", sorted(reached[: MANY - failing] + others[:failing]))


def reader(base_url: str, uuid: str, folder: str) -> None:
    """Read, keep and ask; prints seconds, bytes and peak megabytes as JSON."""
    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.reconcile.results import Asked, Covered, ResultReader
    from mesms_gitops.store.result_form import frame_of
    from mesms_gitops.store.results import ResultFolder

    cells = array("I")
    cells.frombytes(Path(folder, "people").read_bytes())
    covered = Covered(Numbers.from_sorted(cells))
    kept = ResultFolder(Path(folder, "delivery"), keep_for=timedelta(days=90))
    begin = time.perf_counter()
    with MesmsClient(base_url, "sandbox-key", requests_per_second=1e6) as account:
        found = ResultReader(account, lambda: datetime.now(UTC)).read(Asked("sale", "ab" * 20, uuid, MANY), covered)
    read = time.perf_counter() - begin
    peaks = [peak()]
    stored, worked = [], []
    for _ in range(RUNS):
        begin, work = time.perf_counter(), time.process_time()
        kept.keep(found.head, frame_of(found))
        stored.append(time.perf_counter() - begin)
        worked.append(time.process_time() - work)
    peaks.append(peak())
    counts, one = [], []
    for number in random.Random(8).sample(list(cells[::1000]), RUNS):
        counts.append(timed(lambda: kept.counts("sale", "ab" * 20)))
        one.append(timed(lambda number=number: kept.state_of("sale", "ab" * 20, number)))
    told = {
        "read": read,
        "first": stored[0],
        "stored": statistics.median(stored),
        "worked": max(worked),
        "size": kept.files()[0].stat().st_size,
        "counts": statistics.median(wall for wall, _ in counts),
        "counts_worked": statistics.median(work for _, work in counts),
        "one": statistics.median(wall for wall, _ in one),
        "one_worked": statistics.median(work for _, work in one),
        "by_state": dict(kept.counts("sale", "ab" * 20)),
        "peaks": [*peaks, peak()],
        "peak": peak(),
    }
    print(json.dumps(told))


def timed(do: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds and processor seconds."""
    begin, work = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - begin, time.process_time() - work


def peak() -> float:
    """Megabytes of this process; ``getrusage`` would count what its parent held when it was started (Linux)."""
    told = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in told if line.startswith("VmHWM:")) / 1024


def sent(base_url: str, cells: array[int]) -> str:
    """Have the sandbox accept one message to all of them; its uuid."""
    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.model.campaign import Now
    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.model.sends import DesiredSend, TextContent

    when = Now(timedelta(0), "UTC")
    numbers = Numbers.from_sorted(cells)
    send = DesiredSend("0", "SiamCoffee", TextContent("Hello"), when, numbers, None, 1, "GSM-7", None, None)
    with MesmsClient(base_url, "sandbox-key") as account:
        return account.send(send, None).uuid


def main() -> None:
    """Print the rows of docs/performance.md."""
    from mesms_gitops.sandbox import changes
    from mesms_gitops.sandbox.server import running

    cells = people()
    with running(now=BEGINS, mode="frozen") as sandbox, tempfile.TemporaryDirectory() as folder:
        Path(folder, "people").write_bytes(cells.tobytes())
        changes.apply(sandbox.world, None, {"balance": MANY})
        uuid = sent(sandbox.base_url, cells)
        sandbox.advance(timedelta(days=15))
        before = len(sandbox.requests)
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.results", sandbox.base_url, uuid, folder],
            capture_output=True,
            text=True,
            check=True,
        )
        asked = list(sandbox.requests)[before:]
    told = json.loads(ran.stdout)
    states = Counter(entry["query"].get("status", "all") for entry in asked)  # type: ignore[attr-defined]  # a mapping
    print(told, dict(states), file=sys.stderr)
    full = MANY // PAGE
    print(
        f"| what became of each of 2,000,000 people, 3 % of them not reached | {len(asked):,} requests "
        f"| every page, by arithmetic: {full:,} | {len(asked) / full:.4f}x | ≤ 0.04x |"
    )
    kept = f"{told['stored']:.2f} s (the first time {told['first']:.2f} s; processor {told['worked']:.2f} s)"
    floor = f"the numbers alone, four bytes each: {4 * MANY / 1e6:.1f} MB | {told['size'] / 4 / MANY:.2f}x"
    print(f"| keeping that | {kept}, {told['size'] / 1e6:.1f} MB | {floor} | ≤ 2 s, ≤ 10 MB |")
    counts = f"{told['counts'] * 1000:.0f} ms (processor {told['counts_worked'] * 1000:.0f} ms)"
    one = f"{told['one'] * 1000:.0f} ms (processor {told['one_worked'] * 1000:.0f} ms)"
    whole = f"the whole reader's process: {told['peak']:.0f} MB"
    print(f"| its counts; one number | {counts}; {one} | {whole} | | ≤ 50 ms; ≤ 25 ms; ≤ 200 MB |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        reader(*sys.argv[1:])
    else:
        main()
