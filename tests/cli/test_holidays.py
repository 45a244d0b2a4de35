"""Thai public holidays, from the package to the plan: warned of, refused, waived, and named in the calendar."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from mesms_gitops.cli.public_holidays import holidays_shown, thai_holidays

from .conftest import BEGINS, PROJECT, Project, sends

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

SONGKRAN = {"class": "marketing", "schedule": "2027-04-13T10:00"}


def test_days_of_the_government_and_of_everybody_are_known_by_name() -> None:
    """A fixed day, one that follows the moon, one in lieu, one that is announced each year."""
    names = thai_holidays({2026}).names
    assert names[date(2026, 4, 13)] == "Songkran Festival"
    assert names[date(2026, 5, 31)] == "Visakha Bucha"
    assert names[date(2026, 6, 1)] == "Visakha Bucha (in lieu)"
    assert names[date(2026, 5, 13)] == "Royal Ploughing Ceremony"
    assert date(2026, 4, 20) not in names


def test_a_year_of_which_the_package_lacks_the_announced_days_is_predicted() -> None:
    """A year in which it knows no day at all is, too."""
    assert thai_holidays({2025, 2026}).predicted == frozenset()
    assert thai_holidays({2026, 2150}).predicted == frozenset({2150})
    assert thai_holidays(()).names == {}


def test_a_calendar_knows_the_years_around_its_times() -> None:
    """New Year's Day in Bangkok is still last year in UTC."""
    names = holidays_shown(BEGINS, [None, BEGINS.replace(year=2028)])
    assert {day.year for day in names} == {2026, 2027, 2028, 2029}


def test_marketing_on_songkran_is_warned_of_and_goes(project: Project, sandbox: Running) -> None:
    """The plan says it in every format."""
    project.campaign("sale", **SONGKRAN)
    project.campaign("fair", content="Come", **SONGKRAN)
    plan = project.plan()
    warned = [found["code"] for action in plan["actions"] for found in action["diagnostics"]]
    assert warned == ["MS554", "MS554"]
    assert plan["diagnostics"] == []
    for shape in ("text", "markdown", "html"):
        assert "Songkran Festival" in project.run("plan", "--format", shape).out
    assert '<span class="holiday">Songkran Festival</span>' in project.run("plan", "--format", "html").out
    assert project.apply().code == 0
    assert sends(sandbox) == 2
    assert '<span class="holiday">' in project.run("status", "--format", "html").out


def test_the_policy_refuses_it_and_a_waiver_lets_one_pass(project: Project, sandbox: Running) -> None:
    """Nothing is sent until then."""
    policy = "policy:\n  holidays: {marketing: refuse}\n"
    project.write("mesms.yaml", PROJECT + policy)
    project.campaign("sale", **SONGKRAN)
    ran = project.apply()
    assert ran.code == 4
    assert "MS554" in ran.err
    # the year is predicted, and the policy relies on it
    assert [found["code"] for found in json.loads(project.run("plan", "--json").out)["diagnostics"]] == ["MS555"]
    assert "mesms.yaml:7:25" in ran.err
    assert sends(sandbox) == 0
    waiver = "  waivers:\n    - {rule: MS554, campaign: sale, reason: the fair, until: 2027-04-30}\n"
    project.write("mesms.yaml", PROJECT + policy + waiver)
    assert project.apply().code == 0
    assert sends(sandbox) == 1


def test_a_stance_that_is_none_is_an_error_with_its_place(project: Project) -> None:
    """As every other word of the file."""
    project.write("mesms.yaml", PROJECT + "policy:\n  holidays: {marketing: warm}\n")
    ran = project.run("validate", "--json")
    assert ran.code == 1
    (found,) = ran.json["diagnostics"]
    assert (found["code"], found["line"], found["column"]) == ("MS126", 7, 25)


def test_the_package_is_imported_only_for_a_campaign_whose_day_matters(project: Project) -> None:
    """A project without marketing never pays for it."""
    stub = project.root / "stub/holidays/__init__.py"
    stub.parent.mkdir(parents=True)
    stub.write_text("raise ImportError('asked for')\n", encoding="utf-8")
    without = {"PYTHONPATH": str(stub.parent.parent)}
    project.campaign("order")
    assert project.run("plan", **without).code == 0
    assert project.apply(**without).code == 0
