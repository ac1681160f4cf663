"""What is done to the callback port with connections, forms and TLS; the table goes on from `attacks`."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from functools import cache

from attacks import CLOSED, FORM, GET, HOST, Done, Scene, Sent, head
from callback_client import exchange, take_apart


async def second_request(scene: Scene) -> None:
    one = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: keep-alive\r\n\r\n"
    answer = await exchange(scene.port, scene.filled(one + GET + HOST + b"\r\n"))
    assert answer.count(b"HTTP/1.1 ") == 1


async def random_bytes(scene: Scene) -> None:
    chance = random.Random(30)
    for _ in range(100):
        # A TLS hello that never ends is another row.
        data = bytes([chance.choice(b"\x00\x15\x17GPx\xff")]) + chance.randbytes(200)
        answer = await exchange(scene.port, data + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")


async def resets(scene: Scene) -> None:
    stages = (
        b"",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x00",
        GET,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    )
    for data in stages * 10:
        sock = socket.create_connection(("127.0.0.1", scene.port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.sendall(data)
        sock.close()
        await asyncio.sleep(0)


async def churn(scene: Scene) -> None:
    for number in range(500):
        socket.create_connection(("127.0.0.1", scene.port)).close()
        if number % 50 == 0:
            await asyncio.sleep(0)


async def half_closed(scene: Scene) -> None:
    for data in (b"", b"GET /call", GET + HOST):
        with socket.create_connection(("127.0.0.1", scene.port)) as sock:
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_sendall(sock, scene.filled(data))
            sock.shutdown(socket.SHUT_WR)
            assert await asyncio.get_running_loop().sock_recv(sock, 100) == b""


async def urgent(scene: Scene) -> None:
    scene.hang(1)
    scene.hanging[0].send(b"x", socket.MSG_OOB)
    await asyncio.sleep(0)


async def slow_readers(scene: Scene) -> None:
    for _ in range(100):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        sock.connect(("127.0.0.1", scene.port))
        sock.sendall(scene.filled(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"))
        scene.hanging.append(sock)
        await asyncio.sleep(0)


async def slow_loris(scene: Scene) -> None:
    """Header after header, a byte at a time, from 100 connections at once."""
    scene.hang(100, b"GET / HTTP/1.1\r\n" + HOST)
    for byte in b"X-A: b\r\n" * 5:
        for sock in scene.hanging:
            with contextlib.suppress(ConnectionError):  # given up to make room
                sock.send(bytes([byte]))
        await asyncio.sleep(0)


def hung(count: int, data: bytes, address: str = "127.0.0.1") -> Callable[[Scene], Awaitable[None]]:
    async def leave_hanging(scene: Scene) -> None:
        for _ in range(count // 20):
            scene.hang(20, data, address)
            await asyncio.sleep(0)

    return leave_hanging


LIMITS = [
    head("an address of 5 MB", b"", 431, b"/callback?x=" + b"a" * 5_000_000 + b"&state={state}"),
    head("3000 headers", b"X: y\r\n" * 3000, 431),
    head("a header of 20 KB", b"X: " + b"y" * 20_000 + b"\r\n", 431),
    head("a header without end", b"X: " + b"y" * 200_000, 431),
    head("a body", b"Content-Length: 9\r\n\r\n123456789", 400),
    head("a body that never comes", b"Content-Length: 99999\r\n", 400),
    head("a body in chunks", b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 400),
    head("a negative length", b"Content-Length: -5\r\n", 400),
    head("a length of 5000 digits", b"Content-Length: " + b"9" * 5000 + b"\r\n", 400),
    head("two lengths", b"Content-Length: 1\r\nContent-Length: 2\r\n", 400),
    head("length and chunks", b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400),
    head("an unknown coding", b"Transfer-Encoding: gzip, chunked\r\n", 400),
    head("100-continue", b"Expect: 100-continue\r\n", 200, b"/"),
    head("an upgrade", b"Connection: Upgrade\r\nUpgrade: websocket\r\n", 200, b"/"),
    head("an upgrade to HTTP/2", b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", 200, b"/"),
    Sent("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    Done("a second request on the connection", second_request),
    Done("random bytes, 100 times", random_bytes),
    Done("resets at every stage", resets),
    Done("500 connections that close at once", churn),
    Done("connections closed from one side", half_closed),
    Done("urgent data", urgent),
    Done("100 slow readers", slow_readers),
    Done("slow loris", slow_loris),
    Done("200 idle connections", hung(200, b"")),
    Done("200 idle connections by IPv6", hung(200, b"", "::1")),
    Done("200 half heads", hung(200, GET + HOST)),
    Done("200 connections with one byte", hung(200, b"G")),
]


def form(name: str, more: bytes, body: bytes, status: int, path_: bytes = b"/callback") -> Sent:
    return Sent(name, b"POST " + path_ + b" HTTP/1.1\r\n" + HOST + more + b"\r\n" + body, status)


def sized(name: str, body: bytes, status: int) -> Sent:
    size = len(body.replace(b"{state}", b"s" * 43))
    return form(name, FORM + f"Content-Length: {size}\r\n".encode(), body, status)


FORMS = [
    sized("a wrong state", b"error=access_denied&state=wrong", 400),
    sized("the state twice", b"state={state}&state={state}", 400),
    sized("lines in it", b"code=evil&state={state}\r\n", 400),
    form(
        "5 MB", FORM + b"Content-Length: 5000000\r\n", b"state={state}&x=" + b"a" * 5_000_000, 400
    ),
    form("in chunks", FORM + b"Transfer-Encoding: chunked\r\n", b"5\r\nstate\r\n0\r\n\r\n", 400),
    form("without a length", FORM, b"state={state}", 400),
    form("JSON", b"Content-Type: application/json\r\nContent-Length: 2\r\n", b"{}", 400),
    form(
        "the state in the address",
        FORM + b"Content-Length: 0\r\n",
        b"",
        400,
        b"/callback?state={state}",
    ),
    form("at another path", FORM + b"Content-Length: 49\r\n", b"state={state}", 405, b"/"),
    Done(
        "200 that never come",
        hung(200, b"POST /callback HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: 9\r\n\r\n"),
    ),
]


@cache
def hello() -> bytes:
    """The first message of a TLS client."""
    context = ssl.create_default_context()
    out = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    return out.read()


SSL2_HELLO = bytes.fromhex(
    "802e0100020015000000100100800200800300800400800500800600400700c0"
) + bytes(16)
PLAIN_PORT = [
    Sent("a TLS hello where there is no certificate", hello(), CLOSED, times=20),
    Sent("a hello of SSL 2", SSL2_HELLO, 400),
    Done("200 TLS hellos where there is no certificate", hung(200, hello())),
]


async def handshakes(scene: Scene, data: bytes) -> None:
    """Send a hello and then `data` that does not belong there; whatever comes back, it is no page."""
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", scene.port)) as sock:
            sock.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, hello() + scene.filled(data))
            sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while piece := await loop.sock_recv(sock, 65536):
                    assert b"HTTP/1.1" not in piece


async def old_versions(scene: Scene) -> None:
    data = bytearray(hello())
    for version in (b"\x03\x00", b"\x03\x01", b"\x03\x02"):
        # Neither the list of versions of TLS 1.3 nor the field before it offers more than this.
        old = bytes(data).replace(b"\x03\x04", version).replace(b"\x03\x03", version)
        answer = await exchange(scene.port, old)
        assert not answer or answer[0] == 0x15, "an alert"


async def untrusting(scene: Scene) -> None:
    for _ in range(5):
        with contextlib.suppress(ssl.SSLCertVerificationError):
            await exchange(scene.port, b"", tls=ssl.create_default_context())
            raise AssertionError("trusted by everyone")


async def evil_name_inside(scene: Scene) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    data = scene.filled(GET + b"Host: evil.example\r\n\r\n")
    assert take_apart(await exchange(scene.port, data, tls=context)).status == 421


async def http2_only(scene: Scene) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    answer = await exchange(scene.port, preface, tls=context)
    assert take_apart(answer).status == 400


async def aborted_handshakes(scene: Scene) -> None:
    for cut in (1, 3, 5, 6, 50, len(hello())):
        for _ in range(5):
            sock = socket.create_connection(("127.0.0.1", scene.port))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(hello()[:cut])
            sock.close()
        await asyncio.sleep(0)


TLS = [
    Done("plain HTTP behind a hello", lambda scene: handshakes(scene, GET + HOST + b"\r\n")),
    Done("random bytes behind a hello", lambda scene: handshakes(scene, bytes(range(256)) * 8)),
    Done("two hellos", lambda scene: handshakes(scene, hello())),
    Done("versions of before TLS 1.2", old_versions),
    Sent("a record that is no handshake", b"\x16\x03\x01\x00\x05HELLO", CLOSED, times=20),
    Sent("an alert", b"\x15\x03\x03\x00\x02\x02\x28", 400),
    Done("clients that do not trust it", untrusting),
    Done("another Host inside", evil_name_inside),
    Done("HTTP/2 alone", http2_only),
    Done("handshakes cut off at every length", aborted_handshakes),
    Done("200 hellos and then nothing", hung(200, hello())),
    Done("200 parts of a hello", hung(200, hello()[:20])),
]
