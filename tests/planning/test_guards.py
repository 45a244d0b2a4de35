"""What must hold before the first effect. A row a guard: code, what was measured, the limit, and the exact override."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.model.campaign import Limits, MessageClass, Now, Schedule, Window
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity
from mesms_gitops.model.observation import SenderName
from mesms_gitops.model.project import Policy, Project
from mesms_gitops.model.rules import WAIVABLE, Planned, Waiver, field_of
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.sketch import AudienceChange, Estimate
from mesms_gitops.planning.assemble import summarise
from mesms_gitops.planning.cost import priced
from mesms_gitops.planning.guards import Guarded, guarded
from mesms_gitops.planning.planner import decide
from mesms_gitops.planning.waivers import waived

from .scenes import SOON, Manifest, Scene, manifest, remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.model.state import CampaignRecord

LINE = Position("campaigns/sale.yaml", 7, 3, 7, 9)
POLICY_LINE = Position("mesms.yaml", 12, 3, 12, 9)
LONG = "x" * 200  # two parts
NO_POLICY = Policy()
APPROVED = SenderName("SiamCoffee", approved=True)


@dataclass(frozen=True)
class Case:
    """What is planned under which limits; by default three people, one text of one part, no limit anywhere."""

    manifests: tuple[Manifest, ...] = (manifest(),)
    policy: Policy = NO_POLICY
    records: tuple[CampaignRecord, ...] = ()
    balance: int | None = None
    senders: tuple[SenderName, ...] | None = None
    allow_empty: bool = False
    positions: dict[str, Position] = field(default_factory=dict)
    changes: Mapping[str, AudienceChange] = field(default_factory=dict)

    def refused(self) -> tuple[Diagnostic, ...]:
        """Everything that does not hold."""
        return self.checked().refusals

    def checked(self) -> Guarded:
        """The actions with their warnings, and everything that does not hold."""
        situation, moves = Scene(self.manifests, self.records).situated()
        observed = replace(situation.observed, senders=self.senders, balance=self.balance)
        actions = tuple(
            replace(priced(action, {}), audience_change=self.changes.get(action.campaign))
            for action in decide(situation, moves)
        )
        project = Project(Path("/shop"), "mesms.yaml", "", policy=self.policy, positions=self.positions)
        return guarded(
            actions,
            summarise(actions, self.balance),
            replace(situation, observed=observed),
            project,
            allow_empty=self.allow_empty,
        )


def _limited(text: str = "Hello", **limits: Any) -> Case:
    key = next(iter(limits)).replace("recipients_", "recipients.")
    return Case((manifest(text=text, limits=Limits(**limits), positions={f"limits.{key}": LINE}),))


def _policy(key: str, manifests: tuple[Manifest, ...] = (manifest(),), **policy: Any) -> Case:
    return Case(manifests, Policy(**policy), positions={key: POLICY_LINE})


def _refusal(
    code: str,
    message: str,
    at: Position | None,
    key: str | None,
    next_step: str,
    campaign: str | None = "sale",
    why: str | None = None,
) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, at, key, next_step, why, refusal=True, campaign=campaign)


def _moved(added: int, removed: int, *, limit: float | None, error: int = 0, before: int = 1000) -> Case:
    change = AudienceChange("the last plan", None, before, before + added - removed, Estimate(added, removed, error))
    return replace(
        _policy("policy.max_audience_change", max_audience_change=limit), changes=MappingProxyType({"sale": change})
    )


TWO = (manifest("one", "Hello", (1, 2)), manifest("two", "Hello", (3, 4)))
IN_SALE, IN_PROJECT = "in campaigns/sale.yaml to", "in mesms.yaml to"

GUARDS = {
    "too many people for the campaign": (
        _limited(recipients_max=2),
        _refusal(
            "MS531",
            "sale: 3 recipients are more than the limit of 2",
            LINE,
            "limits.recipients.max",
            f"raise `limits.recipients.max` {IN_SALE} 3, if it is meant",
        ),
    ),
    "too few people for the campaign": (
        _limited(recipients_min=4),
        _refusal(
            "MS531",
            "sale: 3 recipients are fewer than the least of 4",
            LINE,
            "limits.recipients.min",
            "check that it is the right list; lower `limits.recipients.min` in campaigns/sale.yaml to 3, if it is",
        ),
    ),
    "too dear for the campaign": (
        _limited(credits=2),
        _refusal(
            "MS532",
            "sale: 3 credits are more than the limit of 2",
            LINE,
            "limits.credits",
            f"raise `limits.credits` {IN_SALE} 3, if it is meant",
        ),
    ),
    "too many distinct texts": (
        Case((manifest(text="{name}", to={"A": (1,), "B": (2,)}, limits=Limits(requests=1), positions={"": LINE}),)),
        _refusal(
            "MS533",
            "sale: 2 requests (one for each distinct text) are more than the limit of 1",
            LINE,
            "limits.requests",
            f"raise `limits.requests` {IN_SALE} 2, if it is meant",
        ),
    ),
    "too long for the campaign": (
        _limited(LONG, parts=1),
        _refusal(
            "MS534",
            "sale: 2 parts in one message are more than the limit of 1",
            LINE,
            "limits.parts",
            f"raise `limits.parts` {IN_SALE} 2, if it is meant",
        ),
    ),
    "too many people for any campaign": (
        _policy("policy.max_recipients.campaign", max_recipients_campaign=2),
        _refusal(
            "MS541",
            "sale: 3 recipients are more than the limit of 2",
            POLICY_LINE,
            "policy.max_recipients.campaign",
            f"raise `policy.max_recipients.campaign` {IN_PROJECT} 3, if it is meant",
        ),
    ),
    "too many people for one apply": (
        _policy("policy.max_recipients.apply", TWO, max_recipients_apply=3),
        _refusal(
            "MS542",
            "all campaigns together: 4 recipients are more than the limit of 3",
            POLICY_LINE,
            "policy.max_recipients.apply",
            f"raise `policy.max_recipients.apply` {IN_PROJECT} 4, if it is meant",
            None,
        ),
    ),
    "too dear for any campaign": (
        _policy("policy.max_credits.campaign", max_credits_campaign=2),
        _refusal(
            "MS543",
            "sale: 3 credits are more than the limit of 2",
            POLICY_LINE,
            "policy.max_credits.campaign",
            f"raise `policy.max_credits.campaign` {IN_PROJECT} 3, if it is meant",
        ),
    ),
    "too dear for one apply": (
        _policy("policy.max_credits.apply", TWO, max_credits_apply=3),
        _refusal(
            "MS544",
            "all campaigns together: 4 credits are more than the limit of 3",
            POLICY_LINE,
            "policy.max_credits.apply",
            f"raise `policy.max_credits.apply` {IN_PROJECT} 4, if it is meant",
            None,
        ),
    ),
    "too little left": (
        replace(_policy("policy.min_balance_after", min_balance_after=8), balance=10),
        _refusal(
            "MS545",
            "the balance afterwards would be 7 credits, less than 8",
            POLICY_LINE,
            "policy.min_balance_after",
            "top up the account, or lower `policy.min_balance_after` in mesms.yaml to 7",
            None,
        ),
    ),
    "not enough to pay for it": (
        Case(balance=1),
        _refusal(
            "MS546",
            "the plan costs 3 credits, the balance is 1: 2 short",
            None,
            None,
            "top up the account, or apply fewer campaigns with --target NAME",
            None,
        ),
    ),
    "not enough even with what comes back": (
        Case((manifest(text=LONG),), records=(remembered(manifest(), SendPhase.SCHEDULED),), balance=2),
        _refusal(
            "MS546",
            "the plan costs 6 credits and 3 come back, the balance is 2: 1 short",
            None,
            None,
            "top up the account, or apply fewer campaigns with --target NAME",
            None,
        ),
    ),
    "a sender that is not approved": (
        Case(
            (manifest(positions={"sender": LINE}),),
            senders=(SenderName("SiamShop", approved=True), SenderName("SiamCoffee", approved=False)),
        ),
        _refusal(
            "MS547",
            "sale: the sender SiamCoffee is not approved on this account",
            LINE,
            "sender",
            "use an approved sender (SiamShop), or ask for this one on the Senders page of ME-SMS",
        ),
    ),
    "no sender at all": (
        Case(senders=()),
        _refusal(
            "MS547",
            "sale: the sender SiamCoffee is not approved on this account",
            None,
            "sender",
            "use an approved sender (none), or ask for this one on the Senders page of ME-SMS",
        ),
    ),
    "no manifest left": (
        Case((), records=(remembered(manifest(), SendPhase.SCHEDULED),)),
        _refusal(
            "MS548",
            "no manifest is left, but state knows 1 live campaign; what is scheduled would be cancelled",
            None,
            "campaigns",
            "bring the manifests back, or say --allow-empty if they are all to be cancelled",
            None,
        ),
    ),
    "too many came or left": (
        _moved(300, 40, error=12, limit=0.2),
        _refusal(
            "MS553",
            "sale: 316 people or more came or left since the last plan, 31.6 % of 1,000; the limit is 20 %",
            POLICY_LINE,
            "policy.max_audience_change",
            "look at its lists; if it is meant, raise `policy.max_audience_change` in mesms.yaml to 32%, or waive MS553"
            " for sale in policy.waivers",
        ),
    ),
    "more came or left than there were": (
        _moved(1500, 0, limit=1.0),
        _refusal(
            "MS553",
            "sale: 1,500 people or more came or left since the last plan, 150 % of 1,000; the limit is 100 %",
            POLICY_LINE,
            "policy.max_audience_change",
            "look at its lists; if it is meant, waive MS553 for sale in policy.waivers of mesms.yaml",
        ),
    ),
    "parts beyond the policy": (
        _policy("policy.max_parts", (manifest(text=LONG),), max_parts=1),
        _refusal(
            "MS550",
            "sale: 2 parts in one message are more than the limit of 1",
            POLICY_LINE,
            "policy.max_parts",
            f"raise `policy.max_parts` {IN_PROJECT} 2, if it is meant",
        ),
    ),
}


@pytest.mark.parametrize(("case", "refusal"), GUARDS.values(), ids=GUARDS.keys())
def test_what_does_not_hold_is_refused_with_its_figures_and_its_override(case: Case, refusal: Diagnostic) -> None:
    assert case.refused() == (refusal,)


AT_THE_LIMIT = {
    "exactly as many as allowed": Case(
        (manifest(limits=Limits(recipients_min=3, recipients_max=3, credits=3, requests=1, parts=1)),),
        Policy(
            max_parts=1,
            max_recipients_campaign=3,
            max_recipients_apply=3,
            max_credits_campaign=3,
            max_credits_apply=3,
            min_balance_after=7,
        ),
        balance=10,
        senders=(APPROVED,),
    ),
    "no limit, no account": Case(),
    "a fifth came or left": _moved(100, 100, limit=0.2),
    "more than a fifth came or left, but not for certain": _moved(120, 120, error=20, limit=0.2),
    "everybody left, and no limit": _moved(0, 1000, limit=None),
    "nobody was there before": _moved(1000, 0, before=0, limit=0.2),
    "a least balance, but no account": Case(policy=Policy(min_balance_after=8)),
    "a balance of nothing left": Case(balance=3),
    "what comes back pays": Case(
        (manifest(text="Hi"),), records=(remembered(manifest(), SendPhase.SCHEDULED),), balance=0
    ),
    "an empty folder and --allow-empty": Case(
        (), records=(remembered(manifest(), SendPhase.SCHEDULED),), allow_empty=True
    ),
    "an empty folder and nothing live": Case((), records=(remembered(manifest(), SendPhase.CANCELLED),)),
    "an empty folder whose campaigns were let go before": Case(
        (), records=(replace(remembered(manifest(), SendPhase.SENT), retired=True),)
    ),
    "an empty folder and an empty state": Case(()),
}


@pytest.mark.parametrize("case", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT.keys())
def test_what_holds_is_not_refused(case: Case) -> None:
    assert case.refused() == ()


def test_limits_are_for_what_is_sent_now() -> None:
    """Neither what is kept, nor a cancel, nor what is blocked is measured; an account without credits may cancel."""
    strict = Policy(max_recipients_campaign=0, max_recipients_apply=0, max_credits_apply=0, min_balance_after=99)
    limits = Limits(recipients_max=0, credits=0)
    kept, gone, held = (manifest(name, "Hello", (n,), limits=limits) for n, name in enumerate(("a", "b", "c"), start=1))
    records = (
        remembered(kept, SendPhase.SCHEDULED),
        remembered(gone, SendPhase.SCHEDULED),
        remembered(held, SendPhase.UNKNOWN),
    )
    assert Case((kept, held), strict, records, balance=0, senders=()).refused() == ()


def test_the_rest_of_a_campaign_need_not_be_as_large_as_the_whole() -> None:
    """A least number of people guards against the wrong list, and the list is right."""
    dear = manifest(text="{name}", to={"Ann": (1, 2), "Bob": (3,)}, limits=Limits(recipients_min=3))
    assert Case((dear,), records=(remembered(dear, {"Ann": SendPhase.SCHEDULED}),)).refused() == ()


def test_everything_that_does_not_hold_is_said_at_once() -> None:
    told = manifest(text=LONG, limits=Limits(recipients_max=2, credits=5, parts=1))
    policy = Policy(
        max_parts=1, max_recipients_campaign=2, max_recipients_apply=2, max_credits_campaign=5, max_credits_apply=5
    )
    codes = [found.code for found in Case((told,), policy, balance=0, senders=()).refused()]
    assert codes == ["MS531", "MS532", "MS534", "MS541", "MS543", "MS550", "MS542", "MS544", "MS546", "MS547"]


# --- the window in which a now may leave ------------------------------------------------------------------------------

MORNING, EVENING = Window(time(9), time(12)), Window(time(18), time(20))


def _daily(window: Window | None = None, when: Now = SOON, **more: Any) -> Manifest:
    return manifest(schedule=Schedule(when, window=window), positions={"schedule": LINE}, **more)


@pytest.mark.parametrize(
    ("window", "where"),
    [("own", "schedule.window"), ("policy", "policy.windows.transactional")],
)
def test_a_now_that_would_leave_outside_its_window_is_refused(window: str, where: str) -> None:
    """With the place where the window stands; one that stands nowhere is the default."""
    is_own = window == "own"
    why = f"`{where}` is set at campaigns/sale.yaml:7" if is_own else f"`{where}` is not written: that is the default"
    policy = Policy(windows={"transactional": EVENING, "marketing": MORNING} if window == "policy" else {})
    assert Case((_daily(EVENING if window == "own" else None),), policy).refused() == (
        _refusal(
            "MS549",
            "sale: it would leave at 10:10, outside 18:00-20:00",
            LINE,
            where,
            f"apply within the window, or write a `schedule` that lies in it; or change `{where}`, if it is wrong",
            why=why,
        ),
    )


def _until(hour: int, minute: int) -> Window:
    return Window(time(9), time(hour, minute))


@pytest.mark.parametrize(
    ("window", "holds"), [(_until(10, 10), True), (_until(10, 9), False), (Window(time(10, 10), time(23)), True)]
)
def test_a_window_holds_to_the_minute_in_local_time_and_with_the_undo_window(window: Window, holds: bool) -> None:
    assert (Case((_daily(window),)).refused() == ()) is holds


def test_a_window_is_read_in_the_time_zone_of_the_schedule() -> None:
    in_utc = _daily(_until(10, 10), Now(timedelta(minutes=10), "UTC"))
    assert [found.code for found in Case((in_utc,)).refused()] == ["MS549"]


def test_each_class_has_its_own_window_and_a_fixed_time_none_here() -> None:
    """Fixed times were held against their window with the manifest."""
    policy = Policy(windows={"marketing": EVENING})
    assert Case((_daily(message_class=MessageClass.MARKETING),), policy).refused() != ()
    assert (
        Case((_daily(), manifest("fixed", "Bye", (9,), message_class=MessageClass.MARKETING)), policy).refused() == ()
    )


# --- the policy's window is the project's -----------------------------------------------------------------------------


def test_no_manifest_moves_the_policys_window_to_another_zone() -> None:
    """10:10 in Bangkok is 22:10 in New York: the policy's hours are the project's, whatever the campaign says."""
    abroad = _daily(None, Now(timedelta(minutes=10), "America/New_York"), message_class=MessageClass.MARKETING)
    assert Case((abroad,), Policy(windows={"marketing": MORNING})).refused() == ()
    assert [found.code for found in Case((abroad,), Policy(windows={"marketing": EVENING})).refused()] == ["MS549"]


# --- rules and waivers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Most:
    """A rule: at most so many people. ``seen`` keeps what it was asked about."""

    people: int
    name: str = "few"
    severity: Severity = Severity.ERROR
    seen: list[Planned] = field(default_factory=list, compare=False)

    def broken_by(self, planned: Planned) -> Diagnostic | None:
        """Whether there are more."""
        self.seen.append(planned)
        if planned.action.recipients <= self.people:
            return None
        is_error = self.severity is Severity.ERROR
        name = planned.campaign.name
        return Diagnostic(
            "MS520", self.severity, f"{name}: too many", field=field_of(self.name), refusal=is_error, campaign=name
        )


def _waiver(rule: str = "few", campaign: str = "sale", until: date = date(2099, 1, 1)) -> Waiver:
    return Waiver(rule, campaign, "approved by legal", until, POLICY_LINE)


def _today() -> date:
    return Scene((manifest(),)).situated()[0].now.astimezone(ZoneInfo("Asia/Bangkok")).date()


def test_a_broken_rule_refuses_the_plan() -> None:
    assert [found.code for found in Case(policy=Policy(rules=(Most(2),))).refused()] == ["MS520"]


def test_a_rule_is_asked_about_what_would_be_sent_and_nothing_else() -> None:
    kept, new = manifest("kept", "Hello", (1,)), manifest("new", "Hello", (2, 3))
    rule = Most(9)
    Case((kept, new), Policy(rules=(rule,)), (remembered(kept, SendPhase.SCHEDULED),)).refused()
    (planned,) = rule.seen
    assert (planned.campaign.name, planned.action.recipients, planned.action.credits) == ("new", 2, 2)


def test_a_rule_sees_a_now_at_the_end_of_its_undo_window_in_the_projects_zone() -> None:
    rule = Most(9)
    Case((_daily(),), Policy(rules=(rule,))).refused()
    (planned,) = rule.seen
    assert planned.leaves == planned.now + timedelta(minutes=10)
    assert f"{planned.leaves:%H:%M %z}" == "10:10 +0700"


def test_a_rule_that_only_warns_stops_nothing_and_stands_with_its_campaign() -> None:
    checked = Case(policy=Policy(rules=(Most(2, severity=Severity.WARNING),))).checked()
    assert checked.refusals == ()
    assert [found.message for found in checked.actions[0].diagnostics] == ["sale: too many"]


def test_a_waived_rule_is_a_warning_of_its_campaign() -> None:
    last = _today()
    checked = Case(policy=Policy(rules=(Most(2),), waivers=(_waiver(until=last),))).checked()
    assert checked.refusals == ()
    (found,) = checked.actions[0].diagnostics
    assert found.severity is Severity.WARNING
    assert found.message == f"sale: too many; waived until {last}: approved by legal"


def test_a_policy_of_the_plan_is_waived_by_its_code() -> None:
    long = (manifest(text=LONG),)
    policy = Policy(max_parts=1, max_recipients_campaign=1, max_credits_campaign=1)
    assert [found.code for found in Case(long, policy).refused()] == ["MS541", "MS543", "MS550"]
    for code, rest in (("MS541", ["MS543", "MS550"]), ("MS506", ["MS541", "MS543"]), ("MS550", ["MS541", "MS543"])):
        spared = Case(long, replace(policy, waivers=(_near(code),)))
        assert [found.code for found in spared.refused()] == rest


def _near(code: str) -> Waiver:
    return _waiver(code, until=_today() + timedelta(days=30))


USELESS = {
    "of another campaign": lambda today: _waiver(campaign="other", until=today),
    "of another rule": lambda today: _waiver("many", until=today),
    "that ended yesterday": lambda today: _waiver(until=today - timedelta(days=1)),
    "that is further ahead than any may be": lambda today: _waiver(until=today + timedelta(days=401)),
}


@pytest.mark.parametrize("made", USELESS.values(), ids=USELESS.keys())
def test_a_waiver_that_is_not_for_this_changes_nothing(made: Callable[[date], Waiver]) -> None:
    policy = Policy(rules=(Most(2),))
    assert Case(policy=replace(policy, waivers=(made(_today()),))).checked() == Case(policy=policy).checked()


def test_nothing_but_the_policy_of_one_campaign_is_ever_waived() -> None:
    """Own limits, the apply's bounds, the account: a waiver of any code leaves them as they are."""
    told = manifest(text=LONG, limits=Limits(recipients_max=2, credits=5, parts=1))
    policy = Policy(max_recipients_apply=2, max_credits_apply=5, min_balance_after=9)
    strict = Case((told,), policy, balance=7, senders=())
    codes = [found.code for found in strict.refused()]
    waivers = tuple(_near(code) for code in (*codes, *WAIVABLE))
    assert codes == ["MS531", "MS532", "MS534", "MS542", "MS544", "MS545", "MS547"]
    assert [found.code for found in replace(strict, policy=replace(policy, waivers=waivers)).refused()] == codes


