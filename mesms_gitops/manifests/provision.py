"""The variables of a message: which it needs, who provides them, and which nobody uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mesms_gitops.manifests.scalars import MOST_SUGGESTIONS, cut, near_miss
from mesms_gitops.manifests.sources import provided
from mesms_gitops.manifests.yaml_tree import MappingNode, SequenceNode
from mesms_gitops.model.campaign import DeclaredState, GroupSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.manifests.build import Draft
    from mesms_gitops.manifests.text_file import Span
    from mesms_gitops.manifests.texts import Message
    from mesms_gitops.model.campaign import Source


def check_variables(draft: Draft, message: Message, variables: Mapping[str, str], sources: tuple[Source, ...]) -> None:
    """What the message needs and nothing gives, and what is given and the message does not use."""
    given = _given(draft)
    unused = sorted(set(given) - message.names)
    for name in sorted(message.names - set(variables) - message.optional):
        if name not in given:
            _nothing_provides(draft, message, name, unused)
        elif "recipients" not in draft.broken and given[name][0] == "recipients":
            for index, source in enumerate(sources):
                if name not in provided(source):
                    _not_everywhere(draft, name, index, source)
    _check_values(draft, message, variables, sources)
    missing = sorted(message.names - set(variables) - message.optional - set(given))[:MOST_SUGGESTIONS]
    for name in unused:
        if not missing or near_miss(name, missing) is None:  # else: the missing one asked whether it is meant
            _unused(draft, name, given[name])


def _check_values(draft: Draft, message: Message, variables: Mapping[str, str], sources: tuple[Source, ...]) -> None:
    """Values for everybody that are empty; a column may still fill one in."""
    mapped = {name for source in sources for name in provided(source)}
    for name in sorted(message.names & variables.keys() - message.may_be_empty - mapped):
        if not variables[name].strip():
            draft.findings.error(
                "MS308",
                f"the variable {cut(name)!r} is empty",
                at=draft.at("variables", name),
                field=f"variables.{cut(name)}",
                next_step=f'fill it in, or write {{{{ {cut(name)} | default("...", true) }}}} in the message',
            )


def _given(draft: Draft) -> dict[str, tuple[str | int, ...]]:
    """Every variable that is given a value anywhere, even a bad one, and the path of its first mention."""
    recipients = draft.node("recipients")
    count_ = len(recipients) if isinstance(recipients, SequenceNode) else 0
    paths: list[tuple[str | int, ...]] = [
        ("variables",),
        *(("recipients", index, "variables") for index in range(count_)),
    ]
    given: dict[str, tuple[str | int, ...]] = {}
    for path in paths:
        node = draft.node(*path)
        for name in node.keys_at if isinstance(node, MappingNode) else ():
            given.setdefault(name, (*path, name))
    return given


def _nothing_provides(draft: Draft, message: Message, name: str, unused: list[str]) -> None:
    if draft.state is not DeclaredState.ACTIVE and draft.lacks("recipients"):
        return  # the column may come with the list
    near = near_miss(name, unused) if len(draft.findings.items) < MOST_SUGGESTIONS else None
    draft.findings.error(
        "MS307",
        f"nothing provides the variable {cut(name)!r}",
        at=_usage(message, name),
        field=message.field,
        next_step=f"did you mean {near}?" if near else f"provide {cut(name)} under `variables:`, or map a column to it",
    )


def _not_everywhere(draft: Draft, name: str, index: int, source: Source) -> None:
    is_group = isinstance(source, GroupSource)
    node = draft.node("recipients", index)
    draft.findings.error(
        "MS406" if is_group else "MS307",
        f"{'a contact group' if is_group else 'this source'} does not provide the variable {cut(name)!r}",
        at=node.head if isinstance(node, MappingNode) else draft.at("recipients", index),
        field=f"recipients.{index}",
        why="ME-SMS resolves the group; nothing is known here about its members" if is_group else None,
        next_step=f"give {cut(name)} a value for everybody under `variables:`, or make it a campaign of its own",
    )


def _usage(message: Message, name: str) -> Span:
    used = re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", message.source)
    return message.whole if used is None else message.locate(used.start(), len(name))


def _unused(draft: Draft, name: str, path: tuple[str | int, ...]) -> None:
    node = draft.node(*path[:-1])
    draft.findings.warning(
        "MS309",
        f"the message does not use the variable {cut(name)!r}",
        at=node.keys_at[name] if isinstance(node, MappingNode) else draft.at(*path),
        field=".".join(map(str, path)),
        next_step="delete it, or use it in the message",
    )
