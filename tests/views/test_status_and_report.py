"""What state knows, and what became of the people."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import jsonschema
import pytest

from mesms_gitops import __version__
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase
from mesms_gitops.model.state import CampaignPhase, CampaignRecord, Freeze, State
from mesms_gitops.views.report import DELIVERY_STATES, report_of, share, standing_of
from mesms_gitops.views.report_csv import report_csv
from mesms_gitops.views.report_html import report_html
from mesms_gitops.views.report_json import report_json
from mesms_gitops.views.report_markdown import report_markdown
from mesms_gitops.views.report_text import report_text
from mesms_gitops.views.status_json import status_json
from mesms_gitops.views.status_text import status_text

from .situations import CREATED, LINEAGE, a_freeze, a_state, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.sends import SendRecord

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "status.schema.json").read_text("utf-8"))
CHECKER = jsonschema.Draft202012Validator(SCHEMA)


def test_outputs(snapshot: Callable[[str, str], None]) -> None:
    """Every format, whole."""
    state = a_state()
    snapshot("status_80.txt", status_text(state, freeze=a_freeze()))
    snapshot("status_60.txt", status_text(state, width=60))
    snapshot("status_one.txt", status_text(state, names=["half"]))
    snapshot("status_colour.txt", status_text(state, colour=True, width=120))
    snapshot("status.json", status_json(state, "0.1.0", freeze=a_freeze()))
    snapshot("report_80.txt", report_text(state))
    snapshot("report_60.txt", report_text(state, width=60))
    snapshot("report.md", report_markdown(state))
    snapshot("report.json", report_json(state, "0.1.0"))
    snapshot("report.csv", report_csv(state))


def test_the_json_is_what_the_schema_says() -> None:
    """With and without a freeze, full and empty."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for text in (
        status_json(a_state()),
        status_json(a_state(), "1", freeze=a_freeze()),
        status_json(State(LINEAGE), freeze=Freeze(everything=True)),
        status_json(a_state(), names=["half"]),
    ):
        CHECKER.validate(json.loads(text))


def test_an_empty_state() -> None:
    """Says so, in each format."""
    state = State(LINEAGE)
    assert status_text(state).startswith("No campaigns in state.\n")
    assert report_text(state) == "Nothing has left yet.\n"
    assert report_markdown(state) == "Nothing has left yet.\n"
    assert report_csv(state).count("\n") == 1
    assert json.loads(report_json(state))["campaigns"] == []


def test_a_message_sent_at_once_left_when_it_was_asked_for() -> None:
    """In each format for people; `scheduled_at` of the formats for programs stays empty."""
    send = recorded("a", SendPhase.SENT, scheduled_at=None, intended_at=CREATED)
    state = State(LINEAGE, campaigns=MappingProxyType({"a": CampaignRecord("a", "a.yaml", 1, sends=(send,))}))
    (line,) = report_of(state).lines
    assert (line.left_at, line.scheduled_at) == (CREATED, None)
    day = f"{CREATED:%Y-%m-%d}"
    assert [row for row in report_text(state, timezone="UTC").splitlines() if "  left " in row and day in row]
    assert day in report_markdown(state, timezone="UTC")
    assert json.loads(report_json(state))["campaigns"][0]["scheduled_at"] is None


def test_a_moved_name_is_no_campaign() -> None:
    """It is only reserved."""
    document = json.loads(status_json(a_state()))
    assert "old-name" not in [campaign["name"] for campaign in document["campaigns"]]
    assert document["moved"] == [{"name": "old-name", "moved_to": "new-name"}]
    assert "old-name" not in status_text(a_state())


def standing(*sends: SendRecord) -> tuple[CampaignPhase, int]:
    record = CampaignRecord("a", "a.yaml", 1, sends=sends)
    found = standing_of(record)
    return found.phase, found.recipients


