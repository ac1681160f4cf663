"""One connection to the callback port: find out its scheme, read one request, answer, close.

Every step has a deadline, and nothing a stranger sends or withholds raises further than here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tui_oauth.callback.page import Page, Response, render, to_bytes
from tui_oauth.callback.protocol import Received, Refused, RequestReader

if TYPE_CHECKING:
    import ssl

HEAD_SECONDS = 5.0
_WRITE_SECONDS = 5.0
_LINGER_SECONDS = 1.0
_LINGER_BYTES = 16_777_216
_TLS_HANDSHAKE = 0x16  # ContentType handshake, RFC 8446 section 5.1

Answer = Callable[[Received, "Connection"], Awaitable[Response]]


class Connection:
    """A connection that was accepted on the callback port.

    `holds_sign_in` is set while a sign-in is being finished for it: such a connection is not
    given up to make room for others. `written` is set once the answer has left, or cannot.
    """

    def __init__(
        self,
        sock: socket.socket,
        tls: Callable[[], Awaitable[ssl.SSLContext | None]],
        answer: Answer,
    ) -> None:
        self.holds_sign_in = False
        self.written = asyncio.Event()
        self._sock = sock
        self._tls = tls
        self._answer = answer
        self._reading = RequestReader()
        self._reader = asyncio.StreamReader(loop=asyncio.get_running_loop())
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Serve the connection to its end."""
        try:
            writer = await self._open()
            if writer is not None:
                await self._serve(writer)
        except OSError:
            # Reset, closed early, slow (TimeoutError) or a failed handshake (SSLError): whoever
            # it was is gone, and there is nobody left to tell.
            return
        finally:
            self.abort()

    def abort(self) -> None:
        """Close at once, without waiting for the other side."""
        self.written.set()
        if self._writer is not None:
            self._writer.transport.abort()
        else:
            self._sock.close()

    async def body(self, length: int) -> bytes:
        """The `length` bytes behind the request's head, or fewer where the other side ends first.

        Raises TimeoutError when they do not come within the time that a head has.
        """
        body = bytearray(self._reading.rest)
        async with asyncio.timeout(HEAD_SECONDS):
            while len(body) < length and (data := await self._reader.read(4096)):
                body += data
        return bytes(body[:length])

    async def _open(self) -> asyncio.StreamWriter | None:
        """Make streams of the connection, with TLS when the client began with it; None if it ended."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(HEAD_SECONDS):
            first = await self._first_byte()
        if not first:
            return None
        context = None
        if first[0] == _TLS_HANDSHAKE:
            context = await self._tls()
            if context is None:
                return None
        protocol = asyncio.StreamReaderProtocol(self._reader, loop=loop)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            self._sock,
            ssl=context,
            ssl_handshake_timeout=HEAD_SECONDS if context else None,
            ssl_shutdown_timeout=_LINGER_SECONDS if context else None,
        )
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        return self._writer

    async def _first_byte(self) -> bytes:
        """The first byte, left where it is; empty when the other side closed."""
        loop = asyncio.get_running_loop()
        while True:
            ready = loop.create_future()
            loop.add_reader(self._sock, _wake, ready)
            try:
                await ready
            finally:
                loop.remove_reader(self._sock)
            try:
                return self._sock.recv(1, socket.MSG_PEEK)
            except BlockingIOError:  # a wake-up without data: wait on
                continue

    async def _serve(self, writer: asyncio.StreamWriter) -> None:
        request = await self._read()
        if request is None:
            return
        if isinstance(request, Refused):
            response = render(request.page)
            head_only = False
        else:
            response = await self._answer(request, self)
            head_only = request.method == "HEAD"
        plain = writer.can_write_eof()
        # Nothing stays in our buffer: drain() then waits until the kernel has it all.
        writer.transport.set_write_buffer_limits(0)
        async with asyncio.timeout(_WRITE_SECONDS):
            writer.write(to_bytes(response, head_only=head_only))
            if plain:
                writer.write_eof()
            await writer.drain()
        self.holds_sign_in = False
        self.written.set()
        if plain:  # the end of TLS takes in by itself what still comes
            await _linger(self._reader)
        writer.close()
        await writer.wait_closed()

    async def _read(self) -> Received | Refused | None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                while data := await self._reader.read(4096):
                    outcome = self._reading.feed(data)
                    if outcome is not None:
                        return outcome
        except TimeoutError:
            # A browser keeps spare connections; one that never spoke gets no answer either.
            return Refused(Page.TIMEOUT) if self._reading.started else None
        return None


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def _linger(reader: asyncio.StreamReader) -> None:
    """Take in what still comes, within bounds.

    Closing a socket with unread data makes the kernel reset the connection, and the answer may be
    lost on its way (RFC 9112 section 9.6).
    """
    left = _LINGER_BYTES
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while left > 0 and (data := await reader.read(65_536)):
                left -= len(data)
    except TimeoutError:
        return
