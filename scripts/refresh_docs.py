"""Write what commands print into the documents that show it; ``--check`` only says whether anything would change.

A document marks the place with a comment, and the fenced block after it is replaced::

    <!-- prints: mesms-gitops plan --help -->

A table of keys, from the JSON Schema that editors have, stands between two comments::

    <!-- keys: campaign#LimitsKeys -->
    <!-- end of keys -->

A table between ``<!-- table: NAME -->`` and ``<!-- end of table -->`` is made of what the program holds (``TABLES``).
docs/codes.md and docs/commands.md are written as a whole. Run it with ``make docs``; a test runs the check.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (
    "README.md",
    "docs/doctor.md",
    "docs/json.md",
    "docs/manifest.md",
    "docs/policy.md",
    "docs/troubleshooting.md",
)
SAMPLES = ("plan.json", "status.json")
BLOCK = re.compile(r"(<!-- prints: (?P<command>[^\n]+?) -->\n```(?P<language>\w*)\n)(?P<body>.*?)(```\n)", re.DOTALL)

TABLE = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n)(.*?)(<!-- end of table -->\n)", re.DOTALL)
KEYS = re.compile(r"(<!-- keys: (?P<place>[\w#]+) -->\n)(.*?)(<!-- end of keys -->\n)", re.DOTALL)


def printed(command: str) -> str:
    """What ``command`` prints in an 80-column terminal without colour; ``plan.json`` and such are the demo's."""
    if command in SAMPLES:
        return samples()[command]
    if command == "doctor":
        from doctor_sample import doctor_sample  # a script's own folder is where it imports from

        return doctor_sample()
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
    text = TABLE.sub(lambda found: f"{found[1]}{TABLES[found['name']]()}{found[4]}", text)
    return BLOCK.sub(lambda found: f"{found[1]}{printed(found['command'])}{found[5]}", text)


def _rule_fields() -> str:
    from mesms_gitops.manifests.rule_fields import fields_markdown

    return fields_markdown().strip("\n") + "\n"


def _commands() -> str:
    from mesms_gitops.cli.app import COMMANDS

    rows = [f"| [`{name}`](docs/commands.md#{name}) | {line} |" for name, line in COMMANDS.items()]
    return "\n".join(["| command | what |", "| --- | --- |", *rows]) + "\n"


def _codes() -> str:
    """Every code with its title and the long form, a row for each subject."""
    from mesms_gitops.cli.catalogue import CATALOGUE, subject_of

    rows = ["| subject | codes |", "| --- | --- |"]
    for subject, codes in itertools.groupby(CATALOGUE, key=subject_of):
        listed = " · ".join(f"[{code}](codes.md#{code.lower()}) {CATALOGUE[code].title}" for code in codes)
        rows.append(f"| {subject} | {listed} |")
    return "\n".join(rows) + "\n"


TABLES = {"rule-fields": _rule_fields, "commands": _commands, "codes": _codes}


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

    return {"docs/codes.md": codes_markdown(CATALOGUE, subject_of), "docs/commands.md": commands_page()}


COMMANDS_HEAD = """\
# Commands

Written by `make docs` from what `--help` prints. `-C DIR`, `-v` and `--json` (short for `--format json`) mean the same
wherever they stand. Exit codes are in the [README](../README.md#exit-codes), what to do about them in
[troubleshooting](troubleshooting.md#by-exit-code); the JSON is on [a page of its own](json.md).
"""


def commands_page() -> str:
    """Every command, and every command of a group, as its ``--help`` prints it."""
    parts = [COMMANDS_HEAD, f"```text\n{_help()}```\n"]
    for names in _command_names():
        heading = "##" if len(names) == 1 else "###"
        parts.append(f"{heading} {' '.join(names)}\n\n```text\n{_help(*names)}```\n")
    return "\n".join(parts)


def _command_names() -> Iterator[tuple[str, ...]]:
    from click import Group

    from mesms_gitops.cli.app import COMMANDS, application

    for name in COMMANDS:
        yield (name,)
        command = application.commands.get(name) or application.get_command(None, name)  # type: ignore[arg-type]  # no context is needed
        if isinstance(command, Group):
            yield from ((name, part) for part in command.commands)


def _help(*names: str) -> str:
    """What ``mesms-gitops NAMES --help`` prints in an 80-column terminal, without starting a process for each."""
    from click.testing import CliRunner

    from mesms_gitops.cli.app import application

    ran = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(
        application, [*names, "--help"], prog_name="mesms-gitops", terminal_width=80
    )
    assert ran.exit_code == 0, ran.output
    return ran.output


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
