"""A `State` as rows and back: a head, and one row a campaign, so that a commit costs the rows it changes.

A row's text is what `codec` writes of that campaign, on one line; the head's is the rest of the state but lineage and
serial, which have columns of their own. Reading puts the rows together and gives them to `codec.decode`, so that a
database is read as strictly as a file, and equal states are equal bytes whichever backend they were kept in.

What changed is found by identity: records are frozen, so one that is the same object is the same record. Every row that
a commit touches must still read as this instance last read or wrote it, which a SHA-256 of its text tells; all rows
together must read as they were committed, which the head's tally tells (see `tally`).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import compress, islice
from operator import is_not
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError
from mesms_gitops.model.state import State
from mesms_gitops.store.codec import encode
from mesms_gitops.store.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mesms_gitops.model.state import CampaignRecord

CHUNK = 500
"""Campaigns that are decoded, or encoded, together: enough to make the rest cheap, few enough to hold as text."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head row. ``stamp`` was drawn by the commit that wrote it; ``moved_to`` is set once the state was retired.

    ``tally`` is what the commit said of its rows, ``noted`` the serial of the newest line of the journal: None where it
    has no line.
    """

    lineage: str
    serial: int
    text: str
    stamp: str
    tally: str
    moved_to: str | None = None
    noted: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the journal: which run did what to which campaign; None for the state as a whole."""

    campaign: str | None
    run: str | None
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """One commit. ``touched`` are the rows that must read as their digest says, None for one that must not stand.

    ``head_before`` is the digest of the head's text, ``tally_before`` what stands beside it; both are None for the
    first commit of all, which stands on no head.
    """

    lineage: str
    expected: int
    serial: int
    stamp: str
    head: str
    head_before: bytes | None
    tally: str
    tally_before: str | None
    touched: Mapping[str, bytes | None]
    put: Mapping[str, str]
    gone: tuple[str, ...]
    notes: tuple[Note, ...]


def digest(text: str) -> bytes:
    """What a row is compared by."""
    return sha256(text.encode("utf-8")).digest()


class Known:
    """What an instance last read or wrote: the state, and of every row the digest of its text."""

    def __init__(self, state: State, head: str | None, rows: dict[str, bytes], tally: Tally) -> None:
        """``head`` is the text of the head row, None where none stands; ``tally`` is that of ``rows``."""
        self.state = state
        self._head = head
        self._rows = rows
        self._tally = tally
        self._uuids = {name: _uuids(record) for name, record in state.campaigns.items()}
        self._claims = {uuid: name for name, uuids in self._uuids.items() for uuid in uuids}

    @classmethod
    def nothing(cls, lineage: str) -> Known:
        """What is known of a place where no state stands."""
        return cls(State(lineage), None, {}, Tally())

    def change(self, state: State, stamp: str) -> Change:
        """What makes ``state`` of what is known. Raises `StateError` if it breaks a rule of `codec`."""
        altered, gone = _difference(self.state.campaigns, state.campaigns)
        texts = dict(_row_texts(altered))
        self._check_claims(altered, gone)
        put = {name: text for name, text in texts.items() if self._rows.get(name) != digest(text)}
        head = self._head_text(state)
        tally = self._tally_with(put, gone)
        return Change(
            lineage=state.lineage,
            expected=self.state.serial,
            serial=state.serial,
            stamp=stamp,
            head=head,
            head_before=None if self._head is None else digest(self._head),
            tally=tally.sealed(state.lineage, state.serial, digest(head)),
            tally_before=self._sealed(),
            touched={name: self._rows.get(name) for name in (*texts, *gone)},
            put=put,
            gone=gone,
            notes=tuple(_notes(self.state, state, (*put, *gone), is_head_new=head != self._head)),
        )

    def _tally_with(self, put: Mapping[str, str], gone: tuple[str, ...]) -> Tally:
        replaced = ((name, self._rows[name]) for name in (*put, *gone) if name in self._rows)
        return self._tally.moved(replaced, ((name, digest(text)) for name, text in put.items()))

    def _sealed(self) -> str | None:
        if self._head is None:
            return None
        return self._tally.sealed(self.state.lineage, self.state.serial, digest(self._head))

    def _check_claims(self, altered: Mapping[str, CampaignRecord], gone: tuple[str, ...]) -> None:
        """`codec` sees to it within ``altered``; here, that none of them claims what another campaign still does."""
        leaving = {*gone, *altered}
        for name, record in altered.items():
            for uuid in _uuids(record):
                owner = self._claims.get(uuid)
                if owner is not None and owner not in leaving:
                    raise StateError(
                        "this state must not be written; the recorded one is unchanged",
                        where=f"campaigns.{name}",
                        why=f"{owner} and {name} claim the same message {uuid}",
                        next_step="this is a fault in mesms-gitops: please report it with the line above",
                    )

    def _head_text(self, state: State) -> str:
        mine = self.state
        # by identity, as for campaigns: an approval may hold a thousand digests
        same = state.approval is mine.approval and state.suppressed is mine.suppressed
        if self._head is not None and same and state.hash_key == mine.hash_key:
            return self._head
        tree = json.loads(encode(replace(state, campaigns=MappingProxyType({}))))
        return line({key: value for key, value in tree.items() if key not in ("campaigns", "lineage", "serial")})

    def written(self, state: State, change: Change) -> None:
        """``change``, which made ``state``, is durable."""
        self._tally = self._tally_with(change.put, change.gone)
        for name in (*change.put, *change.gone):
            self._rows.pop(name, None)
            for uuid in self._uuids.pop(name, ()):
                self._claims.pop(uuid, None)
        # a message may have changed hands within this commit: all are let go before any is claimed
        for name, text in change.put.items():
            self._rows[name] = digest(text)
            self._uuids[name] = _uuids(state.campaigns[name])
            self._claims |= dict.fromkeys(self._uuids[name], name)
        self._head = change.head
        self.state = state