def test_a_replaced_message_counts_nobody_twice() -> None:
    """The new one stands for the campaign, whatever became of it."""
    old = recorded("a", SendPhase.CANCELLED, cancel=CancelIntent("r2", CREATED, CancelReason.REPLACE))
    new = recorded("b", SendPhase.SENT, run="r2", intended_at=CREATED)
    assert standing(old, new) == (CampaignPhase.SENT, 12_480)
    assert standing(old) == (CampaignPhase.CANCELLED, 12_480)
    assert standing(old, replace(new, phase=SendPhase.FAILED, uuid=None)) == (CampaignPhase.FAILED, 12_480)


def test_a_part_that_was_cancelled_is_left_out_by_name() -> None:
    """Of two sends of one run, one that was stopped makes the campaign partial."""
    gone = recorded("a", SendPhase.SENT)
    stopped = recorded("b", SendPhase.CANCELLED, cancel=CancelIntent("r", CREATED, CancelReason.STOP))
    assert standing(gone, stopped) == (CampaignPhase.PARTIAL, 24_960)


def test_a_refused_message_is_forgotten_once_another_was_made() -> None:
    """Edited after a refusal: the refused one reached nobody."""
    refused = recorded("a", SendPhase.FAILED, uuid=None)
    again = recorded("b", SendPhase.SCHEDULED, run="run-2", intended_at=CREATED)
    assert standing(refused, again) == (CampaignPhase.SCHEDULED, 12_480)
    assert standing(refused) == (CampaignPhase.FAILED, 12_480)


def money(*pairs: tuple[int | None, int | None]) -> tuple[int | None, int | None, int | None]:
    """Planned, charged, difference of a campaign of sends with these ``(quoted, credits)``."""
    sends = [
        recorded(letter, SendPhase.SENT, quoted=quoted, credits=credits)
        for letter, (quoted, credits) in zip("abc", pairs, strict=False)
    ]
    standing = standing_of(CampaignRecord("a", "a.yaml", 1, sends=tuple(sends)))
    return standing.money


@pytest.mark.parametrize(
    ("pairs", "planned", "charged", "difference"),
    [
        ([(3, 3), (4, 4)], 7, 7, 0),
        ([(3, 6), (4, 4)], 7, 10, 3),
        ([(3, 3), (4, 2)], 7, 5, -2),
        ([(None, 3), (4, 4)], None, 7, None),  # a send from before plans were recorded
        ([(3, None), (4, 4)], 7, 4, None),  # ME-SMS has not said what the first costs
        ([(3, None)], 3, None, None),
        ([(None, None)], None, None, None),
    ],
)
def test_a_difference_is_told_only_where_both_are_known_of_every_send(
    pairs: list[tuple[int | None, int | None]], planned: int | None, charged: int | None, difference: int | None
) -> None:
    """A sum of what is known of some is no plan, and no difference."""
    assert money(*pairs) == (planned, charged, difference)


def test_every_format_of_the_report_has_what_was_planned_and_charged() -> None:
    """Text, Markdown, JSON and CSV, of each campaign and of all."""
    cost = [("over", 12_000, 12_480), ("as-planned", 500, 500)]
    records = [
        CampaignRecord(
            name, "a.yaml", 1, sends=(recorded(name[0], SendPhase.SENT, quoted=quoted, credits=credits, uuid=name),)
        )
        for name, quoted, credits in cost
    ]
    state = State(LINEAGE, campaigns=MappingProxyType({record.name: record for record in records}))
    text = report_text(state)
    assert "  credits    12,480 charged, 12,000 planned (+480)\n" in text
    assert "  credits    500 charged, as planned\n" in text
    assert "  credits    12,980 charged, 12,500 planned (+480)\n" in text
    page = report_markdown(state)
    assert "| 12,000 | 12,480 | +480 |" in page
    assert "| 500 | 500 | 0 |" in page
    assert "| **12,500** | **12,980** | **+480** |" in page
    document = json.loads(report_json(state))
    names = ("planned_credits", "credits", "credits_difference")
    assert [[line[name] for name in names] for line in document["campaigns"]] == [[500, 500, 0], [12_000, 12_480, 480]]
    assert [document["summary"][name] for name in names] == [12_500, 12_980, 480]
    header, *rows = [line.split(",") for line in report_csv(state).splitlines()]
    assert [[row[header.index(name)] for name in names] for row in rows] == [
        ["500", "500", "0"],
        ["12000", "12480", "480"],
    ]


