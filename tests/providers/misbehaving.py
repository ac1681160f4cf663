"""Small real servers on loopback that misbehave in one way each, and count what reaches them."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

Behaviour = Callable[["Conversation"], None]


@dataclass
class Conversation:
    """One accepted connection; `head` and `body` are filled by `read`."""

    connection: socket.socket
    stopping: threading.Event
    head: bytes = b""
    body: bytes = b""

    def read(self) -> None:
        """Take one whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.connection.recv(65_536)
            data += piece
            if not piece or data.startswith(b"\x16"):  # the end, or TLS on a plain port
                return
        self.head, _, self.body = data.partition(b"\r\n\r\n")
        length = 0
        for line in self.head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(self.body) < length:
            self.body += self.connection.recv(65_536)

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        self.connection.sendall(data)

    def reset(self) -> None:
        """Break the connection with a TCP reset instead of an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


@dataclass
class Server:
    """A listening loopback server; `requests` are the heads and bodies that arrived."""

    port: int
    scheme: str = "http"
    connections: int = 0
    requests: list[tuple[bytes, bytes]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextlib.contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Answer every connection by `behaviour`, each in a thread, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    server = Server(listener.getsockname()[1], "https" if tls else "http")
    stopping = threading.Event()
    threads: list[threading.Thread] = []

    def talk(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.settimeout(5)
            if tls:
                connection = tls.wrap_socket(connection, server_side=True)
            conversation = Conversation(connection, stopping)
            conversation.read()
            server.requests.append((conversation.head, conversation.body))
            server.arrived.set()
            behaviour(conversation)
            conversation.connection.close()

    def accept() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            server.connections += 1
            thread = threading.Thread(target=talk, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        stopping.set()
        acceptor.join(5)
        for thread in threads:
            thread.join(5)
        listener.close()


def answering(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> Behaviour:
    """An ordinary answer."""

    def behave(conversation: Conversation) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        conversation.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    return behave


def dripping(start: bytes, drop: bytes = b"x") -> Behaviour:
    """`start` at once, then one drop after the other for as long as anybody listens."""

    def behave(conversation: Conversation) -> None:
        conversation.write(start)
        while not conversation.stopping.wait(0.02):
            conversation.write(drop)

    return behave


def silence(conversation: Conversation) -> None:
    """Take the request and say nothing."""
    conversation.stopping.wait(10)


def reset(conversation: Conversation) -> None:
    """Take the request and break the connection."""
    conversation.reset()


def endless(head: bytes, block: bytes) -> Behaviour:
    """`block` again and again, as fast as it is taken."""

    def behave(conversation: Conversation) -> None:
        conversation.write(head)
        while not conversation.stopping.is_set():
            conversation.write(block)

    return behave


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate on disk and the server's side of TLS with it."""

    path: Path
    context: ssl.SSLContext


def certificate(folder: Path, host: str = "127.0.0.1", *, expired: bool = False) -> Certificate:
    """A certificate for `host` that signs itself, valid now unless `expired`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"provider at {host}")])
    try:
        general: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        general = x509.DNSName(host)
    now = datetime.datetime.now(datetime.UTC)
    end = now + datetime.timedelta(days=-1 if expired else 1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([general]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = folder / "private.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, private)
    return Certificate(path, context)
