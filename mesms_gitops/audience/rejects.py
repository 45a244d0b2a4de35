"""Rows without a usable number, masked: the first of them kept, all of them passed on to whoever asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from mesms_gitops.audience.explaining import about
from mesms_gitops.audience.normalise import EXPLAINED, REJECTS_KEPT, mask
from mesms_gitops.audience.rules import AROUND, PHONE, REASON
from mesms_gitops.audience.sources.batch import ROW

if TYPE_CHECKING:
    from polars import DataFrame, Expr

    from mesms_gitops.audience.sources.outside import RejectSink

EXPLAINED_ONE_BY_ONE: Final = 1_000
"""So many rejects of a source have a sentence of their own, which costs some 0.1 ms each; the others their reason's."""
NUMBER: Final = "number"
SENTENCE: Final = "sentence"


class Rejects:
    """Masked examples of bad numbers, the first ``REJECTS_KEPT`` of them; and a sink that hears of every one."""

    def __init__(self, campaign: str, sink: RejectSink | None = None) -> None:
        """Those of ``campaign``."""
        self._campaign = campaign
        self._sink = sink
        self._path = ""
        self._examples: list[tuple[str, str, int, str, str]] = []
        self._explained = 0

    def begin(self, path: str, label: str) -> None:
        """What is added from here on belongs to the source at ``path``; one that is begun again starts anew."""
        self._examples = [example for example in self._examples if example[0] != path]
        self._path = path
        self._explained = 0
        if self._sink:
            self._sink.begin(self._campaign, path, label)

    def add(self, label: str, bad: DataFrame) -> None:
        """Remember rows of the source called ``label``, which have ROW, PHONE and REASON, and pass them on."""
        if not bad.height:
            return
        room = REJECTS_KEPT - len(self._examples)
        for row, phone, reason in bad.select(ROW, PHONE, REASON).head(room).iter_rows():
            self._examples.append((self._path, label, row, mask(phone) if phone is not None else "", reason))
        if self._sink:
            self._sink.add(self._shown(bad))

    def _shown(self, bad: DataFrame) -> DataFrame:
        explained = pl.col(REASON).replace_strict(
            {reason.value: text for reason, text in EXPLAINED.items()}, return_dtype=pl.String
        )
        own = self._sentences(bad)
        sentence = pl.coalesce(pl.Series(own, dtype=pl.String), explained)
        return bad.select(ROW, masked(pl.col(PHONE)).alias(NUMBER), REASON, sentence.alias(SENTENCE))

    def _sentences(self, bad: DataFrame) -> list[str | None]:
        """What there is to say of each number, for the first of the source; None for the others."""
        some = bad[PHONE].head(EXPLAINED_ONE_BY_ONE - self._explained).to_list()
        self._explained += len(some)
        own = [about(phone) if phone else None for phone in some]
        return own + [None] * (bad.height - len(own))

    def in_order(self) -> tuple[tuple[str, int, str, str], ...]:
        """Source by source, row by row."""
        place = {path: index for index, path in enumerate(dict.fromkeys(path for path, *_ in self._examples))}
        ordered = sorted(self._examples, key=lambda example: (place[example[0]], example[2]))
        return tuple(example[1:] for example in ordered)


def masked(phone: Expr) -> Expr:
    """`mask` of a column of numbers that were not accepted; of a row without a cell for it, nothing.

    ``tests/audience/test_rejects.py`` holds it to what `mask` says.
    """
    arabic = phone
    for digit in range(10):
        arabic = arabic.str.replace_all(chr(ord("๐") + digit), str(digit), literal=True)
    digits = arabic.str.replace_all("[^0-9]", "")
    size = digits.str.len_bytes()
    shown = pl.when(size >= 10).then(4).when(size >= 7).then(2).otherwise(0)
    return (
        pl.when(phone.is_null())
        .then(pl.lit(""))
        .when(phone.str.replace_all(AROUND, "") == "")
        .then(pl.lit("(empty)"))
        .otherwise(pl.lit("xxx") + digits.str.tail(shown))
    )
