"""The walls of the room: what it may import, and what importing it costs."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
from pathlib import Path

import mesms_gitops.sandbox
from mesms_gitops.sandbox import assumptions

ROOM = Path(mesms_gitops.sandbox.__file__).parent
ALLOWED = {"starlette", "uvicorn", *sys.stdlib_module_names}


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {f"{node.module}" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_sandbox_imports_itself_the_standard_library_starlette_and_uvicorn_only():
    for path in ROOM.rglob("*.py"):
        for name in imported(path):
            assert name.startswith("mesms_gitops.sandbox") or name.split(".")[0] in ALLOWED, f"{path.name}: {name}"


def test_the_world_comes_without_a_web_server():
    code = (
        "import sys, mesms_gitops.sandbox as s; s.default_world(); print({'starlette', 'uvicorn'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


def test_every_decision_among_the_assumptions_says_what_it_means():
    tree = ast.parse((ROOM / "assumptions.py").read_text(encoding="utf-8")).body
    for node, after in itertools.pairwise(tree):
        if isinstance(node, ast.FunctionDef):
            assert ast.get_docstring(node), node.name
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant) and type(node.value.value) is bool:
            assert isinstance(after, ast.Expr), ast.unparse(node)


def test_the_mix_of_reports_is_whole():
    assert sum(share for _, share in assumptions.MIX_PER_MILLE) == 1000
    assert {report for report, _ in assumptions.MIX_PER_MILLE} <= set(assumptions.REPORT_STATUSES)
