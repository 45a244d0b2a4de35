"""The plan, in every format and every situation: what a reviewer signs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from mesms_gitops.model.audience import AudienceCounts
from mesms_gitops.model.drift import DriftKind
from mesms_gitops.model.plan import Reason
from mesms_gitops.views.drift import NEXT_STEPS, SENTENCES
from mesms_gitops.views.plan_json import plan_json
from mesms_gitops.views.plan_markdown import plan_markdown
from mesms_gitops.views.plan_text import plan_text
from mesms_gitops.views.wording import REASONS

from .situations import PLANS, a_plan, blocked, flash_sale, kept, schedule_vip

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text("utf-8"))
CHECKER = jsonschema.Draft202012Validator(SCHEMA)
NAMES = sorted(PLANS)
READ_WHOLE = [name for name in NAMES if name != "many"]


@pytest.mark.parametrize("name", READ_WHOLE)
def test_the_text_at_80_columns(name: str, snapshot: Callable[[str, str], None]) -> None:
    """What a terminal shows of each situation."""
    snapshot(f"plan_{name}_80.txt", plan_text(PLANS[name]()))


@pytest.mark.parametrize("name", ["replace", "refused", "long_thai"])
def test_the_text_at_60_columns_and_in_colour(name: str, snapshot: Callable[[str, str], None]) -> None:
    """The same on a narrow terminal, and with colour."""
    snapshot(f"plan_{name}_60.txt", plan_text(PLANS[name](), width=60))
    snapshot(f"plan_{name}_colour.txt", plan_text(PLANS[name](), colour=True, plan_file="plan.json"))


@pytest.mark.parametrize("name", READ_WHOLE)
def test_the_markdown(name: str, snapshot: Callable[[str, str], None]) -> None:
    """What a pull request shows of each situation."""
    snapshot(f"plan_{name}.md", plan_markdown(PLANS[name]()))


def test_truncated_markdown(snapshot: Callable[[str, str], None]) -> None:
    """What is left of sixty campaigns in 6,000 bytes."""
    snapshot("plan_many_truncated.md", plan_markdown(PLANS["many"](), budget=6_000))


@pytest.mark.parametrize("name", READ_WHOLE)
def test_the_json(name: str, snapshot: Callable[[str, str], None]) -> None:
    """What a script reads of each situation."""
    snapshot(f"plan_{name}.json", plan_json(PLANS[name](), "0.1.0"))


@pytest.mark.parametrize("name", NAMES)
def test_the_json_is_what_the_schema_says(name: str) -> None:
    """Every documented key is there and of its type."""
    CHECKER.validate(json.loads(plan_json(PLANS[name](), "0.1.0")))


def test_the_schema_is_a_schema() -> None:
    """And not only a file that accepts everything."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    without_digest = json.loads(plan_json(PLANS["all_new"](), "0.1.0"))
    del without_digest["digest"]
    assert not CHECKER.is_valid(without_digest)


