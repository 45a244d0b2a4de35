"""Where a finding stands for whoever looks at the whole repository: annotations and code scanning do."""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.model.diagnostic import Diagnostic


def named_from_repository(diagnostics: Sequence[Diagnostic], project: Path | None) -> Sequence[Diagnostic]:
    """``diagnostics`` with their files named from the repository's root on, not from the folder of mesms.yaml."""
    prefix = "." if project is None else prefix_in_repository(project)
    return diagnostics if prefix == "." else [_under(prefix, one) for one in diagnostics]


def prefix_in_repository(project: Path) -> str:
    """The folder ``project`` as the repository names it, with ``/``; a dot for its root and outside of one."""
    folder = project.resolve()
    return folder.relative_to(_root_of(folder)).as_posix()


def _root_of(folder: Path) -> Path:
    """``GITHUB_WORKSPACE`` where that is around ``folder``, else where git's own files are."""
    given = os.environ.get("GITHUB_WORKSPACE", "")
    if os.path.isabs(given) and folder.is_relative_to(workspace := Path(given).resolve()):  # noqa: PTH117
        return workspace
    # a file of that name in a worktree or a submodule
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)


def _under(prefix: str, one: Diagnostic) -> Diagnostic:
    if one.position is None or posixpath.isabs(one.position.file):
        return one
    file = posixpath.normpath(posixpath.join(prefix, one.position.file))
    return replace(one, position=replace(one.position, file=file))
