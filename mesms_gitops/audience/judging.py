"""Judging a batch of rows: nearly all numbers are written plainly and are read as integers, the rest by the rules.

`clean` must say of every text what `normalise` says, or nothing; ``tests/audience/test_rules.py`` holds it to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from mesms_gitops.audience.normalise import MOBILE
from mesms_gitops.audience.rules import LOST_ZERO, PHONE, REASON, SUBSCRIBER
from mesms_gitops.audience.sources.batch import ROW
from mesms_gitops.model.numbers import COUNTRY_CODE, SUBSCRIBER_DIGITS

if TYPE_CHECKING:
    from polars import DataFrame, Expr

_FIRST: Final = 10 ** (SUBSCRIBER_DIGITS - 1)
_BLOCKS: Final = tuple((int(digit) * _FIRST, (int(digit) + 1) * _FIRST - 1) for digit in MOBILE)
"""Subscriber numbers of mobiles, first and last of each leading digit."""
_ABROAD: Final = int(COUNTRY_CODE) * 10**SUBSCRIBER_DIGITS
_PUNCTUATION: Final = " ()-"
"""What may be left out before looking again. A point may not: ``66080000001.0`` is another program's decimal."""
_THAI_DIGITS: Final = tuple(chr(ord("๐") + digit) for digit in range(10))
_TEXT: Final = "text"
_ORDER: Final = "order"
_FIGURES: Final = "figures"
_SIZE: Final = "size"
_WAITING_ROWS: Final = 250_000
_NOBODY: Final = pl.DataFrame(schema={ROW: pl.Int64, PHONE: pl.String})


def clean(frame: DataFrame, column: str = PHONE) -> DataFrame:
    """``frame`` with SUBSCRIBER: the number written plainly in ``column``; null for everything else, right or wrong.

    Plainly is ``0XXXXXXXXX``, ``66XXXXXXXXX``, ``+66XXXXXXXXX`` or ``XXXXXXXXX``: sizes that, with a sign in the last
    but one alone, leave these forms only, once the figures are found to be a mobile number's. LOST_ZERO is added too.
    """
    phone, figures, size, found = pl.col(column), pl.col(_FIGURES), pl.col(_SIZE), pl.col(SUBSCRIBER)
    is_signed = phone.str.starts_with("+")
    at_home = (size == SUBSCRIBER_DIGITS) | ((size == SUBSCRIBER_DIGITS + 1) & ~is_signed)
    abroad = (size == SUBSCRIBER_DIGITS + 2) | ((size == SUBSCRIBER_DIGITS + 3) & is_signed)
    is_mobile = pl.any_horizontal(found.is_between(first, last) for first, last in _BLOCKS)
    # in steps, since an expression that is used twice in one is computed twice
    looked_at = frame.with_columns(
        phone.cast(pl.Int64, strict=False).alias(_FIGURES), phone.str.len_bytes().alias(_SIZE)
    ).with_columns(pl.when(at_home).then(figures).when(abroad).then(figures - _ABROAD).alias(SUBSCRIBER))
    return looked_at.with_columns(
        pl.when(is_mobile).then(found).cast(pl.UInt32), (size == SUBSCRIBER_DIGITS).alias(LOST_ZERO)
    ).drop(_FIGURES, _SIZE)


class Judge:
    """Parts good numbers from bad ones, batch by batch; what is not written plainly may wait for more of its kind.

    ``in_order`` is for lists in which the order of rows matters: then nothing waits.
    """

    def __init__(self, *, in_order: bool) -> None:
        self._in_order = in_order
        self._waiting: list[DataFrame] = []

    def judge(self, frame: DataFrame) -> tuple[DataFrame, DataFrame]:
        """Rows with a good number, and with a bad one: those of ``frame``, and any that waited.

        To the good is added SUBSCRIBER and LOST_ZERO, to the bad REASON.
        """
        looked_at = clean(frame)
        if self._in_order:
            looked_at = looked_at.with_row_index(_ORDER)
        plain, odd = _parted(looked_at)
        self._waiting.append(odd.drop(SUBSCRIBER, LOST_ZERO))
        if not self._in_order and sum(some.height for some in self._waiting) < _WAITING_ROWS:
            return plain, _none_bad(odd)
        mended, bad = self.rest()
        if not (mended.height or bad.height):
            return (plain.drop(_ORDER), bad.drop(_ORDER)) if self._in_order else (plain, bad)
        good = pl.concat([plain, mended.select(plain.columns)])
        return (good.sort(_ORDER).drop(_ORDER), bad.drop(_ORDER)) if self._in_order else (good, bad)

    def rest(self) -> tuple[DataFrame, DataFrame]:
        """The rows that wait, judged."""
        odd, self._waiting = pl.concat(self._waiting or [_NOBODY]), []
        plain, odd = _parted(clean(odd.with_columns(_unpunctuated().alias(_TEXT)), _TEXT))
        ruled = _ruled(odd.drop(SUBSCRIBER, LOST_ZERO))
        bad = pl.col(REASON).is_not_null()
        good = pl.concat([plain, ruled.filter(~bad).select(plain.columns)])
        return good.drop(_TEXT), ruled.filter(bad).drop(SUBSCRIBER, LOST_ZERO, _TEXT)


def _unpunctuated() -> Expr:
    """The text without what may stand between digits, and these in Arabic."""
    written = [*_PUNCTUATION, *_THAI_DIGITS]
    return pl.col(PHONE).str.replace_many(written, [""] * len(_PUNCTUATION) + [str(digit) for digit in range(10)])


def _parted(frame: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Rows that have a SUBSCRIBER, and rows that have none."""
    if not frame[SUBSCRIBER].has_nulls():
        return frame, frame.clear()
    found = frame[SUBSCRIBER].is_not_null()
    return frame.filter(found), frame.filter(~found)


def _none_bad(frame: DataFrame) -> DataFrame:
    return frame.clear().drop(SUBSCRIBER, LOST_ZERO).with_columns(pl.lit(None, pl.String).alias(REASON))


def _ruled(frame: DataFrame) -> DataFrame:
    if not frame.height:
        return frame.with_columns(
            pl.lit(None, pl.UInt32).alias(SUBSCRIBER),
            pl.lit(None, pl.String).alias(REASON),
            pl.lit(None, pl.Boolean).alias(LOST_ZERO),
        )
    import narwhals as nw

    from mesms_gitops.audience.rules import judged

    found: DataFrame = judged(nw.from_native(frame.lazy())).to_native().collect()
    return found.with_columns(pl.col(SUBSCRIBER).cast(pl.UInt32))
