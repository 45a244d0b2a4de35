"""A table that stays one for those who hear it, also where a telephone shows it as blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.views.html import element
from mesms_gitops.views.layout import figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_OPEN = 100


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and whether what stands below it is figures."""

    name: str
    is_figure: bool = False

    @property
    def class_(self) -> str | None:
        """Figures are aligned right."""
        return "n" if self.is_figure else None


def rows_table(caption: str, columns: Sequence[Column], rows: Iterable[tuple[str, str, tuple[str, ...]]]) -> str:
    """Rows of anchor, class and cells (markup); the first cell is the row's heading.

    The roles are said too: a browser forgets them where a style shows rows as blocks. There the style sheet writes the
    headings before the cells, see `headings_style`.
    """
    heads = [element("th", column.name, scope="col", role="columnheader", class_=column.class_) for column in columns]
    head = element("thead", element("tr", *heads, role="row"), role="rowgroup")
    body = "\n".join(_row(columns, *row) for row in rows)
    return element(
        "table",
        element("caption", caption),
        "\n",
        head,
        "\n",
        element("tbody", "\n", body, "\n", role="rowgroup"),
        role="table",
    )


def foldable(table: str, rows: int) -> str:
    """A long table, folded until somebody opens it or follows a link into it."""
    if rows <= MOST_OPEN:
        return table
    return element("details", element("summary", f"All {figure(rows)} campaigns"), table, class_="block")


def headings_style(columns: Sequence[Column]) -> str:
    """Rules that put each column's name before its cells. The names are ours and hold no quotes."""
    return "\n".join(
        f'  td:nth-child({index}):not(:empty)::before {{ content: "{column.name}"; }}'
        for index, column in enumerate(columns, 1)
        if index > 1
    )


def _row(columns: Sequence[Column], anchor: str, kind: str, cells: tuple[str, ...]) -> str:
    first = element("th", cells[0], scope="row", role="rowheader")
    rest = [
        element("td", cell, role="cell", class_=column.class_)
        for column, cell in zip(columns[1:], cells[1:], strict=True)
    ]
    return element("tr", first, *rest, id=anchor, class_=kind, role="row")
