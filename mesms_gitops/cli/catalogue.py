"""All codes of all rooms, as `explain`, code scanning and docs/codes.md want them; only this room sees every other."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.audience.codes import codes as _audience
from mesms_gitops.manifests.code_examples import EXAMPLES
from mesms_gitops.manifests.codes import CODES as _MANIFESTS
from mesms_gitops.model.codes import Code
from mesms_gitops.planning.codes import CODES as _PLANNING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOMS: Mapping[str, str] = MappingProxyType(
    {
        "MS0": "The project",
        "MS10": "The file",
        "MS11": "The file",
        "MS12": "The keys of a manifest",
        "MS13": "The keys of a manifest",
        "MS2": "When it leaves",
        "MS3": "The message",
        "MS40": "Recipients as they are written",
        "MS4": "Recipients as they are read",
        "MS50": "Policy",
        "MS51": "Rules and waivers",
        "MS52": "Rules and waivers",
        "MS5": "Limits, policy and balance of a plan",
        "MS6": "Sending",
    }
)
"""The longest beginning of a code -> what such codes are about."""


def subject_of(code: str) -> str:
    """The heading a code stands under."""
    return ROOMS[max((start for start in ROOMS if code.startswith(start)), key=len)]


def _all() -> dict[str, Code]:
    found = {**_MANIFESTS, **{code: Code(*words) for code, words in _audience.items()}, **_PLANNING}
    return {code: replace(found[code], example=EXAMPLES.get(code)) for code in sorted(found)}


CATALOGUE: Mapping[str, Code] = MappingProxyType(_all())
"""Code -> what it means, in order."""
