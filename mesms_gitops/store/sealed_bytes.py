"""A state at rest: as it is, or encrypted to age recipients. A layer over bytes, the same for every backend.

What is sealed are the state and its backup. The lock, the emergency stop and a tombstone stay open: they name users and
campaigns, no recipient and no text, and must serve whoever stops everything without any key at hand.

The form is age's own, so `age -d -i FILE` opens it. Equal states are not equal bytes then: age draws a new key each
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import ConfigError, StateError

if TYPE_CHECKING:
    from mesms_gitops.store.sealing import Sealing

_HEADER: Final = b"age-encryption.org/v1\n"
"""The first line of every age file: https://age-encryption.org/v1. A state as it is begins with a brace."""


class SealedBytes:
    """Seals with ``sealing``, and opens with it what is sealed; None leaves bytes as they are."""

    def __init__(self, sealing: Sealing | None = None) -> None:
        """Nothing is read or imported yet."""
        self._sealing = sealing
        self._is_tried = False

    @property
    def seals(self) -> bool:
        """Whether what is written is to be encrypted."""
        return self._sealing is not None and self._sealing.seals

    def check(self) -> None:
        """Raise `ConfigError` if a state is to be encrypted and cannot be: before anything is sent."""
        if self._sealing is not None:
            self._sealing.check()

    def is_for(self, before: bytes) -> bool:
        """Whether what is stored in place of ``before`` will be sealed."""
        return is_sealed(before) or self.seals

    def sealed(self, body: bytes, before: bytes | None = None) -> bytes:
        """``body`` as it is to be stored in place of ``before``, which is as it was stored.

        What was sealed never ends up open: without recipients it is sealed to the identities it was opened with. What
        cannot be opened here again is not stored: the sends that would follow are of a state that nobody may ever read.
        Raises `ConfigError`, `StateError`.
        """
        if self._sealing is None:
            return body
        was_sealed = before is not None and is_sealed(before)
        found = self._sealing.seal(body, was_sealed=was_sealed)
        if found is None:
            return body
        if not self._is_tried:
            self._try(found, body)
            self._is_tried = True
        return found

    def _try(self, found: bytes, body: bytes) -> None:
        assert self._sealing is not None  # only what was sealed is tried
        try:
            if self._sealing.open(found) == body:
                return
            why = "what was opened is not what was encrypted"
            next_step = None
        except (ConfigError, StateError) as error:
            why, next_step = error.why or error.what, error.next_step
        raise StateError(
            "the state would be encrypted so that it cannot be opened here; it was not written",
            where="encryption.state",
            why=why,
            next_step=next_step or "set MESMS_AGE_IDENTITY_FILE to an identity of one of the recipients",
        )

    def opened(self, stored: bytes, where: str) -> bytes:
        """``stored`` as it was before it was sealed; bytes that never were are given back. Raises `StateError`."""
        if not is_sealed(stored):
            return stored
        if self._sealing is None:
            raise _closed(where, None)
        try:
            return self._sealing.open(stored)
        except (ConfigError, StateError) as error:
            raise _closed(where, error) from error


OPEN: Final = SealedBytes()
"""Seals nothing."""


def is_sealed(stored: bytes) -> bool:
    """Whether ``stored`` is encrypted."""
    return stored.startswith(_HEADER)


def _closed(where: str, error: ConfigError | StateError | None) -> StateError:
    return StateError(
        "the state is encrypted and cannot be opened here; nothing was sent or changed",
        where=where,
        why=(error.why or error.what) if error else "no identity was given",
        next_step=error.next_step if error else "set MESMS_AGE_IDENTITY_FILE to the path of an identity file",
    )
