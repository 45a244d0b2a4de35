"""A repository and its remote, as the git backend uses them: objects are made here, refs are moved there.

Plumbing only: the work tree, the index, HEAD and everybody else's refs stay as they are, here and there. Nothing is
fetched into a ref, and remote-tracking branches do not move, since the remote is addressed by its URL.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from mesms_gitops.errors import ConfigError, StateError
from mesms_gitops.store.git_address import HERE, without_user
from mesms_gitops.store.git_command import PATIENCE, Git
from mesms_gitops.store.git_push import DONE, PushEnd, end_of
from mesms_gitops.store.git_wording import failed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mesms_gitops.store.git_address import Address
    from mesms_gitops.store.git_command import Said
    from mesms_gitops.store.git_push import Move, Pushed

STATE_FILE = "state.json"
_EVERYTHING = 2_147_483_647
"""git's own word for a depth without end (git-fetch(1))."""
_NOBODY = ("user.name=mesms-gitops", "user.email=mesms-gitops@localhost.invalid")
"""Who commits where git knows nobody, as on a runner that is thrown away."""
_NO_ATOMIC = re.compile(r"does not support --atomic")


class Repository:
    """The repository around ``folder`` and the remote of ``address``. Found at the first question, not before."""

    def __init__(self, folder: Path, address: Address, *, git: Git | None = None, patience: float = PATIENCE) -> None:
        """Nothing is touched yet."""
        self._git = git or Git(folder, patience)
        self._folder = folder
        self._address = address
        self._patience = patience
        self._has_atomic = True

    # --- where it is --------------------------------------------------------------------------------------------------

    @property
    def where(self) -> str:
        """The branch and its remote, for people."""
        return f"git:{self._address.branch} at {self.remote_name}"

    @property
    def remote_name(self) -> str:
        """The remote for people and their commands."""
        return "." if self._url == HERE else without_user(self._address.remote or "origin")

    @cached_property
    def _url(self) -> str:
        """Where the state is pushed to; one address, since what is compared there must be what was read there."""
        known = self._ask("remote", doing="look for the repository").line.splitlines()
        name = self._address.remote or ("origin" if "origin" in known else HERE)
        if name == HERE:
            return HERE
        if name in known:
            return self._ask("remote", "get-url", "--push", name, doing="find the remote").line.splitlines()[0]
        if ":" in name or "/" in name:
            return name
        raise ConfigError(
            f"this repository has no remote {name}",
            where=f"state: git:{self._address.branch}@{name}",
            why=f"it has {', '.join(known)}" if known else "it has none at all",
            next_step=f"git remote add {name} ADDRESS, or name another remote in `state:`",
        )

    @cached_property
    def _is_shallow(self) -> bool:
        return self._ask("rev-parse", "--is-shallow-repository", doing="look at the repository").line == "true"

    @cached_property
    def _identity(self) -> tuple[str, ...]:
        return () if self._git.run("var", "GIT_COMMITTER_IDENT").is_well else _NOBODY

    @cached_property
    def _signs(self) -> bool:
        return self._git.run("config", "--type=bool", "--get", "commit.gpgSign").line == "true"

    # --- what the remote has ------------------------------------------------------------------------------------------

    def look(self, *refs: str) -> Mapping[str, str]:
        """Which of ``refs`` stand at the remote, and at which commit. Raises `StateError`."""
        url = self._url
        said = self._git.run("ls-remote", "--quiet", url, *refs)
        if not said.is_well:
            said = self._git.run("ls-remote", "--quiet", url, *refs)  # a read may be repeated
        if not said.is_well:
            raise self._failed("ask the remote for the state", said)
        rows = (line.partition("\t") for line in said.out.decode("utf-8", "replace").splitlines())
        return {name: commit for commit, _, name in rows if name in refs}

    def fetch(self, ref: str, *, in_full: bool = False) -> None:
        """Bring the commits of one ref here: in a shallow clone the newest two, else all. Raises `StateError`."""
        if self._url == HERE:
            return
        depth = (f"--depth={_EVERYTHING if in_full else 2}",) if self._is_shallow else ()
        quietly = ("--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", "--no-auto-maintenance")
        said = self._git.run("fetch", *quietly, *depth, self._url, ref)
        if not said.is_well and "couldn't find remote ref" not in said.err:
            raise self._failed("fetch the state", said)

    def push(self, *moves: Move) -> Pushed:
        """Move refs of the remote, all or none, each only if it still stands where its move says."""
        leases = [f"--force-with-lease={move.ref}:{move.old or ''}" for move in moves]
        atomic = ("--atomic",) if self._has_atomic and len(moves) > 1 else ()
        pairs = [f"{move.new or ''}:{move.ref}" for move in moves]
        said = self._git.run("push", "--porcelain", "--no-verify", *atomic, *leases, self._url, *pairs)
        if atomic and _NO_ATOMIC.search(said.err):
            # a server that takes one ref at a time: in the order in which they are named, up to one that fails
            self._has_atomic = False
            return next((ended for move in moves if (ended := self.push(move)).end is not PushEnd.DONE), DONE)
        return end_of(said)

    def try_push(self) -> str | None:
        """Ask the remote for a push without making it; None if it would take one, else what git said against it."""
        branch = "HEAD:refs/heads/mesms-doctor"
        said = self._git.run("push", "--dry-run", "--porcelain", "--no-verify", self._url, branch)
        if said.is_well:
            return None
        return str(self._failed("try a push", said).why or "it did not say why")

    # --- what is here -------------------------------------------------------------------------------------------------

    def has(self, commit: str) -> bool:
        """Whether a commit is here."""
        return self._git.run("cat-file", "-e", f"{commit}^{{commit}}").is_well

    def parent(self, commit: str) -> str | None:
        """The commit before ``commit``; None for a first one, and where a shallow clone ends."""
        said = self._git.run("rev-parse", "--verify", "--quiet", f"{commit}^")
        return said.line if said.is_well else None

    def descends(self, commit: str, ancestor: str, ref: str) -> bool:
        """Whether ``ancestor`` is in the history of ``commit``, where ``ref`` stands; a shallow one is fetched."""
        if commit == ancestor or self._is_before(ancestor, commit):
            return True
        if not self._is_shallow or self._url == HERE:
            return False
        self.fetch(ref, in_full=True)
        return self._is_before(ancestor, commit)

    def _is_before(self, ancestor: str, commit: str) -> bool:
        return self._git.run("merge-base", "--is-ancestor", ancestor, commit).is_well

    def state_at(self, commit: str) -> bytes | None:
        """The state's bytes in a commit; None where it holds none."""
        said = self._git.run("cat-file", "blob", f"{commit}:{STATE_FILE}")
        return said.out if said.is_well else None

    def note_at(self, commit: str) -> bytes:
        """What stands below the first line of a commit's message; empty where the commit is not here."""
        said = self._git.run("cat-file", "commit", commit)
        _, _, message = said.out.partition(b"\n\n")
        return message.partition(b"\n\n")[2]

    @cached_property
    def _seen_ref(self) -> str:
        return self._address.seen(self._url)

    def seen(self) -> str | None:
        """The newest commit of the branch that was seen from here, by any run."""
        said = self._git.run("rev-parse", "--verify", "--quiet", f"{self._seen_ref}^{{commit}}")
        return said.line if said.is_well else None

    def remember(self, commit: str) -> None:
        """Keep in mind that ``commit`` was seen. Where that cannot be written it is only not remembered."""
        self._git.run("update-ref", "--no-deref", self._seen_ref, commit)

    def forget_command(self) -> str:
        """What a person types to have this repository forget what it saw."""
        return f"git update-ref -d {self._seen_ref}"

    def is_only_here(self) -> bool:
        """Whether the branch, with a state in it, stands in this repository and the remote is another one."""
        return self._url != HERE and self.state_at(self._address.head) is not None

    # --- what is made here --------------------------------------------------------------------------------------------

    def save_state(self, body: bytes, message: str, parent: str | None) -> str:
        """A commit that holds ``body``, not yet pushed; signed where commits are. Raises `StateError`."""
        blob = self._ask("hash-object", "-w", "--stdin", stdin=body, doing="write the state").line
        tree = self._tree(f"100644 blob {blob}\t{STATE_FILE}\n".encode())
        return self._commit(tree, message, parent, ("-S",) if self._signs else ())

    def save_note(self, subject: str, body: bytes, parent: str | None = None) -> str:
        """A commit whose message holds ``body``. Never signed: a lock or a stop waits for no key."""
        return self._commit(self._tree(b""), f"{subject}\n\n{body.decode('utf-8')}", parent, ())

    def _tree(self, rows: bytes) -> str:
        return self._ask("mktree", stdin=rows, doing="write the state").line

    def _commit(self, tree: str, message: str, parent: str | None, how: tuple[str, ...]) -> str:
        after = () if parent is None else ("-p", parent)
        said = self._git.run(
            "commit-tree", *how, *after, "-F", "-", tree, stdin=message.encode("utf-8"), settings=self._identity
        )
        if said.is_well:
            return said.line
        error = self._failed("commit the state", said)
        if how:
            error.next_step = "mend the signing key that git uses here, or unset commit.gpgSign in this repository"
        raise error

    # --- errors -------------------------------------------------------------------------------------------------------

    def _ask(self, *arguments: str, doing: str, stdin: bytes = b"") -> Said:
        said = self._git.run(*arguments, stdin=stdin)
        if said.is_well:
            return said
        if said.is_missing:
            raise StateError(
                "there is no git here",
                where=f"state: git:{self._address.branch}",
                next_step="install git 2.29 or newer, or set `state:` to a file",
            )
        if "not a git repository" in said.err:
            raise StateError(
                "the project is in no git repository",
                where=str(self._folder),
                why=f"its state is kept on the branch {self._address.branch}",
                next_step="git init, or set `state:` to a file",
            )
        raise failed(doing, said.err, where=str(self._folder), is_late=said.is_late, patience=self._patience)

    def _failed(self, doing: str, said: Said) -> StateError:
        return failed(doing, said.err, where=self.where, is_late=said.is_late, patience=self._patience)

    def unpushed(self, doing: str, pushed: Pushed) -> StateError:
        """The error for a push that did not go through."""
        return failed(doing, pushed.words, where=self.where, is_late=pushed.is_late, patience=self._patience)
