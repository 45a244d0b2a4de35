"""What later steps and people read of a step: its outputs, its summary, its annotations."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from mesms_gitops.views.layout import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUMMARY_BYTES: Final = 1_000_000
"""GitHub drops a step's summary of more than 1,048,576 bytes, all of it."""


def write_outputs(file: Path | None, outputs: Mapping[str, str]) -> None:
    """Append ``outputs``, each between two lines that its value cannot hold by chance or on purpose."""
    if file is None:
        return
    with file.open("a", encoding="utf-8", newline="\n") as stream:
        for name, value in outputs.items():
            delimiter = f"mesms_{secrets.token_hex(16)}"
            stream.write(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")


def write_summary(file: Path | None, text: str) -> None:
    """Append ``text`` to the summary of the step if both together fit; else what does, up to a line's end."""
    if file is None or not text:
        return
    room = SUMMARY_BYTES - (file.stat().st_size if file.exists() else 0)
    whole = text.encode()
    if len(whole) > room:
        note = b"\n\n(truncated: the report of this step has all of it)\n"
        kept = whole[: max(0, room - len(note))]
        whole = kept[: kept.rfind(b"\n") + 1] + note if room > len(note) else b""
    with file.open("ab") as stream:
        stream.write(whole)


def annotation(kind: str, title: str, message: str) -> str:
    """One workflow command; ``kind`` is error, warning or notice."""
    shown = "\n".join(printable(line) for line in message.split("\n"))
    for character, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        shown = shown.replace(character, code)
    return f"::{kind} title={printable(title).replace(':', ' ').replace(',', ' ').replace('%', ' ')}::{shown}"
