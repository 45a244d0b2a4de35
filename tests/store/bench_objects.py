"""State in a bucket of a real S3-compatible server."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from .benches import Bench
from .object_servers import BUCKET, CREDENTIALS, moto

if TYPE_CHECKING:
    from pathlib import Path


class ObjectBench(Bench):
    """State under a key of its own."""

    def _bucket(self) -> Any:
        from obstore.store import S3Store

        return S3Store(BUCKET, endpoint=moto(), client_options={"allow_http": True})

    @property
    def key(self) -> str:
        return self.location.removeprefix(f"s3://{BUCKET}/")

    def body(self) -> bytes:
        return bytes(self._bucket().get(self.key).bytes())

    def spoil(self, body: bytes) -> None:
        self._bucket().put(self.key, body)

    def remove(self) -> None:
        """Lose the state."""
        self._bucket().delete(self.key)

    def names(self) -> set[str]:
        """What stands beside the state, and itself."""
        folder = self.key.rpartition("/")[0]
        listed = self._bucket().list(folder).collect()
        return {each["path"].removeprefix(f"{folder}/") for each in listed}


def object_bench(root: Path) -> ObjectBench:
    """An empty place for state in the bucket."""
    pytest.importorskip("obstore", reason="obstore is not installed")
    location = f"s3://{BUCKET}/{secrets.token_hex(4)}/state.json"
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": moto()}
    return ObjectBench(root, location, environment=environment, commits_take=0.2)
