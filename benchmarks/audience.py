"""Two million messy rows to counts, digest and request body: ``python -m benchmarks.audience [--all] [ROWS …]``.

Beside it, in the same run and on the same lists: ``floor.c`` (one thread, the whole job), the job in `csv` and `re` as
fast as they go, `phonenumbers` row by row (on a slice, extrapolated), and the same list again, unchanged. Floor, peer
and ours must agree to the last number and the last byte of the body, or there is no row.

Without arguments 2,000,000 rows; with ``--all`` 10^4 to 10^7, of which the last takes some minutes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import lists
from benchmarks.whole import Pair, Run, side_by_side

ROWS = (10_000, 100_000, 1_000_000, 2_000_000, 10_000_000)
STANDARD = 2_000_000
RUNS = 5
SLICE = 100_000


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
    with (folder / "ours.json").open("wb") as stream:
        for piece in Body({"sender": "SiamCoffee"}, numbers):
            stream.write(piece)
    bad = " ".join(f"{reason} {counts.invalid[reason]}" for reason in _REASONS if reason in counts.invalid)
    return (
        f"rows {counts.rows} recipients {counts.recipients} duplicates {counts.duplicates} excluded {counts.excluded} "
        f"{bad} digest {blake2b(numbers.portable(), digest_size=20).hexdigest()}"
    )


_REASONS = ("empty", "malformed", "too_short", "too_long", "landline", "foreign", "exponent", "decimal")


def tuned(folder: Path) -> str:
    """The job as fast as `csv`, `re` and `dict` do it: a quick way for what is plain, `normalise` for the rest."""
    import csv
    import re
    from collections import Counter
    from hashlib import blake2b
    from operator import itemgetter

    from mesms_gitops.audience.normalise import Reason, normalise
    from mesms_gitops.model.numbers import Numbers

    plain = re.compile(r"0[689][0-9]{8}").fullmatch

    def column(name: str, index: int, taken: dict[int, None], bad: Counter[str]) -> int:
        rows = 0
        with (folder / name).open(encoding="utf-8", newline="") as stream:
            table = csv.reader(stream)
            next(table)
            for phone in map(itemgetter(index), table):
                rows += 1
                if plain(phone):
                    taken[int(phone)] = None
                elif isinstance(found := normalise(phone), Reason):
                    bad[found.value] += 1
                else:
                    taken[found] = None
        return rows

    out: dict[int, None] = {}
    seen: dict[int, None] = {}
    bad: Counter[str] = Counter()
    column("optout.csv", 0, out, Counter())
    rows = column("members.csv", 2, seen, bad)
    left = sorted(seen.keys() - out.keys())
    with (folder / "tuned.json").open("w", encoding="ascii") as stream:
        stream.write('{"sender":"SiamCoffee","msisdns":["66')
        stream.write('","66'.join(map(str, left)))
        stream.write('"]}')
    duplicates = rows - bad.total() - len(seen)
    reasons = " ".join(f"{reason} {bad[reason]}" for reason in _REASONS if reason in bad)
    digest = blake2b(Numbers(left).portable(), digest_size=20).hexdigest()
    return (
        f"rows {rows} recipients {len(left)} duplicates {duplicates} excluded {len(seen) - len(left)} "
        f"{reasons} digest {digest}"
    )


def by_library(folder: Path) -> float:
    """Seconds a row that `phonenumbers` takes to parse, judge and write a number: ``SLICE`` rows, reading apart."""
    import csv
    from itertools import islice

    import phonenumbers

    with (folder / "members.csv").open(encoding="utf-8", newline="") as stream:
        phones = [row[2] for row in islice(csv.reader(stream), 1, SLICE + 1)]
    begin = time.perf_counter()
    for phone in phones:
        try:
            number = phonenumbers.parse(phone, "TH")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return (time.perf_counter() - begin) / len(phones)


def again(folder: Path) -> str:
    """What `plan` does for the audience of an unchanged list, start-up of Python apart: seconds, first and known."""
    import os

    from mesms_gitops.cli.known_audiences import known_or_read
    from mesms_gitops.cli.wiring import workplace
    from mesms_gitops.manifests.load import load_campaigns
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.suppression import Suppression

    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    (folder / "campaigns").mkdir(exist_ok=True)
    (folder / "mesms.yaml").write_text("version: 1\ncampaigns: [campaigns/]\n", encoding="utf-8")
    (folder / "campaigns/load.yaml").write_text(_MANIFEST, encoding="utf-8")
    place, key = workplace(str(folder)), HashKey.of_lineage("benchmark")
    (campaign,) = load_campaigns(place.loaded, now=place.clock.now()).campaigns

    def read() -> object:
        from mesms_gitops.audience.resolve import resolve
        from mesms_gitops.audience.sketching import sketch_of

        audience = resolve(campaign)
        return audience, sketch_of([group.numbers for group in audience.groups], key)

    def timed() -> tuple[float, str]:
        begin = time.perf_counter()
        audience, _ = known_or_read(place, key, campaign, Suppression.of((), key), read)  # type: ignore[arg-type]
        digest = audience.groups[0].numbers.digest(key.secret)
        return time.perf_counter() - begin, digest

    first, digest = timed()
    known = [timed() for _ in range(RUNS)]
    if {found for _, found in known} != {digest}:
        raise AssertionError("the known audience is another one")
    return f"{first:.3f} {statistics.median(seconds for seconds, _ in known):.3f}"


_MANIFEST = """\
name: load
class: transactional
sender: SiamCoffee
content: Hello
recipients: [{csv: ../members.csv, phone: mobile}]
exclude: [{csv: ../optout.csv, phone: phone}]
invalid: {max: 10%}
schedule: 2037-04-10T10:00
"""


def compiled(folder: Path) -> Path:
    """``floor.c``, built by whatever C compiler there is. Raises CalledProcessError without one."""
    program = folder / "floor"
    source = Path(__file__).with_name("floor.c")
    subprocess.run(["cc", "-O2", "-o", str(program), str(source)], check=True)
    return program


def _said(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _mode(name: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.audience", f"--{name}", str(folder)]


def _agreeing(folder: Path, commands: dict[str, list[str]]) -> None:
    """Raise AssertionError unless all of ``commands`` say the same, and write the same body to ``NAME.json``."""
    said = {name: _said(command) for name, command in commands.items()}
    bodies = {(folder / f"{name}.json").read_bytes() for name in commands}
    if len(set(said.values())) != 1 or len(bodies) != 1:
        raise AssertionError(f"{len(bodies)} bodies: {said}")


def _row(what: str, pair: Pair, beside: str) -> str:
    def shown(run: Run) -> str:
        return f"{run.seconds:.2f} s, {run.megabytes:.0f} MB, processor {run.processor:.2f} s"

    busy = pair.ours.processor / pair.theirs.processor
    return (
        f"| {what} | {shown(pair.ours)} | {beside}: {shown(pair.theirs)} | {pair.ratio:.2f}x, processor {busy:.2f}x |"
    )


def compare(folder: Path, rows: int) -> None:
    """Print the rows for lists of ``rows``."""
    members, opt_outs = lists.write(folder, rows)
    floor = [str(compiled(folder)), str(members), str(opt_outs), str(folder / "floor.json")]
    us, peer = _mode("ours", folder), _mode("tuned", folder)
    small = rows <= STANDARD
    _agreeing(folder, {"ours": us, "floor": floor, **({"tuned": peer} if small else {})})
    what = f"{rows:,} rows to counts, digest, body"
    print(_row(what, side_by_side(us, floor, RUNS if small else 3), "C, one thread"), flush=True)
    if small:
        pair = side_by_side(us, peer, 3)
        print(_row(what, pair, "tuned `csv` and `re`"), flush=True)
    if rows == STANDARD:
        each = float(_said(_mode("by-library", folder)))
        whole = each * rows
        print(
            f"| {what} | {pair.ours.seconds:.2f} s | `phonenumbers`, {SLICE:,} rows at {each * 1e6:.1f} µs, "
            f"extrapolated: {whole:.0f} s | {pair.ours.seconds / whole:.3f}x |",
            flush=True,
        )
    first, known = map(float, _said(_mode("again", folder)).split())
    print(f"| {rows:,} rows, unchanged | {known:.3f} s | read anew: {first:.2f} s | {known / first:.2f}x |", flush=True)


_MODES = {"--ours": ours, "--tuned": tuned, "--by-library": by_library, "--again": again}


def main(arguments: list[str]) -> None:
    """Print the rows."""
    counts = [int(argument) for argument in arguments if argument != "--all"]
    for count in counts or (ROWS if "--all" in arguments else (STANDARD,)):
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), count)


if __name__ == "__main__":
    if sys.argv[1:] and (mode := _MODES.get(sys.argv[1])):
        print(mode(Path(sys.argv[2])))
    else:
        main(sys.argv[1:])
