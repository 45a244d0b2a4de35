"""The message of one manifest, as far as it is known before any list is read: variables, text, links, parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.links import check_links
from mesms_gitops.manifests.message_text import MAX_CHARACTERS, Finding, check_text
from mesms_gitops.manifests.positions import span_in_text
from mesms_gitops.manifests.scalars import Misfit, cut, near_miss
from mesms_gitops.manifests.sources import provided, read_beside
from mesms_gitops.manifests.templates import compile_source, render_saved, saved_names
from mesms_gitops.manifests.yaml_tree import MappingNode, Scalar, SequenceNode
from mesms_gitops.model.campaign import DeclaredState, GroupSource, LocalTemplate, SavedTemplate
from mesms_gitops.planning.parts import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mesms_gitops.manifests.build import Draft
    from mesms_gitops.manifests.text_file import Span, TextFile
    from mesms_gitops.model.campaign import Limits, MessageBody, Source

_UNKNOWN: Final = "\ue000"
"""A character of no alphabet in place of a value that is not known yet."""


def read_template(draft: Draft, value: str) -> LocalTemplate | None:
    """The template file a manifest names."""
    node = draft.node("template")
    assert isinstance(node, Scalar)
    file = read_beside(draft, "template", node, value)
    return None if file is None else LocalTemplate(file.text, file.name)


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said: the names it needs, how to fill and to sketch it, and where its source stands."""

    field: str
    source: str
    names: frozenset[str]
    fill: Callable[[Mapping[str, str]], str]
    sketch: Callable[[Mapping[str, str], str], str]
    whole: Span
    locate: Callable[[int, int], Span]
    is_plain: bool = True
    optional: frozenset[str] = frozenset()


def check(
    draft: Draft, body: MessageBody, variables: Mapping[str, str], sources: tuple[Source, ...], limits: Limits
) -> None:
    """Everything that can be said about the text of ``draft`` without reading a list."""
    message = _local(draft, body) if isinstance(body, LocalTemplate) else _saved(draft, body)
    if message is None:
        return
    _trailing_newline(draft, message)
    _cut_by_comment(draft, message)
    _check_variables(draft, message, variables, sources)
    personal = message.names - set(variables)
    mapped = {name for source in sources for name in provided(source)} & message.names
    if personal or mapped:
        _check_sketch(draft, message, variables, mapped)
    elif not any(item.code in ("MS307", "MS308") for item in draft.findings.items):
        _check_whole(draft, message, variables, limits)


# --- the two kinds of message -----------------------------------------------------------------------------------------


def _local(draft: Draft, body: LocalTemplate) -> Message | None:
    field = "content" if body.file is None else "template"
    node = draft.node(field)
    assert isinstance(node, Scalar)
    file = _template_file(body)
    whole = node.span if file is None else file.span_at(0)

    def locate(index: int, length: int) -> Span:
        return span_in_text(node, index, length) if file is None else file.span_at(index, length)

    try:
        made = compile_source(body.source)
    except Misfit as misfit:
        _report_template(draft, misfit, body.source, field, locate, whole)
        return None
    return Message(field, body.source, made.names, made.fill, made.sketch, whole, locate, made.is_plain, made.optional)


def _template_file(body: LocalTemplate) -> TextFile | None:
    from mesms_gitops.manifests.text_file import TextFile

    return None if body.file is None else TextFile(body.file, body.source)


def _report_template(
    draft: Draft, misfit: Misfit, source: str, field: str, locate: Callable[[int, int], Span], whole: Span
) -> None:
    line = getattr(misfit, "line", None)
    lines = source.split("\n")
    at = whole
    if line is not None and 0 < line <= len(lines):
        start = sum(len(text) + 1 for text in lines[: line - 1])
        at = locate(start, max(1, len(lines[line - 1])))
    draft.findings.error(misfit.code, misfit.message, at=at, field=field, why=misfit.why, next_step=misfit.next_step)


def _saved(draft: Draft, body: SavedTemplate) -> Message | None:
    node = draft.node("template_text")
    if body.text is None or not isinstance(node, Scalar):
        return None
    text = body.text

    def fill(values: Mapping[str, str]) -> str:
        try:
            return render_saved(text, values)
        except ManifestError as error:
            found = error.diagnostics[0]
            raise Misfit(found.code, found.message, found.next_step) from None

    def sketch(values: Mapping[str, str], unknown: str) -> str:
        known = {name: values.get(name) or unknown for name in saved_names(text)}
        return render_saved(text, known) if all(known.values()) else text

    return Message(
        "template_text",
        text,
        saved_names(text),
        fill,
        sketch,
        node.span,
        lambda index, length: span_in_text(node, index, length),
    )


# --- what an author overlooks -----------------------------------------------------------------------------------------


def _trailing_newline(draft: Draft, message: Message) -> None:
    if not message.source.endswith("\n"):
        return
    body = message.source.rstrip("\n")
    line_end = message.locate(max(0, len(body) - 1), 1)
    advice = "write `|-` in place of `|`" if message.field != "template" else "end the file without a line end"
    draft.findings.warning(
        "MS312",
        "the message ends with a line end, which is sent and counted as a character",
        at=line_end,
        field=message.field,
        next_step=advice,
    )