def _uuids(record: CampaignRecord) -> tuple[str, ...]:
    return tuple(send.uuid for send in record.sends if send.uuid)


def _difference(
    before: Mapping[str, CampaignRecord], after: Mapping[str, CampaignRecord]
) -> tuple[dict[str, CampaignRecord], tuple[str, ...]]:
    """The records of ``after`` that are not the very ones of ``before``, and the names that are gone."""
    # the common case first, without a look-up a campaign: the same names in the same order, new ones at the end
    if len(after) >= len(before):
        is_other = list(map(is_not, before.values(), after.values()))
        odd = list(compress(after, is_other))
        if odd == list(compress(before, is_other)):
            return {name: after[name] for name in (*odd, *islice(after, len(before), None))}, ()
    altered = {name: record for name, record in after.items() if before.get(name) is not record}
    return altered, tuple(name for name in before if name not in after)


def _row_texts(records: Mapping[str, CampaignRecord]) -> Iterator[tuple[str, str]]:
    pending = iter(records.items())
    while chunk := dict(islice(pending, CHUNK)):
        tree = json.loads(encode(State("rows", campaigns=MappingProxyType(chunk))))
        for name, campaign in tree["campaigns"].items():
            yield name, line(campaign)


def line(tree: object) -> str:
    """``tree`` as JSON on one line, keys sorted."""
    return json.dumps(tree, ensure_ascii=False, sort_keys=True)


def _notes(before: State, after: State, names: Iterable[str], *, is_head_new: bool) -> Iterator[Note]:
    noted = False
    for name in names:
        yield _note(name, before.campaigns.get(name), after.campaigns.get(name))
        noted = True
    if is_head_new or not noted:
        yield Note(None, _plain(after.approval.run) if after.approval else None, "head")


def _note(name: str, before: CampaignRecord | None, after: CampaignRecord | None) -> Note:
    if after is None:
        return Note(name, None, "forgotten")
    known = {(send.revision, send.fingerprint): send for send in before.sends} if before else {}
    fresh = [send for send in after.sends if known.get((send.revision, send.fingerprint)) != send]
    if not fresh:
        return Note(name, None, "changed" if before else "new")
    newest = fresh[-1]
    run = newest.cancel.run if newest.cancel else newest.run
    counts = Counter(str(send.phase.value) for send in fresh)
    return Note(name, _plain(run), ", ".join(f"{count} {phase}" for phase, count in sorted(counts.items())))


def _plain(run: str) -> str:
    # a database may refuse a text that a file takes; what is noted of a commit must not stop it
    return "".join(each if each.isprintable() else "?" for each in run)
