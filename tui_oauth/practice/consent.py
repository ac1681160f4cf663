"""The authorization endpoint, /oauth: checks the request, asks the person, sends the browser back.

Like Intercom it needs only `client_id`; `response_type`, `redirect_uri`, `state` and PKCE are
optional. An error that concerns the client or the redirect URI stays on our own page (RFC 6749
section 4.1.2.1: the browser must not be sent to an address that nobody registered).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from tui_oauth.practice import consent_pages
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.hub import link_problem
from tui_oauth.practice.records import WORKSPACES, App
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import (
    Reply,
    WebRequest,
    csrf_fits,
    csrf_token,
    form,
    page,
    pairs,
    see_other,
)

# What the form carries on from the authorization request.
_CARRIED = (
    "client_id",
    "redirect_uri",
    "state",
    "response_type",
    "code_challenge",
    "code_challenge_method",
)
_SHOWN_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class _Asked:
    """An authorization request that may be put to the person."""

    app: App
    redirect_uri: str
    state: str | None
    code_challenge: str
    sent: dict[str, str]


class Consent:
    """Answers requests for /oauth."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    def handle(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        values = form(request) if request.method == "POST" else pairs(request.query)
        asked = self._check(values, behaviour)
        if isinstance(asked, Reply):
            return asked
        purpose = f"/oauth {asked.app.client_id}"
        if request.method != "POST":
            shown = consent_pages.consent(
                asked.app,
                asked.redirect_uri,
                asked.sent.items(),
                csrf_token(self._key, purpose),
                permissions=asked.app.permissions,
            )
            return page(shown, form_target=asked.redirect_uri)
        if not csrf_fits(self._key, purpose, values) or request.from_another_site:
            return stop(
                "This form is too old",
                "Nothing was authorized. Open the Authorization link again.",
                status=403,
            )
        fields = dict(values)
        if fields.get("answer") != "allow" or behaviour.deny:
            return _back(asked, behaviour, error="access_denied")
        workspace = fields.get("workspace", "") if asked.app.public else asked.app.workspace
        if workspace not in WORKSPACES:
            workspace = asked.app.workspace
        code = self._store.consent(asked.app, workspace, asked.redirect_uri, asked.code_challenge)
        return _back(asked, behaviour, code=code)

    def _check(self, values: Sequence[tuple[str, str]], behaviour: Behaviour) -> _Asked | Reply:
        names = [name for name, _ in values if name in _CARRIED]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            return stop(
                "A parameter was sent twice",
                f"Each may be there once (RFC 6749 section 3.1): {', '.join(repeated)}.",
            )
        sent = {name: value for name, value in values if name in _CARRIED}
        client_id = sent.get("client_id", "")
        app = self._store.app_of_client(client_id)
        if app is None:
            return stop(
                "No app has this client ID",
                "Compare it with the app's Basic Information page. The practice provider forgets its apps when it stops.",
                [("client_id", client_id)],
            )
        if not app.use_oauth or not app.redirect_links:
            return stop(
                "This app is not set up for OAuth",
                "On its Authentication page press Edit, tick Use OAuth, add a redirect link, and press Save.",
                app=app,
            )
        redirect_uri = sent.get("redirect_uri") or app.redirect_links[0]
        if (wrong := refused_redirect(app, redirect_uri, behaviour)) is not None:
            return wrong
        asked = _Asked(app, redirect_uri, sent.get("state"), sent.get("code_challenge", ""), sent)
        if sent.get("response_type", "code") != "code":
            return _back(asked, behaviour, error="unsupported_response_type")
        if asked.code_challenge:
            # RFC 7636 section 4.4.1. Its default method, plain, is of no use and not offered.
            if sent.get("code_challenge_method") != "S256":
                return _back(asked, behaviour, error="invalid_request")
            if not re.fullmatch(r"[A-Za-z0-9_-]{43}", asked.code_challenge):
                return _back(asked, behaviour, error="invalid_request")
        return asked


def refused_redirect(app: App, redirect_uri: str, behaviour: Behaviour) -> Reply | None:
    """The page to show when `redirect_uri` is not one of the app's; None when it is."""
    if redirect_uri in app.redirect_links:
        return None
    if behaviour.any_redirect and not link_problem(redirect_uri, https_only=False):
        return None
    return stop(
        "The redirect URI is not registered",
        "It must be the same as one of the app's redirect links, character by character.",
        [("redirect_uri", redirect_uri)],
        redirect_links=app.redirect_links,
        hint=difference(redirect_uri, app.redirect_links),
        app=app,
    )


def stop(
    title: str,
    advice: str,
    sent: Sequence[tuple[str, str]] = (),
    *,
    status: int = 400,
    redirect_links: Sequence[str] | None = None,
    hint: str = "",
    app: App | None = None,
) -> Reply:
    """The page on which a sign-in ends, because the browser must not be sent anywhere."""
    shown = [(name, value[:_SHOWN_LENGTH]) for name, value in sent]
    body = consent_pages.cannot_authorize(
        title, advice, shown, redirect_links=redirect_links, hint=hint, app=app
    )
    return page(body, status)


def _back(asked: _Asked, behaviour: Behaviour, *, code: str = "", error: str = "") -> Reply:
    """Sends the browser to the redirect URI with the code or the error (RFC 6749 section 4.1.2)."""
    # A code's "=" stays as it is, as Intercom sends it.
    parameters = f"code={quote(code, safe='=')}" if code else f"error={quote(error)}"
    if asked.state is not None and not behaviour.drop_state:
        parameters += f"&state={quote(asked.state, safe='')}"
    return see_other(with_query(asked.redirect_uri, parameters))


def with_query(uri: str, parameters: str) -> str:
    """`uri` with `parameters` after those that it has (RFC 6749 section 3.1.2)."""
    separator = "?" if "?" not in uri else "" if uri.endswith(("?", "&")) else "&"
    return f"{uri}{separator}{parameters}"


def difference(sent: str, registered: Sequence[str]) -> str:
    """In words, how `sent` differs from a registered link that is almost the same; else empty."""
    for link in registered:
        if sent == link:
            continue
        try:
            mine, theirs = urlsplit(sent), urlsplit(link)
            ports = (mine.port, theirs.port)
        except ValueError:
            continue
        if sent.rstrip("/") == link.rstrip("/"):
            return "They differ only in the slash at the end."
        if mine._replace(scheme="") == theirs._replace(scheme=""):
            return f"They differ only in {mine.scheme} and {theirs.scheme}."
        loopback = {"127.0.0.1", "localhost", "::1"}
        if (mine.path, mine.scheme) == (theirs.path, theirs.scheme):
            if mine.hostname == theirs.hostname and ports[0] != ports[1]:
                return f"They differ only in the port: {ports[0]} and {ports[1]}."
            if mine.hostname in loopback and theirs.hostname in loopback:
                return f"They differ only in the host: {mine.hostname} and {theirs.hostname}."
    return ""
