"""What a person may do to the stored state by hand (``state push``, ``mv``, ``rm``): never at people's cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import PersonNeeded, StateError, UsageError
from mesms_gitops.store.rules import NAME

if TYPE_CHECKING:
    from mesms_gitops.model.state import CampaignRecord, State

_NAMED = 5
"""Campaigns that an error names."""


def merged(stored: State, pushed: State, *, force: bool) -> State:
    """``pushed`` as it may follow ``stored``: who asked to be forgotten stays forgotten, whatever the file says.

    Equal to ``stored`` if there is nothing to do. Raises `StateError` for another lineage, and without ``force`` also
    for an older serial, for another content under the same serial, and where a message of ``stored`` is missing: two
    states of one lineage may have grown apart (see `store.lineage`), and then a serial tells nothing.
    """
    if pushed.lineage != stored.lineage:
        raise StateError(
            "this state belongs to another lineage",
            why=f"stored is {stored.lineage}, the file's is {pushed.lineage}; not even force puts one over the other",
            next_step="push the state of this project; or move the stored one away first, if it really is to go",
        )
    if pushed == replace(stored, suppressed=pushed.suppressed) and set(pushed.suppressed) <= set(stored.suppressed):
        return stored
    if not force:
        _check_serial(stored, pushed)
        _check_messages(stored, pushed)
    return replace(pushed, serial=stored.serial + 1, suppressed=_suppressed(stored, pushed))


def _check_serial(stored: State, pushed: State) -> None:
    if pushed.serial < stored.serial:
        raise StateError(
            "this state is older than the stored one",
            why=f"its serial is {pushed.serial}, stored is {stored.serial}: sends made since would be forgotten",
            next_step="pull the stored state and look at both; --force if the older one is right",
        )
    if pushed.serial == stored.serial:
        raise StateError(
            "this state has the serial of the stored one, and is not equal to it",
            why=f"both are of serial {stored.serial}: one of them was edited",
            next_step=f"if this edit is meant, write serial {stored.serial + 1} into it (or --force)",
        )


def _check_messages(stored: State, pushed: State) -> None:
    """Raise `StateError` where ``pushed`` does not know a message that somebody got, or may yet get."""
    uuids = {send.uuid for _, send in pushed.sends()}
    keys = {(campaign.name, send.revision, send.fingerprint) for campaign, send in pushed.sends()}
    missing = [
        campaign.name
        for campaign, send in stored.sends()
        if send.is_live or send.is_final or send.is_unsettled
        if (send.uuid not in uuids if send.uuid else (campaign.name, send.revision, send.fingerprint) not in keys)
    ]
    if missing:
        names = ", ".join(sorted(set(missing))[:_NAMED])
        raise StateError(
            f"this state lacks {len(missing)} of the messages that are recorded",
            where=f"state: {names}",
            why="what is forgotten is sent again, to people who have it, and can no longer be cancelled",
            next_step="pull the stored state and put its campaigns into this one; --force to forget them all the same",
        )


def _suppressed(stored: State, pushed: State) -> tuple[str, ...]:
    missing = set(stored.suppressed) - set(pushed.suppressed)
    if missing and stored.hash_key != pushed.hash_key:
        raise StateError(
            "this state cannot keep whom the stored one has forgotten",
            why=f"{len(missing)} people are recognised under the key {stored.hash_key}, the file's is "
            f"{pushed.hash_key}: under another key they would be texted again",
            next_step="push a state that was made with the same MESMS_HASH_KEY",
        )
    return tuple(sorted({*stored.suppressed, *pushed.suppressed}))


def check_new(new: str, record: CampaignRecord, standing: CampaignRecord | None) -> None:
    """Raise `UsageError` if ``record`` cannot take the name ``new``, under which ``standing`` is recorded.

    A name that is reserved for ``record`` itself, since it was moved from there, it may take back.
    """
    if not NAME.fullmatch(new):
        why = "a name is a-z, 0-9 and -, at most 63, and begins with a letter or digit"
        raise UsageError(f"{new} is no campaign name", where="NEW", why=why, next_step="choose another name")
    if record.moved_to is not None:
        step = f"mesms-gitops state mv {record.moved_to} {new}"
        raise UsageError(f"{record.name} was moved to {record.moved_to} before", where="OLD", next_step=step)
    if standing is not None and standing.moved_to != record.name:
        raise UsageError(f"state already knows a campaign {new}", where="NEW", next_step="choose another name")


def check_unheld(record: CampaignRecord) -> None:
    """Raise `PersonNeeded` if to forget ``record`` could text people again."""
    held = [send for send in record.sends if send.is_live or send.is_unsettled]
    if held:
        raise PersonNeeded(
            f"{record.name} has {len(held)} messages that are live or unknown",
            where=f"state: {record.name}",
            why="once forgotten, the same manifest would text the same people again",
            next_step="delete its manifest and apply, which cancels what can be; --force to forget it all the same",
        )
