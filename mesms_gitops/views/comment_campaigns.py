"""The campaigns of a comment: one table, and below it what each of them would say to whom, folded away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.views.layout import figure, local_time, spoken, wrap
from mesms_gitops.views.markdown import code, fenced, inline, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.views.comment_words import Words
    from mesms_gitops.views.plan_overview import ActionShown, FindingShown

FIGURES: Final = frozenset({4, 6})
WIDTH: Final = 90
_MOST_FINDINGS: Final = 50


@dataclass(frozen=True, slots=True)
class Table:
    """The overview, as many rows of it as there is room for."""

    cells: tuple[tuple[str, ...], ...]
    words: Words

    @classmethod
    def of(cls, actions: list[ActionShown], words: Words) -> Table:
        """A row for each of ``actions``."""
        return cls(tuple(_row(action, words) for action in actions), words)

    def text(self, count: int) -> str:
        """The first ``count`` rows, as Markdown; empty for none."""
        return "\n".join(rows(self.cells[:count], self.words.header, right=FIGURES)) if count else ""


def _row(action: ActionShown, words: Words) -> tuple[str, ...]:
    leaves = local_time(action.leaves_at, action.timezone) if action.leaves_at else ""
    if action.texts_people and not leaves:
        leaves = words.now
    return (
        code(action.campaign),
        words.verbs[action.verb],
        inline(leaves),
        code(action.sender),
        figure(action.recipients) if action.recipients else "",
        inline(", ".join(f"{size_} × {figure(people)}" for size_, people in action.parts if people)),
        _price(action, words),
        _undo(action, words),
    )


def _price(action: ActionShown, words: Words) -> str:
    if not action.texts_people:
        return f"-{figure(action.refund)}" if action.refund else ""
    return figure(action.credits) + (f" ({words.estimate})" if action.is_estimate else "")


def _undo(action: ActionShown, words: Words) -> str:
    if not action.texts_people:
        return ""
    if action.undo_until is None:
        return words.cannot_undo
    return words.until.format(time=inline(local_time(action.undo_until, action.timezone)))


def details_of(action: ActionShown, words: Words) -> str:
    """Why, the texts as they would arrive, and what is not as it was."""
    lines = wrap(spoken(action.message), WIDTH)
    if action.moved:
        lines.append(words.audience_moved.format(moved=action.moved))
    for preview in action.previews:
        told = words.preview.format(
            parts=words.counted(preview.parts, "parts"),
            units=words.counted(preview.units, "units"),
            encoding=spoken(preview.encoding),
            people=words.counted(preview.people, "people"),
        )
        masked = f"; {words.masked}" if preview.is_masked else ""
        lines += ["", *wrap(spoken(preview.text), WIDTH, first="  "), f"  ({told}{masked})"]
    for field, before, after in action.changes:
        lines += ["", f"{words.changed}: {spoken(field)}"]
        lines += wrap(spoken(before), WIDTH, first="- ") + wrap(spoken(after), WIDTH, first="+ ")
    for found in action.findings:
        lines += ["", *_finding_lines(found)]
    summary = f"{code(action.campaign)}: {words.verbs[action.verb]}"
    is_open = action.is_final or action.verb == "blocked"
    opened = "<details open>" if is_open else "<details>"
    return f"{opened}<summary>{summary}</summary>\n\n{fenced(lines, 'diff')}\n\n</details>"


def _finding_lines(found: FindingShown) -> list[str]:
    where = f"{spoken(found.place)}: " if found.place else ""
    lines = wrap(f"{spoken(found.severity)} {spoken(found.code)}: {where}{spoken(found.message)}", WIDTH, first="! ")
    return lines + (wrap(spoken(found.next_step), WIDTH, first="  → ") if found.next_step else [])


def finding_section(findings: tuple[FindingShown, ...], words: Words) -> Iterator[str]:
    """Findings about the whole, the first fifty of them; nothing where there is none."""
    if not findings:
        return
    lines: list[str] = []
    for found in findings[:_MOST_FINDINGS]:
        lines += _finding_lines(found)
    if len(findings) > _MOST_FINDINGS:
        lines.append(f"… {figure(len(findings) - _MOST_FINDINGS)}")
    title = words.counted(len(findings), "findings")
    yield f"<details open><summary>{title}</summary>\n\n{fenced(lines, 'diff')}\n\n</details>"
