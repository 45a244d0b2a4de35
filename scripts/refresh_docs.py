"""Write what commands print into the documents that show it; ``--check`` only says whether anything would change.

A document marks the place with a comment, and the fenced block after it is replaced::

    <!-- prints: mesms-gitops plan --help -->

Run it with ``make docs``; a test runs the check.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md",)
BLOCK = re.compile(r"(<!-- prints: (?P<command>[^\n]+?) -->\n```(?P<language>\w*)\n)(?P<body>.*?)(```\n)", re.DOTALL)


def printed(command: str) -> str:
    """What ``command`` prints in an 80-column terminal without colour."""
    program, *arguments = shlex.split(command)
    path = Path(sys.executable).with_name(program)
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "COLUMNS": "80", "LANG": "C.UTF-8"}
    ran = subprocess.run([path, *arguments], capture_output=True, text=True, check=True, env=environment, cwd=ROOT)
    return ran.stdout


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
