"""One tree of everything that can go wrong; each leaf knows its exit code and says what to do next.

::

    MesmsError                          1
    ├── UsageError                     64   a flag or argument that cannot be meant
    ├── ConfigError                     1   mesms.yaml, the environment
    ├── ManifestError                   1   diagnostics in campaign files (all of them, with positions)
    ├── SourceError                     1   a recipient or opt-out list that cannot be trusted
    ├── Refused                         4   a limit, policy, balance or sender; before the first effect
    ├── StalePlan                       5   what was approved is no longer what would be done
    ├── StateError                      1   the recorded state
    │   ├── StateUnreadable             1   truncated, edited by hand, newer, of another lineage
    │   ├── StateRetired                1   not here any more: ``state migrate`` moved it
    │   ├── StateMoved                  5   somebody else wrote: the compare-and-swap on ``serial`` failed
    │   └── StateLocked                 6   somebody else is at work
    ├── ApiError                        1   what happened to one HTTP request
    │   ├── NotReached                  1   provably never arrived
    │   ├── NoAnswer                    1   may have been carried out: timeout, broken or unreadable answer, 5xx
    │   ├── ApiRefusal                  1   a documented JSON error: not carried out
    │   │   └── RateLimited             1   429: not carried out, with the wait that was asked for
    │   └── AnswerUnreadable            1   a read whose answer lacks a value that is needed
    │       └── NotMesms                1   a read that something else than ME-SMS answered
    ├── PersonNeeded                    3   finished as far as it safely could
    └── Interrupted                   130   Ctrl-C; the journal is complete

Every message has the house's four parts: *what* happened, *where*, *why*, and what to do *next*.
Foreign exceptions are chained at the door of the room that meets them; none crosses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.promise import Moved

__all__ = [
    "AnswerUnreadable",
    "ApiError",
    "ApiRefusal",
    "ConfigError",
    "Interrupted",
    "ManifestError",
    "MesmsError",
    "NoAnswer",
    "NotMesms",
    "NotReached",
    "PersonNeeded",
    "RateLimited",
    "Refused",
    "SourceError",
    "StalePlan",
    "StateError",
    "StateLocked",
    "StateMoved",
    "StateRetired",
    "StateUnreadable",
    "UsageError",
]


class MesmsError(Exception):
    """Base of the tree. ``what`` is one sentence; ``where``, ``why`` and ``next_step`` complete it."""

    exit_code: ClassVar[int] = 1

    def __init__(
        self, what: str, *, where: str | None = None, why: str | None = None, next_step: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.next_step = next_step


class UsageError(MesmsError):
    """A flag or an argument that cannot be meant."""

    exit_code = 64


class ConfigError(MesmsError):
    """The project file or the environment is missing something or contradicts itself."""


class ManifestError(MesmsError):
    """Campaign files with errors. ``diagnostics`` holds every finding of every file, errors and warnings."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("the manifests have errors", next_step="mend them; nothing was sent")
        self.diagnostics = tuple(diagnostics)


class SourceError(MesmsError):
    """A recipient or opt-out list that is missing, unreadable or not what the manifest says."""


class Refused(MesmsError):
    """A limit, a policy, the balance or an unapproved sender stopped the apply before its first effect."""

    exit_code = 4

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("refused before the first effect; nothing was sent")
        self.diagnostics = tuple(diagnostics)


class StalePlan(MesmsError):
    """What was approved is no longer what would be done; ``moved`` says what is not as it was, where that is known."""

    exit_code = 5

    def __init__(
        self,
        what: str,
        *,
        moved: Sequence[Moved] = (),
        where: str | None = None,
        why: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what, where=where, why=why, next_step=next_step)
        self.moved = tuple(moved)


class StateError(MesmsError):
    """The recorded state cannot be read, written or trusted."""


class StateUnreadable(StateError):
    """Truncated, edited by hand, written by a newer version, or of another lineage."""


class StateRetired(StateError):
    """The state was moved and a tombstone left in its place; ``to`` is the ``state:`` value it went to."""

    def __init__(self, to: str, *, where: str) -> None:
        super().__init__(
            "the state is not kept here any more; nothing was sent or changed",
            where=where,
            why=f"mesms-gitops state migrate moved it to {to}",
            next_step=f"write `state: {to}` into mesms.yaml (or MESMS_STATE), then run the same command again",
        )
        self.to = to


class StateMoved(StateError):
    """Somebody else committed in between: this runner must stop before its next effect."""

    exit_code = 5


class StateLocked(StateError):
    """Somebody else holds the lock."""

    exit_code = 6


class ApiError(MesmsError):
    """What became of one HTTP request to ME-SMS."""


class NotReached(ApiError):
    """No connection was made: the request provably never reached the server."""


class NoAnswer(ApiError):
    """The request may have been carried out: read timeout, broken or unreadable answer, 408, 409 or a 5xx.

    ``status`` is the HTTP status when there was one.
    """

    def __init__(
        self,
        what: str,
        *,
        status: int | None = None,
        where: str | None = None,
        why: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what, where=where, why=why, next_step=next_step)
        self.status = status


class ApiRefusal(ApiError):
    """A documented JSON error (400, 401, 402, 403, 404, 409 on cancel): the request was not carried out."""

    def __init__(
        self,
        what: str,
        *,
        status: int,
        code: str | None = None,
        where: str | None = None,
        why: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what, where=where, why=why, next_step=next_step)
        self.status = status
        self.code = code


class RateLimited(ApiRefusal):
    """429. ``retry_after`` is the wait in seconds that the server asked for, if it did."""

    def __init__(self, what: str, *, retry_after: float | None, where: str | None = None) -> None:
        super().__init__(
            what,
            status=429,
            code="RATE_LIMITED",
            where=where,
            next_step="lower api.requests_per_second in mesms.yaml, then run the same command again",
        )
        self.retry_after = retry_after


class AnswerUnreadable(ApiError):
    """A successful read whose body lacks a value this tool needs; names the keys that were there."""


class NotMesms(AnswerUnreadable):
    """A read that a proxy, or whatever stands at a wrong address, answered: it says nothing of what was asked."""


class PersonNeeded(MesmsError):
    """Finished as far as it safely could; the rest wants a decision by a person."""

    exit_code = 3


class Interrupted(MesmsError):
    """Ctrl-C. The request in flight was finished and recorded."""

    exit_code = 130
