"""What somebody else wrote is shown and never obeyed: by a terminal, a runner, a browser, or a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from mesms_gitops.errors import AnswerUnreadable
from mesms_gitops.views.apply_json import apply_json
from mesms_gitops.views.apply_text import apply_text
from mesms_gitops.views.diagnostics_github import diagnostics_github
from mesms_gitops.views.diagnostics_json import diagnostics_json
from mesms_gitops.views.diagnostics_sarif import diagnostics_sarif
from mesms_gitops.views.diagnostics_text import diagnostics_text
from mesms_gitops.views.error_json import error_json
from mesms_gitops.views.error_text import error_text
from mesms_gitops.views.plan_json import plan_json
from mesms_gitops.views.plan_markdown import plan_markdown
from mesms_gitops.views.plan_text import plan_text
from mesms_gitops.views.report_csv import report_csv
from mesms_gitops.views.report_json import report_json
from mesms_gitops.views.report_markdown import report_markdown
from mesms_gitops.views.report_text import report_text
from mesms_gitops.views.status_json import status_json
from mesms_gitops.views.status_text import status_text

from .situations import HOSTILE, LEAKY, PHONES, an_outcome, found, hostile, hostile_state

if TYPE_CHECKING:
    from mesms_gitops.model.plan import ApplyOutcome

OUR_COLOURS = re.compile("\x1b\\[(1|2|1;31|32|33|36|0)m")
FOUND = found(HOSTILE, field=HOSTILE, why=HOSTILE, next_step=HOSTILE, excerpt=HOSTILE)
ERROR = AnswerUnreadable(HOSTILE, where=HOSTILE, why=HOSTILE, next_step=HOSTILE)


def bad_outcome() -> ApplyOutcome:
    outcome = an_outcome()
    steps = tuple(replace(step, message=LEAKY) for step in outcome.steps)
    return replace(outcome, steps=steps)


OUTPUTS = {
    "plan_text": lambda: plan_text(hostile()),
    "plan_text_colour": lambda: plan_text(hostile(), colour=True, width=60),
    "plan_markdown": lambda: plan_markdown(hostile(), plan_file=HOSTILE),
    "plan_json": lambda: plan_json(hostile(), "1"),
    "status_text": lambda: status_text(hostile_state(), colour=True),
    "status_text_one": lambda: status_text(hostile_state(), names=[HOSTILE]),
    "status_json": lambda: status_json(hostile_state()),
    "report_text": lambda: report_text(hostile_state(), colour=True),
    "report_markdown": lambda: report_markdown(hostile_state()),
    "report_json": lambda: report_json(hostile_state()),
    "report_csv": lambda: report_csv(hostile_state()),
    "diagnostics_text": lambda: diagnostics_text([FOUND], colour=True),
    "diagnostics_json": lambda: diagnostics_json([FOUND]),
    "diagnostics_github": lambda: diagnostics_github([FOUND]),
    "diagnostics_sarif": lambda: diagnostics_sarif([FOUND], "1"),
    "error_text": lambda: error_text(ERROR, colour=True),
    "error_json": lambda: error_json(ERROR),
    "apply_text": lambda: apply_text(bad_outcome(), colour=True),
    "apply_json": lambda: apply_json(bad_outcome()),
}


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_no_control_character_survives(name: str) -> None:
    """But newlines and our own colours: no escape sequence, no bell, no turned text, nothing invisible."""
    text = OUR_COLOURS.sub("", OUTPUTS[name]()).replace("\n", "")
    assert text.isprintable(), [character for character in text if not character.isprintable()]


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_no_line_is_a_command_to_a_runner(name: str) -> None:
    """A GitHub runner obeys lines that begin with `::` and `##[` anywhere; only our annotations may."""
    text = OUR_COLOURS.sub("", OUTPUTS[name]())
    commands = [line for line in text.split("\n") if line.lstrip().startswith("::")]
    assert len(commands) == (1 if name == "diagnostics_github" else 0)
    assert "##[" not in text


@pytest.mark.parametrize(
    "name", ["plan_text", "plan_text_colour", "plan_markdown", "plan_json", "apply_text", "apply_json"]
)
def test_no_phone_number_leaves_in_a_plan(name: str) -> None:
    """Even where the planner let one through."""
    digits = re.sub(r"[ ().\n-]", "", OUTPUTS[name]())
    for phone in PHONES:
        assert phone not in OUTPUTS[name]()
        assert re.sub(r"[ ().-]", "", phone) not in digits


@pytest.mark.parametrize("name", ["plan_markdown", "report_markdown"])
def test_markdown_holds_no_markup_of_theirs(name: str) -> None:
    """Rendered as GitHub would: their text gives no link, no image, no HTML, no bold, no table cell, no mention."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(OUTPUTS[name]())
    inline = [child for token in tokens for child in token.children or ()]
    assert not [token for token in inline if token.type in {"link_open", "image"}]
    codes = {token.content for token in inline if token.type == "code_inline"}
    assert codes <= {hostile().digest}
    html = {token.content.strip() for token in inline if token.type == "html_inline"}
    assert html <= {"<code>", "</code>"}
    blocks = [token.content for token in tokens if token.type == "html_block"]
    assert all(re.match(r"<!-- mesms-gitops:plan |<details(?: open)?><summary>|</details>", block) for block in blocks)
    for block in blocks:
        assert not re.search(r"<(?!/?(details|summary|code)>|details open>|!--)", block)
    shown = "".join(token.content for token in inline if token.type == "text")
    assert "@everyone" not in shown
    assert "#1 " not in shown


