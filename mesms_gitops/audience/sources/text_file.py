"""A list on disk as text: unpacked, decoded, and every foreign exception turned away at this door."""

from __future__ import annotations

import codecs
import io
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.encodings import first_odd_line, fitting, has_thai_utf_8
from mesms_gitops.audience.sources.extras import lacking
from mesms_gitops.audience.sources.packing import NoZstd, damages, open_unpacked, packed_with
from mesms_gitops.audience.sources.reader import Finding, Unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.model.campaign import ListSource

THAI_CODE_PAGE: Final = "cp874"
_CHUNK: Final = 1 << 20
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FORMATS: Final = (
    (b"PK\x03\x04", "a zip archive or a workbook (.xlsx)", "if it is a workbook, name it with `xlsx:`"),
    (b"\xd0\xcf\x11\xe0", "an old or protected workbook", "save it as CSV (UTF-8)"),
    (b"PAR1", "a Parquet file", "name it with `parquet:`"),
)


@dataclass(frozen=True, slots=True)
class OpenedText:
    """An open list. Line ends are as in the file."""

    lines: IO[str]
    encoding: str


def label_of(location: str) -> str:
    """The file's name and folder: enough to know it by, and the same on every machine."""
    path = Path(location)
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


@dataclass(frozen=True, slots=True)
class OpenedBytes:
    """An open list as UTF-8, whatever it was; ``read`` gives at most about as many bytes as it is asked for."""

    read: Callable[[int], bytes]
    encoding: str


class NotUtf8(Exception):
    """A list that began as UTF-8 and does not go on as such."""


