"""The project file, understood: where things are and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.holidays import HolidayStance
from mesms_gitops.model.promise import NO_LEEWAY, Leeway

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mesms_gitops.model.campaign import Window
    from mesms_gitops.model.diagnostic import Position
    from mesms_gitops.model.rules import Rule, Waiver

DEFAULT_BASE_URL = "https://me-sms.com/api/v2"
DEFAULT_HOLIDAYS: Mapping[str, HolidayStance] = MappingProxyType({"marketing": HolidayStance.WARN})
"""A class that is not named may leave on any day."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How to reach ME-SMS. ``timeout`` is how long one answer may take, in seconds; ``fields`` maps a field of
    `answer_fields.ANSWER_FIELDS` to the name it has on this account."""

    base_url: str = DEFAULT_BASE_URL
    requests_per_second: float = 5.0
    timeout: float = 30.0
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class AudienceSettings:
    """What is kept of audiences: ``keep`` is for how long (zero: nothing is), ``encrypt_to`` are age recipients."""

    keep: timedelta = timedelta(days=90)
    encrypt_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EncryptionSettings:
    """What is encrypted where it is kept: ``state`` are the age recipients of the state and its backup."""

    state: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What any campaign of this project may do; None means no limit. Credits and recipients are whole numbers.

    ``max_audience_change`` is a share of the former audience (0.2 is 20 %). ``holidays`` says, by class of message,
    what one that would leave on a public holiday meets.

    ``rules`` judge each campaign that would be sent; ``waivers`` spare one campaign one refusal for a while. ``leeway``
    is how far a plan may move between approval and apply. ``identity`` is a digest of all that was written.
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
    max_audience_change: float | None = None
    holidays: Mapping[str, HolidayStance] = field(default_factory=lambda: DEFAULT_HOLIDAYS)
    rules: tuple[Rule, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    leeway: Leeway = NO_LEEWAY
    identity: str = field(default="", compare=False)


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
    audience: AudienceSettings = AudienceSettings()
    encryption: EncryptionSettings = EncryptionSettings()
    positions: Mapping[str, Position] = field(default_factory=lambda: MappingProxyType({}))
