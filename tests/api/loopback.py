"""A server on loopback that says exactly what it is told, byte by byte, and counts what it was asked."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG = 60.0


@dataclass(frozen=True)
class Heard:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """One connection, from the server's side."""

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self.sock = sock
        self.stopping = stopping

    def say(self, text: bytes) -> None:
        self.sock.sendall(text)

    def reset(self) -> None:
        """End with a TCP reset instead of an orderly close."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Answer = "Callable[[Line], bool]"
"""What to do once a request was read; True keeps the connection for another."""


def answer(status: int, body: object = None, *, keep: bool = True, **headers: str) -> Callable[[Line], bool]:
    """A whole answer; a ``body`` that is not bytes is sent as JSON. ``retry_after="1"`` is a header."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": "application/json", "content-length": str(len(raw))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())

    def play(line: Line) -> bool:
        line.say(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + raw)
        return keep

    return play


def page(status: int) -> Callable[[Line], bool]:
    """A proxy's HTML page."""
    return answer(status, b"<!doctype html><p>gateway</p>", content_type="text/html; charset=utf-8")


def raw(text: bytes) -> Callable[[Line], bool]:
    """Exactly these bytes, then an orderly close."""

    def play(line: Line) -> bool:
        line.say(text)
        return False

    return play


def close(line: Line) -> bool:
    """Close in order, without a word."""
    return False


def reset(line: Line) -> bool:
    """Break the connection, without a word."""
    line.reset()
    return False


def hang(line: Line) -> bool:
    """Say nothing until the test is over."""
    line.stopping.wait(LONG)
    return False


def trickle(line: Line) -> bool:
    """Send a good answer, a byte at a time, each in time."""
    body = b'{"uuid": "x", "balance": 1}'.rjust(200)
    line.say(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 200\r\n\r\n")
    for byte in body:
        if line.stopping.wait(0.01):
            break
        line.say(bytes([byte]))
    return False


class Loopback:
    """Plays a script, one entry a request, the last one for ever; ``heard`` is what was asked."""

    def __init__(self, *script: Callable[[Line], bool], eager: bool = False, blunt: bool = False) -> None:
        """``eager`` answers before it reads a body; ``blunt`` before it reads anything, and counts nothing."""
        self.script = list(script)
        self.heard: list[Heard] = []
        self.connections = 0
        self._eager = eager
        self._blunt = blunt
        self._stopping = threading.Event()
        self._lines: list[tuple[threading.Thread, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v2"

    @property
    def asked(self) -> list[str]:
        """``METHOD target`` of each request, in order."""
        return [f"{one.method} {one.target}" for one in self.heard]

    def stop(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for thread, sock in self._lines:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            thread.join()
            sock.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
            self._lines.append((thread, sock))
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        line = Line(sock, self._stopping)
        with contextlib.suppress(OSError), sock, sock.makefile("rb") as stream:
            if self._blunt:
                self.script[0](line)
                return
            for heard in self._requests(stream, number):
                self.heard.append(heard)
                play = self.script[min(len(self.heard), len(self.script)) - 1]
                kept = play(line)
                if self._eager:
                    while stream.read(65_536):
                        pass
                if not kept:
                    return

    def _requests(self, stream: Any, number: int) -> Iterator[Heard]:
        while start := stream.readline().split():
            headers: dict[str, str] = {}
            while text := stream.readline().strip():
                name, _, value = text.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            length = 0 if self._eager else int(headers.get("content-length", "0"))
            yield Heard(start[0].decode(), start[1].decode(), headers, stream.read(length), number)
