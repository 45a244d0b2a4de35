"""What a backend can say of itself to `doctor`: whether it would do its work, without writing any state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

Line: TypeAlias = tuple[str, str, str]
"""``ok``, ``warn`` or ``fail``; what was found; what to do."""


@runtime_checkable
class Examinable(Protocol):
    """A store that can be asked. Beside `port.Store`, since nothing but `doctor` asks."""

    def examine(self) -> Iterator[Line]:
        """Look, without changing the state. Raises `StateError`, `ConfigError`."""
