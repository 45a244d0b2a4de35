"""``parts``: how many SMS a text takes and why, for texts that are in no manifest yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mesms_gitops.manifests.findings import Findings
    from mesms_gitops.manifests.text_file import TextFile
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.planning.counted import Counted

STDIN = "-"


@click.command("parts")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--recipients", type=click.IntRange(min=0), metavar="N", help="Multiply: the credits for N people.")
@options.everywhere
@options.formats("text", "json")
@click.pass_obj
def command(obj: dict[str, Any], *, files: tuple[str, ...], recipients: int | None, output: str) -> int:
    """Count the SMS parts of a text: each FILE is one message, - is standard input (at most 1 MiB of UTF-8).

    A line end at the end is part of the text and billed, as it would be in a template; `printf` adds none where `echo`
    does. CR LF counts as LF, as in manifests and templates. Exit code 1 if such a text could not be sent.
    """
    from mesms_gitops.manifests.findings import Findings

    start = options.folder(obj)
    findings = Findings()
    read = [file for name in files if (file := _read(start, name, findings)) is not None]
    if findings.has_errors:
        _complain(findings)
        return 1
    counts = [_counted(file, recipients) for file in read]
    click.echo(_rendered(counts, output), nl=False)
    return 1 if any(found.is_error for one in counts for found in one.diagnostics) else 0


def _complain(findings: Findings) -> None:
    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.views.diagnostics_text import diagnostics_text

    terminal = Terminal.of_process()
    text = diagnostics_text(findings.items, colour=terminal.colour_stderr, width=terminal.width)
    click.echo(text, err=True, nl=False)


def _read(start: Path, name: str, findings: Findings) -> TextFile | None:
    from mesms_gitops.manifests.text_file import MAX_BYTES, STDIN_NAME, decode, read_text_file

    if name != STDIN:
        return read_text_file(start / name, name, findings)
    body = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        findings.in_file(
            STDIN_NAME,
            "MS103",
            f"{STDIN_NAME} has more than {MAX_BYTES:,} bytes; nothing after them was read",
            next_step="give one message; the longest that ME-SMS takes has 1,000 characters",
        )
        return None
    return decode(body, STDIN_NAME, findings)


def _counted(file: TextFile, recipients: int | None) -> Counted:
    from mesms_gitops.planning.counted import counted

    return counted(file.name, file.text, recipients, tuple(_findings(file)))


def _findings(file: TextFile) -> Iterator[Diagnostic]:
    from mesms_gitops.manifests.links import check_links
    from mesms_gitops.manifests.message_text import check_text
    from mesms_gitops.model.diagnostic import Diagnostic, Severity

    for found in check_text(file.text):
        index = max(0, found.index - 1) if found.code == "MS312" else found.index
        span = file.span_at(index, max(1, len(found.excerpt)) if found.code != "MS312" else 1)
        yield Diagnostic(
            found.code,
            found.severity,
            found.message,
            span.position,
            next_step=found.next_step,
            excerpt=span.excerpt,
        )
    for problem in check_links(file.text, None)[:_MOST_LINKS]:
        span = file.span_at(problem.link.index, len(problem.link.text))
        yield Diagnostic(
            problem.code,
            Severity.ERROR,
            problem.message,
            span.position,
            next_step=problem.next_step,
            excerpt=span.excerpt,
        )


_MOST_LINKS = 20
"""Each is looked up from the start of the text; a message has one or two."""


def _rendered(counts: list[Counted], output: str) -> str:
    from mesms_gitops.cli.terminal import Terminal

    if output == "json":
        from mesms_gitops.views.parts_json import parts_json

        return parts_json(counts)
    from mesms_gitops.views.parts_text import parts_text

    terminal = Terminal.of_process()
    return parts_text(counts, colour=terminal.colour_stdout, width=terminal.width)
