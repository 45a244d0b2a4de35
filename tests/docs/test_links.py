"""Every link inside the documents leads somewhere; what the pages show of the code's tables is what the code holds."""

from __future__ import annotations

import re
import tomllib

import pytest

from mesms_gitops import errors
from mesms_gitops.model.delivery import DELIVERY_STATES
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import CampaignPhase
from mesms_gitops.planning.wording import NEXT_STEPS
from tests.docs.pages import PAGES, README, ROOT, anchors, code, links, slug, table, undefined_references

DOCS = ROOT / "docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file_and_to_an_anchor_of_it(page) -> None:
    """A target's file exists, and has the heading or id after ``#``."""
    for target in links(page):
        if target.startswith(("https:", "http:")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{page.name} -> {target}"
        assert not anchor or anchor in anchors(there), f"{page.name} -> {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_reference_is_defined(page) -> None:
    """``[text][name]`` has its ``[name]: address``."""
    assert undefined_references(page) == set()


def test_anchors_are_those_of_github() -> None:
    """Backticks and punctuation go, spaces become hyphens, Thai vowel signs stay."""
    assert slug("What MESMS_HASH_KEY is worth") == "what-mesms_hash_key-is-worth"
    assert slug("`state:` and the *rest*, twice") == "state-and-the-rest-twice"
    assert slug("ติดตั้ง ที่นี่") == "ติดตั้ง-ที่นี่"


def test_every_page_is_in_the_index() -> None:
    """The README links each page of docs/."""
    linked = {target.partition("#")[0] for target in links(README)}
    assert [page.name for page in sorted(DOCS.glob("*.md")) if f"docs/{page.name}" not in linked] == []


def _leaves(error: type[errors.MesmsError]) -> set[int]:
    return {error.exit_code}.union(*(_leaves(one) for one in error.__subclasses__()))


def test_every_exit_code_is_explained() -> None:
    """The README and the troubleshooting page have a row for each code that the error tree or plan can end with."""
    codes = {str(code) for code in _leaves(errors.MesmsError)} | {"2"}
    assert {row[0] for row in table(README, "## Exit codes")} == codes | {"0"}
    assert {row[0] for row in table(DOCS / "troubleshooting.md", "## By exit code")} == codes


def test_every_reason_that_needs_a_person_is_explained() -> None:
    """The troubleshooting page has a row for each reason for which a plan names a next step."""
    rows = table(DOCS / "troubleshooting.md", "### A campaign is blocked")
    assert {row[0].strip("`") for row in rows} == {reason.value for reason in NEXT_STEPS}


def test_the_three_vocabularies_are_those_of_the_code() -> None:
    """docs/concepts.md lists the phases of sends and campaigns and the states of deliveries, and no other."""
    send, campaign, delivery = table(DOCS / "concepts.md", "## Three vocabularies that share words")
    phases = {phase.value for phase in SendPhase}
    assert set(send[1].replace("`", "").split()) == phases
    assert {phase.value for phase in CampaignPhase} == phases - {"intended"} | {"draft", "partial"}
    assert "without `intended`, and `draft` `partial`" in campaign[1]
    assert set(delivery[1].replace("`", "").split()) == set(DELIVERY_STATES)


def test_every_variable_of_the_environment_is_in_the_readme() -> None:
    """What the command line reads of ``MESMS_…`` stands in the README's table."""
    read = set()
    for file in (ROOT / "mesms_gitops").rglob("*.py"):
        read |= set(re.findall(r"[\"'](MESMS_[A-Z_]+)[\"']", file.read_text(encoding="utf-8")))
    internal = {name for name in read if name.startswith("MESMS_ACTION_")}
    assert read - internal <= set(code(README)), "a variable that people may set is missing"


def test_every_extra_is_in_the_readme() -> None:
    """What pyproject.toml offers beside the program itself is named under Install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["optional-dependencies"]) <= set(code(README))
