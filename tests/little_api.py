"""A small API on loopback that misbehaves on request: for what the practice provider does not do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Call(NamedTuple):
    """One request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    token: str


Answers = Callable[[Call], tuple[int, dict[str, str], object]]


class LittleApi:
    """Answers with what `answers` says: status, headers, and a JSON value (or bytes as they are)."""

    def __init__(self, answers: Answers) -> None:
        self.calls: list[Call] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self._answer(json.loads(self.rfile.read(length) or b"{}"))

            def _answer(self, body: dict[str, Any]) -> None:
                parts = urlsplit(self.path)
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                call = Call(self.command, parts.path, dict(parse_qsl(parts.query)), body, token)
                outer.calls.append(call)
                status, headers, value = answers(call)
                sent = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                for name, text in {"Content-Length": str(len(sent)), **headers}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *args: object) -> None:
                """Tests print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> LittleApi:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
