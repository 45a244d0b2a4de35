"""The message of one manifest, as far as it is known before any list is read: variables, text, links, parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.links import check_links
from mesms_gitops.manifests.message_text import MAX_CHARACTERS, Finding, check_text
from mesms_gitops.manifests.outline import MASK, masked, slip_in, variable_with
from mesms_gitops.manifests.positions import span_in_text
from mesms_gitops.manifests.provision import check_variables
from mesms_gitops.manifests.scalars import Misfit
from mesms_gitops.manifests.sources import provided, read_beside
from mesms_gitops.manifests.templates import compile_source, render_saved, saved_names
from mesms_gitops.manifests.yaml_tree import Scalar
from mesms_gitops.model.campaign import LocalTemplate, SavedTemplate
from mesms_gitops.model.diagnostic import Severity
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
    at: Scalar | Span
    locate: Callable[[int, int], Span]
    is_plain: bool = True
    optional: frozenset[str] = frozenset()
    may_be_empty: frozenset[str] = frozenset()

    @property
    def whole(self) -> Span:
        """All of the source."""
        return self.at.span if isinstance(self.at, Scalar) else self.at


def check(
    draft: Draft, body: MessageBody, variables: Mapping[str, str], sources: tuple[Source, ...], limits: Limits
) -> None:
    """Everything that can be said about the text of ``draft`` without reading a list."""
    message = _local(draft, body) if isinstance(body, LocalTemplate) else _saved(draft, body)
    if message is None:
        return
    _cut_by_comment(draft, message)
    check_variables(draft, message, variables, sources)
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
    at = node if file is None else file.span_at(0)

    def locate(index: int, length: int) -> Span:
        return span_in_text(node, index, length) if file is None else file.span_at(index, length)

    try:
        made = compile_source(body.source)
    except Misfit as misfit:
        _report_template(draft, misfit, body.source, field, locate, at.span if isinstance(at, Scalar) else at)
        return None
    return Message(
        field,
        body.source,
        made.names,
        made.fill,
        made.sketch,
        at,
        locate,
        made.is_plain,
        made.optional,
        made.may_be_empty,
    )


def _template_file(body: LocalTemplate) -> TextFile | None:
    from mesms_gitops.manifests.text_file import TextFile

    return None if body.file is None else TextFile(body.file, body.source)


def _report_template(
    draft: Draft, misfit: Misfit, source: str, field: str, locate: Callable[[int, int], Span], whole: Span
) -> None:
    for one in (misfit, *getattr(misfit, "others", ())):
        at = _in_line(one, source, locate) or whole
        draft.findings.error(one.code, one.message, at=at, field=field, why=one.why, next_step=one.next_step)


def _in_line(misfit: Misfit, source: str, locate: Callable[[int, int], Span]) -> Span | None:
    """The word ``misfit`` is about if its line has it inside a tag, else its line; None without a line."""
    line, sign = getattr(misfit, "line", None), getattr(misfit, "sign", "")
    lines = source.split("\n")
    if line is None or not 0 < line <= len(lines):
        return None
    start, text = sum(len(text) + 1 for text in lines[: line - 1]), lines[line - 1]
    tags = list(re.finditer(r"\{[{%]", text))
    word = re.compile(r"(?<!\w)" + re.escape(sign) + r"(?!\w)") if sign and tags else None
    found = word.search(text, tags[0].start()) if word else None
    if found is None and tags and (len(tags) == 1 or not re.search(r"[}%]\}", text[tags[-1].start() :])):
        found = tags[-1]
    if found is None:
        return locate(start, max(1, len(text)))
    return locate(start + found.start(), len(found[0]))


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
        node,
        lambda index, length: span_in_text(node, index, length),
    )


# --- what an author overlooks -----------------------------------------------------------------------------------------


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


# --- the text itself --------------------------------------------------------------------------------------------------


def _check_sketch(draft: Draft, message: Message, variables: Mapping[str, str], mapped: set[str]) -> None:
    """What holds for every recipient's text: its fixed words."""
    fixed = {name: value for name, value in variables.items() if name not in mapped}
    least = message.sketch(fixed, "") if message.is_plain else ""
    if len(least) > MAX_CHARACTERS:
        _report(draft, message, fixed, (found for found in check_text(least) if found.code == "MS303"))
    sketch = check_text(message.sketch(fixed, MASK))
    _report(draft, message, fixed, (_of_sketch(found, message) for found in sketch if found.code not in _OF_A_WHOLE))
    if not draft.is_over:
        _check_links(draft, message, fixed, message.sketch(fixed, _UNKNOWN))


