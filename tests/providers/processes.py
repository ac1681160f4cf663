"""Servers that run in a process of their own: wait until they answer, end them for certain."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import httpx

from tests.providers.independent import http

_START_S = 30.0


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(process: subprocess.Popen[bytes], url: str) -> Iterator[None]:
    """Waits until `url` is answered; ends `process` with the block.

    What the process says on standard error is read all the time, so that it never waits for us,
    and told when it does not start.
    """
    said: list[bytes] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        _wait(process, url, said)
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        reader.join(5)
        process.stderr.close()


def _wait(process: subprocess.Popen[bytes], url: str, said: list[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if http.get(url).status_code == 200:
                return
        time.sleep(0.02)
    raise AssertionError(f"{process.args!r} does not answer:\n{b''.join(said).decode()}")
