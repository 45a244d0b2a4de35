"""Whether the branch has moved on from what this job checked out: a campaign that was taken back is not sent any more.

A job that waited, or that is run again days later, works on its own old commit. What was approved there is still
approved, and yet nobody wants it if the branch has since lost or changed that campaign's file. Other campaigns may
come and go: their own runs see to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.store.git_command import PATIENCE, Git
from mesms_gitops.store.git_wording import failed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mesms_gitops.cli.github.job import Job
    from mesms_gitops.store.git_command import Said


def overtaken(job: Job, plan: Mapping[str, Any]) -> str:
    """Why the plan, made from HEAD, is not what its branch wants now; empty where it is, or where nobody can be asked.

    ``plan`` is the JSON of `plan`. Lists and templates are not looked at. Without a token the remote cannot be asked.
    Raises `StateError`.
    """
    around = job.surroundings
    files = _files(plan)
    if not files or not around.branch or job.github is None:
        return ""
    git, ref = Git(job.inputs.folder), f"refs/heads/{around.branch}"
    here = git.run("rev-parse", "--verify", "--quiet", "HEAD")
    if not here.is_well:
        return ""  # no checkout: the project came another way, and no branch wants or does not want it
    listed = _well(git.run("ls-remote", "--quiet", "origin", ref), around.branch).out.decode("utf-8", "replace")
    head = next((row.split("\t")[0] for row in listed.splitlines() if row.endswith(f"\t{ref}")), "")
    if not head:
        return f"the branch {around.branch} is gone"
    if head == here.line:
        return ""
    _well(git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", "origin", head), around.branch)
    moved = [file for file in files if _blob(git, "HEAD", file) != _blob(git, head, file)]
    if not moved:
        return ""
    more = f" and {len(moved) - 1:,} more" if len(moved) > 1 else ""
    return f"{moved[0]}{more} is not on {around.branch} any more as it was in {around.sha[:12]}; nothing was sent"


def _files(plan: Mapping[str, Any]) -> list[str]:
    """The manifests of all that would be done, as the plan names them from the project's folder."""
    found = (one for one in plan.get("actions", []) if one["action"] not in ("keep", "blocked"))
    return sorted({str(one["file"]) for one in found if one.get("file")})


def _blob(git: Git, commit: str, file: str) -> str:
    """What ``file`` holds in ``commit``; empty where it is not there."""
    return git.run("rev-parse", "--verify", "--quiet", f"{commit}:./{file}").line


def _well(said: Said, branch: str) -> Said:
    if not said.is_well:
        raise failed(f"see where {branch} stands", said.err, where="origin", is_late=said.is_late, patience=PATIENCE)
    return said