def test_status_speaks_of_the_plan_only_where_it_was_another() -> None:
    """In the overview beside the figure, in full where one campaign is shown."""
    told = status_text(a_state(), width=120)
    assert "12,480 (+480)" in told
    assert told.count("(+") == 1
    assert "12,480 charged, 12,000 planned (+480)" in status_text(a_state(), names=["delivered"])
    assert "planned" not in status_text(a_state(), names=["replaced"])


def one(send: SendRecord) -> tuple[int, int, int]:
    state = State(LINEAGE, campaigns=MappingProxyType({"a": CampaignRecord("a", "a.yaml", 1, sends=(send,))}))
    (line,) = report_of(state).lines
    return line.delivered, line.failed, line.unknown


@pytest.mark.parametrize("word", DELIVERY_STATES)
def test_each_state_is_in_one_bucket(word: str) -> None:
    """Pending and timeout are unknown: a report that is missing is no delivery."""
    bucket = one(recorded("a", SendPhase.SENT, recipients=5, delivery=MappingProxyType({word: 5})))
    expected = {"success": (5, 0, 0), "pending": (0, 0, 5), "timeout": (0, 0, 5)}
    assert bucket == expected.get(word, (0, 5, 0))


def test_whoever_is_not_reported_is_unknown() -> None:
    """Also a state that ME-SMS adds later, and an unsettled send; a send that failed as a whole, failed."""
    assert one(recorded("a", SendPhase.STARTED, recipients=9, delivery=MappingProxyType({"success": 4}))) == (4, 0, 5)
    assert one(recorded("a", SendPhase.SENT, recipients=9, delivery=MappingProxyType({"read": 9}))) == (0, 0, 9)
    assert one(recorded("a", SendPhase.UNKNOWN, recipients=9, uuid=None)) == (0, 0, 9)
    assert one(recorded("a", SendPhase.FAILED, recipients=9)) == (0, 9, 0)


@pytest.mark.parametrize(("recipients", "said"), [(400, 400), (0, 463)])
def test_status_and_report_name_the_same_recipients(recipients: int, said: int) -> None:
    """Those the message is for, whatever ME-SMS counts, and shares are of the counts; of a group whom it counts."""
    counts = MappingProxyType({"success": 450, "failed": 13})
    send = recorded("a", SendPhase.SENT, recipients=recipients, group_id=None if recipients else 7, delivery=counts)
    state = State(LINEAGE, campaigns=MappingProxyType({"a": CampaignRecord("a", "a.yaml", 1, sends=(send,))}))
    (line,) = json.loads(report_json(state))["campaigns"]
    (campaign,) = json.loads(status_json(state))["campaigns"]
    assert (line["recipients"], line["delivered"], line["failed"], line["unknown"]) == (said, 450, 13, 0)
    assert campaign["recipients"] == said
    for text in (report_text(state), report_markdown(state), report_html(state)):
        assert "97.2%" in text
        assert "2.8%" in text
    assert report_text(state).startswith(f"a: sent, {said} recipients\n")


def test_programs_learn_which_version_wrote_it() -> None:
    """Status and report in JSON, whoever prints them."""
    for text in (status_json(a_state()), report_json(a_state())):
        assert json.loads(text)["tool_version"] == __version__


def test_what_has_not_left_is_not_reported() -> None:
    """Scheduled people are not unknown; they are not texted yet."""
    state = State(LINEAGE, campaigns={"a": CampaignRecord("a", "a.yaml", 1, sends=(recorded("a"),))})
    assert report_of(state).lines == ()


@pytest.mark.parametrize(
    ("count", "people", "text"),
    [(0, 0, ""), (0, 9, "0.0%"), (9, 9, "100.0%"), (1, 100_000, "0.1%"), (99_999, 100_000, "99.9%"), (1, 3, "33.3%")],
)
def test_shares_are_never_rounded_to_all_or_none(count: int, people: int, text: str) -> None:
    """One failed of a hundred thousand is not 0 %."""
    assert share(count, people) == text
