"""Keys -> `Campaign`: what must be there, what goes with what, and the nouns the rest of the house knows.

Every step notes what is wrong and goes on with what it has; only at the end is there a campaign or none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.manifests import schedules, texts
from mesms_gitops.manifests.merge import BODIES
from mesms_gitops.manifests.scalars import campaign_name, cut, is_campaign_name, is_identifier, near_miss
from mesms_gitops.manifests.sources import sources_of
from mesms_gitops.manifests.templates import RESERVED
from mesms_gitops.manifests.yaml_tree import MappingNode, Node, Scalar, SequenceNode
from mesms_gitops.model.campaign import (
    Campaign,
    DeclaredState,
    Limits,
    LocalTemplate,
    MessageBody,
    MessageClass,
    NumbersSource,
    SavedTemplate,
    Tolerance,
)
from mesms_gitops.model.diagnostic import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping
    from datetime import datetime

    from mesms_gitops.manifests.findings import Findings
    from mesms_gitops.manifests.positions import TreePositions
    from mesms_gitops.manifests.schema import ManifestKeys
    from mesms_gitops.manifests.text_file import Span
    from mesms_gitops.manifests.validate import Understood
    from mesms_gitops.model.campaign import Schedule, Source
    from mesms_gitops.model.project import Project


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rest of the world says: the project, the moment, what state has sent, when git last saw a file."""

    project: Project
    now: datetime
    known_sent: Container[str]
    last_commit: Callable[[str], datetime | None]