def _check_whole(draft: Draft, message: Message, variables: Mapping[str, str], limits: Limits) -> None:
    """The one text everybody gets."""
    try:
        text = message.fill(variables)
    except Misfit as misfit:
        _report_template(draft, misfit, message.source, message.field, message.locate, message.whole)
        return
    _report(draft, message, variables, check_text(text))
    if not draft.is_over:
        _check_links(draft, message, variables, text)
        _check_parts(draft, message, text, limits)


_OF_A_WHOLE: Final = frozenset({"MS301", "MS303"})
"""What a text with holes cannot tell."""


def _of_sketch(finding: Finding, message: Message) -> Finding:
    """``finding`` with no more figures than hold before any value is known; the plan has those of everybody."""
    if not finding.saves:
        return finding
    if message.is_plain:
        return replace(finding, saves=f"{finding.saves} (each value counted as one letter)")
    severity = Severity.NOTE if finding.code == "MS324" else finding.severity
    return replace(finding, saves="", severity=severity)  # all branches stand in the sketch, only one is sent


def _report(draft: Draft, message: Message, variables: Mapping[str, str], found: Iterable[Finding]) -> None:
    for finding in found:
        draft.findings.error(
            finding.code,
            finding.message,
            at=_in_source(draft, message, variables, finding),
            field=message.field,
            next_step=_line_end_advice(draft, message) if finding.code == "MS312" else finding.next_step,
            severity=finding.severity,
        )


def _line_end_advice(draft: Draft, message: Message) -> str:
    node = draft.node(message.field)
    if message.field == "template":
        return "end the file without a line end"
    if isinstance(node, Scalar) and node.is_block:
        return f"write `{node.style}-` in place of `{node.style}`"
    return "delete the line end before the quote"


def _in_source(draft: Draft, message: Message, variables: Mapping[str, str], finding: Finding) -> Span:
    """Where a finding stands: among the words of the template, or in the value of the variable it came with."""
    if finding.slip is not None:
        index = slip_in(message.source, finding.slip)
        if finding.code == "MS312":
            return message.whole if index is None else message.locate(max(0, index - 1), 1)
    else:
        index = masked(message.source).find(finding.excerpt) if finding.excerpt else None
    if index is not None and index >= 0:
        return message.locate(index, len(finding.excerpt))
    return _in_values(draft, message, variables, finding.excerpt)


def _in_values(draft: Draft, message: Message, variables: Mapping[str, str], excerpt: str) -> Span:
    used = {name: value for name, value in variables.items() if name in message.names}
    name = variable_with(excerpt, used) if excerpt else None
    node = None if name is None else draft.node("variables", name)
    if name is not None and isinstance(node, Scalar):
        return span_in_text(node, used[name].find(excerpt), len(excerpt))
    index = message.source.find(excerpt) if excerpt else -1  # in an expression: {{ "..." }}
    return message.locate(index, len(excerpt)) if index >= 0 else message.whole


def _check_links(draft: Draft, message: Message, variables: Mapping[str, str], text: str) -> None:
    words = masked(message.source)
    for problem in check_links(text, draft.around.project.policy.links, unknown=_UNKNOWN):
        excerpt = problem.link.text.replace(_UNKNOWN, "")
        index = words.find(excerpt)
        at = message.locate(index, len(excerpt)) if index >= 0 else _in_values(draft, message, variables, excerpt)
        draft.refuse(problem.code, problem.message, problem.next_step, at, message.field)


def _check_parts(draft: Draft, message: Message, text: str, limits: Limits) -> None:
    size, project = count(text), draft.around.project
    bounds = (
        ("MS505", limits.parts, "limits.parts", ""),
        ("MS506", project.policy.max_parts, "policy.max_parts", f" in {project.file}"),
    )
    for code, most, name, where in bounds:
        if most is not None and size.parts > most:
            draft.refuse(
                code,
                f"the message takes {size.parts} parts ({size.units} {size.encoding} units); {name} is {most}",
                f"shorten it, or raise `{name}`{where} to {size.parts}, if it is meant",
                message.whole,
                message.field,
            )
