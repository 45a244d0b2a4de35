"""A campaign's life as one timeline: what git and the commits of the state tell of it.

Holds no phone number and no personal text: people are those who wrote and reviewed, as git names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mesms_gitops.model.sends import CancelReason, SendPhase, SendRecord
    from mesms_gitops.model.state import CampaignRecord


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a commit names them. ``email`` is empty where only a name is known."""

    name: str
    email: str = ""


class Role(StrEnum):
    """What a file is to a campaign."""

    MANIFEST = "manifest"
    TEMPLATE = "template"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a commit did to one file of a campaign; ``former`` is the name it had, where it was renamed."""

    path: str
    role: Role
    verb: str
    former: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where an event of the state stands: which serial, and which commit, if its state is kept in git.

    ``actor``, ``run_url``, ``plan`` and ``source`` are what the commit says of itself; None where it does not.
    """

    serial: int
    commit: str | None = None
    actor: str | None = None
    run_url: str | None = None
    plan: str | None = None
    source: str | None = None


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that happened to a campaign; ``kind`` is its name in JSON and CSV."""

    kind: ClassVar[str]
    at: datetime
    campaign: str


@dataclass(frozen=True, slots=True)
class Written(_Event):
    """A commit changed a file of the campaign. ``pull`` is the pull request it came by, where its subject says so."""

    kind: ClassVar[str] = "written"
    commit: str
    author: Person
    subject: str
    files: tuple[FileChange, ...]
    pull: int | None = None


@dataclass(frozen=True, slots=True)
class Reviewed(_Event):
    """Somebody vouches for a commit: ``how`` is the trailer's name, or GitHub's word for a review."""

    kind: ClassVar[str] = "reviewed"
    commit: str
    who: Person
    how: str
    pull: int | None = None


@dataclass(frozen=True, slots=True)
class Merged(_Event):
    """A merge commit brought commits of the campaign to the main line."""

    kind: ClassVar[str] = "merged"
    commit: str
    who: Person
    subject: str
    brings: tuple[str, ...]
    pull: int | None = None


@dataclass(frozen=True, slots=True)
class Planned(_Event):
    """The first change that an approved plan made to the campaign."""

    kind: ClassVar[str] = "planned"
    digest: str
    run: str
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Sending(_Event):
    """A send came to a phase: ``send`` is as it was recorded then, ``was`` the phase before, None for a new one."""

    kind: ClassVar[str] = "send"
    send: SendRecord
    phase: SendPhase
    was: SendPhase | None
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Cancelling(_Event):
    """This tool set out to cancel a send."""

    kind: ClassVar[str] = "cancelling"
    send: SendRecord
    reason: CancelReason
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Delivered(_Event):
    """New counts of people for a send."""

    kind: ClassVar[str] = "delivery"
    send: SendRecord
    delivery: Mapping[str, int]
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Renamed(_Event):
    """The record took the name of ``campaign``; it was ``former`` before."""

    kind: ClassVar[str] = "renamed"
    former: str
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Dropped(_Event):
    """The campaign's manifest is gone and its name stays reserved, or (``is_forgotten``) its record was removed."""

    kind: ClassVar[str] = "dropped"
    is_forgotten: bool
    recorded: Recorded


RepositoryEvent: TypeAlias = Written | Reviewed | Merged
StateEvent: TypeAlias = Planned | Sending | Cancelling | Delivered | Renamed | Dropped
Event: TypeAlias = RepositoryEvent | StateEvent


@dataclass(frozen=True, slots=True)
class Timeline:
    """One campaign. ``former`` are the names it had before, ``record`` what state knows of it now."""

    name: str
    events: tuple[Event, ...] = ()
    former: tuple[str, ...] = ()
    record: CampaignRecord | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What `history` shows. ``unseen`` are sentences about what git or the state could not tell here."""

    where: str
    lineage: str
    serial: int
    timelines: tuple[Timeline, ...] = ()
    unseen: tuple[str, ...] = ()
