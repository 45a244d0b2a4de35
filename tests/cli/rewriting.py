"""A server before the sandbox that passes everything on and answers as a real account might, where a rule says so."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Rule = "Callable[[str, int, Any], tuple[int, Any]]"
"""Path after ``/api/v2`` without its query, HTTP status and JSON body of a GET -> the status and body to answer."""


class Rewriting:
    """``rule`` may be changed at any time; ``asked`` are the methods and paths so far."""

    def __init__(self) -> None:
        self.rule: Callable[[str, int, Any], tuple[int, Any]] = lambda _path, status, body: (status, body)
        self.asked: list[str] = []
        self.base_url = ""

    def of(self, uuid: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Have the message ``uuid`` look otherwise, in the listing and alone."""

        def rule(path: str, status: int, body: Any) -> tuple[int, Any]:
            if path == "/sms":
                return status, {**body, "data": [change(one) if one["uuid"] == uuid else one for one in body["data"]]}
            return status, change(body) if path == f"/sms/{uuid}" else body

        self.rule = rule


@contextmanager
def rewriting(target: str) -> Iterator[Rewriting]:
    """A `Rewriting` before the account at the base address ``target``."""
    there = urlsplit(target)
    served = Rewriting()

    class Between(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on(None)

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers.get("content-length", 0))))

        def _pass_on(self, sent: bytes | None) -> None:
            path = urlsplit(self.path).path.removeprefix(there.path)
            served.asked.append(f"{self.command} {path}")
            headers = {name: self.headers[name] for name in ("x-api-key", "content-type") if name in self.headers}
            line = HTTPConnection(there.hostname or "", there.port)
            line.request(self.command, self.path, sent, headers)
            answer = line.getresponse()
            status, body, date = answer.status, json.loads(answer.read()), answer.headers["date"]
            line.close()
            if self.command == "GET":
                status, body = served.rule(path, status, body)
            raw = json.dumps(body).encode()
            self.send_response_only(status)
            self.send_header("date", date)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    served.base_url = f"http://127.0.0.1:{server.server_address[1]}{there.path}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
