"""``policy.waivers``: one refusal, one campaign, a reason and a last day; and what a waiver can never lift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.codes import CODES
from mesms_gitops.manifests.project import load_project
from mesms_gitops.model.diagnostic import Severity
from mesms_gitops.model.rules import WAIVABLE
from mesms_gitops.planning.waivers import waivers_change_at

from .conftest import NOW, said

PROJECT = """\
version: 1
timezone: Asia/Bangkok
policy:
  senders: [SiamCoffee]
  links: [siamcoffee.example]
  max_parts: 1
  rules:
    - {name: few, require: campaign.recipients < 5, message: few}
  waivers:
"""
MANIFEST = """\
sender: Other
content: "Hello www.elsewhere.example"
recipients: [{numbers: ["0800000001"]}]
class: transactional
schedule: 2026-12-24T10:00
"""


def waiver(rule: str = "MS501", campaign: str = "one", until: str = "2026-12-31") -> str:
    """One waiver, which begins in line 10 if it is the first."""
    return f"    - {{rule: {rule}, campaign: {campaign}, reason: approved by legal, until: {until}}}\n"


def found(place, waivers: str, manifest: str = MANIFEST, **rest) -> list[str]:
    """Everything that is said about a project with ``waivers`` and one campaign."""
    place.write("mesms.yaml", PROJECT + waivers)
    return place.findings(manifest, **rest)


def wrong(place, waivers: str) -> list[str]:
    """What keeps a project with ``waivers`` from being loaded."""
    place.write("mesms.yaml", PROJECT + waivers)
    with pytest.raises(ManifestError) as caught:
        load_project(place.root / "mesms.yaml")
    return [said(item) for item in caught.value.diagnostics]


# --- what can be waived -----------------------------------------------------------------------------------------------


def test_a_waived_refusal_is_a_warning_that_names_reason_and_last_day(place) -> None:
    assert found(place, waiver()) == ["1:9 MS501 w", "2:17 MS502"]
    item = place.load().diagnostics[0]
    assert item.severity is Severity.WARNING
    assert not item.refusal
    assert item.message == (
        "Other is not among the senders of this project; waived until 2026-12-31: approved by legal"
    )
    assert item.next_step == "mend it before the waiver ends (mesms.yaml:10)"
    assert item.campaign == "one"


def test_several_refusals_take_several_waivers(place) -> None:
    assert found(place, waiver() + waiver("MS502")) == ["1:9 MS501 w", "2:17 MS502 w"]


def test_a_waiver_is_for_one_campaign(place) -> None:
    place.write("campaigns/two.yaml", "sender: Other\ncontent: Hi\nstate: draft\n")
    assert found(place, waiver(campaign="two")) == ["1:9 MS501", "2:17 MS502", "1:9 MS501 w"]


@pytest.mark.parametrize("code", ["MS506", "MS550"])
def test_more_parts_than_the_policy_allows_can_be_waived_by_either_of_its_codes(place, code: str) -> None:
    long = MANIFEST.replace("Other", "SiamCoffee").replace("Hello www.elsewhere.example", "x" * 200)
    assert found(place, "    []\n", long) == ["2:10 MS506"]
    assert found(place, waiver(code), long) == ["2:10 MS506 w"]


NOT_WAIVABLE = ["MS503", "MS504", "MS505", "MS208", "MS531", "MS534", "MS542", "MS545", "MS546", "MS547", "MS549"]


@pytest.mark.parametrize("code", NOT_WAIVABLE)
def test_limits_hours_money_and_what_operators_refuse_cannot_be_waived(place, code: str) -> None:
    assert code not in WAIVABLE
    assert wrong(place, waiver(code)) == ["10:14 MS514"]


def test_the_explanation_names_every_code_that_can_be_waived() -> None:
    assert [code for code in WAIVABLE if code not in CODES["MS514"].explanation] == []


def test_what_was_never_refused_is_not_touched(place) -> None:
    """A waiver that nothing needs changes nothing: it may be for a refusal that only a plan finds."""
    fine = MANIFEST.replace("Other", "SiamCoffee").replace("www.elsewhere", "siamcoffee")
    assert found(place, waiver() + waiver("few") + waiver("MS541"), fine) == []


def test_errors_are_not_waived(place) -> None:
    """Only refusals are: a message with a hole in it is a mistake, whoever answers for it."""
    every = "".join(map(waiver, ["few", *WAIVABLE]))
    assert "2:14 MS307" in found(place, every, MANIFEST.replace("Hello", "{{ no }}"))


# --- its life ---------------------------------------------------------------------------------------------------------

LAST_DAY = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 24, 9, tzinfo=UTC), ["1:9 MS501 w", "2:17 MS502"]),
        (datetime(2026, 12, 1, 16, 59, 59, tzinfo=UTC), ["1:9 MS501 w", "2:17 MS502"]),  # 23:59:59 in Bangkok
        (datetime(2026, 12, 1, 17, 0, tzinfo=UTC), ["1:9 MS501", "2:17 MS502", "10:70 MS516 w"]),  # midnight
    ],
)
def test_the_last_day_is_whole_and_in_the_projects_time_zone(place, now: datetime, expected: list[str]) -> None:
    assert found(place, waiver(until="2026-12-01"), now=now) == expected


def test_an_ended_waiver_says_since_when_it_has_no_effect(place) -> None:
    found(place, waiver(until="2026-11-23"))
    item = place.load().diagnostics[-1]
    assert (item.code, item.severity) == ("MS516", Severity.WARNING)
    assert item.message == "the waiver of MS501 for one has no effect since 2026-11-24"


def test_of_two_waivers_the_longer_one_counts(place) -> None:
    found(place, waiver(until="2026-11-23") + waiver(until="2026-12-05") + waiver(until="2026-12-02"))
    assert "until 2026-12-05" in place.load().diagnostics[0].message


@pytest.mark.parametrize(("days", "expected"), [(400, ["1:9 MS501 w", "2:17 MS502"]), (401, None)])
def test_a_waiver_lasts_400_days_at_most(place, days: int, expected: list[str] | None) -> None:
    until = (NOW + timedelta(days=days)).date().isoformat()
    too_long = ["1:9 MS501", "2:17 MS502", "10:70 MS515"]
    assert found(place, waiver(until=until)) == (expected or too_long)


@pytest.mark.parametrize("until", ["2026-11-20", "2026-11-24", "2026-11-30", "2028-06-01"])
def test_until_its_next_change_a_verdict_stays_as_it_is(place, until: str) -> None:
    """The instant before the change everything is as now; at it, something is not."""
    now_said = found(place, waiver(until=until))
    change = waivers_change_at(place.project.project, NOW)
    if until == "2026-11-20":
        assert change is None
        return
    assert change is not None
    assert found(place, waiver(until=until), now=change - timedelta(seconds=1))[-1:] == now_said[-1:]
    past = MANIFEST.replace("2026-12-24", "2029-12-24")
    before, after = (found(place, waiver(until=until), past, now=at) for at in (NOW, change))
    assert before != after


# --- what is wrong with it --------------------------------------------------------------------------------------------

BAD = {
    "no rule of that name": (waiver("fex"), ["10:14 MS513"]),
    "no such campaign name": (waiver(campaign="One Two"), ["10:31 MS127"]),
    "no reason": ("    - {rule: few, campaign: one, until: 2026-12-31}\n", ["10:8 MS123"]),
    "an empty reason": ("    - {rule: few, campaign: one, until: 2026-12-31, reason: ''}\n", ["10:61 MS133"]),
    "no end": ("    - {rule: few, campaign: one, reason: because}\n", ["10:8 MS123"]),
    "a Buddhist year": (waiver(until="2569-12-31"), ["10:70 MS515"]),
    "no such day": (waiver(until="2026-02-30"), ["10:70 MS515"]),
    "an hour": (waiver(until="2026-12-31T10:00"), ["10:70 MS515"]),
    "for ever": (waiver(until="never"), ["10:70 MS515"]),
    "an unknown key": (waiver().replace("rule:", "rul:"), ["10:8 MS123", "10:8 MS120"]),
}


@pytest.mark.parametrize(("written", "expected"), BAD.values(), ids=BAD.keys())
def test_a_waiver_that_cannot_be_meant_is_an_error(place, written: str, expected: list[str]) -> None:
    assert sorted(wrong(place, written)) == sorted(expected)


def test_a_misspelt_rule_is_suggested(place) -> None:
    place.write("mesms.yaml", PROJECT + waiver("fev"))
    with pytest.raises(ManifestError) as caught:
        load_project(place.root / "mesms.yaml")
    assert caught.value.diagnostics[0].next_step == "did you mean few?"


def test_a_waiver_of_no_campaign_is_told_with_the_nearest_one(place) -> None:
    assert found(place, waiver(campaign="ones")) == ["1:9 MS501", "2:17 MS502", "10:31 MS517 w"]
    assert place.load().diagnostics[-1].next_step == "did you mean one?"


def test_where_only_some_files_were_read_no_campaign_is_called_unknown(place) -> None:
    found(place, waiver(campaign="ones"))
    place.write("campaigns/two.yaml", "]")
    some = place.load(only=[place.root / "campaigns/one.yaml"])
    assert [item.code for item in some.diagnostics] == ["MS501", "MS502"]
    assert "MS517" not in [item.code for item in place.load().diagnostics]  # the file that cannot be read may be it
