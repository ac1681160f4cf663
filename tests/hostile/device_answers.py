"""Answers of a device authorization endpoint, and to the polls that follow (RFC 8628)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.hostile.token_answers import (
    GOOD,
    HOSTILE,
    JSON,
    Accepted,
    Refused,
    body,
    good,
    raw,
)
from tests.providers.misbehaving import Behaviour, Conversation, answering, endless, reset
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, SignInEnded

GOOD_CODE: dict[str, Any] = {
    "device_code": "device-1",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://as.example/activate",
    "expires_in": 900,
    "interval": 1,
}
_U, _R, _S = ProviderUnreachable, ProviderRefused, SignInEnded


def code(**members: Any) -> Behaviour:
    """A good answer to the request for a code, but for `members`; `...` leaves one out."""
    return body({name: v for name, v in {**GOOD_CODE, **members}.items() if v is not ...})


def device_server(device: Behaviour, *polls: Behaviour) -> Behaviour:
    """`device` at the device authorization endpoint; then one of `polls` after the other."""
    left = list(polls)

    def behave(conversation: Conversation) -> None:
        if conversation.head.startswith(b"POST /device "):
            device(conversation)
        elif left:
            left.pop(0)(conversation)
        else:
            answering(b"asked too often", "500 Internal Server Error")(conversation)

    return behave


CODES_REFUSED: dict[str, Refused] = {
    "html": Refused(body(b"<html>Sign in"), _U, "a web page instead of a device code"),
    "empty": Refused(body(b""), _U, "it is empty"),
    "list": Refused(body([GOOD_CODE]), _U, "no JSON object"),
    "twice": Refused(body(b'{"device_code":"a","device_code":"b"}'), _U, "a member twice"),
    "deep": Refused(body(b"[" * 100_000 + b"]" * 100_000), _U, "too deep"),
    "device code missing": Refused(code(device_code=...), _U, "device_code is missing"),
    "device code empty": Refused(code(device_code=""), _U, "device_code is missing"),
    "device code number": Refused(code(device_code=7), _U, "device_code is missing"),
    "device code breaks": Refused(code(device_code="a\r\nb"), _U, "device_code has characters"),
    "device code 9 kb": Refused(code(device_code="a" * 9_000), _U, "device_code has characters"),
    "user code missing": Refused(code(user_code=...), _U, "user_code is missing"),
    "user code list": Refused(code(user_code=["A"]), _U, "user_code is missing"),
    "user code blank": Refused(code(user_code="  "), _U, "user_code is missing"),
    "user code hostile": Refused(code(user_code=HOSTILE), _U, "user_code has characters"),
    "user code escape": Refused(code(user_code="AB\x1b[2J"), _U, "user_code has characters"),
    "user code bidi": Refused(code(user_code="AB\u202eCD"), _U, "user_code has characters"),
    "user code look-alike": Refused(code(user_code="АBCD"), _U, "user_code has characters"),
    "user code two lines": Refused(code(user_code="AB\nCD"), _U, "user_code has characters"),
    "user code long": Refused(code(user_code="A" * 90), _U, "user_code has characters"),
    "address missing": Refused(code(verification_uri=...), _U, "verification_uri is missing"),
    "address number": Refused(code(verification_uri=7), _U, "verification_uri is missing"),
    "address javascript": Refused(code(verification_uri="javascript:alert(1)"), _U, "https://"),
    "address file": Refused(code(verification_uri="file:///etc/passwd"), _U, "https://"),
    "address data": Refused(code(verification_uri="data:text/html,x"), _U, "https://"),
    "address option": Refused(code(verification_uri="--version"), _U, "https://"),
    "address http": Refused(code(verification_uri="http://as.example/a"), _U, "unencrypted"),
    "address user": Refused(code(verification_uri="https://g.example@evil/"), _U, "a user name"),
    "address shell": Refused(code(verification_uri="https://a.example/`id`"), _U, "a quote"),
    "address breaks": Refused(code(verification_uri="https://a.example/\r\nx"), _U, "a quote"),
    "address escape": Refused(code(verification_uri="https://a.example/\x1b[2J"), _U, "a quote"),
    "address homograph": Refused(code(verification_uri="https://аpple.example/"), _U, "ASCII"),
    "address fragment": Refused(code(verification_uri="https://a.example/#x"), _U, "a fragment"),
    "address long": Refused(code(verification_uri="https://a.example/" + "a" * 17_000), _U, "most"),
    "lifetime missing": Refused(code(expires_in=...), _U, "expires_in is no positive"),
    "lifetime zero": Refused(code(expires_in=0), _U, "expires_in is no positive"),
    "lifetime negative": Refused(code(expires_in=-900), _U, "expires_in is no positive"),
    "lifetime soon": Refused(code(expires_in="soon"), _U, "expires_in is no positive"),
    "lifetime true": Refused(code(expires_in=True), _U, "expires_in is no positive"),
    "interval of years": Refused(code(interval=10**9), _U, "is no proper one"),
    "error": Refused(body({"error": "invalid_scope"}, "400 Bad Request"), _R, "invalid_scope"),
    "error with 200": Refused(code(error="unauthorized_client"), _R, "unauthorized_client"),
    "error hostile": Refused(
        body({"error": HOSTILE, "error_description": HOSTILE}), _R, "\\x1b]0;owned"
    ),
    "404": Refused(body(b"<html>no", "404 Not Found", "Content-Type: text/html"), _U, "web page"),
    "503": Refused(body(GOOD_CODE, "503 Service Unavailable"), _U, "trouble of its own"),
    "redirect": Refused(
        body(GOOD_CODE, "307 Elsewhere", "Location: https://evil.example/"), _U, "evil.example"
    ),
    "endless": Refused(endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536), _U, "1,024 KB"),
    "reset": Refused(reset, _U, "broke"),
    "not http": Refused(raw(b"220 smtp\r\n\r\n"), _U, "not HTTP"),
}

CODES_ACCEPTED: dict[str, tuple[Behaviour, Callable[[Any], bool]]] = {
    "plain": (code(), lambda found: found.user_code == "WDJB-MJHT"),
    "interval missing": (code(interval=...), lambda found: found.interval == 5),
    "interval zero": (code(interval=0), lambda found: found.interval == 1),
    "interval negative": (code(interval=-5), lambda found: found.interval == 5),
    "interval as text": (code(interval="7"), lambda found: found.interval == 7),
    "interval a fraction": (code(interval=1.5), lambda found: found.interval == 2),
    "interval null": (code(interval=None), lambda found: found.interval == 5),
    "lifetime as text": (code(expires_in="60"), lambda found: found.expires_at > 0),
    "lifetime of years": (code(expires_in=10**18), lambda found: found.expires_at > 0),
    "complete at the same place": (
        code(verification_uri_complete="https://as.example/activate?c=1"),
        lambda found: found.verification_uri_complete == "https://as.example/activate?c=1",
    ),
    "complete elsewhere": (
        code(verification_uri_complete="https://evil.example/?c=1"),
        lambda found: found.verification_uri_complete == "",
    ),
    "complete a script": (
        code(verification_uri_complete="javascript:alert(1)"),
        lambda found: found.verification_uri_complete == "",
    ),
    "complete hostile": (
        code(verification_uri_complete=f"https://as.example/{HOSTILE}"),
        lambda found: found.verification_uri_complete == "",
    ),
    "complete a number": (
        code(verification_uri_complete=7),
        lambda found: found.verification_uri_complete == "",
    ),
    "hostile members": (
        code(**{HOSTILE: HOSTILE, "message": HOSTILE}),
        lambda found: found.user_code == "WDJB-MJHT",
    ),
    "no type": (body(GOOD_CODE, "200 OK", "X: y"), lambda found: found.interval == 1),
}

_PENDING = body({"error": "authorization_pending"}, "400 Bad Request")
POLLS_REFUSED: dict[str, tuple[list[Behaviour], Refused]] = {
    "expired": (
        [_PENDING, body({"error": "expired_token"}, "400 Bad Request")],
        Refused(reset, _S, "ended before anyone confirmed it"),
    ),
    "denied": (
        [_PENDING, body({"error": "access_denied"}, "400 Bad Request")],
        Refused(reset, _R, "access_denied"),
    ),
    "denied hostile": (
        [body({"error": "access_denied", "error_description": HOSTILE}, "400 Bad Request")],
        Refused(reset, _R, "\\x1b]0;owned"),
    ),
    "unknown error": ([body({"error": "teapot"}, "400 Bad Request")], Refused(reset, _R, "teapot")),
    "hostile error": ([body({"error": HOSTILE})], Refused(reset, _R, "\\x1b]0;owned")),
    "invalid grant": (
        [body({"error": "invalid_grant"}, "400 Bad Request")],
        Refused(reset, _R, "invalid_grant"),
    ),
    "redirect": (
        [body(GOOD, "302 Found", "Location: https://evil.example/")],
        Refused(reset, _U, "evil.example"),
    ),
    "html": ([body(b"<html>Hi", "200 OK", "Content-Type: text/html")], Refused(reset, _U, "page")),
    "empty": ([body(b"")], Refused(reset, _U, "it is empty")),
    "twice": ([body(b'{"access_token":"a","access_token":"b"}')], Refused(reset, _U, "twice")),
    "deep": ([body(b"[" * 90_000 + b"]" * 90_000)], Refused(reset, _U, "too deep")),
    "no token": ([good(access_token=...)], Refused(reset, _U, "access_token is missing")),
    "token breaks": ([good(access_token="a\r\nb")], Refused(reset, _U, "not a proper token")),
    "token escape": ([good(access_token="a\x1b[2J")], Refused(reset, _U, "not a proper token")),
    "no type": ([good(token_type=...)], Refused(reset, _U, "token_type is missing")),
    "mac": ([good(token_type="mac")], Refused(reset, _U, "token_type is mac")),
    "refresh token": ([good(refresh_token=7)], Refused(reset, _U, "the refresh token")),
    "401 without words": ([body(b"", "401 Unauthorized")], Refused(reset, _R, "HTTP 401")),
}
POLLS_ACCEPTED: dict[str, tuple[list[Behaviour], Accepted]] = {
    "after pending": ([_PENDING, _PENDING, good()], Accepted(reset)),
    "pending beside a token": (
        [good(error="authorization_pending"), good()],
        Accepted(reset),
    ),
    "after slow down": (
        [body({"error": "slow_down", "error_description": HOSTILE}), good()],
        Accepted(reset),
    ),
    "after a reset": ([reset, good()], Accepted(reset)),
    "after 503": ([body(b"\x1b[2J", "503 Unavailable"), good()], Accepted(reset)),
    "after 429": (
        [body(b"", "429 Too Many", JSON, "Retry-After: \x1b[2J"), good()],
        Accepted(reset),
    ),
    "after no http": ([raw(b"\x16\x03\x01\r\n\r\n"), good()], Accepted(reset)),
}
