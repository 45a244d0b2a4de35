"""What there is to say about an audience, each finding at its place in the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import EXPLAINED, Reason, mask, normalise
from mesms_gitops.model.campaign import DeliverySource, GroupSource, ListSource, LocalTemplate, NumbersSource
from mesms_gitops.model.diagnostic import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mesms_gitops.audience.gathering import Blank
    from mesms_gitops.audience.sources.reader import Finding
    from mesms_gitops.audience.tally import Tally
    from mesms_gitops.model.campaign import Campaign, MessageBody, Source, Tolerance
    from mesms_gitops.model.diagnostic import Position

_ROWS_SHOWN = 5
_A_WHOLE_COLUMN = 10
"""Rows of an opt-out list from which on not one usable number means that the column holds none: a few may be slips."""


class Findings:
    """The diagnostics of one campaign, in the order they were made."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self.diagnostics: list[Diagnostic] = []

    @property
    def stop(self) -> bool:
        """Whether one of them is an error."""
        return any(diagnostic.is_error for diagnostic in self.diagnostics)

    def add(
        self,
        severity: Severity,
        code: str,
        message: str,
        path: str,
        *,
        position: Position | None = None,
        why: str | None = None,
        next_step: str | None = None,
    ) -> None:
        """One finding about the manifest key ``path``, at its place, else at ``position``, else at its source."""
        self.diagnostics.append(
            Diagnostic(
                code=code,
                severity=severity,
                message=message,
                position=self._campaign.positions.get(path) or position or self._place_of_source(path),
                field=path,
                why=why,
                next_step=next_step,
                campaign=self._campaign.name,
            )
        )

    def relay(self, severity: Severity, finding: Finding, path: str) -> None:
        """What a reader found out about the source at ``path``."""
        self.add(
            severity,
            finding.code,
            finding.message,
            f"{path}.{finding.key}" if finding.key else path,
            why=finding.why,
            next_step=finding.next_step,
        )

    def bad_inline(self, source: NumbersSource, path: str) -> None:
        """Every bad number of ``source``, at its own position."""
        for index, raw in enumerate(source.numbers):
            found = normalise(raw)
            if isinstance(found, Reason):
                self.add(
                    Severity.ERROR,
                    codes.BAD_INLINE,
                    f"{mask(raw)} is not a Thai mobile number: {EXPLAINED[found]}",
                    f"{path}.numbers.{index}",
                    position=source.positions[index] if index < len(source.positions) else None,
                    next_step="write it as 08XXXXXXXX, or leave it out",
                )

    def bad_numbers(self, tallies: Sequence[Tally]) -> None:
        """Bad numbers of recipient lists: a warning, or an error if they are more than the campaign allows.

        Those of the manifest itself are errors already, each at its own place.
        """
        lists = [tally for tally in tallies if not isinstance(self.source_at(tally.path), NumbersSource)]
        offenders = [tally for tally in lists if tally.invalid and tally.is_whole]
        if not offenders:
            return
        bad = sum(tally.invalid.total() for tally in offenders)
        rows = sum(tally.rows - tally.filtered for tally in lists)  # what `where` leaves out was not judged
        tolerance = self._campaign.invalid
        tolerated = tolerance.allows(bad, rows)
        self.add(
            Severity.WARNING if tolerated else Severity.ERROR,
            codes.SOME_BAD if tolerated else codes.TOO_MANY_BAD,
            f"{bad:,} of {_counted(rows, 'row')} {'has' if bad == 1 else 'have'} no usable number"
            + ("; nothing is sent to them" if tolerated else f", and `invalid` allows {_allowed(tolerance)}"),
            "invalid",
            position=self._place_of_source(offenders[0].path),
            why="; ".join(f"{tally.label}: {_by_reason(tally.invalid)}" for tally in offenders),
            next_step="list them (masked) with `plan --rejects FILE.csv`"
            + ("" if tolerated else ", then mend the list, or allow some: `invalid: {max: 1%}`"),
        )

    def of_recipients(self, tally: Tally) -> None:
        """Warnings about one recipient source; an error if it has no rows."""
        if not tally.rows:
            self.add(
                Severity.ERROR,
                codes.NO_ROWS,
                _empty(self.source_at(tally.path), tally.label),
                tally.path,
                next_step=_instead_of_empty(self.source_at(tally.path)),
            )
        if tally.lost_zeros:
            self.add(
                Severity.WARNING,
                codes.LOST_ZERO,
                f"{tally.label}: {_counted(tally.lost_zeros, 'number')} without the leading 0; it was restored",
                tally.path,
                next_step="write it with its leading 0"
                if isinstance(self.source_at(tally.path), NumbersSource)
                else "keep the column as text in the spreadsheet",
            )
        if tally.contradictions:
            self.add(
                Severity.WARNING,
                codes.TWO_VALUES,
                f"{tally.label}: {_counted(tally.contradictions, 'row')} with other values for a number named before, "
                "whose first row wins",
                tally.path,
                why="for these people the order of rows decides what they read",
                next_step="keep one row a number",
            )

    def of_opt_outs(self, tally: Tally) -> None:
        """Warnings about one opt-out list; an error where whom it names cannot be read at all.

        That is if it has rows of another width, which may name anybody, or a whole column without one number.
        """
        judged, bad = tally.rows - tally.filtered, tally.invalid.total()
        if tally.rows == tally.filtered:
            self.add(
                Severity.WARNING,
                codes.NO_OPT_OUTS,
                f"the opt-out list {tally.label} has no rows"
                + (f" that `where` keeps, of {tally.rows:,}" if tally.rows else "")
                + ": it excludes nobody",
                tally.path,
                next_step="look at what stands in the columns of `where`: they are compared as text, letter for letter"
                if tally.rows
                else "make sure that its export did not fail",
            )
        if ragged := tally.invalid[Reason.RAGGED]:
            self.add(
                Severity.ERROR,
                codes.BAD_OPT_OUT,
                f"the opt-out list {tally.label} has {_counted(ragged, 'row')} wider or narrower than its header",
                tally.path,
                why="which cell is the number cannot be told, and whoever stands there asked not to be texted",
                next_step="list them (masked) with `plan --rejects FILE.csv`, then mend the list",
            )
        elif bad == judged >= _A_WHOLE_COLUMN:
            self.add(
                Severity.ERROR,
                codes.BAD_OPT_OUT,
                f"the opt-out list {tally.label} has {_counted(judged, 'row')} and not one usable number",
                tally.path,
                why=_by_reason(tally.invalid),
                next_step="check `phone`, and list the rows (masked) with `plan --rejects FILE.csv`",
            )
        elif tally.invalid and not isinstance(self.source_at(tally.path), NumbersSource):
            self.add(
                Severity.WARNING,
                codes.BAD_OPT_OUT,
                f"the opt-out list {tally.label} has {_counted(bad, 'row')} without a usable number, excluding nobody",
                tally.path,
                why=_by_reason(tally.invalid),
                next_step="list them (masked) with `plan --rejects FILE.csv`, then mend the list",
            )

    def blank_values(self, blanks: Iterable[Blank]) -> None:
        """An error for each column that leaves somebody's personal text with nothing in it."""
        for found in blanks:
            shown = ", ".join(map(str, found.rows[:_ROWS_SHOWN]))
            column = _variables_of(self.source_at(found.path))[found.name]
            self.add(
                Severity.ERROR,
                codes.BLANK_VALUE,
                f"{found.label}: {_counted(found.people, 'recipient')} with nothing in “{column}”, which is their "
                f"{{{{ {found.name} }}}}",
                f"{found.path}.variables.{found.name}",
                why=f"among others row {shown}" if shown else None,
                next_step="fill the column, or leave these rows out with `where`",
            )

    def missing_values(self) -> None:
        """An error for each source that gives no value for a variable which another source maps to a column."""
        campaign = self._campaign
        mapped = {name for source in campaign.sources if isinstance(source, ListSource) for name in source.variables}
        personal = {name for name in mapped - campaign.variables.keys() if _mentions(campaign.body, name)}
        for index, source in enumerate(campaign.sources):
            gap = sorted(personal.difference(_variables_of(source)))
            if not gap:
                continue
            is_group = isinstance(source, GroupSource)
            self.add(
                Severity.ERROR,
                codes.GROUP_PERSONAL if is_group else codes.NO_VALUE,
                f"no value for {', '.join(f'{{{{ {name} }}}}' for name in gap)} "
                + ("for the members of a contact group" if is_group else "in this source"),
                f"recipients.{index}",
                why="another source maps it to a column",
                next_step="give everybody else a value under `variables`"
                + (", or make it a campaign of its own" if is_group else ", or map it to a column here too"),
            )

    def unseen_group(self, source: GroupSource, path: str) -> None:
        """The warning that comes with every contact group."""
        self.add(
            Severity.WARNING,
            codes.GROUP_UNSEEN,
            f"contact group {source.group_id} cannot be counted, deduplicated or excluded: ME-SMS alone knows it",
            path,
            why="somebody who is also in another source gets the message twice, and `exclude` does not apply to it"
            if len(self._campaign.sources) > 1
            else "`exclude` does not apply to it",
        )

    def unforgotten_group(self, source: GroupSource, path: str, suppressed: int) -> None:
        """The warning that a contact group may hold people who asked to be forgotten."""
        who = "somebody" if suppressed == 1 else f"{suppressed:,} people"
        self.add(
            Severity.WARNING,
            codes.GROUP_FORGOTTEN,
            f"contact group {source.group_id} may hold {who} who asked to be forgotten: it cannot be filtered here",
            path,
            why="ME-SMS alone knows its members",
            next_step="take them out of the group on ME-SMS, or export it and name the file",
        )

    def excluded_group(self, source: GroupSource, path: str) -> None:
        """The error for a contact group among the opt-outs."""
        self.add(
            Severity.ERROR,
            codes.GROUP_EXCLUDED,
            f"contact group {source.group_id} cannot be an opt-out list: only ME-SMS knows its members",
            path,
            next_step="export it, and name the file",
        )

    def unknown_blocks(self, count: int, starts: Sequence[str]) -> None:
        """The warning about numbers sent to that nobody seems to have; ``starts`` are their first digits."""
        if count:
            self.add(
                Severity.WARNING,
                codes.UNKNOWN_BLOCK,
                f"{_counted(count, 'number')} {'lies in a block' if count == 1 else 'lie in blocks'} no operator has, "
                f"e.g. {', '.join(f'{start}-xxx-xxxx' for start in starts)}",
                "recipients",
                why="the numbering plan known to this version gives them to nobody; a newer one may",
                next_step="look where the list has them from; nothing is to be done if they are new",
            )

    def nobody(self, rows: int, suppressed: int = 0) -> None:
        """The error for an empty audience."""
        self.add(
            Severity.ERROR,
            codes.ALL_FORGOTTEN if suppressed else codes.NOBODY,
            "nobody is left to text",
            "recipients",
            why=f"of {_counted(rows, 'row')} none remained after bad numbers, `where`, duplicates and `exclude`"
            + (f"; {suppressed:,} of them asked to be forgotten" if suppressed else "")
            if rows
            else "there is no recipient at all",
            next_step="delete the campaign, or write `state: cancelled`, which takes back what is scheduled, or change "
            "its lists"
            if suppressed
            else "check the lists, `where` and `exclude`",
        )

    def source_at(self, path: str) -> Source | None:
        """The source that the key ``path`` belongs to (``recipients.0.phone``), if it belongs to one."""
        section, _, rest = path.partition(".")
        sources = {"recipients": self._campaign.sources, "exclude": self._campaign.exclude}.get(section, ())
        index = rest.partition(".")[0]
        return sources[int(index)] if index else None

    def _place_of_source(self, path: str) -> Position | None:
        source = self.source_at(path)
        return (source.position if source else None) or self._campaign.position(path)


