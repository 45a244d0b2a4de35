"""The report as a page, as the command prints it: complete from state alone, by prefix where numbers are kept."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.cli.prefixes import by_prefix
from mesms_gitops.model.numbers import Numbers

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

    from .conftest import Project

REACHED = [f"080000{number:04d}" for number in range(40)]
FAILED = ["0800009001", "0800009004"]
"""Whom the sandbox does not reach: one failed, one expired."""
ROW = re.compile(r'<tr><th scope="row">(0\d\d)</th><td class="bars">.*?</td>(.*?)</tr>')


def rows_by_prefix(page: str) -> dict[str, list[str]]:
    """The figures of the section on prefixes, without shares."""
    section = page.partition("By operator prefix")[2].partition("</section>")[0]
    return {row[1]: re.findall(r'<td class="n">([\d,]+)', row[2]) for row in ROW.finditer(section)}


def test_the_page_is_printed_and_grows_with_what_is_known(project: Project, sandbox: Running) -> None:
    """From the snapshot people by prefix, from the results what became of them, from neither how to come by them."""
    project.campaign("order", recipients=[{"numbers": [*REACHED, *FAILED]}])
    project.apply()
    assert "Nothing has left yet" in project.run("report", "--format", "html").out
    sandbox.advance(timedelta(days=15))
    assert project.run("refresh").code == 0
    page = project.run("report", "--format", "html", MESMS_BASE_URL="http://127.0.0.1:9").out
    assert "<h1>Delivered 40 of 42 (95.2%)</h1>" in page
    assert rows_by_prefix(page) == {"080": ["42", "100"]}  # people and per cent

    export = str(project.root.parent / "people.csv")
    assert project.run("report", "order", "--recipients", export).code == 0
    page = project.run("report", "order", "--format", "html", MESMS_BASE_URL="http://127.0.0.1:9").out
    assert rows_by_prefix(page) == {"080": ["42", "40", "2", "0"]}
    assert project.run("report", "order", "--format", "html").out == page
    assert not re.search(r"0800000|66800000|800009", page)

    for folder in ("audience", "delivery"):
        for file in (project.root / ".mesms" / folder).rglob("*.*"):
            if file.is_file():
                file.unlink()
    page = project.run("report", "--format", "html").out
    assert rows_by_prefix(page) == {}
    assert "mesms-gitops report NAME --recipients FILE.csv" in page


def test_numbers_that_cannot_be_opened_do_not_stop_a_report(project: Project, sandbox: Running) -> None:
    """A damaged snapshot is left out, and -v says which; the rest of the page stands."""
    project.campaign("order", recipients=[{"numbers": REACHED}])
    project.apply()
    sandbox.advance(timedelta(days=15))
    project.run("refresh")
    (snapshot,) = (project.root / ".mesms/audience").rglob("*.numbers")
    snapshot.write_bytes(snapshot.read_bytes()[:-1])
    ran = project.run("report", "--format", "html", "-v")
    assert ran.code == 0
    assert "not counted by prefix: the snapshot of an audience cannot be read" in ran.err
    assert "<h1>Delivered 40 of 40 (100.0%)</h1>" in ran.out
    assert rows_by_prefix(ran.out) == {}


@given(st.lists(st.integers(600_000_000, 999_999_999) | st.sampled_from([609_999_999, 610_000_000, 999_999_999])))
def test_prefixes_are_counted_as_if_each_number_were_looked_at(subscribers: list[int]) -> None:
    """Sorted numbers are counted by their bounds; the counts are those of looking at every one."""
    expected = Counter((subscriber // 10_000_000, None) for subscriber in set(subscribers))
    assert by_prefix(Numbers.from_sorted(array("I", sorted(set(subscribers))))) == expected
