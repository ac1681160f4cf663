"""Answers of a token endpoint: odd ones that have to be accepted, and ones that must be refused."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.providers.misbehaving import (
    Behaviour,
    Conversation,
    answering,
    dripping,
    endless,
    reset,
    silence,
)
from tui_oauth.errors import NeedsPerson, ProviderRefused, ProviderUnreachable, TuiOauthError

JSON = "Content-Type: application/json"
GOOD: dict[str, Any] = {"access_token": "tok-1", "token_type": "Bearer"}
# Title, clipboard, hyperlink, screen clear, alternate screen, DCS, 8-bit CSI, backspaces, bidi,
# zero width, tag characters, a lone surrogate, line breaks, markup.
HOSTILE = (
    "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b]8;;http://evil/\x07x\x1b]8;;\x07\x1b[2J\x1b[?1049h"
    "\x1bP+q\x1b\\\x9b31m\x08\x08\x08\u202eevil\u202c\u2066\u200b\u200d\ufeff\U000e0041\U000e007f"
    "\ud800\r\n\x00\x7f[/][0][bold[@click=app.quit]x[/][link=file:///etc/passwd]x[/]"
)


@dataclass(frozen=True)
class Refused:
    """An answer that must not be stored: the error it has to be, and words of it.

    `refresh` is the error of a refresh where that differs; `seconds` is the deadline.
    """

    answer: Behaviour
    error: type[TuiOauthError]
    words: str
    refresh: type[TuiOauthError] | None = None
    seconds: float = 20.0


@dataclass(frozen=True)
class Accepted:
    """An answer that is odd and good: what the stored tokens have to be, by attribute."""

    answer: Behaviour
    expected: Mapping[str, Any] = field(default_factory=dict)
    lifetime: int | None = None


def body(value: Any, status: str = "200 OK", *headers: str) -> Behaviour:
    """`value` as JSON, or bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return answering(raw, status, *(headers or (JSON,)))


def good(**members: Any) -> Behaviour:
    """A good answer but for `members`; None leaves one out."""
    return body({name: value for name, value in {**GOOD, **members}.items() if value is not ...})


def raw(data: bytes) -> Behaviour:
    """Exactly `data`, whatever it is, and the end of the connection."""

    def behave(conversation: Conversation) -> None:
        conversation.write(data)

    return behave


def _pieces(data: bytes) -> Behaviour:
    """A chunked body of one byte a chunk, with extensions and a trailer."""
    chunks = b"".join(b"1;ext=1\r\n" + data[at : at + 1] + b"\r\n" for at in range(len(data)))
    head = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    )
    return raw(head + chunks + b"0\r\nX-Trailer: x\r\n\r\n")


_GOOD = json.dumps(GOOD).encode()
_DEEP = b'{"access_token":"a","token_type":"Bearer","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

ACCEPTED: dict[str, Accepted] = {
    "plain": Accepted(good()),
    "status 201": Accepted(body(GOOD, "201 Created")),
    "status 206": Accepted(body(GOOD, "206 Partial Content")),
    "bom": Accepted(body(b"\xef\xbb\xbf" + _GOOD)),
    "blanks around": Accepted(body(b"\r\n\t " + _GOOD + b"\n\n")),
    "bearer": Accepted(good(token_type="bearer"), {"token_type": "bearer"}),
    "BEARER": Accepted(good(token_type="BEARER"), {"token_type": "BEARER"}),
    "leading dash": Accepted(good(access_token="-rf"), {"access_token": "-rf"}),
    "10 kb token": Accepted(good(access_token="a" * 10_240), {"access_token": "a" * 10_240}),
    "token of signs": Accepted(
        good(access_token="!$&'()*+,;=/~"), {"access_token": "!$&'()*+,;=/~"}
    ),
    "lifetime as text": Accepted(good(expires_in="3600"), lifetime=3600),
    "lifetime as float": Accepted(good(expires_in=3599.7), lifetime=3599),
    "lifetime true": Accepted(good(expires_in=True)),
    "lifetime negative": Accepted(good(expires_in=-1)),
    "lifetime huge": Accepted(good(expires_in=10**18), lifetime=315_360_000),
    "lifetime of digits": Accepted(good(expires_in="9" * 300), lifetime=315_360_000),
    "lifetime null": Accepted(good(expires_in=None)),
    "lifetime object": Accepted(good(expires_in={})),
    "lifetime soon": Accepted(good(expires_in="soon")),
    "scope as list": Accepted(good(scope=["read"]), {"scopes": ("read",)}),
    "scope by commas": Accepted(good(scope="read,write"), {"scopes": ("read", "write")}),
    "scope wider": Accepted(good(scope="read write admin"), {"scopes": ("read", "write", "admin")}),
    "scope a number": Accepted(good(scope=7), {"scopes": ("read", "write")}),
    "scope hostile": Accepted(good(scope="re\x1b[2Jad"), {"scopes": ("re\\x1b[2Jad",)}),
    "2000 members": Accepted(good(**{f"m{number}": "x" * 50 for number in range(2_000)})),
    "hostile members": Accepted(good(**{HOSTILE: HOSTILE, "note": [HOSTILE] * 20})),
    "refresh token null": Accepted(good(refresh_token=None)),
    "refresh token empty": Accepted(good(refresh_token="")),
    "id token a number": Accepted(good(id_token=7)),
    "error empty": Accepted(good(error="")),
    "error null": Accepted(good(error=None, errors=[])),
    "text/plain": Accepted(body(GOOD, "200 OK", "Content-Type: text/plain")),
    "no type": Accepted(body(GOOD, "200 OK", "X-Nothing: x")),
    "cookies": Accepted(body(GOOD, "200 OK", JSON, "Set-Cookie: a=b", "Set-Cookie: c=d")),
    "chunked by bytes": Accepted(_pieces(_GOOD)),
    "gzip unasked": Accepted(body(gzip.compress(_GOOD), "200 OK", JSON, "Content-Encoding: gzip")),
    "deflate unasked": Accepted(
        body(zlib.compress(_GOOD), "200 OK", JSON, "Content-Encoding: deflate")
    ),
    "http 1.0 until the end": Accepted(raw(b"HTTP/1.0 200 OK\r\n\r\n" + _GOOD)),
    "early hints first": Accepted(
        raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + _GOOD)
    ),
}

