"""A token endpoint in a process of its own that renews whatever it is asked for, for the benchmarks."""

from __future__ import annotations

import contextlib
import http.server
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Answers every POST with new tokens that live for an hour."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        answer = {
            "access_token": secrets.token_urlsafe(40),
            "refresh_token": secrets.token_urlsafe(40),
            "token_type": "Bearer",
            "expires_in": 3600,
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing is written down."""


@contextlib.contextmanager
def renewing() -> Iterator[int]:
    """The port of such an endpoint, while the block runs."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
