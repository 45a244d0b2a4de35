"""Object stores on loopback: moto, which keeps to conditions; a small one that need not; a line that breaks."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.client
import os
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET = "mesms-state"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "key-in-tests",
    "AWS_SECRET_ACCESS_KEY": "sesame-in-tests",
    "AWS_REGION": "us-east-1",
}


@functools.cache
def moto() -> str:
    """The endpoint of a real S3-compatible server that lives as long as this process, with `BUCKET` in it."""
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    werkzeug = pytest.importorskip("werkzeug.serving")
    app, one_at_a_time = server.DomainDispatcherApplication(server.create_backend_app), threading.Lock()

    def atomic(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        # moto looks and writes in two steps, in threads; a real store does both in one
        with one_at_a_time:
            return [b"".join(app(environ, start))]

    class Quiet(werkzeug.WSGIRequestHandler):  # type: ignore[misc, name-defined]
        protocol_version = "HTTP/1.1"

        def log_request(self, *_: object) -> None:
            pass

    running = werkzeug.make_server("127.0.0.1", 0, atomic, threaded=True, request_handler=Quiet)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{running.server_port}"
    _make_bucket(endpoint)
    return endpoint


def _make_bucket(endpoint: str) -> None:
    line = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    # moto takes the service and the account from the signature, and checks nothing of it
    signed = (
        "AWS4-HMAC-SHA256 Credential=key-in-tests/20270410/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    )
    line.request("PUT", f"/{BUCKET}", headers={"Authorization": signed})
    answer = line.getresponse()
    assert answer.status == 200, answer.read()
    line.close()


S3RVER = Path(__file__).parents[1] / "node/node_modules/s3rver/bin/s3rver.js"


@contextlib.contextmanager
def s3rver(folder: Path) -> Iterator[str]:
    """The endpoint of a real store that takes conditions and ignores them, with `BUCKET` in it."""
    node = shutil.which("node")
    if node is None or not S3RVER.is_file():
        message = "s3rver is not installed: npm ci in tests/node"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [node, str(S3RVER), "-d", str(folder), "-a", "127.0.0.1", "-p", str(port), "--silent"]
    command += ["--configure-bucket", BUCKET]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + 30
            while not _answers(port):
                assert server.poll() is None, "s3rver ended"
                assert time.monotonic() < until, "s3rver does not come up"
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


# ── a small store of our own ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class SmallStore:
    """Objects in memory behind the dialects of S3, Google and Azure, as far as a state needs them.

    ``keeps``: the conditions it keeps to; it takes the others and ignores them, as some stores do. ``refusal`` answers
    every request, if set: a status and the code in its body.
    """

    keeps: frozenset[str] = frozenset({"create", "update"})
    keeps_metadata: bool = True
    refusal: tuple[int, str] | None = None
    objects: dict[str, tuple[bytes, str, dict[str, str]]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    endpoint: str = ""
    written: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_refused(self, path: str, headers: Any) -> bool:
        """Whether a condition that is kept does not hold."""
        standing = self.objects.get(path)
        number = headers.get("x-goog-if-generation-match")
        if headers.get("If-None-Match") == "*" or number == "0":
            return "create" in self.keeps and standing is not None
        if number is not None:
            return "update" in self.keeps and (standing is None or standing[1] != number)
        tag = headers.get("If-Match")
        return tag is not None and "update" in self.keeps and (standing is None or _tag(standing) != tag)


def _tag(standing: tuple[bytes, str, dict[str, str]]) -> str:
    return f'"{hashlib.sha256(standing[0]).hexdigest()[:32]}-{standing[1]}"'


@contextlib.contextmanager
def small_store(**settings: Any) -> Iterator[SmallStore]:
    """A `SmallStore` at its ``endpoint``."""
    store = SmallStore(**settings)

    class Speaks(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def refuse(self, status: int, code: str) -> None:
            self.answer(status, f"<Error><Code>{code}</Code></Error>".encode())

        def turn(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = unquote(urlsplit(self.path).path)
            with store.lock:
                store.heard.append(f"{self.command} {path.rpartition('/')[2]}")
                store.signed.append(self.headers.get("authorization") or "")
                if store.refusal:
                    self.refuse(*store.refusal)
                elif self.command == "GET":
                    self.give(path)
                elif self.command == "DELETE":
                    store.objects.pop(path, None)
                    self.answer(202 if "x-ms-version" in self.headers else 204)
                else:
                    self.take(path, body)

        do_GET = do_PUT = do_DELETE = turn  # noqa: N815 - http.server calls them so

        def give(self, path: str) -> None:
            standing = store.objects.get(path)
            if standing is None:
                self.refuse(404, "BlobNotFound" if "x-ms-version" in self.headers else "NoSuchKey")
                return
            kept = standing[2] if store.keeps_metadata else {}
            modified = "Sat, 10 Apr 2027 05:00:00 GMT"
            marks = {"etag": _tag(standing), "x-goog-generation": standing[1], "last-modified": modified}
            self.answer(200, standing[0], **marks, **kept)

        def take(self, path: str, body: bytes) -> None:
            if store.is_refused(path, self.headers):
                self.refuse(412, "PreconditionFailed" if "x-ms-version" not in self.headers else "ConditionNotMet")
                return
            store.written += 1
            kept = {name.lower(): value for name, value in self.headers.items() if "-meta-" in name.lower()}
            store.objects[path] = (body, str(store.written), kept)
            standing = store.objects[path]
            created = 201 if "x-ms-version" in self.headers else 200
            self.answer(created, etag=_tag(standing), **{"x-goog-generation": standing[1]})

    with _serving(Speaks) as endpoint:
        store.endpoint = endpoint
        yield store


@contextlib.contextmanager
def _serving(speaks: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), speaks)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


# ── a line that breaks ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Line:
    """What happens on the way: ``fates`` of the coming puts on names that end like ``name``, first one first.

    ``lost``: it never arrives, and ``meanwhile`` happens. ``deaf``: it is carried out and the answer is lost. ``cut``:
    like that, and the line is down from then on. ``late``: it arrives when `deliver` is called. ``slow``: it is carried
    out at once and answered after the client's patience. ``doubled``: something on the way sends it twice and passes on
    the second answer. ``conflict``: the store answers 409 and does nothing, as S3 may when two write. Others pass.
    """

    endpoint: str = ""
    name: str = ".json"
    fates: list[str] = field(default_factory=list)
    waiting: list[Callable[[], int]] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    is_down: bool = False
    puts: int = 0

    def deliver(self) -> list[int]:
        """Let what was held up arrive now; the statuses it is answered with."""
        return [arrive() for arrive in self.waiting]


@contextlib.contextmanager
def broken_line(target: str, **settings: Any) -> Iterator[Line]:
    """A proxy before ``target``."""
    line = Line(**settings)
    netloc = urlsplit(target).netloc

    class Passes(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def arrive(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            onward = http.client.HTTPConnection(netloc)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            onward.request(self.command, self.path, body, headers)
            answer = onward.getresponse()
            found = answer.status, answer.getheaders(), answer.read()
            onward.close()
            return found

        def turn(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            fate = "pass"
            if self.command == "PUT" and urlsplit(self.path).path.endswith(line.name):
                line.puts += 1
                fate = line.fates.pop(0) if line.fates else "pass"
            if line.is_down or fate in ("lost", "late"):
                if fate == "late":
                    line.waiting.append(lambda: self.arrive(body)[0])
                elif fate == "lost":
                    line.meanwhile()
                self.close_connection = True
                return
            if fate == "conflict":
                self.pass_on(409, [], b"<Error><Code>ConditionalRequestConflict</Code></Error>")
                return
            status, headers, answer = self.arrive(body)
            if fate == "doubled":
                status, headers, answer = self.arrive(body)
            line.is_down = line.is_down or fate == "cut"
            if fate in ("deaf", "cut"):
                self.close_connection = True
                return
            if fate == "slow":
                time.sleep(2.5)
            with contextlib.suppress(OSError):
                self.pass_on(status, headers, answer)

        do_GET = do_PUT = do_DELETE = turn  # noqa: N815 - http.server calls them so

        def pass_on(self, status: int, headers: list[tuple[str, str]], answer: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    with _serving(Passes) as endpoint:
        line.endpoint = endpoint
        yield line