_U, _R, _P = ProviderUnreachable, ProviderRefused, NeedsPerson
_ODD = "was not understood"

MALFORMED: dict[str, Refused] = {
    "empty": Refused(body(b""), _U, "it is empty"),
    "blank": Refused(body(b" \r\n\t"), _U, "it is empty"),
    "text": Refused(body(b"OK"), _U, "not JSON"),
    "form": Refused(body(b"access_token=x&token_type=bearer"), _U, "not JSON"),
    "html": Refused(body(b"<!doctype html><html><body>Sign in</body>"), _U, "a web page"),
    "html that says json": Refused(
        body(b"<html>\x1b[31mHello <script>x</script>"), _U, "a web page"
    ),
    "xml": Refused(body(b"<?xml version='1.0'?><token>a</token>"), _U, "a web page"),
    "list": Refused(body([GOOD]), _U, "no JSON object"),
    "string": Refused(body("access_token"), _U, "no JSON object"),
    "number": Refused(body(7), _U, "no JSON object"),
    "null": Refused(body(None), _U, "no JSON object"),
    "cut": Refused(body(_GOOD[:-3]), _U, "not JSON"),
    "more behind it": Refused(body(_GOOD + b"{}"), _U, "not JSON"),
    "jsonp": Refused(body(b"callback(" + _GOOD + b")"), _U, "not JSON"),
    "single quotes": Refused(body(_GOOD.replace(b'"', b"'")), _U, "not JSON"),
    "comment": Refused(body(b"/* hi */" + _GOOD), _U, "not JSON"),
    "utf-16": Refused(body(json.dumps(GOOD).encode("utf-16")), _U, "not UTF-8"),
    "latin-1": Refused(body(b'{"access_token":"a","n":"\xe9"}'), _U, "not UTF-8"),
    "overlong": Refused(body(b'{"access_token":"\xc0\xaf"}'), _U, "not UTF-8"),
    "raw control": Refused(body(b'{"access_token":"a\x01b"}'), _U, "not JSON"),
    "twice": Refused(body(b'{"access_token":"a","access_token":"b"}'), _U, "a member twice"),
    "twice below": Refused(
        body(b'{"access_token":"a","token_type":"Bearer","x":{"y":1,"y":1}}'), _U, "a member twice"
    ),
    "nan": Refused(body(b'{"access_token":"a","expires_in":NaN}'), _U, "NaN"),
    "infinity": Refused(body(b'{"access_token":"a","expires_in":-Infinity}'), _U, "-Infinity"),
    "deep": Refused(body(_DEEP), _U, "too deep"),
    "long number": Refused(body(b'{"access_token":' + b"9" * 5_000 + b"}"), _U, "not JSON"),
    "no token": Refused(good(access_token=...), _U, "access_token is missing"),
    "other name": Refused(good(access_token=..., accessToken="a"), _U, "access_token is missing"),
    "hostile names alone": Refused(body({HOSTILE: 1, "\x1b[2J": 2}), _U, "access_token is missing"),
    "token empty": Refused(good(access_token=""), _U, "not a proper token"),
    "token null": Refused(good(access_token=None), _U, "access_token is missing"),
    "token number": Refused(good(access_token=7), _U, "not a proper token"),
    "token true": Refused(good(access_token=True), _U, "not a proper token"),
    "token list": Refused(good(access_token=["a"]), _U, "not a proper token"),
    "token object": Refused(good(access_token={"a": "b"}), _U, "not a proper token"),
    "token with blank": Refused(good(access_token="a b"), _U, "not a proper token"),
    "token with line break": Refused(good(access_token="a\r\nX-Evil: 1"), _U, "not a proper token"),
    "token ends in newline": Refused(good(access_token="abc\n"), _U, "not a proper token"),
    "token with nul": Refused(good(access_token="a\x00b"), _U, "not a proper token"),
    "token with escape": Refused(
        good(access_token="a\x1b]52;c;eA==\x07"), _U, "not a proper token"
    ),
    "token not ascii": Refused(good(access_token="tök"), _U, "not a proper token"),
    "token of look-alikes": Refused(good(access_token="аbc"), _U, "not a proper token"),
    "token with bidi": Refused(good(access_token="a\u202eb"), _U, "not a proper token"),
    "token surrogate": Refused(good(access_token="a\ud800"), _U, "not a proper token"),
    "token of 70 kb": Refused(good(access_token="a" * 70_000), _U, "not a proper token"),
    "type missing": Refused(good(token_type=...), _U, "token_type is missing"),
    "type null": Refused(good(token_type=None), _U, "token_type is missing"),
    "type mac": Refused(good(token_type="mac"), _U, "token_type is mac"),
    "type list": Refused(good(token_type=["Bearer"]), _U, "token_type is not a text"),
    "type number": Refused(good(token_type=1), _U, "token_type is not a text"),
    "type with header": Refused(good(token_type="Bearer\r\nX: y"), _U, "token_type is Bearer\\r"),
    "type hostile": Refused(good(token_type=HOSTILE), _U, "token_type is \\x1b]0;owned"),
    "type DPoP": Refused(good(token_type="DPoP"), _U, "token_type is DPoP"),
    "refresh token number": Refused(good(refresh_token=5), _U, "the refresh token"),
    "refresh token list": Refused(good(refresh_token=["a"]), _U, "the refresh token"),
    "refresh token breaks": Refused(good(refresh_token="a\r\nb"), _U, "the refresh token"),
    "refresh token escape": Refused(good(refresh_token="a\x1b[2J"), _U, "the refresh token"),
}

