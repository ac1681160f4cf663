"""The callback port: opened on loopback or not at all, and words for when it cannot be had.

A registered Callback URL names this port, so there is no moving to another one. What matters is
to notice when another program would get the browser's answer in our place.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from tui_oauth.callback.page import MARK
from tui_oauth.errors import CallbackUnavailable
from tui_oauth.oauth.urls import is_loopback

LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))

# Where it is full, a browser's connection is dropped by the kernel and tried again a second later.
_BACKLOG = 1024
_PROBE_SECONDS = 0.5
_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}
_PASTE = (
    "Signing in works all the same: open the Authorization link, then paste here the address that "
    "the browser ends on."
)


def open_listeners(port: int) -> list[socket.socket]:
    """Sockets that listen on `port` of 127.0.0.1 and of ::1, or of the one this machine has.

    Raises OSError when either address has another listener, even if the other one is free: a
    browser may take `localhost` for the address that is not ours.
    """
    listeners: list[socket.socket] = []
    try:
        for family, host in LOOPBACK:
            try:
                listeners.append(_listen(family, host, port))
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise
        if not listeners:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _listen(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Without it a sign-in shortly after another would fail for a minute, because we are the
        # side that closes first. On Linux it never lets two programs listen at once; for the
        # systems where a listener on all addresses would go unnoticed, see `check_unheld`.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def announced_path(redirect_uri: str, port: int, listeners: Iterable[socket.socket]) -> str:
    """The path of `redirect_uri`; empty where there is none, or it is not on this machine.

    What is announced has to be what is bound (checklist rule 19), and a registered URL must not
    change behind the person's back. So CallbackUnavailable is raised when `redirect_uri` names
    another port, or a loopback address on which none of `listeners` is.
    """
    parts = urlsplit(redirect_uri)
    host = parts.hostname or ""
    if not is_loopback(host):
        return ""
    named = parts.port or (443 if parts.scheme == "https" else 80)
    if named != port:
        raise CallbackUnavailable(
            f"The Callback URL of this entry names port {named}, and the settings name port {port}.",
            f"Set port = {named} under [callback] in the settings. {_PASTE}",
        )
    needed = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}.get(host)
    if needed is not None and all(listener.family != needed for listener in listeners):
        other = "[::1]" if needed == socket.AF_INET else "127.0.0.1"
        raise CallbackUnavailable(
            f"This machine has no address {host}, which the Callback URL names.",
            f'Set host = "{other}" under [callback] in the settings and register the Callback URL '
            f"that is shown then. {_PASTE}",
        )
    return parts.path or "/"


async def check_unheld(port: int) -> None:
    """Raise OSError (EADDRINUSE) if someone answers on `port` and binding would not tell.

    On macOS and the BSDs, SO_REUSEADDR lets us bind 127.0.0.1 beside a listener on all addresses.
    Linux refuses that, so nothing is asked there.
    """
    if os.uname().sysname == "Linux":
        return
    for _family, host in LOOPBACK:
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                _reader, writer = await asyncio.open_connection(host, port)
        except OSError:  # refused, absent or silent: nobody to be confused with
            continue
        writer.close()
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


async def unavailable(port: int, error: OSError) -> CallbackUnavailable:
    """Why `port` cannot be had, in words, with the way that is left."""
    if error.errno == errno.EADDRINUSE:
        if await _is_ours(port):
            return CallbackUnavailable(
                f"Port {port} on this machine is held by another tui-oauth sign-in.",
                f"Finish or cancel that one and try again. {_PASTE}",
            )
        return CallbackUnavailable(
            f"Port {port} on this machine is taken, by another tui-oauth sign-in or another program.",
            _PASTE,
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return CallbackUnavailable(
            f"This user may not listen on port {port}: ports below 1024 are often reserved.", _PASTE
        )
    reason = os.strerror(error.errno) if error.errno else "no reason given"
    return CallbackUnavailable(f"Cannot listen on port {port} of this machine: {reason}.", _PASTE)


async def _is_ours(port: int) -> bool:
    """Whether a callback server of this program answers on `port`."""
    return any(await asyncio.gather(*(_shows_mark(host, port) for _family, host in LOOPBACK)))


async def _shows_mark(host: str, port: int) -> bool:
    name = f"[{host}]" if ":" in host else host
    # A page that does not exist: asking for "/" would look like the person's browser.
    request = f"GET /favicon.ico HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request.encode("ascii"))
                return MARK.encode() in await _read_some(reader)
            finally:
                writer.close()
    except OSError:  # includes TimeoutError: it does not answer as ours does
        return False


async def _read_some(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    while len(answer) < 8192 and (piece := await reader.read(4096)):
        answer += piece
    return answer
