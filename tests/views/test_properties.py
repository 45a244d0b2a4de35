"""What holds for every plan and every state there could be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.views.diagnostics_github import diagnostics_github
from mesms_gitops.views.diagnostics_text import diagnostics_text
from mesms_gitops.views.layout import NARROWEST, cell_width, masked, pieces, printable, wrap
from mesms_gitops.views.plan_json import plan_json
from mesms_gitops.views.plan_markdown import plan_markdown
from mesms_gitops.views.plan_text import plan_text
from mesms_gitops.views.report import report_of
from mesms_gitops.views.report_text import report_text
from mesms_gitops.views.status_json import status_json
from mesms_gitops.views.status_text import status_text

from .strategies import diagnostics, plans, states, texts

if TYPE_CHECKING:
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.plan import Plan
    from mesms_gitops.model.state import State

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
SCHEMAS = Path(__file__).parents[2] / "schemas"
PLAN = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "plan.schema.json").read_text("utf-8")))
STATUS = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "status.schema.json").read_text("utf-8")))
widths = st.sampled_from([NARROWEST, 60, 72, 80, 120])


def is_unbreakable(line: str, width: int) -> bool:
    """Whether nothing in ``line`` could have gone to the next one: an indent, perhaps a label, and one long run."""
    longest = max((cell_width(run) for run in re.findall(r"[!-~]+", line)), default=0)
    return longest > width // 4


@CALM
@given(plans(), widths)
def test_no_line_of_a_plan_is_wider_than_the_terminal(plan: Plan, width: int) -> None:
    """But for what cannot be broken."""
    for line in plan_text(plan, width=width).split("\n"):
        assert cell_width(line) <= width or is_unbreakable(line, width), line


@CALM
@given(plans())
def test_a_plan_holds_nothing_to_obey(plan: Plan) -> None:
    """Without colour every character but the newline is printable, and no line begins a command."""
    for text in (plan_text(plan), plan_markdown(plan), plan_json(plan, "1")):
        assert text.replace("\n", "").isprintable()
        assert not re.search(r"(?m)^\s*::|##\[", text)
        assert text.endswith("\n")
        assert not re.search(r"(?m)[ \t]$", text)


@CALM
@given(plans())
def test_colour_changes_nothing_but_colour(plan: Plan) -> None:
    """The same words at the same places."""
    assert re.sub("\x1b\\[[0-9;]*m", "", plan_text(plan, colour=True)) == plan_text(plan)


@CALM
@given(plans())
def test_a_plan_is_always_what_its_schema_says(plan: Plan) -> None:
    """Whatever is in it."""
    PLAN.validate(json.loads(plan_json(plan, "0.1.0")))


@CALM
@given(plans(), st.integers(0, 20_000))
def test_markdown_never_exceeds_its_budget(plan: Plan, budget: int) -> None:
    """Verdict and digest always stand; the rest fits or is left out and that is said."""
    text = plan_markdown(plan, budget=budget)
    whole = plan_markdown(plan, budget=10_000_000)
    assert plan.digest.removeprefix("sha256:") in text
    assert text == whole or "truncated and cannot be approved" in text
    assert len(text.encode()) <= max(budget, 2_000) or len(plan.lineage) > 20


@CALM
@given(states)
def test_a_status_is_always_what_its_schema_says(state: State) -> None:
    """Whatever is in it."""
    STATUS.validate(json.loads(status_json(state, "0.1.0")))


@CALM
@given(states, widths)
def test_a_status_fits_the_terminal(state: State, width: int) -> None:
    """As a table, or as blocks; a report too."""
    for text in (status_text(state, width=width), report_text(state, width=width)):
        assert text.replace("\n", "").isprintable()
        for line in text.split("\n"):
            assert cell_width(line) <= width or is_unbreakable(line, width), line


@CALM
@given(states)
def test_the_three_buckets_hold_everybody_once(state: State) -> None:
    """Delivered, failed and unknown add up, and nobody is delivered whom ME-SMS did not count.

    To the recipients; where ME-SMS counts more people than a message is for, to so many more.
    """
    for line in report_of(state).lines:
        told = [(send.recipients, sum(send.delivery.values())) for send in line.sends]
        more = sum(max(0, counted - recipients) for recipients, counted in told if recipients)
        assert line.delivered + line.failed + line.unknown == line.recipients + more
        assert line.delivered == line.delivery["success"]
        assert min(line.delivered, line.failed, line.unknown) >= 0


@CALM
@given(st.lists(diagnostics, max_size=4), widths)
def test_findings_fit_and_hold_nothing_to_obey(found: list[Diagnostic], width: int) -> None:
    """Source lines included."""
    text = diagnostics_text(found, width=width)
    assert text.replace("\n", "").isprintable()
    for line in text.split("\n"):
        assert cell_width(line) <= width or is_unbreakable(line, width), line
    assert len(diagnostics_github(found).splitlines()) == len(found)


@given(texts)
def test_harmless_text_is_printable_and_keeps_its_characters_apart(text: str) -> None:
    """One piece a character, and what was printable stays itself."""
    assert printable(text).isprintable()
    assert "".join(pieces(text)) == printable(text)
    assert len(pieces(text)) == len(text)


@given(texts, st.integers(10, 80))
def test_wrapping_loses_nothing_but_spaces(text: str, width: int) -> None:
    """Every letter is there in its order, a `::` that begins a line as an escape; no line has a space at its ends."""
    clean = printable(text)
    lines = wrap(clean, width)
    assert not any(line.lstrip().startswith("::") for line in lines)
    assert "".join("".join(lines).replace("\\x3a:", "::").split()) == "".join(clean.replace("\\x3a:", "::").split())
    assert all(line == line.strip(" ") for line in lines)


@pytest.mark.parametrize("template", ["{}", "call {}!", "({})", "โทร {} ได้"])
@given(st.from_regex(r"(0|66|\+66)[689][0-9]{8}", fullmatch=True))
def test_a_phone_number_is_always_masked(template: str, phone: str) -> None:
    """Wherever it stands by itself."""
    assert phone not in masked(template.format(phone))


@given(st.from_regex(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", fullmatch=True))
def test_a_uuid_is_never_taken_for_a_phone_number(uuid: str) -> None:
    """What has to be copied stays whole."""
    assert masked(f"message {uuid}, adopted") == f"message {uuid}, adopted"
