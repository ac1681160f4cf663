"""Nothing on a picture is left to chance."""

from __future__ import annotations

import errno
import socket
from types import SimpleNamespace

import pytest

from tui_oauth.callback.listener import open_listeners

FINGERPRINT = ":".join(f"{number:02X}" for number in range(0xA0, 0xC0))


@pytest.fixture
def no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links, the short address and the certificate are always the same. The screens show the
    usual port, while the server listens on any that is free.
    """

    def any_port(port: int) -> list[socket.socket]:
        return open_listeners(0)

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
