"""Thousands of manifests on all cores: a share for each process, forked so that nothing is imported twice.

Only verdicts come back, which are small; a campaign never crosses a pipe.
"""

from __future__ import annotations

import os
import pickle
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.manifests.check import Judge, Judged
    from mesms_gitops.manifests.discover import ManifestFile

WORTH_A_PROCESS: Final = 250
"""Files. A fork and its way back cost about as much as fifty of them."""
MOST: Final = 8


def judged_by_all(judge: Judge, files: Sequence[ManifestFile], processes: int | None = None) -> list[Judged]:
    """What ``judge`` says of ``files``, in their order, whoever worked it out."""
    count = min(_cores() if processes is None else processes, MOST, len(files) // WORTH_A_PROCESS)
    if count < 2:
        return judge(files)
    shares = [files[number::count] for number in range(count)]
    begun = [_begun(judge, share) for share in shares[1:]]
    done = [judge(shares[0])]
    for share, (process, pipe) in zip(shares[1:], begun, strict=True):
        answer = _ended(process, pipe)
        done.append(judge(share) if answer is None else answer)
    return [done[index % count][index // count] for index in range(len(files))]


def _cores() -> int:
    """How many there are for this process; one where it cannot be forked safely."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begun(judge: Judge, share: Sequence[ManifestFile]) -> tuple[int, int]:
    """A process that judges ``share``, and the pipe at whose end its answer comes out."""
    end, start = os.pipe()
    process = os.fork()
    if process:
        os.close(start)
        return process, end
    code = 1
    try:
        os.close(end)
        with open(start, "wb") as pipe:  # noqa: PTH123  # a descriptor
            pickle.dump(judge(share), pipe, pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        os._exit(code)  # what else this process would do at its end is the parent's


def _ended(process: int, end: int) -> list[Judged] | None:
    """The answer of ``process``; None if it did not get to its end."""
    with open(end, "rb") as pipe:
        body = pipe.read()
    _, status = os.waitpid(process, 0)
    return pickle.loads(body) if os.waitstatus_to_exitcode(status) == 0 else None
