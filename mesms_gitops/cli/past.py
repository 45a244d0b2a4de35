"""Earlier campaigns, as state, what is kept of their results, and the account tell them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from mesms_gitops.audience.sources.delivered import Told
from mesms_gitops.cli.doubted import doubtful_notes
from mesms_gitops.cli.later_reading import moment
from mesms_gitops.cli.listed_now import FEW, Listing, against
from mesms_gitops.errors import AnswerUnreadable, ApiRefusal, MesmsError
from mesms_gitops.model.delivery import DELIVERY_STATES, SUCCESS, DeliveryNote, is_settled
from mesms_gitops.model.numbers import COUNTRY_CODE
from mesms_gitops.model.results import still_open, will_stay
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.reconcile.doubts import beside_state
from mesms_gitops.store.result_form import NUMBER, counts_of, in_states

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from mesms_gitops.model.observation import RecipientPage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.reconcile.ports import Account
    from mesms_gitops.store.result_form import SendResults
    from mesms_gitops.store.results import ResultFolder

_UNKNOWN: Final = 404
PURGED: Final = "ME-SMS does not know the message any more (404)"


@dataclass(frozen=True, slots=True)
class RecordedPast:
    """See ``audience.sources.delivered.Past``. Campaigns may be read side by side, the account is asked by one."""

    state: State
    account: Account | None
    results: ResultFolder | None = None
    _turn: Lock = field(default_factory=Lock)
    _sends: dict[str, tuple[str, SendRecord]] = field(default_factory=dict)

    @property
    def can_be_asked(self) -> bool:
        """Whether there is an account."""
        return self.account is not None

    def left(self, campaign: str) -> tuple[str, ...] | None:
        """The messages of every revision that have left, in the order of state."""
        record = self._record(campaign)
        if record is None:
            return None
        return tuple(send.uuid for send in record.sends if send.uuid and send.is_final)

    def is_settled(self, campaign: str) -> bool:
        """Whether no message of it is on its way, unsettled or still to come, and nobody's result is."""
        record = self._record(campaign)
        return record is not None and all(map(is_settled, record.sends))

    def is_unsettled(self, campaign: str) -> bool:
        """Whether nobody knows of some message of it whether it was sent."""
        record = self._record(campaign)
        return record is not None and any(send.is_unsettled for send in record.sends)

    def is_to_come(self, campaign: str) -> bool:
        """Whether some message of it has not left yet."""
        record = self._record(campaign)
        return record is not None and any(send.phase is SendPhase.SCHEDULED for send in record.sends)

    def is_known(self, uuid: str) -> bool:
        """Whether what is kept here of a message can stand for asking: nothing new is to come, or it was purged."""
        _, send = self._send(uuid)
        return self._stands(self._kept(uuid), send)

    def told(self, uuid: str, delivery_states: Collection[str]) -> Told:
        """From what is kept where that will stay, else from ME-SMS; where that has no whole answer, from what is kept.

        Raises `ApiError` where ME-SMS has no whole answer and nothing is kept.
        """
        campaign, send = self._send(uuid)
        kept = self._kept(uuid)
        if kept is not None and self._stands(kept, send):
            return _from_kept(kept, send, delivery_states)
        try:
            return self._asked(send, uuid, delivery_states, kept)
        except AnswerUnreadable as error:
            if kept is None:
                raise _advised(campaign, error) from error
            return _from_kept(kept, send, delivery_states, error.why or error.what)
        except ApiRefusal as refusal:
            if refusal.status != _UNKNOWN:
                raise
            if kept is None:
                raise _gone(campaign, refusal) from refusal
            return _from_kept(kept, send, delivery_states)

    def _asked(self, send: SendRecord, uuid: str, delivery_states: Collection[str], kept: SendResults | None) -> Told:
        """What ME-SMS lists now. Raises `ApiError`, also where pages are not what it counts.

        Whoever got it after all is left out: who is listed as that on a page that was read or in what is ``kept``, and,
        where anything is in doubt or they are few, in lists that are read for that alone.
        """
        assert self.account is not None  # asked only where it can be
        listing = Listing(_OneByOne(self.account, self._turn), send, uuid)
        listing.read(delivery_states)
        others = against(delivery_states)
        is_odd = kept is not None and bool(kept.head.doubts)
        if is_odd or send.recipients <= FEW or any(_doubts_of(listing)):
            listing.read(others)
        got = listing.in_states(others)
        if kept is not None and SUCCESS in others:
            got |= dict.fromkeys(_msisdns(in_states(kept.frame, (SUCCESS,))[NUMBER]))
        found = listing.in_states(delivery_states)
        only = {msisdn: None for msisdn in found if msisdn not in got}
        doubts = list(dict.fromkeys(_doubts_of(listing)))
        if len(only) < len(found):
            doubts.append(f"{len(found) - len(only):,} are listed as {' or '.join(others)} as well, and are left out")
        return Told(only, tuple(doubts), has_all=not doubts)

    def _stands(self, kept: SendResults | None, send: SendRecord) -> bool:
        if kept is None:
            return False
        counts = counts_of(kept.frame)
        is_whole = will_stay(kept.head, counts, send) and not beside_state(send, counts, kept.head.forgotten)
        return DeliveryNote.PURGED in send.notes or is_whole

    def _kept(self, uuid: str) -> SendResults | None:
        """What is kept of a message; None where nothing is, or it cannot be opened."""
        if self.results is None:
            return None
        campaign, send = self._send(uuid)
        try:
            kept = self.results.kept(campaign, send.fingerprint)
        except MesmsError:
            return None  # what cannot be opened is asked for
        return kept if kept is not None and kept.head.uuid == uuid else None

    def _send(self, uuid: str) -> tuple[str, SendRecord]:
        if not self._sends:
            self._sends.update({send.uuid: (record.name, send) for record, send in self.state.sends() if send.uuid})
        return self._sends[uuid]

    def _record(self, campaign: str) -> CampaignRecord | None:
        record = self.state.campaigns.get(campaign)
        return self.state.campaigns.get(record.moved_to) if record is not None and record.moved_to else record


