"""Which findings `fix` would really mend: asked by `validate` before it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.manifests.discover import PROJECT_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mesms_gitops.manifests.project import LoadedProject
    from mesms_gitops.model.diagnostic import Diagnostic

MOST: Final = 200
"""Files that are tried. Beyond, the hint says that it does not know."""


def mendable_hint(
    diagnostics: Sequence[Diagnostic], project: Callable[[], LoadedProject], only: Sequence[Path], files: int
) -> str:
    """The line that names `fix`, or nothing. ``files`` were looked at: those of ``only``, or all of them."""
    from mesms_gitops.manifests.fixes import fixable_codes

    if any(one.is_error and one.position is not None and one.position.file == PROJECT_FILE for one in diagnostics):
        return ""  # `fix` mends nothing before mesms.yaml is right
    found = [one for one in diagnostics if one.position is not None and one.position.file != PROJECT_FILE]
    codes = fixable_codes(found)
    if not codes:
        return ""
    tried = _manifests(found, codes, project().project.root) or only
    if len(tried) > MOST or (not tried and files > MOST):
        return f"some of it may be mended for you: mesms-gitops fix --code {','.join(codes)}\n"
    codes = _mended(project(), codes, tried)
    return f"see what can be mended for you: mesms-gitops fix --code {','.join(codes)}\n" if codes else ""


def _manifests(found: Sequence[Diagnostic], codes: Sequence[str], root: Path) -> list[Path]:
    """The files of what is ``found``; none where a template is among them, which is mended by way of who uses it."""
    names = sorted({one.position.file for one in found if one.code in codes and one.position is not None})
    paths = [root / name for name in names]
    return paths if all(path.suffix in (".yaml", ".yml") and path.is_file() for path in paths) else []


def _mended(project: LoadedProject, codes: Sequence[str], tried: Sequence[Path]) -> tuple[str, ...]:
    from mesms_gitops.manifests.fixes import find_fixes

    changed = find_fixes(project, codes, tried or None).files
    return tuple(sorted({code for fixed in changed for code, times in fixed.times.items() if times}))
