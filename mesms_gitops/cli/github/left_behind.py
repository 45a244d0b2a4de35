"""The lock of a run that is over: broken before the next one works, if GitHub itself says that it is over.

A lock names the run that holds it. A runner that was thrown away never gives its lock back, and no other machine can
see that it is dead; GitHub can. Whatever is not clear leaves the lock to a person: another repository's run, no run at
all, this run itself (a job beside this one may hold it), an answer that cannot be had or read. Should a run that is
over for GitHub still be at work somewhere, the state stops it before its next send, as whenever a lock is broken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.github.job import log
from mesms_gitops.cli.github.outputs import annotation
from mesms_gitops.cli.wiring import workplace
from mesms_gitops.errors import MesmsError

if TYPE_CHECKING:
    from mesms_gitops.cli.github.job import Job
    from mesms_gitops.cli.github.surroundings import Surroundings
    from mesms_gitops.store.port import LockInfo

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")


def release(job: Job) -> None:
    """Break the state's lock if its run is over. Raises nothing: in doubt the lock stands, and the apply says whose."""
    try:
        store = workplace(str(job.inputs.folder)).store
        held = store.info()
    except MesmsError as error:
        log(f"the lock of the state cannot be looked at: {error.what}")  # the command that follows says all of it
        return
    found = None if held is None else run_of(held, job.surroundings)
    if held is None or found is None or job.github is None:
        return
    try:
        if not job.github.is_over(*found):
            log(f"the state is locked by {held.holder}, and GitHub says that this run is not over")
            return
        store.unlock(held.id)
    except MesmsError as error:
        words = (f"the lock of {held.holder} stands", error.what, error.where, error.why, error.next_step)
        print(annotation("warning", "lock", "\n".join(filter(None, words))))
    else:
        print(annotation("notice", "lock", f"released the lock of a run that is over: {held.holder}"))


def run_of(held: LockInfo, around: Surroundings) -> tuple[int, int] | None:
    """The run and the attempt that hold the lock, if they are of this repository and provably not this one's."""
    prefix = f"{around.server_url}/{around.repository}/actions/runs/"
    url, attempt = held.run_url or "", held.run_attempt
    number = url.removeprefix(prefix)
    if attempt is None or not around.run or not url.startswith(prefix) or not _NUMBER.fullmatch(number):
        return None
    if url == around.run and (around.attempt is None or attempt >= around.attempt):
        return None
    return int(number), attempt
