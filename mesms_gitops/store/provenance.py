"""Who makes a change to the state, from what, and where that can be looked up: for backends with a history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ATTEMPT: Final = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the environment says of a run; None where it says nothing.

    ``actor`` is whoever set it off, ``run_url`` where its log is, ``commit`` the commit of the project it works on,
    ``attempt`` counts from 1 how often the run was started.
    """

    actor: str | None = None
    run_url: str | None = None
    commit: str | None = None
    attempt: int | None = None


def provenance_of(environment: Mapping[str, str]) -> Provenance:
    """What GitHub Actions says of a run in its variables; nothing elsewhere.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/variables (default variables).
    """
    address = [environment.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    server, repository, run = address
    attempt = environment.get("GITHUB_RUN_ATTEMPT") or ""
    return Provenance(
        actor=environment.get("GITHUB_ACTOR") or None,
        run_url=f"{server}/{repository}/actions/runs/{run}" if all(address) else None,
        commit=environment.get("GITHUB_SHA") or None,
        attempt=int(attempt) if _ATTEMPT.fullmatch(attempt) else None,
    )
