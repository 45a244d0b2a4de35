"""Audiences of unchanged lists, known by content: what `plan` needs of them, from an earlier run.

A list is known by the SHA-256 of its file, so a changed byte in any list of a campaign means that all are read. Only
lists that are files of this machine (or numbers in the manifest) are known so, and only without personal values.

What is kept is what a plan shows and no more: counts, findings, masked examples of bad numbers, a sketch, and keyed
digests. **No number is kept.** An audience that comes from here reads its lists when somebody wants its numbers (a new
text is priced, a stranger's message is compared), and refuses them where they are not the ones that were digested.
Nothing that is sent rests on it: only `plan` looks here, `apply` reads every list.

Entries lie among the user's caches, in a folder for this user alone. They carry a plain digest against damage, not a
MAC: whoever can write there can replace this program's own settings as well, and what a forged entry could do is to
make a plan show something else than what its apply, which reads the lists, then refuses as moved. An entry is deleted
after seven days, when a list of its campaign changes, by `forget`, and when there are too many.
"""

# ruff: noqa: PTH103, PTH118, PTH123
# it must cost next to nothing where there is nothing to remember, and Path objects cost some

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b, file_digest
from stat import S_ISREG
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.cli.caches import cache_folder
from mesms_gitops.errors import SourceError
from mesms_gitops.manifests.verdict_cache import Sealed
from mesms_gitops.model.audience import Audience, AudienceCounts, AudienceGroup
from mesms_gitops.model.campaign import EMPTY, GroupSource, Limits, ListSource, NumbersSource
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity
from mesms_gitops.model.numbers import KnownNumbers
from mesms_gitops.planning.fingerprint import SAMPLE_SIZE
from mesms_gitops.store.fields import Surprise, sketch_of_text, sketch_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.model.sketch import AudienceSketch
    from mesms_gitops.model.suppression import Suppression

FOLDER: Final = "audiences"
KEPT_FOR: Final = 7 * 24 * 3600
"""Seconds."""
MOST_BYTES: Final = 64 << 20
LARGEST_LIST: Final = 2 << 30
"""Bytes. A larger file is read each time: what is wrong with it is found sooner than its digest."""
_IRRELEVANT: Final = frozenset({"schedule", "limits", "revision", "moved_from", "owner", "labels", "sender"})
"""Keys of a manifest on which its audience does not depend."""
_FILES: Final = frozenset({"csv", "json", "ndjson", "parquet", "xlsx"})

Known = tuple[Audience, "AudienceSketch | None"]


def known_or_read(
    place: Workplace, key: HashKey, campaign: Campaign, suppression: Suppression, read: Callable[[], Known]
) -> Known:
    """What ``read`` gives, which need not be asked where every list of ``campaign`` is as it was.

    ``read`` must depend on nothing but the arguments. Raises what it raises, and what it raises is never remembered.
    """
    folder = _folder()
    seen = _Seen.of(campaign, suppression, key) if folder else None
    if folder is None or seen is None:
        return read()
    prune(folder, place.clock.now().timestamp())
    file = _file_of(folder, place, campaign, key, seen)
    known = _of_tree(file.read(), key, read) if file else None
    if known is not None:
        return known
    fresh = read()
    if file and seen.is_still_so() and _is_impersonal(fresh[0]):
        _make_private(folder)
        file.write(_tree(fresh, key))
    return fresh


def forget_audiences() -> None:
    """Delete every entry of this user."""
    if folder := _folder():
        prune(folder, float("inf"))


def prune(folder: str, now: float) -> None:
    """Delete what is older than ``KEPT_FOR`` at ``now`` (seconds since 1970), and the oldest beyond ``MOST_BYTES``."""
    room = MOST_BYTES
    for age, size, path in sorted(_entries(folder, now)):
        room -= size
        if age > KEPT_FOR or room < 0:
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108


def _entries(folder: str, now: float) -> Iterator[tuple[float, int, str]]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                yield now - found.st_mtime, found.st_size, entry.path


def _folder() -> str | None:
    base = cache_folder()
    return os.path.join(base, FOLDER) if base else None


def _make_private(folder: str) -> None:
    with suppress(OSError):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if os.stat(folder).st_mode & 0o077:  # noqa: PTH116
            os.chmod(folder, 0o700)  # noqa: PTH101


def _file_of(folder: str, place: Workplace, campaign: Campaign, key: HashKey, seen: _Seen) -> Sealed | None:
    """The one entry of ``campaign``. It is void with another version of anything here, see `Sealed`."""
    project = place.loaded.project
    name = blake2b(campaign.name.encode(), key=key.secret, digest_size=8).hexdigest()
    try:
        text = (project.root / project.file).read_bytes()
    except OSError:
        return None
    return Sealed(folder, name, str(project.root), text, seen.digest)


