"""Tables as text: CSV and its relatives with ``;``, tab or ``|``, as RFC 4180 and spreadsheets write them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import Reason, normalise
from mesms_gitops.audience.sources.batch import batch_of
from mesms_gitops.audience.sources.blocks import (
    LONGEST_RECORD,
    Endless,
    blocks,
    first_record_end,
    with_line_feeds,
)
from mesms_gitops.audience.sources.counting import line_ends_of
from mesms_gitops.audience.sources.quick_csv import Layout, quick_batch
from mesms_gitops.audience.sources.reader import Finding, Row, Unusable
from mesms_gitops.audience.sources.text_file import (
    THAI_CODE_PAGE,
    NotUtf8,
    label_of,
    open_utf8,
    thai_code_page_remark,
)
from mesms_gitops.audience.sources.wanted import Wanted

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Callable, Iterator

    from polars import DataFrame

    from mesms_gitops.model.campaign import ListSource

DELIMITERS: Final = (",", ";", "\t", "|")


class CsvFile:
    """A table with a header row. Every cell is text; nothing is inferred."""

    def __init__(self, source: ListSource) -> None:
        self._source = source
        self._wanted = Wanted.of(source)
        self.label = label_of(source.location)
        self.remarks: list[Finding] = []
        self._encoding: str | None = None

    def batches(self) -> Iterator[DataFrame]:
        """The records, numbered by the line each starts at. Blank lines are no rows; see ``Reader``."""
        with open_utf8(self._source, self.label, self._encoding) as text:
            if text.encoding == THAI_CODE_PAGE:
                self.remarks.append(thai_code_page_remark(self._source.kind, self.label))
            try:
                yield from self._batches(text.read)
            except NotUtf8:
                self._encoding = THAI_CODE_PAGE
                raise
            except Endless as error:
                raise Unusable(self._endless()) from error

    def _batches(self, read: Callable[[int], bytes]) -> Iterator[DataFrame]:
        records = blocks(with_line_feeds(read))
        first = _without_blank_lines(next(records, b""))
        if not first.block:
            raise Unusable(
                Finding(codes.NO_ROWS, f"{self.label} is empty", self._source.kind, next_step="export it again")
            )
        layout, first = self._header(first)
        line = first.line
        for block in chain((first.block,), records):
            if block:
                lines = line_ends_of(block)
                quick = quick_batch(block, line, lines, layout)
                yield self._exactly(block, line, layout) if quick is None else quick
                line += lines

    def _header(self, first: _Block) -> tuple[Layout, _Block]:
        """What the header row says, and what comes after it."""
        end = first_record_end(first.block)
        head = self._decoded(first.block[:end])
        if "\0" in head:
            raise Unusable(self._not_text())
        lines = io.StringIO(head, newline="")
        delimiter = sniff(lines.readline(), self._wanted)
        lines.seek(0)
        table = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            header = [cell.strip() for cell in next(table)]
        except csv.Error as error:
            raise Unusable(self._broken_record(table.line_num + first.line - 1, error)) from error
        self._wanted.check(header, self.label)
        rest = lines.read().encode() + first.block[end:]  # lone carriage returns end lines too
        return Layout.of(header, delimiter, self._wanted), _Block(rest, first.line + table.line_num)

    def _decoded(self, block: bytes) -> str:
        try:
            return block.decode()
        except UnicodeDecodeError as error:
            raise NotUtf8 from error

    def _exactly(self, block: bytes, line: int, layout: Layout) -> DataFrame:
        """The rows of ``block``, record by record."""
        lines = io.StringIO(self._decoded(block), newline="")
        table = csv.reader(lines, delimiter=layout.delimiter, strict=True)
        try:
            return batch_of(list(records(table, line, layout)), len(layout.values))
        except csv.Error as error:
            raise Unusable(self._broken_record(table.line_num + line - 1, error)) from error

    def _endless(self) -> Finding:
        return Finding(
            codes.BROKEN,
            f"{self.label} is not a table: a single row goes on for more than {LONGEST_RECORD >> 20} MiB",
            key=self._source.kind,
            next_step="look for a quote that is never closed; each row ends with a line end",
        )

    def _broken_record(self, line: int, error: csv.Error) -> Finding:
        if "field limit" in str(error):
            return Finding(
                codes.BROKEN,
                f"{self.label} is not a table: a cell has more than {csv.field_size_limit():,} characters",
                key=self._source.kind,
                why=f"noticed at line {line}",
                next_step="look for a quote that is never closed, or for another delimiter than , ; | and tab",
            )
        return Finding(
            codes.BROKEN,
            f"{self.label} has a quote that is never closed, or text after a closing one",
            key=self._source.kind,
            why=f"noticed at line {line}: {error}",
            next_step='double a quote inside a quoted field ("") and close every one',
        )

    def _not_text(self) -> Finding:
        return Finding(
            codes.ENCODING,
            f"{self.label} is in an encoding that is not known",
            key=self._source.kind,
            why="it has zero bytes, as UTF-16 without a byte order mark has",
            next_step="save it as UTF-8",
        )


def sniff(header: str, wanted: Wanted) -> str:
    """The delimiter under which the header has most of the columns asked for, then most columns; ``,`` in doubt.

    One that leaves a cell too long for `csv` is not it, unless all do: whoever reads the header next says so.
    """
    columns = {column for _, column in wanted.keys()}  # noqa: SIM118 (not a mapping)

    def merit(delimiter: str) -> tuple[int, int]:
        try:
            cells = [cell.strip() for cell in next(csv.reader([header], delimiter=delimiter), [])]
        except csv.Error:
            return 0, 0
        return len(columns.intersection(cells)), len(cells)

    return max(DELIMITERS, key=merit)


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole records; the first starts at ``line``."""

    block: bytes
    line: int


