"""An account whose effects are spans. Reads pass through: there are many, and they say little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.cli.tracing import span

if TYPE_CHECKING:
    from datetime import datetime

    from mesms_gitops.model.observation import (
        Accepted,
        MessagePage,
        Quote,
        RecipientPage,
        RemoteMessage,
        SenderName,
    )
    from mesms_gitops.model.plan import Plan
    from mesms_gitops.model.sends import DesiredSend
    from mesms_gitops.reconcile.ports import Account


class TracedAccount:
    """`reconcile.ports.Account`, with a span for each send and cancel; what ``account`` raises passes through."""

    def __init__(self, account: Account, plan: Plan) -> None:
        """``plan`` tells which campaign a send or a message is of, and what it was to cost."""
        self._account = account
        self._sends = {
            one.fingerprint: (action.campaign, one.credits) for action in plan.actions for one in action.sends
        }
        self._messages = {
            step.record.uuid: (action.campaign, step.record.recipients)
            for action in plan.actions
            for step in action.cancels
        }

    def send(self, send: DesiredSend, scheduled_at: datetime | None) -> Accepted:
        """See `Account.send`."""
        campaign, credits_ = self._sends.get(send.fingerprint, (None, None))
        facts = {"campaign": campaign, "recipients": send.recipients or None, "credits": credits_}
        with span("send", **facts, scheduled=scheduled_at is not None) as opened:
            accepted = self._account.send(send, scheduled_at)
            opened.note(uuid=accepted.uuid, recipients=accepted.recipients, credits=accepted.credits)
            return accepted

    def cancel(self, uuid: str) -> None:
        """See `Account.cancel`."""
        campaign, recipients = self._messages.get(uuid, (None, None))
        with span("cancel", campaign=campaign, recipients=recipients, uuid=uuid):
            self._account.cancel(uuid)

    def message(self, uuid: str) -> RemoteMessage | None:
        """See `Account.message`."""
        return self._account.message(uuid)

    def messages(
        self,
        *,
        page: int = 1,
        sender: str | None = None,
        remote_phase: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        leaves_out: bool = False,
    ) -> MessagePage:
        """See `Account.messages`."""
        return self._account.messages(
            page=page,
            sender=sender,
            remote_phase=remote_phase,
            created_from=created_from,
            created_to=created_to,
            leaves_out=leaves_out,
        )

    def recipients(
        self, uuid: str, *, after: int = 0, delivery_state: str | None = None, search: str | None = None
    ) -> RecipientPage:
        """See `Account.recipients`."""
        return self._account.recipients(uuid, after=after, delivery_state=delivery_state, search=search)

    def balance(self) -> int:
        """See `Account.balance`."""
        return self._account.balance()

    def senders(self) -> tuple[SenderName, ...]:
        """See `Account.senders`."""
        return self._account.senders()

    def preview(self, send: DesiredSend) -> Quote:
        """See `Account.preview`."""
        return self._account.preview(send)

    def server_time(self) -> datetime | None:
        """See `Account.server_time`."""
        return self._account.server_time()
