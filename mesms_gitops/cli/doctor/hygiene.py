"""What stands in git, or may get there, and should not: the key, lists of people; and what nothing limits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.doctor.looking import fail, ok, warn
from mesms_gitops.cli.doctor.objects import LIST_FROM, git, searched
from mesms_gitops.cli.doctor.phones import LIST_SUFFIXES, MOST_BYTES, is_schema, mobiles
from mesms_gitops.views.layout import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.cli.doctor.objects import Searched
    from mesms_gitops.model.doctor import CheckLine
    from mesms_gitops.model.project import Policy

MOST_FILES: Final = 20_000
"""Of a work tree, so many are opened."""
_SHORTEST_KEY: Final = 8
"""A shorter key is found everywhere by chance."""
_ROTATE: Final = "revoke it on Settings -> API Keys and use a new one: whoever has the repository has it for ever"
_SHOWN: Final = 3


def hygiene_lines(root: Path, key: str | None, hash_secret: str | None) -> Iterator[CheckLine]:
    """All lines about git. ``root`` is the project's folder."""
    top = git(root, "rev-parse", "--show-toplevel")
    if top is None:
        advice = "git init: a campaign's history is how its changes are reviewed and found again"
        yield warn("git", "git: this project is in no repository", advice)
        return
    names = _names(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    tracked = _names(root, "ls-files", "-z")
    for what, secret in (("MESMS_API_KEY", key), ("MESMS_HASH_KEY", hash_secret)):
        if secret and len(secret) >= _SHORTEST_KEY:
            yield from _in_files(what, secret.encode(), root, names)
    found = searched(root, key.encode() if key and len(key) >= _SHORTEST_KEY else None)
    yield _in_history(root, found, has_key=bool(key))
    yield _lists(root, tracked)
    yield from _old_lists(root, found)
    yield _ignored(root, tracked)


def policy_line(policy: Policy) -> CheckLine:
    """Whether anything limits what one wrong file may do."""
    limits = {
        "senders": policy.senders,
        "max_recipients": policy.max_recipients_apply or policy.max_recipients_campaign,
        "max_credits": policy.max_credits_apply or policy.max_credits_campaign,
    }
    absent = [name for name, limit in limits.items() if limit is None]
    if len(absent) == len(limits):
        advice = "write `policy:` in mesms.yaml with senders, max_recipients and max_credits"
        return warn("policy", "policy: none, so nothing but the balance limits what one wrong file may send", advice)
    if absent:
        return warn("policy", f"policy: no {' and no '.join(absent)}", "write them under `policy:` in mesms.yaml")
    return ok("policy", "policy: senders, recipients and credits are limited")


def _names(root: Path, *arguments: str) -> list[str]:
    said = git(root, *arguments) or b""
    return [name.decode("utf-8", "surrogateescape") for name in said.split(b"\0") if name]


def _body(root: Path, name: str) -> bytes:
    path = root / name
    try:
        if path.is_symlink() or not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError:
        return b""


def _in_files(what: str, secret: bytes, root: Path, names: list[str]) -> Iterator[CheckLine]:
    files = [name for name in names[:MOST_FILES] if secret in _body(root, name)]
    if files:
        found = f"git: {what} stands in {_some(files)}, which git keeps or would take"
        yield fail("git.key", found, f"take it out; if it was ever pushed, {_ROTATE}", *files)
    elif len(names) > MOST_FILES:
        yield warn("git.key", f"git: {what} is in none of the first {MOST_FILES:,} files", "the rest was not opened")
    else:
        yield ok("git.key", f"git: {what} is in no file that git keeps or would take")


def _in_history(root: Path, found: Searched, *, has_key: bool) -> CheckLine:
    if not has_key:
        return ok("git.history", "git: without MESMS_API_KEY its history is not searched for it")
    if found.with_secret:
        commits = _commits(root, found.with_secret)
        said = f"git: MESMS_API_KEY stands in {counted(len(found.with_secret), 'object')} of the history{_of(commits)}"
        return fail("git.history", said, _ROTATE, *commits)
    if not found.is_whole:
        said = f"git: MESMS_API_KEY is in none of the {found.objects:,} objects that could be read in time"
        return warn("git.history", said, "search the rest with a scanner such as gitleaks")
    return ok("git.history", f"git: MESMS_API_KEY is nowhere in the history ({counted(found.objects, 'object')})")


def _commits(root: Path, objects: list[str]) -> list[str]:
    found = []
    for one in objects[:_SHOWN]:
        # the first commit that names it is the one that brought it in
        said = git(root, "log", "--all", "--reverse", f"--find-object={one}", "--format=%h")
        found += (said or b"").decode().split()[:1]
    return sorted(set(found))


def _of(commits: list[str]) -> str:
    return f" (commit {', '.join(commits)})" if commits else ""


def _lists(root: Path, tracked: list[str]) -> CheckLine:
    held = {}
    for name in tracked[:MOST_FILES]:
        low = name.lower()
        if not low.endswith(LIST_SUFFIXES):
            continue
        body = _body(root, name)
        if not is_schema(low, body) and (count := mobiles(low, body)):
            held[name] = count
    if not held:
        return ok("git.lists", "git: no list of phone numbers is tracked")
    files = sorted(held)
    found = f"git: {counted(sum(held.values()), 'phone number')} in {_some(files)}, which git keeps for ever"
    advice = "git rm --cached them, write them into .gitignore, and keep lists outside; those of a test may stay"
    return warn("git.lists", found, advice, *files)


def _old_lists(root: Path, found: Searched) -> Iterator[CheckLine]:
    """Lists in the history that no tracked file holds any more."""
    said = git(root, "ls-files", "--full-name", "-s") or b""
    present = {row.split()[1].decode() for row in said.splitlines() if len(row.split()) > 1}
    gone = [one for one in found.with_list if one not in present]
    if gone:
        commits = _commits(root, gone)
        text = f"git: {counted(len(gone), 'text')} of {LIST_FROM} phone numbers or more in the history{_of(commits)}"
        yield warn("git.old_lists", text, "git filter-repo takes them out; whoever cloned it has them", *commits)


def _ignored(root: Path, tracked: list[str]) -> CheckLine:
    from mesms_gitops.store.results import FOLDER as RESULTS
    from mesms_gitops.store.snapshots import FOLDER as SNAPSHOTS

    folders = (SNAPSHOTS, RESULTS)
    kept = [name for name in tracked if name.startswith(tuple(f"{folder}/" for folder in folders))]
    if kept:
        found = f"git: numbers that this tool keeps are tracked: {_some(kept)}"
        return fail(
            "git.ignored", found, f"git rm -r --cached {' '.join(folders)}, and write them into .gitignore", *kept
        )
    seen = [folder for folder in folders if git(root, "check-ignore", "-q", f"{folder}/x") is None]
    if seen:
        advice = f"write {' and '.join(f'{folder}/' for folder in seen)} into .gitignore (mesms-gitops init does)"
        return warn("git.ignored", "git: the folders where numbers are kept are not in .gitignore", advice)
    return ok("git.ignored", "git: the folders where numbers are kept are ignored")


def _some(files: list[str]) -> str:
    shown = ", ".join(Path(name).as_posix() for name in files[:_SHOWN])
    return shown if len(files) <= _SHOWN else f"{shown} and {counted(len(files) - _SHOWN, 'more file')}"
