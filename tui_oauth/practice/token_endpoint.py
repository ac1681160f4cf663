"""The standard token endpoint, /oauth/token: one method for each grant (RFC 6749 sections 4 to 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tui_oauth.practice.authorization import Wrong, terms
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.clients import Sent, authenticated, parameters
from tui_oauth.practice.device import GRANT as DEVICE_GRANT
from tui_oauth.practice.dpop import Proofs, Unproven
from tui_oauth.practice.id_tokens import IdTokens
from tui_oauth.practice.odd import odd_answer
from tui_oauth.practice.pending import Pending
from tui_oauth.practice.records import App, Issued, Refused, Terms, Wanted
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import Reply, WebRequest, as_json, oauth_error

LIFETIME_S = 3600
GRANTS = ("authorization_code", "refresh_token", "client_credentials", DEVICE_GRANT)


class TokenEndpoint:
    """Answers token requests. `count` is called with the grant of each authenticated one."""

    def __init__(
        self,
        store: Store,
        pending: Pending,
        proofs: Proofs,
        id_tokens: IdTokens,
        count: Callable[[str], None],
    ) -> None:
        self._store = store
        self._pending = pending
        self._proofs = proofs
        self._id_tokens = id_tokens
        self._count = count

    def token(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """POST /oauth/token, with a fresh nonce in the answer where nonces are demanded."""
        try:
            reply = self._token(request, behaviour)
        except Unproven as problem:
            reply = oauth_error(problem.error, problem.words)
        except Refused as problem:
            reply = oauth_error(problem.error, problem.reason)
        if behaviour.dpop_nonces:
            reply.headers["DPoP-Nonce"] = self._proofs.nonce()
        return reply

    def _token(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        sent = parameters(request)
        if isinstance(sent, Reply):
            return sent
        app = authenticated(self._store, request, sent, self._store.now())
        if isinstance(app, Reply):
            return app
        grant = sent.get("grant_type")
        if grant not in GRANTS:
            return oauth_error("unsupported_grant_type", f"Known are: {', '.join(GRANTS)}.")
        if not app.may(grant):
            return oauth_error("unauthorized_client", f"The client did not register {grant}.")
        jkt = self._proofs.check(request, nonce=behaviour.dpop_nonces)
        if behaviour.dpop_required and not jkt:
            raise Unproven("A DPoP proof is needed.")
        self._count(
            {
                "authorization_code": "code",
                "refresh_token": "refresh",
                DEVICE_GRANT: "device_code",
            }.get(grant, grant)
        )
        lifetime = LIFETIME_S if behaviour.expires_in is None else behaviour.expires_in
        wanted = Wanted(lifetime, resources=sent.resources or None, jkt=jkt)
        issued = self._granted(request, app, grant, sent, wanted, behaviour)
        return self._answer(request, issued, behaviour, first=grant != "refresh_token")

    def _granted(
        self,
        request: WebRequest,
        app: App,
        grant: str,
        sent: Sent,
        wanted: Wanted,
        behaviour: Behaviour,
    ) -> Issued:
        """The tokens, or Refused."""
        if grant == "client_credentials":
            asked = self._asked(request, sent)
            if not app.has_secret:
                raise Refused("a public client cannot do that", "unauthorized_client")
            own = self._store.grant_directly
            return own(app, app.workspace, asked, wanted, refresh=False, person=False)
        refreshes = app.may("refresh_token")
        if grant == "refresh_token":
            if sent.get("scope"):
                scopes = tuple(dict.fromkeys(sent.get("scope").split()))
                wanted = replace(wanted, scopes=scopes)
            # RFC 9700 section 4.14.2: a public client's refresh token rotates, or is bound to a key.
            rotating = behaviour.rotating_refresh or not (app.has_secret or wanted.jkt)
            issued = self._store.refresh(app, sent.get("refresh_token"), wanted, rotating=rotating)
            return issued if rotating else replace(issued, refresh_token="")
        if grant == DEVICE_GRANT:
            device = self._pending.poll(
                app, sent.get("device_code"), slow_down=behaviour.device_slow_down
            )
            return self._store.grant_directly(
                app, device.workspace, device.terms, wanted, refresh=refreshes
            )
        return self._store.exchange(
            app,
            sent.get("code"),
            verifier=sent.get("code_verifier"),
            redirect_uri=sent.get("redirect_uri"),
            wanted=wanted,
            refresh=refreshes,
        )

    def _asked(self, request: WebRequest, sent: Sent) -> Terms:
        found = terms(request.origin, sent)
        if isinstance(found, Wrong):
            raise Refused(found.words, found.error)
        return found

    def _answer(
        self, request: WebRequest, issued: Issued, behaviour: Behaviour, *, first: bool
    ) -> Reply:
        """RFC 6749 section 5.1."""
        access = issued.access
        answer: dict[str, object] = {
            "access_token": issued.access_token,
            "token_type": "DPoP" if access.jkt else "Bearer",
            "scope": " ".join(access.scopes),
        }
        if access.ends is not None:
            answer["expires_in"] = int(access.ends - access.issued_at)
        if issued.refresh_token:
            answer["refresh_token"] = issued.refresh_token
        if "openid" in access.scopes and issued.grant.person:
            answer["id_token"] = self._id_tokens.make(
                request.origin, issued, behaviour, first=first
            )
        if behaviour.odd_json:
            return odd_answer(behaviour.odd_json, answer)
        return as_json(200, answer)
