"""Real remotes on loopback: git over HTTP behind a token, and git over a private sshd. Each ends with its context."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "basic eC1hY2Nlc3MtdG9rZW46bm8tc2VjcmV0"
_PATIENCE = 20.0


class _Backend(BaseHTTPRequestHandler):
    """`git http-backend` as CGI (git-http-backend(1)); whoever does not bring the token is sent away."""

    root: ClassVar[Path]
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        if self.headers.get("Authorization") != TOKEN:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "ci",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        answer = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=variables, check=False)
        head, _, rest = answer.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        code = next((int(value[:3]) for name, value in headers if name == "Status"), 200)
        self.send_response(code)
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(rest)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def over_http(root: Path) -> Iterator[str]:
    """The address of the bare repositories in ``root``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Backend", (_Backend,), {"root": root}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sshd() -> str:
    """Where sshd is; without one the test is skipped, and fails in CI."""
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("there is no sshd: scripts/need-servers installs it")
        pytest.skip("there is no sshd here")
    return found


@contextmanager
def over_ssh(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    """The address of the bare repositories in ``root``, and the ``GIT_SSH_COMMAND`` that gets there."""
    program = sshd()
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, capture_output=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    port = _free_port()
    (folder / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        "StrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        "SetEnv GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1\n"
    )
    host_key = " ".join((folder / "host.pub").read_text().split()[:2])
    (folder / "known").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd keeps its unprivileged half; its service makes it elsewhere
    command = [program, "-D", "-e", "-f", str(folder / "config")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            options = f"-o UserKnownHostsFile={folder}/known -o IdentitiesOnly=yes -o IdentityAgent=none"
            yield f"ssh://{getpass.getuser()}@127.0.0.1:{port}{root}", f"ssh -F /dev/null -i {folder}/user {options}"
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            assert time.monotonic() < deadline, "sshd does not listen"
            time.sleep(0.02)
