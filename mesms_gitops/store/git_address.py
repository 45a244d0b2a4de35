"""Which branch of which remote ``git:BRANCH`` and ``git:BRANCH@REMOTE`` name.

REMOTE is the name of a remote of this repository, or an address that ``git push`` takes. Everything after the first
``@`` is the remote, so an address may hold one itself (``git:mesms-state@git@host.example:shop/state.git``); a branch
may not. Without REMOTE it is ``origin`` where the repository has one, else the repository alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from mesms_gitops.errors import ConfigError

PREFIX = "git:"
HERE = "."
"""The address of the repository itself, as git writes it."""

_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]*")
_NEVER = re.compile(r"\.\.|//|/\.|\./|\.lock(/|$)|[./]$")
_USER = re.compile(r"(?<=//)[^/@\s]*@")
_PASSWORD = re.compile(r"//[^/@\s]*:[^/@\s]*@")
_NEXT = "write `state: git:mesms-state`, or `git:mesms-state@REMOTE` for a branch of another remote"


@dataclass(frozen=True, slots=True)
class Address:
    """A branch, and the remote as it was named; None: ``origin`` or nothing."""

    branch: str
    remote: str | None = None

    @property
    def head(self) -> str:
        """The branch that holds the state, as the remote names it."""
        return f"refs/heads/{self.branch}"

    @property
    def last(self) -> str:
        """Beside it: the newest commit that this tool made, by which a rewritten branch is noticed anywhere."""
        return f"refs/mesms-gitops/{self.branch}/last"

    @property
    def lock(self) -> str:
        """Beside it: who is at work."""
        return f"refs/mesms-gitops/{self.branch}/lock"

    @property
    def freeze(self) -> str:
        """Beside it: the emergency stop."""
        return f"refs/mesms-gitops/{self.branch}/freeze"

    @property
    def refs(self) -> tuple[str, ...]:
        """All of them."""
        return (self.head, self.last, self.lock, self.freeze)

    def seen(self, url: str) -> str:
        """In this repository alone: the newest commit of the branch that was seen at ``url`` from here."""
        where = blake2b(without_user(url).encode(), digest_size=4).hexdigest()
        return f"refs/mesms-gitops/seen/{where}/{self.branch}"


def read_address(location: str) -> Address:
    """The address in a ``state:`` value that begins with ``git:``. Raises `ConfigError`."""
    branch, is_elsewhere, remote = location.removeprefix(PREFIX).partition("@")
    why = _wrong_branch(branch) or (_wrong_remote(remote) if is_elsewhere else None)
    if why:
        raise ConfigError(
            "`state` names no branch of a git repository",
            where=f"state: {without_user(location)}",
            why=why,
            next_step=_NEXT,
        )
    return Address(branch, remote or None)


def _wrong_branch(branch: str) -> str | None:
    """What git would not take in a ref (git-check-ref-format(1)); a little stricter."""
    if not branch:
        return "no branch stands after git:"
    if branch == "HEAD":
        return "HEAD is what is checked out, and no branch"
    if branch.startswith("refs/"):
        return "a branch goes by its short name, without refs/heads/"
    if not _BRANCH.fullmatch(branch) or _NEVER.search(branch):
        return f"{branch!r} is no name of a branch (letters, digits, - _ . + and / between them)"
    return None


def _wrong_remote(remote: str) -> str | None:
    if not remote:
        return "no remote stands after the @"
    if remote.startswith("-"):
        return "a remote never begins with -, which git would read as an option"
    if _PASSWORD.search(remote):
        return "a password in it would stand in git and in logs: leave that to a credential helper of git, or to ssh"
    if remote.startswith("ext::") or any(each.isspace() for each in remote):
        return "this is neither the name of a remote nor an address of a repository"
    return None


def without_user(text: str) -> str:
    """``text`` without who logs in, and with what: an address may carry a token."""
    return _USER.sub("", text)
