"""The Thai README says what the English one says: the same commands, links, keys and tables."""

from __future__ import annotations

import re

from mesms_gitops.cli.app import COMMANDS
from tests.docs.pages import README, THAI, code, fences, links, prose, table

SWAPPED = {"README.th.md": "README.md", "README.md": "README.th.md"}


def _without_comments(body: str) -> str:
    return "\n".join(re.sub(r"(^|\s+)#( |$).*", "", line).rstrip() for line in body.splitlines())


def test_its_blocks_are_the_same_but_for_comments() -> None:
    """Every fenced block of the English page stands there, in the same order."""
    ours, theirs = ([(one.language, _without_comments(one.body)) for one in fences(page)] for page in (THAI, README))
    assert ours == theirs


def test_its_links_are_the_same() -> None:
    """Targets in the same order, each page pointing at the other."""
    assert links(THAI) == [SWAPPED.get(target, target) for target in links(README)]


def test_its_code_is_the_same() -> None:
    """Options, variables and commands named in sentences and tables are those of the English page."""
    assert sorted(code(THAI)) == sorted(code(README))


def test_its_tables_have_the_same_rows() -> None:
    """Each table has as many rows and columns; the first cells of codes and variables are equal."""
    shapes = [
        [line.count(" | ") for line in prose(page).splitlines() if line.startswith("|")] for page in (THAI, README)
    ]
    assert shapes[0] == shapes[1]
    pairs = (("## รหัสจบการทำงาน", "## Exit codes"), ("## ตัวแปรสภาพแวดล้อม", "## Environment"))
    for thai, english in pairs:
        assert [row[0] for row in table(THAI, thai)] == [row[0] for row in table(README, english)]


def test_it_has_every_command_in_thai() -> None:
    """A row for each command, in their order, described in Thai letters."""
    rows = table(THAI, "## คำสั่ง")
    assert [re.match(r"\[`(\w+)`\]", row[0])[1] for row in rows] == list(COMMANDS)  # type: ignore[index]  # fails the test if it is None
    assert all(re.search(r"[ก-๙]", row[1]) for row in rows)


def test_it_has_the_same_headings() -> None:
    """As many headings of each level, each in Thai but for the name."""
    levels = [
        [found.split()[0] for found in re.findall(r"^#+ .+$", prose(page), re.MULTILINE)] for page in (THAI, README)
    ]
    assert levels[0] == levels[1]
    assert all(re.search(r"[ก-๙]", one) for one in re.findall(r"^## (.+)$", prose(THAI), re.MULTILINE))
