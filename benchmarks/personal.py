"""200,000 personal texts, from an audience to what a plan needs: ``python -m benchmarks.personal [PEOPLE]``.

Few thousand different combinations of values, and one for everybody. *Texts* are grouped, rendered, looked at and
counted; *sends* are digests and fingerprints on top, which are only made where `limits.requests` allows them. Beside
them, in the same run: ``%`` formatting and a dict for each row (the floor), and Jinja2's sandbox a row. CPU time,
so that a busy machine does not count; every text is compared with what Jinja2 makes of it.
"""

from __future__ import annotations

import sys
import time
from array import array
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.cli.rendering import Rendering
from mesms_gitops.model.audience import Audience, AudienceGroup
from mesms_gitops.model.campaign import At, Campaign, DeclaredState, ListSource, LocalTemplate, MessageClass, Schedule
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.planning.desire import sends_of
from mesms_gitops.planning.fan_out import too_many
from mesms_gitops.planning.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = 200_000
FEW = 3_840
RUNS = 3
KEY = HashKey.of_lineage("0f3a")
TIERS = ("gold", "silver", "bronze")

TEMPLATES = {
    "only variables": "สวัสดีคุณ {{ name }} สมาชิก {{ tier }} ลด 20% ทุกสาขา siamcoffee.example/x",
    "two variables, one if": "สวัสดีคุณ {{ name }}{% if tier == 'gold' %} สมาชิกทอง{% endif %} {{ tier }} ลด 20% ทุกสาขา",
    "a filter on every name": "Dear {{ name|title }}, {{ tier|upper }}: 20% off at all branches until Sunday",
}


def campaign(source: str) -> Campaign:
    """Greets everybody by name."""
    variables = MappingProxyType({"name": "first_name", "tier": "tier"})
    return Campaign(
        name="load",
        file="load.yaml",
        state=DeclaredState.ACTIVE,
        message_class=MessageClass.MARKETING,
        sender="SiamCoffee",
        body=LocalTemplate(source),
        sources=(ListSource("csv", "members.csv", "mobile", variables),),
        schedule=Schedule(At(datetime(2027, 4, 10, 3, tzinfo=UTC), "Asia/Bangkok")),
    )


def audience(people: int, distinct: int, *, thai: bool) -> Audience:
    """``people`` with ``distinct`` combinations of a name and a tier."""
    name, each = "สมชาย" if thai else "somchai ", people // distinct

    def numbers(at: int) -> Numbers:
        return Numbers.from_sorted(array("I", range(800_000_000 + at * each, 800_000_000 + (at + 1) * each)))

    return Audience(
        tuple(
            AudienceGroup(MappingProxyType({"name": f"{name}{at // 3}", "tier": TIERS[at % 3]}), numbers(at))
            for at in range(distinct)
        )
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of CPU, the best of `RUNS`."""

    texts: float
    sends: float
    floor: float
    jinja: float


def _seconds(job: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        begin = time.process_time()
        job()
        taken.append(time.process_time() - begin)
    return min(taken)


def _rows(everybody: Audience) -> list[tuple[int, dict[str, str]]]:
    return [(number, dict(group.values)) for group in everybody.groups for number in group.numbers]


_FLOOR = "สวัสดีคุณ %s สมาชิก %s ลด 20%% ทุกสาขา siamcoffee.example/x"


def by_format(rows: list[tuple[int, dict[str, str]]]) -> dict[str, list[int]]:
    """The least that can be done: the text of each row, and who gets it."""
    found: dict[str, list[int]] = {}
    for number, values in rows:
        text = _FLOOR % (values["name"], values["tier"])
        found.setdefault(text, []).append(number)
    return found


def by_jinja(source: str, rows: list[tuple[int, dict[str, str]]]) -> dict[str, list[int]]:
    """The straightforward program."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    template = ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(source)
    found: dict[str, list[int]] = {}
    for number, values in rows:
        found.setdefault(template.render(values), []).append(number)
    return found


def measured(source: str, everybody: Audience) -> Figures:
    """One template. Raises AssertionError if a text differs from Jinja2's, or from whom it belongs to."""
    told, rows = campaign(source), _rows(everybody)

    def texts() -> object:
        rendering = Rendering(told, ("siamcoffee.example",))
        made = texts_of(told, everybody, rendering.render)
        too_many(told, everybody, made, None)
        return made

    rendering = Rendering(told, ("siamcoffee.example",))
    made = texts_of(told, everybody, rendering.render)
    begin = time.process_time()
    sends = sends_of(told, everybody, made, rendering.render, KEY)
    taken = time.process_time() - begin
    if {send.text: list(send.numbers or ()) for send in sends} != by_jinja(source, rows):
        raise AssertionError("the texts differ")
    return Figures(_seconds(texts), taken, _seconds(lambda: by_format(rows)), _seconds(lambda: by_jinja(source, rows)))


def main(people: int) -> None:
    """Print the rows."""
    for distinct in (min(FEW, people), people):
        for label, source in TEMPLATES.items():
            found = measured(source, audience(people, distinct, thai=not source.isascii()))
            print(
                f"| {people:,} people, {distinct:,} combinations, {label} | {found.texts:.2f} s | `%` a row: "
                f"{found.floor:.2f} s, {found.texts / found.floor:.1f}x | Jinja2 a row: {found.jinja:.2f} s, "
                f"{found.jinja / found.texts:.1f}x slower | sends: {found.sends:.2f} s more |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
