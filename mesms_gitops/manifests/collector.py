"""Python's cycle collector, out of the way while thousands of objects are made that hold no cycles."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MANY: Final = 500_000
"""Objects: what a plan of some thousand campaigns makes in between is no garbage, so 700 is far too few for it."""


def collect_rarely() -> None:
    """Have this process look for cycles only once for `_MANY` objects that it makes and keeps."""
    gc.set_threshold(_MANY)


@contextmanager
def without_collector() -> Iterator[None]:
    """Trees hold no cycles, so looking for some while thousands of them are made is time for nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
