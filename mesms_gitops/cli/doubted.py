"""What is in doubt about results that are kept on this machine: found without opening the others, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import MesmsError
from mesms_gitops.model.delivery import DeliveryNote
from mesms_gitops.model.results import Doubt, DoubtKind
from mesms_gitops.views.delivery_notes import notes_of
from mesms_gitops.views.report_doubts import doubt_sentence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.results import ResultHead
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.store.results import ResultFolder

_MOST_SAID: Final = 5
"""Sentences about one campaign; one of thousands of sends could fill the screen."""


NOT_RELIED_ON: Final = frozenset(
    {DeliveryNote.MISCOUNTED, DeliveryNote.SHRANK, DeliveryNote.PURGED, DeliveryNote.CONTRADICTED}
)
"""Notes about the counts of a message that make it doubtful who got it."""


def doubtful_notes(sends: Iterable[SendRecord], but: Collection[DeliveryNote] = ()) -> tuple[str, ...]:
    """What state says of ``sends`` that makes it doubtful who got them: a sentence each. None of ``but``."""
    wanted = NOT_RELIED_ON.difference(but)
    told = (sentence for send in sends for note, sentence in notes_of(send) if note in wanted)
    return tuple(dict.fromkeys(told))


def doubts_in(place: Workplace, state: State, names: Collection[str] | None = None) -> Mapping[str, tuple[Doubt, ...]]:
    """The doubts about the results of each message, by its uuid; only of campaigns in ``names`` if any are named.

    A report is no reason to stop: where nothing can be listed, -v says so, and there are none.
    """
    results = place.results()
    try:
        found = results.doubtful()
    except MesmsError as error:
        place.teller.say(f"not looked at for doubts: {error.what} ({error.where})")
        return {}
    doubts: dict[str, tuple[Doubt, ...]] = {}
    for campaign, fingerprint in found:
        record = state.campaigns.get(campaign)
        if record is None or (names is not None and campaign not in names):
            continue
        uuids = {send.uuid for send in record.sends if send.fingerprint == fingerprint and send.uuid}
        doubts.update(dict.fromkeys(uuids, _of(results, campaign, fingerprint, uuids)))
    return {uuid: some for uuid, some in doubts.items() if some}


def _of(results: ResultFolder, campaign: str, fingerprint: str, uuids: Collection[str]) -> tuple[Doubt, ...]:
    try:
        head = results.head(campaign, fingerprint)
    except MesmsError as error:
        return (Doubt(DoubtKind.UNOPENED, f"why is not known, since they cannot be opened here ({error.what})"),)
    return head.doubts if head is not None and head.uuid in uuids else ()


def tell_doubts(place: Workplace, heads: Iterable[ResultHead]) -> bool:
    """Say on stderr what is in doubt, the first of each campaign; whether anything is."""
    by_campaign: dict[str, dict[str, None]] = {}
    for head in heads:
        said = by_campaign.setdefault(head.campaign, {})
        said.update(dict.fromkeys(map(doubt_sentence, head.doubts)))
    for campaign, said in by_campaign.items():
        for sentence in list(said)[:_MOST_SAID]:
            place.teller.note(f"{campaign}: {sentence}")
        if len(said) > _MOST_SAID:
            place.teller.note(f"{campaign}: and {len(said) - _MOST_SAID:,} more doubts")
    return any(by_campaign.values())
