"""How long ``--help`` takes, beside a bare click program of two commands: ``python -m benchmarks.start_up``."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.whole import side_by_side

BARE = """
import click

@click.group()
def bare():
    "A bare click program."

@bare.command()
def one():
    "One command."

@bare.command()
def two():
    "Another."

bare(["--help"])
"""


def main() -> None:
    """Print one row of docs/performance.md."""
    mesms = str(Path(sys.executable).with_name("mesms-gitops"))
    pair = side_by_side([mesms, "--help"], [sys.executable, "-c", BARE])
    print(
        f"| `--help` | {pair.ours.seconds * 1000:.0f} ms, {pair.ours.megabytes:.0f} MB "
        f"| bare click program: {pair.theirs.seconds * 1000:.0f} ms | {pair.ratio:.2f}x | ≤ 1.5x |"
    )


if __name__ == "__main__":
    main()
