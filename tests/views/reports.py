"""States as a report meets them: a season in spring, five hundred campaigns, and names that a page must not obey."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.views.report_prefixes import Prefixes, PrefixLine

from .calendars import MARKUP
from .situations import LEAKY, LINEAGE, TEN, recorded, uuid

if TYPE_CHECKING:
    from mesms_gitops.model.sends import SendRecord

SEASON = (
    ("songkran-2027-teaser", -9, 48_200, 0.968, 0.021, "sent"),
    ("songkran-2027-vip", 0, 12_480, 0.974, 0.018, "sent"),
    ("songkran-2027-members", 0, 86_300, 0.941, 0.044, "sent"),
    ("songkran-2027-last-call", 4, 61_000, 0.955, 0.03, "sent"),
    ("labour-day-coffee", 21, 23_450, 0.962, 0.027, "sent"),
    ("rainy-season-menu", 33, 90_120, 0.93, 0.051, "sent"),
    ("store-opening-chiang-mai", 40, 8_400, 0.71, 0.02, "started"),
    ("birthday-vouchers-may", 41, 1_260, 0.5, 0.004, "started"),
)
"""Name, days after the tenth of April, people, shares delivered and failed, phase."""
PREFIXES = Prefixes(
    tuple(
        PrefixLine(f"0{digits}", people, people * 94 // 100, people * 4 // 100, people - people * 98 // 100)
        for digits, people in (
            *((61, 12_400), (62, 9_100), (63, 8_050), (64, 6_600), (65, 4_120), (80, 15_900)),
            *((81, 31_200), (82, 17_400), (83, 16_050), (84, 14_900), (85, 15_600), (86, 18_300), (87, 17_900)),
            *((88, 9_400), (89, 27_700), (90, 8_800), (91, 9_900), (92, 8_650), (93, 4_300), (94, 5_070), (95, 7_120)),
            *((96, 5_230), (97, 4_480), (98, 6_040), (99, 3_910)),
        )
    )
)


def season() -> State:
    """Eight campaigns of one spring: two still on their way, one lost, one dearer than planned, one counted oddly."""
    records = [_campaign(name, _send(*rest)) for name, *rest in SEASON]  # type: ignore[arg-type]  # columns of SEASON
    records[2] = replace(records[2], sends=(replace(records[2].sends[0], quoted=84_000),))
    odd = replace(records[4].sends[0], notes=("miscounted", "window_over"))
    records[4] = replace(records[4], sends=(odd,))
    lost = replace(_send(12, 4_000, 0.0, 0.0, "unknown"), uuid=None, credits=None)
    return _state(*records, _campaign("order-updates", lost))


def _send(day: int, people: int, delivered: float, failed: float, phase: str) -> SendRecord:
    success, bad = int(people * delivered), int(people * failed)
    expired, blocked = bad // 3, bad // 10
    counts = {
        "success": success,
        "failed": bad - expired - blocked,
        "expired": expired,
        "blocked": blocked,
        "timeout": (people - success - bad) // 2,
        "pending": (people - success - bad) // 3 if phase == "started" else 0,
    }
    if phase == "unknown":
        counts = {}
    at = TEN + timedelta(days=day, minutes=13 * (day % 7))
    return recorded(
        "a",
        SendPhase(phase),
        recipients=people,
        credits=people,
        quoted=people,
        scheduled_at=at,
        intended_at=at - timedelta(hours=20),
        delivery=MappingProxyType(counts),
        uuid=uuid("a"),
    )


def _campaign(name: str, *sends: SendRecord) -> CampaignRecord:
    return CampaignRecord(name, f"campaigns/{name}.yaml", 1, sends=sends)


def _state(*records: CampaignRecord) -> State:
    return State(LINEAGE, 142, campaigns=MappingProxyType({record.name: record for record in records}))


def many(campaigns: int, days: int = 365) -> State:
    """``campaigns`` over ``days``; every seventh dearer than planned, every eleventh with a note."""
    records = []
    for index in range(campaigns):
        name = f"campaign-{index:04}-{'members-of-the-coffee-club'[: index % 27]}".strip("-")
        share = 0.9 + index % 9 / 100
        send = _send(index * days // campaigns, 100 + 7_919 * index % 90_000, share, 0.02, "sent")
        quoted = send.recipients - index if index % 7 == 0 else send.recipients
        notes = ("window_over",) if index % 11 == 0 else ()
        records.append(_campaign(name, replace(send, quoted=quoted, notes=notes)))
    return _state(*records)


def thai() -> State:
    """Names in Thai, as no manifest may have them but an edited state might; long ones among them."""
    names = ("สงกรานต์-๒๕๗๐-ลูกค้าประจำน้ำใจงาม", "แคมเปญเปิดร้านใหม่ที่เชียงใหม่พร้อมส่วนลดทุกเมนูตลอดทั้งเดือนเมษายน", "ฤดูฝน")
    return _state(*(_campaign(name, _send(index * 3, 9_000, 0.95, 0.03, "sent")) for index, name in enumerate(names)))


def hostile() -> State:
    """Markup, phone numbers, turned text and spreadsheet formulas wherever a state has text."""
    words = (MARKUP, LEAKY, "=cmd|' /C calc'!A0", "c0", "</script><!--<script>")
    return _state(
        *(
            _campaign(
                word,
                replace(
                    _send(index, 1_000, 0.9, 0.05, "sent"),
                    sender=word,
                    reason=word,
                    delivery=MappingProxyType({word: 40, "success": 900}),
                    notes=("undocumented",),
                ),
            )
            for index, word in enumerate(words)
        )
    )
