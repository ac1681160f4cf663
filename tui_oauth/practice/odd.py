"""Token answers as real providers should not, but do, send them. Names: `behaviour.ODD_JSON`."""

from __future__ import annotations

import json
from collections.abc import Callable

from tui_oauth.practice.web import Reply, as_json, raw_json

Answer = dict[str, object]


def odd_answer(name: str, answer: Answer) -> Reply:
    """`answer`, made odd in the way `name` stands for."""
    raw = _RAW.get(name)
    if raw is not None:
        return raw_json(200, raw(json.dumps(answer)))
    return as_json(200, _CHANGED[name](answer))


def _without(*names: str) -> Callable[[Answer], object]:
    return lambda answer: {key: value for key, value in answer.items() if key not in names}


def _with_tokens(value: object) -> Callable[[Answer], object]:
    return lambda answer: {**answer, "token": value, "access_token": value}


def _with_controls(answer: Answer) -> object:
    spoiled = f"{answer['access_token']}\r\nX-Injected: 1\x1b]0;title\x07"
    return {**answer, "token": spoiled, "access_token": spoiled}


_CHANGED: dict[str, Callable[[Answer], object]] = {
    "token-missing": _without("token", "access_token"),
    "token-null": _with_tokens(None),
    "token-number": _with_tokens(12345),
    "token-empty": _with_tokens(""),
    "control-characters": _with_controls,
    "error-200": lambda answer: {
        "error": "bad_verification_code",
        "error_description": "The code is incorrect or expired.",
    },
    "expires-text": lambda answer: {**answer, "expires_in": str(answer.get("expires_in", 3600))},
    "expires-nonsense": lambda answer: {**answer, "expires_in": "-1.5"},
    "nested": lambda answer: {"data": answer},
    "list": lambda answer: [answer],
    "type-missing": _without("token_type"),
    "type-mac": lambda answer: {**answer, "token_type": "mac"},
}
_RAW: dict[str, Callable[[str], bytes]] = {
    "truncated": lambda text: text[: len(text) // 2].encode(),
    "empty": lambda text: b"",
    "deep": lambda text: b'{"access_token":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "huge": lambda text: text.encode() + b" " * 8_000_000,
}
