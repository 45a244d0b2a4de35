"""Write what commands print into the documents that show it; ``--check`` only says whether anything would change.

A document marks the place with a comment, and the fenced block after it is replaced::

    <!-- prints: mesms-gitops plan --help -->

A table of keys, from the JSON Schema that editors have, stands between two comments::

    <!-- keys: campaign#LimitsKeys -->
    <!-- end of keys -->

The fields that policy rules can ask for stand between ``<!-- table: rule-fields -->`` and ``<!-- end of table -->``.
docs/codes.md is written as a whole. Run it with ``make docs``; a test runs the check.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "docs/manifest.md", "docs/policy.md")
SAMPLES = ("plan.json", "status.json")
BLOCK = re.compile(r"(<!-- prints: (?P<command>[^\n]+?) -->\n```(?P<language>\w*)\n)(?P<body>.*?)(```\n)", re.DOTALL)

FIELDS = re.compile(r"(<!-- table: rule-fields -->\n)(.*?)(<!-- end of table -->\n)", re.DOTALL)
KEYS = re.compile(r"(<!-- keys: (?P<place>[\w#]+) -->\n)(.*?)(<!-- end of keys -->\n)", re.DOTALL)


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
    text = KEYS.sub(lambda found: f"{found[1]}{table_of_keys(found['place'])}{found[4]}", text)
    text = FIELDS.sub(lambda found: f"{found[1]}{_rule_fields()}{found[3]}", text)
    return BLOCK.sub(lambda found: f"{found[1]}{printed(found['command'])}{found[5]}", text)


def _rule_fields() -> str:
    from mesms_gitops.manifests.rule_fields import fields_markdown

    return fields_markdown().strip("\n") + "\n"


def table_of_keys(place: str) -> str:
    """Every key of a schema, or of one of its definitions, with what an editor says of it in both languages."""
    kind, _, name = place.partition("#")
    schema = json.loads((ROOT / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    described = (schema["$defs"][name] if name else schema)["properties"]
    rows = ["| key | | |", "| --- | --- | --- |"]
    for key, about in described.items():
        english, _, thai = about["description"].partition(" · ")
        cells = (f"`{key}`", english.replace("|", "\\|"), thai)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def pages() -> dict[str, str]:
    """Documents that are written as a whole."""
    from mesms_gitops.cli.catalogue import CATALOGUE, subject_of
    from mesms_gitops.views.codes_markdown import codes_markdown

    return {"docs/codes.md": codes_markdown(CATALOGUE, subject_of)}


def _on_disk(name: str) -> str | None:
    file = ROOT / name
    return file.read_text(encoding="utf-8") if file.exists() else None


def main() -> int:
    """1 if ``--check`` finds a document that does not tell the truth."""
    wanted = {name: refreshed((ROOT / name).read_text(encoding="utf-8")) for name in DOCUMENTS} | pages()
    stale = [name for name, text in wanted.items() if _on_disk(name) != text]
    if "--check" not in sys.argv:
        for name in stale:
            (ROOT / name).write_text(wanted[name], encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"stale: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
