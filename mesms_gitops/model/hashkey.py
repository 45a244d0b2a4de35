"""The secret under which every digest of phone numbers or rendered text is made."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True, repr=False)
class HashKey:
    """A key and its public name. ``identity`` is recorded in state so that another key is an error, not a changed list.

    A 9-digit number space can be searched in minutes: digests under the lineage alone protect against nothing
    but a casual look, since the lineage stands in the same file. ``from_lineage`` says so to ``doctor``.
    """

    secret: bytes
    identity: str
    from_lineage: bool

    @classmethod
    def of_secret(cls, secret: str) -> HashKey:
        """The key that ``MESMS_HASH_KEY`` names."""
        key = blake2b(secret.encode(), person=b"mesms-hash-key").digest()
        return cls(key, blake2b(key, person=b"mesms-key-name", digest_size=8).hexdigest(), from_lineage=False)

    @classmethod
    def of_lineage(cls, lineage: str) -> HashKey:
        """The key used when ``MESMS_HASH_KEY`` is not set."""
        key = blake2b(lineage.encode(), person=b"mesms-lineage").digest()
        name = blake2b(key, person=b"mesms-key-name", digest_size=8).hexdigest()
        return cls(key, f"lineage {name}", from_lineage=True)

    def __repr__(self) -> str:
        return f"HashKey({self.identity})"
