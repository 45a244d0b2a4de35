"""Plans as a calendar meets them: a busy April, five hundred campaigns, and names that a page must not obey."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import Window
from mesms_gitops.model.plan import CancelStep, Keep, Plan, PlannedSend, Reason
from mesms_gitops.model.sends import CancelReason

from .situations import (
    CREATED,
    LEAKY,
    TEN,
    a_plan,
    blocked,
    cancel,
    finger,
    flash_sale,
    found,
    kept,
    newsletter,
    planned,
    recorded,
    schedule_vip,
    uuid,
)

if TYPE_CHECKING:
    from mesms_gitops.model.plan import Action

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WINDOWS = MappingProxyType({"marketing": Window(time(9), time(20))})
HOLIDAYS = MappingProxyType(
    {
        date(2027, 4, 6): "วันจักรี",
        date(2027, 4, 13): "วันสงกรานต์",
        date(2027, 4, 14): "วันสงกรานต์",
        date(2027, 4, 15): "วันสงกรานต์",
    }
)
MARKUP = (
    "</style><script>document.title='pwned'</script><img src=//evil.example/x onerror=alert(1)>"
    "<svg onload=alert(1)>\" onclick=alert(1) x='&lt;b&gt; --> ]]> ลดราคา \u202egnp.exe\u2066 שלום"
)
"""Everything that ends an element, an attribute, a comment or a style sheet; Thai; Hebrew, and turned text."""


def still_scheduled(name: str, at: datetime, people: int, reason: Reason = Reason.UNCHANGED) -> Keep:
    """A campaign that the account holds already."""
    sends = (PlannedSend(finger("9"), people, 1, people, uuid("9")),)
    return kept(name, reason, scheduled_at=at, sends=sends, recipients=people, credits=people, parts=((1, people),))


def busy() -> Plan:
    """Every kind of action, in two months, around the Thai new year."""
    other_day = TEN + 2 * DAY
    early = TEN - 2 * DAY + timedelta(hours=5, minutes=30)
    return a_plan(
        schedule_vip(),
        flash_sale(timedelta(0)),
        newsletter(),
        cancel(),
        cancel(
            campaign="rainy-season-2",
            scheduled_at=other_day,
            cancels=(CancelStep(recorded("f", scheduled_at=other_day), CancelReason.DELETED),),
        ),
        blocked(schedule_text="2027-04-12T03:00+00:00"),
        flash_sale(timedelta(minutes=10), campaign="two-for-one"),
        *(still_scheduled(f"points-reminder-{n}", TEN + n * (2 * DAY + HOUR), 3_000 * (n + 1)) for n in range(6)),
        still_scheduled("loyalty-may", TEN + 31 * DAY + 4 * HOUR, 22_000),
        schedule_vip(
            campaign="songkran-2027-early",
            scheduled_at=early,
            reversible_until=early,
            recipients=8_200,
            credits=16_400,
            sends=(planned("a", 8_200, 2),),
            requests=1,
        ),
        still_scheduled("this-morning", CREATED - HOUR, 900, Reason.ALREADY_SENT),
        still_scheduled("last-year", CREATED - 300 * DAY, 9_000, Reason.ALREADY_SENT),
        kept("sent-long-ago"),
        kept("autumn", Reason.DRAFT),
        balance=120_000,
    )


def five_hundred() -> Plan:
    """Two thirds to be scheduled, one third scheduled already, over three months."""
    return a_plan(*map(_one_of_many, range(500)), balance=90_000_000)


def _one_of_many(number: int) -> Action:
    at = TEN + timedelta(days=number % 90, hours=(number * 7) % 10)
    name = f"campaign-for-shop-{number:03}"
    if number % 3 == 0:
        return still_scheduled(name, at, 12_000)
    return schedule_vip(campaign=name, scheduled_at=at, reversible_until=at, diagnostics=())


def markup() -> Plan:
    """Markup wherever somebody else's text can stand, phone numbers where it is free."""
    leaky = f"{MARKUP} {LEAKY}"
    return a_plan(
        schedule_vip(campaign=MARKUP, sender=MARKUP, message=leaky, diagnostics=(found(leaky, why=leaky),)),
        newsletter(campaign=f"x {MARKUP}", sender=MARKUP, message=leaky),
        blocked(campaign=f"y {MARKUP}", message=leaky, schedule_text="2027-04-12T03:00+00:00"),
        kept("z", moved_from=MARKUP, scheduled_at=TEN),
        refusals=(found(leaky, next_step=leaky, why=leaky, code=MARKUP),),
        diagnostics=(found(leaky),),
        digest=MARKUP,
        lineage=MARKUP,
        commit=MARKUP,
    )
