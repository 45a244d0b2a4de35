"""``policy.waivers``: which refusal is waived for which campaign, why, and until when; and what is wrong with that.

What a waiver does to a refusal is in `planning.waivers`: the same for what is refused when files are read and for what
is refused when a plan is made.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.positions import TreePositions
from mesms_gitops.manifests.scalars import BUDDHIST_YEAR, near_miss
from mesms_gitops.manifests.yaml_tree import MappingNode, Scalar, SequenceNode
from mesms_gitops.model.rules import MAX_DAYS_AHEAD, WAIVABLE, Waiver
from mesms_gitops.planning.waivers import today_of, waived

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from mesms_gitops.manifests.text_file import Span
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.project import Project

REQUIRED: Final = ("rule", "campaign", "reason", "until")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_CODE = re.compile(r"MS[0-9]{3}")


def entries(root: MappingNode, key: str) -> Iterator[MappingNode]:
    """The mappings listed under ``policy.<key>``; what else stands there was spoken of with the keys."""
    policy = root.get("policy")
    listed = policy.get(key) if isinstance(policy, MappingNode) else None
    if isinstance(listed, SequenceNode):
        yield from (entry for entry in listed if isinstance(entry, MappingNode))


def read_waivers(root: MappingNode, findings: Findings) -> tuple[Waiver, ...]:
    """Every waiver of a project file that can be meant."""
    names = (entry.get("name") for entry in entries(root, "rules"))
    rules = [name.text for name in names if isinstance(name, Scalar)]
    return tuple(made for entry in entries(root, "waivers") if (made := _waiver(entry, rules, findings)) is not None)


def _waiver(entry: MappingNode, rules: Collection[str], findings: Findings) -> Waiver | None:
    missing = [key for key in REQUIRED if key not in entry and key not in entry.keys_at]
    if missing:
        findings.error(
            "MS123",
            f"a waiver has no {', no '.join(missing)}",
            at=entry.head,
            field="policy.waivers",
            why="a waiver says what is waived, for which campaign, why, and until when",
            next_step=f"write {missing[0]}: …",
        )
    leaves = [entry.get(key) for key in REQUIRED]
    rule, campaign, reason, until = leaves
    if isinstance(rule, Scalar):
        _check_rule(rule, rules, findings)
    last = _last_day(until, findings) if isinstance(until, Scalar) else None
    if last is None or not (isinstance(rule, Scalar) and isinstance(campaign, Scalar) and isinstance(reason, Scalar)):
        return None
    return Waiver(rule.text, campaign.text, reason.text, last, entry.head.position)


def _check_rule(rule: Scalar, rules: Collection[str], findings: Findings) -> None:
    name = rule.text
    if name in rules or name in WAIVABLE:
        return
    if _CODE.fullmatch(name):
        findings.error(
            "MS514",
            f"{name} cannot be waived",
            at=rule,
            field="policy.waivers",
            why=f"a waiver lifts what mesms.yaml forbids to one campaign: a rule, {', '.join(WAIVABLE)}",
            next_step=f"see `mesms-gitops explain {name}`",
        )
        return
    near = near_miss(name, [*rules, *WAIVABLE])
    findings.error(
        "MS513",
        f"there is no rule {name[:60]!r} to waive",
        at=rule,
        field="policy.waivers",
        next_step=f"did you mean {near}?" if near else f"known here: {', '.join([*rules, *WAIVABLE])}",
    )


def _last_day(node: Scalar, findings: Findings) -> date | None:
    match = _DAY.fullmatch(node.text)
    advice = "write the last day as year-month-day, such as 2027-04-30"
    try:
        if match and int(match[1]) < BUDDHIST_YEAR:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    if match and int(match[1]) >= BUDDHIST_YEAR:
        advice = f"write {int(match[1]) - 543}{node.text[4:]}: years are counted in the Common Era (ค.ศ.)"
    findings.error("MS515", f"{node.text[:60]!r} is not a day", at=node, field="policy.waivers", next_step=advice)
    return None


def with_waivers(
    found: Iterable[Diagnostic], project: Project, now: datetime, names: Collection[str] | None
) -> tuple[Diagnostic, ...]:
    """``found`` with what is waived today as warnings; after it, what is wrong with the waivers themselves today.

    ``names`` are all campaigns there are; None where only some were read, so that none can be called unknown.
    """
    own = Findings()
    today = today_of(project, now)
    for number, waiver in enumerate(project.policy.waivers):
        _check_days(waiver, today, _span(project, f"policy.waivers.{number}.until"), own)
        if names is not None and waiver.campaign not in names:
            _unknown_campaign(waiver, names, _span(project, f"policy.waivers.{number}.campaign"), own)
    return (*waived(found, project, now), *own.items)


def _span(project: Project, path: str) -> Span | None:
    return project.positions.span(path) if isinstance(project.positions, TreePositions) else None


def _check_days(waiver: Waiver, today: date, at: Span | None, findings: Findings) -> None:
    latest = today + timedelta(days=MAX_DAYS_AHEAD)
    if waiver.until < today:
        findings.warning(
            "MS516",
            f"{_subject(waiver)} has no effect since {waiver.until + timedelta(days=1)}",
            at=at,
            field="policy.waivers",
            next_step="delete it, or decide again and write a new last day",
        )
    elif waiver.until > latest:
        findings.error(
            "MS515",
            f"{_subject(waiver)} holds until {waiver.until}, more than {MAX_DAYS_AHEAD} days from now",
            at=at,
            field="policy.waivers",
            next_step=f"write a day up to {latest}, or change the policy",
        )


def _unknown_campaign(waiver: Waiver, names: Collection[str], at: Span | None, findings: Findings) -> None:
    near = near_miss(waiver.campaign, names)
    findings.warning(
        "MS517",
        f"there is no campaign {waiver.campaign}: {_subject(waiver)} has no effect",
        at=at,
        field="policy.waivers",
        next_step=f"did you mean {near}?" if near else "delete it, or name a campaign there is",
    )


def _subject(waiver: Waiver) -> str:
    return f"the waiver of {waiver.rule} for {waiver.campaign}"
