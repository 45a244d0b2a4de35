"""Decide everything, then do everything: from state, manifests and account to a complete plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import ApiError
from mesms_gitops.model.holidays import NO_HOLIDAYS
from mesms_gitops.model.plan import Replace, ScheduleSend, SendNow
from mesms_gitops.planning.assemble import assemble, summarise
from mesms_gitops.planning.cost import cost_classes, priced
from mesms_gitops.planning.drift import drift_of
from mesms_gitops.planning.guards import guarded
from mesms_gitops.planning.holidays import predicted_years, years_concerned
from mesms_gitops.planning.planner import decide
from mesms_gitops.planning.situation import Observed, Situation, moved, refreshed
from mesms_gitops.reconcile.observe import listed_around, live_messages, with_listing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.drift import Drift
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.holidays import Holidays, HolidaysOf
    from mesms_gitops.model.observation import Quote
    from mesms_gitops.model.plan import Action, Plan
    from mesms_gitops.model.project import Project
    from mesms_gitops.model.state import Freeze, State
    from mesms_gitops.planning.cost import CostClass, CostKey
    from mesms_gitops.planning.desire import Wanted
    from mesms_gitops.reconcile.ports import Account, Clock, Prices, Progress

    WantAll = Callable[[State], Mapping[str, Wanted]]


def _no_holidays(_years: frozenset[int]) -> Holidays:
    return NO_HOLIDAYS


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be planned.

    ``want_all`` takes every campaign as far as what is recorded of it makes necessary. ``balance`` is what the account
    answered first of all: with it came the server's clock, by which manifests are read. None when offline. ``prices``
    is asked before the account is, and learns what that answers. ``holidays`` is asked only
    for years in which something would be sent. ``look_around``: scheduled messages beside ours are listed also where
    nothing is to be sent, which decides nothing and only shows as drift.
    """

    project: Project
    campaigns: tuple[Campaign, ...]
    want_all: WantAll
    state: State
    freeze: Freeze
    key: HashKey
    balance: int | None = None
    commit: str | None = None
    targets: Collection[str] = ()
    allow_empty: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()
    prices: Prices | None = None
    holidays: HolidaysOf = _no_holidays
    look_around: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan, what it was decided on, and the state as it was read."""

    plan: Plan
    situation: Situation
    stored: State


def prepare(request: Request, account: Account | None, clock: Clock, progress: Progress) -> Prepared:
    """The plan for ``request``. Without an account (offline) nothing is observed and cost is estimated.

    Only reads and previews are made. Raises `ApiError` where the account cannot be read, and what ``want_all`` raises.
    """
    stored, moves = moved(request.state, request.campaigns)
    observed = Observed()
    if account is not None:
        observed = replace(observed, messages=live_messages(account, stored), balance=request.balance)
    state = refreshed(stored, observed.messages)
    situation = Situation(
        now=_now(account, clock),
        wanted=request.want_all(state),
        recorded=state,
        observed=observed,
        key=request.key,
        freeze=request.freeze,
    )
    actions = decide(situation, moves)
    if account is not None:
        situation, actions = _looked(account, situation, moves, actions)
    drift = _drift(request, stored, situation, actions, account)
    actions = _targeted(actions, request.targets)
    years = years_concerned(actions, situation, request.project)
    situation = replace(situation, holidays=request.holidays(years) if years else NO_HOLIDAYS)
    if account is not None and any(isinstance(action, SendNow | ScheduleSend | Replace) for action in actions):
        situation = replace(situation, observed=replace(situation.observed, senders=account.senders()))
    quotes = _quotes(account, request.prices, actions, progress)
    learned = _learned(request.prices, actions, quotes)
    actions = tuple(priced(action, quotes, learned) for action in actions)
    return Prepared(_plan(request, situation, actions, drift, offline=account is None), situation, request.state)


def _looked(
    account: Account, situation: Situation, moves: Mapping[str, str], actions: tuple[Action, ...]
) -> tuple[Situation, tuple[Action, ...]]:
    """Look for our messages and for doubles, and decide again; and once more for what that decision newly sends.

    An unknown send that is found frees the rest of its campaign: that rest may be on the account as well.
    """
    looked_for: set[str] = set()
    while True:
        before = situation
        situation = with_listing(account, situation, actions)
        looked_for |= _to_send(actions)
        if situation is not before:
            actions = decide(situation, moves)
        if _to_send(actions) <= looked_for:
            return situation, actions


def _to_send(actions: Iterable[Action]) -> set[str]:
    return {send.fingerprint for action in actions for send in action.sends if send.desired is not None}


def _now(account: Account | None, clock: Clock) -> datetime:
    """The server's clock where there is one: it decides what has passed."""
    return (account.server_time() if account is not None else None) or clock.now()


def _drift(
    request: Request, stored: State, situation: Situation, actions: tuple[Action, ...], account: Account | None
) -> tuple[Drift, ...]:
    """Where the account is not as ``stored`` had it, of the campaigns this plan is about. Nothing offline."""
    if account is None:
        return ()
    around = listed_around(account, situation, actions) if request.look_around else ()
    found = drift_of(stored, situation, actions, around)
    return tuple(one for one in found if not request.targets or one.campaign in request.targets)


def _targeted(actions: tuple[Action, ...], targets: Collection[str]) -> tuple[Action, ...]:
    return tuple(action for action in actions if not targets or action.campaign in targets)


def _quotes(
    account: Account | None, prices: Prices | None, actions: tuple[Action, ...], progress: Progress
) -> dict[CostKey, Quote]:
    if account is None:
        return {}
    classes = tuple(cost_classes(actions))
    quotes = {}
    for number, found in enumerate(classes, start=1):
        known = prices.known(found) if prices else None
        quotes[found.key] = known or _asked(account, prices, found, progress, f"{number} of {len(classes)}")
    return quotes


def _asked(account: Account, prices: Prices | None, found: CostClass, progress: Progress, which: str) -> Quote:
    progress.say(f"asking what {found.key[0]} costs ({which})")
    try:
        quote = account.preview(found.specimen)
    except ApiError as error:
        error.add_note(f"asked for the cost of {found.key[0]}; nothing was sent")
        raise
    if prices:
        prices.learn(found, quote)
    return quote


def _learned(
    prices: Prices | None, actions: tuple[Action, ...], quotes: Mapping[CostKey, Quote]
) -> dict[CostKey, Quote]:
    """What is known of the kinds of messages of which nobody was asked."""
    if prices is None:
        return {}
    unasked = (found for found in cost_classes(actions) if found.key not in quotes)
    return {found.key: quote for found in unasked if (quote := prices.learned(found)) is not None}


def _plan(
    request: Request,
    situation: Situation,
    actions: tuple[Action, ...],
    drift: tuple[Drift, ...],
    *,
    offline: bool,
) -> Plan:
    summary = summarise(actions, situation.observed.balance)
    checked = guarded(actions, summary, situation, request.project, allow_empty=request.allow_empty)
    return assemble(
        checked.actions,
        summary=summary,
        refusals=checked.refusals,
        diagnostics=(*request.diagnostics, *predicted_years(actions, situation, request.project)),
        now=situation.now,
        state=request.state,
        commit=request.commit,
        offline=offline,
        drift=drift,
    )
