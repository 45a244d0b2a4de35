"""What ME-SMS lists now of one message, in a few delivery states, and what does not add up about that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.delivery import PENDING, SUCCESS
from mesms_gitops.model.numbers import subscriber_of
from mesms_gitops.reconcile.cursor import broken, pages
from mesms_gitops.reconcile.doubts import beside_state

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.reconcile.ports import Recipients

FEW: Final = 1_000
"""Recipients: twenty pages, so few that whoever was reached is read beside those who were not."""


def against(delivery_states: Collection[str]) -> tuple[str, ...]:
    """The states of those who got the message or still may, where others were asked for."""
    if SUCCESS in delivery_states:
        return ()
    return tuple(state for state in (SUCCESS, PENDING) if state not in delivery_states)


@dataclass(slots=True)
class Listing:
    """The recipients of one message as far as they were listed, by the state beside their number."""

    account: Recipients
    send: SendRecord
    uuid: str
    rows: dict[str, dict[str, None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    counts: Mapping[str, int] = field(default_factory=dict)

    def read(self, delivery_states: Iterable[str]) -> None:
        """List those in each of the states. Raises `ApiError`, also where they are not as many as counted."""
        # whoever is reached meanwhile stands in the first list, not in none
        for delivery_state in sorted(delivery_states, key=lambda state: state != PENDING):
            self._read(delivery_state)
        if not self._accounts(self.counts):
            # that the counts on a page are of all, whatever it is filtered by, is nowhere promised
            self.counts = self.account.recipients(self.uuid).summary or self.counts

    def _accounts(self, counts: Mapping[str, int]) -> bool:
        return sum(counts.values()) == (self.send.recipients or sum(self.send.delivery.values()))

    def _read(self, delivery_state: str) -> None:
        counted = set()
        for page in pages(self.account, self.uuid, delivery_state, recipients=self.send.recipients):
            for msisdn, found in page.rows:
                self.rows.setdefault(found, {})[msisdn] = None
            if page.summary:
                self.counts = page.summary
                counted.add(page.summary.get(delivery_state, 0))
        many = len(self.in_states([delivery_state]))
        # counts may move while pages are read; whoever is missing could be texted twice by `except_reached_by`
        if counted and not min(counted) <= many <= max(counted):
            raise broken(self.uuid, f"{many:,} recipients are listed as {delivery_state}, and {max(counted):,} counted")
        self.asked.append(delivery_state)

    def in_states(self, delivery_states: Iterable[str]) -> dict[str, None]:
        """Whoever is listed in one of the states, each once."""
        return {msisdn: None for state in delivery_states for msisdn in self.rows.get(state, ())}

    def doubts(self) -> Iterator[str]:
        """Why these may not be all that there are: a sentence each."""
        # whoever is counted as reached and not listed would not be left out
        by_rows = [state for state in self.asked if state == SUCCESS or not self.counts]
        yield from beside_state(
            self.send, {**self.counts, **{state: len(self.in_states([state])) for state in by_rows}}
        )
        nobody = sum(subscriber_of(msisdn) is None for rows in self.rows.values() for msisdn in rows)
        if nobody:
            yield f"rows name no Thai number ({nobody:,})"
