"""The catalogue: every code that is used is explained, every code that is explained is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mesms_gitops.manifests
from mesms_gitops.manifests.codes import CODES

ROOM = Path(mesms_gitops.manifests.__file__).parent
USED = {
    code
    for file in ROOM.glob("*.py")
    if file.name != "codes.py"
    for code in re.findall(r'"(MS[0-9]{3})"', file.read_text(encoding="utf-8"))
}


def test_what_is_used_is_explained_and_what_is_explained_is_used():
    assert set(CODES) == USED


def test_they_stand_in_order():
    assert list(CODES) == sorted(CODES)


@pytest.mark.parametrize("code", CODES)
def test_each_has_a_title_and_an_explanation(code):
    assert 3 <= len(CODES[code].title) < 60
    assert CODES[code].explanation.endswith((".", '".', "`."))


def test_every_code_is_shown_by_a_test():
    """A code that no test expects could come and go unseen."""
    here = Path(__file__).parent
    texts = "".join(file.read_text(encoding="utf-8") for file in here.glob("test_*.py"))
    assert sorted(code for code in CODES if code not in texts) == []
