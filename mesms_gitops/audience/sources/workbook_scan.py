"""What a sheet's XML says and a library keeps to itself: hidden rows, formulas without a value, cells with an error."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final
from xml.etree import ElementTree
from xml.parsers import expat

if TYPE_CHECKING:
    import zipfile

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 16
_TELL_TALES: Final = (b"f>", b"f ", b"f/>", b'hidden="', b't="e"')
_HEAD: Final = 1 << 16
_CLAIM: Final = re.compile(rb'<(?:\w+:)?dimension\s+ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
_PLACE: Final = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")
_RELATIONS: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATIONS: Final = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


@dataclass(slots=True)
class Scan:
    """``hidden`` is how many rows nobody sees; cells are named ``B13`` and keyed by their column, the first of each."""

    hidden: int = 0
    without_value: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def unpacked_size(book: zipfile.ZipFile) -> int:
    """How large the parts of ``book`` say they are."""
    return sum(part.file_size for part in book.infolist())


def sheet_parts(book: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> the name of its part. Raises KeyError and ElementTree.ParseError for what is no workbook."""
    relations = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): posixpath.join("/xl", one.get("Target", "")).lstrip("/") for one in relations}
    root = ElementTree.fromstring(book.read("xl/workbook.xml"))
    sheets = (one for one in root.iter() if one.tag.rpartition("}")[2] == "sheet")
    return {
        one.get("name", ""): targets[one.get(_RELATIONS) or one.get(_STRICT_RELATIONS)]
        for one in sheets
        if one.get(_RELATIONS) or one.get(_STRICT_RELATIONS)
    }


def scan(book: zipfile.ZipFile, part: str) -> Scan:
    """Look through the sheet in ``part``; one that has nothing of the kind is only searched, not parsed."""
    with book.open(part) as sheet:
        if not _has_tell_tales(sheet):
            return Scan()
    with book.open(part) as sheet:
        return _Scanner().scan(sheet)


def room_needed(book: zipfile.ZipFile, part: str, most: int) -> int:
    """How many cells the rectangle around everything in the sheet has, where that may be more than ``most``; else 0.

    The sheet is looked through only if it claims so much: borders and colours are in what it claims, and are nothing.
    """
    with book.open(part) as sheet:
        claim = _CLAIM.search(sheet.read(_HEAD))
    if not claim or _cells_between(*claim.groups()) <= most:
        return 0
    with book.open(part) as sheet:
        return _Surveyor().survey(sheet)


def _cells_between(first_column: bytes, first_row: bytes, last_column: bytes, last_row: bytes) -> int:
    return (int(last_row) - int(first_row) + 1) * (_place(last_column) - _place(first_column) + 1)


def _place(letters: bytes) -> int:
    """The number of a column: A is 1, AA is 27."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - ord("A") + 1
    return place


class _Surveyor:
    """Finds the rectangle around the cells that have something in them."""

    def __init__(self) -> None:
        self._cell = ""
        self._rows: set[int] = set()
        self._columns: set[bytes] = set()
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start

    def survey(self, sheet: IO[bytes]) -> int:
        self._parser.ParseFile(sheet)
        if not self._rows:
            return 0
        columns = [_place(letters) for letters in self._columns]
        return (max(self._rows) - min(self._rows) + 1) * (max(columns) - min(columns) + 1)

    def _start(self, name: str, told: dict[str, Any]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._cell = told.get("r", "")
            case "v" | "is" if found := _PLACE.fullmatch(self._cell.encode()):
                self._columns.add(found[1])
                self._rows.add(int(found[2]))
            case _:
                pass


def _has_tell_tales(sheet: IO[bytes]) -> bool:
    rest = b""
    while piece := sheet.read(_CHUNK):
        if any(tale in rest + piece for tale in _TELL_TALES):
            return True
        rest = piece[-_OVERLAP:]
    return False


class _Scanner:
    def __init__(self) -> None:
        self._found = Scan()
        self._cell = self._kind = ""
        self._has_formula = self._has_value = False
        self._row = self._column = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def scan(self, sheet: IO[bytes]) -> Scan:
        self._parser.ParseFile(sheet)
        return self._found

    def _start(self, name: str, told: dict[str, Any]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._cell, self._kind = told.get("r", ""), told.get("t", "n")
                self._has_formula = self._has_value = False
            case "f":
                self._has_formula = True
            case "v":
                # a formula whose value is the empty text has an empty element, one that was never computed has none
                self._has_value = self._kind == "str"
                self._parser.CharacterDataHandler = self._value
            case "row" if told.get("hidden") in {"1", "true"}:
                self._found.hidden += 1
            case _:
                pass

    def _value(self, _: str) -> None:
        self._has_value = True

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v":
                self._parser.CharacterDataHandler = None
            case "c":
                column = self._cell.rstrip("0123456789")
                if self._has_formula and not self._has_value:
                    self._found.without_value.setdefault(column, self._cell)
                if self._kind == "e":
                    self._found.errors.setdefault(column, self._cell)
            case _:
                pass
