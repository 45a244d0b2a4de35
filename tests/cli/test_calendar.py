"""The calendar as commands print it: of a plan, of a saved plan, and of what state knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mesms_gitops.planning.canonical import sha256_of

if TYPE_CHECKING:
    from .conftest import Project


def test_plan_show_and_status_print_a_page(project: Project) -> None:
    """A saved plan shows the very page that was printed when it was made; status needs no network."""
    project.campaign("songkran")
    printed = project.run("plan", "--format", "html", "--out", "p.json").out
    assert printed.startswith("<!doctype html>")
    assert "April 2027" in printed
    assert "mesms-gitops apply p.json" in printed
    assert 'class="window"' in printed
    assert project.run("show", "p.json", "--format", "html").out == printed
    project.apply()
    status = project.run("status", "--format", "html", MESMS_BASE_URL="http://127.0.0.1:9").out
    assert "<h1>1 scheduled</h1>" in status
    kept = project.run("plan", "--format", "html").out
    assert "No changes." in kept
    assert '<li class="slot kept">' in kept


def test_a_plan_saved_without_a_page_says_so(project: Project) -> None:
    """One of an older version: text and Markdown still work."""
    project.campaign("songkran")
    project.run("plan", "--out", "p.json")
    saved = json.loads((project.root / "p.json").read_text(encoding="utf-8"))
    del saved["rendered"]["html"], saved["seal"]
    project.write("p.json", json.dumps({**saved, "seal": sha256_of(saved)}))
    ran = project.run("show", "p.json", "--format", "html")
    assert ran.code == 64
    assert "this plan was saved without html" in ran.err
    assert project.run("show", "p.json").code == 0
