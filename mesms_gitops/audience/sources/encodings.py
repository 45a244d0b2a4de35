"""Which encoding the bytes of a list that is neither UTF-8 nor cp874 may be in, to name it. Nothing is read by it."""

from __future__ import annotations

import unicodedata
from typing import Final

_ONE_BYTE: Final = ("windows-1252",)
_MANY_BYTES: Final = ("gb18030", "shift_jis", "euc-kr", "big5")
_LATIN_MARKS: Final = frozenset("’‘“”–—…€£°·«»®©™")


def fitting(sample: bytes) -> str | None:
    """The encoding in which ``sample`` reads like text, None if none does. ``sample`` may end in mid-character."""
    if b"\0" in sample:
        return _with_zeros(sample)
    if not _can_be_read(sample, "utf-8") and (line := _odd_line(sample)):
        return f"UTF-8 but for line {line}"
    for name in _ONE_BYTE:
        if (text := _decoded(sample, name)) is not None and all(map(_is_latin, text)):
            return name
    return next((name for name in _MANY_BYTES if (text := _decoded(sample, name)) and all(map(_is_letter, text))), None)


def has_thai_utf_8(sample: bytes) -> bool:
    """Whether a line of ``sample`` is Thai in UTF-8.

    Text in a Thai code page hardly ever looks so: there it would be nothing but เธ before rare letters.
    """
    return any(map(_is_thai_utf_8, _whole_lines(sample)))


def first_odd_line(sample: bytes) -> int | None:
    """The first line that is not UTF-8."""
    lines = enumerate(_whole_lines(sample), start=1)
    return next((number for number, line in lines if not _can_be_read(line, "utf-8")), None)


def _whole_lines(sample: bytes) -> list[bytes]:
    return sample.splitlines()[:-1] if len(sample) > 1 << 16 else sample.splitlines()


def _is_thai_utf_8(line: bytes) -> bool:
    return not line.isascii() and any("ก" <= character <= "๛" for character in _decoded(line, "utf-8") or "")


def _with_zeros(sample: bytes) -> str | None:
    """UTF-16 without its mark has zeros in every other byte of what is ASCII, UTF-32 in three of four."""
    cells = sample[: len(sample) // 4 * 4]
    if cells.count(0) > len(cells) * 0.6:
        # all zeros would decode as well: that is what a file looks like which was made, but not written
        texts = (_decoded(cells, name) for name in ("utf-32-le", "utf-32-be"))
        return "UTF-32" if any(text and "\n" in text for text in texts) else None
    odd = cells[1::2].count(0) > cells[0::2].count(0)
    name = "utf-16-le" if odd else "utf-16-be"
    text = _decoded(cells, name)
    return f"{name.upper()} without its byte order mark" if text and "\n" in text else None


def _odd_line(sample: bytes) -> int | None:
    """The only line that is not UTF-8, where others show that the list is."""
    lines = _whole_lines(sample)
    odd = [number for number, line in enumerate(lines, start=1) if not _can_be_read(line, "utf-8")]
    has_utf_8 = any(not line.isascii() and _can_be_read(line, "utf-8") for line in lines)
    return odd[0] if len(odd) == 1 and has_utf_8 else None


def _can_be_read(sample: bytes, name: str) -> bool:
    return _decoded(sample, name) is not None


def _decoded(sample: bytes, name: str) -> str | None:
    for cut in range(4):
        try:
            return sample[: len(sample) - cut].decode(name)
        except UnicodeDecodeError as error:
            if error.start < len(sample) - 4 or len(sample) < 1 << 16:
                return None
    return None


def _is_latin(character: str) -> bool:
    return (
        character.isascii()
        or character in _LATIN_MARKS
        or (character.isalpha() and unicodedata.name(character, "").startswith("LATIN"))
        or character == "\xa0"
    )


def _is_letter(character: str) -> bool:
    return character.isascii() or unicodedata.category(character) in {"Lo", "Lm", "Po", "Ps", "Pe", "Zs"}
