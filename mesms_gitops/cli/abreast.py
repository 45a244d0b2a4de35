"""Several long readings at once: networks overlap, and polars works while others wait. Results come in order."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, NoReturn, TypeVar

from mesms_gitops.model.campaign import ListSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mesms_gitops.model.campaign import Campaign

_BLINK: Final = 0.1
_ELSEWHERE: Final = 64 << 20
"""What a list is taken for whose size is not known before it is read."""

T = TypeVar("T")

AT_ONCE: Final = 3
ROOM: Final = 256 << 20
"""Bytes of lists that are read at the same time; a larger one is read alone."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """One thing to do, and how many bytes it is about."""

    size: int
    do: Callable[[], T]


def abreast(readings: Sequence[Reading[T]], *, at_once: int = AT_ONCE, room: int = ROOM) -> Iterator[Callable[[], T]]:
    """For each of ``readings``, in their order and as soon as it is done: what gives its result, or raises its error.

    They begin in order too. When the caller stops asking, or is interrupted, nothing new is begun; what is under way
    keeps nobody from leaving.
    """
    if at_once < 2 or len(readings) < 2:
        yield from (reading.do for reading in readings)
        return
    queue = _Queue(readings, room)
    for _ in range(min(at_once, len(readings))):
        threading.Thread(target=queue.work, daemon=True).start()
    try:
        for number in range(len(readings)):
            yield queue.result(number)
    finally:
        queue.close()


def size_of(campaign: Campaign) -> int:
    """How many bytes the lists of ``campaign`` have, as far as that is known."""
    lists = (source for source in (*campaign.sources, *campaign.exclude) if isinstance(source, ListSource))
    return sum(_size_of(source.location) for source in lists)


def _size_of(location: str) -> int:
    try:
        return Path(location).stat().st_size if location.startswith("/") else _ELSEWHERE
    except (OSError, ValueError):
        return 0


class _Queue(Generic[T]):
    """The readings, and the threads that share them."""

    def __init__(self, readings: Sequence[Reading[T]], room: int) -> None:
        self._readings = readings
        self._room = room
        self._next = self._running = self._size = 0
        self._results: dict[int, Callable[[], T]] = {}
        self._changed = threading.Condition()

    def work(self) -> None:
        """Take one after the other until none is left."""
        while (number := self._taken()) is not None:
            result = _result(self._readings[number])
            with self._changed:
                self._results[number] = result
                self._running -= 1
                self._size -= self._readings[number].size
                self._changed.notify_all()

    def _taken(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_done or self._has_room)
            if self._is_done:
                return None
            number = self._next
            self._next += 1
            self._running += 1
            self._size += self._readings[number].size
            return number

    @property
    def _is_done(self) -> bool:
        return self._next >= len(self._readings)

    @property
    def _has_room(self) -> bool:
        return not self._running or self._size + self._readings[self._next].size <= self._room

    def result(self, number: int) -> Callable[[], T]:
        """Wait for one."""
        with self._changed:
            while number not in self._results:
                # not without end: where the system gives Ctrl-C to another thread, this one must look for itself
                self._changed.wait(_BLINK)
            return self._results.pop(number)

    def close(self) -> None:
        """Begin nothing more."""
        with self._changed:
            self._next = len(self._readings)
            self._changed.notify_all()


def _result(reading: Reading[T]) -> Callable[[], T]:
    try:
        value = reading.do()
    except BaseException as error:  # whatever it is, it is raised again where the result is asked for
        return _raising(error)
    return lambda: value


def _raising(error: BaseException) -> Callable[[], NoReturn]:
    def again() -> NoReturn:
        raise error

    return again
