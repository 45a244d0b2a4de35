"""The pages a browser is shown, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.calendar_html import calendar_html
from mesms_gitops.views.status_html import status_html
from tests.views.calendars import HOLIDAYS, WINDOWS, busy, five_hundred, markup
from tests.views.situations import CREATED, PLANS, a_freeze, a_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.plan import Plan


def _of(plan: Callable[[], Plan]) -> Callable[[], str]:
    return lambda: calendar_html(plan(), windows=WINDOWS, holidays=HOLIDAYS)


PAGES: dict[str, Callable[[], str]] = {
    "busy": _of(busy),
    "markup": _of(markup),
    "refused": _of(PLANS["refused"]),
    "empty": _of(PLANS["empty"]),
    "drift": _of(PLANS["drift"]),
    "five_hundred": _of(five_hundred),
    "status": lambda: status_html(a_state(), now=CREATED, windows=WINDOWS, freeze=a_freeze()),
}
WIDE, PHONE = 1280, 320
LOOKS: list[tuple[str, int, str]] = [
    *(("busy", width, scheme) for width in (WIDE, PHONE) for scheme in ("light", "dark")),
    *(
        (name, width, scheme)
        for name in ("markup", "refused", "empty", "drift", "status")
        for width, scheme in ((WIDE, "light"), (PHONE, "dark"))
    ),
    ("five_hundred", PHONE, "light"),
]
