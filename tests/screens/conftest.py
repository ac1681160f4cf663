"""Nothing on a picture is left to chance."""

from __future__ import annotations

import errno
import socket
import zlib
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tui_oauth.callback.listener import open_listeners

FINGERPRINT = ":".join(f"{number:02X}" for number in range(0xA0, 0xC0))


@pytest.fixture
def no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links, the short address, the certificate and the keys for another machine are always the
    same. The screens show the usual port, while the server listens on any that is free.
    """

    def any_port(port: int) -> list[socket.socket]:
        return open_listeners(0)

    key = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    monkeypatch.setattr(X25519PrivateKey, "generate", lambda: key)
    # Other builds of zlib make other bytes of the same text.
    packing = {"compress": lambda *_: bytes(range(245)), "decompressobj": zlib.decompressobj}
    packer = SimpleNamespace(**packing, error=zlib.error)
    monkeypatch.setattr("tui_oauth.oauth.elsewhere.zlib", packer)
    always = {"token_bytes": lambda count: bytes(range(count)), "choice": lambda letters: "k"}
    monkeypatch.setattr("tui_oauth.signin.secrets", SimpleNamespace(**always))
    monkeypatch.setattr("tui_oauth.callback.server.secrets", SimpleNamespace(**always))
    monkeypatch.setattr("tui_oauth.callback.server.open_listeners", any_port)
    monkeypatch.setattr("tui_oauth.callback.certificate.fingerprint", lambda path: FINGERPRINT)


@pytest.fixture
def taken(no_chance: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual port is held by a program that does not say which."""

    def refuse(port: int) -> list[socket.socket]:
        raise OSError(errno.EADDRINUSE, "taken")

    async def silent(port: int) -> bool:
        return False

    monkeypatch.setattr("tui_oauth.callback.server.open_listeners", refuse)
    monkeypatch.setattr("tui_oauth.callback.listener._is_ours", silent)
