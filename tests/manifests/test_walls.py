"""What importing this room costs: nothing heavy before it is needed, Jinja2 only for a template that needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "ruamel.yaml", "jinja2", "httpx2", "rich", "click", "stamina", "starlette")


RENDER = """
from mesms_gitops.manifests.templates import compile_source
compile_source("คุณ{{ name }}").render({"name": "ก"})
"""


def imported_by(program: str) -> set[str]:
    """Which heavy modules are there after ``program`` ran in a fresh interpreter."""
    ask = f"\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program + ask], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import mesms_gitops.manifests", set()),
        ("import mesms_gitops.manifests.codes", set()),
        ("import mesms_gitops.manifests.links, mesms_gitops.manifests.message_text", set()),
        ("import mesms_gitops.manifests.templates", set()),
        (RENDER, set()),
        ("import mesms_gitops.manifests.project, mesms_gitops.manifests.load", {"pydantic"}),
    ],
)
def test_imports_stay_light(program, expected):
    assert imported_by(program) <= expected
