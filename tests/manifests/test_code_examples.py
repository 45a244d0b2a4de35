"""The examples of `explain` cannot lie: each is put into a project and validated."""

from __future__ import annotations

import re

import pytest

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.code_examples import EXAMPLES, TOLD_IN_WORDS
from mesms_gitops.manifests.codes import CODES
from mesms_gitops.model.codes import MANIFEST, PROJECT

BASES = {
    PROJECT: {"version": "version: 1"},
    MANIFEST: {
        "name": "name: one",
        "sender": "sender: SiamCoffee",
        "content": 'content: "ลด 20%"',
        "recipients": 'recipients: [{numbers: ["0800000001"]}]',
        "schedule": "schedule: 2037-04-10T10:00",
    },
}
"""What the examples leave out, by top-level key."""
BODIES = {"content", "template", "template_id"}


def keys_of(lines: str) -> set[str]:
    found = set(re.findall(r"^([a-z_]+):", lines, re.MULTILINE))
    return found | BODIES if found & BODIES else found


def whole(code: str, lines: str) -> str:
    """The file of the example: what it leaves out, without the keys of either form, and its lines."""
    example = EXAMPLES[code]
    if not keys_of(lines) and lines.startswith("#"):
        return lines + "\n"
    own = keys_of(example.bad) | keys_of(example.good)
    kept = [line for key, line in BASES[example.file].items() if key not in own]
    return "\n".join([*kept, lines]) + "\n"


def found_in(place, code: str, lines: str) -> set[str]:
    example = EXAMPLES[code]
    others = {MANIFEST: whole_base(MANIFEST, without=set()), PROJECT: whole_base(PROJECT, without=set())}
    if "content:" in lines and example.file == PROJECT:
        others[MANIFEST] = whole_base(MANIFEST, without={"content"})
    for file, text in (others | {example.file: whole(code, lines)}).items():
        place.write(file, text)
    place.write("templates/sale.txt.j2", "ลด 20%")
    try:
        return {item.code for item in place.load().diagnostics}
    except ManifestError as error:
        return {item.code for item in error.diagnostics}


def whole_base(file: str, *, without: set[str]) -> str:
    return "\n".join(line for key, line in BASES[file].items() if key not in without) + "\n"


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_bad_lines_cause_their_code_and_no_other(place, code):
    assert found_in(place, code, EXAMPLES[code].bad) == {code}


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_good_lines_cause_nothing(place, code):
    assert found_in(place, code, EXAMPLES[code].good) == set()


def test_every_code_that_lines_can_cause_has_an_example():
    """All of the file, its keys, its schedule, its message and its recipients: MS0xx to MS40x."""
    due = {code for code in CODES if code < "MS410"}
    assert due - EXAMPLES.keys() == TOLD_IN_WORDS
    assert EXAMPLES.keys() <= CODES.keys()
    assert not TOLD_IN_WORDS & EXAMPLES.keys()


def test_examples_are_short_and_printable():
    """They are shown in a terminal of 80 columns, and whoever copies one copies what is seen."""
    for code, example in EXAMPLES.items():
        for lines in (example.bad, example.good):
            assert all(one.isprintable() or one in "\n\t" for one in lines), code
            assert max(map(len, lines.splitlines())) <= 90, code
