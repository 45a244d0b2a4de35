"""The front door: arguments in, text and exit codes out.

Who lives here: the commands. What may enter: arguments and the environment (the only room that reads it). What leaves:
text on stdout (plans, JSON) and stderr (progress, messages), and an exit code. `wiring` is the one place that builds
client, store and clock and hands them to the rooms below. This room prints, and it alone asks the clock.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from mesms_gitops.cli.app import run

    raise SystemExit(run())
