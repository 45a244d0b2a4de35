"""The text for each combination of values, looked at as it will arrive; what is odd in it is priced over its people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import ListSource, LocalTemplate, SavedTemplate
from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.planning.texts import values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mesms_gitops.manifests.batch import Batch, Filled
    from mesms_gitops.manifests.bill import Entry
    from mesms_gitops.manifests.links import LinkProblem
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Position
    from mesms_gitops.model.sends import DesiredSend
    from mesms_gitops.planning.texts import Combination


class Rendering:
    """Renders one campaign's texts. No finding of it shows what a recipient's own values say."""

    def __init__(self, campaign: Campaign, links: Sequence[str] | None) -> None:
        """``links`` are the hosts that policy allows; None for any."""
        from mesms_gitops.manifests.bill import Bill

        self._campaign = campaign
        self._links = links
        self._source = source_of(campaign)
        self._bill = Bill(self._source)
        self._is_personal = any(isinstance(source, ListSource) and source.variables for source in campaign.sources)
        self._seen: set[tuple[str, str]] = set()
        self.errors: list[Diagnostic] = []
        self.render: Texter | None = self._renderer(campaign)

    def _renderer(self, campaign: Campaign) -> Texter | None:
        from mesms_gitops.manifests.batch import batch_of, batch_of_saved
        from mesms_gitops.manifests.templates import compile_template

        body = campaign.body
        if isinstance(body, SavedTemplate):
            return None if body.text is None else Texter(batch_of_saved(body.text), self)
        return Texter(batch_of(compile_template(body, self._whole()), body.source), self)

    def _whole(self) -> Position | None:
        """Where the text stands in the manifest."""
        return next(
            (found for key in ("content", "template", "template_text") if (found := self._campaign.positions.get(key))),
            self._campaign.position(""),
        )

    def look_at(self, text: str, values: Mapping[str, str]) -> None:
        """Note what is odd in ``text``, made of ``values``; errors once for each kind, not for each of many people.

        A text that is the same for everybody was checked with its manifest: only its price is new.
        """
        self._bill.look_at(text, values)
        if self._is_personal:
            from mesms_gitops.manifests.message_text import check_errors

            for found in check_errors(text):
                self._keep(found.code, found.excerpt, found.message, found.next_step)

    def look_at_links(self, text: str) -> None:
        """Note what is wrong with the links of ``text``, which may be a piece of one between two blanks."""
        if self._is_personal:
            from mesms_gitops.manifests.links import check_links

            for problem in check_links(text, self._links):
                self._keep_link(problem)

    def _keep_link(self, problem: LinkProblem) -> None:
        host = problem.link.host
        if host and host in self._source.lower():
            self._keep(problem.code, host, problem.message, problem.next_step, refusal=True)
        else:  # the link is made of somebody's values
            message = f"with some recipients' values, {_UNSHOWN[problem.code]}"
            self._keep(problem.code, "", message, problem.next_step, refusal=True)

    def _keep(self, code: str, what: str, message: str, next_step: str, *, refusal: bool = False) -> None:
        if (code, what) in self._seen:
            return
        self._seen.add((code, what))
        said = self._diagnostic(code, Severity.ERROR, message, next_step, self._whole(), refusal=refusal)
        self.errors.append(said)

    def costs(self, sends: Iterable[DesiredSend]) -> tuple[Diagnostic, ...]:
        """What is odd in the texts of ``sends`` and what it costs all their people; none where nobody is known."""
        people: Counter[str] = Counter()
        for send in sends:
            if send.text is not None and send.recipients:
                people[send.text] += send.recipients
        everybody = people.total()
        return tuple(
            self._diagnostic(
                entry.slip.code, entry.severity, entry.message(everybody), entry.advice, self._place(entry)
            )
            for entry in self._bill.entries(people)
        )

    def _place(self, entry: Entry) -> Position | None:
        from mesms_gitops.manifests.whereabouts import whereabouts

        return whereabouts(self._campaign, self._source, entry.slip, entry.variable) or self._whole()

    def _diagnostic(
        self,
        code: str,
        severity: Severity,
        message: str,
        next_step: str,
        position: Position | None,
        *,
        refusal: bool = False,
    ) -> Diagnostic:
        return Diagnostic(
            code=code,
            severity=severity,
            message=f"{self._campaign.name}: {message}",
            position=position,
            field="content",
            next_step=next_step,
            campaign=self._campaign.name,
            refusal=refusal,
        )


class Texter:
    """Makes the texts of one campaign, few or many, and has each of them looked at. See ``planning.texts.ManyRender``.

    `many` looks closely only at texts that `Watch` cannot clear, and renders a template's parts once for each
    combination of what they read; both say what one text at a time would.
    """

    def __init__(self, batch: Batch, rendering: Rendering) -> None:
        from mesms_gitops.manifests.watch import Watch

        self._batch = batch
        self._rendering = rendering
        self._watch = Watch(batch.words)

    @property
    def names(self) -> frozenset[str]:
        """The variables that a text can depend on."""
        return self._batch.names

    def __call__(self, values: Mapping[str, str], /) -> str:
        """One text, looked at."""
        text = self._batch.whole(values)
        self._rendering.look_at(text, values)
        self._rendering.look_at_links(text)
        return text

    def many(self, names: Sequence[str], combinations: Sequence[Combination], /) -> list[str]:
        """The text of each of ``combinations`` of ``names``, looked at."""
        made: list[str] = []
        for filled, some in self._filled(names, combinations):
            for row in self._watch.suspects(filled):
                self._rendering.look_at(filled.texts[row], values_of(names, some[row]))
            for piece in self._watch.links(filled):
                self._rendering.look_at_links(piece)
            made += filled.texts
        return made

    def drafts(self, names: Sequence[str], combinations: Sequence[Combination], /) -> list[str]:
        """The same, for texts that nobody gets: nothing is looked at."""
        return [text for filled, _ in self._filled(names, combinations) for text in filled.texts]

    def _filled(
        self, names: Sequence[str], combinations: Sequence[Combination]
    ) -> Iterator[tuple[Filled, Sequence[Combination]]]:
        for start in range(0, len(combinations), _AT_ONCE):
            some = combinations[start : start + _AT_ONCE]
            yield self._batch.fill(names, some), some


_AT_ONCE = 20_000
"""Texts made and looked at together: enough to share the work, few enough to stay small."""

_UNSHOWN = {
    "MS502": "a link leads to a host this project may not link to",
    "MS503": "a link is a shortened one",
    "MS504": "a link leads to an address, not to a name",
}


def source_of(campaign: Campaign) -> str:
    """The template as it is written; empty where only ME-SMS knows it."""
    body = campaign.body
    return body.source if isinstance(body, LocalTemplate) else body.text or ""
