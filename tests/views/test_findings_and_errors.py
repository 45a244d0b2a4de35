"""Diagnostics, errors and outcomes: what, where, why, what next."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from mesms_gitops.errors import (
    ApiRefusal,
    ManifestError,
    PersonNeeded,
    RateLimited,
    Refused,
    StateLocked,
)
from mesms_gitops.model.codes import Code
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity
from mesms_gitops.model.plan import ApplyOutcome
from mesms_gitops.views.apply_json import apply_json
from mesms_gitops.views.apply_text import apply_text
from mesms_gitops.views.diagnostics_github import diagnostics_github
from mesms_gitops.views.diagnostics_json import diagnostics_json
from mesms_gitops.views.diagnostics_sarif import diagnostics_sarif
from mesms_gitops.views.diagnostics_summary import BUDGET, diagnostics_summary
from mesms_gitops.views.diagnostics_text import diagnostics_text
from mesms_gitops.views.error_json import error_json
from mesms_gitops.views.error_text import error_text
from mesms_gitops.views.layout import cell_width

from .situations import an_outcome, found, refusals, some_findings

if TYPE_CHECKING:
    from collections.abc import Callable

LOCKED = StateLocked(
    "the state is locked by pid 4711 on desk",
    where=".mesms/state.json.lock",
    why="an apply is at work since 2027-04-01 09:00 +07:00",
    next_step="wait for it, or if it is dead: mesms-gitops state unlock",
)


CATALOGUE = {"MS105": Code("number without quotes", "A leading zero would get lost.")}
SARIF = json.loads((Path(__file__).parent / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


def test_diagnostics(snapshot: Callable[[str, str], None]) -> None:
    """Every format, whole."""
    findings = some_findings()
    snapshot("diagnostics_80.txt", diagnostics_text(findings))
    snapshot("diagnostics_60_colour.txt", diagnostics_text(findings, width=60, colour=True))
    snapshot("diagnostics.json", diagnostics_json(findings))
    snapshot("diagnostics_github.txt", diagnostics_github(findings))
    snapshot("diagnostics.sarif", diagnostics_sarif(findings, "0.1.0", catalogue=CATALOGUE))
    snapshot("diagnostics_summary.md", diagnostics_summary(findings))


def test_errors(snapshot: Callable[[str, str], None]) -> None:
    """In the house's voice, with their diagnostics, and as JSON."""
    snapshot("error_locked.txt", error_text(LOCKED))
    snapshot("error_locked_colour.txt", error_text(LOCKED, colour=True, width=40))
    snapshot("error_locked.json", error_json(LOCKED))
    snapshot("error_manifests.txt", error_text(ManifestError(some_findings())))
    snapshot("error_refused.txt", error_text(Refused(refusals())))
    snapshot("error_refused.json", error_json(Refused(refusals())))


def test_outcomes(snapshot: Callable[[str, str], None]) -> None:
    """The last words of an apply."""
    outcome = an_outcome()
    snapshot("apply_80.txt", apply_text(outcome))
    snapshot("apply_60_colour.txt", apply_text(outcome, width=60, colour=True))
    snapshot("apply_done.txt", apply_text(replace(outcome, steps=outcome.steps[:2])))
    snapshot("apply_interrupted.txt", apply_text(replace(outcome, steps=outcome.steps[1::4], interrupted=True)))
    snapshot("apply.json", apply_json(outcome, "0.1.0"))


def test_nothing_was_done() -> None:
    """An apply without steps says so."""
    assert apply_text(ApplyOutcome(())) == "Nothing to do.\n"
    assert json.loads(apply_json(ApplyOutcome(())))["summary"]["done"] == 0


def test_an_error_with_nothing_but_what() -> None:
    """One line is enough."""
    assert error_text(PersonNeeded("one send is unknown")) == "error: one send is unknown\n"
    limited = error_text(RateLimited("too many requests", retry_after=None))
    assert limited.startswith("error: too many requests\n  next: ")
    document = json.loads(error_json(ApiRefusal("no", status=402)))
    assert document["error"] == {
        "kind": "ApiRefusal",
        "what": "no",
        "where": None,
        "why": None,
        "next": None,
        "exit_code": 1,
    }


def test_no_findings_no_text() -> None:
    """Silence is for success."""
    assert diagnostics_text([]) == ""
    assert diagnostics_github([]) == ""
    assert json.loads(diagnostics_json([])) == {"format_version": "1.0", "diagnostics": []}
    assert json.loads(diagnostics_sarif([], "1"))["runs"][0]["results"] == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('content: "สวัสดีคุณ เเม่ น้ำใจ"', "เเ"),
        ('content: "ที่นี่ น้ำ"', "น้ำ"),
        ("x: ''\u200b", "\u200b"),
        ("\tkey: 漢字", "漢"),
        ("a: b", "a"),
        ("content: " + "ก" * 300 + "X" + "ข" * 300, "X"),
        ("content: " + "ก้" * 300 + "XYZ", "XYZ"),
    ],
)
@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_caret_is_under_the_word(line: str, word: str, width: int) -> None:
    """By cells: what stands above the carets is the word, also in Thai, and in a line cut short."""
    column = line.index(word) + 1
    one = Diagnostic("MS1", Severity.ERROR, "m", Position("a.yaml", 12, column, 12, column + len(word)), excerpt=line)
    _, _, _, source, carets, *_ = diagnostics_text([one], width=width).split("\n")
    assert cell_width(source) <= width
    start, end = carets.index("^"), carets.rindex("^") + 1
    above, at = "", 0
    for character in source:
        if start <= at - (cell_width(character) == 0) < end:
            above += character
        at += cell_width(character)
    assert above == (word if word != "\u200b" else "\\u200b")


