"""From files to a plan: the one path that `plan` and `apply` both take, so that what was shown is what is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.cli.history import head_commit, last_commit_time
from mesms_gitops.errors import ManifestError, Refused, UsageError
from mesms_gitops.model.campaign import DeclaredState, SavedTemplate
from mesms_gitops.model.diagnostic import Diagnostic
from mesms_gitops.planning.desire import Wanted, desired_sends
from mesms_gitops.planning.fingerprint import manifest_record
from mesms_gitops.planning.situation import needs_audience
from mesms_gitops.reconcile.prepare import Request, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Position
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.planning.desire import Render
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
    campaigns, warnings = manifests(place, state, account.server_time() if account else None)
    _check_targets(choices.targets, campaigns, state)
    request = Request(
        project=place.project,
        campaigns=campaigns,
        want_all=wanting(place, campaigns, key),
        state=state,
        freeze=place.store.read_freeze(),
        key=key,
        balance=balance,
        commit=head_commit(place.project.root),
        targets=choices.targets,
        allow_empty=choices.allow_empty,
        diagnostics=warnings,
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
        known_sent=frozenset(name for name, record in state.campaigns.items() if record.sends),
        last_commit=lambda file: last_commit_time(root, file),
    )
    stop_on_errors(loaded.diagnostics)
    return loaded.campaigns, loaded.diagnostics


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


def wanting(place: Workplace, campaigns: tuple[Campaign, ...], key: HashKey) -> WantAll:
    """What takes each of ``campaigns`` as far as what is recorded of it makes necessary."""
    return _Wanting(place, campaigns, key).all_of


@dataclass(frozen=True, slots=True)
class _Wanting:
    """Takes each campaign as far as what is recorded of it makes necessary."""

    place: Workplace
    campaigns: tuple[Campaign, ...]
    key: HashKey

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
            return Wanted(campaign, manifest)
        from mesms_gitops.audience.resolve import resolve

        self.place.teller.say(f"reading the recipients of {campaign.name}")
        audience = resolve(campaign)
        rendering = _Rendering(campaign)
        sends = desired_sends(campaign, audience, rendering.render, self.key)
        stop_on_errors(rendering.findings)
        return Wanted(campaign, manifest, sends, audience.counts, (*audience.diagnostics, *rendering.findings))


class _Rendering:
    """The text for each combination of values, checked as it will arrive."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self.findings: list[Diagnostic] = []
        self._seen: set[str] = set()
        self.render: Render | None = self._renderer(campaign)

    def _renderer(self, campaign: Campaign) -> Render | None:
        from mesms_gitops.manifests.templates import compile_template, render_saved

        body = campaign.body
        if isinstance(body, SavedTemplate):
            text = body.text
            return None if text is None else lambda values: self._checked(render_saved(text, values))
        template = compile_template(body, self._position())
        return lambda values: self._checked(template.render(values))

    def _position(self) -> Position | None:
        """Where the text stands in the manifest."""
        return next(
            (found for key in ("content", "template", "template_text") if (found := self._campaign.positions.get(key))),
            self._campaign.position(""),
        )

    def _checked(self, text: str) -> str:
        """``text``, with its findings kept: once for each kind, not once for each of many recipients."""
        from mesms_gitops.manifests.message_text import check_text

        for found in check_text(text):
            if found.code not in self._seen:
                self._seen.add(found.code)
                self.findings.append(
                    Diagnostic(
                        code=found.code,
                        severity=found.severity,
                        message=f"{self._campaign.name}: {found.message}",
                        position=self._position(),
                        field="content",
                        next_step=found.next_step,
                        campaign=self._campaign.name,
                    )
                )
        return text
