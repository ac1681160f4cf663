"""A service, a client, an attempt and tokens to build requests from, all with plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tui_oauth.model import TokenSet
from tui_oauth.oauth.authorize import Answer, Attempt, start
from tui_oauth.oauth.client import Client
from tui_oauth.secret import Secret
from tui_oauth.services.format import Quirks, Service

NOW = 1_800_000_000
CALLBACK = "http://127.0.0.1:8976/callback"


def counting() -> Callable[[int], bytes]:
    """Different bytes at each call, the same ones in each test."""
    calls = iter(range(1, 10_000))

    def draw(count: int) -> bytes:
        return next(calls).to_bytes(4, "big") * (count // 4)

    return draw


def make_service(**changes: Any) -> Service:
    """A plain service; keys of a quirks table are given as `token={"state": True}`."""
    tables = {
        name: changes.pop(name)
        for name in (
            "authorize",
            "callback",
            "token",
            "refresh_quirks",
            "answer",
            "revoke",
            "api",
            "device",
            "client",
        )
        if name in changes
    }
    quirks = Quirks()
    for name, keys in tables.items():
        field = name.removesuffix("_quirks")
        quirks = replace(quirks, **{field: replace(getattr(quirks, field), **keys)})
    plain: dict[str, Any] = {
        "id": "example",
        "name": "Example",
        "authorize_url": "https://as.example/authorize",
        "token_url": "https://as.example/token",
        "client_auth": ("client_secret_post", "client_secret_basic"),
        "quirks": quirks,
    }
    return Service(**{**plain, **changes})


def make_attempt(service: Service | None = None, **changes: Any) -> Attempt:
    given: dict[str, Any] = {
        "entry_id": "0" * 32,
        "client_id": "my-client",
        "redirect_uri": CALLBACK,
        "scopes": ("read", "write"),
        "random": counting(),
        "now": NOW,
    }
    return start(service or make_service(), **{**given, **changes})


def make_client(method: str = "client_secret_post", secret: str = "s3cret-value") -> Client:
    return Client("my-client", Secret(secret) if secret else None, method)


def make_tokens(**changes: Any) -> TokenSet:
    given: dict[str, Any] = {
        "access_token": Secret("access-1"),
        "token_type": "Bearer",
        "issued_at": NOW,
        "refresh_token": Secret("refresh-1"),
        "scopes": ("read", "write"),
    }
    return TokenSet(**{**given, **changes})


def make_answer(code: str = "the-code") -> Answer:
    return Answer(Secret(code))