def test_a_span_over_several_lines_is_underlined_to_the_end() -> None:
    """Only its first line is shown."""
    one = Diagnostic("MS1", Severity.ERROR, "m", Position("a.yaml", 1, 4, 3, 2), excerpt="a: {b: c,\n")
    assert diagnostics_text([one]).split("\n")[4] == "  |    ^^^^^^"


def test_a_position_outside_its_line_still_points_somewhere() -> None:
    """A file that changed meanwhile is no reason to crash."""
    one = Diagnostic("MS1", Severity.ERROR, "m", Position("a.yaml", 1, 99, 1, 120), excerpt="a: b")
    assert diagnostics_text([one]).split("\n")[4] == "  |     ^"
    assert "^" in diagnostics_text([replace(one, excerpt="")])


def test_the_order_of_findings_is_the_order_of_the_files() -> None:
    """However they were found."""
    findings = some_findings()
    assert diagnostics_text(findings) == diagnostics_text(findings[::-1])
    assert diagnostics_sarif(findings, "1") == diagnostics_sarif(findings[::-1], "1")


def test_annotations_show_every_file_before_any_twice() -> None:
    """Ten are shown of a kind: errors before warnings, the first of each file before the second of any."""
    many = [
        found(f"{file}{line}", line=line, severity=severity, position=Position(file, line, 1, line, 2))
        for file in ("a.yaml", "b.yaml")
        for line in (1, 2)
        for severity in (Severity.WARNING, Severity.ERROR)
    ]
    lines = diagnostics_github(many).splitlines()
    shown = [line.rpartition("::")[2] for line in lines]
    assert shown == ["a.yaml1", "b.yaml1", "a.yaml2", "b.yaml2"] * 2
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 4 + ["::warning"] * 4


def test_ten_annotations_a_kind_and_the_rest_in_the_summary() -> None:
    """What GitHub would drop unseen is not annotated: the log says so, and the summary has all of it."""
    many = [
        found(f"m{line}", severity=severity, position=Position("a.yaml", line, 1, line, 2))
        for severity in (Severity.NOTE, Severity.ERROR)
        for line in range(1, 13)
    ]
    *annotations, last = diagnostics_github(many).splitlines()
    assert [line.partition(" ")[0] for line in annotations] == ["::error"] * 10 + ["::notice"] * 10
    assert last.startswith("4 more findings than annotations")
    summary = diagnostics_summary(many).splitlines()
    assert summary[0] == "### 12 errors and 12 notes in 1 file"
    assert [line.split(" | ")[2] for line in summary[4:]] == [f"m{line}" for line in range(1, 13)] * 2


def test_a_summary_is_never_refused_for_its_size() -> None:
    """GitHub refuses more than 1 MiB altogether; a table that ends early says so."""
    many = [found("ก" * 300, position=Position("a.yaml", line, 1, line, 2)) for line in range(1, 2_001)]
    summary = diagnostics_summary(many)
    assert BUDGET - 2_000 < len(summary.encode()) <= BUDGET < 2**20
    shown = summary.count("| warning ")
    left_out = f"{2_000 - shown:,} more findings did not fit"
    assert summary.endswith(f"Truncated: {left_out}; `mesms-gitops validate` shows all.\n")
    assert diagnostics_summary([]) == ""


@pytest.mark.parametrize("catalogue", [None, CATALOGUE])
def test_sarif_is_what_the_published_schema_says(catalogue: dict[str, Code] | None) -> None:
    """Also for findings that stand nowhere, over several lines, or in strangely named files."""
    strange = found("m", position=Position("campaigns/โปร 50% #1.yaml", 1, 1, 1, 2))
    document = json.loads(diagnostics_sarif([*some_findings(), *refusals(), strange], "0.1.0", catalogue=catalogue))
    checker = jsonschema.Draft4Validator(SARIF, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
    assert [error.message for error in checker.iter_errors(document)] == []
    uris = {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in document["runs"][0]["results"]
        for place in result["locations"]
    }
    assert "campaigns/%E0%B9%82%E0%B8%9B%E0%B8%A3%2050%25%20%231.yaml" in uris


def test_sarif_columns_count_as_its_readers_do() -> None:
    """In UTF-16 code units: an emoji before the place counts twice, Thai does not."""
    one = found("m", position=Position("a.yaml", 1, 4, 1, 6), excerpt="ก😀ข’😀x")
    result = json.loads(diagnostics_sarif([one], "1"))["runs"][0]["results"][0]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 5, "endLine": 1, "endColumn": 8}


def test_a_sarif_fingerprint_outlives_an_inserted_line() -> None:
    """Code scanning must not take a finding that moved for a new one; two alike in one file are two."""

    def prints(*lines: int) -> list[str]:
        some = [found("m", position=Position("a.yaml", line, 1, line, 2), field="sender") for line in lines]
        results = json.loads(diagnostics_sarif(some, "1"))["runs"][0]["results"]
        return [result["partialFingerprints"]["mesmsGitops/v1"] for result in results]

    assert prints(3, 9) == prints(4, 10)
    assert len(set(prints(3, 9))) == 2


def test_the_long_form_is_named_once_and_of_the_worst() -> None:
    """After the count, for the first of the gravest."""
    text = diagnostics_text(some_findings())
    assert text.count("explain") == 1
    assert text.endswith("\nmore about it: mesms-gitops explain MS001\n")


def test_a_sarif_message_is_plain_words() -> None:
    """SARIF would read brackets as a link and braces as a placeholder."""
    one = found("see [this](http://evil.example) {{ name }}")
    text = json.loads(diagnostics_sarif([one], "1"))["runs"][0]["results"][0]["message"]["text"]
    assert text == "see \\[this\\](http://evil.example) {{{{ name }}}}"
