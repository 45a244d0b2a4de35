"""One JSON object a line (NDJSON, JSON Lines)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.batch import batches_of
from mesms_gitops.audience.sources.blocks import LONGEST_RECORD
from mesms_gitops.audience.sources.objects import DECODER, ObjectRows
from mesms_gitops.audience.sources.reader import Finding, Row, Unusable
from mesms_gitops.audience.sources.text_file import THAI_CODE_PAGE, label_of, open_text, thai_code_page_remark
from mesms_gitops.audience.sources.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from polars import DataFrame

    from mesms_gitops.model.campaign import ListSource


class NdjsonFile:
    """``{"phone": "08…", …}``, line by line. A file without a single line is no list: it is a failed export."""

    def __init__(self, source: ListSource) -> None:
        self._source = source
        self.label = label_of(source.location)
        self.remarks: list[Finding] = []

    def batches(self) -> Iterator[DataFrame]:
        """See ``Reader``."""
        return batches_of(self.rows(), len(self._source.variables))

    def rows(self) -> Iterator[Row]:
        """Each object, numbered by its line. Blank lines are no rows; see ``Reader``."""
        with open_text(self._source, self.label) as text:
            if text.encoding == THAI_CODE_PAGE:
                self.remarks.append(thai_code_page_remark(self._source.kind, self.label))
            yield from self._rows(text.lines)

    def _rows(self, lines: IO[str]) -> Iterator[Row]:
        objects = ObjectRows(Wanted.of(self._source), self._source.kind, self.label)
        empty = True
        for number, line in enumerate(iter(partial(lines.readline, LONGEST_RECORD + 1), ""), start=1):
            if len(line) > LONGEST_RECORD:
                raise Unusable(self._broken(number, f"it goes on for more than {LONGEST_RECORD:,} characters"))
            if line.strip():
                empty = False
                yield objects.row(number, self._parse(number, line))
        if empty:
            raise Unusable(
                Finding(codes.NO_ROWS, f"{self.label} is empty", self._source.kind, next_step="export it again")
            )
        objects.check()

    def _parse(self, number: int, line: str) -> object:
        try:
            return DECODER.decode(line)
        except ValueError as error:
            raise Unusable(self._broken(number, str(error))) from error
        except RecursionError as error:
            raise Unusable(self._broken(number, "it is nested too deeply")) from error

    def _broken(self, number: int, why: str) -> Finding:
        return Finding(
            codes.BROKEN,
            f"{self.label} is not NDJSON",
            key=self._source.kind,
            why=f"line {number}: {why}",
            next_step="write one whole object a line, or use `json:` if the file is one array",
        )
