"""A server on loopback that answers byte by byte as it is told, with or without TLS."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    Play = Callable[["Line"], None]


class Line:
    """One connection from the server's side, with what was asked for."""

    def __init__(self, sock: socket.socket, head: bytes, stopping: threading.Event) -> None:
        self.sock = sock
        self.head = head.decode("latin-1")
        self.stopping = stopping

    @property
    def path(self) -> str:
        return self.head.split(" ", 2)[1]

    def say(self, text: bytes) -> None:
        self.sock.sendall(text)

    def wait(self, seconds: float) -> bool:
        """Do nothing for that long; false once the test is over."""
        return not self.stopping.wait(seconds)


def whole(body: bytes, status: int = 200, **headers: str) -> Play:
    """An honest answer; ``content_length="3"`` makes it another."""
    named = {"content-length": str(len(body)), "connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)

    def play(line: Line) -> None:
        line.say(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body)

    return play


class Server:
    """Plays ``play`` on every connection; ``heard`` are the heads of the requests."""

    def __init__(self, play: Play, tls: ssl.SSLContext | None = None) -> None:
        self.play = play
        self.heard: list[str] = []
        self.stopping = threading.Event()
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def url(self, path: str = "/lists/members.csv", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(sock,), daemon=True))
                self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            spoken = self._tls.wrap_socket(sock, server_side=True) if self._tls else sock
            with spoken:
                head = b""
                while b"\r\n\r\n" not in head:
                    more = spoken.recv(65536)
                    if not more:
                        return
                    head += more
                line = Line(spoken, head, self.stopping)
                self.heard.append(line.head)
                self.play(line)

    def stop(self) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(10)


@contextlib.contextmanager
def serving(play: Play, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server while it is needed."""
    server = Server(play, tls)
    try:
        yield server
    finally:
        server.stop()