# --- what an audience depends on --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seen:
    """``digest`` covers everything that the audience follows from; ``stamps`` are the files as they were."""

    digest: str
    stamps: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, campaign: Campaign, suppression: Suppression, key: HashKey) -> _Seen | None:
        """None for lists that have no content to be known by, or cannot be read."""
        sources = (*campaign.sources, *campaign.exclude)
        if not all(map(_is_here, sources)):
            return None
        digest = blake2b(key=key.secret, person=b"known audience", digest_size=20)
        digest.update(repr((key.identity, sorted(suppression.entries), _relevant(campaign))).encode())
        stamps = []
        for location in (source.location for source in sources if isinstance(source, ListSource)):
            try:
                # whatever is no file (a pipe, a device) may never answer, or never end: its reader says so
                with open(os.open(location, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
                    found = os.fstat(file.fileno())
                    if not S_ISREG(found.st_mode) or found.st_size > LARGEST_LIST:
                        return None
                    stamps.append((location, _stamp(found)))
                    digest.update(file_digest(file, "sha256").digest())
            except OSError:
                return None
        return cls(digest.hexdigest(), tuple(stamps))

    def is_still_so(self) -> bool:
        """Whether no file was touched since it was looked at: what was read is then what was digested."""
        try:
            return all(_stamp(os.stat(location)) == stamp for location, stamp in self.stamps)  # noqa: PTH116
        except OSError:
            return False


def _is_here(source: object) -> bool:
    match source:
        case ListSource():
            # SQL, tables of a cluster, addresses: nothing here says whether they changed; values: personal
            return source.kind in _FILES and "://" not in source.location and not source.variables
        case NumbersSource() | GroupSource():
            return True
        case _:
            return False


def _relevant(campaign: Campaign) -> Campaign:
    """``campaign`` without what neither people nor findings depend on: it may change while the lists do not.

    The text stays, since findings speak of its variables, and so does every place that a finding may point to.
    """
    places = {path: place for path, place in campaign.positions.items() if path.partition(".")[0] not in _IRRELEVANT}
    return replace(
        campaign,
        schedule=None,
        limits=Limits(),
        revision=1,
        moved_from=None,
        owner=None,
        labels=EMPTY,
        sender="",
        positions=dict(sorted(places.items())),
    )


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


# --- what is kept of it -----------------------------------------------------------------------------------------------


def _is_impersonal(audience: Audience) -> bool:
    return not any(group.values for group in audience.groups)


def _tree(known: Known, key: HashKey) -> dict[str, Any]:
    audience, sketch = known
    counts = {name: getattr(audience.counts, name) for name in AudienceCounts.__slots__}
    return {
        "groups": [_tree_of_numbers(group.numbers, key) for group in audience.groups],
        "contact_groups": audience.contact_groups,
        "counts": {**counts, "invalid": dict(audience.counts.invalid)},
        "diagnostics": [_tree_of_diagnostic(found) for found in audience.diagnostics],
        "rejects": audience.rejects,
        "sketch": None if sketch is None else sketch_text(sketch),
    }


def _tree_of_numbers(numbers: Numbers, key: HashKey) -> dict[str, Any]:
    return {
        "size": len(numbers),
        "digest": numbers.digest(key.secret),
        "sample": numbers.sample(key.secret, SAMPLE_SIZE),
    }


def _tree_of_diagnostic(found: Diagnostic) -> dict[str, Any]:
    tree = {name: getattr(found, name) for name in Diagnostic.__slots__}
    position = found.position
    return {**tree, "position": position and [getattr(position, name) for name in Position.__slots__]}


def _of_tree(tree: Any, key: HashKey, read: Callable[[], Known]) -> Known | None:
    """What `_tree` wrote; None where it is nothing that can be used."""
    if tree is None:
        return None
    try:
        counts = {**tree["counts"], "invalid": MappingProxyType(tree["counts"]["invalid"])}
        audience = Audience(
            groups=tuple(
                AudienceGroup(MappingProxyType({}), _numbers(group, index, key, read))
                for index, group in enumerate(tree["groups"])
            ),
            contact_groups=tuple(tree["contact_groups"]),
            counts=AudienceCounts(**counts),
            diagnostics=tuple(map(_diagnostic, tree["diagnostics"])),
            rejects=tuple((label, row, masked, reason) for label, row, masked, reason in tree["rejects"]),
        )
        sketch = None if tree["sketch"] is None else sketch_of_text(tree["sketch"], "sketch")
    except (KeyError, TypeError, ValueError, Surprise):
        return None
    return audience, sketch


def _diagnostic(tree: dict[str, Any]) -> Diagnostic:
    position = tree["position"]
    severity = Severity(tree["severity"])
    return Diagnostic(**{**tree, "severity": severity, "position": position and Position(*position)})


def _numbers(tree: dict[str, Any], index: int, key: HashKey, read: Callable[[], Known]) -> KnownNumbers:
    digest = str(tree["digest"])

    def anew() -> Numbers:
        groups = read()[0].groups
        if index >= len(groups) or groups[index].numbers.digest(key.secret) != digest:
            raise SourceError(
                "a list changed while the plan was made",
                why="its numbers are not those that it had a moment ago",
                next_step="run the command again, when nothing writes to the lists",
            )
        return groups[index].numbers

    return KnownNumbers(int(tree["size"]), digest, tuple(tree["sample"]), key.secret, anew)
