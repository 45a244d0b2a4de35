"""What git's refusals mean, and what to do next. git has no codes for them, so its words are read (LC_ALL=C)."""

from __future__ import annotations

import re

from mesms_gitops.errors import StateError
from mesms_gitops.store.git_address import without_user

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LONGEST = 400

_CAUSES: tuple[tuple[str, str], ...] = (
    (
        r"GH006|GH013|protected branch|Repository rule violations|not allowed to push|pre-receive hook declined",
        "let whoever runs this push to that branch (an exception to its protection), or name another in `state:`",
    ),
    (
        r"must have verified signatures|signature",
        "set commit.gpgsign and a signing key here, or take the branch out of the rule that asks for signatures",
    ),
    (r"is checked out|checked out branch", "check out another branch there: the state's branch belongs to this tool"),
    (
        r"hidden ref",
        "the server keeps refs/mesms-gitops/ to itself: allow it there (transfer.hideRefs), or use another",
    ),
    (
        r"Write access to repository not granted|error: 403|Permission to \S+ denied|insufficient permission",
        "give whoever runs this write access (in GitHub Actions: `permissions: {contents: write}` on the job)",
    ),
    (
        r"Authentication failed|could not read (Username|Password)|terminal prompts disabled|error: 401",
        "log git in without a prompt: a credential helper, http.extraheader, or what actions/checkout leaves",
    ),
    (
        r"Permission denied \(|publickey|Host key verification failed|no mutual signature",
        "make `ssh` reach that host without a question: load the key, and accept the host's key once by hand",
    ),
    (
        r"Could not resolve|Connection \w+|Network is unreachable|Failed to connect|hung up|RPC failed|error: 5",
        "run the same command again once the remote answers",
    ),
    (r"dubious ownership", "tell git that this folder is yours: git config --global --add safe.directory FOLDER"),
    (
        r"not found|does not exist|does not appear to be a git repository",
        "mend the remote's address: git remote -v shows it",
    ),
    (r"No space left|Disk quota", "make room on that disk, then run the same command again"),
    (r"denyDeletes|deletion prohibited", "allow refs/mesms-gitops/ to be deleted there (receive.denyDeletes)"),
)
_OTHERWISE = "mend what git says above, then run the same command again"


def cause(words: str) -> str:
    """git's own words, fit for one line: the lines that say something, without tokens and colours."""
    lines = [
        _ANSI.sub("", line).removeprefix("remote:").strip().removeprefix("fatal:").removeprefix("error:").strip()
        for line in without_user(words).splitlines()
    ]
    said = [line for line in dict.fromkeys(lines) if line and not line.startswith(("hint:", "To ", "Done", "Warning:"))]
    text = "; ".join(said)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def next_step(words: str) -> str:
    """What to do about it."""
    return next((step for pattern, step in _CAUSES if re.search(pattern, words)), _OTHERWISE)


def failed(doing: str, words: str, *, where: str, is_late: bool = False, patience: float = 0) -> StateError:
    """``doing`` completes "cannot …"."""
    why = f"git had no answer within {patience:.0f} seconds" if is_late else cause(words) or "git did not say why"
    step = "run the same command again once the remote answers" if is_late else next_step(words)
    return StateError(f"cannot {doing}", where=where, why=why, next_step=step)
