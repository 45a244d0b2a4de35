"""The delivery report as a page of its own: what became of everybody, when, why, and for how much.

It needs nothing but itself. Its one script only filters and sorts the table; without it the page is complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.html import element, page, shown
from mesms_gitops.views.layout import LOCAL_TIMEZONE, counted, figure, signed_share
from mesms_gitops.views.report import money_in_all, report_of, share, signed, total_of
from mesms_gitops.views.report_charts import CLASSES, hatch, stacked, swatch
from mesms_gitops.views.report_days import named, timeline_of
from mesms_gitops.views.report_html_parts import by_prefix, by_reason, by_time, cost
from mesms_gitops.views.report_html_table import HEADINGS, table
from mesms_gitops.views.report_reasons import Bucket
from mesms_gitops.views.report_script import SCRIPT
from mesms_gitops.views.report_style import style

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mesms_gitops.model.state import State
    from mesms_gitops.views.report import Money, Report
    from mesms_gitops.views.report_prefixes import Prefixes
