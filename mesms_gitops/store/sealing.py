"""Encryption to age recipients (https://age-encryption.org/v1, X25519 keys), by the extra ``age``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mesms_gitops.errors import ConfigError, StateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IDENTITY_VARIABLE = "MESMS_AGE_IDENTITY_FILE"
_MAX_IDENTITY_BYTES = 1 << 20


class Sealing:
    """Seals to ``recipients`` and opens with the identities of a file; either may be missing."""

    def __init__(
        self,
        recipients: Sequence[str] = (),
        identity_file: Path | None = None,
        *,
        setting: str = "audience.encrypt_to",
        of: str = "snapshots",
    ) -> None:
        """Nothing is read or imported yet. ``setting`` names the recipients in mesms.yaml, ``of`` what is sealed."""
        self._recipients = tuple(recipients)
        self._identity_file = identity_file
        self._where = f"mesms.yaml: {setting}"
        self._of = of

    @property
    def seals(self) -> bool:
        """Whether what is written is to be encrypted."""
        return bool(self._recipients)

    def check(self) -> None:
        """Raise `ConfigError` if something is to be encrypted and cannot be."""
        if self._recipients:
            self._parsed(self._pyrage())

    def seal(self, body: bytes, *, was_sealed: bool = False) -> bytes | None:
        """``body`` encrypted; None if it is to stay as it is.

        What ``was_sealed`` never ends up open: without recipients it is sealed to the identities it was opened with.
        Raises `ConfigError`, `StateError`.
        """
        if not self._recipients and not was_sealed:
            return None
        library = self._pyrage()
        recipients = self._parsed(library) or [each.to_public() for each in self._identities(library)]
        sealed: bytes = library.encrypt(body, recipients)
        return sealed

    def open(self, body: bytes) -> bytes:
        """What was sealed. Raises `ConfigError` or `StateError` where it cannot be opened."""
        library = self._pyrage()
        identities = self._identities(library)
        try:
            opened: bytes = library.decrypt(body, identities)
        except library.DecryptError as error:
            raise StateError(
                "it cannot be decrypted",
                why=f"it is damaged, or was not encrypted to an identity in {IDENTITY_VARIABLE}",
                next_step=f"set {IDENTITY_VARIABLE} to the file with the right identity",
            ) from error
        return opened

    def _parsed(self, library: Any) -> list[Any]:
        try:
            return [library.x25519.Recipient.from_str(each) for each in self._recipients]
        except library.RecipientError as error:
            raise ConfigError(
                "this is not an age recipient",
                where=self._where,
                why=str(error),
                next_step="write what `age-keygen -y IDENTITY-FILE` prints: age1 and 58 characters",
            ) from error

    def _identities(self, library: Any) -> list[Any]:
        lines = self._identity_lines()
        try:
            found = [library.x25519.Identity.from_str(line) for line in lines]
        except library.IdentityError as error:
            # never what stands there: it is a secret, or was meant to be one
            raise ConfigError(
                "the identity file holds something that is no age identity",
                where=f"environment: {IDENTITY_VARIABLE}",
                next_step="name a file made by age-keygen: comments, and lines that begin with AGE-SECRET-KEY-1",
            ) from error
        if not found:
            raise ConfigError(
                "the identity file holds no identity",
                where=f"environment: {IDENTITY_VARIABLE}",
                next_step="name a file made by age-keygen",
            )
        return found

    def _identity_lines(self) -> list[str]:
        if self._identity_file is None:
            raise ConfigError(
                "it is encrypted, and there is no identity to open it with",
                where=f"environment: {IDENTITY_VARIABLE}",
                next_step=f"set {IDENTITY_VARIABLE} to the path of an identity file",
            )
        try:
            with self._identity_file.open("rb") as file:
                text = file.read(_MAX_IDENTITY_BYTES).decode("utf-8", "replace")
        except OSError as error:
            raise ConfigError(
                "the identity file cannot be read",
                where=f"environment: {IDENTITY_VARIABLE}",
                why=error.strerror or str(error),
                next_step=f"set {IDENTITY_VARIABLE} to the path of an identity file",
            ) from error
        return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]

    def _pyrage(self) -> Any:
        try:
            library = import_module("pyrage")  # it has no types
        except ImportError as error:
            raise ConfigError(
                f"the library that encrypts {self._of} is not installed",
                where=self._where,
                why=f"{self._of} are never written open where they are to be encrypted",
                next_step="pip install 'mesms-gitops[age]'",
            ) from error
        return library
