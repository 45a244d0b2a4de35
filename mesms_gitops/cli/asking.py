"""A question to a person at the terminal, which Ctrl-C ends whatever libraries are loaded."""

from __future__ import annotations

import signal

import click


def typed() -> str:
    """What is typed at ``Enter a value:``. Raises `click.Abort` on Ctrl-C, and at the end of input.

    polars hangs a handler of its own before the one for Ctrl-C, one after which the system resumes a read that was
    broken off: at this prompt nothing would end the run but the Enter key. Setting our handler again takes its place.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    answer: str = click.prompt("  Enter a value", default="", show_default=False, err=True)
    return answer.strip()
