"""Lists behind https: brought whole from the host that the manifest names, or not at all.

Over plain http only from this machine. Names and passwords come from the netrc file (``NETRC``, else ``~/.netrc``), as
for curl; proxies and certificates from the usual variables. An answer must say where it ends: one that just stops might
have been cut off, and half an opt-out list texts people who refused.
"""

from __future__ import annotations

import gzip
import os
import socket
import threading
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import httpx2

from mesms_gitops import __version__
from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.fetched import refuse_userinfo
from mesms_gitops.audience.sources.outside import MIB, Step
from mesms_gitops.audience.sources.reader import Finding, Unusable
from mesms_gitops.audience.sources.spool import Spool, take, too_large, too_slow
from mesms_gitops.model.endpoints import is_loopback

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from mesms_gitops.audience.sources.outside import Outside
    from mesms_gitops.model.campaign import ListSource

_REDIRECTS: Final = 5
_STRAGGLERS: Final = 0.25
"""How long a connection that stays open is listened to for bytes that were not announced, in seconds."""
_HEADERS: Final = {"User-Agent": f"mesms-gitops/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
_NEXT_STEPS: Final = {
    401: "put a name and password for this host into the netrc file",
    403: "give this user the right to read it",
    404: "check the address",
    410: "check the address",
    429: "try again later",
}


def fetch(source: ListSource, label: str, spool: Spool, outside: Outside) -> None:
    """Put the list into ``spool``. Raises Unusable."""
    _Visit(source, label, spool, outside).fetch()


class _Visit:
    """One list, one host, one deadline."""

    def __init__(self, source: ListSource, label: str, spool: Spool, outside: Outside) -> None:
        self._location = source.location
        self._source = source
        self._label = label
        self._key = source.kind
        self._spool = spool
        self._outside = outside
        self._limits = outside.limits
        self._until = outside.clock() + outside.limits.total

    def fetch(self) -> None:
        self._check_address()
        with self._foreign_errors_named(), self._client() as client, _Deadline(self._limits.total) as deadline:
            location = self._location
            for _ in range(_REDIRECTS + 1):
                extensions = {"trace": deadline.watch}
                with client.stream("GET", location, auth=self._auth(), extensions=extensions) as response:
                    if not response.is_redirect:
                        self._receive(response)
                        return
                    location = self._next_address(location, response)
        raise Unusable(self._finding(codes.BAD_ADDRESS, "leads round in circles", next_step="check the address"))

    def _check_address(self) -> None:
        refuse_userinfo(self._source, self._label)
        parts = urlsplit(self._location)
        if not parts.hostname or (parts.scheme != "https" and not is_loopback(parts.hostname)):
            why = "phone numbers travel encrypted, or stay on this machine"
            raise Unusable(self._finding(codes.BAD_ADDRESS, "has no https address", why, "write https://…"))

    def _client(self) -> httpx2.Client:
        host = urlsplit(self._location).hostname or ""
        return httpx2.Client(
            headers=_HEADERS,
            timeout=httpx2.Timeout(self._limits.silence, connect=self._limits.connect),
            verify=self._trusted(),
            trust_env=not is_loopback(host),
        )

    def _trusted(self) -> ssl.SSLContext:
        try:
            return httpx2.create_ssl_context()
        except OSError as error:
            finding = self._finding(
                codes.NO_SETTING, "cannot be asked for", "SSL_CERT_FILE or SSL_CERT_DIR names no certificates"
            )
            raise Unusable(finding) from error

    def _auth(self) -> httpx2.Auth:
        import netrc

        named = self._outside.environment.get("NETRC")
        path = Path(named) if named else Path("~/.netrc").expanduser()
        try:
            return httpx2.NetRCAuth(str(path) if named or path.exists() else os.devnull)
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            why = f"{'NETRC names a file that' if named else '~/.netrc'} cannot be read as a netrc file"
            finding = self._finding(codes.NO_SETTING, "cannot be asked for", why, "mend it")
        raise Unusable(finding)

    def _next_address(self, location: str, response: httpx2.Response) -> str:
        """Where ``response`` sends on to, on the same host."""
        here = urlsplit(location)
        try:
            then = urljoin(location, response.headers.get("location", ""))
            there = urlsplit(then)
            is_same = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
            host = there.hostname or "nowhere"
            is_same = is_same and "@" not in there.netloc
            told = f"{there.scheme}://{host}" if host == here.hostname else host
        except ValueError:
            is_same, told = False, "nowhere"
        if is_same:
            return then
        why = "what comes from there is not from whom the manifest names"
        raise Unusable(
            self._finding(codes.BAD_ADDRESS, f"redirects to {told}", why, "if that is right, write its address")
        )

    def _receive(self, response: httpx2.Response) -> None:
        self._check_answer(response)
        told = response.headers.get("content-length")
        total = int(told) if told and told.isdigit() else None
        if total is not None and total > self._limits.size:
            raise Unusable(too_large(self._label, self._key, self._limits))
        for piece in response.iter_raw(MIB):
            self._take(self._spool, piece)
            self._outside.progress(Step(self._label, self._spool.size, total, "bytes"))
        if _goes_on(response):
            finding = self._finding(
                codes.NOT_RECEIVED,
                "is longer than its server says",
                f"the server announced {total:,} bytes and sent more" if total is not None else None,
                "the server counts characters instead of bytes, perhaps; download the list and name the file",
            )
            raise Unusable(finding)
        if response.headers.get("content-encoding", "identity").lower() in {"gzip", "x-gzip"}:
            self._unpack()

    def _check_answer(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status != httpx2.codes.OK:
            advice = _NEXT_STEPS.get(status, "try again later" if status >= 500 else "check the address")
            raise Unusable(self._finding(codes.NOT_REACHED, f"is not given out: HTTP {status}", None, advice))
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding not in {"identity", "gzip", "x-gzip"}:
            finding = self._finding(
                codes.NOT_RECEIVED,
                "is packed in a way that was not asked for",
                "the server did not heed “Accept-Encoding: identity”",
                "serve it as it is, or as a .gz or .zst file",
            )
            raise Unusable(finding)
        if response.headers.get("content-type", "").lower().startswith("text/html"):
            why = "perhaps one to log in"
            raise Unusable(self._finding(codes.BROKEN, "is a web page", why, "give the address of the list itself"))
        if "content-length" not in response.headers and response.headers.get("transfer-encoding", "") != "chunked":
            why = "its server does not say how long it is, so nobody can tell whether this is all of it"
            advice = "have it sent with Content-Length or chunked, or download it and name the file"
            raise Unusable(self._finding(codes.NOT_RECEIVED, "has no end that can be seen", why, advice))

    def _take(self, spool: Spool, piece: bytes) -> None:
        take(spool, piece, self._label, self._key, self._limits)
        if self._outside.clock() > self._until:
            raise Unusable(too_slow(self._label, self._key, self._limits))

    def _unpack(self) -> None:
        """Replace what came by what it was before the server packed it for the way."""
        plain = Spool()
        try:
            with gzip.open(self._spool.path, "rb") as packed:
                while piece := packed.read(MIB):
                    self._take(plain, piece)
        except (OSError, EOFError, zlib.error) as error:
            finding = self._finding(codes.NOT_RECEIVED, "broke off", "it came packed, and cannot be unpacked")
            raise Unusable(finding) from error
        finally:
            self._spool.become(plain)

    @contextmanager
    def _foreign_errors_named(self) -> Iterator[None]:
        try:
            yield
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, UnicodeError) as error:
            raise Unusable(self._named(error)) from error

    def _named(self, error: Exception) -> Finding:
        """What happened, in words that hold nothing of the address."""
        if self._outside.clock() > self._until:
            return too_slow(self._label, self._key, self._limits)
        if isinstance(error, httpx2.ConnectTimeout):
            why = f"no connection within {self._limits.connect:g} s"
            return self._finding(codes.NOT_REACHED, "cannot be reached", why, "check the address and the network")
        if isinstance(error, httpx2.TimeoutException):
            why = f"nothing came for {self._limits.silence:g} s"
            return self._finding(codes.NOT_RECEIVED, "stopped on the way", why, "try again")
        if isinstance(error, httpx2.ConnectError):
            root = _root(error)
            why = getattr(root, "verify_message", None) or getattr(root, "strerror", None) or type(root).__name__
            return self._finding(codes.NOT_REACHED, "cannot be reached", why, "check the address and the network")
        if isinstance(error, httpx2.RemoteProtocolError | httpx2.NetworkError):
            why = "the connection ended before the list did, or the server does not speak HTTP"
            return self._finding(codes.NOT_RECEIVED, "broke off", why, "try again")
        return self._finding(codes.BAD_ADDRESS, "cannot be asked for", type(error).__name__, "check the address")

    def _finding(self, code: str, what: str, why: str | None = None, next_step: str | None = None) -> Finding:
        return Finding(code, f"{self._label} {what}", key=self._key, why=why, next_step=next_step)


class _Deadline:
    """Hangs up when time is up, also on a server that sends a header forever, each byte in time."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True
        self._socket: socket.socket | None = None

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()
        self._timer.join()
        if self._socket:
            self._socket.close()

    def watch(self, event: str, told: dict[str, Any]) -> None:
        """Remember the connection, from the events that httpx2 tells of under “trace”."""
        if event == "connection.connect_tcp.complete":
            if self._socket:
                self._socket.close()
            ours: socket.socket = told["return_value"].get_extra_info("socket")
            self._socket = socket.socket(fileno=os.dup(ours.fileno()))

    def _hang_up(self) -> None:
        if self._socket:
            self._socket.shutdown(socket.SHUT_RDWR)


def _goes_on(response: httpx2.Response) -> bool:
    """Whether there are bytes behind the last one that was announced.

    They are in the parser's buffer, which has no public name, or still on their way; where the server has the
    connection closed, only the former can be seen, which is where they are unless they come as a late packet.
    ``tests/audience/test_web.py`` notices if either is looked for in vain.
    """
    inner: Any = response.stream
    for name in ("_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state"):
        inner = getattr(inner, name, None)
    if inner is not None and inner.trailing_data[0]:
        return True
    stream = response.extensions["network_stream"]
    try:
        return bool(stream.read(1, timeout=_STRAGGLERS))
    except (OSError, ValueError, httpx2.HTTPError):
        return False
    except Exception as error:  # httpcore2's own, which this room does not import
        if type(error).__module__.startswith("httpcore2"):
            return False
        raise


def _root(error: BaseException) -> BaseException:
    """The first thing that went wrong."""
    seen = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        seen.append(one)
        one = one.__cause__ or one.__context__
    return next((one for one in reversed(seen) if isinstance(one, OSError)), seen[-1])