def _cut_by_comment(draft: Draft, message: Message) -> None:
    node = draft.node(message.field)
    if message.field == "template" or not isinstance(node, Scalar) or not node.is_plain:
        return
    span = node.span
    rest = span.file.lines[span.end_line][span.end_column :] if span.end_line < len(span.file.lines) else ""
    if rest.lstrip().startswith("#"):
        draft.findings.warning(
            "MS313",
            "the message ends before #: YAML takes the rest of the line for a comment",
            at=node,
            field=message.field,
            next_step="quote the whole message if the rest belongs to it",
        )


# --- variables --------------------------------------------------------------------------------------------------------


def _check_variables(draft: Draft, message: Message, variables: Mapping[str, str], sources: tuple[Source, ...]) -> None:
    given = _given(draft)
    unused = sorted(set(given) - message.names)
    for name in sorted(message.names - set(variables) - message.optional):
        if name not in given:
            _nothing_provides(draft, message, name, unused)
        elif "recipients" not in draft.broken and given[name][0] == "recipients":
            for index, source in enumerate(sources):
                if name not in provided(source):
                    _not_everywhere(draft, name, index, source)
    for name in unused:
        _unused(draft, name, given[name], message)


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
        for name in node if isinstance(node, MappingNode) else ():
            given.setdefault(name, (*path, name))
    return given


def _nothing_provides(draft: Draft, message: Message, name: str, unused: list[str]) -> None:
    if draft.state is not DeclaredState.ACTIVE and draft.lacks("recipients"):
        return  # the column may come with the list
    near = near_miss(name, unused)
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


def _unused(draft: Draft, name: str, path: tuple[str | int, ...], message: Message) -> None:
    node = draft.node(*path[:-1])
    near = near_miss(name, sorted(message.names))
    draft.findings.warning(
        "MS309",
        f"the message does not use the variable {cut(name)!r}",
        at=node.keys_at[name] if isinstance(node, MappingNode) else draft.at(*path),
        field=".".join(map(str, path)),
        next_step=f"did you mean {near}?" if near else "delete it, or use it in the message",
    )


# --- the text itself --------------------------------------------------------------------------------------------------


def _check_sketch(draft: Draft, message: Message, variables: Mapping[str, str], mapped: set[str]) -> None:
    """What holds for every recipient's text: its fixed words."""
    fixed = {name: value for name, value in variables.items() if name not in mapped}
    least = message.sketch(fixed, "") if message.is_plain else ""
    if len(least) > MAX_CHARACTERS:
        _report_text(draft, message, check_text(least), {"MS303"})
    _report_text(draft, message, check_text(message.sketch(fixed, "x")), None)
    _check_links(draft, message, message.sketch(fixed, _UNKNOWN))


def _check_whole(draft: Draft, message: Message, variables: Mapping[str, str], limits: Limits) -> None:
    """The one text everybody gets."""
    try:
        text = message.fill(variables)
    except Misfit as misfit:
        _report_template(draft, misfit, message.source, message.field, message.locate, message.whole)
        return
    _report_text(draft, message, check_text(text), None, whole=True)
    _check_links(draft, message, text)
    _check_parts(draft, message, text, limits)


_NOT_OF_A_SKETCH: Final = frozenset({"MS301", "MS303"})


def _report_text(
    draft: Draft, message: Message, found: Iterable[Finding], only: set[str] | None, *, whole: bool = False
) -> None:
    for finding in found:
        if finding.code not in only if only is not None else (not whole and finding.code in _NOT_OF_A_SKETCH):
            continue
        draft.findings.error(
            finding.code,
            finding.message,
            at=_in_source(message, finding.excerpt),
            field=message.field,
            next_step=finding.next_step,
            severity=finding.severity,
        )


def _in_source(message: Message, excerpt: str) -> Span:
    """Where ``excerpt`` stands in the source; the whole message if it came with a variable."""
    index = message.source.rfind(excerpt) if excerpt in ("{{", "}}", "{%", "%}") else message.source.find(excerpt)
    return message.locate(index, len(excerpt)) if excerpt and index >= 0 else message.whole


def _check_links(draft: Draft, message: Message, text: str) -> None:
    if draft.is_over:
        return
    for problem in check_links(text, draft.around.project.policy.links, unknown=_UNKNOWN):
        at = _in_source(message, problem.link.text.replace(_UNKNOWN, ""))
        draft.refuse(problem.code, problem.message, problem.next_step, at, message.field)


def _check_parts(draft: Draft, message: Message, text: str, limits: Limits) -> None:
    if draft.is_over:
        return
    size = count(text)
    bounds = (
        ("MS505", limits.parts, "limits.parts"),
        ("MS506", draft.around.project.policy.max_parts, "policy.max_parts"),
    )
    for code, most, name in bounds:
        if most is not None and size.parts > most:
            draft.refuse(
                code,
                f"the message takes {size.parts} parts ({size.units} {size.encoding} units); {name} is {most}",
                f"shorten it, or raise {name}",
                message.whole,
                message.field,
            )
