"""A block of a table, read by polars if and only if it means there what it means to `csv`.

Every doubt is an answer of None, and the block is read record by record: a quote that swallows lines, a row that is too
long or too short, a blank line, quotes in odd places. (A carriage return alone, in a file whose lines end otherwise, is
part of a cell here and the end of a row there; nobody is lost by it.) ``tests/audience/test_quick_csv.py`` holds both
to one answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from mesms_gitops.audience.rules import PHONE
from mesms_gitops.audience.sources.batch import FAULT, KEPT, ROW, value_column
from mesms_gitops.audience.sources.counting import MISTAKEN
from mesms_gitops.audience.sources.text_file import NotUtf8

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polars import DataFrame, Expr, LazyFrame

    from mesms_gitops.audience.sources.wanted import Wanted

_LINE: Final = "line"
_IS_OPEN: Final = "is_open"
_NO_CHARACTER: Final = "\x01"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the records of a table are laid out, and which cells are asked for."""

    delimiter: str
    width: int
    phone: int
    values: tuple[int, ...]
    where: tuple[tuple[int, frozenset[str]], ...]

    @classmethod
    def of(cls, header: Sequence[str], delimiter: str, wanted: Wanted) -> Layout:
        """The layout under ``header``, which has every column of ``wanted``."""
        return cls(
            delimiter,
            len(header),
            header.index(wanted.phone),
            tuple(header.index(column) for column in wanted.columns),
            tuple((header.index(column), allowed) for column, allowed in wanted.where),
        )


def quick_batch(block: bytes, first_line: int, line_ends: int, layout: Layout) -> DataFrame | None:
    """The rows of ``block``, whose first record is at ``first_line``; None where polars cannot be relied on.

    ``line_ends`` is how many line feeds it has. Raises NotUtf8.
    """
    if block.startswith(MISTAKEN) or b"\0" in block or _has_odd_quote(block, layout.delimiter):
        return None
    lines = line_ends + (not block.endswith(b"\n"))
    try:
        read = _wanted_cells(block, layout)
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError) as error:
        _refuse_bad_text(block, error)
        return None
    if read.height != lines:
        return None
    if read[_IS_OPEN].any() and not (_all_full(block, layout) and _none_blank(block, read, layout)):
        return None
    return read.drop(_IS_OPEN).with_columns(
        pl.int_range(first_line, first_line + lines, dtype=pl.Int64).alias(ROW),
        pl.lit(None, pl.String).alias(FAULT),
    )


def _table(block: bytes, layout: Layout) -> LazyFrame:
    """``block`` as it stands; a row with more cells than there are columns is an error when it is read."""
    return pl.scan_csv(
        block,
        has_header=False,
        separator=layout.delimiter,
        schema=dict.fromkeys(map(_cell, range(layout.width)), pl.String),
        empty_string_is_null=False,
        missing_columns="insert",
    )


def _cell(index: int) -> str:
    return f"cell{index}"


def _wanted_cells(block: bytes, layout: Layout) -> DataFrame:
    phone = pl.col(_cell(layout.phone))
    last = pl.col(_cell(layout.width - 1)).fill_null("")
    return (
        _table(block, layout)
        .select(
            phone.alias(PHONE),
            _kept(layout),
            *(pl.col(_cell(at)).alias(value_column(index)) for index, at in enumerate(layout.values)),
            (last == "").alias(_IS_OPEN),
        )
        .collect()
    )


def _has_odd_quote(block: bytes, delimiter: str) -> bool:
    """Whether a quote is left once every whole quoted cell is taken out: to polars it may mean what it never means."""
    if b'"' not in block:
        return False
    end = rb"[\r\n" + re.escape(delimiter.encode()) + rb"]"
    # it begins with the quote itself, so that the search leaps from one to the next
    whole = rb'"(?:(?<=' + end + rb'")|(?<=\A"))[^"]*+(?:""[^"]*+)*+"(?=' + end + rb"|\Z)"
    return b'"' in re.sub(whole, b"", block)


def _kept(layout: Layout) -> Expr:
    conditions = [pl.col(_cell(at)).is_in(sorted(allowed)) for at, allowed in layout.where]
    return pl.all_horizontal(pl.lit(True), *conditions).alias(KEPT)


def _refuse_bad_text(block: bytes, error: Exception) -> None:
    try:
        block.decode()
    except UnicodeDecodeError:
        raise NotUtf8 from error


def _all_full(block: bytes, layout: Layout) -> bool:
    """Whether every line, alone, is a record of exactly as many cells as there are columns."""
    lines = pl.scan_csv(
        block,
        has_header=False,
        separator=_NO_CHARACTER,
        quote_char=None,
        schema={_LINE: pl.String},
        empty_string_is_null=False,
        truncate_ragged_lines=True,
    )
    line, delimiter = pl.col(_LINE), re.escape(layout.delimiter)
    cell = rf'(?:"(?:[^"]|"")*"|[^"{delimiter}][^{delimiter}]*|)'
    full = rf"^(?:{cell}{delimiter}){{{layout.width - 1}}}{cell}\r?$"
    is_full = (
        pl.when(line.str.contains('"', literal=True))
        .then(line.str.contains(full))
        .otherwise(line.str.count_matches(layout.delimiter, literal=True) == layout.width - 1)
    )
    return bool(lines.select(is_full.all()).collect().item())


def _none_blank(block: bytes, read: DataFrame, layout: Layout) -> bool:
    """Whether every line has something in it."""
    if not read.select((pl.col(_IS_OPEN) & (pl.col(PHONE) == "")).any()).item():
        return True
    is_blank = pl.all_horizontal(pl.col(_cell(index)) == "" for index in range(layout.width))
    return not _table(block, layout).select(is_blank.any()).collect().item()
