"""Workbooks (.xlsx): every cell is what is stored in it, whatever its format shows.

A number that is shown as 6.68E+10 is read with all its digits; one that really lost them is not guessed. The library
is python-calamine: of the three that were tried it is the fastest (100,000 rows in 0.8 s), and it gives each cell its
own type.
"""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree
from xml.parsers import expat

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.batch import batches_of
from mesms_gitops.audience.sources.extras import lacking
from mesms_gitops.audience.sources.frames import phone_of, text_of
from mesms_gitops.audience.sources.outside import size_shown
from mesms_gitops.audience.sources.reader import Finding, Row, Unusable
from mesms_gitops.audience.sources.text_file import label_of, refuse_non_file
from mesms_gitops.audience.sources.wanted import Wanted
from mesms_gitops.audience.sources.workbook_scan import Scan, room_needed, scan, sheet_parts, unpacked_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polars import DataFrame

    from mesms_gitops.model.campaign import ListSource

LARGEST: Final = 1 << 30
"""Unpacked; the largest sheet there can be, a million rows of ten columns, has about half of it."""
MOST_CELLS: Final = 1 << 25
"""In the rectangle around everything on a sheet, empty ones too: the library makes room for each, 32 bytes."""
_OLD: Final = b"\xd0\xcf\x11\xe0"
_PROTECTED: Final = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet whose header stands in row ``header_row``; ``rows`` come after it."""

    name: str
    header: tuple[str, ...]
    header_row: int
    rows: Iterator[list[Any]]


class XlsxFile:
    """The one visible sheet of a workbook that has the columns; rows are numbered as the sheet numbers them."""

    def __init__(self, source: ListSource) -> None:
        self._source = source
        self._wanted = Wanted.of(source)
        self.label = label_of(source.location)
        self.remarks: list[Finding] = []

    def batches(self) -> Iterator[DataFrame]:
        """See ``Reader``. Blank rows are no rows."""
        return batches_of(self.rows(), len(self._wanted.names))

    def rows(self) -> Iterator[Row]:
        """Each row that has anything in it. See ``Reader``."""
        path = Path(self._source.location)
        with self._doors_closed():
            refuse_non_file(path, self._source.kind, self.label)
            self._check_format(path)
            book = self._library().CalamineWorkbook.from_path(str(path))
            sheet = self._chosen(book)
            self._look_closer(path, sheet)
            yield from self._rows(sheet)

    def _library(self) -> Any:
        try:
            import python_calamine
        except ImportError as error:
            raise lacking("workbooks", "xlsx", self._source.kind) from error
        return python_calamine

    @contextmanager
    def _doors_closed(self) -> Iterator[None]:
        """Turn every foreign exception into Unusable."""
        try:
            yield
        except Unusable:
            raise
        except zipfile.BadZipFile as error:
            raise Unusable(self._broken("the archive that it is cannot be unpacked")) from error
        except (
            ElementTree.ParseError,
            expat.ExpatError,
            zlib.error,
            KeyError,
            EOFError,
            zipfile.LargeZipFile,
        ) as error:
            raise Unusable(self._broken("a part of it cannot be read")) from error
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Unusable(Finding(codes.UNREADABLE, f"{self.label} cannot be read", self._source.kind, why)) from error
        except Exception as error:
            if "calamine" not in type(error).__module__:
                raise
            raise Unusable(self._broken("a part of it cannot be read")) from error

    def _check_format(self, path: Path) -> None:
        with path.open("rb") as raw:
            start = raw.read(64 << 10)
            if start.startswith(_OLD):
                raw.seek(0)
                is_protected = _PROTECTED in start or _PROTECTED in raw.read(16 << 20)
                if is_protected:
                    raise Unusable(self._broken("it is protected with a password", "save it without one"))
                raise Unusable(self._broken("it is an old workbook (.xls)", "save it as .xlsx"))
        if not start.startswith(b"PK"):
            raise Unusable(self._broken("its first bytes are not those of one"))
        with zipfile.ZipFile(path) as book:
            if "xl/workbook.xml" not in book.namelist():
                raise Unusable(self._broken("it is an archive of something else", "save it as .xlsx"))
            if unpacked_size(book) > LARGEST:
                why = f"unpacked it has more than {size_shown(LARGEST)}"
                raise Unusable(self._broken(why, "export it as CSV (UTF-8)"))

    def _chosen(self, book: Any) -> _Sheet:
        """The sheet to read: two that could both be meant are not guessed between."""
        visible = [one.name for one in book.sheets_metadata if _is_visible(one)]
        columns = {column for _, column in self._wanted.keys()}  # noqa: SIM118 (not a mapping)
        meant: list[_Sheet] = []
        first: tuple[str, ...] = ()
        self._refuse_vast(visible)
        for name in visible:
            sheet = _opened(book, name)
            first = first or sheet.header
            if columns.issubset(sheet.header):
                meant.append(sheet)
        if len(meant) > 1:
            raise Unusable(self._ambiguous([sheet.name for sheet in meant]))
        if not meant and not first:
            what = f"{self.label} is empty"
            raise Unusable(Finding(codes.NO_ROWS, what, self._source.kind, next_step="export it again"))
        self._wanted.check(meant[0].header if meant else first, self.label)
        return meant[0]

    def _refuse_vast(self, names: list[str]) -> None:
        """One lost cell in the last corner takes all the memory there is, and the process with it."""
        with zipfile.ZipFile(self._source.location) as book:
            parts = sheet_parts(book)
            for name in names:
                if (cells := room_needed(book, parts[name], MOST_CELLS)) > MOST_CELLS:
                    why = f"from its first cell to its last, sheet “{name}” has {cells:,}, most of them empty"
                    advice = "delete what stands far from the table, or export it as CSV (UTF-8)"
                    raise Unusable(self._broken(why, advice))

    def _rows(self, sheet: _Sheet) -> Iterator[Row]:
        wanted, at = self._wanted, sheet.header.index
        phone = at(wanted.phone)
        values = [at(column) for column in wanted.columns]
        where = [(at(column), allowed) for column, allowed in wanted.where]
        for number, cells in enumerate(sheet.rows, start=sheet.header_row + 1):
            if any(cell != "" for cell in cells):
                yield Row(
                    number,
                    phone_of(cells[phone]),
                    tuple(text_of(cells[index]) for index in values),
                    all(text_of(cells[index]) in allowed for index, allowed in where),
                )

    def _look_closer(self, path: Path, sheet: _Sheet) -> None:
        with zipfile.ZipFile(path) as book:
            found = scan(book, sheet_parts(book)[sheet.name])
        self._refuse_unvalued(found, sheet)
        if found.hidden:
            rows = "1 row is" if found.hidden == 1 else f"{found.hidden:,} rows are"
            self.remarks.append(
                Finding(
                    codes.HIDDEN_ROWS,
                    f"{self.label}: {rows} hidden in the sheet, and read all the same",
                    key=self._source.kind,
                    next_step="delete them or show them; `where` can filter",
                )
            )

    def _refuse_unvalued(self, found: Scan, sheet: _Sheet) -> None:
        findings = []
        for key, column in self._wanted.keys():  # noqa: SIM118 (not a mapping)
            letters = _letters(sheet.header.index(column))
            if cell := found.without_value.get(letters):
                what = f"{self.label} has a formula without a value in {cell}"
                why = f"a program wrote column “{column}”, and no spreadsheet has computed it yet"
                findings.append(Finding(codes.BROKEN, what, key, why, "open and save it in a spreadsheet"))
            if cell := found.errors.get(letters):
                what = f"{self.label} has an error in {cell}, as #N/A is one"
                why = f"what column “{column}” should hold there is not known"
                findings.append(Finding(codes.BROKEN, what, key, why, "mend the formula, or delete the row"))
        if findings:
            raise Unusable(*findings)

    def _ambiguous(self, names: list[str]) -> Finding:
        return Finding(
            codes.HEADER,
            f"{self.label} has {len(names)} sheets with these columns",
            key=self._source.kind,
            why=", ".join(f"“{name}”" for name in names[:5]) + ("" if len(names) <= 5 else ", …"),
            next_step="keep the one that is meant, hide the others, or export it as CSV (UTF-8)",
        )

    def _broken(self, why: str, next_step: str = "save it again, or export it as CSV (UTF-8)") -> Finding:
        return Finding(codes.BROKEN, f"{self.label} is not a usable workbook", self._source.kind, why, next_step)


def _is_visible(sheet: Any) -> bool:
    return str(sheet.typ).endswith("WorkSheet") and str(sheet.visible).endswith("Visible")


def _opened(book: Any, name: str) -> _Sheet:
    """The sheet called ``name``, from its first row on that has anything in it; no header if there is none."""
    sheet = book.get_sheet_by_name(name)
    if sheet.start is None:
        return _Sheet(name, (), 0, iter(()))
    first_row, first_column = sheet.start
    pad = [""] * first_column
    rows = (pad + row for row in sheet.iter_rows())
    for number, cells in enumerate(rows, start=1):
        if any(cell != "" for cell in cells):
            return _Sheet(name, tuple(text_of(cell).strip() for cell in cells), number, rows)
    return _Sheet(name, (), first_row, iter(()))


def _letters(index: int) -> str:
    """The name of a column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
