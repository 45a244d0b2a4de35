"""A proxy on loopback that passes TCP on, and cuts a connection where it is told to."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Cutter:
    """``cut`` says where the next bytes of a client end: with what they ask (``request``: it never arrives; ``late``:
    it arrives when the client has long gone on by another way) or with what is answered (``answer``: it arrives).

    Only bytes that hold ``at`` are cut. ``late`` is set to let late bytes arrive, which they do after ``patience``
    seconds at the latest; ``arrived`` then says that they were answered. ``meanwhile`` is called once the client has
    been cut off, before anything else passes.
    """

    def __init__(self, host: str, port: int) -> None:
        self.cut: str | None = None
        self.at = b""
        self.cuts = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self.late = threading.Event()
        self.patience = 10.0
        self.arrived = threading.Event()
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def refuse(self) -> None:
        """Let nobody in any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        """Put everybody out."""
        self.late.set()
        self.refuse()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._pass, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _pass(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server, suppress(OSError):
            self._open += [client, server]
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    body = ready.recv(1 << 20)
                    if not body:
                        return
                    if ready is client and self.cut is not None and self.at in body:
                        self._carry_out(self.cut, body, client, server)
                        return
                    (server if ready is client else client).sendall(body)

    def _carry_out(self, cut: str, body: bytes, client: socket.socket, server: socket.socket) -> None:
        self.cut = None
        self.cuts += 1
        if cut == "answer":
            server.sendall(body)
            server.recv(1 << 20)
        self.meanwhile()
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        if cut == "late":
            self.late.wait(self.patience)
            server.sendall(body)
            if server.recv(1 << 20):
                self.arrived.set()


@contextmanager
def cutter(host: str, port: int) -> Iterator[Cutter]:
    """One in front of a server, gone afterwards."""
    with ExitStack() as stack:
        made = Cutter(host, port)
        stack.callback(made.close)
        yield made
