"""A plan in a file: what it promised, how it read, and what was chosen for it. No phone number, no personal text."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.errors import StalePlan, UsageError
from mesms_gitops.model.promise import Promise, PromisedAction
from mesms_gitops.model.sketch import AudienceSketch
from mesms_gitops.planning.canonical import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SEAL: Final = "seal"
FORMAT: Final = "1"
"""The first figure of ``format_version`` that is read here: later ones only add members."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """One saved plan. ``document`` is its JSON as it was printed, ``rendered`` its texts by format."""

    promise: Promise
    targets: tuple[str, ...]
    allow_empty: bool
    rendered: Mapping[str, str]
    document: Mapping[str, Any]


def saved_text(document: dict[str, Any], promise: Promise, choices: dict[str, Any], rendered: Mapping[str, str]) -> str:
    """The file: the plan's JSON with four more members. The last one seals all others: what a reviewer read in it,
    and its last hour, are no part of the digest.
    """
    told = {"policy": promise.policy, "actions": [_tree(action) for action in promise.actions.values()]}
    whole = {**document, "choices": choices, "promise": told, "rendered": dict(rendered)}
    return json.dumps({**whole, SEAL: sha256_of(whole)}, ensure_ascii=False, indent=2) + "\n"


def read_saved_plan(file: Path) -> SavedPlan:
    """The plan in ``file``. Raises `UsageError` for anything else, and `StalePlan` for one that was edited."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        _check_format(_text(document["format_version"]), file)
        saved = _saved(document)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise UsageError(
            "this is not a saved plan", where=str(file), next_step="make one: mesms-gitops plan --out FILE"
        ) from error
    _check_whole(saved, file)
    return saved


def _check_format(version: str, file: Path) -> None:
    if version.partition(".")[0] == FORMAT:
        return
    raise UsageError(
        "another version of mesms-gitops saved this plan",
        where=str(file),
        why=f"its format is {version}, and this one reads {FORMAT}.x",
        next_step="apply it with that version, or plan again: mesms-gitops plan --out FILE",
    )


def _check_whole(saved: SavedPlan, file: Path) -> None:
    from mesms_gitops.planning.promise import digest_of

    document = dict(saved.document)
    if document.pop(SEAL, None) == sha256_of(document) and digest_of(saved.promise) == saved.promise.digest:
        return
    raise StalePlan(
        "the saved plan was edited, or another program wrote it",
        where=str(file),
        why="what stands in it does not have the digests that stand in it",
        next_step="plan again: mesms-gitops plan --out FILE",
    )


def _saved(document: dict[str, Any]) -> SavedPlan:
    told, choices = document["promise"], document["choices"]
    promise = Promise(
        digest=_text(document["digest"]),
        lineage=_text(document["state"]["lineage"]),
        serial=int(document["state"]["serial"]),
        commit=document["commit"],
        policy=_text(told["policy"]),
        credits=int(document["summary"]["credits"]),
        expires_at=_moment(document["expires_at"]),
        actions={action.campaign: action for action in map(_action, told["actions"])},
    )
    rendered = {shape: _text(document["rendered"][shape]) for shape in document["rendered"]}
    if not rendered.keys() >= {"text", "markdown"}:
        raise KeyError("rendered")
    return SavedPlan(promise, tuple(map(_text, choices["targets"])), bool(choices["allow_empty"]), rendered, document)


def _tree(action: PromisedAction) -> dict[str, Any]:
    sketch = action.sketch
    return {
        "campaign": action.campaign,
        "action": action.verb,
        "revision": action.revision,
        "sender": action.sender,
        "scheduled_at": action.scheduled_at and action.scheduled_at.isoformat(),
        "timezone": action.timezone,
        "recipients": action.recipients,
        "requests": action.requests,
        "credits": action.credits,
        "sends": sorted(action.sends),
        "cancels": sorted(action.cancels),
        "adopts": sorted(action.adopts),
        "moved_from": action.moved_from,
        "manifest": dict(action.manifest),
        "shown": dict(action.shown),
        "sketch": sketch and {"size": sketch.size, "bits": b64encode(sketch.bits).decode()},
    }


def _action(tree: dict[str, Any]) -> PromisedAction:
    at, sketch = tree["scheduled_at"], tree["sketch"]
    return PromisedAction(
        campaign=_text(tree["campaign"]),
        verb=_text(tree["action"]),
        revision=int(tree["revision"]),
        sender=_text(tree["sender"]),
        scheduled_at=_moment(at) if at else None,
        timezone=_text(tree["timezone"]),
        recipients=int(tree["recipients"]),
        requests=int(tree["requests"]),
        credits=int(tree["credits"]),
        sends=frozenset(map(_text, tree["sends"])),
        cancels=frozenset(map(_text, tree["cancels"])),
        adopts=frozenset(map(_text, tree["adopts"])),
        moved_from=tree["moved_from"],
        manifest=dict(tree["manifest"]),
        shown=dict(tree["shown"]),
        sketch=AudienceSketch(int(sketch["size"]), b64decode(sketch["bits"])) if sketch else None,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
