"""Who sends a request to a standard endpoint, and what is in it (RFC 6749 sections 2.3 and 3.2)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote_plus

from tui_oauth.practice.records import App
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import Reply, WebRequest, form, oauth_error

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")


class Sent(NamedTuple):
    """The parameters of a request, each there once but for `resources` (RFC 8707 section 2)."""

    values: dict[str, str]
    resources: tuple[str, ...]

    def get(self, name: str) -> str:
        """The value, empty where the parameter is missing: the same thing (RFC 6749 section 3.1)."""
        return self.values.get(name, "")


def parameters(request: WebRequest) -> Sent | Reply:
    """What a form body holds, or the error to answer with."""
    if request.media_type != "application/x-www-form-urlencoded":
        return oauth_error("invalid_request", "Send application/x-www-form-urlencoded.")
    return once(form(request))


def once(pairs: Sequence[tuple[str, str]]) -> Sent | Reply:
    """The parameters of `pairs`, or the error to answer with when one is there twice."""
    resources = tuple(dict.fromkeys(value for name, value in pairs if name == "resource"))
    rest = [(name, value) for name, value in pairs if name != "resource"]
    values = dict(rest)
    if len(values) != len(rest):
        twice = next(name for name, _ in rest if [other for other, _ in rest].count(name) > 1)
        return oauth_error("invalid_request", f"{twice[:60]} was sent twice.")
    return Sent(values, resources)


def authenticated(store: Store, request: WebRequest, sent: Sent, now: float) -> App | Reply:
    """The client, authenticated as it is registered, or the error to answer with."""
    header = request.headers.get("authorization", "")
    if header:
        if sent.get("client_secret"):
            return oauth_error("invalid_request", "The client authenticates in two ways.")
        known = _basic(header)
        if known is None:
            return _not_authenticated("The Authorization header cannot be read.", header)
        client_id, secret = known
        method = "client_secret_basic"
        if sent.get("client_id") not in {"", client_id}:
            return oauth_error("invalid_request", "client_id is not the one that authenticates.")
    else:
        client_id, secret = sent.get("client_id"), sent.get("client_secret")
        method = "client_secret_post" if secret else "none"
    app = store.app_of_client(client_id)
    if app is None:
        return _not_authenticated("No client has this client_id.", header)
    accepted = (app.auth_method,) if app.auth_method else AUTH_METHODS[:2]
    if method not in accepted:
        words = f"This client authenticates with {' or '.join(accepted)}."
        return _not_authenticated(words, header)
    if app.has_secret:
        if not hmac.compare_digest(app.client_secret.encode(), secret.encode("utf-8", "replace")):
            return _not_authenticated("The client secret is not the right one.", header)
        if app.secret_expires_at and now >= app.secret_expires_at:
            return _not_authenticated("The client secret has expired.", header)
    return app


def _basic(header: str) -> tuple[str, str] | None:
    """ID and secret of HTTP Basic, each form-urlencoded before (RFC 6749 section 2.3.1)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else None


def _not_authenticated(words: str, header: str) -> Reply:
    """RFC 6749 section 5.2: 401, and a challenge for the scheme that was tried."""
    challenge = {"WWW-Authenticate": 'Basic realm="practice"'} if header else None
    return oauth_error("invalid_client", words, 401, challenge)
