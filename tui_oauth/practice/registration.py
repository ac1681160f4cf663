"""Clients that register themselves, see and remove their registration (RFC 7591 and 7592)."""

from __future__ import annotations

import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.clients import AUTH_METHODS
from tui_oauth.practice.hub import link_problem
from tui_oauth.practice.records import SCOPES, App
from tui_oauth.practice.store import Store
from tui_oauth.practice.token_endpoint import GRANTS
from tui_oauth.practice.web import Reply, WebRequest, as_json, oauth_error, plain

PATH = "/oauth/register"
_MAX_CLIENTS = 1000
_TEXTS = ("client_name", "client_uri", "software_id", "software_version", "application_type")


class Registration:
    """Answers requests for /oauth/register and for what is behind it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def register(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """POST /oauth/register: anybody may (RFC 7591 section 3)."""
        about = _json(request)
        if about is None:
            return _wrong("Send a JSON object.")
        if len(self._store.apps()) >= _MAX_CLIENTS:
            return oauth_error("temporarily_unavailable", "There are too many clients.", 503)
        uris = about.get("redirect_uris", [])
        method = about.get("token_endpoint_auth_method", "client_secret_basic")
        grants = about.get("grant_types", ["authorization_code"])
        responses = about.get("response_types", ["code"])
        if not (_texts(uris) and _texts(grants) and _texts(responses)):
            return _wrong("redirect_uris, grant_types and response_types are lists of texts.")
        for uri in uris:
            if words := link_problem(uri, behaviour.https_only):
                return oauth_error("invalid_redirect_uri", words)
        if "authorization_code" in grants and not uris:
            return oauth_error("invalid_redirect_uri", "redirect_uris is empty.")
        if method not in AUTH_METHODS:
            return _wrong(f"token_endpoint_auth_method is one of {', '.join(AUTH_METHODS)}.")
        if unknown := [grant for grant in grants if grant not in GRANTS]:
            return _wrong(f"grant_types: {unknown[0][:80]} is not known here.")
        if any(response != "code" for response in responses):
            return _wrong("response_types: only code is known here.")
        kept = {name: about[name] for name in _TEXTS if isinstance(about.get(name), str)}
        scope = about.get("scope", " ".join(SCOPES))
        if not isinstance(scope, str) or not set(scope.split()) <= SCOPES.keys():
            return _wrong(f"scope: known are {' '.join(SCOPES)}.")
        app = self._added(uris, behaviour.register_as or method, grants, behaviour, kept)
        app.metadata = {**kept, "response_types": responses, "scope": scope}
        return as_json(201, _about(request, app))

    def own(self, request: WebRequest) -> Reply:
        """GET and DELETE of the client's own address, with its registration token (RFC 7592)."""
        client_id = request.path.removeprefix(f"{PATH}/")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        app = self._store.app_of_client(client_id)
        known = app is not None and app.registration_token
        if (
            app is None
            or not known
            or scheme.lower() != "bearer"
            or not hmac.compare_digest(
                app.registration_token.encode(), token.encode("utf-8", "replace")
            )
        ):
            challenge = {"WWW-Authenticate": 'Bearer realm="practice", error="invalid_token"'}
            return oauth_error("invalid_token", "This token is not the client's.", 401, challenge)
        if request.method == "DELETE":
            self._store.remove(app)
            return plain(204, "")
        if request.method != "GET":
            return plain(405, "Use GET or DELETE.", {"Allow": "GET, DELETE"})
        return as_json(200, _about(request, app))

    def _added(
        self,
        uris: list[str],
        method: str,
        grants: list[str],
        behaviour: Behaviour,
        kept: Mapping[str, str],
    ) -> App:
        now = int(self._store.now())
        lifetime = behaviour.secret_lifetime
        app = App(
            key=secrets.token_hex(4),
            name=kept.get("client_name", "").strip()[:80] or "A client without a name",
            workspace="aurora01",
            public=False,
            client_id=str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            client_secret="" if method == "none" else secrets.token_urlsafe(32),
            use_oauth=True,
            redirect_links=tuple(dict.fromkeys(uris)),
            auth_method=method,
            grants=tuple(dict.fromkeys(grants)),
            registration_token=f"practice_rat_{secrets.token_urlsafe(32)}",
            created_at=now,
            secret_expires_at=0 if lifetime is None or method == "none" else now + lifetime,
        )
        self._store.add(app)
        return app


def _about(request: WebRequest, app: App) -> dict[str, object]:
    """The client information response (RFC 7591 section 3.2.1, RFC 7592 section 3)."""
    secret: dict[str, object] = {}
    if app.has_secret:
        secret = {
            "client_secret": app.client_secret,
            "client_secret_expires_at": app.secret_expires_at,
        }
    return {
        "client_id": app.client_id,
        **secret,
        "client_id_issued_at": app.created_at,
        "registration_access_token": app.registration_token,
        "registration_client_uri": f"{request.origin}{PATH}/{app.client_id}",
        "redirect_uris": list(app.redirect_links),
        "token_endpoint_auth_method": app.auth_method,
        "grant_types": list(app.grants),
        **app.metadata,
    }


def _json(request: WebRequest) -> dict[str, Any] | None:
    if request.media_type != "application/json":
        return None
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _wrong(words: str) -> Reply:
    return oauth_error("invalid_client_metadata", words)
