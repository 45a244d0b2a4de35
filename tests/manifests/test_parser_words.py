"""What parsers say, in plain words; and that a quote which never closes is pointed at where it opens."""

from __future__ import annotations

import pytest

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.templates import compile_template
from mesms_gitops.manifests.text_file import TextFile
from mesms_gitops.manifests.yaml_tree import parse
from mesms_gitops.model.campaign import LocalTemplate
from tests.measured import assert_linear

CLOSE = "close the quote; a quote inside it is written \\\" (or '' between ' ')"


def misread(text: str) -> tuple[str, str, int, int]:
    """Message, advice, line and column of the one thing that is wrong."""
    findings = Findings()
    parse(TextFile("one.yaml", text), findings)
    (found,) = findings.items
    assert found.position is not None
    return (
        found.message.removeprefix("not YAML: "),
        found.next_step or "",
        found.position.line,
        found.position.column,
    )


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("content: ลด: 20%\n", "a `: ` inside an unquoted text", 1, 12),
        ("name: one\n  sender: A\n", "this line is not in one column with the keys above it", 2, 9),
        ("limits: {parts: 1\nname: one\n", "a { is never closed, or a comma is missing", 2, 5),
        ("recipients: [1, 2\nname: one\n", "a [ is never closed, or a comma is missing", 2, 5),
        ('content: "ลด\nname: one\n', "a quote that opens here is never closed", 1, 10),
        ('name: a\ncontent: "ลด\nowner: "me"\n', "a quote that opens here is not closed where the text ends", 2, 10),
        ("content: 'it's'\n", "a quote that opens here is not closed where the text ends", 1, 10),
        ("content: @home\n", "a value cannot begin with @", 1, 10),
        ('content: "a \\q"\n', "a \\ between double quotes begins a code, and this is none", 1, 10),
        ('content: "a\n  b"\nlimits: [1 2]]\n', "did not find expected key", 3, 14),
    ],
)
def test_yaml_is_explained(text, message, line, column):
    said, _, *place = misread(text)
    assert (said, *place) == (message, line, column)


def test_the_advice_closes_the_quote():
    assert misread('content: "ลด\nname: one\n')[1] == CLOSE


@pytest.mark.parametrize(
    ("head", "piece"), [("a: [", '"x", '), ("", "k{}: 'a'\n"), ("a: [", "'x',\n"), ("a: [", '"x", ' * 5 + "\n")]
)
def test_looking_for_a_quote_takes_linear_time(head, piece):
    """Among quotes that all are closed, above something else that is wrong."""

    def parsed(size):
        file = TextFile("one.yaml", f"{head}{''.join(map(piece.format, range(size)))}\nz: [1 2}}]\n")
        findings = Findings()
        parse(file, findings)
        assert [found.code for found in findings.items] == ["MS101"]
        return lambda: parse(file, Findings())

    assert_linear(parsed, 350)


@pytest.mark.parametrize(
    ("source", "message", "advice"),
    [
        ("ลด {{ name", "a {{ is never closed", "write }} after it; a variable is written {{ name }}"),
        ("{% if a %}ลด", "{% if %} has no {% endif %}", "write {% endif %} where it ends"),
        ("{% iff a %}", "there is no tag {% iff %}", None),
        ("ลด {% endif %}", "{% endif %} stands here without its beginning", None),
        ("{{ first name }}", "name cannot stand here", None),
        ("{{ }}", "nothing stands between {{ and }}", "write the name of a variable: {{ name }}"),
        ("{% if a = 'b' %}{% endif %}", "one = gives a value, == compares", "write == to compare"),
        ("{{ 'a }}", "' cannot stand between {{ and }}", None),
        ("{{ a) }}", "a } or ) is missing or too many", None),
        ("{# note", "a {# is never closed", None),
    ],
)
def test_a_template_is_explained(source, message, advice):
    with pytest.raises(ManifestError) as caught:
        compile_template(LocalTemplate(source))
    (found,) = caught.value.diagnostics
    assert found.code == "MS305"
    assert found.message == f"the template cannot be read: {message}"
    assert advice is None or found.next_step == advice
