"""A JSON array of objects, one a recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.batch import batches_of
from mesms_gitops.audience.sources.objects import DECODER, ObjectRows
from mesms_gitops.audience.sources.reader import Finding, Row, Unusable
from mesms_gitops.audience.sources.text_file import THAI_CODE_PAGE, label_of, open_text, thai_code_page_remark
from mesms_gitops.audience.sources.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polars import DataFrame

    from mesms_gitops.model.campaign import ListSource

LONGEST: Final = 512 << 20
"""Characters of an array: several millions of recipients. In memory it is some five times as large."""


class JsonFile:
    """``[{"phone": "08…", …}, …]``. The whole of it is in memory while it is read, so it is bounded; NDJSON is not."""

    def __init__(self, source: ListSource) -> None:
        self._source = source
        self.label = label_of(source.location)
        self.remarks: list[Finding] = []

    def batches(self) -> Iterator[DataFrame]:
        """See ``Reader``."""
        return batches_of(self.rows(), len(self._source.variables))

    def rows(self) -> Iterator[Row]:
        """Each object, numbered from 1. See ``Reader``."""
        objects = ObjectRows(Wanted.of(self._source), self._source.kind, self.label)
        for number, parsed in enumerate(self._parse(self._read()), start=1):
            yield objects.row(number, parsed)
        objects.check()

    def _read(self) -> str:
        with open_text(self._source, self.label) as text:
            if text.encoding == THAI_CODE_PAGE:
                self.remarks.append(thai_code_page_remark(self._source.kind, self.label))
            whole = text.lines.read(LONGEST + 1)
        if len(whole) > LONGEST:
            raise Unusable(
                Finding(
                    codes.BROKEN,
                    f"{self.label} is too long to be read as one array",
                    key=self._source.kind,
                    why=f"it has more than {LONGEST:,} characters, and all of them would be in memory at once",
                    next_step="export it as NDJSON and name it with `ndjson:`, which is read line by line",
                )
            )
        return whole

    def _parse(self, text: str) -> list[object]:
        try:
            parsed = DECODER.decode(text)
        except ValueError as error:
            raise Unusable(self._broken(str(error))) from error
        except RecursionError as error:
            raise Unusable(self._broken("it is nested too deeply")) from error
        if not isinstance(parsed, list):
            raise Unusable(self._broken("its outermost value is not an array"))
        return parsed

    def _broken(self, why: str) -> Finding:
        return Finding(
            codes.BROKEN,
            f"{self.label} is not a JSON array of objects",
            key=self._source.kind,
            why=why,
            next_step="export it again, or use `ndjson:` if each line is an object",
        )
