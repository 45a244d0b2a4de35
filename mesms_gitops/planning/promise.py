"""What was approved against what would be done now: equal, near enough, or a list of what moved."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mesms_gitops.model.plan import is_change
from mesms_gitops.model.promise import NO_LEEWAY, Leeway, Moved, Promise, PromisedAction
from mesms_gitops.planning.assemble import intent_digest
from mesms_gitops.planning.canonical import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from mesms_gitops.model.plan import Action, Plan
    from mesms_gitops.model.project import Policy
    from mesms_gitops.model.sketch import AudienceSketch, Estimate

    Compare = Callable[[AudienceSketch, AudienceSketch], Estimate | None]


def promise_of(plan: Plan, policy: Policy) -> Promise:
    """What ``plan`` promises to whoever approves it."""
    return Promise(
        digest=plan.digest,
        lineage=plan.lineage,
        serial=plan.serial,
        commit=plan.commit,
        policy=policy.identity,
        credits=plan.summary.credits,
        expires_at=plan.expires_at,
        actions={action.campaign: _promised(action) for action in plan.actions if is_change(action)},
    )


def _promised(action: Action) -> PromisedAction:
    manifest = action.manifest
    return PromisedAction(
        campaign=action.campaign,
        verb=action.verb,
        revision=action.revision,
        sender=action.sender,
        scheduled_at=action.scheduled_at,
        timezone=action.timezone,
        recipients=action.recipients,
        requests=action.requests,
        credits=action.credits,
        sends=frozenset(send.fingerprint for send in action.sends if send.desired is not None),
        cancels=frozenset(step.record.fingerprint for step in action.cancels),
        adopts=frozenset(adoption.record.fingerprint for adoption in action.adoptions),
        moved_from=action.moved_from,
        manifest={} if manifest is None else dict(manifest.digests),
        shown={} if manifest is None else dict(manifest.shown),
        sketch=action.sketch,
    )


def digest_of(promise: Promise) -> str:
    """The digest that a plan of exactly these actions has: a saved plan whose own is another was edited."""
    return sha256_of(
        sorted(
            intent_digest(
                campaign=action.campaign,
                verb=action.verb,
                revision=action.revision,
                moved_from=action.moved_from,
                sends=action.sends,
                cancels=action.cancels,
                adopts=action.adopts,
            )
            for action in promise.actions.values()
        )
    )


def cost_within(approved: Promise, now: Promise, leeway: Leeway = NO_LEEWAY) -> bool:
    """Whether nothing got dearer than ``leeway`` lets it: neither a campaign nor all of them together."""
    pairs = [(approved.credits, now.credits)]
    pairs += [(approved.actions[name].credits, now.actions[name].credits) for name in _both(approved, now)]
    return all(after <= before * (1 + leeway.credits) + 1e-9 for before, after in pairs)


def audience_within(approved: Promise, now: Promise, leeway: Leeway, compare: Compare) -> bool:
    """Whether ``now`` intends the same as was approved but for people who came or went within ``leeway``.

    Never true without leeway, without sketches, or where anything else differs: a text, a time, a cancel.
    """
    if leeway.audience <= 0 or approved.actions.keys() != now.actions.keys():
        return False
    return all(_near(approved.actions[name], now.actions[name], leeway, compare) for name in approved.actions)


def _near(before: PromisedAction, after: PromisedAction, leeway: Leeway, compare: Compare) -> bool:
    if before.sends == after.sends:
        return _intent(before) == _intent(after)
    if _intent(before) != _intent(after) or before.requests != after.requests or before.verb == "send":
        return False
    if before.sketch is None or after.sketch is None:
        return False
    found = compare(before.sketch, after.sketch)
    if found is None or found.is_floor:
        return False
    return found.added + found.removed + found.error <= leeway.audience * before.recipients


def _intent(action: PromisedAction) -> tuple[object, ...]:
    """Everything but the people and the price."""
    return (
        action.verb,
        action.revision,
        action.sender,
        action.scheduled_at,
        action.cancels,
        action.adopts,
        action.moved_from,
        tuple(sorted(action.manifest.items())),
    )


# ---------------------------------------------------------------- what moved


def moved(approved: Promise, now: Promise, compare: Compare) -> tuple[Moved, ...]:
    """Everything that is not as it was approved, the plan as a whole last; empty where nothing is."""
    names = sorted({*approved.actions, *now.actions})
    found = [change for name in names for change in _moved(approved.actions.get(name), now.actions.get(name), compare)]
    if approved.policy != now.policy:
        found.append(Moved(None, "policy", "as it was when this was planned", "changed in mesms.yaml"))
    if found and approved.commit != now.commit:
        found.append(Moved(None, "commit", _short(approved.commit), _short(now.commit)))
    if found and approved.serial != now.serial:
        found.append(Moved(None, "state", f"serial {approved.serial}", f"serial {now.serial}"))
    return tuple(found)


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "no commit"


def _both(approved: Promise, now: Promise) -> list[str]:
    return sorted(approved.actions.keys() & now.actions.keys())


def _moved(before: PromisedAction | None, after: PromisedAction | None, compare: Compare) -> Iterator[Moved]:
    if before is None or after is None:
        one = before or after
        assert one is not None  # the name came from one of the two
        yield Moved(one.campaign, "action", _in_words(before) if before else None, _in_words(after) if after else None)
        return
    yield from _plain(before, after)
    edited = [name for name in sorted(after.manifest) if before.manifest.get(name) != after.manifest[name]]
    for name in edited:
        if name not in ("sender", "schedule"):
            yield Moved(after.campaign, name, before.shown.get(name), after.shown.get(name))
    if before.sends != after.sends and not edited and before.scheduled_at == after.scheduled_at:
        yield Moved(after.campaign, "audience", f"{before.recipients:,} people", _people(before, after, compare))
    if before.credits != after.credits:
        yield Moved(after.campaign, "credits", f"{before.credits:,}", f"{after.credits:,}")


def _plain(before: PromisedAction, after: PromisedAction) -> Iterator[Moved]:
    pairs = (
        ("action", before.verb, after.verb),
        ("revision", str(before.revision), str(after.revision)),
        ("sender", before.sender, after.sender),
        ("leaves", _local(before), _local(after)),
        ("cancels", f"{len(before.cancels)} messages", f"{len(after.cancels)} messages"),
        ("requests", f"{before.requests:,}", f"{after.requests:,}"),
    )
    for name, one, other in pairs:
        if one != other:
            yield Moved(after.campaign, name, one, other)


def _in_words(action: PromisedAction) -> str:
    when = f" at {_local(action)}" if action.scheduled_at else ""
    people = f", {action.recipients:,} people, {action.credits:,} credits" if action.sends else ""
    return f"{action.verb}{when}{people}"


def _local(action: PromisedAction) -> str:
    at: datetime | None = action.scheduled_at
    if at is None:
        return "at once"
    local = at.astimezone(ZoneInfo(action.timezone))
    offset = local.utcoffset() or timedelta(0)
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"{local:%Y-%m-%d %H:%M} {'-' if offset < timedelta(0) else '+'}{hours:02d}:{minutes:02d}"


def _people(before: PromisedAction, after: PromisedAction, compare: Compare) -> str:
    found = compare(before.sketch, after.sketch) if before.sketch and after.sketch else None
    if found is None:
        others = ", others among them" if before.recipients == after.recipients else ""
        return f"{after.recipients:,} people{others}"
    least = "at least " if found.is_floor else ""
    error = f", ±{found.error}" if found.error and not found.is_floor else ""
    return f"{after.recipients:,} people ({least}+{found.added:,} / -{found.removed:,}{error})"
