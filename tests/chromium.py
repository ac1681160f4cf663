"""The process behind `tests.browser`: a headless Chromium on a debugging pipe."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--mute-audio",
    "--no-default-browser-check",
    "--password-store=basic",
    "--remote-debugging-pipe",
)
_START_S = 60.0
WAIT_S = 20.0


class BrowserProblem(Exception):
    """Chromium did not do what it was asked in time; the message says what and where."""


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def spki_hash(certificate: Path) -> str:
    """What `Chromium(trusted_spki=...)` takes, for a certificate in a PEM file."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_pem_x509_certificate

    key = load_pem_x509_certificate(certificate.read_bytes()).public_key()
    data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


class ChromiumProcess:
    """One running browser. `folder` is empty and gets the profile; `close` ends the process.

    `trusted_spki`: base64 SHA-256 hashes of public keys whose certificates are accepted although
    nobody signed them (for a callback server with its own certificate). `elsewhere`: addresses
    (`host:port`) and where each is really looked for, as a browser on another machine would.
    """

    def __init__(
        self,
        program: str,
        folder: Path,
        *,
        trusted_spki: Sequence[str] = (),
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        flags = [*_FLAGS, f"--user-data-dir={folder / 'profile'}"]
        if elsewhere:
            rules = ",".join(f"MAP {named} {meant}" for named, meant in elsewhere.items())
            flags.append(f"--host-resolver-rules={rules}")
        if trusted_spki:
            flags.append(f"--ignore-certificate-errors-spki-list={','.join(trusted_spki)}")
        self._buffer = b""
        self._number = 0
        read_end, self._write = os.pipe()
        self._read, write_end = os.pipe()
        # Above 4, so that neither is overwritten when they become descriptors 3 and 4.
        low = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (read_end, write_end)]
        output = os.open(folder / "chromium.log", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
        }
        moves = [(null, 0), (output, 1), (output, 2), (low[0], 3), (low[1], 4)]
        try:
            self.pid = os.posix_spawn(
                program,
                [program, *flags, "about:blank"],
                environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for source, target in moves],
                setpgroup=0,
            )
        finally:
            for end in (read_end, write_end, *low, output, null):
                os.close(end)
        self._ended = False
        self.call("Browser.getVersion", timeout=_START_S)

    def call(
        self, method: str, session: str = "", timeout: float = WAIT_S, **parameters: Any
    ) -> dict[str, Any]:
        """One command of the DevTools protocol and its result."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._send(json.dumps(message).encode() + b"\0", method)
        deadline = time.monotonic() + timeout
        while True:
            answer = json.loads(self._receive(deadline, method))
            if answer.get("id") != number:
                continue  # an event, or the answer to a command that was given up
            if "error" in answer:
                raise BrowserProblem(f"{method}: {answer['error'].get('message')}")
            result: dict[str, Any] = answer["result"]
            return result

    def close(self) -> None:
        """Ends the process: politely first, then by its process group."""
        if self._ended:
            return
        try:
            self.call("Browser.close", timeout=5)
        except BrowserProblem:
            self._signal(signal.SIGTERM)
        if not self._gone(5):
            self._signal(signal.SIGKILL)
            self._gone(5)
        else:
            self._signal(signal.SIGKILL)  # what is left of its helpers
        self._ended = True
        os.close(self._read)
        os.close(self._write)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def _gone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if os.waitpid(self.pid, os.WNOHANG)[0] == self.pid:
                    return True
            except ChildProcessError:
                return True
            time.sleep(0.02)
        return False

    def _send(self, data: bytes, what: str) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._write, view) :]
            except BrokenPipeError:
                raise BrowserProblem(f"{what}: Chromium has ended") from None

    def _receive(self, deadline: float, what: str) -> bytes:
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                raise BrowserProblem(f"{what}: no answer from Chromium in time")
            piece = os.read(self._read, 1 << 16)
            if not piece:
                raise BrowserProblem(f"{what}: Chromium has ended")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return message
