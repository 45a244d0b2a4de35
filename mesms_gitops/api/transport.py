"""One request over HTTP, and what became of it. Beside `github` the only module that knows httpx2; its exceptions stay.

httpx2 is httpx continued by its author, with the same interface.
"""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import closing
from typing import TYPE_CHECKING, Final

import httpx2

from mesms_gitops import __version__
from mesms_gitops.api.assumptions import CONNECT_TIMEOUT, MAX_ANSWER_BYTES, NUMBERS_PER_SECOND
from mesms_gitops.api.verdicts import CHECK_ADDRESS, unclear
from mesms_gitops.api.wire import Reply
from mesms_gitops.errors import ConfigError, NotReached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.api.address import Address
    from mesms_gitops.api.secret import Secret
    from mesms_gitops.api.waiting import Clock
    from mesms_gitops.api.wire import Call
    from mesms_gitops.errors import ApiError

KEY_HEADER: Final = "x-api-key"
_HEADERS: Final = {"User-Agent": f"mesms-gitops/{__version__}", "Accept": "application/json"}
_FOREIGN: Final = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, UnicodeError)
"""All that may be raised between a request and its answer by httpx2 and below."""
_UNREACHED: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
"""Raised before the first byte of a request is written: no connection, no TLS, or no tunnel through a proxy."""


def _without_query(record: logging.LogRecord) -> bool:
    """Keep phone numbers out of httpx2's log of requests: a query may search for one."""
    if isinstance(record.args, tuple):
        record.args = tuple(one.copy_with(query=None) if isinstance(one, httpx2.URL) else one for one in record.args)
    return True


logging.getLogger("httpx2").addFilter(_without_query)


class _TooSlow(httpx2.ReadTimeout):
    """The answer trickled in, each piece in time, the whole too late."""


class _TooLong(httpx2.ReadError):
    """The answer does not end where an answer of ME-SMS would have."""


