"""Write what commands print into the documents that show it; ``--check`` only says whether anything would change.

A document marks the place with a comment, and the fenced block after it is replaced::

    <!-- prints: mesms-gitops plan --help -->

Run it with ``make docs``; a test runs the check.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md",)
SAMPLES = ("plan.json", "status.json")
BLOCK = re.compile(r"(<!-- prints: (?P<command>[^\n]+?) -->\n```(?P<language>\w*)\n)(?P<body>.*?)(```\n)", re.DOTALL)


def printed(command: str) -> str:
    """What ``command`` prints in an 80-column terminal without colour; ``plan.json`` and such are the demo's."""
    if command in SAMPLES:
        return samples()[command]
    program, *arguments = shlex.split(command)
    path = Path(sys.executable).with_name(program)
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "COLUMNS": "80", "LANG": "C.UTF-8"}
    ran = subprocess.run([path, *arguments], capture_output=True, text=True, check=True, env=environment, cwd=ROOT)
    return ran.stdout


@functools.cache
def samples() -> dict[str, str]:
    """The JSON of the demo's first plan, and of the status after it was applied."""
    from mesms_gitops.cli.commands.demo import demonstration

    with demonstration():
        return {"plan.json": _of_demo("plan", "--json"), "status.json": _of_demo("apply", "status", "--json")}


def _of_demo(*arguments: str) -> str:
    mesms = str(Path(sys.executable).with_name("mesms-gitops"))
    if arguments[0] == "apply":
        subprocess.run([mesms, "apply", "--auto-approve"], check=True, capture_output=True)
        arguments = arguments[1:]
    return subprocess.run([mesms, *arguments], check=True, capture_output=True, text=True).stdout


def refreshed(text: str) -> str:
    """``text`` with every marked block as it is printed now."""
    return BLOCK.sub(lambda found: f"{found[1]}{printed(found['command'])}{found[5]}", text)


def main() -> int:
    """1 if ``--check`` finds a document that does not tell the truth."""
    stale = []
    for name in DOCUMENTS:
        file = ROOT / name
        before = file.read_text(encoding="utf-8")
        after = refreshed(before)
        if before != after:
            stale.append(name)
            if "--check" not in sys.argv:
                file.write_text(after, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"stale: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