def _empty(source: Source | None, label: str) -> str:
    if isinstance(source, DeliverySource):
        return f"nobody in {source.campaign} has the delivery status {' or '.join(source.delivery_states)}"
    return f"{label} has no rows"


def _instead_of_empty(source: Source | None) -> str:
    if isinstance(source, DeliverySource):
        return "there is nobody to text again: write `state: draft`, or name another `status`"
    return "export it again, or take it out of `recipients`"


def _variables_of(source: Source | None) -> Mapping[str, str]:
    return source.variables if isinstance(source, ListSource) else {}


def _mentions(body: MessageBody, name: str) -> bool:
    """Whether the text may use a variable: true in doubt, and where the text is known only to ME-SMS."""
    text = body.source if isinstance(body, LocalTemplate) else body.text
    return text is None or name in text


def _counted(count: int, one: str) -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def _by_reason(invalid: Mapping[Reason, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in _commonest_first(invalid))


def _commonest_first(invalid: Mapping[Reason, int]) -> Iterator[tuple[Reason, int]]:
    yield from sorted(invalid.items(), key=lambda item: (-item[1], item[0]))


def _allowed(tolerance: Tolerance) -> str:
    if tolerance.share is not None:
        return f"{tolerance.share * 100:g}%"
    return f"{tolerance.count:,}" if tolerance.count else "none"
