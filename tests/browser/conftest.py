"""A real browser for the tests of this folder: all pages are looked at in one go, each test asks one question of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .pages import LOOKS, PAGES

if TYPE_CHECKING:
    from collections.abc import Callable

NODE = Path(__file__).parents[1] / "node"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 300
"""Seconds for all looks together, on a machine with little to spare."""
Look = dict[str, Any]


def browser() -> str | None:
    """The path of a Chromium, if this machine has one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def lacking() -> str | None:
    """What a look needs and this machine does not have."""
    if browser() is None:
        return "chromium is not installed: scripts/need-servers installs it"
    if shutil.which("node") is None:
        return "node is not installed"
    there = all((NODE / "node_modules" / package).is_dir() for package in ("playwright-core", "axe-core"))
    return None if there else "playwright-core and axe-core are not installed: npm ci in tests/node"


@pytest.fixture(scope="session")
def look_at() -> Callable[[list[dict[str, object]]], list[Look]]:
    """``look_at([{"file", "width", "scheme"}])``: what the browser makes of each. In CI there must be one."""
    reason = lacking()
    if reason and not os.environ.get("CI"):
        pytest.skip(reason)
    assert reason is None, reason

    def looks(wanted: list[dict[str, object]]) -> list[Look]:
        ran = subprocess.run(
            ["node", "look.cjs"],
            cwd=NODE,
            input=json.dumps({"browser": browser(), "looks": wanted}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        found: list[Look] = json.loads(ran.stdout)
        return found

    return looks


@pytest.fixture(scope="session")
def looks(
    look_at: Callable[[list[dict[str, object]]], list[Look]], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, int, str], Look]:
    """Every page at every width and in every scheme of `LOOKS`."""
    folder = tmp_path_factory.mktemp("pages")
    for name, page in PAGES.items():
        (folder / f"{name}.html").write_text(page(), encoding="utf-8")
    wanted: list[dict[str, object]] = [
        {"file": str(folder / f"{name}.html"), "width": width, "scheme": scheme} for name, width, scheme in LOOKS
    ]
    return dict(zip(LOOKS, look_at(wanted), strict=True))