def test_json_has_the_documented_keys_first() -> None:
    """The contract's keys, by name."""
    document = json.loads(plan_json(PLANS["replace"](), "0.1.0"))
    assert {
        "format_version",
        "tool_version",
        "created_at",
        "expires_at",
        "digest",
        "state",
        "commit",
    } <= document.keys()
    assert document["created_at"] == "2027-04-01T02:00:00Z"
    action = document["actions"][0]
    assert action["action"] == "replace"
    assert action["parts"] == {"1": 12_480}
    assert document["summary"]["replace"] == 1
    assert document["summary"]["forget"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_same_plan_gives_the_same_bytes(name: str) -> None:
    """Deterministic in every format."""
    one, other = PLANS[name](), PLANS[name]()
    assert plan_text(one, colour=True) == plan_text(other, colour=True)
    assert plan_markdown(one) == plan_markdown(other)
    assert plan_json(one, "1") == plan_json(other, "1")


def test_every_reason_has_words() -> None:
    """A reason that is added wants words for people too."""
    assert set(REASONS) == set(Reason)
    assert "why         renamed" in plan_text(a_plan(kept("a", Reason.MOVED, message="", moved_from="b")))


def test_money_comes_first() -> None:
    """The first line of a plan that would be applied says credits, people and requests."""
    first = plan_text(PLANS["all_new"]()).split("\n")[0]
    assert first == "Plan: 13,685 credits for 13,205 recipients in 3 requests."


def test_what_cannot_be_undone_is_said_at_once_and_in_its_block() -> None:
    """Also in Markdown, before the table."""
    text = plan_text(PLANS["at_once"]())
    assert "CANNOT BE UNDONE: 1 campaign, 725 recipients." in text.split("\n\n")[0]
    assert "    CANNOT BE UNDONE\n" in text
    markdown = plan_markdown(PLANS["at_once"]())
    assert markdown.index("CANNOT BE UNDONE") < markdown.index("| campaign |")


def test_an_undo_window_is_counted_from_the_apply() -> None:
    """`schedule: now` has no absolute time before it is applied: none is promised."""
    text = plan_text(a_plan(flash_sale(timedelta(minutes=10))))
    assert "can be cancelled for 10 minutes after the apply" in text
    assert "CANNOT" not in text


def test_a_refused_plan_names_no_command_and_says_that_nothing_is_sent() -> None:
    """First line, last paragraph before the digest, and no line to copy."""
    text = plan_text(PLANS["refused"](), plan_file="plan.json")
    assert text.startswith("REFUSED: nothing of this would be sent or cancelled (2 reasons below).")
    assert "Nothing would be sent, nothing cancelled." in " ".join(text.split())
    assert "apply plan.json" not in text
    assert "apply" not in plan_markdown(PLANS["refused"](), plan_file="plan.json").split("Digest")[1]


def test_refusals_are_told_in_full_even_without_changes() -> None:
    """An empty folder refuses although nothing is planned."""
    plan = replace(PLANS["unchanged"](), refusals=PLANS["refused"]().refusals)
    text = " ".join(plan_text(plan).split())
    assert text.startswith("REFUSED: ")
    assert "12,480 recipients are more than the limit of 12,000" in text
    assert "No changes" not in text
    assert text.count("5 kept") == 1


def test_a_saved_plan_is_applied_by_its_file() -> None:
    """The next command is the one that carries out this very plan."""
    assert plan_text(PLANS["all_new"](), plan_file="p.json").endswith("next: mesms-gitops apply p.json\n")
    assert "--expect-digest" in plan_text(PLANS["all_new"]())


def test_a_file_name_is_quoted_for_the_shell() -> None:
    """What is copied is one argument."""
    assert "apply 'my plan; rm x.json'" in plan_text(PLANS["all_new"](), plan_file="my plan; rm x.json")


def test_a_blocked_campaign_tells_what_next_once() -> None:
    """The diagnostic that repeats the action's sentence is not shown twice."""
    text = " ".join(plan_text(a_plan(blocked())).split())
    assert text.count("a started message cannot be changed") == 1
    assert "next: give the new text a new name" in text


def test_who_is_left_out_is_counted_by_reason() -> None:
    """Duplicates, opt-outs and bad numbers; and a list that is clean says that too."""
    text = " ".join(plan_text(a_plan(schedule_vip())).split())
    assert "12,600 read; 79 duplicates, 30 opted out, 1 not selected, 10 bad numbers (landline 4, too short 6)" in text
    clean = a_plan(schedule_vip(audience=AudienceCounts(rows=5, recipients=5)))
    assert "5 read; nobody left out" in plan_text(clean)


def test_texts_of_people_are_never_shown() -> None:
    """Rendered texts stay in `desired`, which no view reads."""
    for name in NAMES:
        for text in (plan_text(PLANS[name]()), plan_markdown(PLANS[name]()), plan_json(PLANS[name](), "1")):
            assert "never shown" not in text


@pytest.mark.parametrize("budget", [2_000, 6_000, 20_000, 60_000])
def test_markdown_keeps_to_its_budget(budget: int) -> None:
    """In bytes, with verdict and digest, and the marker that says whether it is complete."""
    plan = a_plan(*(schedule_vip(campaign=f"x-{i}", message="ข้อความยาว" * 30) for i in range(200)), balance=9_000_000)
    text = plan_markdown(plan, budget=budget)
    assert len(text.encode()) <= budget
    assert "### Plan: 2,592,000 credits" in text
    assert plan.digest.removeprefix("sha256:") in text.split("**Digest**")[1]
    assert f"digest={plan.digest} complete=false" in text.split("\n")[0]
    assert "truncated and cannot be approved" in text
    assert "--expect-digest" not in text


def test_a_whole_plan_is_not_called_truncated() -> None:
    """The marker on the first line is for programs."""
    text = plan_markdown(PLANS["all_new"]())
    assert "complete=true" in text.split("\n")[0]
    assert "truncated" not in text


def test_truncation_leaves_the_dangerous_for_last() -> None:
    """The one campaign that cannot be undone survives sixty that can."""
    text = plan_markdown(PLANS["many"](), budget=4_000)
    assert text.index("flash-sale") < text.index("campaign-000")
    assert "SEND AT ONCE" in text


def test_a_digest_that_is_none_does_not_enter_the_marker() -> None:
    """A comment that programs read holds nothing somebody else wrote."""
    plan = replace(PLANS["all_new"](), digest="x --> <script>")
    assert plan_markdown(plan).startswith("<!-- mesms-gitops:plan digest=unknown complete=true -->\n")


def test_drift_stands_right_below_the_verdict_and_changes_no_other_line() -> None:
    """In text, and in Markdown also where little room is left; both sides and the message in full."""
    quiet, loud = a_plan(kept("a")), PLANS["only_drift"]()
    (one,) = loud.drift
    text = plan_text(loud)
    assert text.split("\n\n")[1].startswith("Drift: the account and state do not agree about 1 message.")
    assert one.uuid in text
    assert text.split("\n\n")[2:] == plan_text(quiet).split("\n\n")[1:]
    many = replace(PLANS["many"](), drift=loud.drift)
    assert one.uuid in plan_markdown(many, budget=6_000)


def test_of_very_many_drifts_the_first_are_shown_and_the_rest_counted() -> None:
    """A page that nobody reads warns of nothing; JSON has them all."""
    (one,) = PLANS["only_drift"]().drift
    plan = replace(PLANS["only_drift"](), drift=tuple(replace(one, uuid=f"message-{n:02}") for n in range(57)))
    text = plan_text(plan)
    assert text.startswith("No changes.")
    assert "about 57 messages." in text
    assert text.count("message-") == 20 + 20  # each also in its next step
    assert "and 37 more messages" in text
    assert len(json.loads(plan_json(plan, "1"))["drift"]) == 57


def test_every_kind_of_drift_has_words() -> None:
    """A kind that is added wants words and a next step."""
    assert set(SENTENCES) == set(NEXT_STEPS) == set(DriftKind)
