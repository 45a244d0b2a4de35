"""Plans, states, outcomes and findings as a reviewer meets them, and as somebody hostile would write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mesms_gitops.model.audience import AudienceCounts
from mesms_gitops.model.campaign import At, Now
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity
from mesms_gitops.model.drift import Drift, DriftKind, Side
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.observation import RemoteMessage, RemotePhase
from mesms_gitops.model.plan import (
    VERBS,
    Action,
    Adopt,
    Adoption,
    ApplyOutcome,
    Blocked,
    Cancel,
    CancelStep,
    Change,
    CreditsSource,
    FanOut,
    Forget,
    Keep,
    Plan,
    PlannedSend,
    Preview,
    Reason,
    Replace,
    ScheduleSend,
    SendNow,
    StepOutcome,
    StepResult,
    Summary,
    is_change,
)
from mesms_gitops.model.sends import (
    CancelIntent,
    CancelReason,
    DesiredSend,
    SendPhase,
    SendRecord,
    TextContent,
)
from mesms_gitops.model.sketch import AudienceChange, Estimate, Overlap
from mesms_gitops.model.state import CampaignRecord, Freeze, ManifestRecord, State

if TYPE_CHECKING:
    from collections.abc import Callable

CREATED = datetime(2027, 4, 1, 2, 0, tzinfo=UTC)
TEN = datetime(2027, 4, 10, 3, 0, tzinfo=UTC)  # 10:00 in Bangkok
MIDNIGHT = datetime(2027, 4, 9, 17, 30, tzinfo=UTC)  # 00:30 the next day in Bangkok
LINEAGE = "6f2a91c4-0d5e-4b7a-9c1f-2f6b8e0a7d35"
THAI = "สวัสดีคุณ {{ name }} ลด {{ percent }}% ทุกเมนูที่ร้านน้ำเงินขำขำ ตั้งแต่วันที่ 10 เมษายนนี้ถึงสิ้นเดือน"
HOSTILE = (
    "\x1b[31mred\x1b[0m\x07\r\n::error file=x,line=1::pwned\n##[add-mask]x | cell | `code` ```"
    " <img src=x onerror=alert(1)> </details> @everyone #1 [click](http://evil.example) ![i](http://evil.example/i.png)"
    " **bold** \u202egnp.exe\u200b ::warning::x"
)
PHONES = ("080-000-0001", "+66800000002", "0800000003", "(080) 000 0004", "๐๘๐๐๐๐๐๐๐๕", "66 80 000 0006", "02-000-0007")
LEAKY = f"{HOSTILE} {', '.join(PHONES)}"


def finger(letter: str) -> str:
    return letter * 40


def uuid(letter: str) -> str:
    return "-".join(letter * size for size in (8, 4, 4, 4, 12))


def planned(
    letter: str, recipients: int, parts: int, when: At | Now | None = None, *, group: int | None = None
) -> PlannedSend:
    desired = DesiredSend(
        fingerprint=finger(letter),
        sender="SiamCoffee",
        content=TextContent("never shown: it may hold names"),
        when=when or At(TEN, "Asia/Bangkok"),
        numbers=None if group else Numbers(),
        group_id=group,
        parts=parts,
        encoding="UCS-2",
        text_digest=None,
        audience_digest=None,
    )
    return PlannedSend(finger(letter), recipients, parts, recipients * parts, desired=desired)


def recorded(letter: str, phase: SendPhase = SendPhase.SCHEDULED, **more: Any) -> SendRecord:
    facts: dict[str, Any] = {
        "fingerprint": finger(letter),
        "revision": 1,
        "phase": phase,
        "run": "run-1",
        "intended_at": CREATED - timedelta(days=1),
        "scheduled_at": TEN,
        "sender": "SiamCoffee",
        "recipients": 12_480,
        "parts": 1,
        "credits": 12_480,
        "uuid": uuid(letter),
    }
    return SendRecord(**facts | more)


def shown(**fields: str) -> ManifestRecord:
    return ManifestRecord(MappingProxyType(fields), MappingProxyType(dict.fromkeys(fields, "digest")))


def found(message: str, *, line: int = 7, severity: Severity = Severity.WARNING, **more: Any) -> Diagnostic:
    facts: dict[str, Any] = {
        "code": "MS310",
        "position": Position("campaigns/songkran.yaml", line, 10, line, 24),
        "field": "content",
    }
    return Diagnostic(severity=severity, message=message, **facts | more)


def a_plan(*actions: Action, balance: int | None = 40_000, **more: Any) -> Plan:
    sending = [action for action in actions if isinstance(action, SendNow | ScheduleSend | Replace)]
    credits = sum(action.credits for action in sending)
    refund = sum(action.refund for action in actions)
    summary = Summary(
        counts=tuple((verb, sum(action.verb == verb for action in actions)) for verb in VERBS),
        recipients=sum(action.recipients for action in sending),
        requests=sum(action.requests for action in sending),
        credits=credits,
        refund=refund,
        balance=balance,
        balance_after=None if balance is None else balance - credits + refund,
    )
    facts: dict[str, Any] = {
        "created_at": CREATED,
        "expires_at": CREATED + timedelta(hours=24),
        "digest": "sha256:" + "9d1f" * 16,
        "steps": tuple((action.campaign, "sha256:" + "ab" * 32) for action in actions if is_change(action)),
        "lineage": LINEAGE,
        "serial": 57,
        "commit": "0c1d2e3f" * 5,
        "actions": actions,
        "summary": summary,
    }
    return Plan(**facts | more)


# ---------------------------------------------------------------- actions


def schedule_vip(**more: Any) -> ScheduleSend:
    facts: dict[str, Any] = {
        "campaign": "songkran-2027-vip",
        "reason": Reason.NEW,
        "message": "not on the account yet",
        "file": "campaigns/songkran.yaml",
        "sender": "SiamCoffee",
        "scheduled_at": TEN,
        "reversible_until": TEN,
        "sends": (planned("a", 12_000, 1), planned("b", 480, 2)),
        "recipients": 12_480,
        "audience": AudienceCounts(
            rows=12_600,
            recipients=12_480,
            duplicates=79,
            excluded=30,
            filtered=1,
            invalid=MappingProxyType({"too_short": 6, "landline": 4}),
            exclude_invalid=2,
        ),
        "requests": 2,
        "parts": ((1, 12_000), (2, 480)),
        "credits": 12_960,
        "credits_source": CreditsSource.PREVIEW,
        "manifest": shown(content="Songkran: 20% off for {{ name }}", recipients="csv ../lists/members.csv"),
        "diagnostics": (found("a longer name adds a second part for 480 recipients"),),
    }
    return ScheduleSend(**facts | more)


def flash_sale(undo: timedelta, **more: Any) -> SendNow:
    facts: dict[str, Any] = {
        "campaign": "flash-sale",
        "reason": Reason.NEW,
        "message": "not on the account yet",
        "sender": "SiamCoffee",
        "sends": (planned("c", 725, 1, Now(undo, "Asia/Bangkok")),),
        "recipients": 725,
        "requests": 1,
        "parts": ((1, 725),),
        "credits": 725,
        "credits_source": CreditsSource.PREVIEW,
        "reversible_until": CREATED + undo if undo else None,
        "manifest": shown(content="Until 20:00 today: two for one. siamcoffee.example/2"),
    }
    return SendNow(**facts | more)


def newsletter(**more: Any) -> Replace:
    facts: dict[str, Any] = {
        "campaign": "newsletter",
        "reason": Reason.SEVERAL_CHANGED,
        "message": "several fields changed; the scheduled message is cancelled first",
        "sender": "SiamCoffee",
        "scheduled_at": TEN + timedelta(days=1),
        "reversible_until": TEN + timedelta(days=1),
        "sends": (planned("d", 12_480, 1),),
        "recipients": 12_480,
        "requests": 1,
        "parts": ((1, 12_480),),
        "credits": 12_480,
        "credits_source": CreditsSource.PREVIEW,
        "refund": 12_480,
        "changes": (
            Change("schedule", "2027-04-10T10:00", "2027-04-11T10:00"),
            Change("content", THAI, THAI.replace("10", "11")),
            Change("variables", "percent=20", "percent=20"),
            Change("sender", "SiamTea", None),
        ),
        "cancels": (CancelStep(recorded("e"), CancelReason.REPLACE),),
        "waits_for": (uuid("e"),),
    }
    return Replace(**facts | more)


def cancel(**more: Any) -> Cancel:
    facts: dict[str, Any] = {
        "campaign": "rainy-season",
        "reason": Reason.MANIFEST_DELETED,
        "message": "its manifest is gone",
        "sender": "SiamCoffee",
        "scheduled_at": MIDNIGHT,
        "sends": (PlannedSend(finger("f"), 12_480, 1, 12_480, uuid("f")),),
        "recipients": 12_480,
        "parts": ((1, 12_480),),
        "credits": 12_480,
        "refund": 12_480,
        "cancels": (CancelStep(recorded("f", scheduled_at=MIDNIGHT), CancelReason.DELETED),),
    }
    return Cancel(**facts | more)


def blocked(**more: Any) -> Blocked:
    name = "songkran-sale"
    message = "edited after it started; a started message cannot be changed or sent again"
    facts: dict[str, Any] = {
        "campaign": name,
        "reason": Reason.CHANGED_AFTER_START,
        "message": message,
        "sender": "SiamCoffee",
        "recipients": 50_000,
        "parts": ((1, 50_000),),
        "credits": 50_000,
        "changes": (Change("content", "20% off", "30% off"),),
        "diagnostics": (
            found(
                f"{name}: {message}",
                code="MS601",
                line=1,
                field=None,
                next_step="give the new text a new name, restore the old manifest (git checkout "
                "campaigns/songkran-sale.yaml), or raise `revision` to text everybody again",
            ),
        ),
    }
    return Blocked(**facts | more)


def kept(name: str, reason: Reason = Reason.ALREADY_SENT, **more: Any) -> Keep:
    facts: dict[str, Any] = {"message": "nothing to do", "sender": "SiamCoffee"}
    return Keep(campaign=name, reason=reason, **facts | more)


def adopt() -> Adopt:
    message = RemoteMessage(uuid("1"), RemotePhase.SCHEDULED, "SiamCoffee", "never shown", 12_480, 12_480, TEN)
    return Adopt(
        campaign="lost-answer",
        reason=Reason.RECOVERED,
        message="its answer was lost; exactly one message on the account is this send",
        sender="SiamCoffee",
        sends=(PlannedSend(finger("1"), 12_480, 1, 12_480, uuid("1")),),
        recipients=12_480,
        parts=((1, 12_480),),
        credits=12_480,
        adoptions=(Adoption(recorded("1", SendPhase.UNKNOWN, uuid=None), message),),
    )


def forget() -> Forget:
    return Forget(campaign="last-year", reason=Reason.MANIFEST_DELETED, message="its manifest is gone")


def refusals() -> tuple[Diagnostic, ...]:
    return (
        Diagnostic(
            "MS501",
            Severity.ERROR,
            "songkran-2027-vip: 12,480 recipients are more than the limit of 12,000",
            Position("campaigns/songkran.yaml", 14, 25, 14, 30),
            "limits.recipients.max",
            "raise `limits.recipients.max` in campaigns/songkran.yaml to 12480, if it is meant",
            refusal=True,
            campaign="songkran-2027-vip",
        ),
        Diagnostic(
            "MS516",
            Severity.ERROR,
            "the plan costs 12,960 credits, the balance is 10,000: 2,960 short",
            next_step="top up the account, or apply fewer campaigns with --target NAME",
            refusal=True,
        ),
    )


def hostile() -> Plan:
    """Whatever a manifest, an answer or an edited state could hold, everywhere; phone numbers where text is free."""
    return a_plan(
        schedule_vip(
            message=LEAKY,
            schedule_text=LEAKY,
            sender=HOSTILE,
            timezone=HOSTILE,
            changes=(Change("content", LEAKY, LEAKY[::-1] + LEAKY), Change(LEAKY, None, LEAKY)),
            diagnostics=(found(LEAKY, field=LEAKY, why=LEAKY, next_step=LEAKY, code=HOSTILE),),
        ),
        kept("evil", moved_from=HOSTILE),
        blocked(campaign=HOSTILE),
        refusals=(found(LEAKY, severity=Severity.ERROR, position=Position(HOSTILE, 1, 1, 1, 2), next_step=LEAKY),),
        diagnostics=(found(LEAKY),),
        lineage=HOSTILE,
        commit=HOSTILE,
        drift=(
            Drift(
                HOSTILE,
                DriftKind.UNKNOWN_MESSAGE,
                HOSTILE,
                Side(HOSTILE, HOSTILE, TEN, 3),
                Side(HOSTILE, HOSTILE),
                ("sender", "text"),
            ),
        ),
    )


def drifted() -> tuple[Drift, ...]:
    """One of each kind, as an account shows them where several people work."""
    ours = Side("scheduled", "SiamCoffee", TEN, 12_480, CREATED - timedelta(days=1))
    later = Side("scheduled", "SiamTea", TEN + timedelta(hours=1), 12_000, CREATED - timedelta(days=1))
    double = Side("scheduled", "SiamCoffee", TEN, 12_480, CREATED - timedelta(minutes=5))
    return (
        Drift("newsletter", DriftKind.CHANGED_ELSEWHERE, uuid("d"), ours, later, ("recipients", "sender", "time")),
        Drift("rainy-season", DriftKind.CANCELLED_ELSEWHERE, uuid("f"), ours, Side("cancelled"), blocks=True),
        Drift("second-year", DriftKind.GONE, uuid("2"), ours, None, blocks=True),
        Drift("songkran-2027-vip", DriftKind.UNKNOWN_MESSAGE, uuid("9"), ours, double),
        Drift("third-year", DriftKind.STARTED_ELSEWHERE, uuid("3"), ours, Side("sent", "SiamCoffee", TEN, 12_480)),
    )


def cancelled_elsewhere() -> Blocked:
    message = "somebody cancelled it outside this tool; it is never re-created by itself"
    next_step = "write `state: cancelled` to agree, or raise `revision` to send it after all"
    why = found(f"rainy-season: {message}", code="MS601", line=1, field=None, next_step=next_step)
    return blocked(
        campaign="rainy-season", reason=Reason.CANCELLED_ELSEWHERE, message=message, changes=(), diagnostics=(why,)
    )


def unknown() -> Blocked:
    message = "nobody knows yet whether ME-SMS has this message; it is never sent on a guess"
    next_step = "mesms-gitops resolve songkran-sale shows the evidence and settles it"
    why = found(f"songkran-sale: {message}", code="MS601", line=1, field=None, next_step=next_step)
    return blocked(reason=Reason.UNKNOWN_SEND, message=message, changes=(), diagnostics=(why,))


def on_songkran() -> Plan:
    """Marketing that leaves on a holiday of a year whose days are predicted."""
    at = datetime(2027, 4, 13, 3, 0, tzinfo=UTC)
    holiday = found(
        "songkran-2027-vip: it would leave on Tue 2027-04-13, a public holiday (Songkran Festival)",
        code="MS554",
        line=9,
        field="schedule",
        next_step="if it is meant, `policy.holidays.marketing: allow` in mesms.yaml ends this warning for all",
    )
    predicted = found(
        "the public holidays of 2027 are predicted, not declared",
        code="MS555",
        position=None,
        field=None,
        why="Buddhist days follow the moon, and the cabinet declares further days year by year",
        next_step="compare the days with the cabinet's list; a newer release of the package `holidays` may know it",
    )
    return a_plan(schedule_vip(scheduled_at=at, reversible_until=at, diagnostics=(holiday,)), diagnostics=(predicted,))


def personal() -> Plan:
    """A text with a name in it: shown struck out, in Thai, with what makes it many requests."""
    text = "สวัสดีคุณ ••••• ลด 20% ทุกเมนูที่ร้านน้ำเงิน"
    return a_plan(
        schedule_vip(
            requests=1_204,
            fan_out=(FanOut("name", 1_180, 3), FanOut("branch", 24, 1_190)),
            previews=(
                Preview(text, 1, 58, "UCS-2", 12_000, is_masked=True),
                Preview(text + " ตั้งแต่วันนี้", 2, 82, "UCS-2", 480, is_masked=True),
            ),
            diagnostics=(),
        )
    )


def audience_moved() -> Plan:
    """One list as sketches know it, one exactly, one changed beyond what they can tell."""
    almost = AudienceChange("the last plan", CREATED, 12_208, 12_480, Estimate(312, 40, 12))
    exact = AudienceChange("the scheduled message", CREATED, 12_481, 12_480, Estimate(0, 1, 0))
    beyond = AudienceChange("the last message", None, 725, 90_000, Estimate(89_275, 0, 0, is_floor=True))
    return a_plan(
        schedule_vip(
            audience_change=almost, overlaps=(Overlap("songkran-early", 87, 1), Overlap("vip", 12, 0)), diagnostics=()
        ),
        newsletter(audience_change=exact),
        flash_sale(timedelta(minutes=10), audience_change=beyond),
    )


def long_thai() -> Plan:
    return a_plan(
        schedule_vip(
            campaign="x" * 63,
            manifest=shown(content=THAI.replace(" ", "") * 4, recipients="csv ../lists/members.csv"),
            message="ข้อความเปลี่ยนไปหลังจากตั้งเวลาไว้แล้ว" * 3,
        )
    )


PLANS: dict[str, Callable[[], Plan]] = {
    "empty": lambda: a_plan(commit=None),
    "unchanged": lambda: a_plan(
        kept("a"), kept("b"), kept("c", Reason.UNCHANGED), kept("d", Reason.DRAFT), kept("e", Reason.UNCHANGED)
    ),
    "all_new": lambda: a_plan(schedule_vip(), flash_sale(timedelta(minutes=10)), kept("a"), kept("b", Reason.DRAFT)),
    "at_once": lambda: a_plan(flash_sale(timedelta(0)), schedule_vip(diagnostics=())),
    "replace": lambda: a_plan(newsletter(), kept("a")),
    "replace_at_once": lambda: a_plan(
        newsletter(
            sends=(planned("d", 12_480, 1, Now(timedelta(0), "Asia/Bangkok")),),
            scheduled_at=None,
            reversible_until=None,
        )
    ),
    "cancel": lambda: a_plan(
        cancel(),
        cancel(
            campaign="twelve-texts",
            cancels=tuple(CancelStep(recorded(letter), CancelReason.DECLARED) for letter in "0123456789ab"),
        ),
    ),
    "blocked": lambda: a_plan(schedule_vip(), blocked(), kept("a")),
    "only_blocked": lambda: a_plan(blocked(), kept("a")),
    "refused": lambda: a_plan(schedule_vip(), kept("a"), balance=10_000, refusals=refusals()),
    "adopt_forget_rename": lambda: a_plan(adopt(), forget(), kept("vip-2028", Reason.MOVED, moved_from="vip-2027")),
    "offline": lambda: a_plan(
        schedule_vip(credits_source=CreditsSource.ESTIMATE, scheduled_at=MIDNIGHT, reversible_until=MIDNIGHT),
        balance=None,
        offline=True,
        commit=None,
    ),
    "contact_group": lambda: a_plan(
        schedule_vip(
            sends=(planned("a", 0, 0, group=1203),),
            recipients=0,
            requests=1,
            parts=((0, 0),),
            credits=0,
            diagnostics=(),
        )
    ),
    "warnings": lambda: a_plan(
        kept("a", diagnostics=(found("the time is 3 years ago", line=9),)),
        diagnostics=(found("the time is 3 years ago", line=9), found("mesms.yaml names no senders", position=None)),
    ),
    "audience_moved": audience_moved,
    "long_thai": long_thai,
    "drift": lambda: a_plan(schedule_vip(diagnostics=()), cancelled_elsewhere(), kept("a"), drift=drifted()),
    "only_drift": lambda: a_plan(kept("a", Reason.UNCHANGED), drift=drifted()[3:4]),
    "unknown": lambda: a_plan(unknown(), kept("a")),
    "holidays": on_songkran,
    "personal": personal,
    "hostile": hostile,
    "many": lambda: a_plan(
        *(schedule_vip(campaign=f"campaign-{index:03}", diagnostics=()) for index in range(60)),
        flash_sale(timedelta(0)),
        balance=900_000,
    ),
}


# ---------------------------------------------------------------- states


def _campaign(name: str, *sends: SendRecord, **more: Any) -> CampaignRecord:
    return CampaignRecord(name, f"campaigns/{name}.yaml", more.pop("revision", 1), sends=sends, **more)


def a_state() -> State:
    delivered = MappingProxyType({"success": 12_000, "failed": 300, "expired": 100, "pending": 80})
    everybody = MappingProxyType({"success": 12_480})
    replaced = CancelIntent("run-2", CREATED, CancelReason.REPLACE)
    records = (
        _campaign("all-scheduled", recorded("a")),
        _campaign("delivered", recorded("b", SendPhase.SENT, delivery=delivered, quoted=12_000)),
        _campaign("draft"),
        _campaign(
            "half",
            recorded("c", SendPhase.STARTED, recipients=100, delivery=MappingProxyType({"success": 40, "timeout": 5})),
            recorded("d", SendPhase.FAILED, recipients=50, uuid=None, credits=None, reason="Insufficient credits"),
        ),
        _campaign("lost", recorded("e", SendPhase.UNKNOWN, uuid=None, credits=None)),
        _campaign("old-name", moved_to="new-name"),
        _campaign(
            "replaced",
            recorded("f", SendPhase.CANCELLED, cancel=replaced),
            recorded("1", SendPhase.SENT, run="run-2", intended_at=CREATED, delivery=everybody, quoted=12_480),
        ),
        _campaign(
            "twice",
            recorded("2", SendPhase.SENT, delivery=everybody),
            recorded("3", SendPhase.STARTED, revision=2, group_id=1203, recipients=0, scheduled_at=None),
            revision=2,
        ),
    )
    return State(LINEAGE, 58, campaigns=MappingProxyType({record.name: record for record in records}))


def hostile_state() -> State:
    record = _campaign(
        HOSTILE,
        recorded(
            "a",
            SendPhase.SENT,
            sender=HOSTILE,
            reason=HOSTILE,
            uuid=HOSTILE,
            delivery=MappingProxyType({HOSTILE: 5, "success": 7}),
        ),
    )
    return State(HOSTILE, 1, campaigns=MappingProxyType({HOSTILE: record}))


def a_freeze() -> Freeze:
    return Freeze(campaigns=frozenset({"half", "all-scheduled"}), since=CREATED, by="ops@desk")


# ---------------------------------------------------------------- outcomes and findings


def an_outcome() -> ApplyOutcome:
    return ApplyOutcome(
        (
            StepOutcome("rainy-season", "cancel", StepResult.DONE, "cancelled; 12,480 credits come back", (uuid("f"),)),
            StepOutcome(
                "songkran-2027-vip",
                "schedule",
                StepResult.DONE,
                "scheduled for 2027-04-10 10:00 +07:00",
                (uuid("a"), uuid("b")),
                (SendPhase.SCHEDULED, SendPhase.SCHEDULED),
                12_960,
            ),
            StepOutcome("newsletter", "replace", StepResult.UNKNOWN, "no answer; nobody knows if it was sent"),
            StepOutcome("songkran-sale", "blocked", StepResult.BLOCKED, "edited after it started"),
            StepOutcome("flash-sale", "send", StepResult.FAILED, "ME-SMS refused: Sender not approved (400)"),
            StepOutcome("last-one", "send", StepResult.NOT_ATTEMPTED, ""),
        )
    )


def some_findings() -> tuple[Diagnostic, ...]:
    thai_line = '  content: "สวัสดีคุณ เเม่ น้ำใจ ลด 20%"'
    start = thai_line.index("เเ") + 1
    long_line = "content: " + "ราคาพิเศษ" * 30 + "น้ำ" + "สำหรับคุณ" * 30
    at = long_line.index("น้ำ") + 1
    return (
        found(
            "a phone number without quotes is read as a figure",
            severity=Severity.ERROR,
            code="MS105",
            position=Position("campaigns/b.yaml", 12, 15, 12, 25),
            field="recipients.0.numbers.0",
            excerpt="    numbers: [0800000001]",
            next_step='quote it: "0800000001"',
        ),
        found(
            "the schedule has no end of the line",
            severity=Severity.ERROR,
            code="MS106",
            position=Position("campaigns/b.yaml", 20, 11, 22, 1),
            field="schedule",
            excerpt="schedule: {at: 2027-04-10T10:00,",
        ),
        found(
            "เเ (two letters) is written for แ (one letter)",
            code="MS302",
            position=Position("campaigns/a.yaml", 7, start, 7, start + 2),
            excerpt=thai_line,
            why="it costs one more character",
            next_step="write แม่",
        ),
        found(
            "a split sara am",
            severity=Severity.NOTE,
            code="MS303",
            position=Position("campaigns/a.yaml", 9, at + 1, 9, at + 3),
            excerpt=long_line,
        ),
        Diagnostic("MS001", Severity.ERROR, "there is no mesms.yaml here", next_step="mesms-gitops init"),
    )
