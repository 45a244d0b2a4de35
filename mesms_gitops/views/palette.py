"""Colour for a terminal, which can be off: then every method returns its text unchanged."""

from __future__ import annotations

from dataclasses import dataclass

RESET = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Palette:
    """Paints whole strings, never parts of one that is still to be wrapped."""

    on: bool = False

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{RESET}" if self.on and text else text

    def bold(self, text: str) -> str:
        """Headings."""
        return self._paint("1", text)

    def dim(self, text: str) -> str:
        """What may be skipped."""
        return self._paint("2", text)

    def red(self, text: str) -> str:
        """Cannot be undone, went wrong, was refused."""
        return self._paint("1;31", text)

    def green(self, text: str) -> str:
        """New, done."""
        return self._paint("32", text)

    def yellow(self, text: str) -> str:
        """Changes, warnings, what waits for a person."""
        return self._paint("33", text)

    def cyan(self, text: str) -> str:
        """Where, and what next."""
        return self._paint("36", text)
