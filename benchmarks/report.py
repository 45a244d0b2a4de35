"""How soon the report of 500 campaigns can be used in Chromium, beside an empty page: ``python -m benchmarks.report``.

Needs what tests/browser needs. The times are the browser's own, from the start of the navigation.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from mesms_gitops.views.report_html import report_html
from tests.browser.conftest import NODE, browser
from tests.views import reports

CAMPAIGNS = 500
TIMES = 7
EMPTY = "<!doctype html><html lang=en><title>empty</title><p>Nothing."


def main() -> None:
    """Print one row of docs/performance.md; the pages are opened in turn."""
    page = report_html(reports.many(CAMPAIGNS), prefixes=reports.PREFIXES)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = _visits(Path(folder), page)
    usable, empty = _median(ours, "interactive"), _median(theirs, "interactive")
    print(
        f"| report page of {CAMPAIGNS} campaigns, {len(page.encode()) / 1000:.0f} KB, until it can be filtered "
        f"| {usable:.0f} ms; a filter {_median(ours, 'filter'):.0f} ms, a sort {_median(ours, 'sort'):.0f} ms "
        f"| an empty page: {empty:.0f} ms | {usable / empty:.1f}x | ≤ 1 s, < 500 KB |"
    )


def _visits(folder: Path, page: str) -> tuple[list[Any], list[Any]]:
    files = []
    for name, text in (("report", page), ("empty", EMPTY)):
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
        files.append(str(folder / f"{name}.html"))
    visits = [{"file": file, "script": True, "width": 1280, "steps": []} for _ in range(TIMES) for file in files]
    asked = json.dumps({"browser": browser(), "visits": visits})
    ran = subprocess.run(["node", "operate.cjs"], cwd=NODE, input=asked, capture_output=True, text=True, check=True)
    seen = json.loads(ran.stdout)
    return seen[::2], seen[1::2]


def _median(visits: list[Any], what: str) -> float:
    return statistics.median(visit["times"][what] for visit in visits)


if __name__ == "__main__":
    main()
