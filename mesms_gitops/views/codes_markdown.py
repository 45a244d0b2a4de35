"""The catalogue of findings as a page: docs/codes.md. Its text is ours, so it is Markdown as it stands."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mesms_gitops.model.codes import MANIFEST
from mesms_gitops.views.markdown import fenced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.model.codes import Code, Example

HEAD = """\
# Codes

What `validate`, `plan` and the other commands can find, each with a number that never changes its meaning.
`mesms-gitops explain MS120` prints one of them. What to do by symptom and by exit code is under
[troubleshooting](troubleshooting.md). This page is written by `make docs` from what the program holds.
"""


def codes_markdown(catalogue: Mapping[str, Code], subject_of: Callable[[str], str]) -> str:
    """The whole page: a heading for each subject, and in it one for each code, whose anchor is the code alone."""
    parts = [HEAD]
    for subject, codes in groupby(catalogue, key=subject_of):
        parts.append(f"## {subject}\n")
        parts += [_entry(code, catalogue[code]) for code in codes]
    return "\n".join(parts)


def _entry(code: str, known: Code) -> str:
    lines = [f'### <a id="{code.lower()}"></a>{code}: {known.title}', "", known.explanation.replace("<<", "\\<<"), ""]
    return "\n".join(lines + (_example(known.example) if known.example else []))


def _example(example: Example) -> list[str]:
    where = "" if example.file == MANIFEST else f" in {example.file}"
    body = ["# wrong", *example.bad.splitlines(), "# right", *example.good.splitlines()]
    return [f"Example{where}:", "", fenced(body, "yaml"), ""]
