"""Objects in a bucket, each replaced in one step or not at all: the seam between our backend and obstore.

Every write is conditional. What became of a write whose answer was lost is never guessed and never left to a library's
retry, which sees its own first attempt as somebody else's (https://github.com/aws/aws-sdk-java-v2/issues/6580): the
object is read back, and the token that every write carries says whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.errors import StateError
from mesms_gitops.store.object_access import Patience, bucket_of
from mesms_gitops.store.object_errors import Fault, fault_of, is_foreign

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from obstore.store import ObjectStore as Bucket

    from mesms_gitops.store.host import Host
    from mesms_gitops.store.object_access import Address

_TOKEN: Final = "commit"
"""The name of the user-defined metadata that carries a write's token."""

_WAITS: Final = (0.1, 0.3, 0.9, 2.0)
"""Seconds between attempts. A bucket of Google takes about one write a second of one object:
https://docs.cloud.google.com/storage/quotas"""


@dataclass(frozen=True, slots=True)
class Version:
    """Which writing of an object: what its store tells them apart by."""

    e_tag: str | None
    number: str | None

    def is_as(self, other: Version | None) -> bool:
        """Whether both are the same writing."""
        if other is None:
            return False
        if self.number and other.number:
            return self.number == other.number
        return self.e_tag == other.e_tag


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it stands. ``modified`` is by the store's clock, ``token`` its last write's; None: not known."""

    body: bytes
    version: Version
    modified: datetime | None = None
    token: str | None = None


class Objects:
    """The objects of one bucket. Methods raise `StateError`; ``doing`` completes its "cannot …"."""

    def __init__(
        self, address: Address, environment: Mapping[str, str], host: Host, patience: Patience | None = None
    ) -> None:
        """Nothing is imported or asked yet."""
        self._address = address
        self._environment = environment
        self._host = host
        self._patience = patience or Patience()
        self._buckets: dict[int, Bucket] = {}

    def _bucket(self, retries: int) -> Bucket:
        if retries not in self._buckets:
            self._buckets[retries] = bucket_of(self._address, self._environment, self._patience, retries=retries)
        return self._buckets[retries]

    def _fault(self, error: Exception) -> Fault:
        if not is_foreign(error):
            raise error
        return fault_of(error, self._address)

    def get(self, key: str, doing: str) -> Stored | None:
        """The object, None where none stands in a bucket that is there."""
        try:
            got = self._bucket(self._patience.retries).get(key)
            body = bytes(got.bytes())
        except Exception as error:
            fault = self._fault(error)
            if fault.is_absence:
                return None
            raise fault.raised(doing, self._where(key)) from error
        meta: Any = got.meta
        return Stored(body, self._version(meta, key), meta["last_modified"], got.attributes.get(_TOKEN))

    def exists(self, key: str, doing: str) -> bool:
        """Whether it stands."""
        try:
            self._bucket(self._patience.retries).get(key)
        except Exception as error:
            fault = self._fault(error)
            if fault.is_absence:
                return False
            raise fault.raised(doing, self._where(key)) from error
        return True

    def swap(self, key: str, body: bytes, standing: Version | None, doing: str) -> Version | None:
        """Write ``body`` if ``standing`` (None: nothing) is what stands, and give its version; None if it is not.

        Durable when it returns a version. Raises `StateError`, which says so where nobody can tell what became of it.
        """
        token = self._host.token()
        for wait in (*_WAITS, None):
            try:
                return self._put(key, body, standing, token)
            except Exception as error:
                fault = self._fault(error)
                if not fault.is_refusal and not fault.may_pass:
                    raise fault.raised(doing, self._where(key)) from error
                found = self._after(fault, key, doing)
                if found is not None and found.body == body and found.token in (token, None):
                    return found.version
                if found is not None and not found.version.is_as(standing):
                    return None
                if found is None and standing is not None:
                    return None
                if wait is None:
                    raise self._unsettled(fault, key, doing) from error
            self._host.sleep(wait)
        raise AssertionError("the last round returns or raises")

    def _put(self, key: str, body: bytes, standing: Version | None, token: str) -> Version:
        # without retries of the library: each attempt is judged here
        condition: Any = "create" if standing is None else _named(standing)
        attributes = {"Content-Type": "application/json", _TOKEN: token}
        result = self._bucket(0).put(key, body, mode=condition, attributes=attributes, use_multipart=False)
        return self._version(result, key)

    def _after(self, fault: Fault, key: str, doing: str) -> Stored | None:
        try:
            return self.get(key, doing)
        except StateError as error:
            if fault.is_certain:
                raise
            raise self._unsettled(fault, key, doing) from error

    def _unsettled(self, fault: Fault, key: str, doing: str) -> StateError:
        if fault.is_certain:
            return fault.raised(doing, self._where(key))
        return StateError(
            f"cannot {doing}: nobody can tell whether it was written",
            where=self._where(key),
            why=f"{fault.why}, and the store does not say what stands there now",
            next_step="when the store answers again, run mesms-gitops plan: what it reads there is what counts",
        )

    def keep(self, key: str, body: bytes, doing: str) -> None:
        """Write ``body`` over whatever stands there: for copies that nobody decides by."""
        try:
            attributes = {"Content-Type": "application/json"}
            self._bucket(self._patience.retries).put(key, body, attributes=attributes, use_multipart=False)
        except Exception as error:
            raise self._fault(error).raised(doing, self._where(key)) from error

    def remove(self, key: str, doing: str) -> None:
        """Remove it, whatever stands there."""
        try:
            self._bucket(self._patience.retries).delete(key)
        except Exception as error:
            fault = self._fault(error)
            if not fault.is_absence:
                raise fault.raised(doing, self._where(key)) from error

    def _where(self, key: str) -> str:
        at = self._address.where.removeprefix(str(self._address))
        return f"{self._address.scheme}://{self._address.bucket}/{key}{at}"

    def _version(self, meta: Any, key: str) -> Version:
        version = Version(meta.get("e_tag"), meta.get("version"))
        if not version.e_tag and not version.number:
            raise StateError(
                "this store cannot hold a state",
                where=self._where(key),
                why="it gives an object no ETag, so nobody can say what a write is to replace",
                next_step="use another store, or another kind of state",
            )
        return version


def _named(version: Version) -> dict[str, str]:
    pairs = (("e_tag", version.e_tag), ("version", version.number))
    return {name: value for name, value in pairs if value}
