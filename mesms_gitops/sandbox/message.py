"""An accepted send, as a value: the world replaces messages, it never changes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from mesms_gitops.sandbox import assumptions, reports

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mesms_gitops.sandbox.msisdns import Numbers
    from mesms_gitops.sandbox.reports import Reports

Phase = Literal["scheduled", "started", "failed", "cancelled"]


class Message(NamedTuple):
    """What was accepted, and in ``phase`` what was decided since. Clients see ``status_at`` of it. Times are UTC."""

    uuid: str
    sequence: int
    ref_no: str
    owner: str
    sender: str
    content: str
    numbers: Numbers
    credits: int
    created_at: datetime
    listed_at: datetime
    """From when on ``GET /sms`` shows it."""
    scheduled_at: datetime | None
    """The time the client asked for; None if it asked for none."""
    starts_at: datetime
    phase: Phase
    own_reports: Reports | None = None
    """Where the blocklist made them differ from the numbers' own."""

    @property
    def delivers(self) -> bool:
        """Whether people were texted by it, or will be unless it is cancelled."""
        return self.phase in ("scheduled", "started")

    def status_at(self, now: datetime) -> assumptions.MessageStatus:
        """The status that clients see at a time."""
        if self.phase != "started":
            return self.phase
        return "sent" if now - self.starts_at >= assumptions.dispatch_time(len(self.numbers)) else "pending"

    def row_at(self, now: datetime) -> dict[str, object]:
        """The message as answers carry it, without ``drSummary``."""
        return {
            "uuid": self.uuid,
            "refNo": self.ref_no,
            "sender": self.sender,
            "content": self.content,
            "status": self.status_at(now),
            "total": len(self.numbers),
            "credits": self.credits,
            "scheduledTime": None if self.scheduled_at is None else iso(self.scheduled_at),
            "createdAt": iso(self.created_at),
        }

    def summary_at(self, now: datetime) -> dict[str, int]:
        """How many recipients have each report."""
        if self.phase != "started":
            return {self._unsent_report: len(self.numbers)}
        return self._reports.summary(reports.names_at(now - self.starts_at))

    def reports_at(self, now: datetime) -> Callable[[int], str]:
        """A look-up from a recipient's position to its report."""
        if self.phase != "started":
            unsent = self._unsent_report
            return lambda _position: unsent
        classes, names = self._reports.classes, reports.names_at(now - self.starts_at)
        return lambda position: names[classes[position]]

    @property
    def _reports(self) -> Reports:
        return self.own_reports or reports.reports_of(self.numbers)

    @property
    def _unsent_report(self) -> str:
        return "failed" if self.phase == "failed" else "pending"


def iso(moment: datetime) -> str:
    """A UTC time as answers carry it: ``2026-06-01T03:00:00.000Z``."""
    return f"{moment.isoformat(timespec='milliseconds')[:-6]}Z"
