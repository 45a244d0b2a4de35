"""Two million messy rows to counts, digest and request body: ``python -m benchmarks.audience [ROWS …]``.

Beside it, in the same run and on the same lists: ``floor.c`` (one thread, the whole job), and `csv` with `normalise`
row by row. Floor and ours must agree to the last number and the last byte of the body, or there is no row.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import lists
from benchmarks.whole import side_by_side

ROWS = (10_000, 100_000, 2_000_000, 10_000_000)
RUNS = 5


def ours(folder: Path) -> str:
    """The whole job through the room's own door; what it found, in the words of ``floor.c``."""
    from hashlib import blake2b

    from mesms_gitops.api.body import Body
    from mesms_gitops.audience.resolve import resolve
    from mesms_gitops.model.campaign import (
        Campaign,
        DeclaredState,
        ListSource,
        LocalTemplate,
        MessageClass,
        Tolerance,
    )

    audience = resolve(
        Campaign(
            name="load",
            file="load.yaml",
            state=DeclaredState.ACTIVE,
            message_class=MessageClass.MARKETING,
            sender="SiamCoffee",
            body=LocalTemplate("สวัสดี"),
            sources=(ListSource("csv", str(folder / "members.csv"), "mobile"),),
            exclude=(ListSource("csv", str(folder / "optout.csv"), "phone"),),
            invalid=Tolerance(None, 0.1),
        )
    )
    numbers, counts = audience.groups[0].numbers, audience.counts
    with (folder / "body.json").open("wb") as stream:
        for piece in Body({"sender": "SiamCoffee"}, numbers):
            stream.write(piece)
    bad = " ".join(f"{reason} {counts.invalid[reason]}" for reason in _REASONS if reason in counts.invalid)
    return (
        f"rows {counts.rows} recipients {counts.recipients} duplicates {counts.duplicates} excluded {counts.excluded} "
        f"{bad} digest {blake2b(numbers.portable(), digest_size=20).hexdigest()}"
    )


_REASONS = ("empty", "malformed", "too_short", "too_long", "landline", "foreign", "exponent", "decimal")


def row_by_row(folder: Path) -> None:
    """The straightforward program: `csv`, `normalise`, a set."""
    import csv

    from mesms_gitops.audience.normalise import normalise

    with (folder / "optout.csv").open(encoding="utf-8", newline="") as stream:
        out = {normalise(row["phone"]) for row in csv.DictReader(stream)}
    seen: dict[object, None] = {}
    with (folder / "members.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found = normalise(row["mobile"])
            if isinstance(found, int) and not isinstance(found, str) and found not in out:
                seen[found] = None


def compiled(folder: Path) -> Path:
    """``floor.c``, built by whatever C compiler there is. Raises CalledProcessError without one."""
    program = folder / "floor"
    source = Path(__file__).with_name("floor.c")
    subprocess.run(["cc", "-O2", "-o", str(program), str(source)], check=True)
    return program


def _plainly(folder: Path, rows: int) -> str:
    us = [sys.executable, "-m", "benchmarks.audience", "--ours", str(folder)]
    them = [sys.executable, "-m", "benchmarks.audience", "--row-by-row", str(folder)]
    pair = side_by_side(us, them, 3)
    return (
        f"| {rows:,} rows to counts, digest, body | {pair.ours.seconds:.2f} s | `csv` and `normalise` a row, "
        f"numbers only: {pair.theirs.seconds:.2f} s, {pair.theirs.megabytes:.0f} MB | {pair.ratio:.2f}x |"
    )


def _said(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def compare(folder: Path, rows: int) -> str:
    """One row of the table."""
    members, opt_outs = lists.write(folder, rows)
    floor = [str(compiled(folder)), str(members), str(opt_outs), str(folder / "floor.json")]
    us = [sys.executable, "-m", "benchmarks.audience", "--ours", str(folder)]
    if (said := _said(us)) != (truth := _said(floor)):
        raise AssertionError(f"ours: {said}\nfloor: {truth}")
    if (folder / "body.json").read_bytes() != (folder / "floor.json").read_bytes():
        raise AssertionError("the bodies differ")
    pair = side_by_side(us, floor, RUNS)
    return (
        f"| {rows:,} rows to counts, digest, body | {pair.ours.seconds:.2f} s, {pair.ours.megabytes:.0f} MB "
        f"| C, one thread: {pair.theirs.seconds:.2f} s, {pair.theirs.megabytes:.0f} MB | {pair.ratio:.2f}x |"
    )


def main(rows: list[int]) -> None:
    """Print the rows."""
    for count in rows or list(ROWS):
        with tempfile.TemporaryDirectory() as folder:
            print(compare(Path(folder), count), flush=True)
            if count <= 2_000_000:
                print(_plainly(Path(folder), count), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ours"]:
        print(ours(Path(sys.argv[2])))
    elif sys.argv[1:2] == ["--row-by-row"]:
        row_by_row(Path(sys.argv[2]))
    else:
        main([int(argument) for argument in sys.argv[1:]])
