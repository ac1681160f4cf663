"""The endpoints that programs call: the token endpoint, GET /me and POST /auth/uninstall.

Errors look as Intercom's do (`{"type": "error.list", …}`), except on refresh, which Intercom
does not have: there they follow RFC 6749 section 5.2.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace

from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data import intercom
from tui_oauth.practice.data.access import Limits
from tui_oauth.practice.data.listing import NotUnderstood
from tui_oauth.practice.html import element
from tui_oauth.practice.layout import document
from tui_oauth.practice.odd import odd_answer
from tui_oauth.practice.records import WORKSPACES, App, Grant, Refused, Wanted
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import Reply, WebRequest, as_json, form, page, plain


class Endpoints:
    """Answers API requests. `count` is told the name of each; `limits` are shared by all calls."""

    def __init__(self, store: Store, count: Callable[[str], None], limits: Limits) -> None:
        self._store = store
        self._count = count
        self._limits = limits

    def token(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """POST /auth/eagle/token: a code, or a refresh token where the behaviour issues them."""
        if behaviour.redirects:
            return plain(307, "Moved.", {"Location": "/auth/elsewhere/token"})
        early = out_of_order(behaviour)
        if early is not None:
            return early
        sent = _parameters(request)
        if sent is None:
            return intercom.error(
                NotUnderstood("Send a form or a JSON object, each parameter once")
            )
        grant_type = sent.get("grant_type", "authorization_code")
        app = self._store.app_of_client(sent.get("client_id", ""))
        if app is None or not secrets.compare_digest(
            app.client_secret.encode(), sent.get("client_secret", "").encode("utf-8", "replace")
        ):
            if grant_type == "refresh_token":
                return as_json(401, {"error": "invalid_client"})
            return intercom.error(NotUnderstood("Unauthorized Client", "unauthorized", 401))
        if grant_type == "refresh_token" and behaviour.issues_refresh_tokens:
            self._count("refresh")
            return self._refresh(app, sent, behaviour)
        if grant_type != "authorization_code":
            return as_json(400, {"error": "unsupported_grant_type"})
        self._count("code")
        return self._exchange(app, sent, behaviour)

    def _exchange(self, app: App, sent: Mapping[str, str], behaviour: Behaviour) -> Reply:
        try:
            issued = self._store.exchange(
                app,
                sent.get("code", ""),
                verifier=sent.get("code_verifier", ""),
                redirect_uri=sent.get("redirect_uri"),
                wanted=Wanted(behaviour.expires_in),
                refresh=behaviour.issues_refresh_tokens,
            )
        except Refused:
            # Like Intercom: one message, whatever is wrong with the code.
            return intercom.error(NotUnderstood("Unauthorized Code", "unauthorized", 401))
        return _granted(issued.access_token, issued.refresh_token, behaviour)

    def _refresh(self, app: App, sent: Mapping[str, str], behaviour: Behaviour) -> Reply:
        try:
            issued = self._store.refresh(
                app,
                sent.get("refresh_token", ""),
                Wanted(behaviour.expires_in),
                rotating=behaviour.rotating_refresh,
            )
        except Refused as problem:
            return as_json(400, {"error": "invalid_grant", "error_description": problem.reason})
        renewed = issued if behaviour.rotating_refresh else replace(issued, refresh_token="")
        return _granted(renewed.access_token, renewed.refresh_token, behaviour)

    def me(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """GET /me: the admin who authorized, and the workspace as `app`."""
        early = out_of_order(behaviour)
        if early is not None:
            return early
        grant = self.grant(request)
        if grant is None:
            return intercom.error(NotUnderstood(*intercom.UNAUTHORIZED))
        limit = behaviour.rate_limit
        window, used = self._limits.take(grant.app.client_id, behaviour)
        limits = intercom.limited(window, behaviour.rate_window, limit, max(0, limit - used))
        if used > limit:
            return intercom.error(NotUnderstood(*intercom.OVER_LIMIT), limits)
        return as_json(200, _person(grant), limits)

    def uninstall(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """POST /auth/uninstall: ends the grant that the token belongs to."""
        early = out_of_order(behaviour)
        if early is not None:
            return early
        grant = self.grant(request)
        if grant is None:
            return intercom.error(NotUnderstood(*intercom.UNAUTHORIZED))
        self._store.end_grant(grant)
        return as_json(200, {})

    def grant(self, request: WebRequest) -> Grant | None:
        """The grant that the token of an API call stands for."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._store.grant_of(token.strip()) if scheme.lower() == "bearer" else None


def out_of_order(behaviour: Behaviour) -> Reply | None:
    """What every API request gets while the provider is `down` or answers with `html`."""
    if behaviour.down:
        return plain(503, "Service Unavailable")
    if behaviour.html:
        title = "We will be right back"
        return page(document(title, element("main", element("h1", title))))
    return None


def _parameters(request: WebRequest) -> dict[str, str] | None:
    """The parameters of a form or JSON body; None when it is neither, or repeats one."""
    if request.media_type == "application/json":
        try:
            pairs = json.loads(request.body, object_pairs_hook=list)
        except (ValueError, RecursionError):
            return None
        if not isinstance(pairs, list):
            return None
        if not all(isinstance(pair, tuple) and isinstance(pair[1], str) for pair in pairs):
            return None
    elif request.media_type == "application/x-www-form-urlencoded":
        pairs = form(request)
    else:
        return None
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def _granted(access_token: str, refresh_token: str, behaviour: Behaviour) -> Reply:
    """The token answer. Intercom gives the token twice and nothing else."""
    answer: dict[str, object] = {
        "token_type": "Bearer",
        "token": access_token,
        "access_token": access_token,
    }
    if behaviour.expires_in is not None:
        answer["expires_in"] = behaviour.expires_in
    if refresh_token:
        answer["refresh_token"] = refresh_token
    if behaviour.odd_json:
        return odd_answer(behaviour.odd_json, answer)
    return as_json(200, answer)


def _person(grant: Grant) -> dict[str, object]:
    return {
        "type": "admin",
        "id": "1001",
        "name": "Robin Vale",
        "email": "robin@practice.example",
        "email_verified": True,
        "has_inbox_seat": True,
        "app": {
            "type": "app",
            "id_code": grant.workspace,
            "name": WORKSPACES[grant.workspace],
            "created_at": 1704067200,
            "secure": True,
            "identity_verification": False,
            "timezone": "Europe/London",
            "region": "US",
        },
        "avatar": {"type": "avatar", "image_url": None},
    }
