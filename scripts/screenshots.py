"""Draw what the documents show: the report and the calendar in a real Chromium, and the demo's plan on a terminal.

The pages show the states and plans of the tests, so that a picture is of something that a test has looked at too. Needs
what tests/browser needs; run it after a change that is seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the tests are no installed package

from mesms_gitops.cli.commands.demo import demonstration  # noqa: E402  # after the path
from mesms_gitops.views.calendar_html import calendar_html  # noqa: E402
from mesms_gitops.views.report_html import report_html  # noqa: E402
from tests.browser.conftest import NODE, browser  # noqa: E402
from tests.views import calendars, reports  # noqa: E402

IMAGES = ROOT / "docs/images"


def main() -> None:
    """Write every picture of ``docs/images`` that is a page."""
    pages = {
        "report": report_html(reports.season()),
        "report-full": report_html(reports.season(), prefixes=reports.PREFIXES),
        "calendar": calendar_html(calendars.busy(), windows=calendars.WINDOWS, holidays=calendars.HOLIDAYS),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, page in pages.items():
            (Path(folder) / f"{name}.html").write_text(page, encoding="utf-8")
        shots = [
            _shot(folder, "report", "report.png", 1280, 1430),
            _shot(folder, "report", "report-campaigns.png", 1280, 760, at="#campaigns-by-name"),
            _shot(folder, "report-full", "report-phone.png", 390, 1100, scheme="dark"),
            _shot(folder, "calendar", "calendar.png", 1280, 1400),
        ]
        asked = json.dumps({"browser": browser(), "shots": shots})
        subprocess.run(["node", "shoot.cjs"], cwd=NODE, input=asked, text=True, check=True)
    _draw("plan.svg", "mesms-gitops plan", _second_plan())


def _second_plan() -> str:
    """What the demo's second plan looks like: one campaign edited, the other one's manifest deleted."""
    mesms = str(Path(sys.executable).with_name("mesms-gitops"))
    with demonstration():
        subprocess.run([mesms, "apply", "--auto-approve"], check=True, capture_output=True)
        songkran = Path("campaigns/songkran-2027-vip.yaml")
        songkran.write_text(songkran.read_text("utf-8").replace("percent: 20", "percent: 25"), encoding="utf-8")
        Path("campaigns/branch-closed.yaml").unlink()
        coloured = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "80"}
        return subprocess.run([mesms, "plan"], check=True, capture_output=True, text=True, env=coloured).stdout


def _draw(out: str, title: str, text: str) -> None:
    picture = [sys.executable, str(ROOT / "scripts/picture.py"), str(IMAGES / out), title]
    subprocess.run(picture, input=text, text=True, check=True)


def _shot(
    folder: str, page: str, out: str, width: int, height: int, *, scheme: str = "light", at: str | None = None
) -> dict[str, object]:
    file, image = str(Path(folder) / f"{page}.html"), str(IMAGES / out)
    return {"file": file, "out": image, "width": width, "height": height, "scheme": scheme, "at": at}


if __name__ == "__main__":
    main()
