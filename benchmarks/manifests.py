"""10,000 manifests of 25 lines, cold and warm, beside octoDNS with 10,000 records: ``python -m benchmarks.manifests``.

Cold and warm are whole processes: cold writes no cache and reads none (``--no-cache``), warm knows every file by its
content. octoDNS validates as many records of one zone from a YAML file, with the provider that it comes with. Needs the
dependency group ``bench``.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.whole import Pair, Run, side_by_side
from mesms_gitops.planning.parts import count

if TYPE_CHECKING:
    from collections.abc import Iterator

MANY = 10_000
RUNS = 5

PROJECT = """\
version: 1
campaigns: [campaigns/]
timezone: Asia/Bangkok
defaults: {owner: crm@siamcoffee.example}
policy:
  senders: [SiamCoffee]
  links: [siamcoffee.example]
  max_parts: 5
"""

MANIFEST = """\
# yaml-language-server: $schema=../../schemas/campaign.schema.json
name: {name}
state: active
class: marketing
sender: SiamCoffee
content: |-
  สวัสดีคุณ {{{{ name }}}} {greeting} รับส่วนลด {{{{ percent }}}}% ทุกเมนู
  ที่สยามคอฟฟี่สาขา{branch} วันนี้ถึงสิ้นเดือน siamcoffee.example/{code}
variables: {{percent: {percent}}}
recipients:
  - csv: ../../lists/members-{branch_number}.csv
    phone: mobile
    variables: {{name: first_name}}
    where: {{consent: "yes", tier: [gold, silver]}}
exclude:
  - csv: ../../lists/optout.csv
    phone: phone
invalid: {{max: 1%}}
schedule:
  at: {year}-{month:02d}-{day:02d}T{hour:02d}:30
  window: "10:00-18:00"
  give_up_after: 2h
limits: {{recipients: {{min: 100, max: 12000}}, credits: 25000, parts: 4}}
owner: crm@siamcoffee.example
labels: {{team: crm, branch: "{branch_number}"}}
"""

GREETINGS = ("สุขสันต์วันเกิด", "สวัสดีปีใหม่ไทย", "สุขสันต์วันสงกรานต์", "ขอบคุณที่อุดหนุนเรา", "คิดถึงกาแฟแก้วโปรดไหม")
BRANCHES = ("สีลม", "เชียงใหม่", "ขอนแก่น", "หาดใหญ่", "อารีย์", "ภูเก็ต", "นครราชสีมา")

WRONG = (
    ("schedule:\n", "shedule:\n"),
    ("percent: {percent}", "percnt: {percent}"),
    ("sender: SiamCoffee", "sender: SiamCofee"),
    ("phone: phone", "phone: 0800000001"),
)
"""One mistake for each file: an unknown key, a variable that nobody provides, a foreign sender, a bare number."""


def manifest(number: int, *, year: int = 2099, wrong: bool = False) -> str:
    """The ``number``-th campaign of a chain of coffee shops."""
    chance = random.Random(number)
    text = MANIFEST
    if wrong:
        text = text.replace(*WRONG[number % len(WRONG)])
    branch = number % len(BRANCHES)
    return text.format(
        name=f"{BRANCHES_LATIN[branch]}-{number:05d}",
        greeting=chance.choice(GREETINGS),
        branch=BRANCHES[branch],
        branch_number=branch,
        code=f"{number:x}",
        percent=chance.randint(5, 50),
        year=year,
        month=chance.randint(1, 12),
        day=chance.randint(1, 28),
        hour=chance.randint(10, 17),
    )


BRANCHES_LATIN = ("silom", "chiangmai", "khonkaen", "hatyai", "ari", "phuket", "korat")


def project(root: Path, files: int, *, year: int = 2099, wrong: bool = False) -> Path:
    """A project of ``files`` manifests, a hundred to a folder."""
    (root / "campaigns").mkdir(parents=True)
    (root / "mesms.yaml").write_text(PROJECT, encoding="utf-8")
    for number in range(files):
        folder = root / "campaigns" / f"{number // 100:03d}"
        folder.mkdir(exist_ok=True)
        (folder / f"c{number:05d}.yaml").write_text(manifest(number, year=year, wrong=wrong), encoding="utf-8")
    return root


def one_bad_file(root: Path, errors: int) -> Path:
    """A project of one manifest with ``errors`` numbers that lost their quotes."""
    (root / "campaigns").mkdir(parents=True)
    (root / "mesms.yaml").write_text(PROJECT, encoding="utf-8")
    numbers = "".join(f"      - {800_000_000 + number:010d}\n" for number in range(errors))
    text = re.sub("recipients:\n(  .*\n)+", f"recipients:\n  - numbers:\n{numbers}", manifest(0))
    (root / "campaigns" / "one.yaml").write_text(text, encoding="utf-8")
    return root


OCTO_CONFIG = """\
providers:
  config:
    class: octodns.provider.yaml.YamlProvider
    directory: {directory}
    default_ttl: 3600
    enforce_order: False
zones:
  unit.tests.:
    sources: [config]
    targets: [config]
