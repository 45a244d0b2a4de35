"""Templates: source text in, `Template` out; what it needs is known before anybody's values are.

Most messages only put values between words. Those are split once and joined for each recipient, exactly as Jinja2 would
(a property test holds the two together) and without importing it; everything else goes to `sandboxed`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from keyword import iskeyword
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.scalars import Misfit, cut
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.manifests.sandboxed import Program
    from mesms_gitops.model.campaign import LocalTemplate

MAX_SOURCE: Final = 10_000
"""Characters of a template; ten times the longest message."""

RESERVED: Final = frozenset({"caller", "false", "loop", "none", "range", "self", "super", "true"})
"""Names that mean something to Jinja2 itself."""

_TOKEN = re.compile(r"\{\{[ \t\n]*([A-Za-z][A-Za-z0-9_]*)[ \t\n]*\}\}|\{[{%#]")
_NEWLINE = re.compile("\r\n?")


@dataclass(frozen=True, slots=True)
class Template:
    """A message with its variables still open.

    ``names`` are all variables it uses; those in ``optional`` may be missing and those in ``may_be_empty`` may be
    empty, because the template itself says what then (``default``, ``if``). ``position`` is where it stands.
    """

    names: frozenset[str]
    optional: frozenset[str] = frozenset()
    may_be_empty: frozenset[str] = frozenset()
    position: Position | None = None
    _pieces: tuple[str, ...] = ()
    _slots: tuple[str, ...] = ()
    _program: Program | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it only puts values between words: no conditions, loops or filters."""
        return self._program is None

    @property
    def pieces(self) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The words of a plain template and the variables between them (one word more); None for any other."""
        return (self._pieces, self._slots) if self._program is None else None

    def render(self, values: Mapping[str, str]) -> str:
        """The text for ``values`` (more of them than are used do no harm).

        Raises `ManifestError` with one diagnostic: a variable that is missing (MS307) or empty (MS308), or a template
        that goes over its bounds (MS310) or fails (MS306, MS314). No value is ever quoted in it.
        """
        try:
            return self.fill(values)
        except Misfit as misfit:
            raise ManifestError([diagnostic_of(misfit, self.position)]) from None

    def fill(self, values: Mapping[str, str]) -> str:
        """As `render`, but raises the bare `Misfit`."""
        if self._program is not None:
            self._check(values)
            return self._program.render({name: values[name] for name in self.names if name in values})
        written = [self._pieces[0]]
        for slot, piece in zip(self._slots, self._pieces[1:], strict=True):
            value = values.get(slot)
            if not value or value.isspace():
                self._check(values)
            written += (value or "", piece)
        return "".join(written)

    def _check(self, values: Mapping[str, str]) -> None:
        for name in sorted(self.names):
            value = values.get(name)
            if value is None:
                if name not in self.optional:
                    raise Misfit("MS307", f"the variable {name!r} has no value", f"provide {name} under `variables:`")
            elif not value.strip() and name not in self.may_be_empty:
                raise Misfit(
                    "MS308",
                    f"the variable {name!r} is empty",
                    f'fill it in, leave the recipient out, or write {{{{ {name} | default("...", true) }}}}',
                )

    def sketch(self, values: Mapping[str, str], unknown: str) -> str:
        """The text as far as ``values`` tell it, ``unknown`` where they do not; for checks before rendering."""
        if self._program is not None:
            return unknown.join(self._program.literals)
        written = [self._pieces[0]]
        for slot, piece in zip(self._slots, self._pieces[1:], strict=True):
            written += (values.get(slot, unknown), piece)
        return "".join(written)


def compile_template(template: LocalTemplate, position: Position | None = None) -> Template:
    """``template``, ready to render; ``position`` is where it stands in its manifest.

    Raises `ManifestError` with one diagnostic (MS305, MS306, MS315), at the line of the template's file if it has one.
    """
    try:
        made = compile_source(template.source)
    except Misfit as misfit:
        line = getattr(misfit, "line", None)
        if template.file is not None:
            position = Position(template.file, line or 1, 1, line or 1, 1)
        raise ManifestError([diagnostic_of(misfit, position)]) from None
    if template.file is not None:
        position = Position(template.file, 1, 1, 1, 1)
    return Template(made.names, made.optional, made.may_be_empty, position, made._pieces, made._slots, made._program)


@lru_cache(maxsize=256)
def compile_source(source: str) -> Template:
    """The same for bare text; raises the bare `Misfit`, its line counted from 1 within ``source``."""
    if len(source) > MAX_SOURCE:
        raise Misfit(
            "MS315",
            f"the template has {len(source):,} characters; at most {MAX_SOURCE:,} are read",
            "a message has at most 1,000 characters: shorten the template",
        )
    return _split(even_newlines(source)) or _compile(source)


def even_newlines(source: str) -> str:
    """``source`` with line feeds only, as Jinja2 reads it."""
    return _NEWLINE.sub("\n", source)


def _split(source: str) -> Template | None:
    """A template of words and bare variables; None if there is anything else in it."""
    pieces, slots, end = [], [], 0
    for token in _TOKEN.finditer(source):
        name = token[1]
        if name is None or iskeyword(name) or name.lower() in RESERVED:
            return None
        pieces.append(source[end : token.start()])
        slots.append(name)
        end = token.end()
    pieces.append(source[end:])
    return Template(frozenset(slots), _pieces=tuple(pieces), _slots=tuple(slots))


def _compile(source: str) -> Template:
    from mesms_gitops.manifests.sandboxed import Program

    program = Program(source)
    return Template(program.names, program.optional, program.may_be_empty, _program=program)


def diagnostic_of(misfit: Misfit, position: Position | None) -> Diagnostic:
    """``misfit`` as it travels."""
    return Diagnostic(misfit.code, Severity.ERROR, misfit.message, position, next_step=misfit.next_step, why=misfit.why)


# --- templates saved on ME-SMS ----------------------------------------------------------------------------------------

_PLACEHOLDER = re.compile(r"\{\{[ \t]*([^{}\n]*?)[ \t]*\}\}")
"""ME-SMS reference: "Provide variables to fill placeholders like {{name}}"."""


def saved_names(text: str) -> frozenset[str]:
    """The placeholders of a template saved on ME-SMS."""
    return frozenset(_PLACEHOLDER.findall(text))


def saved_pieces(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a template saved on ME-SMS and the placeholders between them (one word more)."""
    pieces = _PLACEHOLDER.split(text)
    return tuple(pieces[::2]), tuple(pieces[1::2])


def render_saved(text: str, variables: Mapping[str, str]) -> str:
    """``text`` as ME-SMS fills it: plain replacement, no conditions.

    Raises `ManifestError` (MS307) for a placeholder without a value and (MS308) for one whose value is empty.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        found = variables.get(name)
        if found is None:
            raise Misfit(
                "MS307", f"the placeholder {cut(name)!r} has no value", f"provide {cut(name)} under `variables:`"
            )
        if not found.strip():
            raise Misfit("MS308", f"the placeholder {cut(name)!r} is empty", "fill it in")
        return found

    try:
        return _PLACEHOLDER.sub(value, text)
    except Misfit as misfit:
        raise ManifestError([diagnostic_of(misfit, None)]) from None
