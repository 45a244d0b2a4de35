"""Several long reads at once, by threads that share one client. The first that fails, or Ctrl-C, stops all of them."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

_BLINK: Final = 0.2
"""Seconds between two looks at how far it is."""


class _Stopped(Exception):
    """Another one failed."""


def side_by_side(
    read: Callable[[str, Callable[[], None]], T],
    names: Iterable[str],
    check: Callable[[], None],
    tell: Callable[[], None],
    *,
    at_once: int,
) -> dict[str, T]:
    """``read(name, before_each)`` for each of ``names``; ``before_each`` request calls ``check``, which may raise.

    ``tell`` is called from this thread, now and then. Raises what the first that fails raises, once all have stopped.
    """
    stop = Event()

    def before_each() -> None:
        if stop.is_set():
            raise _Stopped
        check()

    def one(name: str) -> T:
        try:
            return read(name, before_each)
        except BaseException:
            stop.set()  # here, so that none begins between the failure and its notice
            raise

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        futures = {name: pool.submit(one, name) for name in names}
        try:
            left = set(futures.values())
            while left and not stop.is_set():
                _, left = wait(left, timeout=_BLINK, return_when=FIRST_EXCEPTION)
                tell()
        finally:
            stop.set()
    failures = [error for future in futures.values() if (error := future.exception()) is not None]
    for error in failures:
        if not isinstance(error, _Stopped):
            raise error
    return {name: future.result() for name, future in futures.items()}