"""


def zone(root: Path, records: int) -> Path:
    """octoDNS's configuration beside one zone of A, CNAME, TXT and MX records."""
    root.mkdir()
    kinds = (
        "type: A\n  values: [192.0.2.1, 192.0.2.2]\n",
        "type: CNAME\n  value: www.unit.tests.\n",
        "type: TXT\n  value: siamcoffee\n",
        "type: MX\n  values:\n  - {exchange: mx.unit.tests., preference: 10}\n",
    )
    lines = (f"r{number:05d}:\n  ttl: 300\n  {kinds[number % 4]}" for number in range(records))
    (root / "unit.tests.yaml").write_text("---\n" + "".join(lines), encoding="utf-8")
    (root / "config.yaml").write_text(OCTO_CONFIG.format(directory=root), encoding="utf-8")
    return root / "config.yaml"


def messages(many: int) -> list[str]:
    """60 % Thai, the rest GSM-7, half of it with extension characters; some emoji; 254 characters the mean."""
    chance = random.Random(4)
    thai = "สวัสดีคุณ รับส่วนลดทุกเมนูที่สยามคอฟฟี่ทุกสาขา วันนี้ถึงสิ้นเดือน "
    latin = "Dear member, every latte is half price at all SiamCoffee branches until Sunday. "
    made = []
    for number in range(many):
        length = chance.randint(40, 468)
        text = (thai if number % 10 < 6 else latin) * 8
        start = chance.randrange(40)
        text = text[start : start + length]
        if number % 10 >= 8:
            text = "{50% off} [now] €1 ~" + text[20:]
        elif number % 10 in (0, 6):
            text = "🎉☕" + text[2:]
        made.append(text)
    return made


def _counting() -> str:
    texts = messages(100_000)
    taken = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        for text in texts:
            count(text)
        taken.append(time.perf_counter() - begin)
    units = re.compile("[^ -~]")
    begin = time.perf_counter()
    for text in texts:
        units.search(text)
    floor = (time.perf_counter() - begin) / len(texts) * 1e6
    mean = statistics.mean(map(len, texts))
    ours = statistics.median(taken) / len(texts) * 1e6
    return (
        f"| parts of one message, mean {mean:.0f} characters | {ours:.1f} µs "
        f"| one search for a character outside ASCII: {floor:.2f} µs | {ours / floor:.1f}x | ≤ 3 µs |"
    )


def _validate(root: Path, *more: str) -> list[str]:
    return [str(Path(sys.executable).with_name("mesms-gitops")), "-C", str(root), "validate", *more]


def _both_fail(ours: list[str], theirs: list[str]) -> Pair:
    """Two commands that find errors, and end with 1."""
    one, other = (["sh", "-c", '"$@"; test $? = 1', "sh", *command] for command in (ours, theirs))
    return side_by_side(one, other, RUNS)


def _said(run: Run) -> str:
    return f"{run.seconds:.2f} s, {run.megabytes:.0f} MB"


def _beside_octodns(folder: Path) -> Iterator[str]:
    here = project(folder / "many", MANY)
    octodns = [str(Path(sys.executable).with_name("octodns-validate")), "--quiet", "--config-file"]
    octodns.append(str(zone(folder / "zone", MANY)))
    cold = side_by_side(_validate(here, "--no-cache"), octodns, RUNS)
    peer = f"octoDNS, {MANY:,} records: {_said(cold.theirs)}"
    yield f"| {MANY:,} manifests, cold | {_said(cold.ours)} | {peer} | {cold.ratio:.2f}x | ≤ 0.5x, < 200 MB |"
    warm = side_by_side(_validate(here), octodns, RUNS)
    yield f"| {MANY:,} manifests, warm | {_said(warm.ours)} | {peer} | {warm.ratio:.2f}x | ≤ 0.25 s |"


def _past(folder: Path) -> str:
    here = project(folder / "past", MANY, year=2020)
    pair = _both_fail(_validate(here, "--json"), _validate(here, "--json", "--no-cache"))
    return (
        f"| {MANY:,} manifests whose time has passed, warm | {_said(pair.ours)} | cold: {_said(pair.theirs)} "
        f"| {pair.ratio:.2f}x | |"
    )


def _one(folder: Path) -> str:
    here = project(folder / "one", 1)
    pair = side_by_side(_validate(here, "--no-cache"), [sys.executable, "-c", "import pydantic, ruamel.yaml"], 15)
    return (
        f"| one manifest, cold | {pair.ours.seconds * 1000:.0f} ms, {pair.ours.megabytes:.0f} MB "
        f"| importing pydantic and ruamel.yaml: {pair.theirs.seconds * 1000:.0f} ms | {pair.ratio:.2f}x | ≤ 200 ms |"
    )


def _errors(folder: Path) -> Iterator[str]:
    few, many = project(folder / "few", MANY // 10, wrong=True), project(folder / "wrong", MANY, wrong=True)
    pair = _both_fail(_validate(many, "--no-cache"), _validate(few, "--no-cache"))
    yield _growth(f"{MANY:,} errors in {MANY:,} files", pair.ours, pair.theirs, pair.ratio)
    few, many = one_bad_file(folder / "less", MANY // 10), one_bad_file(folder / "more", MANY)
    pair = _both_fail(_validate(many, "--no-cache"), _validate(few, "--no-cache"))
    yield _growth(f"{MANY:,} errors in one file", pair.ours, pair.theirs, pair.ratio)


def _growth(what: str, many: Run, few: Run, ratio: float) -> str:
    return f"| {what} | {_said(many)} | a tenth of them: {_said(few)} | {ratio:.1f}x | ≤ 10x |"


def main() -> None:
    """Print the rows of docs/performance.md."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for row in (*_beside_octodns(folder), _past(folder), _one(folder), *_errors(folder), _counting()):
            print(row)


if __name__ == "__main__":
    main()
