"""From files to a plan: the one path that `plan` and `apply` both take, so that what was shown is what is done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.cli.history import Commits, head_commit
from mesms_gitops.cli.rendering import Rendering
from mesms_gitops.errors import ManifestError, Refused, UsageError
from mesms_gitops.model.campaign import DeclaredState
from mesms_gitops.planning.desire import Wanted, desired_sends
from mesms_gitops.planning.fingerprint import manifest_record
from mesms_gitops.planning.situation import needs_audience
from mesms_gitops.planning.waivers import waived
from mesms_gitops.reconcile.prepare import Request, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.state import CampaignRecord, Freeze, State
    from mesms_gitops.reconcile.ports import Account
    from mesms_gitops.reconcile.prepare import Prepared, WantAll


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line chose about a plan."""

    targets: tuple[str, ...] = ()
    allow_empty: bool = False


def prepared(place: Workplace, state: State, account: Account | None, choices: Choices) -> Prepared:
    """The plan for the project as it is on disk now.

    Raises `ManifestError` or `Refused` with every diagnostic of every campaign, `UsageError` for a target that is not
    there, and whatever the account raises.
    """
    key = place.key_for(state)
    balance = account.balance() if account else None
    now = (account.server_time() if account else None) or place.clock.now()
    campaigns, warnings = manifests(place, state, now)
    names = {campaign.name for campaign in campaigns}
    _check_targets(choices.targets, campaigns, state)
    request = Request(
        project=place.project,
        campaigns=campaigns,
        want_all=wanting(place, campaigns, key, warnings, now),
        state=state,
        freeze=place.store.read_freeze(),
        key=key,
        balance=balance,
        commit=head_commit(place.project.root),
        targets=choices.targets,
        allow_empty=choices.allow_empty,
        diagnostics=tuple(found for found in warnings if found.campaign not in names),
    )
    try:
        return prepare(request, account, place.clock, place.teller)
    finally:
        place.teller.done()


def manifests(
    place: Workplace, state: State, now: datetime | None
) -> tuple[tuple[Campaign, ...], tuple[Diagnostic, ...]]:
    """Every campaign, and the warnings that belong to none. Raises `ManifestError` or `Refused` if any has an error."""
    from mesms_gitops.manifests.load import load_campaigns

    root = place.project.root
    loaded = load_campaigns(
        place.loaded,
        now=now or place.clock.now(),
        known_sent=_Known(state, place.store.read_freeze()),
        last_commit=Commits(root),
    )
    stop_on_errors(loaded.diagnostics)
    return loaded.campaigns, loaded.diagnostics


class _Known:
    """The names whose past time is no error: those that were sent, and those the emergency stop holds."""

    def __init__(self, state: State, freeze: Freeze) -> None:
        self._sent = {name for name, record in state.campaigns.items() if record.sends}
        self._freeze = freeze

    def __contains__(self, name: object) -> bool:
        return name in self._sent or self._freeze.covers(str(name))


def stop_on_errors(diagnostics: Sequence[Diagnostic]) -> None:
    """Raise `ManifestError` if any finding is an error, or `Refused` if all errors are limits and policies."""
    errors = [found for found in diagnostics if found.is_error]
    if not errors:
        return
    if all(found.refusal for found in errors):
        raise Refused(diagnostics)
    raise ManifestError(diagnostics)


def _check_targets(targets: Sequence[str], campaigns: Sequence[Campaign], state: State) -> None:
    known = {campaign.name for campaign in campaigns} | set(state.campaigns)
    for target in targets:
        if target not in known:
            raise UsageError(
                f"there is no campaign {target}",
                where="--target",
                why=f"known are: {', '.join(sorted(known)) or 'none'}",
                next_step="name one of these",
            )


def wanting(
    place: Workplace,
    campaigns: tuple[Campaign, ...],
    key: HashKey,
    warnings: tuple[Diagnostic, ...] = (),
    now: datetime | None = None,
) -> WantAll:
    """What takes each of ``campaigns`` as far as what is recorded of it makes necessary; ``warnings`` go with it.

    ``now`` decides which waivers hold; this machine's clock where it is not said.
    """
    return _Wanting(place, campaigns, key, warnings, now or place.clock.now()).all_of


@dataclass(frozen=True, slots=True)
class _Wanting:
    """Takes each campaign as far as what is recorded of it makes necessary."""

    place: Workplace
    campaigns: tuple[Campaign, ...]
    key: HashKey
    warnings: tuple[Diagnostic, ...]
    now: datetime

    def all_of(self, state: State) -> Mapping[str, Wanted]:
        """Every campaign; the findings of all of them in one `ManifestError`."""
        wanted: dict[str, Wanted] = {}
        findings: list[Diagnostic] = []
        for campaign in self.campaigns:
            try:
                wanted[campaign.name] = self._one(campaign, state.campaigns.get(campaign.name))
            except ManifestError as error:
                findings.extend(error.diagnostics)
        stop_on_errors(findings)
        return wanted

    def _one(self, campaign: Campaign, record: CampaignRecord | None) -> Wanted:
        manifest = manifest_record(campaign, self.key, str(self.place.project.root))
        if campaign.state is not DeclaredState.ACTIVE or not needs_audience(campaign, record):
            return Wanted(campaign, manifest, diagnostics=self._warnings_of(campaign))
        from mesms_gitops.audience.resolve import resolve
        from mesms_gitops.audience.sources.outside import Outside
        from mesms_gitops.cli.listening import Listener

        self.place.teller.say(f"reading the recipients of {campaign.name}")
        audience = resolve(campaign, Outside(os.environ, Listener(self.place.teller)))
        rendering = Rendering(campaign, self.place.project.policy.links)
        sends = desired_sends(campaign, audience, rendering.render, self.key)
        rendered = waived(rendering.errors, self.place.project, self.now)
        stop_on_errors(rendered)
        costs = rendering.costs(sends)
        priced = {found.code for found in costs}  # said anew, with what they cost these people
        warnings = (found for found in self._warnings_of(campaign) if found.code not in priced)
        findings = (*warnings, *audience.diagnostics, *rendered, *costs)
        return Wanted(campaign, manifest, sends, audience.counts, findings)

    def _warnings_of(self, campaign: Campaign) -> tuple[Diagnostic, ...]:
        return tuple(found for found in self.warnings if found.campaign == campaign.name)
