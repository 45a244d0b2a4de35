"""The read path: what a tree holds, that it is fast because libyaml reads, and that nothing makes it slow."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.manifests import yaml_tree
from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.positions import flatten, span_in_text
from mesms_gitops.manifests.text_file import MAX_BYTES, TextFile, decode
from mesms_gitops.manifests.yaml_tree import MAX_NODES, MappingNode, Scalar, parse, pure_events
from tests.measured import TIMES, assert_linear

SAMPLE = """\
name: songkran   # a comment
quoted: 'it''s'
list: [a, "b"]
block: |
  สวัสดี
   ลด

nested:
  - one: 1
    two: 0812345678

# the end
"""


def tree_of(text: str, **rest):
    findings = Findings()
    tree = parse(TextFile("f.yaml", text), findings, **rest)
    return tree, findings.items


def outline(text: str, **rest):
    """Everything a tree and its findings say, comparable."""
    tree, items = tree_of(text, **rest)
    nodes = [] if tree is None else [
        (path, (node.text, node.is_plain) if isinstance(node, Scalar) else None, _place(node))
        for path, node in flatten(tree.root)
    ]  # fmt: skip
    return nodes, sorted(tree.broken) if tree else None, [(item.code, item.position) for item in items]


def _place(node):
    """Where it stands; None if it ends with nothing: where nothing stands, the parsers may differ."""
    last = node
    while not isinstance(last, Scalar):
        if not last:
            return None
        last = list(last.values() if isinstance(last, dict) else last)[-1]
    return node.span.position if last.text or last.style else None


def test_the_parser_in_c_is_there_and_is_the_one_that_reads(monkeypatch):
    made = []
    real = yaml_tree.c_parser()
    assert real is not None, "ruamel.yaml.clib is not installed: reading is thirty times slower"
    monkeypatch.setattr(yaml_tree, "c_parser", lambda: lambda text: made.append(text) or real(text))
    tree_of(SAMPLE)
    assert made == [SAMPLE]


def test_without_it_the_parser_in_python_reads_the_same(monkeypatch):
    with_c = outline(SAMPLE)
    monkeypatch.setattr(yaml_tree, "c_parser", lambda: None)
    assert outline(SAMPLE) == with_c


def test_scalars_are_text_as_written_with_style_and_place():
    tree, items = tree_of(SAMPLE)
    assert items == []
    at = {path: node.span.position for path, node in flatten(tree.root)}
    found = {
        path: (node.text, node.style, at[path].line, at[path].column, at[path].end_line, at[path].end_column)
        for path, node in flatten(tree.root)
        if isinstance(node, Scalar)
    }
    assert found == {
        "name": ("songkran", "", 1, 7, 1, 15),
        "quoted": ("it's", "'", 2, 9, 2, 16),
        "list.0": ("a", "", 3, 8, 3, 9),
        "list.1": ("b", '"', 3, 11, 3, 14),
        "block": ("สวัสดี\n ลด\n", "|", 4, 8, 6, 6),
        "nested.0.one": ("1", "", 9, 10, 9, 11),
        "nested.0.two": ("0812345678", "", 10, 10, 10, 20),
    }
    assert (at["nested"].line, at["nested"].column, at["nested"].end_line, at["nested"].end_column) == (9, 3, 10, 20)
    assert (at["list"].end_line, at["list"].end_column) == (3, 15)


def test_trees_are_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        trees = [tree_of(SAMPLE) for _ in range(50)]
        del trees
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: {b: 2027-04-22T11:30, c: d}", "2027-04-22T11:30"),
        ("a: {c: d, b: 09:00-20:00}", "09:00-20:00"),
        ("a: {b: https://a.example/x?y=z, c: d}", "https://a.example/x?y=z"),
        ("a: {b: ก:ข}", "ก:ข"),
        ("a: {b: ไหม?}", "ไหม?"),
    ],
)
def test_a_colon_inside_a_word_may_stand_between_brackets(text, value):
    tree, items = tree_of(text)
    assert items == []
    assert tree.root["a"]["b"].text == value
    assert outline(text) == outline(text, read=pure_events)


def test_the_stand_in_for_such_a_colon_is_never_confused_with_itself():
    tree, items = tree_of("a: {b: x:y, c: '\ue03a'}")
    assert tree is None
    assert [item.code for item in items] == ["MS101"]


def test_a_colon_that_ends_a_key_is_not_taken_for_one_inside_a_word():
    assert tree_of("a: {b: c: d}")[0] is None


PIECES = st.sampled_from(
    ["a", "b", "name", ": ", ":", "\n", "\n  ", "\n- ", "- ", "[", "]", "{", "}", ", ", '"', "'", "#",
     " #", "|", ">", "|-", "&x ", "*x", "!t ", "!!str ", "<<: ", "---\n", "...\n", "%YAML 1.2\n", "? ",
     "@", "`", "0812", "ก", "สวัสดี", "😀", "~", "\\u0e01", "\\0", " ", "  "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
def test_what_both_parsers_take_they_take_for_the_same(text):
    in_c, pure = outline(text), outline(text, read=pure_events)
    if not in_c[2] and not pure[2]:  # one may be stricter than the other: libyaml refuses `: a`
        assert in_c == pure


@given(st.text(max_size=80) | st.lists(PIECES, max_size=40).map("".join))
def test_any_text_gives_a_tree_or_a_finding_inside_it(text):
    file = decode(text.encode("utf-8", "surrogatepass"), "f.yaml", findings := Findings())
    tree = parse(file, findings) if file is not None else None
    assert tree is not None or findings.items
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for item in findings.items:
        assert 1 <= item.position.line <= len(lines)
        assert 1 <= item.position.column <= len(lines[item.position.line - 1]) + 2
        assert (item.position.line, item.position.column) <= (item.position.end_line, item.position.end_column)
    if tree is not None:
        for _, node in flatten(tree.root):
            span = node.span
            assert (span.line, span.column) <= (span.end_line, span.end_column)
            assert span.end_line < len(file.lines)


HOSTILE = {
    "brackets": "[" * MAX_BYTES,
    "braces": "{" * MAX_BYTES,
    "dashes": "- " * (MAX_BYTES // 2),
    "question marks": "? " * (MAX_BYTES // 2),
    "unclosed quote": 'a: "' + "x\n " * (MAX_BYTES // 4),
    "unclosed bracket": "a: [" + "b," * (MAX_BYTES // 3),
    "colons": "a: {" + "x:y, " * (MAX_BYTES // 6),
    "colons in a small file": "a: {" + "x:y, " * 12_000,
    "tabs": "\t" * MAX_BYTES,
    "bells": "\a" * MAX_BYTES,
    "line ends": "\n" * MAX_BYTES,
    "comments": "#\n" * (MAX_BYTES // 2),
    "documents": "---\n" * (MAX_BYTES // 4),
    "anchors": "a: [" + "&x b, " * (MAX_BYTES // 7),
    "aliases": "a: [" + "*x, " * (MAX_BYTES // 5),
    "tags": "a: [" + "!x b, " * (MAX_BYTES // 7),
    "same key": "a: 1\n" * (MAX_BYTES // 5),
    "different keys": "".join(f"k{number}: 1\n" for number in range(100_000)),
    "indentation": "".join(" " * depth + "a:\n" for depth in range(1_400)),
    "directives": "%" * MAX_BYTES,
    "long key": "a" * (MAX_BYTES - 10) + ": b",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_read_in_linear_time(case):
    text = HOSTILE[case]
    assert_linear(lambda size: lambda: tree_of(text[:size]), len(text) // TIMES)
    tree, items = tree_of(text)
    assert tree is None or len(list(flatten(tree.root))) <= MAX_NODES
    assert items or case == "long key"


@pytest.mark.parametrize("line", ["k{}: 1\n", "- v{}\n", "- {{k{}: [1]}}\n"])
def test_a_good_file_is_read_in_linear_time(line):
    """Up to nearly as many values as a file may hold: what is wrong with hostile ones mostly ends them early."""

    def reading(lines):
        text = "".join(map(line.format, range(lines)))
        return lambda: tree_of(text)

    assert_linear(reading, MAX_NODES // 50)


def test_billion_laughs_is_two_lines_of_refusal():
    bomb = "a: &a [x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{'*' + chr(97 + n) + ','}]\n" for n in range(9))
    _, items = tree_of(bomb)
    assert {item.code for item in items} == {"MS106"}


@given(st.integers(0, 40), st.sampled_from(["{}", "'{}'", '"{}"', "|-\n    {}"]))
def test_a_character_of_a_text_is_found_in_its_file(index, form):
    words = "สวัสดี, คุณ! 20% ok"
    tree, _ = tree_of(f"other: 1\ncontent: {form.format(words)}\n")
    node = tree.root["content"]
    assert isinstance(tree.root, MappingNode)
    index %= len(words)
    span = span_in_text(node, index, 1)
    assert node.file.lines[span.line][span.column] == words[index]
