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
_PUNCTUATION: Final = "[ ()-]"
"""What may be left out before looking again. A point may not: ``66080000001.0`` is another program's decimal."""
_TEXT: Final = "text"
_ORDER: Final = "order"
_WAITING_ROWS: Final = 250_000
_NOBODY: Final = pl.DataFrame(schema={ROW: pl.Int64, PHONE: pl.String})


def clean(phone: Expr) -> Expr:
    """The subscriber number of a number written plainly; null for everything else, right or wrong.

    Plainly is ``0XXXXXXXXX``, ``66XXXXXXXXX``, ``+66XXXXXXXXX`` or ``XXXXXXXXX``. A cast to an integer takes a sign, so
    length and first characters are looked at as well.
    """
    figures, size = phone.cast(pl.Int64, strict=False), phone.str.len_bytes()
    at_home = ((size == SUBSCRIBER_DIGITS + 1) & phone.str.starts_with("0")) | (size == SUBSCRIBER_DIGITS)
    abroad = ((size == SUBSCRIBER_DIGITS + 2) & phone.str.starts_with(COUNTRY_CODE)) | (
        (size == SUBSCRIBER_DIGITS + 3) & phone.str.starts_with(f"+{COUNTRY_CODE}")
    )
    found = pl.when(at_home).then(figures).when(abroad).then(figures - _ABROAD)
    return (
        pl.when(pl.any_horizontal(found.is_between(first, last) for first, last in _BLOCKS)).then(found).cast(pl.UInt32)
    )


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
        looked_at = frame.with_columns(clean(pl.col(PHONE)).alias(SUBSCRIBER))
        if self._in_order:
            looked_at = looked_at.with_row_index(_ORDER)
        plain, odd = _parted(looked_at)
        plain = plain.with_columns((pl.col(PHONE).str.len_bytes() == SUBSCRIBER_DIGITS).alias(LOST_ZERO))
        self._waiting.append(odd.drop(SUBSCRIBER))
        if not self._in_order and sum(some.height for some in self._waiting) < _WAITING_ROWS:
            return plain, _none_bad(odd)
        mended, bad = self.rest()
        good = pl.concat([plain, mended.select(plain.columns)])
        return (good.sort(_ORDER).drop(_ORDER), bad.drop(_ORDER)) if self._in_order else (good, bad)

    def rest(self) -> tuple[DataFrame, DataFrame]:
        """The rows that wait, judged."""
        odd, self._waiting = pl.concat(self._waiting or [_NOBODY]), []
        text = pl.col(PHONE).str.replace_all(_PUNCTUATION, "").alias(_TEXT)
        looked_at = odd.with_columns(text).with_columns(clean(pl.col(_TEXT)).alias(SUBSCRIBER))
        plain, odd = _parted(looked_at)
        plain = plain.with_columns((pl.col(_TEXT).str.len_bytes() == SUBSCRIBER_DIGITS).alias(LOST_ZERO))
        ruled = _ruled(odd.drop(SUBSCRIBER))
        bad = pl.col(REASON).is_not_null()
        good = pl.concat([plain, ruled.filter(~bad).select(plain.columns)])
        return good.drop(_TEXT), ruled.filter(bad).drop(SUBSCRIBER, LOST_ZERO, _TEXT)


def _parted(frame: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Rows that have a SUBSCRIBER, and rows that have none."""
    if not frame[SUBSCRIBER].has_nulls():
        return frame, frame.clear()
    found = frame[SUBSCRIBER].is_not_null()
    return frame.filter(found), frame.filter(~found)


def _none_bad(frame: DataFrame) -> DataFrame:
    return frame.clear().drop(SUBSCRIBER).with_columns(pl.lit(None, pl.String).alias(REASON))


def _ruled(frame: DataFrame) -> DataFrame:
    import narwhals as nw

    from mesms_gitops.audience.rules import judged

    found: DataFrame = judged(nw.from_native(frame.lazy())).to_native().collect()
    return found.with_columns(pl.col(SUBSCRIBER).cast(pl.UInt32))