def test_markdown_fences_close_where_we_close_them() -> None:
    """A fence is longer than any run of backticks in their text."""
    tokens = MarkdownIt("commonmark").enable("table").parse(plan_markdown(hostile()))
    fences = [token for token in tokens if token.type == "fence"]
    assert len(fences) == 6
    assert any("```" in fence.content for fence in fences)


def test_backticks_at_the_start_of_a_line_close_nothing() -> None:
    """A finding may be wrapped just before them."""
    bad = replace(hostile(), diagnostics=(found("x" * 58 + " ``` " + "<img src=x> ``` " * 20),))
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(plan_markdown(bad))
    assert any(re.search(r"(?m)^ {2}```", token.content) for token in tokens if token.type == "fence")
    assert not [token for token in tokens if "<img" in token.content and token.type != "fence"]


def test_a_table_row_has_its_own_number_of_cells() -> None:
    """A pipe in a name is no new cell."""
    text = plan_markdown(hostile())
    rows = [line for line in text.split("\n") if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {8}


def test_json_gives_back_what_was_written() -> None:
    """Escaped, not changed: a script sees the very text, but for phone numbers in a plan."""
    document = json.loads(plan_json(hostile(), "1"))
    assert document["actions"][0]["sender"] == HOSTILE
    assert document["actions"][0]["message"].startswith(HOSTILE)
    assert json.loads(diagnostics_json([FOUND]))["diagnostics"][0]["message"] == HOSTILE


def test_a_csv_cell_is_no_formula() -> None:
    """Names are checked where manifests are read; a state edited by hand is not."""
    state = hostile_state()
    record = state.campaigns[HOSTILE]
    bad = replace(state, campaigns={"=1+1": replace(record, name='=HYPERLINK("http://evil.example")')})
    rows = list(csv.reader(io.StringIO(report_csv(bad))))
    assert rows[1][0].startswith("'=")


def test_an_annotation_cannot_break_out_of_its_properties() -> None:
    """Commas, colons, percent signs and line ends are escaped as the runner expects."""
    bad = replace(FOUND, code="MS1,line=9::x%0A", message="50% off\nsecond line")
    line = diagnostics_github([bad])
    assert line.count("\n") == 1
    assert ",title=MS1%2Cline=9%3A%3Ax%250A::50%25 off" in line
