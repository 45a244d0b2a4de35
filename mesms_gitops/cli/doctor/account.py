"""What ME-SMS answers to this key. Reads alone: nothing is sent, and not even a price is asked unless it is wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mesms_gitops.api.verdicts import CHECK_ADDRESS
from mesms_gitops.cli.doctor.listing import listing_lines
from mesms_gitops.cli.doctor.looking import fail, failed, looked, ok, warn
from mesms_gitops.errors import AnswerUnreadable, ApiRefusal, MesmsError, NoAnswer, NotMesms
from mesms_gitops.views.layout import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.api.witness import Witness
    from mesms_gitops.cli.wiring import SystemClock
    from mesms_gitops.model.doctor import CheckLine
    from mesms_gitops.model.project import Project
    from mesms_gitops.model.state import State

CLOCK_TOLERANCE: Final = 60.0
"""Seconds that this machine's clock may be off before it is worth a word."""
NOBODY: Final = "00000000-0000-4000-8000-000000000000"
"""The uuid of no message."""
_RATE: Final = ("ratelimit", "rate-limit", "retry-after", "quota", "throttl")


@dataclass(frozen=True, slots=True)
class AccountLook:
    """Everything about one account. ``state`` is None where it could not be read."""

    project: Project
    account: MesmsClient
    witness: Witness
    state: State | None
    clock: SystemClock
    asks_price: bool = False

    def lines(self) -> Iterator[CheckLine]:
        """The balance first: if nobody answers that, nothing else is asked."""
        first = self._balance()
        yield first
        if first.check in ("key.accepted", "account.reached") or not self.witness.has_seen_json:
            yield warn("account", "nothing else was asked of the account", "mend the line above, and look again")
            return
        yield from looked("account.senders", self._senders)
        yield self._clock()
        yield from looked("account.listing", lambda: listing_lines(self.account, self.state))
        yield self._unknown()
        if self.asks_price:
            yield from looked("account.price", self._price)
        yield self._scope()
        yield self._rate()

    def _balance(self) -> CheckLine:
        url = self.project.api.base_url
        try:
            credits_ = self.account.balance()
        except ApiRefusal as refusal:
            if refusal.status == 403:
                advice = "reading needs no scope by the reference: use a key of this account (Settings -> API Keys)"
                return fail("key.accepted", f"key: {refusal.what}, reading its balance (HTTP 403)", advice)
            if refusal.status == 404:
                found = f"account: there is no balance at {url} ({refusal.what}; HTTP 404)"
                return fail("account.reached", found, f"{CHECK_ADDRESS}: it ends in /api/v2", url)
            return failed("key.accepted", refusal)
        except NotMesms as error:
            return failed("account.reached", error)
        except AnswerUnreadable as error:
            line = failed("account.balance", error)
            return line if self.witness.has_seen_json else replace(line, next_step=CHECK_ADDRESS)
        except MesmsError as error:
            is_of_account = isinstance(error, NoAnswer) and (error.status or 0) >= 500
            return failed("account.balance" if is_of_account else "account.reached", error)
        return ok("account.balance", f"key and balance: {credits_:,} credits at {url}", url)

    def _senders(self) -> Iterator[CheckLine]:
        senders = self.account.senders()
        approved = [sender.name for sender in senders if sender.approved]
        if not approved:
            yield fail("account.senders", "no sender is approved", "ask for one on the Senders page of ME-SMS")
        else:
            yield ok("account.senders", f"approved senders: {', '.join(approved)}", *approved)
        missing = [name for name in self.project.policy.senders or () if name not in approved]
        if missing:
            found = f"policy.senders allows {', '.join(missing)}, not approved on this account"
            advice = (
                "a campaign of such a sender is refused: ask for it on the Senders page, or take it out of the policy"
            )
            yield warn("policy.senders", found, advice, *missing)

    def _clock(self) -> CheckLine:
        there = self.account.server_time()
        if there is None:
            advice = "keep this machine's clock right (NTP)"
            return warn("account.clock", "ME-SMS sends no Date: this machine's clock decides what has passed", advice)
        off = (self.clock.now() - there).total_seconds()
        if abs(off) > CLOCK_TOLERANCE:
            found = (
                f"this machine's clock is {_span(off)} {'ahead of' if off > 0 else 'behind'} ME-SMS's, which is used"
            )
            return warn("account.clock", found, "set the clock: `validate` and schedules are judged by it")
        return ok("account.clock", "clock: within a minute of ME-SMS's")

    def _unknown(self) -> CheckLine:
        """How a message that nobody knows is refused: recovery rests on telling that from a broken answer."""
        try:
            found = self.account.message(NOBODY)
        except MesmsError as error:
            advice = "report this with --bundle: a message that is gone cannot be told from an answer that is lost"
            return warn("account.errors", f"asked for a message that does not exist: {error.what}", advice)
        if found is not None:
            return fail("account.errors", "a message that does not exist was answered", "report this with --bundle")
        return ok("account.errors", "errors: a message that does not exist is a documented 404")

    def _price(self) -> Iterator[CheckLine]:
        from mesms_gitops.cli.doctor.sample import sample_send

        quote = self.account.preview(sample_send(self._sender()))
        found = f"price: one short message costs {counted(quote.credits, 'credit')} (preview-cost: nothing was sent)"
        yield ok("account.price", found)

    def _sender(self) -> str:
        allowed = self.project.policy.senders
        return allowed[0] if allowed else "doctor"

    def _scope(self) -> CheckLine:
        sent = max(
            (send.intended_at for _, send in self.state.sends() if send.uuid) if self.state is not None else (),
            default=None,
        )
        if sent is not None:
            found = f"a send of ours was accepted on {sent:%Y-%m-%d}, with the key of that day"
            return ok("key.scope", f"scope: ME-SMS does not tell it; {found}")
        return warn(
            "key.scope",
            "scope: ME-SMS does not tell whether this key may send, and trying would send",
            "for apply, look at Settings -> API Keys: the scope is sms:send or *; plan needs none",
        )

    def _rate(self) -> CheckLine:
        names = [name for name in self.witness.met().headers if any(word in name for word in _RATE)]
        if names:
            return ok("account.rate", f"rate headers: {', '.join(names)}")
        rate = self.project.api.requests_per_second
        return ok(
            "account.rate", f"rate headers: none; requests are kept at {rate:g} a second, and a 429 is waited out"
        )


def _span(seconds: float) -> str:
    seconds = abs(seconds)
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return counted(round(seconds / size), noun)
    return counted(round(seconds), "second")
