"""The delivery report in a real browser: complete without its script, filtered and sorted with it, asking nobody."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.model.state import State
from mesms_gitops.views.report import report_of
from mesms_gitops.views.report_html import report_html
from tests.views import reports
from tests.views.situations import LINEAGE

from .conftest import NODE, PATIENCE, browser, lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Look = dict[str, Any]
    LookAt = Callable[[list[dict[str, object]]], list[Look]]
    Use = Callable[..., Look]

PAGES: dict[str, Callable[[], str]] = {
    "season": lambda: report_html(reports.season(), prefixes=reports.PREFIXES),
    "no_numbers": lambda: report_html(reports.season()),
    "thai": lambda: report_html(reports.thai()),
    "hostile": lambda: report_html(reports.hostile()),
    "empty": lambda: report_html(State(LINEAGE)),
    "five_hundred": lambda: report_html(reports.many(500)),
    "many": lambda: report_html(reports.many(40)),
}
WIDE, PHONE = 1280, 320
BETWEEN = (520, 580, 940, 1000, 1024, 1060, 1120, 1160)
"""Telephones on their side, tablets, half a screen; on both sides of where the table becomes blocks."""
LOOKS = [
    *(("season", width, scheme) for width in (WIDE, PHONE) for scheme in ("light", "dark")),
    *((name, PHONE, "dark") for name in ("no_numbers", "thai", "hostile", "empty", "five_hundred")),
    *((name, WIDE, "light") for name in ("no_numbers", "thai", "hostile", "empty")),
    *(("season", width, "light") for width in BETWEEN),
    *(("many", width, "light") for width in BETWEEN),
]
ANY = pytest.mark.parametrize("key", LOOKS, ids=lambda key: "-".join(map(str, key)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every page as a file."""
    made = tmp_path_factory.mktemp("reports")
    for name, page in PAGES.items():
        (made / f"{name}.html").write_text(page(), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def looks(look_at: LookAt, folder: Path) -> dict[tuple[str, int, str], Look]:
    """What the browser makes of every page of `LOOKS`."""
    wanted: list[dict[str, object]] = [
        {"file": str(folder / f"{name}.html"), "width": width, "scheme": scheme} for name, width, scheme in LOOKS
    ]
    return dict(zip(LOOKS, look_at(wanted), strict=True))


@ANY
def test_axe_finds_nothing(looks: dict[tuple[str, int, str], Look], key: tuple[str, int, str]) -> None:
    """WCAG 2.2 A and AA and axe's own good practice, with the filter there and every fold open."""
    assert looks[key]["violations"] == []
    assert "color-contrast" in looks[key]["passes"]


@ANY
def test_nothing_is_fetched_and_nothing_is_complained_of(
    looks: dict[tuple[str, int, str], Look], key: tuple[str, int, str]
) -> None:
    """One request: the file itself. One script, ours; no handler, no address that leaves the page; an empty console."""
    seen = looks[key]
    assert [url.startswith("file://") for url in seen["requests"]] == [True]
    assert (seen["complaints"], seen["scripts"], seen["handlers"], seen["outside"]) == ([], 1, [], [])
    assert seen["dangling"] == []
    assert seen["title"].endswith("mesms-gitops")


@ANY
def test_nobody_scrolls_sideways(looks: dict[tuple[str, int, str], Look], key: tuple[str, int, str]) -> None:
    """Folded and unfolded, also at 320 pixels and in between, and whatever names there are."""
    seen = looks[key]
    assert seen["content"] <= seen["window"] == key[1]
    assert seen["contentUnfolded"] <= seen["window"]
    assert seen["spilled"] == []


@ANY
def test_paper_folds_nothing(looks: dict[tuple[str, int, str], Look], key: tuple[str, int, str]) -> None:
    """What is folded on a screen is printed all the same."""
    assert looks[key]["hiddenOnPaper"] == []


def test_dark_is_dark(looks: dict[tuple[str, int, str], Look]) -> None:
    """The scheme is the reader's, not ours."""
    light, dark = (looks["season", PHONE, scheme]["ground"] for scheme in ("light", "dark"))
    assert (light, dark) == ("rgb(247, 246, 243)", "rgb(22, 23, 26)")


# ---------------------------------------------------------------- using it


@pytest.fixture(scope="module")
def use(folder: Path) -> Use:
    """``use(page, step, …)``: what somebody sees who opens a page without a network and does things one by one."""
    reason = lacking()
    if reason and not os.environ.get("CI"):
        pytest.skip(reason)
    assert reason is None, reason

    def used(page: str, *steps: dict[str, object], script: bool = True, width: int = WIDE) -> Look:
        visit = {"file": str(folder / f"{page}.html"), "script": script, "width": width, "steps": steps}
        ran = subprocess.run(
            ["node", "operate.cjs"],
            cwd=NODE,
            input=json.dumps({"browser": browser(), "visits": [visit]}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        (seen,) = json.loads(ran.stdout)
        assert seen["complaints"] == []
        assert [url.startswith("file://") for url in seen["requests"]] == [True]
        return dict(seen)

    return used


def by(page: str, key: Callable[[Any], Any], *, down: bool = False) -> list[str]:
    """The rows of a report in the order of ``key`` of their lines, equal ones by name."""
    lines = list(enumerate(report_of(STATES[page]).lines))
    return [f"c{index}" for index, _ in sorted(lines, key=lambda one: key(one[1]), reverse=down)]


STATES = {"season": reports.season(), "five_hundred": reports.many(500)}


def test_without_its_script_the_page_is_complete(use: Use) -> None:
    """Every campaign in order of name, no filter that would do nothing, and the same words as with it."""
    without, having = use("season", script=False), use("season")
    (bare,) = without["seen"]
    assert bare["filter"] is False
    assert bare["rows"] == having["seen"][0]["rows"] == [f"c{index}" for index in range(9)]
    for line in report_of(STATES["season"]).lines:
        assert line.campaign in without["text"]
    words = set(re.findall(r"[\w,.%-]+", having["text"].partition("Campaigns by name")[0]))
    assert words <= set(re.findall(r"[\w,.%-]+", without["text"]))


def test_a_heading_sorts_and_loses_nobody(use: Use) -> None:
    """Figures the greatest first, then the least; names from a to z; the heading says so, and so does the choice."""
    steps = [{"click": f"#campaigns thead th:nth-child({column}) button"} for column in (7, 7, 3, 1)]
    first, most, least, dates, names = use("season", *steps)["seen"]
    assert most["rows"] == by("season", lambda line: -line.failed)
    assert least["rows"] == by("season", lambda line: line.failed)
    assert dates["rows"] == by("season", lambda line: line.scheduled_at)
    assert names["rows"] == first["rows"] == by("season", lambda line: line.campaign)
    assert [seen["sorted"] for seen in (first, most, least, dates)] == [
        ["campaign ascending"],
        ["failed descending"],
        ["failed ascending"],
        ["left ascending"],
    ]
    assert [seen["order"] for seen in (first, most, least, dates)] == ["0 up", "6 down", "", "2 up"]


def test_what_is_not_known_sorts_last_both_ways(use: Use) -> None:
    """A campaign of which no charge is known is neither the cheapest nor the dearest."""
    steps = [{"click": "#campaigns thead th:nth-child(10) button"}] * 2
    _, down, up = use("season", *steps)["seen"]
    unknown = [f"c{index}" for index, line in enumerate(report_of(STATES["season"]).lines) if line.credits is None]
    assert down["rows"][-1:] == up["rows"][-1:] == unknown


def test_the_choice_of_orders(use: Use) -> None:
    """Each sorts as it says, also where a telephone shows no headings."""
    orders = {
        "3 down": lambda line: -line.recipients,
        "share down": lambda line: -round(1000 * line.failed / line.recipients) if line.failed else 9,
        "10 down": lambda line: -(line.money.difference or 0) if line.money.difference is not None else 9,
        "2 up": lambda line: line.scheduled_at,
    }
    seen = use("season", *({"select": ["#order", value]} for value in orders), width=PHONE)["seen"]
    for told, key in zip(seen[1:], orders.values(), strict=True):
        assert told["rows"] == by("season", key)


def test_filters_hide_and_bring_back(use: Use) -> None:
    """By name, phase and what is odd; all conditions at once; the sums are those of the rows that stay."""
    steps: list[dict[str, object]] = [
        {"fill": ["#name", "Songkran"]},
        {"select": ["#has", "dearer"]},
        {"select": ["#phase", "started"]},
        {"click": "#clear"},
        {"select": ["#has", "odd"]},
        {"fill": ["#name", "never reported"]},
    ]
    seen = use("season", *steps)["seen"]
    lines = report_of(STATES["season"]).lines
    name = [f"c{index}" for index, line in enumerate(lines) if "songkran" in line.campaign]
    assert seen[1]["rows"] == name
    people = sum(line.recipients for line in lines if "songkran" in line.campaign)
    assert seen[1]["found"].startswith(f"4 of 9 campaigns: {people:,} recipients, ")
    assert seen[2]["rows"] == [f"c{index}" for index, line in enumerate(lines) if line.money.difference]
    assert seen[3]["rows"] == []
    assert seen[3]["found"] == "0 of 9 campaigns: 0 recipients, 0 delivered, 0 failed, 0 unknown"
    assert seen[4]["rows"] == seen[0]["rows"]
    assert seen[5]["rows"] == seen[6]["rows"] == [f"c{index}" for index, line in enumerate(lines) if line.notes]


def test_a_link_to_a_hidden_row_brings_it_back(use: Use) -> None:
    """From the section on cost to its campaign, although a filter hides it."""
    index = next(index for index, line in enumerate(report_of(STATES["season"]).lines) if line.money.difference)
    seen = use("season", {"fill": ["#name", "nothing"]}, {"go": f"#c{index}"})["seen"]
    assert seen[1]["rows"] == []
    assert len(seen[2]["rows"]) == 9
    assert seen[2]["target"] is True


def test_five_hundred_are_sorted_and_filtered_as_one_would_be(use: Use) -> None:
    """Nobody is lost or doubled among five hundred."""
    steps: list[dict[str, object]] = [{"select": ["#order", "6 down"]}, {"select": ["#has", "dearer"]}]
    _, worst, dearer = use("five_hundred", *steps)["seen"]
    assert worst["rows"] == by("five_hundred", lambda line: -line.failed)
    lines = report_of(STATES["five_hundred"]).lines
    assert sorted(dearer["rows"]) == sorted(f"c{index}" for index, line in enumerate(lines) if line.money.difference)


def test_hostile_names_are_sorted_as_text(use: Use, folder: Path) -> None:
    """The script makes no markup of what it moves: after sorting, all names stand there as they were written."""
    seen = use("hostile", {"select": ["#order", "6 down"]}, {"fill": ["#name", "<script>"]})
    assert len(seen["seen"][1]["rows"]) == 5
    assert len(seen["seen"][2]["rows"]) == 2
    assert (folder / "hostile.html").read_text("utf-8").count("<script") == 1


# ---------------------------------------------------------------- what it forbids


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str]]]:
    """The address of a server on loopback, and the paths that anybody asked it for."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def test_no_script_but_ours_runs(look_at: LookAt, tmp_path: Path, outside: tuple[str, list[str]]) -> None:
    """Were markup ever to get through, the policy loads and runs nothing of it; without the policy, it would."""
    address, asked = outside
    evil = (
        f"<script>document.title='pwned'</script>"
        f"<img src='{address}/picture' alt='' onerror=\"document.title='pwned'\">"
        f"<link rel='stylesheet' href='{address}/style'><style>body {{ background: url({address}/ground) }}</style>"
    )
    forbidding = PAGES["season"]().replace("<body>", f"<body>{evil}")
    pages = {"forbidding": forbidding, "allowing": POLICY.sub("", forbidding)}
    for name, text in pages.items():
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    wanted: list[dict[str, object]] = [
        {"file": str(tmp_path / f"{name}.html"), "width": WIDE, "scheme": "light"} for name in pages
    ]
    (seen,) = look_at(wanted[:1])
    assert asked == []
    assert seen["title"].endswith("mesms-gitops")
    (seen,) = look_at(wanted[1:])
    assert {"/picture", "/style", "/ground"} <= set(asked)
    assert seen["title"] == "pwned"
