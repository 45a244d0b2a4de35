"""A list on disk as text: unpacked, decoded, and every foreign exception turned away at this door."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.reader import Finding, Unusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.model.campaign import ListSource

THAI_CODE_PAGE: Final = "cp874"
_CHUNK: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FORMATS: Final = (
    (b"PK\x03\x04", "a zip archive or a workbook (.xlsx)"),
    (b"\xd0\xcf\x11\xe0", "an old workbook (.xls)"),
    (b"PAR1", "a Parquet file"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
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


@contextmanager
def open_text(source: ListSource, label: str) -> Iterator[OpenedText]:
    """Open the list of ``source``, unpacking gzip and finding out the encoding (which reads it once to its end).

    Raises Unusable for whatever the file system, the archive or the encoding objects to, also while the list is read.
    """
    path = Path(source.location)
    try:
        _refuse_non_file(path, source.kind, label)
        _refuse_other_formats(path, source.kind, label)
        encoding = _encoding_of(path)
        with _open_bytes(path) as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as lines:
            yield OpenedText(lines, encoding)
    except UnicodeError as error:
        raise Unusable(_undecodable(source.kind, label, error)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unusable(
            Finding(
                codes.BROKEN,
                f"{label} is a damaged gzip archive",
                key=source.kind,
                why=str(error),
                next_step="make it again; the part that can be read is not all of it",
            )
        ) from error
    except OSError as error:
        raise Unusable(
            Finding(codes.UNREADABLE, f"{label} cannot be read", key=source.kind, why=error.strerror or str(error))
        ) from error


def thai_code_page_remark(kind: str, label: str) -> Finding:
    """The warning that a list was read as cp874."""
    return Finding(
        codes.THAI_CODE_PAGE,
        f"{label} is not UTF-8; it was read as {THAI_CODE_PAGE} (Thai Windows)",
        key=kind,
        next_step="look at a rendered text, or save the list as “CSV UTF-8”",
    )


def _open_bytes(path: Path) -> BinaryIO | gzip.GzipFile:
    raw = path.open("rb")
    if raw.read(len(_GZIP)) != _GZIP:
        raw.seek(0)
        return raw
    raw.close()
    return gzip.open(path, "rb")


def _encoding_of(path: Path) -> str:
    """By byte order mark; without one utf-8 if that decodes the whole file, else cp874, which may fail later."""
    with _open_bytes(path) as raw:
        head = raw.read(4)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    try:
        _decode_utf_8(path)
    except UnicodeDecodeError:
        return THAI_CODE_PAGE
    return "utf-8"


def _decode_utf_8(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _open_bytes(path) as raw:
        while chunk := raw.read(_CHUNK):
            decoder.decode(chunk)
    decoder.decode(b"", final=True)


def _refuse_non_file(path: Path, kind: str, label: str) -> None:
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
    with _open_bytes(path) as raw:
        head = raw.read(4)
    for signature, name in _OTHER_FORMATS:
        if head.startswith(signature):
            raise Unusable(
                Finding(
                    codes.BROKEN,
                    f"{label} is {name}, not {kind}",
                    key=kind,
                    next_step="export it as CSV (UTF-8)",
                )
            )


def _undecodable(kind: str, label: str, error: UnicodeError) -> Finding:
    tried = error.encoding if isinstance(error, UnicodeDecodeError) else "utf-16"
    why = (
        f"it is neither UTF-8 nor {THAI_CODE_PAGE}"
        if tried in {"charmap", THAI_CODE_PAGE}
        else f"its byte order mark says {tried}, its bytes do not"
    )
    return Finding(
        codes.ENCODING,
        f"{label} is in an encoding that is not known",
        key=kind,
        why=why,
        next_step="save it as UTF-8",
    )