def _without_blank_lines(block: bytes) -> _Block:
    """``block`` from its first line on that is not blank."""
    start = line = 0
    while (end := block.find(b"\n", start)) >= 0 and not block[start:end].strip():
        start, line = end + 1, line + 1
    return _Block(block[start:] if start == 0 or block[start:].strip() else b"", line + 1)


def records(table: Reader, line: int, layout: Layout) -> Iterator[Row]:
    """Each record that has anything in it; ``line`` is where the first starts. Raises `csv.Error`."""
    before = line - 1
    start = line
    for record in table:
        begins, start = start, before + table.line_num + 1
        if start - begins > 1 and _takes_in_rows(record, layout):
            raise csv.Error(f"the row of line {begins} takes in others, with their numbers")
        if len(record) != layout.width:
            if any(record):
                yield Row(begins, "", fault=Reason.RAGGED)
            continue
        phone = record[layout.phone]
        if not phone and not any(record):
            continue
        kept = all(record[at] in allowed for at, allowed in layout.where)
        yield Row(begins, phone, tuple(record[at] for at in layout.values), kept)


def _takes_in_rows(record: list[str], layout: Layout) -> bool:
    """Whether a cell of ``record`` holds whole rows: then a stray quote hides people, and another one ends it."""
    return any(
        _is_row(line, at if first else 0, layout) for at, cell in enumerate(record) for first, line in _lines(cell)
    )


def _lines(cell: str) -> Iterator[tuple[bool, str]]:
    """The lines of a cell that has several, and whether each is the first."""
    lines = cell.splitlines()
    return ((place == 0, line) for place, line in enumerate(lines)) if len(lines) > 1 else iter(())


def _is_row(line: str, before: int, layout: Layout) -> bool:
    """Whether ``line``, after ``before`` cells, fills the row up and has a good number in the place for it."""
    cells = line.split(layout.delimiter)
    place = layout.phone - before
    return len(cells) + before == layout.width > 1 and place >= 0 and not isinstance(normalise(cells[place]), Reason)
