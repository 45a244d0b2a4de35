"""Campaign names for the shell, between two presses of a key: a cheap look at files, never more than that.

Nothing is parsed: a name is a file's stem or its ``name:`` line, and the state's are read off the form it is written in
(`store.codec`). So a name that no manifest could have may be offered, and a strange ``mesms.yaml`` offers nothing; what
is chosen is checked by the command. Standard library and click only, no network, and whatever goes wrong is silence.
"""

# ruff: noqa: PTH113, PTH117, PTH118, PTH119, PTH207
# Thousands of paths: strings and os.path take a fifth of the time of Path objects.

from __future__ import annotations

import glob
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click
    from click.shell_completion import CompletionItem

PATIENCE: Final = 0.2
"""Seconds after which files are no longer opened; from then on their stems stand for their names."""
MOST_FILES: Final = 50_000
HEAD_BYTES: Final = 4_096
"""``name:`` stands at the top of a manifest."""
MAX_STATE_BYTES: Final = 64 << 20

_NAME_LINE = re.compile(rb"""^name:[ \t]*["']?([a-z0-9][a-z0-9-]{0,62})["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_RECORDED = re.compile(rb'^    "([a-z0-9][a-z0-9-]{0,62})": \{', re.MULTILINE)
_CAMPAIGNS_BEGIN, _CAMPAIGNS_END = b'\n  "campaigns": {\n', b"\n  }"
_FLOW = re.compile(r"^campaigns:[ \t]*\[([^\]]*)\]", re.MULTILINE)
_BLOCK = re.compile(r"^campaigns:[ \t]*(?:#.*)?\n((?:[ \t]*-[ \t].*\n?)+)", re.MULTILINE)
_STATE = re.compile(r"^state:[ \t]*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s#][^\n]*?))[ \t]*(?:[ \t]#.*)?$", re.MULTILINE)
_ENTRY = re.compile(r"""["']?([^"',\s][^"',]*?)["']?[ \t]*(?:#.*)?$""")
_ELSEWHERE = re.compile(r"git:|[A-Za-z][A-Za-z0-9+.-]*://")


def written_or_recorded(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Campaigns of manifests and of state."""
    return _items(_names(ctx, manifests=True), ctx, parameter, incomplete)


def recorded(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Campaigns of state; those of manifests where the state is not a file here."""
    return _items(_names(ctx, manifests=False), ctx, parameter, incomplete)


def folders(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's signature
    """A folder, as the shell itself completes it."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def _items(names: set[str], ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    given = ctx.params.get(parameter.name or "")
    already = set(given) if isinstance(given, tuple) else set()
    return [CompletionItem(name) for name in sorted(names - already) if name.startswith(incomplete)]


def _names(ctx: click.Context, *, manifests: bool) -> set[str]:
    with suppress(Exception):  # a shell that waits for names is no place for complaints
        root = _root(_start(ctx))
        if root is not None:
            project = (root / "mesms.yaml").read_bytes()[: 1 << 20].decode("utf-8", "replace")
            found = _in_state(root, project)
            return (found or set()) | (_in_manifests(str(root), project) if manifests or found is None else set())
    return set()


# --- the project ------------------------------------------------------------------------------------------------------


def _start(ctx: click.Context) -> Path:
    """The folder to look from: ``-C`` after the command, ``-C`` before it, or here."""
    chosen = (ctx.obj or {}).get("chdir") or ctx.find_root().params.get("chdir")
    return Path(chosen).expanduser() if chosen else Path.cwd()


def _root(start: Path) -> Path | None:
    from mesms_gitops.manifests.discover import project_file_above

    file = project_file_above(start)
    return file.parent if file else None


def _patterns(project: str) -> list[str]:
    """What ``campaigns:`` names."""
    if flow := _FLOW.search(project):
        entries = flow[1].replace("\n", " ").split(",")
    elif block := _BLOCK.search(project):
        entries = [line.strip().removeprefix("-") for line in block[1].splitlines()]
    else:
        return ["campaigns/"]
    return [match[1] for entry in entries if (match := _ENTRY.match(entry.strip()))]


# --- names ------------------------------------------------------------------------------------------------------------


def _in_state(root: Path, project: str) -> set[str] | None:
    """The recorded names: empty before the first apply, None if the state is not a file here."""
    written = _STATE.search(project)
    location = os.environ.get("MESMS_STATE") or (written and next(filter(None, written.groups()), None))
    location = location or ".mesms/state.json"
    if _ELSEWHERE.match(location):
        return None
    file = root / location
    if not file.is_file() or file.stat().st_size > MAX_STATE_BYTES:
        return set()
    _, _, rest = file.read_bytes().partition(_CAMPAIGNS_BEGIN)
    campaigns, _, _ = rest.partition(_CAMPAIGNS_END)
    return {match[1].decode() for match in _RECORDED.finditer(campaigns)}


def _in_manifests(root: str, project: str) -> set[str]:
    until = time.monotonic() + PATIENCE
    found: set[str] = set()
    for count, path in enumerate(_files(root, _patterns(project))):
        if count == MOST_FILES:
            break
        found.add((_name_line(path) if time.monotonic() < until else None) or _stem(path))
    return {name for name in found if _NAME.fullmatch(name)}


def _stem(path: str) -> str:
    return os.path.basename(path).rpartition(".")[0]


def _name_line(path: str) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        match = _NAME_LINE.search(os.read(descriptor, HEAD_BYTES))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return match[1].decode() if match else None


def _files(root: str, patterns: list[str]) -> Iterator[str]:
    for pattern in patterns:
        if os.path.isabs(pattern) or ".." in pattern.split("/"):
            continue
        if any(sign in pattern for sign in "*?["):
            matches: Iterator[str] = glob.iglob(os.path.join(glob.escape(root), pattern), recursive=True)
        else:
            matches = iter([os.path.join(root, pattern.rstrip("/"))])
        for path in matches:
            yield from _below(path)


def _below(path: str) -> Iterator[str]:
    """Manifests at and under ``path``. Linked folders are left out: a circle of them has no end."""
    if os.path.isfile(path):
        if path.endswith((".yaml", ".yml")):
            yield path
        return
    with suppress(OSError), os.scandir(path) as listing:
        for entry in listing:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)
            elif entry.name.endswith((".yaml", ".yml")):
                yield entry.path