class Transport:
    """Connections to one address with one key.

    Kept connections serve reads only. A send or cancel gets a fresh one: the server may just have closed a kept one,
    and then nobody could tell whether the request was read.
    """

    def __init__(self, address: Address, key: Secret, *, timeout: float, clock: Clock) -> None:
        """``timeout`` is how long one answer may take, in seconds. Raises `ConfigError` for an impossible address."""
        if not timeout > 0:
            raise ConfigError("api.timeout must be above 0", where="mesms.yaml", next_step="the default is 30s")
        self._address = address
        self._key = key
        self._timeout = timeout
        self._clock = clock
        self._tls = _tls(address)
        self._kept = self._client(httpx2.Limits(max_connections=10, max_keepalive_connections=10))
        self._fresh = self._client(httpx2.Limits(max_connections=10, max_keepalive_connections=0))

    def __repr__(self) -> str:
        return f"<Transport: {self._address.url}>"

    def close(self) -> None:
        """Close all connections."""
        self._kept.close()
        self._fresh.close()

    def exchange(self, call: Call) -> Reply:
        """Send one request, once, and read its whole answer, whatever its status.

        Raises `NotReached` if no byte of the request left, `NoAnswer` if no whole answer came.
        """
        client = self._fresh if call.effect else self._kept
        failure: ApiError
        try:
            request = self._request(client, call)
            try:
                return self._receive(client, request)
            finally:
                # an httpx2 exception holds its request; the key must not travel with it
                del request.headers[KEY_HEADER]
        except _FOREIGN as error:
            cause: Exception = error
            failure = self._failure(error, call)
        # outside the handler, so that a cause which quotes the key is not even the context of what is raised
        raise failure from (None if self._shows_key(cause) else cause)

    def _client(self, limits: httpx2.Limits) -> httpx2.Client:
        try:
            return httpx2.Client(
                verify=self._tls,
                headers=_HEADERS,
                auth=self._address.login,
                limits=limits,
                follow_redirects=False,
                trust_env=not self._address.is_loopback,  # a proxy cannot reach this machine's loopback
            )
        except (httpx2.InvalidURL, ValueError, ImportError) as error:
            raise ConfigError(
                "a proxy in the environment cannot be used",
                where="HTTPS_PROXY, ALL_PROXY",
                why=type(error).__name__,
                next_step="set it to http://host:port, or list the host of ME-SMS in NO_PROXY",
            ) from None  # its text may hold the proxy's password

    def _request(self, client: httpx2.Client, call: Call) -> httpx2.Request:
        headers = {KEY_HEADER: self._key.reveal()}
        if call.body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(call.body.length)}
        return client.build_request(
            call.method,
            self._address.url + call.path,
            params=dict(call.query) or None,
            content=call.body,
            headers=headers,
            timeout=self._timeouts(call),
        )

    def _timeouts(self, call: Call) -> httpx2.Timeout:
        people = 0 if call.body is None else call.body.people
        return httpx2.Timeout(
            connect=min(self._timeout, CONNECT_TIMEOUT),
            write=self._timeout,
            read=self._timeout + people / NUMBERS_PER_SECOND,
            pool=self._timeout,
        )

    def _receive(self, client: httpx2.Client, request: httpx2.Request) -> Reply:
        with closing(client.send(request, stream=True)) as response:
            headers = response.headers
            return Reply(
                status=response.status_code,
                body=b"".join(self._bounded(response)),
                content_type=headers.get("content-type", ""),
                retry_after=headers.get("retry-after"),
                date=headers.get("date"),
                location=headers.get("location"),
                header_names=tuple(headers.keys()),
            )

    def _bounded(self, response: httpx2.Response) -> Iterator[bytes]:
        """The body in pieces, as long as it is neither too long nor too slow as a whole."""
        until = self._clock.monotonic() + self._timeout
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise _TooLong(f"more than {MAX_ANSWER_BYTES} bytes")
            if self._clock.monotonic() > until:
                raise _TooSlow("the answer trickles")
            yield piece

    def _failure(self, error: Exception, call: Call) -> ApiError:
        where = call.at(self._address.host)
        if isinstance(error, _UNREACHED):
            return self._not_reached(error, where)
        if isinstance(error, httpx2.TimeoutException):
            return unclear(f"ME-SMS did not answer within {self._timeouts(call).read:g} s", call, where)
        return unclear("the answer of ME-SMS broke off", call, where, why=self._key.clean(str(error)) or None)

    def _not_reached(self, error: Exception, where: str) -> NotReached:
        host = self._address.host
        root = _root(error)
        told = root.strerror if isinstance(root, OSError) and root.strerror else str(root)
        why: str | None = self._key.clean(told) or type(root).__name__
        if isinstance(root, socket.gaierror):
            what, step = f"the name {host} cannot be resolved", CHECK_ADDRESS
        elif isinstance(root, ssl.SSLError):
            what = f"no trusted connection to {host}"
            step = "check this machine's clock and certificates (SSL_CERT_FILE behind a company's proxy)"
        elif isinstance(error, httpx2.ProxyError):
            what, step = f"the proxy does not let this through to {host}", "check HTTPS_PROXY and NO_PROXY"
        elif isinstance(error, httpx2.TimeoutException):
            what, why, step = f"no connection to {host} in time", None, CHECK_ADDRESS
        else:
            what, step = f"nothing answers at {host}", CHECK_ADDRESS
        return NotReached(what, where=where, why=why, next_step=f"{step}; the request was not sent")

    def _shows_key(self, error: BaseException) -> bool:
        return any(self._key.is_in(f"{one} {one!r}") for one in _chain(error))


def _tls(address: Address) -> ssl.SSLContext:
    """Trust in the system's authorities; none at all where the address is not encrypted, which saves loading them."""
    if address.is_encrypted:
        return httpx2.create_ssl_context(trust_env=not address.is_loopback)
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """``error`` and all that it came from."""
    seen: set[int] = set()
    following: list[BaseException | None] = [error]
    while following:
        one = following.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            following += [one.__cause__, one.__context__]


def _root(error: BaseException) -> BaseException:
    """The first thing that went wrong: the operating system's or TLS's own error, where there is one."""
    return next((one for one in _chain(error) if isinstance(one, OSError)), error)
