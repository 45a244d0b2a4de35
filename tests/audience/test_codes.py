"""The catalogue of codes is complete, and naming the room costs nothing."""

from __future__ import annotations

import subprocess
import sys

from mesms_gitops.audience import codes


def test_every_code_is_explained_once() -> None:
    """Each constant is in the catalogue, each code in this room's range."""
    constants = [value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)]
    assert sorted(constants) == sorted(codes.codes)
    assert all("MS420" <= code <= "MS489" for code in constants)
    for title, explanation in codes.codes.values():
        assert title == title.strip()
        assert not title.endswith(".")
        assert explanation.endswith(".")


def test_naming_the_room_imports_none_of_it() -> None:
    """``--help`` must stay fast: a reader is imported when a list is read."""
    program = (
        "import sys, mesms_gitops.audience; print([name for name in sys.modules if 'mesms_gitops.audience.' in name])"
    )
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "[]\n"
