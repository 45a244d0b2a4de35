"""The catalogue of all rooms: complete, explained once each, and printed by ``explain``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import mesms_gitops
from mesms_gitops.audience.codes import codes as audience_codes
from mesms_gitops.cli.app import run
from mesms_gitops.cli.catalogue import CATALOGUE, subject_of
from mesms_gitops.cli.commands.explain import command
from mesms_gitops.manifests.codes import CODES as MANIFEST_CODES
from mesms_gitops.planning.codes import CODES as PLANNING_CODES

PACKAGE = Path(mesms_gitops.__file__).parent
CATALOGUES = {"codes.py", "code_examples.py"}


def used() -> set[str]:
    """Every code that stands as a string of its own somewhere in the source, outside of the catalogues."""
    found: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if file.name not in CATALOGUES:
            found |= set(re.findall(r"""["'](MS[0-9]{3})["']""", text))
        elif file.parent.name == "audience":  # its codes have names, and the names are what is used
            found |= set(re.findall(r"""Final = "(MS[0-9]{3})\"""", text))
    return found


def test_every_code_that_is_used_is_explained_and_the_other_way_round() -> None:
    assert used() == set(CATALOGUE)


def test_the_names_of_the_audience_are_used() -> None:
    """A name that nothing refers to would keep its code in the catalogue for nothing."""
    room = PACKAGE / "audience"
    text = "".join(file.read_text(encoding="utf-8") for file in room.rglob("*.py") if file.name not in CATALOGUES)
    names = re.findall(r"^([A-Z_]+): Final = \"MS", (room / "codes.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_no_two_rooms_explain_the_same_code() -> None:
    assert len(MANIFEST_CODES) + len(audience_codes) + len(PLANNING_CODES) == len(CATALOGUE)


def test_codes_are_in_order_and_of_a_subject() -> None:
    assert list(CATALOGUE) == sorted(CATALOGUE)
    assert all(subject_of(code) for code in CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_entry_is_fit_to_print(code: str) -> None:
    known = CATALOGUE[code]
    assert 3 <= len(known.title) < 60
    assert not known.title.endswith(".")
    assert known.explanation.endswith((".", '".', "`."))


def test_no_sentence_is_said_twice() -> None:
    """An explanation that repeats another says nothing about what is different."""
    seen: dict[str, str] = {}
    for code, known in CATALOGUE.items():
        for sentence in re.split(r"(?<=\.) ", known.explanation):
            assert len(sentence) < 25 or seen.setdefault(sentence, code) == code, (code, sentence)


def explained(*arguments: str) -> str:
    ran = CliRunner(env={"NO_COLOR": "1"}).invoke(command, [*arguments], standalone_mode=False)
    assert ran.return_value == 0
    return ran.stdout


def test_one_code_at_length_in_any_case() -> None:
    assert explained("ms106") == (
        "MS106: anchor or alias\n"
        "\n"
        "  `&name` and `*name` make one line mean another one far away, and a few of them\n"
        "  can mean a million. What all campaigns share goes under `defaults:` in\n"
        "  mesms.yaml.\n"
        "\n"
        "  wrong:\n"
        "    labels: &all {team: crm}\n"
        "  right:\n"
        "    labels: {team: crm}\n"
    )


def test_several_codes_in_their_order_each_once() -> None:
    shown = explained("MS120", "ms002", "Ms120")
    assert re.findall(r"^MS[0-9]+", shown, re.MULTILINE) == ["MS120", "MS002"]
    assert "wrong (in mesms.yaml):" in shown


def test_without_a_code_all_of_them_in_a_line_each() -> None:
    lines = explained().splitlines()
    assert [line.split("  ", 1) for line in lines] == [[code, known.title] for code, known in CATALOGUE.items()]


def test_as_json() -> None:
    (only,) = json.loads(explained("MS106", "--json"))["codes"]
    assert only["example"] == {
        "file": "campaigns/one.yaml",
        "bad": "labels: &all {team: crm}",
        "good": "labels: {team: crm}",
    }
    every = json.loads(explained("--format", "json"))["codes"]
    assert [one["code"] for one in every] == list(CATALOGUE)


def test_a_code_that_is_none_is_a_misuse_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "MS1200"]) == 64
    told = capsys.readouterr().err
    assert "there is no code MS1200" in told
    assert "MS120" in told.replace("MS1200", "")
    assert run(["explain", "sender"]) == 64
    assert "a code is MS and three digits" in capsys.readouterr().err
