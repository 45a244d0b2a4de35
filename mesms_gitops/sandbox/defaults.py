"""The account a fresh sandbox starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.sandbox.account import Account, Key, Sender
from mesms_gitops.sandbox.msisdns import Numbers
from mesms_gitops.sandbox.world import START, World

if TYPE_CHECKING:
    from datetime import datetime

OWNER: Final = "main"
OTHER_OWNER: Final = "other"
API_KEY: Final = "sandbox-key"
"""Scope ``*``."""
SEND_KEY: Final = "sandbox-send-key"
"""Scope ``sms:send``."""
READ_KEY: Final = "sandbox-read-key"
"""No scope: reads, previews and cancels."""
OTHER_KEY: Final = "sandbox-other-key"
"""Scope ``*`` of another owner, whose messages are a 403 to the first."""
SENDERS: Final = ("SiamCoffee", "MESMSDemo")
PENDING_SENDER: Final = "NewBrand"
REJECTED_SENDER: Final = "Refused"
SHARED_SENDER: Final = "Shared"
GROUP_ID: Final = 1203
TEMPLATE_ID: Final = 42
BALANCE: Final = 100_000
GROUP_SIZE: Final = 25


def default_world(now: datetime = START, *, seed: int = 0, balance: int = BALANCE) -> World:
    """The account of ``mesms-gitops sandbox``: two approved senders, a group, a template, and a second owner."""
    main = Account(
        OWNER,
        balance=balance,
        senders={
            **{name: Sender("approved") for name in SENDERS},
            PENDING_SENDER: Sender("pending"),
            REJECTED_SENDER: Sender("rejected"),
            SHARED_SENDER: Sender("approved", shared=True),
        },
        templates={TEMPLATE_ID: "สวัสดีคุณ {{name}} ลด {{percent}}%", 43: "Hello {{name}}"},
        groups={GROUP_ID: _reserved_numbers(5001, GROUP_SIZE), 1204: _reserved_numbers(0, 0)},
    )
    other = Account(OTHER_OWNER, balance=balance, senders={"OtherShop": Sender("approved")})
    keys = {
        API_KEY: Key(OWNER, frozenset({"*"})),
        SEND_KEY: Key(OWNER, frozenset({"sms:send"})),
        READ_KEY: Key(OWNER, frozenset()),
        OTHER_KEY: Key(OTHER_OWNER, frozenset({"*"})),
    }
    return World([main, other], keys, now=now, seed=seed)


def _reserved_numbers(first: int, count: int) -> Numbers:
    return Numbers.parse(f"080000{number:04d}" for number in range(first, first + count))
