"""A small client of the Language Server Protocol: enough to ask an editor's YAML server what an author would see."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60.0
"""Seconds one answer may take: a cold start of node on a busy machine, and far more than the rest ever needs."""
SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
"""As an editor has it out of the box, but without the network: only the schemas that files name themselves."""


@dataclass(frozen=True)
class Underlined:
    """One diagnostic as an editor shows it; lines and columns count from 1, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column} {self.message}"


class LanguageServer:
    """One running server; every text is opened under the path it would have on disk."""

    def __init__(self, program: Path, root: Path) -> None:
        node = shutil.which("node")
        assert node is not None
        self._process = subprocess.Popen(
            [node, str(program), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._last = 0
        self._versions: dict[str, int] = {}
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._start(root)

    def _start(self, root: Path) -> None:
        item = {"snippetSupport": True, "documentationFormat": ["markdown"]}
        text = {"completion": {"completionItem": item}, "hover": {"contentFormat": ["markdown"]}}
        self.ask(
            "initialize",
            processId=None,
            rootUri=root.as_uri(),
            capabilities={"textDocument": text, "workspace": {"configuration": True}},
        )
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings=SETTINGS)

    def stop(self) -> None:
        """End the server, politely first."""
        try:
            self.ask("shutdown")
            self._tell("exit")
            self._process.wait(10)
        finally:
            self._process.kill()
            self._process.wait()
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.stdout.close()

    # ---------------------------------------------------------------- the wire

    def _listen(self) -> None:
        assert self._process.stdout is not None
        while header := self._process.stdout.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = self._process.stdout.readline()
            self._sort(json.loads(self._process.stdout.read(length)))

    def _sort(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._answers.put(message)
        elif "id" in message:  # a question of the server's
            wanted = message.get("params", {}).get("items", [])
            result = [SETTINGS.get(one.get("section")) for one in wanted] if wanted else None
            self._write({"id": message["id"], "result": result})
        elif message["method"] == "textDocument/publishDiagnostics":
            self._told.put(message["params"])

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _tell(self, method: str, **params: Any) -> None:
        self._write({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        """The answer to one request."""
        self._last += 1
        self._write({"id": self._last, "method": method, "params": params})
        while (answer := self._answers.get(timeout=PATIENCE)).get("id") != self._last:
            pass
        assert "error" not in answer, answer["error"]
        return answer["result"]

    # ---------------------------------------------------------------- what an author sees

    def open(self, path: Path, text: str) -> None:
        """Have ``text`` in an editor's window as the file ``path``, which need not exist."""
        uri = path.as_uri()
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        if version == 1:
            document = {"uri": uri, "languageId": "yaml", "version": version, "text": text}
            self._tell("textDocument/didOpen", textDocument=document)
        else:
            self._tell(
                "textDocument/didChange",
                textDocument={"uri": uri, "version": version},
                contentChanges=[{"text": text}],
            )

    def underlined(self, path: Path, text: str) -> list[Underlined]:
        """What is underlined in ``text``, in its order."""
        while not self._told.empty():
            self._told.get()
        self.open(path, text)
        uri = path.as_uri()
        while (told := self._told.get(timeout=PATIENCE))["uri"] != uri:
            pass
        return sorted((_underlined(one) for one in told["diagnostics"]), key=lambda one: (one.line, one.column))

    def offered(self, path: Path, text: str) -> dict[str, dict[str, Any]]:
        """Completions at the ``|`` in ``text``, by label."""
        place = self._place(path, text)
        found = self.ask("textDocument/completion", **place)
        items = found["items"] if isinstance(found, dict) else found
        return {item["label"]: item for item in items or []}

    def hovered(self, path: Path, text: str) -> str:
        """The text shown over the place of the ``|`` in ``text``."""
        found = self.ask("textDocument/hover", **self._place(path, text))
        return str(found["contents"]["value"]) if found else ""

    def _place(self, path: Path, text: str) -> dict[str, Any]:
        before, mark, after = text.partition("|")
        assert mark, "the text has no | in it"
        self.open(path, before + after)
        line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
        return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": column}}


def _underlined(one: dict[str, Any]) -> Underlined:
    start, end = one["range"]["start"], one["range"]["end"]
    return Underlined(start["line"] + 1, start["character"] + 1, end["line"] + 1, end["character"] + 1, one["message"])
