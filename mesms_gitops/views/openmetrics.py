"""What state knows as OpenMetrics text, for Prometheus' textfile collector.

The text is OpenMetrics 1.0 and reads the same in the older Prometheus format, which is what the textfile collector
parses: so gauges alone (it knows neither ``info`` nor ``stateset``), and no timestamps (it refuses them).
No phone number, text, uuid or sender is in it. Labels are bounded: phases and delivery states have as many values as
there are words for them, and campaigns are named only while something of theirs is still to come.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mesms_gitops.model.delivery import DELIVERY_STATES, can_still_change
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import CampaignPhase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, Freeze, State

CONTENT_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
MOST_CAMPAIGNS: Final = 100
"""So many live campaigns are named, those that leave last; the rest are in the sums alone."""
OTHER: Final = "other"
"""The delivery states that the reference does not have, together."""

Sample: TypeAlias = "tuple[Mapping[str, str], float]"
"""Labels and the value."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is not in state: the balance (None: not asked, or no answer), when it was read, and the moment."""

    now: datetime
    refreshed_at: datetime
    balance: int | None = None


def openmetrics(state: State, reading: Reading, freeze: Freeze, tool_version: str) -> str:
    """All metrics; the last line is ``# EOF``."""
    sends = [send for _, send in state.sends()]
    lines = [
        *_gauge("mesms_build_info", "The program that wrote this file.", [({"version": tool_version}, 1)]),
        *_gauge(
            "mesms_refresh_timestamp_seconds",
            "When delivery was last read from ME-SMS, in seconds since 1970.",
            [({}, reading.refreshed_at.timestamp())],
            unit="seconds",
        ),
        *_gauge(
            "mesms_balance_credits",
            "Credits on the account when it was last asked.",
            [] if reading.balance is None else [({}, reading.balance)],
            unit="credits",
        ),
        *_gauge(
            "mesms_recorded_credits",
            "Credits that ME-SMS charged or holds for sends, by phase, as far as it said.",
            _by_phase(sends, lambda send: send.credits or 0),
            unit="credits",
        ),
        *_gauge("mesms_campaigns", "Campaigns in state, by phase.", _campaigns(state)),
        *_gauge("mesms_sends", "Sends in state, by phase.", _by_phase(sends, lambda _: 1)),
        *_gauge("mesms_recipients", "People of sends that were accepted, by delivery state.", _delivery(sends)),
        *_gauge(
            "mesms_oldest_unknown_seconds",
            "Age of the oldest send of which nobody knows whether it was made; 0 where there is none.",
            [({}, _oldest_unknown(sends, reading.now))],
            unit="seconds",
        ),
        *_gauge("mesms_stopped", "1 while the emergency stop holds anything.", [({}, int(freeze.is_active))]),
        *_gauge(
            "mesms_campaign_recipients",
            "People of each campaign that is still under way, by delivery state.",
            _live(state),
        ),
        "# EOF",
    ]
    return "\n".join(lines) + "\n"


def _gauge(name: str, words: str, samples: Iterable[Sample], *, unit: str | None = None) -> Iterator[str]:
    """One family. Its unit has to be the end of its name (OpenMetrics 1.0, "Unit")."""
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    if unit is not None:
        yield f"# UNIT {name} {unit}"
    for labels, value in samples:
        pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{pairs}}} {_figure(value)}" if pairs else f"{name} {_figure(value)}"


def _escaped(text: str) -> str:
    """A label's value: backslash, quote and line end are escaped, nothing else (OpenMetrics 1.0, "Escaping")."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _figure(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.3f}"


def _by_phase(sends: Iterable[SendRecord], weight: Callable[[SendRecord], int]) -> Iterator[Sample]:
    sums: Counter[SendPhase] = Counter()
    for send in sends:
        sums[send.phase] += weight(send)
    return (({"phase": phase.value}, sums[phase]) for phase in SendPhase)


def _campaigns(state: State) -> Iterator[Sample]:
    held = Counter(record.phase for record in state.campaigns.values() if record.moved_to is None)
    return (({"phase": phase.value}, held[phase]) for phase in CampaignPhase)


def _delivery(sends: Iterable[SendRecord]) -> Iterator[Sample]:
    sums: Counter[str] = Counter()
    for send in sends:
        for word, count in send.delivery.items():
            sums[word if word in DELIVERY_STATES else OTHER] += count
    return (({"delivery": word}, sums[word]) for word in (*DELIVERY_STATES, OTHER))


def _oldest_unknown(sends: Iterable[SendRecord], now: datetime) -> float:
    since = min((send.intended_at for send in sends if send.is_unsettled), default=None)
    return 0 if since is None else max(0.0, (now - since).total_seconds())


def _live(state: State) -> Iterator[Sample]:
    live = [record for record in state.campaigns.values() if any(map(can_still_change, record.sends))]
    live.sort(key=lambda record: (-_leaves(record), record.name))
    for record in sorted(live[:MOST_CAMPAIGNS], key=lambda record: record.name):
        for labels, value in _delivery(record.sends):
            yield {"campaign": record.name, **labels}, value


def _leaves(record: CampaignRecord) -> float:
    return max((send.scheduled_at or send.intended_at).timestamp() for send in record.sends)
