"""A list at an address: brought here as it is, then read like the file it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import mask
from mesms_gitops.audience.sources.reader import Finding, Unusable
from mesms_gitops.audience.sources.spool import Spool
from mesms_gitops.audience.sources.text_file import NotUtf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from polars import DataFrame

    from mesms_gitops.audience.sources.outside import Outside
    from mesms_gitops.audience.sources.reader import Reader
    from mesms_gitops.model.campaign import ListSource

_DIGITS_IN_A_NAME = 8


class Fetched:
    """A list that ``fetch`` puts into a spool, all of it or none (Unusable), and ``read`` reads.

    Nothing of an address is shown but its host or bucket and the name of the file: whatever else is in it may be a
    credential.
    """

    def __init__(
        self,
        source: ListSource,
        read: Callable[[ListSource], Reader],
        fetch: Callable[[ListSource, str, Spool, Outside], None],
        outside: Outside,
    ) -> None:
        self._source = source
        self._read = read
        self._fetch = fetch
        self._outside = outside
        self._spool: Spool | None = None
        self._inner: Reader | None = None
        self.label = label_of_address(source.location)
        self.remarks: list[Finding] = []

    def batches(self) -> Iterator[DataFrame]:
        """See ``Reader``. What was brought is kept for a second reading only if `NotUtf8` asks for one."""
        try:
            yield from self._brought().batches()
        except NotUtf8:
            raise
        except BaseException:
            self._forget()
            raise
        self._forget()

    def _brought(self) -> Reader:
        if self._inner is None:
            self._spool = Spool()
            self._fetch(self._source, self.label, self._spool, self._outside)
            self._inner = self._read(replace(self._source, location=self._spool.path))
            self._inner.label = self.label
            self.remarks = self._inner.remarks
        return self._inner

    def _forget(self) -> None:
        self._inner = None
        if self._spool:
            self._spool.close()


def label_of_address(location: str) -> str:
    """Host or bucket and file name of an address."""
    try:
        parts = urlsplit(location)
        host = parts.hostname or "?"
    except ValueError:
        return "the list"
    *folders, name = [unquote(part) for part in parts.path.split("/") if part] or [""]
    if sum(map(str.isdigit, name)) > _DIGITS_IN_A_NAME:
        name = mask(name)
    return "/".join(part for part in (host, "…" if folders else "", name) if part)


def refuse_userinfo(source: ListSource, label: str) -> None:
    """Raise Unusable if the address carries a name or password."""
    try:
        is_secret = "@" in urlsplit(source.location).netloc
    except ValueError as error:
        what = f"the address of {label} is none"
        raise Unusable(Finding(codes.BAD_ADDRESS, what, source.kind, next_step="check its brackets")) from error
    if is_secret:
        raise Unusable(
            Finding(
                codes.BAD_ADDRESS,
                f"the address of {label} carries a user name or password",
                key=source.kind,
                why="a manifest is in git, and credentials must not be",
                next_step="take it out of the address and change the password; a netrc file can hold it",
            )
        )