ERRORS: dict[str, Refused] = {
    "rfc": Refused(body({"error": "invalid_grant"}, "400 Bad Request"), _R, "HTTP 400", _P),
    "rfc with 200": Refused(body({"error": "invalid_grant"}), _R, "HTTP 200", _P),
    "rfc with 500": Refused(
        body({"error": "invalid_grant"}, "500 Internal Server Error"), _R, "HTTP 500", _P
    ),
    # Asked for consent, no refresh can go on: a person has to sign in again.
    "error beside a token": Refused(good(error="consent_required"), _R, "consent_required", _P),
    "error true beside a token": Refused(good(error=True), _R, "refused"),
    "error object": Refused(
        body({"error": {"code": 403, "message": "No."}}, "403 Forbidden"), _R, "It says: No."
    ),
    "error list": Refused(
        body({"type": "error.list", "errors": [{"code": "unauthorized", "message": "Bad Code"}]}),
        _R,
        "It says: Bad Code",
    ),
    "list of texts": Refused(body({"errors": ["Went wrong"]}), _R, "It says: Went wrong"),
    "hostile words": Refused(
        body({"error": HOSTILE, "error_description": HOSTILE}, "400 Bad Request"),
        _R,
        "\\x1b]0;owned",
    ),
    "hostile object": Refused(
        body({"error": {"code": HOSTILE, "message": HOSTILE}}), _R, "\\x1b]0;owned"
    ),
    "hostile page": Refused(
        body(HOSTILE.encode("utf-8", "replace"), "403 Forbidden", "Content-Type: text/plain"),
        _R,
        "\\x1b]0;owned",
    ),
    "long words": Refused(
        body({"error": "x" * 9_000, "error_description": "y z " * 9_000}, "400 Bad Request"),
        _R,
        "…",
    ),
    "our secrets repeated": Refused(
        body({"error": "bad", "error_description": "You sent 5e1f77deadbeef5e1f77deadbeef"}),
        _R,
        "You sent …",
    ),
    "401 without words": Refused(body(b"", "401 Unauthorized"), _R, "HTTP 401"),
    "403 of a proxy": Refused(
        body(b"<html>Blocked</html>", "403 Forbidden", "Content-Type: text/html"), _U, "a web page"
    ),
    "404 page": Refused(
        body(b"<html>Nothing</html>", "404 Not Found", "Content-Type: text/html"), _U, "a web page"
    ),
    "429": Refused(
        body({"error": "rate"}, "429 Too Many Requests", "Retry-After: 999999999"), _U, "fewer"
    ),
    "500 page": Refused(body(b"<html>Oops", "500 Internal Server Error"), _U, "trouble of its own"),
    "502": Refused(body(b"", "502 Bad Gateway"), _U, "trouble of its own"),
    "503 with a token": Refused(
        body(GOOD, "503 Service Unavailable", JSON, "Retry-After: \x1b[2J"), _U, "trouble"
    ),
    "400 with a token": Refused(body(GOOD, "400 Bad Request"), _R, "HTTP 400"),
    "204": Refused(raw(b"HTTP/1.1 204 No Content\r\n\r\n"), _U, "it is empty"),
    "304": Refused(raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"), _U, "HTTP 304"),
}

TRANSPORT: dict[str, Refused] = {
    **{
        f"redirect {status}": Refused(
            body(
                GOOD, f"{status} Elsewhere", "Location: https://user:pw@evil.example:8443/t?code=1"
            ),
            _U,
            "evil.example:8443",
        )
        for status in (301, 302, 303, 307, 308)
    },
    "redirect to a script": Refused(
        body(b"", "302 Found", "Location: javascript:alert(1)"), _U, "another address"
    ),
    "redirect hostile": Refused(
        body(b"", "302 Found", "Location: https://evil\x9b2J.example/\x9b31m"), _U, "evil"
    ),
    "2 mb": Refused(body(b" " * 2_000_000 + _GOOD), _U, "more than 1,024 KB"),
    "error of 300 kb": Refused(body(b"x" * 300_000, "400 Bad Request"), _U, "more than 256 KB"),
    "endless": Refused(
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536), _U, "more than 1,024 KB"
    ),
    "gzip bomb": Refused(
        body(gzip.compress(b"\0" * 50_000_000), "200 OK", "Content-Encoding: gzip"),
        _U,
        "more than 1,024 KB",
    ),
    "broken gzip": Refused(
        body(b"\x1f\x8b" + b"0" * 300, "200 OK", "Content-Encoding: gzip"), _U, "cannot be unpacked"
    ),
    "gzip cut short": Refused(
        body(gzip.compress(_GOOD)[:-20], "200 OK", "Content-Encoding: gzip"), _U, "not"
    ),
    "brotli": Refused(body(b"x" * 40, "200 OK", "Content-Encoding: br"), _U, "the encoding br"),
    "twice gzipped": Refused(
        body(gzip.compress(gzip.compress(_GOOD)), "200 OK", "Content-Encoding: gzip, gzip"),
        _U,
        "the encoding gzip, gzip",
    ),
    "encoding hostile": Refused(
        body(_GOOD, "200 OK", "Content-Encoding: \x9b2Jx"), _U, "which was not asked for"
    ),
    "shorter than said": Refused(
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + _GOOD), _U, "broke"
    ),
    "reset": Refused(reset, _U, "broke"),
    "nothing at all": Refused(raw(b""), _U, "broke"),
    "silence": Refused(silence, _U, "within 1 s", seconds=1.0),
    "dripping body": Refused(
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n"),
        _U,
        "within 1 s",
        seconds=1.0,
    ),
    "dripping headers": Refused(
        dripping(b"HTTP/1.1 200 OK\r\nX: ", b"y"), _U, "within 1 s", seconds=1.0
    ),
    "not http": Refused(raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), _U, "not HTTP"),
    "http 0.9": Refused(raw(_GOOD), _U, "broke"),
    "tls alert": Refused(raw(b"\x15\x03\x01\x00\x02\x02\x28"), _U, "not HTTP"),
    "status of letters": Refused(raw(b"HTTP/1.1 abc OK\r\n\r\n"), _U, "not HTTP"),
    "status hostile": Refused(raw(b"HTTP/1.1 \x1b[2J\r\n\r\n" + _GOOD), _U, "not HTTP"),
    "header of 1 mb": Refused(
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n" + _GOOD), _U, "not HTTP"
    ),
    "header with nul": Refused(
        raw(b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n" + _GOOD), _U, "not HTTP"
    ),
    "nameless header": Refused(raw(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n" + _GOOD), _U, "not HTTP"),
    "negative length": Refused(
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + _GOOD), _U, "not HTTP"
    ),
    "two lengths": Refused(
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), _U, "not HTTP"
    ),
    "broken chunks": Refused(
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"), _U, "not HTTP"
    ),
    "unknown coding": Refused(
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: magic\r\n\r\n" + _GOOD), _U, "not HTTP"
    ),
    "switching protocols": Refused(
        raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + _GOOD), _U, "HTTP"
    ),
}

REFUSED = {**MALFORMED, **ERRORS, **TRANSPORT}
