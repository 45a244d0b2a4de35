"""Recipient lists as marketing exports them: Thai names, some of them quoted, and numbers written in every way.

``python -m benchmarks.lists ROWS FOLDER`` writes ``members.csv`` (``ROWS`` rows) and ``optout.csv`` (a tenth of that).
The same seed gives the same bytes. Numbers are random within ranges; nobody is ever texted with them.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES: Final = (
    "กมล", "ขวัญใจ", "คมสัน", "จันทร์เพ็ญ", "ชลธิชา", "ณัฐพล", "ดารุณี", "ธนพร", "นภัสสร", "ปรียาภรณ์", "พิมพ์ใจ", "มานี",
    "รุ่งทิวา", "วรรณา", "ศิริพร", "สมหญิง", "อรทัย", "เอกชัย", "ไพลิน", '"มาลี, คุณ"', '"สุดา ""หน่อย"""', "Anna", "Somchai J",
)  # fmt: skip
CITIES: Final = ("กรุงเทพฯ", "เชียงใหม่", "ขอนแก่น", "ภูเก็ต", "ชลบุรี", "Hat Yai", "")
_THAI: Final = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


def _mess() -> tuple[list[Callable[[int], str]], list[float]]:
    """How a number is written, and how often."""
    ways: list[tuple[float, Callable[[int], str]]] = [
        (83.0, lambda n: f"0{n}"),
        (3.0, lambda n: f"66{n}"),
        (4.0, lambda n: f"0{n // 10**7}-{n // 10**4 % 1000:03}-{n % 10**4:04}"),
        (3.0, lambda n: f"+66 {n // 10**7} {n // 10**4 % 1000:03} {n % 10**4:04}"),
        (2.0, str),
        (1.0, lambda n: f"(0{n // 10**7}) {n % 10**7:07}"),
        (1.0, lambda n: f"0{n}".translate(_THAI)),
        (1.0, lambda n: f" 0{n} "),
        (0.4, lambda n: f"02{n % 10**7:07}"),
        (0.4, lambda n: f"0{n}"[:-1]),
        (0.3, lambda n: f"+81 90 {n % 10**8:08}"),
        (0.3, lambda n: f"{n / 10**8:.2f}E+10"),
        (0.3, lambda _: "n/a"),
        (0.3, lambda _: ""),
    ]
    return [way for _, way in ways], [share for share, _ in ways]


def numbers(rows: int, random_: random.Random) -> Iterator[int]:
    """Subscriber numbers, one in twenty of them named before."""
    recent: list[int] = []
    for _ in range(rows):
        if recent and random_.random() < 0.05:
            yield recent[random_.randrange(len(recent))]
            continue
        made = random_.choice((6, 8, 8, 9, 9)) * 10**8 + random_.randrange(10**8)
        if len(recent) < 100_000:
            recent.append(made)
        else:
            recent[random_.randrange(100_000)] = made
        yield made


def write(folder: Path, rows: int, seed: int = 5) -> tuple[Path, Path]:
    """Write both lists; where they are."""
    random_ = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    members, opt_outs = folder / "members.csv", folder / "optout.csv"
    ways, shares = _mess()
    out: list[int] = []
    with members.open("w", encoding="utf-8", newline="") as stream:
        stream.write("member_id,first_name,mobile,city,consent\r\n")
        chunk: list[str] = []
        picks: list[Callable[[int], str]] = []
        for row, number in enumerate(numbers(rows, random_)):
            if not picks:
                picks = random_.choices(ways, shares, k=10_000)
            name, city = NAMES[random_.randrange(len(NAMES))], CITIES[random_.randrange(len(CITIES))]
            chunk.append(f"M{row:07},{name},{picks.pop()(number)},{city},{'yes' if row % 50 else 'no'}\r\n")
            if row % 10 == 0:
                out.append(number)
            if len(chunk) == 10_000:
                stream.write("".join(chunk))
                chunk.clear()
        stream.write("".join(chunk))
    random_.shuffle(out)
    with opt_outs.open("w", encoding="utf-8", newline="") as stream:
        stream.write("phone,since\r\n")
        stream.writelines(f"0{number},2026-01-01\r\n" for number in out)
    return members, opt_outs


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]))
