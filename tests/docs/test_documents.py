"""Documents that show what a program prints or what a table holds must not lie."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mesms_gitops.cli.app import COMMANDS
from mesms_gitops.model.sends import TRANSITIONS

ROOT = Path(__file__).parents[2]


def test_readme_shows_what_is_printed() -> None:
    """`--help` and JSON in the README are what the commands print now (`make docs` writes them)."""
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts/refresh_docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_the_protocol_page_holds_the_table_of_the_code() -> None:
    page = (ROOT / "docs/send-protocol.md").read_text(encoding="utf-8")
    block = page.partition("<!-- the table of transitions -->")[2].partition("<!-- end -->")[0]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in block.strip().splitlines()[2:]]
    assert rows == [(start.value, event.value, end.value) for (start, event), end in TRANSITIONS.items()]


def test_every_command_of_the_table_can_be_imported() -> None:
    from mesms_gitops.cli.app import application

    for name in COMMANDS:
        assert application.get_command(None, name) is not None  # type: ignore[arg-type]  # the context is not used
