"""The one repository that `stand_in` answers for: what people do there, and what was wrong with the calls that came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

REPOSITORY = "shop/campaigns"
BOT = "github-actions[bot]"
MAX_BODY = 65_536


def user(login: str) -> dict[str, Any]:
    """A `simple-user`, as far as anybody may lean on it."""
    kind = "Bot" if login.endswith("[bot]") else "User"
    return {"login": login, "id": sum(map(ord, login)), "type": kind, "site_admin": False}


@dataclass
class Forge:
    """The one repository, and what was wrong with the calls that came."""

    token: str = "ghs_stand-in"
    can_write: bool = True
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    commits: dict[str, set[int]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    runs: dict[tuple[int, int], str] = field(default_factory=dict)
    """The status of each attempt of each run of a workflow."""
    run_twist: dict[str, Any] = field(default_factory=dict)
    """What is put over every answer about a run."""
    locked: set[int] = field(default_factory=set)
    """Conversations that take no comment."""
    strangers: set[str] = field(default_factory=set)
    """Who may read, but not push."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)
    failing: list[int] = field(default_factory=list)
    """Statuses that the next calls are answered with, whatever they ask."""
    retry_after: str = ""
    """With this header."""
    url: str = ""
    ids: int = 100

    def number(self) -> int:
        """The next number of anything."""
        self.ids += 1
        return self.ids

    def open_pull(self, head: str, branch: str, *, author: str = "author", owner: str = "shop") -> int:
        """A pull request against main, from the repository itself or from the fork of ``owner``."""
        number = self.number()
        full_name = f"{owner}/campaigns"
        self.pulls[number] = {
            "number": number,
            "state": "open",
            "user": user(author),
            "head": {"ref": branch, "sha": head, "label": f"{owner}:{branch}", "repo": {"full_name": full_name}},
            "base": {"ref": "main", "sha": "0" * 40, "repo": {"full_name": REPOSITORY}},
            "merged_at": None,
            "merge_commit_sha": "7e57" * 10,  # of the test merge, until it is merged
        }
        self.commits.setdefault(head, set()).add(number)
        return number

    def push(self, number: int, head: str) -> None:
        """A new commit on its branch."""
        self.pulls[number]["head"]["sha"] = head
        self.commits.setdefault(head, set()).add(number)

    def merge(self, number: int, commit: str) -> None:
        """It became ``commit`` on main."""
        self.pulls[number] |= {"state": "closed", "merged_at": "2027-04-01T02:00:00Z", "merge_commit_sha": commit}
        self.commits.setdefault(commit, set()).add(number)

    def review(self, number: int, author: str, verdict: str, commit: str) -> None:
        """A review of ``commit``."""
        found = {"id": self.number(), "user": user(author), "state": verdict, "commit_id": commit, "body": ""}
        self.reviews.setdefault(number, []).append(found)

    def comment(self, number: int, author: str, body: str) -> int:
        """Somebody says something."""
        made = self.number()
        self.comments[made] = {"id": made, "issue": number, "user": user(author), "body": body}
        return made

    def said(self, number: int, author: str = BOT) -> list[str]:
        """What ``author`` says below a pull request, the oldest first."""
        found = (one for one in self.comments.values() if one["issue"] == number)
        return [one["body"] for one in found if one["user"]["login"] == author]
