"""The hidden first line by which this tool finds its own comments again, and reads what it said in them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

VERSION: Final = 1
_BEGIN: Final = "<!-- mesms-gitops:"
_END: Final = " -->"
_LONGEST: Final = 30_000
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True, slots=True)
class Marker:
    """What one comment says to programs.

    ``kind`` is plan, apply, report or issue; ``environment`` keeps several accounts of one repository apart. ``digest``
    is the plan's, empty where there was none, ``head`` the commit of the branch it was made for, ``changes`` how many
    campaigns it would touch. ``truncated``: not everything was shown. ``unchecked``: made without the account, or by a
    fork. ``outdated``: the branch moved on since. ``campaigns`` are those a report is about.
    """

    kind: str
    environment: str
    digest: str = ""
    head: str = ""
    changes: int = 0
    truncated: bool = False
    unchecked: bool = False
    outdated: bool = False
    campaigns: tuple[str, ...] = ()

    @property
    def can_approve(self) -> bool:
        """Whether a person who read this comment saw a whole plan, held against the account, of the newest commit."""
        return bool(self.digest and self.head) and not (self.truncated or self.unchecked or self.outdated)

    def line(self) -> str:
        """The marker as the first line of a comment; nothing in it can end the HTML comment early."""
        whole = {
            "v": VERSION,
            "kind": self.kind,
            "environment": self.environment,
            "plan": self.digest,
            "head": self.head,
            "changes": self.changes,
            "truncated": self.truncated,
            "unchecked": self.unchecked,
            "outdated": self.outdated,
            "campaigns": list(self.campaigns),
        }
        text = json.dumps(whole, separators=(",", ":"))
        return _BEGIN + text.replace("--", "-\\u002d") + _END

    @classmethod
    def of(cls, body: str) -> Marker | None:
        """The marker of a comment; None for one that begins with none, or with one that is not as `line` writes it."""
        first = body.lstrip("\ufeff").split("\n", 1)[0].rstrip("\r")
        if not (first.startswith(_BEGIN) and first.endswith(_END)) or len(first) > _LONGEST:
            return None
        try:
            whole = json.loads(first[len(_BEGIN) : -len(_END)])
        except (ValueError, RecursionError):
            return None
        return _marker(whole) if isinstance(whole, dict) and whole.get("v") == VERSION else None


def _marker(whole: dict[str, Any]) -> Marker | None:
    digest, head, changes = (whole.get(key) for key in ("plan", "head", "changes"))
    kind, environment, campaigns = (whole.get(key) for key in ("kind", "environment", "campaigns"))
    facts = [whole.get(key) for key in ("truncated", "unchecked", "outdated")]
    is_sound = (
        isinstance(kind, str)
        and isinstance(environment, str)
        and isinstance(digest, str)
        and (not digest or _DIGEST.fullmatch(digest))
        and isinstance(head, str)
        and (not head or _COMMIT.fullmatch(head))
        and type(changes) is int
        and all(type(fact) is bool for fact in facts)
        and isinstance(campaigns, list)
        and all(isinstance(name, str) for name in campaigns)
    )
    if not is_sound:
        return None
    return Marker(
        kind=str(kind),
        environment=str(environment),
        digest=str(digest),
        head=str(head),
        changes=int(changes or 0),
        truncated=bool(facts[0]),
        unchecked=bool(facts[1]),
        outdated=bool(facts[2]),
        campaigns=tuple(campaigns or ()),
    )
