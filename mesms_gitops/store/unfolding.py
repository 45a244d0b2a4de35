"""States of a chain as values, each at the cost of what changed in it: campaigns whose bytes are known are not read.

Whether that is right shows at once: what was put together must be the same bytes again when it is written. Where it is
not, the state is read in full and strictly, which says what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import MesmsError, StateError, StateRetired
from mesms_gitops.store.codec import Writer, decode

if TYPE_CHECKING:
    from mesms_gitops.model.state import CampaignRecord, State

_BEGIN: Final = b'\n  "campaigns": {\n'
_END: Final = b"\n  }"
_BETWEEN: Final = b'\n    },\n    "'
_ALONE: Final = b'{"campaigns": {\n%b\n}, "lineage": "one", "serial": 1, "version": 1}'


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A state, or why it is none. ``is_canonical``: it stands there byte for byte as this tool writes it."""

    state: State | None
    is_canonical: bool = False
    why: str | None = None
    where: str = ""
    moved_to: str | None = None


class Unfolder:
    """Reads one state after the other. Records that did not change are the same objects in each."""

    def __init__(self) -> None:
        self._known: dict[bytes, CampaignRecord] = {}
        self._writer = Writer()
        self._last: tuple[bytes, Unfolded] | None = None

    def unfolded(self, body: bytes) -> Unfolded:
        """The state in ``body``. Never raises for what stands there."""
        if self._last is not None and self._last[0] == body:
            return self._last[1]
        found = self._quickly(body) or self._strictly(body)
        self._last = body, found
        return found

    def _quickly(self, body: bytes) -> Unfolded | None:
        head, begin, rest = body.partition(_BEGIN)
        if not begin:
            return None
        inner, end, tail = rest.partition(_END)
        try:
            bare = decode(head + b'\n  "campaigns": {}' + tail)
            records = self._records(inner)
            state = _with(bare, records)
            if self._writer.encode(state) != body:
                return None
        except MesmsError:
            return None
        return Unfolded(state, is_canonical=bool(end))

    def _records(self, inner: bytes) -> dict[str, CampaignRecord]:
        parts = inner.split(_BETWEEN)
        last = len(parts) - 1
        known: dict[bytes, CampaignRecord] = {}
        for index, part in enumerate(parts):
            whole = (b'    "' if index else b"") + part + (b"\n    }" if index < last else b"")
            known[whole] = self._known.get(whole) or next(iter(decode(_ALONE % whole).campaigns.values()))
        self._known = known
        return {record.name: record for record in known.values()}

    def _strictly(self, body: bytes) -> Unfolded:
        try:
            state = decode(body, origin="")
        except StateRetired as retired:
            return Unfolded(None, why="the state was moved away", moved_to=retired.to)
        except StateError as error:
            return Unfolded(None, why=error.why or error.what, where=(error.where or "").lstrip(": "))
        state = self._sharing(state)
        try:
            is_canonical = self._writer.encode(state) == body
        except StateError:
            is_canonical = False
        return Unfolded(state, is_canonical=is_canonical)

    def _sharing(self, state: State) -> State:
        """``state`` with the records that are known already, where they are equal."""
        known = {record.name: record for record in self._known.values()}
        return _with(
            state,
            {name: known[name] if known.get(name) == record else record for name, record in state.campaigns.items()},
        )


def _with(state: State, records: dict[str, CampaignRecord]) -> State:
    return replace(state, campaigns=MappingProxyType(records))
