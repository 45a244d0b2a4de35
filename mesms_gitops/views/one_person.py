"""What became of one person, whose number is shown masked only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text
from mesms_gitops.views.layout import LOCAL_TIMEZONE, both_times, iso, printable
from mesms_gitops.views.report_doubts import doubt_sentence, doubts_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mesms_gitops.model.results import Doubt


@dataclass(frozen=True, slots=True)
class Fate:
    """In one send; ``delivery_state`` is None for whoever is not among its recipients, ``doubts`` are about all."""

    fingerprint: str
    uuid: str
    delivery_state: str | None
    read_at: datetime
    doubts: tuple[Doubt, ...] = ()


def person_text(masked: str, campaign: str, fates: Sequence[Fate], *, timezone: str = LOCAL_TIMEZONE) -> str:
    """A line for each send that the person is in."""
    found = [fate for fate in fates if fate.delivery_state]
    doubts = "".join(
        f"{line}\n" for line in dict.fromkeys(doubt_sentence(doubt) for fate in found or fates for doubt in fate.doubts)
    )
    if not found:
        return f"{masked} is not among the recipients of {printable(campaign)}, as far as results are kept.\n{doubts}"
    lines = "".join(
        f"{masked} in {printable(campaign)}: {printable(fate.delivery_state or '')} "
        f"(send {printable(fate.fingerprint[:12])}, read {both_times(fate.read_at, timezone)})\n"
        for fate in found
    )
    return lines + doubts


def person_json(masked: str, campaign: str, fates: Sequence[Fate]) -> str:
    """The same for scripts."""
    sends = [
        {
            "fingerprint": fate.fingerprint,
            "uuid": fate.uuid,
            "status": fate.delivery_state,
            "read_at": iso(fate.read_at),
            "doubts": doubts_json(fate.doubts),
        }
        for fate in fates
        if fate.delivery_state
    ]
    document = {"format_version": FORMAT_VERSION, "number": masked, "campaign": campaign, "sends": sends}
    in_doubt = any(fate.doubts for fate in fates)
    return json_text({**document, "in_doubt": in_doubt})
