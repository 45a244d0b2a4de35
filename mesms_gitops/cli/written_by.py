"""Who wrote, reviewed and merged a campaign: its commits as events of its timeline."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.git_log import pull_of
from mesms_gitops.model.timeline import FileChange, Merged, Person, Reviewed, Written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mesms_gitops.cli.git_log import Log, Touch
    from mesms_gitops.model.pull_request import Review
    from mesms_gitops.model.timeline import RepositoryEvent, Role
    from mesms_gitops.store.git_objects import Commit, Objects, Signature

TRAILERS: Final = {
    "reviewed-by": "Reviewed-by",
    "approved-by": "Approved-by",
    "acked-by": "Acked-by",
    "signed-off-by": "Signed-off-by",
    "co-authored-by": "Co-authored-by",
}
"""By which people vouch for a commit, as the kernel and GitHub write them."""


class Authorship:
    """Makes events of commits; each commit is read once, however many campaigns it is about."""

    def __init__(self, log: Log, objects: Objects) -> None:
        """Nothing is read yet."""
        self._log = log
        self._objects = objects
        self._commits: dict[str, Commit] = {}

    def events(self, campaign: str, touches: Iterable[tuple[Touch, Role]]) -> list[RepositoryEvent]:
        """What ``touches`` say of ``campaign``, the oldest commit first."""
        files: dict[str, list[FileChange]] = defaultdict(list)
        for touch, role in touches:
            files[touch.commit].append(FileChange(touch.path, role, touch.verb, touch.former))
        ids = sorted(files, key=lambda one: -self._log.order.get(one, 0))
        merges: dict[str, list[str]] = defaultdict(list)
        for one in ids:
            if one in self._log.brought:
                merges[self._log.brought[one]].append(one)
        self._read([*ids, *merges])
        found: list[RepositoryEvent] = []
        for one in sorted({*ids, *merges}, key=lambda one: -self._log.order.get(one, 0)):
            commit = self._commits.get(one)
            if commit is None:
                continue
            if one in files:
                found.append(_written(campaign, commit, files[one]))
            if one in merges:
                found.append(_merged(campaign, commit, merges[one]))
            found += _reviewed(campaign, commit)
        return found

    def _read(self, ids: Sequence[str]) -> None:
        new = [one for one in ids if one not in self._commits]
        for one, commit in zip(new, self._objects.commits(new), strict=True):
            if commit is not None:
                self._commits[one] = commit


def _person(signature: Signature) -> Person:
    return Person(signature.name, signature.email)


def _written(campaign: str, commit: Commit, files: Sequence[FileChange]) -> Written:
    ordered = tuple(sorted(files, key=lambda each: (each.role, each.path)))
    at, author = commit.committer.at, _person(commit.author)
    return Written(at, campaign, commit.id, author, commit.subject, ordered, pull_of(commit))


def _merged(campaign: str, commit: Commit, brings: Sequence[str]) -> Merged:
    at, author = commit.committer.at, _person(commit.author)
    return Merged(at, campaign, commit.id, author, commit.subject, tuple(brings), pull_of(commit))


def _reviewed(campaign: str, commit: Commit) -> Iterator[Reviewed]:
    for key, value in commit.trailers:
        how = TRAILERS.get(key.lower())
        if how is not None and value:
            name, _, rest = value.partition("<")
            who = Person(name.strip(), rest.partition(">")[0].strip())
            yield Reviewed(commit.committer.at, campaign, commit.id, who, how, pull_of(commit))


def with_reviews(events: Sequence[RepositoryEvent], reviews: Mapping[int, Sequence[Review]]) -> list[RepositoryEvent]:
    """``events`` with what GitHub knows of the pull requests that they name, each said once where it came in."""
    found: list[RepositoryEvent] = []
    said: set[int] = set()
    for event in events:
        found.append(event)
        if event.pull is None or event.pull in said or isinstance(event, Reviewed):
            continue
        said.add(event.pull)
        for review in reviews.get(event.pull, ()):
            commit, who = review.commit or event.commit, Person(review.author)
            found.append(Reviewed(event.at, event.campaign, commit, who, f"GitHub {review.verdict}", event.pull))
    return found
