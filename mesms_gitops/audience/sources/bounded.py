"""Something that may never answer, in a thread of its own, waited for no longer than agreed."""

from __future__ import annotations

from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Item = TypeVar("Item")
_AHEAD: Final = 2
_POLL: Final = 0.2


class Bounded(Generic[Item]):
    """The items of a generator that runs in a thread, at most ``_AHEAD`` of them made in advance.

    For libraries that cannot be interrupted: one that hangs is left behind in a thread which does not keep the process
    alive. Whatever the generator holds open is closed in its own thread.
    """

    def __init__(self, make: Callable[[], Iterator[Item]], until: float, clock: Callable[[], float]) -> None:
        """``until`` is the moment, by ``clock`` in seconds, after which nothing more is waited for."""
        self._make = make
        self._until = until
        self._clock = clock
        self._made: Queue[Item | BaseException | None] = Queue(_AHEAD)
        self._stop = Event()

    def items(self) -> Iterator[Item]:
        """Each item. Raises `TimeoutError` when time is up, and what the generator raises."""
        thread = Thread(target=self._run, daemon=True)
        thread.start()
        try:
            while (found := self._next()) is not None:
                if isinstance(found, BaseException):
                    raise found
                yield found
        finally:
            self._stop.set()
        thread.join()

    def _next(self) -> Item | BaseException | None:
        try:
            return self._made.get(timeout=max(0.0, self._until - self._clock()))
        except Empty:
            raise TimeoutError from None

    def _run(self) -> None:
        making = self._make()
        try:
            for item in making:
                if not self._put(item):
                    making.close()  # type: ignore[attr-defined]  # a generator, as the class says
                    return
        except BaseException as error:  # it is raised where somebody waits
            self._put(error)
        else:
            self._put(None)

    def _put(self, item: Item | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._made.put(item, timeout=_POLL)
            except Full:
                continue
            return True
        return False