@contextmanager
def open_utf8(source: ListSource, label: str, encoding: str | None = None) -> Iterator[OpenedBytes]:
    """Open the list of ``source`` like `open_text`, but judge the encoding by its first ``_CHUNK`` bytes.

    What is taken for UTF-8 is handed on unchecked: whoever finds that it is not raises `NotUtf8`, and opens it again
    with ``encoding``.
    """
    path = Path(source.location)
    with _doors_closed(source, label):
        refuse_non_file(path, source.kind, label)
        _refuse_other_formats(path, source.kind, label)
        if encoding is None:
            encoding = _encoding_of(path, source.kind, label, is_whole=False)
        elif encoding == THAI_CODE_PAGE:
            _refuse_mixture(_head(path), source.kind, label)
        with open_unpacked(path) as raw:
            if encoding in ("utf-8", "utf-8-sig"):
                if encoding == "utf-8-sig":
                    raw.read(len(codecs.BOM_UTF8))
                yield OpenedBytes(raw.read, encoding)
            else:
                text = io.TextIOWrapper(raw, encoding=encoding, newline="")
                yield OpenedBytes(lambda size: text.read(size // 2).encode(), encoding)


@contextmanager
def _doors_closed(source: ListSource, label: str) -> Iterator[None]:
    """Turn every foreign exception into Unusable."""
    try:
        yield
    except UnicodeError as error:
        raise Unusable(_undecodable(source, label, error)) from error
    except NoZstd as error:
        raise lacking("lists compressed with zstd", "zstd", source.kind) from error
    except damages() as error:
        raise Unusable(
            Finding(
                codes.BROKEN,
                f"{label} is a damaged {packed_with(Path(source.location))} archive",
                key=source.kind,
                why=str(error),
                next_step="make it again; the part that can be read is not all of it",
            )
        ) from error
    except OSError as error:
        raise Unusable(
            Finding(codes.UNREADABLE, f"{label} cannot be read", key=source.kind, why=error.strerror or str(error))
        ) from error


@contextmanager
def open_text(source: ListSource, label: str) -> Iterator[OpenedText]:
    """Open the list of ``source``, unpacking gzip and finding out the encoding (which reads it once to its end).

    Raises Unusable for whatever the file system, the archive or the encoding objects to, also while the list is read.
    """
    path = Path(source.location)
    with _doors_closed(source, label):
        refuse_non_file(path, source.kind, label)
        _refuse_other_formats(path, source.kind, label)
        encoding = _encoding_of(path, source.kind, label, is_whole=True)
        with open_unpacked(path) as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as lines:
            yield OpenedText(lines, encoding)


def thai_code_page_remark(kind: str, label: str) -> Finding:
    """The warning that a list was read as cp874."""
    return Finding(
        codes.THAI_CODE_PAGE,
        f"{label} is not UTF-8; it was read as {THAI_CODE_PAGE} (Thai Windows)",
        key=kind,
        next_step="look at a rendered text, or save the list as “CSV UTF-8”",
    )


def _encoding_of(path: Path, kind: str, label: str, *, is_whole: bool) -> str:
    """By byte order mark; without one utf-8 if the list decodes as that, else cp874, which may fail later.

    Unless ``is_whole``, its first ``_CHUNK`` bytes speak for the rest.
    """
    head = _head(path)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    _refuse_zeros(head, kind, label)
    try:
        if is_whole:
            _decode_utf_8(path)
        else:
            codecs.getincrementaldecoder("utf-8")().decode(head)  # a character may be cut at its end
    except UnicodeDecodeError:
        _refuse_mixture(head, kind, label)
        return THAI_CODE_PAGE
    return "utf-8"


def _head(path: Path) -> bytes:
    with open_unpacked(path) as raw:
        return raw.read(_CHUNK)


def _refuse_mixture(head: bytes, kind: str, label: str) -> None:
    """Refuse what is not UTF-8, and begins with Thai that is: read as cp874 it would be letters that nobody wrote."""
    if not has_thai_utf_8(head):
        return
    line = first_odd_line(head)
    raise Unusable(
        Finding(
            codes.ENCODING,
            f"{label} is in more than one encoding",
            key=kind,
            why=f"it begins as UTF-8, and {f'line {line}' if line else 'something further down'} is not",
            next_step="save each of its parts as UTF-8, then put them together",
        )
    )


def _decode_utf_8(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_unpacked(path) as raw:
        while chunk := raw.read(_CHUNK):
            decoder.decode(chunk)
    decoder.decode(b"", final=True)


def _refuse_zeros(head: bytes, kind: str, label: str) -> None:
    """A list with zero bytes is not text in any encoding that is read here, but the encoding can be named."""
    if b"\0" not in head:
        return
    fit = fitting(head)
    raise Unusable(
        Finding(
            codes.ENCODING,
            f"{label} is in an encoding that is not known",
            key=kind,
            why="it has zero bytes"
            + (f"; its bytes fit {fit}" if fit else ", as a file has that was not written whole"),
            next_step="save it as UTF-8",
        )
    )


def refuse_non_file(path: Path, kind: str, label: str) -> None:
    """Raise Unusable unless there is a file at ``path``."""
    if path.is_file():
        return
    if path.exists():
        raise Unusable(Finding(codes.UNREADABLE, f"{label} is not a file", key=kind, next_step="name one file"))
    siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, siblings, n=1)
    raise Unusable(
        Finding(
            codes.UNREADABLE,
            f"there is no file {label}",
            key=kind,
            why=f"looked for {path}" + ("" if path.parent.is_dir() else "; its folder does not exist either"),
            next_step=f"did you mean “{near[0]}”?" if near else "a path is relative to the manifest's folder",
        )
    )


def _refuse_other_formats(path: Path, kind: str, label: str) -> None:
    with open_unpacked(path) as raw:
        head = raw.read(4)
    for signature, name, advice in _OTHER_FORMATS:
        if head.startswith(signature):
            raise Unusable(Finding(codes.BROKEN, f"{label} is {name}, not {kind}", key=kind, next_step=advice))


def _undecodable(source: ListSource, label: str, error: UnicodeError) -> Finding:
    tried = error.encoding if isinstance(error, UnicodeDecodeError) else "utf-16"
    if tried in {"charmap", THAI_CODE_PAGE}:
        with open_unpacked(Path(source.location)) as raw:
            fit = fitting(raw.read(_CHUNK))
        why = f"it is neither UTF-8 nor {THAI_CODE_PAGE}" + (f"; its bytes fit {fit}" if fit else "")
    else:
        why = f"its byte order mark says {tried}, its bytes do not"
    return Finding(
        codes.ENCODING,
        f"{label} is in an encoding that is not known",
        key=source.kind,
        why=why,
        next_step="save it as UTF-8",
    )
