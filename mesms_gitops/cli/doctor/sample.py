"""The one message that `doctor --preview` asks the price of. It is never sent."""

from __future__ import annotations

from datetime import timedelta

from mesms_gitops.model.campaign import Now
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.sends import DesiredSend, TextContent

_NOBODY = 800_000_000
"""0800000000, as the examples of this project have it: a price depends on how many numbers there are, not on which."""


def sample_send(sender: str) -> DesiredSend:
    """A text of one part to one number."""
    return DesiredSend(
        fingerprint="doctor",
        sender=sender,
        content=TextContent("Test"),
        when=Now(timedelta(0), "Asia/Bangkok"),
        numbers=Numbers([_NOBODY]),
        group_id=None,
        parts=1,
        encoding="GSM-7",
        text_digest=None,
        audience_digest=None,
    )
