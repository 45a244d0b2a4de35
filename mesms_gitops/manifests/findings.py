"""Where diagnostics are gathered: nothing in this room stops at the first problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from mesms_gitops.manifests.concealed import concealed, concealed_line
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.manifests.text_file import Span


class Pointed(Protocol):
    """A stretch of a file: where it is, and the source line it begins in."""

    @property
    def position(self) -> Position:
        """Where."""

    @property
    def excerpt(self) -> str | None:
        """The line."""


class Spanned(Protocol):
    """Anything that stands somewhere in a file."""

    @property
    def span(self) -> Span:
        """Where."""


class Findings:
    """The problems of one file or one project, in the order they are met. Nothing `concealed` hides gets into them.

    ``rests_on`` are the files that were read beside the manifest (a template, a query), each with the digest of its
    bytes: as long as those are the same, so are the findings.
    """

    __slots__ = ("_line", "items", "rests_on")

    def __init__(self) -> None:
        self.items: list[Diagnostic] = []
        self.rests_on: list[tuple[str, str]] = []

    @property
    def has_errors(self) -> bool:
        """Whether any of them is an error."""
        return any(item.is_error for item in self.items)

    def extend(self, more: Iterable[Diagnostic]) -> None:
        """Take over diagnostics made elsewhere."""
        self.items.extend(more)

    def error(
        self,
        code: str,
        message: str,
        *,
        at: Pointed | Spanned | None,
        field: str | None = None,
        why: str | None = None,
        next_step: str | None = None,
        severity: Severity = Severity.ERROR,
        refusal: bool = False,
        campaign: str | None = None,
        show: bool = True,
    ) -> None:
        """Note one problem. ``show=False`` leaves the source line out: it may hold a secret."""
        span: Any = getattr(at, "span", at)
        self.items.append(
            Diagnostic(
                code,
                severity,
                concealed(message),
                span.position if span else None,
                concealed(field) if field else None,
                concealed(next_step) if next_step else None,
                why,
                _excerpt(span) if span and show else None,
                refusal,
                campaign,
            )
        )

    def warning(
        self,
        code: str,
        message: str,
        *,
        at: Pointed | Spanned | None,
        field: str | None = None,
        why: str | None = None,
        next_step: str | None = None,
        campaign: str | None = None,
    ) -> None:
        """Note something that stops nothing."""
        self.error(
            code,
            message,
            at=at,
            field=field,
            why=why,
            next_step=next_step,
            severity=Severity.WARNING,
            campaign=campaign,
        )

    def in_file(
        self, name: str, code: str, message: str, *, why: str | None = None, next_step: str | None = None
    ) -> None:
        """Note a problem with a file as a whole."""
        self.items.append(
            Diagnostic(code, Severity.ERROR, message, Position(name, 1, 1, 1, 1), None, next_step, why, None)
        )


def _excerpt(span: Span) -> str | None:
    line = span.excerpt
    return None if line is None else concealed_line(line)


def sort_key(item: Diagnostic) -> tuple[str, int, int, str, str]:
    """By file, then from top to bottom."""
    at = item.position
    return (at.file, at.line, at.column, item.code, item.message) if at else ("", 0, 0, item.code, item.message)
