"""What hands may make of a state in rows: any mixture of what stood there at some time, and of what never did."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Top:
    """The columns of the head row that a commit writes."""

    lineage: str
    serial: int
    head: str
    stamp: str
    tally: str


COLUMNS = tuple(field.name for field in fields(Top))


@dataclass(frozen=True)
class Picture:
    """Head and rows at one moment. ``top`` is None where somebody deleted the head."""

    top: Top | None
    rows: Mapping[str, str]


@st.composite
def spoilt(draw, past: Sequence[Picture]) -> Picture:
    """The newest of ``past`` after some edits by hand: rows and columns of the head of any moment, or new ones."""
    picture = past[-1]
    names = sorted({"new", *(name for each in past for name in each.rows)})
    texts = sorted({'{"file": "f", "revision": 1}', *(text for each in past for text in each.rows.values())})
    edits = st.sampled_from(["row gone", "row put", "row as it was", "rows as they were", "head", "columns", "serial"])
    for edit in draw(st.lists(edits, min_size=1, max_size=4)):
        other = draw(st.sampled_from(past))
        rows = dict(picture.rows)
        name = draw(st.sampled_from(names))
        match edit:
            case "row gone":
                rows.pop(name, None)
            case "row put":
                rows[name] = draw(st.sampled_from(texts))
            case "row as it was":
                rows.pop(name, None)
                rows |= {name: other.rows[name]} if name in other.rows else {}
            case "rows as they were":
                rows = dict(other.rows)
            case "head":
                picture = replace(picture, top=draw(st.sampled_from([None, other.top])))
            case "columns" if picture.top is not None and other.top is not None:
                columns = draw(st.sets(st.sampled_from(COLUMNS)))
                picture = replace(
                    picture, top=replace(picture.top, **{each: getattr(other.top, each) for each in columns})
                )
            case "serial" if picture.top is not None:
                picture = replace(picture, top=replace(picture.top, serial=draw(st.integers(0, 9))))
            case _:
                pass
        picture = replace(picture, rows=rows)
    return picture
