"""Columns of any type as the text that a person would have written: one rule for Parquet, databases and sheets.

`text_of` says it of a value, `as_text` of a column; ``tests/audience/test_files.py`` holds them to one answer. Null is
an empty cell. A figure is its digits; a whole number that came as a float has no ``.0``. Where a float has lost digits,
or may have, it is written with an exponent, which `normalise` knows for what it is.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.reader import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

WHOLE_IN_DOUBLE: Final = 2**53
WHOLE_IN_SINGLE: Final = 2**24
"""Up to here floats of 64 and 32 bits hold every whole number, beyond it they round."""
_LOOKS_ROUNDED: Final = 10**10
_ROUNDED_TO: Final = 10**6


class NoText(TypeError):
    """A value that is no text: a list, an object, bytes of another encoding. Its argument says which, and no value."""


def not_text(label: str, key: str, column: str, error: NoText, next_step: str) -> Finding:
    """What to say of ``column`` of ``label``, asked for by the manifest's ``key``, whose values are no text."""
    return Finding(
        codes.BROKEN,
        f"column “{column}” of {label} is not text",
        key=key,
        why=f"it holds {error}",
        next_step=next_step,
    )


def text_of(value: object) -> str:
    """One value. Raises NoText."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if value is None:
        return ""
    writer = next((write for kind, write in _WRITERS if isinstance(value, kind)), None)
    if writer is None:
        raise NoText(f"values of type {type(value).__name__}")
    return writer(value)


def _of_float(value: float, whole: int = WHOLE_IN_DOUBLE) -> str:
    if math.isnan(value):
        return ""
    if not value.is_integer():
        return repr(value)
    return str(int(value)) if abs(value) <= whole else f"{value:E}"


def of_single(value: object) -> str:
    """A value of a 32-bit float column, read into a Python float."""
    return _of_float(value, WHOLE_IN_SINGLE) if isinstance(value, float) else text_of(value)


def looks_rounded(value: object) -> bool:
    """Whether a float, where a number is expected, is what a spreadsheet leaves of one: 66800000000 for 6.68E+10.

    A real number ends like that once in a million, and can be given as text.
    """
    return isinstance(value, float) and value >= _LOOKS_ROUNDED and value % _ROUNDED_TO == 0


def phone_of(value: object) -> str:
    """Like `text_of`, for the column of numbers."""
    return f"{value:E}" if looks_rounded(value) else text_of(value)


def _of_bytes(value: bytes | bytearray | memoryview) -> str:
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        raise NoText("bytes that are not UTF-8 text") from None


def _of_duration(_: timedelta) -> str:
    raise NoText("durations")


def _of_date_time(value: datetime) -> str:
    return value.isoformat()


def _writers() -> tuple[tuple[type | tuple[type, ...], Callable[..., str]], ...]:
    from decimal import Decimal
    from ipaddress import IPv4Address, IPv6Address
    from uuid import UUID

    return (
        (bool, lambda value: "true" if value else "false"),
        (int, str),
        (float, _of_float),
        (Decimal, lambda value: f"{value:f}"),
        (datetime, _of_date_time),
        ((date, time), lambda value: value.isoformat()),
        (timedelta, _of_duration),
        ((bytes, bytearray, memoryview), _of_bytes),
        ((UUID, IPv4Address, IPv6Address), str),
    )


_WRITERS: Final = _writers()


def as_text(column: str, kind: pl.DataType, *, is_phone: bool = False) -> pl.Expr:
    """``column``, which is of type ``kind``, as text. Raises NoText for types that are none."""
    return _written(pl.col(column), kind, is_phone).fill_null("")


def _written(column: pl.Expr, kind: pl.DataType, is_phone: bool) -> pl.Expr:
    if kind.is_float():
        return _of_floats(column, kind, is_phone)
    match kind:
        case pl.String() | pl.Categorical() | pl.Enum() | pl.Binary() | pl.Decimal() | pl.Null() | pl.Date():
            return column.cast(pl.String)
        case pl.Boolean():
            return pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))
        case pl.Datetime():
            return column.dt.to_string("%Y-%m-%dT%H:%M:%S%.f" + ("%:z" if kind.time_zone else ""))
        case pl.Time():
            return column.dt.to_string("%H:%M:%S%.f")
        case _ if kind.is_integer():
            return column.cast(pl.String)
        case _:
            raise NoText(f"values of type {str(kind).partition('(')[0]}")


def _of_floats(column: pl.Expr, kind: pl.DataType, is_phone: bool) -> pl.Expr:
    exact = WHOLE_IN_DOUBLE if kind == pl.Float64 else WHOLE_IN_SINGLE if kind == pl.Float32 else 2**11
    wide = column.cast(pl.Float64)
    is_whole = wide.is_finite() & (wide == wide.floor())
    is_rounded = is_whole & (wide.abs() > exact)
    if is_phone:
        is_rounded |= is_whole & (wide >= _LOOKS_ROUNDED) & (wide % _ROUNDED_TO == 0)
    return (
        pl.when(wide.is_nan())
        .then(pl.lit(""))
        .when(is_rounded)
        .then(wide.map_elements("{:E}".format, return_dtype=pl.String))
        .when(is_whole)
        .then(wide.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(column.cast(pl.String))
    )
