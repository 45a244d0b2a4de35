"""Results as Parquet and back: two columns, ascending by number, and in the file's own metadata what they are of.

``number`` is the subscriber number (0812345678 is 812345678) as an unsigned 32-bit integer, ``status`` an enumeration
of ME-SMS's words. Row groups carry the least and greatest number, so that one person is looked for in one group only.
``doubts`` in the metadata say why the rows are not to be relied on; as a rule there are none.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from mesms_gitops.errors import MesmsError, StateUnreadable
from mesms_gitops.model.results import Doubt, DoubtKind, Reading, ResultHead
from mesms_gitops.store.fields import Surprise, moment_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from polars import DataFrame, LazyFrame, Series

    from mesms_gitops.model.results import Results

FORM: Final = "1"
NUMBER: Final = "number"
STATUS: Final = "status"

_ROWS: Final = 1 << 17
"""In a row group: some half megabyte, unpacked in two milliseconds."""
_PREFIX: Final = "mesms."
_NEXT: Final = "delete this file: mesms-gitops report NAME --recipients FILE.csv reads the results anew"


class SendResults(NamedTuple):
    """What is kept of one send: what it says of itself, and both columns of `result_form`."""

    head: ResultHead
    frame: DataFrame


def frame_of(results: Results) -> DataFrame:
    """``results`` as both columns."""
    import polars as pl

    kind = pl.Enum(results.words)
    empty = pl.DataFrame(schema={NUMBER: pl.UInt32, STATUS: kind})
    # in pieces: making one of millions takes several times its own memory
    pieces = [empty]
    for start in range(0, len(results.codes), _ROWS):
        numbers = _column(results.numbers[start : start + _ROWS].tobytes(), pl.UInt32)
        states = _column(results.codes[start : start + _ROWS], pl.UInt8).cat.to(kind)
        pieces.append(pl.DataFrame({NUMBER: numbers, STATUS: states}))
    return pl.concat(pieces, rechunk=False)


def packed(frame: DataFrame, head: ResultHead) -> bytes:
    """A frame of both columns as a Parquet file."""
    tree = {
        "form": FORM,
        "campaign": head.campaign,
        "fingerprint": head.fingerprint,
        "uuid": head.uuid,
        "read_at": moment_text(head.read_at),
        "reading": head.reading.value,
        "forgotten": str(head.forgotten),
        "doubts": json.dumps([[doubt.kind.value, doubt.why] for doubt in head.doubts]),
    }
    with io.BytesIO() as stream:
        metadata = {_PREFIX + name: text for name, text in tree.items()}
        frame.write_parquet(stream, row_group_size=_ROWS, metadata=metadata)
        return stream.getvalue()


def read_head(source: IO[bytes]) -> ResultHead:
    """What a file says of itself. Raises `Surprise`."""
    import polars as pl

    try:
        said = {key.removeprefix(_PREFIX): text for key, text in pl.read_parquet_metadata(source).items()}
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Surprise("", "it is no Parquet file, or cut short") from error
    if said.get("form") != FORM:
        raise Surprise("", f"it has form {said.get('form', 'none')}, and this mesms-gitops knows form {FORM}")
    try:
        return ResultHead(
            campaign=said["campaign"],
            fingerprint=said["fingerprint"],
            uuid=said["uuid"],
            read_at=datetime.fromisoformat(said["read_at"]),
            reading=Reading(said["reading"]),
            forgotten=int(said["forgotten"]),
            doubts=tuple(Doubt(DoubtKind(kind), str(why)) for kind, why in json.loads(said["doubts"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Surprise("", "what it says of itself is not what this tool writes") from error


def rows(source: IO[bytes]) -> LazyFrame:
    """Both columns, unread. Raises `Surprise` where they are not there."""
    import polars as pl

    try:
        frame = pl.scan_parquet(source)
        schema = frame.collect_schema()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Surprise("", "it is no Parquet file, or cut short") from error
    if schema.names() != [NUMBER, STATUS] or schema[NUMBER] != pl.UInt32 or not isinstance(schema[STATUS], pl.Enum):
        raise Surprise("", "its columns are not those of results")
    return frame


def counts_of(frame: DataFrame) -> dict[str, int]:
    """People by delivery state, by name; a state that nobody has is left out."""
    import polars as pl

    counted = frame.group_by(STATUS).agg(pl.len()).with_columns(pl.col(STATUS).cast(pl.String))
    return dict(sorted(counted.rows()))


def in_states(frame: DataFrame, delivery_states: Collection[str]) -> DataFrame:
    """The rows of ``frame`` in one of the states. The words are not written out for millions of rows."""
    import polars as pl

    words = frame.schema[STATUS].categories.to_list()  # type: ignore[attr-defined]  # an Enum, as `rows` has seen to
    places = [place for place, word in enumerate(words) if word in delivery_states]
    return frame.filter(pl.col(STATUS).to_physical().is_in(places))


@contextmanager
def legible(path: Path) -> Iterator[None]:
    """Where what cannot be read becomes `MesmsError` with its place."""
    import polars as pl

    try:
        yield
    except (Surprise, pl.exceptions.PolarsError) as error:
        why = error.why if isinstance(error, Surprise) else "it is damaged, or was edited"
        raise StateUnreadable("delivery results cannot be read", where=str(path), why=why, next_step=_NEXT) from error
    except MesmsError as error:
        error.where = error.where or str(path)
        raise


def _column(body: bytes, kind: Any) -> Series:
    """``body`` as this machine holds numbers of that kind, one after the other."""
    import polars as pl

    array = pl.Array(kind, len(body) // (4 if kind == pl.UInt32 else 1))
    return pl.Series([body], dtype=pl.Binary).bin.reinterpret(dtype=array, endianness=sys.byteorder).explode()
