"""This machine and this process as a lock names them, and whether another process on it still lives."""

from __future__ import annotations

import os
import pwd
import time
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from mesms_gitops.store.port import UNREADABLE, LockInfo
from mesms_gitops.store.provenance import Provenance

_DEAD_STATES = frozenset("ZXx")
_UNKNOWN = Provenance()


class Host:
    """The operating system. Put another one in to say who lives, what time it is and which tokens are drawn."""

    def __init__(self, provenance: Provenance = _UNKNOWN) -> None:
        """``provenance`` is the run that locks are signed for besides."""
        self._provenance = provenance

    def token(self) -> str:
        """A name that nobody else draws."""
        return os.urandom(8).hex()

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def tag(self) -> str:
        """A short name of this machine, to tell our own left-over files from another machine's."""
        return blake2b(f"{_node()} {_machine()}".encode(), digest_size=4).hexdigest()

    def sign(self, operation: str) -> LockInfo:
        """A new lock in the name of this process."""
        return LockInfo(
            id=self.token(),
            operation=operation,
            pid=os.getpid(),
            host=_node(),
            user=_user(),
            created=self.now(),
            machine=_machine(),
            boot=_boot(),
            pid_space=_pid_space(),
            started=_started(os.getpid()),
            run_url=self._provenance.run_url,
            run_attempt=self._provenance.attempt,
        )

    def is_dead(self, holder: LockInfo) -> bool:
        """Whether ``holder`` provably is no more. In doubt it lives: its lock is then for a person to break."""
        if holder.id == UNREADABLE:
            return False
        boot = _boot()
        if (holder.host, holder.machine) != (_node(), _machine()):
            return False
        if holder.boot != boot:
            # after a restart nothing lives, but without a machine id this may be another machine of the same name
            return None not in (holder.machine, holder.boot, boot)
        if holder.pid_space != _pid_space():
            return False
        return not _lives(holder.pid, holder.started)


def _node() -> str:
    return os.uname().nodename


def _boot() -> str | None:
    return _first_line(Path("/proc/sys/kernel/random/boot_id"))


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _first_line(path: Path) -> str | None:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="ascii").strip() or None
    return None


def _machine() -> str | None:
    # two machines may share a name; systemd asks that the id itself is not passed on
    found = _first_line(Path("/etc/machine-id"))
    return found and blake2b(found.encode(), person=b"mesms-machine", digest_size=8).hexdigest()


def _pid_space() -> str | None:
    # a container numbers its processes by itself: its pid 17 is not ours
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return None


def _process(pid: int) -> list[str] | None:
    """The fields of ``/proc/PID/stat`` after the name (proc(5)): the state first, the start time twentieth."""
    with suppress(OSError, UnicodeDecodeError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return None


def _started(pid: int) -> str | None:
    fields = _process(pid)
    return fields[19] if fields else None


def _lives(pid: int, started: str | None) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    fields = _process(pid)
    if fields is None:
        return True
    # a killed process stays as a zombie until its parent looks; a reused pid has another start time
    return fields[0] not in _DEAD_STATES and started in (None, fields[19])
