"""A plan's JSON -> the few values that a comment shows. Strict: an artifact of a fork's run is anybody's text.

Both readers of a plan, the run that made it and a run that was handed it by a stranger, come through here, so that what
a comment shows depends on one shape alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mesms_gitops.model.plan import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Value = TypeVar("Value", str, int, bool)

MOST_ACTIONS: Final = 100_000
MOST_CHARACTERS: Final = 20_000
"""Of one text; a message has a thousand."""
GREATEST: Final = 10**15
YEARS: Final = range(1900, 9000)
"""Others cannot be told in every timezone."""
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PreviewShown:
    """One text as it would arrive."""

    text: str
    parts: int
    units: int
    encoding: str
    people: int
    is_masked: bool


@dataclass(frozen=True, slots=True)
class FindingShown:
    """One finding: a warning of a campaign, a guard that refuses, or an error of a manifest."""

    code: str
    severity: str
    message: str
    place: str
    next_step: str


@dataclass(frozen=True, slots=True)
class ActionShown:
    """What would happen to one campaign. ``leaves_at`` None: now, or nothing leaves."""

    campaign: str
    verb: str
    message: str
    sender: str
    timezone: str
    leaves_at: datetime | None
    undo_until: datetime | None
    recipients: int
    requests: int
    credits: int
    is_estimate: bool
    refund: int
    parts: tuple[tuple[int, int], ...]
    moved_from: str
    moved: str
    previews: tuple[PreviewShown, ...]
    changes: tuple[tuple[str, str, str], ...]
    findings: tuple[FindingShown, ...]

    @property
    def is_change(self) -> bool:
        """Whether an apply would do anything about it."""
        return self.verb not in ("keep", "blocked") or (self.verb == "keep" and bool(self.moved_from))

    @property
    def texts_people(self) -> bool:
        """Whether somebody is texted by it."""
        return self.verb in ("send", "schedule", "replace")

    @property
    def is_final(self) -> bool:
        """Whether it cannot be undone."""
        return self.texts_people and self.undo_until is None


@dataclass(frozen=True, slots=True)
class Overview:
    """A plan as a comment shows it."""

    digest: str
    expires_at: datetime
    offline: bool
    has_changes: bool
    actions: tuple[ActionShown, ...]
    counts: Mapping[str, int]
    recipients: int
    requests: int
    credits: int
    refund: int
    balance: int | None
    balance_after: int | None
    refusals: tuple[FindingShown, ...]
    findings: tuple[FindingShown, ...]

    @property
    def changing(self) -> tuple[ActionShown, ...]:
        """What an apply would do."""
        return tuple(action for action in self.actions if action.is_change)

    @property
    def blocked(self) -> tuple[ActionShown, ...]:
        """What waits for a person."""
        return tuple(action for action in self.actions if action.verb == "blocked")


def overview_of(document: object) -> Overview:
    """The plan in ``document``. Raises `ValueError` for anything that ``plan --json`` would not have printed."""
    try:
        return _overview(_mapping(document))
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a plan: {type(error).__name__}") from None


def findings_of(document: object) -> tuple[FindingShown, ...]:
    """A list of diagnostics. Raises `ValueError` for anything else."""
    try:
        return tuple(_finding(_mapping(one)) for one in _several(document))
    except (KeyError, TypeError) as error:
        raise ValueError(f"no findings: {type(error).__name__}") from None


def _overview(plan: dict[str, Any]) -> Overview:
    summary = _mapping(plan["summary"])
    digest = _is(plan["digest"], str)
    if not DIGEST.fullmatch(digest):
        raise ValueError("no digest")
    return Overview(
        digest=digest,
        expires_at=_moment(plan["expires_at"]),
        offline=_is(plan["offline"], bool),
        has_changes=_is(plan["has_changes"], bool),
        actions=tuple(_action(_mapping(action)) for action in _several(plan["actions"])),
        counts={verb: _figure(summary[verb]) for verb in VERBS},
        recipients=_figure(summary["recipients"]),
        requests=_figure(summary["requests"]),
        credits=_figure(summary["credits"]),
        refund=_figure(summary["refund"]),
        balance=_figure_or_none(summary["balance"]),
        balance_after=_figure_or_none(summary["balance_after"]),
        refusals=findings_of(plan["refusals"]),
        findings=(*_drift(plan.get("drift", [])), *findings_of(plan["diagnostics"])),
    )


def _drift(found: object) -> Iterator[FindingShown]:
    """Where the account is not as it is recorded, as warnings."""
    for one in map(_mapping, _several(found)):
        yield FindingShown("drift", "warning", f"{_text(one['campaign'])}: {_text(one['message'])}", "", "")


def _action(action: dict[str, Any]) -> ActionShown:
    verb = _is(action["action"], str)
    if verb not in VERBS:
        raise ValueError("an unknown action")
    change = action.get("audience_change")
    return ActionShown(
        campaign=_text(action["campaign"]),
        verb=verb,
        message=_text(action["message"]),
        sender=_text(action["sender"]),
        timezone=_text(action["timezone"]),
        leaves_at=_moment_or_none(action["scheduled_at"]),
        undo_until=_moment_or_none(action["reversible_until"]),
        recipients=_figure(action["recipients"]),
        requests=_figure(action["requests"]),
        credits=_figure(action["credits"]),
        is_estimate=action["credits_source"] == "estimate",
        refund=_figure(action["refund"]),
        parts=tuple((int(size), _figure(people)) for size, people in sorted(_mapping(action["parts"]).items())),
        moved_from=_text(action["moved_from"]),
        moved="" if change is None else f"+{_figure(change['added']):,} / -{_figure(change['removed']):,}",
        previews=tuple(_preview(_mapping(one)) for one in _several(action["previews"])),
        changes=tuple(_change(_mapping(one)) for one in _several(action["changes"])),
        findings=findings_of(action["diagnostics"]),
    )


def _preview(preview: dict[str, Any]) -> PreviewShown:
    return PreviewShown(
        text=_text(preview["text"]),
        parts=_figure(preview["parts"]),
        units=_figure(preview["units"]),
        encoding=_text(preview["encoding"]),
        people=_figure(preview["recipients"]),
        is_masked=_is(preview["is_masked"], bool),
    )


def _change(change: dict[str, Any]) -> tuple[str, str, str]:
    return _text(change["field"]), _text(change["before"]), _text(change["after"])


def _finding(finding: dict[str, Any]) -> FindingShown:
    file, line = _text(finding["file"]), finding["line"]
    return FindingShown(
        code=_text(finding["code"]),
        severity=_text(finding["severity"]),
        message=_text(finding["message"]),
        place=f"{file}:{_figure(line)}" if file and line is not None else file,
        next_step=_text(finding.get("next")),
    )


# ---------------------------------------------------------------- values


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _several(value: object) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_ACTIONS:
        raise TypeError("not a list, or an endless one")
    return value


def _is(value: object, kind: type[Value]) -> Value:
    if type(value) is not kind:
        raise TypeError(f"not {kind.__name__}")
    return value


def _text(value: object) -> str:
    """A text, empty for null; the far end of one that no manifest could hold is left out."""
    return "" if value is None else _is(value, str)[:MOST_CHARACTERS]


def _figure(value: object) -> int:
    figure = _is(value, int)
    if abs(figure) > GREATEST:
        raise ValueError("a figure out of this world")
    return figure


def _figure_or_none(value: object) -> int | None:
    return None if value is None else _figure(value)


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_is(value, str))
    if moment.tzinfo is None or moment.year not in YEARS:
        raise ValueError("a time without a zone, or out of this world")
    return moment


def _moment_or_none(value: object) -> datetime | None:
    return None if value is None else _moment(value)
