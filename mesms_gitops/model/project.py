"""The project file, understood: where things are and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mesms_gitops.model.campaign import Window
    from mesms_gitops.model.diagnostic import Position
    from mesms_gitops.model.rules import Rule, Waiver

DEFAULT_BASE_URL = "https://me-sms.com/api/v2"


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How to reach ME-SMS. ``timeout`` is how long one answer may take, in seconds."""

    base_url: str = DEFAULT_BASE_URL
    requests_per_second: float = 5.0
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What any campaign of this project may do; None means no limit. Credits and recipients are whole numbers.

    ``rules`` judge each campaign that would be sent; ``waivers`` spare one campaign one refusal for a while.
    """

    senders: tuple[str, ...] | None = None
    windows: Mapping[str, Window] = field(default_factory=lambda: MappingProxyType({}))
    links: tuple[str, ...] | None = None
    max_parts: int | None = None
    max_recipients_campaign: int | None = None
    max_recipients_apply: int | None = None
    max_credits_campaign: int | None = None
    max_credits_apply: int | None = None
    min_balance_after: int | None = None
    rules: tuple[Rule, ...] = ()
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """One ``mesms.yaml``. ``root`` is its folder; ``text_digest`` identifies its text, line ends apart."""

    root: Path
    file: str
    text_digest: str
    campaigns: tuple[str, ...] = ("campaigns/",)
    timezone: str = "Asia/Bangkok"
    state: str = ".mesms/state.json"
    undo_window: timedelta = timedelta(minutes=10)
    api: ApiSettings = ApiSettings()
    policy: Policy = Policy()
    positions: Mapping[str, Position] = field(default_factory=lambda: MappingProxyType({}))