def _from_kept(kept: SendResults, send: SendRecord, delivery_states: Collection[str], why_not: str = "") -> Told:
    """Whom ``kept`` has in the states; ``why_not`` says why ME-SMS has no newer ones.

    Whoever ME-SMS listed as reached or pending as well is not among the others.
    """
    head, counts = kept.head, counts_of(kept.frame)
    found = in_states(kept.frame, delivery_states)[NUMBER]
    if head.doubts:
        others = in_states(kept.frame, against(delivery_states))[NUMBER]
        found = found.filter(~found.is_in(others.implode()))
    of_counts = list(_doubts_of_counts(send, counts))
    if head.has_all_reached:
        of_counts += beside_state(send, counts, head.forgotten)
    if not will_stay(replace(head, doubts=()), counts, send):
        why = why_not or PURGED
        of_counts.append(f"{why}; {still_open(counts):,} had no final result at the reading of {moment(head)}")
    doubts = dict.fromkeys((*(doubt.why for doubt in head.doubts), *of_counts))
    return Told(_msisdns(found), tuple(doubts), has_all=head.has_all_reached and not of_counts)


def _msisdns(numbers: Iterable[int]) -> Iterator[str]:
    return (f"{COUNTRY_CODE}{number:09d}" for number in numbers)


def _doubts_of(listing: Listing) -> Iterator[str]:
    yield from _doubts_of_counts(listing.send, listing.counts)
    yield from listing.doubts()


def _doubts_of_counts(send: SendRecord, counts: Mapping[str, int]) -> Iterator[str]:
    """What state's notes and the counts say against knowing who got it; a purge apart, which `told` knows better of."""
    yield from doubtful_notes([send], but=(DeliveryNote.PURGED,))
    strange = sum(count for word, count in counts.items() if word not in DELIVERY_STATES)
    if strange:
        yield f"{strange:,} have a status that the reference does not have"


def _gone(campaign: str, error: ApiRefusal) -> ApiRefusal:
    return ApiRefusal(
        PURGED,
        status=error.status,
        code=error.code,
        where=error.where,
        why="no results of it are kept on this machine, so who had which is not known",
        next_step="plan where .mesms/delivery has them, or name those people in a list of your own instead of "
        f"`delivery: {{campaign: {campaign}}}`; nothing was sent",
    )


def _advised(campaign: str, error: AnswerUnreadable) -> AnswerUnreadable:
    return AnswerUnreadable(
        error.what,
        where=error.where,
        why=error.why,
        next_step=f"try again; or keep what comes, marked as in doubt (mesms-gitops report {campaign} --recipients "
        "FILE.csv), and plan with that; nothing was sent",
    )


@dataclass(frozen=True, slots=True)
class _OneByOne:
    """The recipients of an account that one reader asks at a time."""

    account: Account
    turn: Lock

    def recipients(
        self, uuid: str, *, after: int = 0, delivery_state: str | None = None, search: str | None = None
    ) -> RecipientPage:
        with self.turn:
            return self.account.recipients(uuid, after=after, delivery_state=delivery_state, search=search)