class Draft:
    """One manifest on its way to a campaign."""

    __slots__ = (
        "around", "broken", "file", "findings", "is_past", "keys", "name", "positions", "sources", "state", "tree",
        "understood",
    )  # fmt: skip

    def __init__(
        self,
        tree: MappingNode,
        understood: Understood[ManifestKeys],
        positions: TreePositions,
        around: Surroundings,
        findings: Findings,
    ) -> None:
        self.file = tree.file.name
        self.tree = tree
        self.positions = positions
        self.understood = understood
        self.keys = understood.keys
        self.broken = understood.broken | (tree.keys_at.keys() - tree.keys())  # these were refused in mesms.yaml
        self.around = around
        self.findings = findings
        self.state = DeclaredState(self.keys.state or "active")
        self.name = _name(self)
        self.is_past = False
        self.sources: tuple[Source, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing of it will be sent: it is cancelled, or its time has passed. Today's policy is not for it."""
        return self.is_past or self.state is DeclaredState.CANCELLED

    def lacks(self, key: str) -> bool:
        """Whether ``key`` is not there at all; a key that is there and wrong was spoken of already."""
        return key not in self.tree and key not in self.broken and key not in self.tree.keys_at

    def node(self, *path: str | int) -> Node | None:
        """The node at ``path``, if there is one."""
        node: Node | None = self.tree
        for step in path:
            try:
                node = node[step]  # type: ignore[index]
            except (KeyError, IndexError, TypeError):
                return None
        return node

    def at(self, *path: str | int) -> Span:
        """Where ``path`` stands, or the nearest above it; the first key of the file in the end."""
        steps = list(path)
        while steps:
            node = self.node(*steps)
            if node is not None:
                return node.span
            steps.pop()
        return self.tree.head

    def own(self, *path: str | int) -> Span:
        """As `at`, but never in mesms.yaml: for what is missing from the manifest itself."""
        found = self.at(*path)
        return found if found.file is self.tree.file else self.tree.head

    def refuse(self, code: str, message: str, next_step: str, at: Span, field: str) -> None:
        """A policy or a limit is broken: a refusal where something would be sent, a warning in a draft."""
        is_draft = self.state is DeclaredState.DRAFT
        severity = Severity.WARNING if is_draft else Severity.ERROR
        self.findings.error(
            code, message, at=at, field=field, next_step=next_step, severity=severity, refusal=not is_draft
        )


def build(draft: Draft) -> Campaign | None:
    """The campaign of ``draft``; None if anything but a limit or a policy stands against it."""
    keys = draft.keys
    message_class = MessageClass(keys.class_ or "marketing")
    sources = draft.sources = sources_of(draft, "recipients")
    exclude = sources_of(draft, "exclude")
    _check_recipients(draft, sources)
    schedule = schedules.schedule_of(draft, message_class)
    body = _body(draft)
    limits = _limits(draft)
    _check_sender(draft)
    _check_move(draft)
    variables = MappingProxyType(dict(keys.variables or {}))
    _check_names(draft, body)
    if body is not None:
        texts.check(draft, body, variables, sources, limits)
    _say_whose(draft)
    if body is None or any(item.is_error and not item.refusal for item in draft.findings.items):
        return None
    return _campaign(draft, message_class, body, variables, sources, exclude, schedule, limits)


def numbers_of(draft: Draft) -> Campaign | None:
    """The numbers written in a ``draft`` that was built, as a campaign nobody gets; None if there are other sources.

    For a look at each number where there is no campaign, because of some other mistake.
    """
    if not all(isinstance(source, NumbersSource) for source in draft.sources):
        return None
    nothing = LocalTemplate("-")
    empty: Mapping[str, str] = MappingProxyType({})
    made = _campaign(draft, MessageClass.MARKETING, nothing, empty, draft.sources, (), None, Limits())
    return replace(made, positions=MappingProxyType({}))  # each number knows its own: they are fewer than were written


def _say_whose(draft: Draft) -> None:
    """A place in mesms.yaml does not tell which campaign has the problem."""
    draft.findings.items[:] = [
        replace(item, why=f"in the campaign {draft.name}" + (f"; {item.why}" if item.why else ""))
        if item.position is not None and item.position.file == draft.around.project.file
        else item
        for item in draft.findings.items
    ]


def _campaign(
    draft: Draft,
    message_class: MessageClass,
    body: MessageBody,
    variables: Mapping[str, str],
    sources: tuple[Source, ...],
    exclude: tuple[Source, ...],
    schedule: Schedule | None,
    limits: Limits,
) -> Campaign:
    keys = draft.keys
    return Campaign(
        name=draft.name,
        file=draft.file,
        state=draft.state,
        message_class=message_class,
        sender=keys.sender or "",
        body=body,
        variables=variables,
        sources=sources,
        exclude=exclude,
        invalid=(keys.invalid.max if keys.invalid else None) or Tolerance(),
        schedule=schedule,
        limits=limits,
        revision=keys.revision or 1,
        moved_from=keys.moved_from,
        owner=keys.owner,
        labels=MappingProxyType(dict(keys.labels or {})),
        positions=draft.positions,
    )


def _name(draft: Draft) -> str:
    if draft.keys.name is not None:
        return draft.keys.name
    stem = PurePosixPath(draft.file).stem
    if draft.lacks("name") and not is_campaign_name(stem):
        try:
            campaign_name(Scalar(stem, '"', draft.tree.file, (0, 0, 0, 0)))
        except ValueError as misfit:
            advice = (getattr(misfit, "next_step", None) or "").removeprefix("write ")
            draft.findings.error(
                "MS127",
                f"the file's name {cut(stem)!r} cannot be the campaign's name",
                at=draft.tree.head,
                field="name",
                why=getattr(misfit, "why", None),
                next_step=f"write name: {advice}" if is_campaign_name(advice) else f"write `name:` and {advice}",
            )
    return stem


def _check_recipients(draft: Draft, sources: tuple[Source, ...]) -> None:
    given = sources or draft.node("recipients")  # an entry that cannot be used was spoken of already
    if given or draft.state is not DeclaredState.ACTIVE or "recipients" in draft.broken:
        return
    draft.findings.error(
        "MS401",
        "nobody would get this message",
        at=draft.at("recipients"),
        field="recipients",
        next_step="name a source under `recipients:`, or write state: draft",
    )


def _check_sender(draft: Draft) -> None:
    sender, allowed = draft.keys.sender, draft.around.project.policy.senders
    if sender is None:
        if draft.lacks("sender"):
            draft.findings.error(
                "MS123",
                "the sender is missing",
                at=draft.tree.head,
                field="sender",
                next_step="write sender: with an approved name, or one for all under `defaults:` in mesms.yaml",
            )
    elif allowed is not None and sender not in allowed and not draft.is_over:
        near = near_miss(sender, allowed)
        draft.refuse(
            "MS501",
            f"{sender} is not among the senders of this project",
            f"write {near}"
            if near
            else f"write one of {', '.join(allowed)}, or add it under `policy.senders` in mesms.yaml",
            draft.at("sender"),
            "sender",
        )


def _check_move(draft: Draft) -> None:
    if draft.keys.moved_from is not None and draft.keys.moved_from == draft.name:
        draft.findings.error(
            "MS129",
            "a campaign cannot have moved from its own name",
            at=draft.at("moved_from"),
            field="moved_from",
            next_step="write its former name, or delete the key",
        )


def _body(draft: Draft) -> MessageBody | None:
    present = [key for key in ("content", "template", "template_id") if not draft.lacks(key)]
    if len(present) != 1:
        _not_one_body(draft, present)
        return None
    keys = draft.keys
    if keys.template_text is not None and present != ["template_id"]:
        draft.findings.error(
            "MS132",
            "template_text is the copy of a saved template",
            at=draft.at("template_text"),
            field="template_text",
            next_step=f"delete it, or write template_id in place of {present[0]}",
        )
    if keys.content is not None:
        return LocalTemplate(keys.content)
    if keys.template is not None:
        return texts.read_template(draft, keys.template)
    if keys.template_id is not None:
        return SavedTemplate(keys.template_id, keys.template_text)
    return None


def _not_one_body(draft: Draft, present: list[str]) -> None:
    if present:
        second = draft.tree.keys_at.get(present[1])
        draft.findings.error(
            "MS131",
            f"{' and '.join(present)} cannot both be the message",
            at=second if second is not None else draft.at(present[1]),
            field=present[1],
            next_step="keep one of them",
        )
    else:
        draft.findings.error(
            "MS131",
            "there is no message",
            at=draft.tree.head,
            field="content",
            next_step=f'write content: "...", or one of {", ".join(sorted(BODIES - {"content"}))}',
        )


def _limits(draft: Draft) -> Limits:
    given = draft.keys.limits
    if given is None:
        return Limits()
    least = given.recipients.min if given.recipients else None
    most = given.recipients.max if given.recipients else None
    if least is not None and most is not None and least > most:
        draft.findings.error(
            "MS138",
            f"at least {least:,} and at most {most:,} recipients cannot both hold",
            at=draft.at("limits", "recipients"),
            field="limits.recipients",
            next_step="write the smaller number as min",
        )
    return Limits(least, most, given.credits, given.requests or 100, given.parts)


def _check_names(draft: Draft, body: MessageBody | None) -> None:
    """Variables of a local template must be names Jinja2 can refer to, wherever they are given."""
    if not isinstance(body, LocalTemplate):
        return
    _check_names_at(draft, "variables")
    sources = draft.node("recipients")
    for index in range(len(sources) if isinstance(sources, SequenceNode) else 0):
        _check_names_at(draft, "recipients", index, "variables")


def _check_names_at(draft: Draft, *path: str | int) -> None:
    node = draft.node(*path)
    if not isinstance(node, MappingNode):
        return
    for name in node:
        if not is_identifier(name) or name.lower() in RESERVED:
            draft.findings.error(
                "MS137",
                f"{cut(name)!r} cannot be the name of a variable",
                at=node.keys_at[name],
                field=".".join(map(str, (*path, cut(name)))),
                next_step="use English letters, digits and _, such as first_name",
            )
