"""What GitHub says of a pull request, as far as an apply leans on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullRequest:
    """One pull request. ``head`` is the newest commit of its branch, ``merged_as`` the commit it became on ``base``.

    ``merged_as`` is None as long as it is not merged. ``head_repository`` is None where the fork is gone.
    """

    number: int
    author: str
    base: str
    head: str
    head_repository: str | None
    merged_as: str | None


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment, or an issue: both have a number by which they are changed, an author and a text."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Review:
    """One review of the commit ``commit``; ``verdict`` as GitHub words it, ``APPROVED`` for one."""

    author: str
    verdict: str
    commit: str
