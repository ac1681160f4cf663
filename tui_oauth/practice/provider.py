"""The practice provider on a loopback port."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Protocol
from urllib.parse import urlsplit

from tui_oauth.errors import StorageFailed
from tui_oauth.practice.application import MAX_BODY, Application
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.records import FIRST_PERMISSIONS, App
from tui_oauth.practice.web import Reply, plain

DEFAULT_PORT = 8977
HOST = "127.0.0.1"
STOP_SECONDS = 5.0


class PracticeProvider:
    """An OAuth provider for trying things out: `with PracticeProvider() as provider: …`.

    `port` 0 takes any free one, known after `start`. It listens on 127.0.0.1 only.
    """

    def __init__(
        self, port: int = 0, behaviour: Behaviour | None = None, dataset: Dataset | None = None
    ) -> None:
        self.application = Application(behaviour, dataset)
        self._wanted = port
        self._server: LoopbackServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on, or before `start` the one it was given."""
        return self._wanted if self._server is None else self._server.server_port

    @property
    def url(self) -> str:
        """Where the Developer Hub is, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def register(
        self,
        name: str,
        *redirect_links: str,
        public: bool = False,
        permissions: tuple[str, ...] = FIRST_PERMISSIONS,
        auth_method: str = "",
    ) -> App:
        """An app that is ready for sign-ins, as the web forms would make it."""
        return self.application.register(
            name, *redirect_links, public=public, permissions=permissions, auth_method=auth_method
        )

    def start(self) -> None:
        """Listens from now on. StorageFailed when the port is not to be had."""
        if self._server is not None:
            return
        try:
            self._server = LoopbackServer(self._wanted, lambda _: self.application)
        except (OSError, OverflowError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "no such port"
            raise StorageFailed(
                f"The practice provider cannot listen on {HOST}:{self._wanted}: {reason}.",
                "Stop the program that uses this port, or give another one with --port.",
            ) from problem
        self.application.open()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="practice provider", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stops listening and closes every connection. What it knew stays readable."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        self._wanted = server.server_port
        self.application.close()
        server.shutdown()
        thread.join(STOP_SECONDS)
        server.server_close()
        server.end_connections()

    def __enter__(self) -> PracticeProvider:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Answers(Protocol):
    """Whoever answers the requests that `LoopbackServer` reads."""

    def handle(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Reply:
        """The reply to one request. `query` is raw, without the question mark."""


class LoopbackServer(ThreadingHTTPServer):
    """Keeps track of its connections, so that stopping does not wait for idle browsers.

    `application` is made once the port is known, and is given it.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, application: Callable[[int], Answers]) -> None:
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__((HOST, port), _Handler)
        self.application = application(self.server_port)

    def server_bind(self) -> None:
        # Not HTTPServer's: it looks the host's name up, which can take seconds without a network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)  # noqa: S101 - narrows for the type checker
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)  # noqa: S101 - narrows for the type checker
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changed:
                self._open.discard(request)
                self._changed.notify_all()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is no news; nothing is written to the terminal."""

    def end_connections(self) -> None:
        with self._changed:
            for connection in self._open:
                # The other side, or its own thread, may have closed it just now.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, STOP_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, asks the application, writes the reply."""

    protocol_version = "HTTP/1.1"
    timeout = 30.0  # seconds without a byte until a connection is given up
    disable_nagle_algorithm = True
    server: LoopbackServer

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self._read_body()
        if isinstance(body, Reply):
            self.close_connection = True
            self._write(body)
            return
        try:
            target = urlsplit(self.path)
        except ValueError:
            self._write(plain(400, "This is not an address."))
            return
        # A header that is there twice reads as one with a comma (RFC 9110 section 5.3): no single
        # value is picked out of two, of a DPoP proof for instance.
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            known = headers.get(name.lower())
            headers[name.lower()] = value if known is None else f"{known}, {value}"
        if len(self.headers.get_all("Host", [])) != 1:
            self._write(plain(400, "Exactly one Host header is needed."))
            return
        self._write(
            self.server.application.handle(
                self.command, target.path or "/", target.query, headers, body
            )
        )

    def _read_body(self) -> bytes | Reply:
        if "Transfer-Encoding" in self.headers:
            return plain(411, "Send a Content-Length.")
        lengths = self.headers.get_all("Content-Length", [])
        if not lengths:
            return b""
        if len(set(lengths)) != 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            return plain(400, "The Content-Length is not valid.")
        # Digits are counted first: a number of a million digits takes long to read.
        if len(lengths[0]) > 9 or int(lengths[0]) > MAX_BODY:
            return plain(413, "The request is too large.")
        return self.rfile.read(int(lengths[0]))

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body) + reply.missing))
        if reply.missing:
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def version_string(self) -> str:
        return "practice"

    def log_message(self, *words: object) -> None:
        """Nothing is logged: addresses here hold codes, and the terminal may hold a screen."""
