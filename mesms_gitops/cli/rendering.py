"""The text for each combination of values, looked at as it will arrive; what is odd in it is priced over its people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import ListSource, LocalTemplate, SavedTemplate
from mesms_gitops.model.diagnostic import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mesms_gitops.manifests.bill import Entry
    from mesms_gitops.manifests.links import LinkProblem
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Position
    from mesms_gitops.model.sends import DesiredSend
    from mesms_gitops.planning.desire import Render


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
        self.render: Render | None = self._renderer(campaign)

    def _renderer(self, campaign: Campaign) -> Render | None:
        from mesms_gitops.manifests.templates import compile_template, render_saved

        body = campaign.body
        if isinstance(body, SavedTemplate):
            text = body.text
            return None if text is None else lambda values: self._looked_at(render_saved(text, values), values)
        template = compile_template(body, self._whole())
        return lambda values: self._looked_at(template.render(values), values)

    def _whole(self) -> Position | None:
        """Where the text stands in the manifest."""
        return next(
            (found for key in ("content", "template", "template_text") if (found := self._campaign.positions.get(key))),
            self._campaign.position(""),
        )

    def _looked_at(self, text: str, values: Mapping[str, str]) -> str:
        """``text``; its errors are kept once for each kind, not once for each of many recipients.

        A text that is the same for everybody was checked with its manifest: only its price is new.
        """
        self._bill.look_at(text, values)
        if self._is_personal:
            from mesms_gitops.manifests.links import check_links
            from mesms_gitops.manifests.message_text import check_errors

            for found in check_errors(text):
                self._keep(found.code, found.excerpt, found.message, found.next_step)
            for problem in check_links(text, self._links):
                self._keep_link(problem)
        return text

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


_UNSHOWN = {
    "MS502": "a link leads to a host this project may not link to",
    "MS503": "a link is a shortened one",
    "MS504": "a link leads to an address, not to a name",
}


def source_of(campaign: Campaign) -> str:
    """The template as it is written; empty where only ME-SMS knows it."""
    body = campaign.body
    return body.source if isinstance(body, LocalTemplate) else body.text or ""
