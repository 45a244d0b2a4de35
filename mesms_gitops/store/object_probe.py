"""Whether a store keeps its word: it is asked to refuse before it is trusted, on an object that is removed after.

A store may take a condition and ignore it (npm ``s3rver`` does): then two runs hold the lock and a commit writes over
another, and somebody is texted twice. Nothing but trying tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.host import Host
    from mesms_gitops.store.objects import Objects

_TRY: Final = "try out the store"
_FIRST, _SECOND, _NEVER = (f'{{\n  "probe": {number}\n}}\n'.encode() for number in (1, 2, 3))
_NEXT: Final = (
    "use a store with conditional writes (Amazon S3, Google Cloud Storage and Azure have them), a newer release of this"
    " one, or another kind of `state:`"
)


def probe(key: str, objects: Objects, where: str, host: Host, on_note: Callable[[str], None]) -> None:
    """Try both conditions on an object beside ``key``. Raises `StateError`, naming the store, if one is ignored.

    The object has a name of its own each time: sixteen runs that begin at once do not disturb each other.
    """
    name = f"{key}.probe-{host.token()}"
    try:
        _try(name, objects, where)
    finally:
        _remove(name, objects, on_note)


def _try(name: str, objects: Objects, where: str) -> None:
    first = objects.swap(name, _FIRST, None, _TRY)
    if first is None:
        raise _rejected(where, "told to write an object where nothing stands, it refused")
    if objects.swap(name, _NEVER, None, _TRY) is not None:
        raise _rejected(where, "told to write only where nothing stands (If-None-Match), it wrote over what stood")
    if objects.swap(name, _SECOND, first, _TRY) is None:
        raise _rejected(where, "told to write over what it had just named, it refused")
    if objects.swap(name, _NEVER, first, _TRY) is not None:
        raise _rejected(where, "told to write only over an older version (If-Match), it wrote over a newer one")
    found = objects.get(name, _TRY)
    if found is None or found.body != _SECOND:
        raise _rejected(where, "it does not give back what was written last")


def _rejected(where: str, why: str) -> StateError:
    return StateError(
        "this store does not keep to conditions, so it cannot hold the state; nothing was sent or recorded",
        where=where,
        why=f"{why}; two runs at once could both believe to be alone, and text somebody twice",
        next_step=_NEXT,
    )


def _remove(name: str, objects: Objects, on_note: Callable[[str], None]) -> None:
    try:
        objects.remove(name, "remove the probe")
    except StateError as error:
        on_note(f"{name} was left in the store, which was tried out with it: {error.why}")
