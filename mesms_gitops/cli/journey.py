"""From files to a plan: the one path that `plan` and `apply` both take, so that what was shown is what is done."""

from __future__ import annotations

import gc
import os
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mesms_gitops.cli.abreast import AT_ONCE, Reading, abreast, size_of
from mesms_gitops.cli.history import Commits, head_commit
from mesms_gitops.cli.known_audiences import known_or_read
from mesms_gitops.cli.known_prices import KnownPrices
from mesms_gitops.cli.past import RecordedPast
from mesms_gitops.cli.public_holidays import thai_holidays
from mesms_gitops.cli.remembered import LastPlan
from mesms_gitops.cli.rendering import Rendering
from mesms_gitops.errors import ManifestError, Refused, UsageError
from mesms_gitops.manifests.finished import is_over
from mesms_gitops.model.campaign import DeclaredState
from mesms_gitops.model.suppression import Suppression
from mesms_gitops.planning.comparing import with_news
from mesms_gitops.planning.desire import Wanted, sends_of
from mesms_gitops.planning.fan_out import surely_too_many, too_many
from mesms_gitops.planning.fingerprint import manifest_record
from mesms_gitops.planning.previews import fan_out_of, previews_of
from mesms_gitops.planning.situation import needs_audience
from mesms_gitops.planning.texts import texts_of
from mesms_gitops.planning.waivers import waived
from mesms_gitops.reconcile.prepare import Request, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mesms_gitops.cli.known_audiences import Known
    from mesms_gitops.cli.remembering import Seen
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.manifests.load import Loaded
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.state import CampaignRecord, Freeze, ManifestRecord, State
    from mesms_gitops.reconcile.ports import Account
    from mesms_gitops.reconcile.prepare import Prepared, WantAll


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line chose about a plan."""

    targets: tuple[str, ...] = ()
    allow_empty: bool = False
    from_memory: bool = False
    """Whether finished campaigns, unchanged lists and their prices may be known from an earlier run. Not for a command
    that sends."""
    look_around: bool = False
    """Whether messages beside ours are listed also where nothing is to be sent, to be shown as drift."""


def prepared(
    place: Workplace, state: State, account: Account | None, choices: Choices, seen: Seen | None = None
) -> Prepared:
    """The plan for the project as it is on disk now. ``seen`` learns what it saw of finished campaigns.

    Raises `ManifestError` or `Refused` with every diagnostic of every campaign, `UsageError` for a target that is not
    there, and whatever the account raises.
    """
    key = place.key_for(state)
    place.snapshots().check()
    balance = account.balance() if account else None
    now = (account.server_time() if account else None) or place.clock.now()
    loaded = _loaded(place, state, now, key if choices.from_memory else None, seen)
    gc.freeze()  # state and manifests stay to the end: no look at each of them whenever the collector comes around
    campaigns, warnings = loaded.campaigns, loaded.diagnostics
    names = {campaign.name for campaign in campaigns}
    _check_targets(choices.targets, campaigns, state)
    prices = KnownPrices(place, key, may_recall=choices.from_memory)
    request = Request(
        project=place.project,
        campaigns=campaigns,
        want_all=_Wanting(
            place,
            campaigns,
            key,
            _by_campaign(warnings),
            now,
            loaded.finished,
            choices.targets,
            from_memory=choices.from_memory,
            account=account,
        ).all_of,
        state=state,
        freeze=place.store.read_freeze(),
        key=key,
        balance=balance,
        commit=head_commit(place.project.root),
        targets=choices.targets,
        allow_empty=choices.allow_empty,
        diagnostics=tuple(found for found in warnings if found.campaign not in names),
        prices=prices,
        holidays=thai_holidays,
        look_around=choices.look_around,
    )
    try:
        made = prepare(request, account, place.clock, place.teller)
    finally:
        place.teller.done()
        prices.keep()
    LastPlan(place.project.root, key).remember(made)
    return made


def manifests(
    place: Workplace, state: State, now: datetime | None
) -> tuple[tuple[Campaign, ...], tuple[Diagnostic, ...]]:
    """Every campaign, and all warnings. Raises `ManifestError` or `Refused` if any has an error."""
    loaded = _loaded(place, state, now)
    return loaded.campaigns, loaded.diagnostics


def _loaded(
    place: Workplace, state: State, now: datetime | None, key: HashKey | None = None, seen: Seen | None = None
) -> Loaded:
    """Every campaign and all there is to say; with a ``key``, finished ones may be known from an earlier run."""
    from mesms_gitops.cli.remembering import finished_ones
    from mesms_gitops.manifests.load import load_campaigns

    with nullcontext() if key is None else finished_ones(place, state, key, seen) as finished:
        loaded = load_campaigns(
            place.loaded,
            now=now or place.clock.now(),
            known_sent=_Known(state, place.store.read_freeze()),
            last_commit=Commits(place.project.root),
            finished=finished,
        )
    stop_on_errors(loaded.diagnostics)
    return loaded


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
    account: Account | None = None,
) -> WantAll:
    """What takes each of ``campaigns`` as far as what is recorded of it makes necessary; ``warnings`` go with it.

    ``now`` decides which waivers hold; this machine's clock where it is not said.
    """
    found = _by_campaign(warnings)
    return _Wanting(place, campaigns, key, found, now or place.clock.now(), account=account).all_of


def _is_all_forgotten(found: Sequence[Diagnostic]) -> bool:
    """Whether the one thing wrong with an audience is that everybody in it asked to be forgotten."""
    from mesms_gitops.audience.codes import ALL_FORGOTTEN

    return {item.code for item in found if item.is_error} == {ALL_FORGOTTEN}


def _by_campaign(found: Iterable[Diagnostic]) -> Mapping[str | None, list[Diagnostic]]:
    sorted_out: dict[str | None, list[Diagnostic]] = {}
    for item in found:
        sorted_out.setdefault(item.campaign, []).append(item)
    return sorted_out


@dataclass(frozen=True, slots=True)
class _Wanting:
    """Takes each campaign as far as what is recorded of it makes necessary; with ``targets``, those only.

    Of ``finished`` ones what is recorded says everything.
    """

    place: Workplace
    campaigns: tuple[Campaign, ...]
    key: HashKey
    warnings: Mapping[str | None, list[Diagnostic]]
    now: datetime
    finished: frozenset[str] = frozenset()
    targets: tuple[str, ...] = ()
    from_memory: bool = False
    account: Account | None = None

    def all_of(self, state: State) -> Mapping[str, Wanted]:
        """Every campaign; the findings of all of them in one `ManifestError`."""
        wanted: dict[str, Wanted] = {}
        suppression = Suppression.of(state.suppressed, self.key)
        past = RecordedPast(state, self.account, self.place.results())
        to_read: list[tuple[Campaign, CampaignRecord | None]] = []
        for campaign in self.campaigns:
            record = state.campaigns.get(campaign.name)
            known = self._without_lists(campaign, record, state)
            if known is None:
                to_read.append((campaign, record))
            else:
                wanted[campaign.name] = known
        readings = [Reading(size_of(one[0]), partial(self._one, *one, suppression, past)) for one in to_read]
        findings: list[Diagnostic] = []
        for (campaign, _), read in zip(to_read, self._abreast(readings), strict=True):
            try:
                wanted[campaign.name] = read()
            except ManifestError as error:
                findings.extend(error.diagnostics)
        stop_on_errors(findings)
        return with_news(wanted, state, LastPlan(self.place.project.root, self.key).read())

    def _abreast(self, readings: list[Reading[Wanted]]) -> Iterator[Callable[[], Wanted]]:
        """Rejected rows are written down in the order of the lists: then one list is read after the other."""
        return abreast(readings, at_once=AT_ONCE if self.place.rejects is None else 1)

    def _without_lists(self, campaign: Campaign, record: CampaignRecord | None, state: State) -> Wanted | None:
        """``campaign`` without its audience; None if that must be read."""
        warnings = self._warnings_of(campaign)
        if campaign.name in self.finished:
            # neither a look at the account nor a rename changes what is over; and what comes here has no recipients
            assert record is not None and record.manifest is not None and is_over(record)
            return Wanted(campaign, record.manifest, diagnostics=warnings)
        if campaign.state is not DeclaredState.ACTIVE or not needs_audience(campaign, record):
            return Wanted(campaign, self._manifest(campaign), diagnostics=warnings)
        if self._is_asked_for(campaign, state):
            return None
        return Wanted(campaign, self._manifest(campaign), diagnostics=warnings, is_unread=True)

    def _is_asked_for(self, campaign: Campaign, state: State) -> bool:
        """With a state that may be lost, what others would send may show that it is: then all of them are read."""
        return not self.targets or campaign.name in self.targets or state.is_blank

    def _manifest(self, campaign: Campaign) -> ManifestRecord:
        return manifest_record(campaign, self.key, str(self.place.project.root))

    def _one(
        self, campaign: Campaign, record: CampaignRecord | None, suppression: Suppression, past: RecordedPast
    ) -> Wanted:
        manifest = self._manifest(campaign)
        self.place.teller.say(f"reading the recipients of {campaign.name}")
        try:
            audience, sketch = self._audience(campaign, suppression, past)
        except ManifestError as error:
            if not _is_all_forgotten(error.diagnostics):
                raise
            return Wanted(campaign, manifest, diagnostics=self._warnings_of(campaign), is_forgotten=True)
        rendering = Rendering(campaign, self.place.project.policy.links)
        hopeless = surely_too_many(campaign, audience, rendering.render, record)
        stop_on_errors(waived(hopeless, self.place.project, self.now))
        texts = texts_of(campaign, audience, rendering.render)
        rendered = waived(rendering.errors, self.place.project, self.now)
        refused = waived(too_many(campaign, audience, texts, record), self.place.project, self.now)
        stop_on_errors((*rendered, *(found for found in refused if found.is_error)))
        sends = sends_of(campaign, audience, texts, rendering.render, self.key)
        costs = rendering.costs(sends)
        priced = {found.code for found in costs}  # said anew, with what they cost these people
        warnings = (found for found in self._warnings_of(campaign) if found.code not in priced)
        findings = (*warnings, *audience.diagnostics, *rendered, *costs)
        return Wanted(
            campaign,
            manifest,
            sends,
            audience.counts,
            findings,
            sketch,
            previews=previews_of(campaign, audience, texts, rendering.render),
            fan_out=fan_out_of(audience, texts),
        )

    def _audience(self, campaign: Campaign, suppression: Suppression, past: RecordedPast) -> Known:
        """Who is texted, and the sketch of them; from an earlier run if that may be and the lists are as then."""
        read = partial(self._read, campaign, suppression, past)
        is_local = self.place.loaded.audience_engine == "local"
        if self.from_memory and is_local and self.place.rejects is None:
            return known_or_read(self.place, self.key, campaign, suppression, read)
        return read()

    def _read(self, campaign: Campaign, suppression: Suppression, past: RecordedPast) -> Known:
        from mesms_gitops.audience.engines.choice import engine_for
        from mesms_gitops.audience.resolve import resolve
        from mesms_gitops.audience.sketching import sketch_of
        from mesms_gitops.audience.sources.outside import Outside
        from mesms_gitops.cli.listening import Listener

        loaded = self.place.loaded
        engine = engine_for(loaded.audience_engine, loaded.audience_master)
        listener = Listener(self.place.teller)
        outside = Outside(os.environ, listener, rejects=self.place.rejects, engine=engine, past=past)
        audience = resolve(campaign, outside, suppression)
        sketch = sketch_of(audience.numbers(), self.key) if audience.groups else None
        return audience, sketch

    def _warnings_of(self, campaign: Campaign) -> tuple[Diagnostic, ...]:
        return tuple(self.warnings.get(campaign.name, ()))
