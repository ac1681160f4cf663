"""Requests and replies of the practice provider as plain values, and how replies are made."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tui_oauth.practice.html import Html

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_PLAIN_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


class Reply(NamedTuple):
    """One answer: status, header names to values, body.

    `missing` bytes are promised after the body and never come: the connection ends.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    missing: int = 0


@dataclass(frozen=True, slots=True)
class WebRequest:
    """One request. Header names are lower case; `query` is raw. Its `repr` shows no secrets."""

    method: str
    path: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def origin(self) -> str:
        """Scheme, host and port by which we were called: what the standard endpoints call themselves.

        Behind it is nobody but us, since only loopback names get this far.
        """
        return f"http://{self.headers.get('host', '').lower()}"

    @property
    def host_is_loopback(self) -> bool:
        """Whether the Host header names this machine. Anything else is DNS rebinding."""
        name = re.fullmatch(
            r"(\[[0-9a-fA-F:]+\]|[^:\[\]]+)(:[0-9]*)?", self.headers.get("host", "")
        )
        return name is not None and name[1].lower().removesuffix(".") in _LOOPBACK_NAMES

    @property
    def from_another_site(self) -> bool:
        """Whether a browser says that a page of another origin sent this."""
        if self.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return True
        origin = self.headers.get("origin")
        return origin is not None and _authority(origin) != self.headers.get("host", "").lower()


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of a query or a form, each decoded once; at most 500 of them count."""
    return parse_qsl(text, keep_blank_values=True, max_num_fields=500)


def form(request: WebRequest) -> list[tuple[str, str]]:
    """The parameters of a form body."""
    return pairs(request.body.decode("utf-8", "replace"))


def page(
    body: Html, status: int = 200, *, form_target: str = "", head: Mapping[str, str] | None = None
) -> Reply:
    """A web page. `form_target`: a URL that a form's answer may lead the browser to."""
    policy = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'; form-action 'self'{_source(form_target)}"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        # Not no-referrer: with it, browsers send "Origin: null" along with our own forms.
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        **(head or {}),
    }
    return _reply(status, headers, body.encode("utf-8", "replace"))


def _source(url: str) -> str:
    """The origin of `url` as a source of a Content Security Policy, with a blank before it.

    Browsers apply form-action to the redirect that follows a form. The policy's grammar has no
    IPv6 addresses; such a target allows its whole scheme.
    """
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        return ""
    if _PLAIN_HOST.fullmatch(parts.netloc):
        return f" {parts.scheme}://{parts.netloc}"
    return f" {parts.scheme}:"


def see_other(address: str) -> Reply:
    """Sends the browser to `address` with GET."""
    headers = {"Location": address, "Referrer-Policy": "no-referrer"}
    return _reply(303, headers, b"")


def as_json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
    return raw_json(status, json.dumps(value, ensure_ascii=False).encode(), headers)


def raw_json(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer; never stored (RFC 6749 section 5.1)."""
    made = {"Content-Type": "application/json; charset=utf-8", "Pragma": "no-cache"}
    return _reply(status, {**made, **(headers or {})}, body)


def oauth_error(
    error: str, words: str = "", status: int = 400, headers: Mapping[str, str] | None = None
) -> Reply:
    """An error as RFC 6749 section 5.2 has it, and the extensions after it."""
    body = {"error": error, **({"error_description": words} if words else {})}
    return as_json(status, body, headers)


def asset(media_type: str, text: str) -> Reply:
    return _reply(200, {"Content-Type": media_type}, text.encode())


def plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    made = {"Content-Type": "text/plain; charset=utf-8"}
    return _reply(status, {**made, **(headers or {})}, text.encode())


def _reply(status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    common = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Reply(status, {**common, **headers}, body)


def csrf_token(key: bytes, purpose: str) -> str:
    """What a form for `purpose` carries, to show that our own page made it.

    Pages of other origins can neither read it (same-origin policy, Host check) nor compute it.
    """
    return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()


def csrf_fits(key: bytes, purpose: str, values: Iterable[tuple[str, str]]) -> bool:
    sent = next((value for name, value in values if name == "csrf"), "")
    return sent.isascii() and hmac.compare_digest(csrf_token(key, purpose), sent)
