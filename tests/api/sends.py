"""Sends to be, and a key: what the tests of this folder ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import Now
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.sends import DesiredSend, TemplateContent, TextContent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.model.sends import Content

KEY = "k3y-that-must-never-be-seen"
UUID = "0b5f0000-0000-4000-8000-000000000001"
LATER = datetime(2027, 4, 10, 6, 0, tzinfo=UTC)


def a_send(
    content: Content | str = "hello",
    *,
    numbers: Numbers | None = None,
    group_id: int | None = None,
    sender: str = "SiamCoffee",
) -> DesiredSend:
    """One send; to 0800000001 and 0800000002 unless told otherwise."""
    if numbers is None and group_id is None:
        numbers = Numbers([800_000_001, 800_000_002])
    return DesiredSend(
        fingerprint="f",
        sender=sender,
        content=TextContent(content) if isinstance(content, str) else content,
        when=Now(timedelta(minutes=10), "Asia/Bangkok"),
        numbers=numbers,
        group_id=group_id,
        parts=1,
        encoding="gsm7",
        text_digest=None,
        audience_digest=None,
    )


def a_template(preview: str | None = None, variables: Mapping[str, str] | None = None) -> TemplateContent:
    """Saved template 42, with or without a local copy."""
    return TemplateContent(42, {"name": "Toon"} if variables is None else variables, preview)
