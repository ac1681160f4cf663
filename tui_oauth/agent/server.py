"""The agent's socket: connections, who they are of, and their requests.

Each connection has a thread of its own for its short life; there are few, and a refresh may take
its time. Whoever is not this user is turned away before anything is read.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tui_oauth.agent import protocol
from tui_oauth.agent.client import with_address
from tui_oauth.agent.peers import peer_of
from tui_oauth.agent.places import SOCKET
from tui_oauth.agent.protocol import Request
from tui_oauth.errors import StorageFailed, TuiOauthError, UsageProblem

MOST_CONNECTIONS = 512
REQUEST_SECONDS = 10.0
"""How long somebody may take for a request, and for taking the answer."""
BACKLOG = 512


class Peer(Protocol):
    """What a request is told of whoever sent it, and how to send a line before the answer."""

    uid: int
    pid: int

    def send(self, line: bytes) -> None: ...


Answer = Callable[[Request, Peer], str]


class Connection:
    """One accepted connection."""

    def __init__(self, connection: socket.socket, uid: int, pid: int) -> None:
        self._connection = connection
        self.uid = uid
        self.pid = pid
        self._data = b""

    def send(self, line: bytes) -> None:
        """Send bytes at once; whoever has gone does not need them."""
        with contextlib.suppress(OSError):
            self._connection.sendall(line)

    def receive(self) -> bytes:
        """More bytes; empty at the end, and when they take too long."""
        try:
            return self._connection.recv(65_536)
        except OSError:
            return b""

    def line(self) -> bytes | None:
        """The next line without its break; None at the end. UsageProblem if it is too long."""
        while b"\n" not in self._data:
            if len(self._data) > protocol.MAX_LINE_BYTES:
                raise UsageProblem("The request is too long.")
            piece = self.receive()
            if not piece:
                return None
            self._data += piece
        line, _, self._data = self._data.partition(b"\n")
        if len(line) > protocol.MAX_LINE_BYTES:
            raise UsageProblem("The request is too long.")
        return line

    def rest(self) -> bytes:
        """What came after the last line."""
        return self._data


class Server:
    """Listens at `agent.sock` in `folder`. `answer` gives what stands behind `ok`, or raises."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        self.path = folder / SOCKET
        self._answer = answer
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()  # the caller holds the agent's lock: it is of one that was killed
            before = os.umask(0o177)
            try:
                with_address(str(folder), self.listener.bind)
            finally:
                os.umask(before)
            self.listener.listen(BACKLOG)
            self.listener.setblocking(False)
        except OSError as error:
            self.listener.close()
            raise StorageFailed(
                f"The socket {self.path} cannot be made: {error.strerror}.",
                "Check XDG_RUNTIME_DIR.",
            ) from error

    def accept(self) -> None:
        """Take every connection that waits; never blocks."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if not self._room.acquire(blocking=False):
                connection.close()  # commands then ask the vault themselves
                continue
            thread = threading.Thread(
                target=self._serve, args=(connection,), name="tui-oauth-agent", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # no more threads to be had
                self._room.release()
                connection.close()

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self.listener.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.closing(connection):
            try:
                connection.settimeout(REQUEST_SECONDS)
                uid, pid = peer_of(connection)
                if uid == os.geteuid():
                    self._talk(Connection(connection, uid, pid))
            except OSError:
                pass  # it has gone
            finally:
                self._room.release()

    def _talk(self, peer: Connection) -> None:
        while True:
            try:
                line = peer.line()
            except UsageProblem as error:
                peer.send(protocol.error(error))
                return
            if line is None:
                return
            if line.rstrip(b"\r").endswith((b" HTTP/1.1", b" HTTP/1.0")):
                from tui_oauth.agent.http import talk  # for those that speak it

                talk(line, peer, self._answer)
                return
            try:
                answer = protocol.ok(self._answer(protocol.parse(line), peer))
            except TuiOauthError as error:
                answer = protocol.error(error)
            peer.send(answer)
