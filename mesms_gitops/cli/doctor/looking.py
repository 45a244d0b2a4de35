"""One look and its lines; what goes wrong in it is a line as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import AnswerUnreadable, MesmsError
from mesms_gitops.model.doctor import CheckLine, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SUBJECTS: Final = {
    "account.balance": "balance",
    "account.lag": "listing lag",
    "account.listing": "listing",
    "account.message": "message",
    "account.paging": "paging",
    "account.price": "price",
    "account.reached": "account",
    "account.recipients": "recipients",
    "account.senders": "senders",
    "account.window": "listing by time",
    "git": "git",
    "key.accepted": "key",
    "key.present": "key",
    "snapshots": "kept numbers",
    "state.backend": "state backend",
    "state.lock": "state lock",
    "state.read": "state",
}
"""What each look that can fail is at, as its line begins."""


def ok(check: str, found: str, *private: str) -> CheckLine:
    """All is as it should be."""
    return CheckLine(check, Verdict.OK, found, private=private)


def warn(check: str, found: str, next_step: str, *private: str) -> CheckLine:
    """Worth knowing; nothing that the tool needs is broken."""
    return CheckLine(check, Verdict.WARN, found, next_step, private)


def fail(check: str, found: str, next_step: str, *private: str) -> CheckLine:
    """The tool cannot do its work like this, or somebody's numbers or key are in the wrong place."""
    return CheckLine(check, Verdict.FAIL, found, next_step, private)


def failed(check: str, error: MesmsError) -> CheckLine:
    """``error`` as a line, begun with what was looked at."""
    why = error.why and (f"; {error.why}" if error.what.endswith(")") else f" ({error.why})")
    advice = error.next_step or ""
    if isinstance(error, AnswerUnreadable) and "doctor" in advice:
        advice = "see what the shapes below lack"
    found = f"{_SUBJECTS.get(check, check)}: {error.what}{why or ''}"
    return fail(check, found, advice, *([error.where] if error.where else []))


def looked(check: str, look: Callable[[], Iterable[CheckLine]]) -> list[CheckLine]:
    """The lines of one look; what goes wrong is the last of them."""
    lines: list[CheckLine] = []
    try:
        lines.extend(look())
    except MesmsError as error:
        lines.append(failed(check, error))
    return lines