@pytest.mark.parametrize(("severity", "refusal"), [(Severity.ERROR, False), (Severity.WARNING, False)])
def test_a_waiver_is_of_refusals_only(severity: Severity, refusal: bool) -> None:
    """Not of an error with the same code, nor of what is a warning already (a draft)."""
    found = Diagnostic("MS501", severity, "no", refusal=refusal, campaign="sale")
    project = Project(Path("/shop"), "mesms.yaml", "", policy=Policy(waivers=(_near("MS501"),)))
    now = Scene((manifest(),)).situated()[0].now
    assert waived([found], project, now) == (found,)
    assert waived([replace(found, severity=Severity.ERROR, refusal=True)], project, now) != (found,)


@given(people=st.lists(st.integers(1, 40), min_size=1, max_size=3, unique=True), most=st.integers(1, 3))
def test_a_rule_that_always_holds_never_changes_a_plan(people: list[int], most: int) -> None:
    """Nor does a waiver that nothing needs, nor having no rule at all."""
    told = (manifest("one", "Hello", tuple(people)),)
    plain = Case(told, Policy(max_recipients_campaign=most))
    ruled = replace(plain, policy=replace(plain.policy, rules=(Most(99),), waivers=(_near("few"),)))
    assert ruled.checked() == plain.checked()
