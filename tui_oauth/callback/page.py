"""The pages of the callback server: fixed texts, nothing from a request, no script.

A page says only what is known. "Authorization Successful" stands there once the tokens are
stored, not before (checklist rule 37); everything else points to the terminal, where the details
are. Sources for the headers: RFC 6749 section 3.1.2.5, RFC 9700 section 4.2.4.
"""

from __future__ import annotations

import base64
import enum
import hashlib
from functools import cache
from http import HTTPStatus
from typing import NamedTuple

# By this another tui-oauth that finds its port taken knows whom it has met.
MARK = '<meta name="application-name" content="tui-oauth">'


class Page(enum.Enum):
    """Every page there is."""

    HOME = "home"
    SUCCESS = "success"
    RECEIVED = "received"
    FAILED = "failed"
    DENIED = "denied"
    UNKNOWN = "unknown"
    ALREADY = "already"
    NOT_FOUND = "not-found"
    BAD_REQUEST = "bad-request"
    METHOD = "method"
    FORM = "form"
    TIMEOUT = "timeout"
    MISDIRECTED = "misdirected"
    TOO_LARGE = "too-large"
    PREFETCH = "prefetch"


class Response(NamedTuple):
    """An answer, ready to be sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class _Words(NamedTuple):
    status: int
    look: str
    title: str
    text: str


_WORDS = {
    Page.HOME: _Words(
        200,
        "note",
        "This Browser Reaches Your Terminal",
        "A sign-in is waiting there. Open its Authorization link in this browser, and the answer "
        "finds its own way back.",
    ),
    Page.SUCCESS: _Words(
        200,
        "good",
        "Authorization Successful",
        "You can close this window and return to your terminal.",
    ),
    Page.RECEIVED: _Words(
        200,
        "note",
        "Authorization Received",
        "Your terminal is still working on it and will show the result. You can close this window.",
    ),
    Page.FAILED: _Words(
        200,
        "bad",
        "Authorization Failed",
        "The answer arrived, but it did not lead to access. Look at your terminal: it says what "
        "happened and what to do next.",
    ),
    Page.DENIED: _Words(
        200,
        "bad",
        "Authorization Denied",
        "Access was not granted, and nothing was stored. To try again, return to your terminal.",
    ),
    Page.UNKNOWN: _Words(
        400,
        "ask",
        "No Sign-In Waits for This",
        "The sign-in that this address belongs to has ended, or was started elsewhere. Start it "
        "again in your terminal.",
    ),
    Page.ALREADY: _Words(
        200,
        "note",
        "Already Received",
        "Your terminal has had this answer before, so nothing more was done. You can close this "
        "window.",
    ),
    Page.NOT_FOUND: _Words(
        404,
        "ask",
        "Nothing Here",
        "This address is not part of a sign-in. Your terminal shows the one to open.",
    ),
    Page.BAD_REQUEST: _Words(
        400,
        "ask",
        "Request Not Understood",
        "This is not how a browser returns from a sign-in. If yours did, copy the whole address "
        "and paste it in your terminal.",
    ),
    Page.METHOD: _Words(
        405,
        "ask",
        "Request Not Understood",
        "A sign-in returns here by a plain link (GET), or by a form (POST) where its service is "
        "known to do so, and in no other way.",
    ),
    Page.FORM: _Words(
        400,
        "ask",
        "Form Not Understood",
        "The answer of the sign-in did not arrive as the short form that it should be, and nothing "
        "was done. Start the sign-in again in your terminal.",
    ),
    Page.TIMEOUT: _Words(
        408,
        "ask",
        "Request Too Slow",
        "The request did not arrive whole in time. Load the page again.",
    ),
    Page.MISDIRECTED: _Words(
        421,
        "ask",
        "Not This Server's Name",
        "This server answers only to the address that your terminal shows. With a proxy in front, "
        "set public_url in the settings.",
    ),
    Page.TOO_LARGE: _Words(
        431,
        "ask",
        "Request Too Large",
        "The address or its headers are too long. Copy the address and paste it in your terminal.",
    ),
    Page.PREFETCH: _Words(
        503,
        "ask",
        "Not Ahead of Time",
        "This page is given out when you open it, not before.",
    ),
}

_SIGNS = {
    "good": "M15 25l7 7 12-15",
    "bad": "M17 17l14 14M31 17l-14 14",
    "note": "M16 17l8 7-8 7M26 32h8",
    "ask": "M19 19.500a5.500 5.500 0 1 1 7.700 5c-1.700.8-2.700 1.900-2.700 4M24 34v.01",
}

_STYLE = """\
:root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--line:#dfe2e8;--ink:#1b1f27;--soft:#596273;\
--good:#14793e;--bad:#b3261e;--note:#2b5fb8;--ask:#8a5a00}
@media (prefers-color-scheme:dark){:root{--back:#101318;--card:#191e26;--line:#2c333f;--ink:#eef1f6;\
--soft:#a3adbd;--good:#5fd38d;--bad:#ff8f85;--note:#86b3ff;--ask:#e9b95a}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1.5rem;\
background:var(--back);color:var(--ink);font:1.0625rem/1.55 system-ui,-apple-system,"Segoe UI",\
"Noto Sans","DejaVu Sans",sans-serif}
main{width:100%;max-width:28rem;padding:2.75rem 2.5rem 1.5rem;text-align:center;background:var(--card);\
border:1px solid var(--line);border-radius:1rem}
svg{display:block;width:4rem;height:4rem;margin:0 auto 1.5rem;fill:none;stroke:currentColor;\
stroke-width:3;stroke-linecap:round;stroke-linejoin:round}
circle{stroke-width:2;opacity:.45}
.good{color:var(--good)}.bad{color:var(--bad)}.note{color:var(--note)}.ask{color:var(--ask)}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25;font-weight:650;letter-spacing:-.01em;\
text-wrap:balance}
p{margin:0;color:var(--soft);text-wrap:balance}
footer{margin-top:2.25rem;padding-top:1.25rem;border-top:1px solid var(--line);color:var(--soft);\
font-size:.8125rem}
@media (max-width:26rem){main{padding:2rem 1.5rem 1.25rem}}
"""

_TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{mark}
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<svg class="{look}" viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="22"/>\
<path d="{sign}"/></svg>
<h1>{title}</h1>
<p>{text}</p>
<footer>Sent by tui-oauth in your terminal</footer>
</main>
</body>
</html>
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = (
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'none'",
    ),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Connection", "close"),
)


@cache
def render(page: Page, allow: str = "GET") -> Response:
    """`page` as a whole answer: status, headers, body.

    `allow` are the methods that METHOD names: those that work at this address and this moment.
    """
    words = _WORDS[page]
    body = _TEMPLATE.format(
        mark=MARK,
        style=_STYLE,
        sign=_SIGNS[words.look],
        look=words.look,
        title=words.title,
        text=words.text,
    ).encode()
    headers: tuple[tuple[str, str], ...] = (
        *_HEADERS,
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
    )
    if page is Page.METHOD:
        headers = (("Allow", allow), *headers)
    return Response(words.status, headers, body)


def redirect(link: str) -> Response:
    """The answer to a short link: on to the authorization link, which must be printable ASCII."""
    if not link.isascii() or not link.isprintable() or " " in link:
        raise ValueError("a link in a header must be printable ASCII without blanks")
    return Response(302, (*_HEADERS, ("Location", link), ("Content-Length", "0")), b"")


def to_bytes(response: Response, *, head_only: bool = False) -> bytes:
    """What goes over the wire. `head_only` leaves the body out, as the answer to HEAD must."""
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    head = "\r\n".join((*lines, "", "")).encode("ascii")
    return head if head_only else head + response.body
