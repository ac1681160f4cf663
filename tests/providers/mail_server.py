"""A mail server of a few lines, which keeps what a program signs in with."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class MailServer:
    """Listens on `port`; `signed_in` has the words behind AUTH, mechanism and first message."""

    port: int
    signed_in: list[str] = field(default_factory=list)


@contextlib.contextmanager
def mail_server(*mechanisms: str) -> Iterator[MailServer]:
    """Offer `mechanisms` and take every sign-in and every mail (RFC 5321, RFC 4954), one connection after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = MailServer(listener.getsockname()[1])
        thread = threading.Thread(target=_listen, args=(listener, server, mechanisms), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _listen(listener: socket.socket, server: MailServer, mechanisms: tuple[str, ...]) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with contextlib.suppress(OSError), connection:
                connection.settimeout(20)
                _talk(connection, server, mechanisms)


def _talk(connection: socket.socket, server: MailServer, mechanisms: tuple[str, ...]) -> None:
    lines = connection.makefile("rb")
    connection.sendall(b"220 here\r\n")
    in_mail = False
    with lines:
        for raw in lines:
            line = raw.decode().rstrip("\r\n")
            word = line.partition(" ")[0].upper()
            if in_mail:
                in_mail = line != "."
                if not in_mail:
                    connection.sendall(b"250 taken\r\n")
            elif word == "EHLO":
                connection.sendall(f"250-here\r\n250 AUTH {' '.join(mechanisms)}\r\n".encode())
            elif word == "AUTH":
                server.signed_in.append(line[5:])
                connection.sendall(b"235 welcome\r\n")
            elif word == "DATA":
                in_mail = True
                connection.sendall(b"354 go on\r\n")
            elif word == "QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 good\r\n")
