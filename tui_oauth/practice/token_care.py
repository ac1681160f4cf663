"""What becomes of tokens: revocation (RFC 7009) and introspection (RFC 7662)."""

from __future__ import annotations

from tui_oauth.practice.clients import Sent, authenticated, parameters
from tui_oauth.practice.id_tokens import PERSON_ID
from tui_oauth.practice.records import App, Refused
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import Reply, WebRequest, as_json, oauth_error


class TokenCare:
    """Answers requests for /oauth/revoke and /oauth/introspect. Hints are not needed here."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def revoke(self, request: WebRequest) -> Reply:
        """An access token ends alone, a refresh token with all that was granted."""
        asked = self._asked(request)
        if isinstance(asked, Reply):
            return asked
        app, sent = asked
        try:
            self._store.revoke(app, sent.get("token"))
        except Refused as problem:
            return oauth_error(problem.error, problem.reason)
        return as_json(200, {})

    def introspect(self, request: WebRequest) -> Reply:
        """What a token of the asking client is good for; of others it is told nothing."""
        asked = self._asked(request)
        if isinstance(asked, Reply):
            return asked
        app, sent = asked
        if not app.has_secret:
            return oauth_error("invalid_client", "Introspection needs a client with a secret.", 401)
        token = sent.get("token")
        access = self._store.access(token)
        grant = access.grant if access is not None else self._store.grant_to_refresh(token)
        if grant is None or grant.app is not app:
            return as_json(200, {"active": False})
        terms = grant.terms
        about: dict[str, object] = {
            "active": True,
            "client_id": app.client_id,
            "iss": request.origin,
            "scope": " ".join(terms.scopes if access is None else access.scopes),
        }
        if grant.person:
            about["sub"] = PERSON_ID
        resources = terms.resources if access is None else access.resources
        if resources:
            about["aud"] = list(resources)
        if access is not None:
            about["token_type"] = "DPoP" if access.jkt else "Bearer"
            about["iat"] = access.issued_at
            if access.ends is not None:
                about["exp"] = int(access.ends)
        jkt = grant.refresh_jkt if access is None else access.jkt
        if jkt:
            about["cnf"] = {"jkt": jkt}
        return as_json(200, about)

    def _asked(self, request: WebRequest) -> tuple[App, Sent] | Reply:
        sent = parameters(request)
        if isinstance(sent, Reply):
            return sent
        app = authenticated(self._store, request, sent, self._store.now())
        if isinstance(app, Reply):
            return app
        if not sent.get("token"):
            return oauth_error("invalid_request", "token is missing.")
        return app, sent
