"""What an account holds: keys, senders, templates, groups, a blocklist, and credits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from mesms_gitops.sandbox import assumptions
from mesms_gitops.sandbox.refusals import RefusalError, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.sandbox.msisdns import Numbers

PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


class Key(NamedTuple):
    """An API key: whose it is and what it may do. A key without scopes reads, previews and cancels."""

    owner: str
    scopes: frozenset[str]

    @property
    def may_send(self) -> bool:
        return not self.scopes.isdisjoint(assumptions.SEND_SCOPES)


class Sender(NamedTuple):
    """A sender name's standing: approved, pending or rejected; shared ones belong to the provider."""

    standing: str
    shared: bool = False


class Account:
    """One owner's belongings. The mappings are replaced, never changed in place, so that copies may share them."""

    __slots__ = ("balance", "blocklist", "charged", "groups", "held", "owner", "senders", "templates")

    def __init__(
        self,
        owner: str,
        *,
        balance: int = 0,
        senders: Mapping[str, Sender] | None = None,
        templates: Mapping[int, str] | None = None,
        groups: Mapping[int, Numbers] | None = None,
        blocklist: frozenset[int] = frozenset(),
    ) -> None:
        self.owner = owner
        self.balance = balance
        """Credits that can still be spent; those of scheduled messages are in ``held``, not here."""
        self.held = 0
        self.charged = 0
        self.senders: Mapping[str, Sender] = senders or {}
        self.templates: Mapping[int, str] = templates or {}
        self.groups: Mapping[int, Numbers] = groups or {}
        self.blocklist = blocklist
        """Nine-digit integers, as ``Numbers.national``."""

    def copy(self) -> Account:
        """An account that can be changed without changing this one."""
        twin = Account.__new__(Account)
        twin.owner = self.owner
        twin.balance = self.balance
        twin.held = self.held
        twin.charged = self.charged
        twin.senders = self.senders
        twin.templates = self.templates
        twin.groups = self.groups
        twin.blocklist = self.blocklist
        return twin

    def approves(self, sender: str) -> bool:
        known = self.senders.get(sender)
        return known is not None and known.standing == "approved"

    def group(self, group_id: int) -> Numbers:
        """The numbers of a contact group. Raises the refusal for an unknown or empty one."""
        numbers = self.groups.get(group_id)
        if numbers is None:
            raise RefusalError(assumptions.UNKNOWN_REFERENCE_STATUS, "NOT_FOUND", f"Contact group {group_id} not found")
        if not len(numbers) and assumptions.EMPTY_LIST_REFUSED:
            raise invalid(f"Contact group {group_id} is empty")
        return numbers

    def fill(self, template_id: int, variables: Mapping[str, str]) -> str:
        """A saved template with its placeholders filled. Raises the refusal for an unknown one or a missing value."""
        template = self.templates.get(template_id)
        if template is None:
            raise RefusalError(assumptions.UNKNOWN_REFERENCE_STATUS, "NOT_FOUND", f"Template {template_id} not found")
        missing = sorted({name for name in PLACEHOLDER.findall(template) if name not in variables})
        if missing:
            raise invalid(f"Missing template variables: {', '.join(missing)}", "MISSING_VARIABLE")
        return PLACEHOLDER.sub(lambda found: variables[found[1]], template)
