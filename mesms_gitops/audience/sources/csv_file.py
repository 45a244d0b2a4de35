"""Tables as text: CSV and its relatives with ``;``, tab or ``|``, as RFC 4180 and spreadsheets write them."""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, Final

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import Reason
from mesms_gitops.audience.sources.reader import Finding, Row, Unusable
from mesms_gitops.audience.sources.text_file import THAI_CODE_PAGE, label_of, open_text, thai_code_page_remark
from mesms_gitops.audience.sources.wanted import Wanted

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator
    from typing import IO

    from mesms_gitops.audience.sources.text_file import OpenedText
    from mesms_gitops.model.campaign import ListSource

DELIMITERS: Final = (",", ";", "\t", "|")


class CsvFile:
    """A table with a header row. Every cell is text; nothing is inferred."""

    def __init__(self, source: ListSource) -> None:
        self._source = source
        self._wanted = Wanted.of(source)
        self.label = label_of(source.location)
        self.remarks: list[Finding] = []

    def rows(self) -> Iterator[Row]:
        """Each record, numbered by the line it starts at. Blank lines are no rows; see ``Reader``."""
        with open_text(self._source, self.label) as text:
            if text.encoding == THAI_CODE_PAGE:
                self.remarks.append(thai_code_page_remark(self._source.kind, self.label))
            yield from self._rows(text)

    def _rows(self, text: OpenedText) -> Iterator[Row]:
        blank_lines, first = _first_line(text.lines)
        if not first:
            raise Unusable(
                Finding(codes.NO_ROWS, f"{self.label} is empty", self._source.kind, next_step="export it again")
            )
        if "\0" in first:
            raise Unusable(self._not_text())
        delimiter = sniff(first, self._wanted)
        table = csv.reader(chain((first,), text.lines), delimiter=delimiter, strict=True)
        try:
            header = [cell.strip() for cell in next(table)]
            self._wanted.check(header, self.label)
            yield from self._records(table, header, blank_lines)
        except csv.Error as error:
            raise Unusable(self._broken_quotes(table.line_num + blank_lines, error)) from error

    def _records(self, table: Reader, header: list[str], blank_lines: int) -> Iterator[Row]:
        wanted = self._wanted
        phone_at = header.index(wanted.phone)
        values_at = [header.index(column) for column in wanted.columns]
        where = [(header.index(column), allowed) for column, allowed in wanted.where]
        width = len(header)
        line = table.line_num + blank_lines
        for record in table:
            start, line = line + 1, table.line_num + blank_lines
            if len(record) != width:
                if any(record):
                    yield Row(start, "", fault=Reason.RAGGED)
                continue
            phone = record[phone_at]
            if not phone and not any(record):
                continue
            kept = all(record[at] in allowed for at, allowed in where) if where else True
            yield Row(start, phone, tuple([record[at] for at in values_at]), kept)

    def _broken_quotes(self, line: int, error: csv.Error) -> Finding:
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
    """The delimiter under which the header has most of the columns asked for, then most columns; ``,`` in doubt."""
    columns = {column for _, column in wanted.keys()}  # noqa: SIM118 (not a mapping)

    def merit(delimiter: str) -> tuple[int, int]:
        cells = [cell.strip() for cell in next(csv.reader([header], delimiter=delimiter), [])]
        return len(columns.intersection(cells)), len(cells)

    return max(DELIMITERS, key=merit)


def _first_line(lines: IO[str]) -> tuple[int, str]:
    """How many blank lines there are, and the first that is not; an empty string at the end of the file."""
    blank = 0
    while line := lines.readline():
        if line.strip():
            return blank, line
        blank += 1
    return blank, ""
