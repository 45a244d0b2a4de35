"""What is in doubt about who got a message, beside counts that stand in state."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from mesms_gitops.views.layout import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from mesms_gitops.model.results import Doubt
    from mesms_gitops.model.sends import SendRecord

Doubts: TypeAlias = "Mapping[str, tuple[Doubt, ...]]"
"""The doubts about the results of a message, by its uuid."""
NO_DOUBTS: Doubts = MappingProxyType({})


def doubts_about(sends: Iterable[SendRecord], doubts: Doubts) -> tuple[Doubt, ...]:
    """Those about any of ``sends``, each once."""
    return tuple(dict.fromkeys(doubt for send in sends for doubt in doubts.get(send.uuid or "", ())))


def doubt_sentence(doubt: Doubt) -> str:
    """For people."""
    return f"who got it is in doubt: {printable(doubt.why)}"


def doubts_json(doubts: Iterable[Doubt]) -> list[dict[str, Any]]:
    """For scripts."""
    return [{"code": doubt.kind.value, "message": printable(doubt.why)} for doubt in doubts]
