"""What several manifests have from mesms.yaml is said once, not once for each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mesms_gitops.model.diagnostic import Diagnostic

UNUSED = "MS309"


def said_once(found: Iterable[Diagnostic], project_file: str, files: int | None) -> tuple[Diagnostic, ...]:
    """``found``, findings that stand at one place of ``project_file`` and say the same as one, with their count.

    A variable of ``defaults`` is unused only if none of the ``files`` uses it; None where not all were read, so that
    none can be called unused. Comes after waivers: those are for one campaign.
    """
    alike: dict[object, list[Diagnostic]] = {}
    for number, item in enumerate(found):
        is_shared = item.campaign is not None and item.position is not None and item.position.file == project_file
        key = (item.code, item.severity, item.position, item.message, item.refusal) if is_shared else number
        alike.setdefault(key, []).append(item)
    return tuple(_as_one(items) for key, items in alike.items() if isinstance(key, int) or _holds(items, files))


def _holds(items: Sequence[Diagnostic], files: int | None) -> bool:
    return items[0].code != UNUSED or len(items) == files


def _as_one(items: Sequence[Diagnostic]) -> Diagnostic:
    first = items[0]
    if len(items) == 1:
        return first
    why = (first.why or "").partition("; ")[2] or None  # without the campaign's name, which `build` put before it
    return replace(first, message=f"{first.message} ({len(items)} campaigns)", why=why, campaign=None)
