"""What cannot be interrupted is not waited for; what can be closed is closed where it was opened."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.audience.sources.bounded import Bounded
from tests.measured import HANG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def items_of(make: Callable[[], Iterator[int]], seconds: float = 5.0) -> Iterator[int]:
    return Bounded(make, time.monotonic() + seconds, time.monotonic).items()


def test_every_item_comes_in_its_order() -> None:
    assert list(items_of(lambda: iter(range(1000)))) == list(range(1000))


def test_one_that_hangs_is_left_behind() -> None:
    released = threading.Event()

    def hanging() -> Iterator[int]:
        yield 1
        released.wait(60)
        yield 2

    begun = time.monotonic()
    arriving = items_of(hanging, 0.3)
    assert next(arriving) == 1
    with pytest.raises(TimeoutError):
        next(arriving)
    assert time.monotonic() - begun < HANG
    released.set()


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    arriving = items_of(failing)
    assert next(arriving) == 1
    with pytest.raises(KeyError):
        next(arriving)


def test_who_leaves_early_lets_it_close_in_its_own_thread() -> None:
    closed: list[str] = []
    done = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)
            done.set()

    arriving = items_of(endless)
    assert next(arriving) == 1
    arriving.close()  # type: ignore[attr-defined]  # a generator
    assert done.wait(5)
    assert closed != [threading.main_thread().name]
