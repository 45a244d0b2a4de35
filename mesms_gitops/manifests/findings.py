"""Where diagnostics are gathered: nothing in this room stops at the first problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.manifests.text_file import Span


class Spanned(Protocol):
    """Anything that stands somewhere in a file."""

    @property
    def span(self) -> Span:
        """Where."""


class Findings:
    """The problems of one file or one project, in the order they are met."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[Diagnostic] = []

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
        at: Span | Spanned | None,
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
                message,
                span.position if span else None,
                field or None,
                next_step,
                why,
                span.excerpt if span and show else None,
                refusal,
                campaign,
            )
        )

    def warning(
        self,
        code: str,
        message: str,
        *,
        at: Span | Spanned | None,
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


def sort_key(item: Diagnostic) -> tuple[str, int, int, str, str]:
    """By file, then from top to bottom."""
    at = item.position
    return (at.file, at.line, at.column, item.code, item.message) if at else ("", 0, 0, item.code, item.message)
