"""The standard authorization endpoint, /oauth/authorize, and its pushed requests, /oauth/par.

RFC 6749 section 4.1, RFC 7636, RFC 8707, RFC 9126 and RFC 9207, OpenID Connect's nonce.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from tui_oauth.practice import consent_pages
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.clients import Sent, authenticated, once, parameters
from tui_oauth.practice.consent import refused_redirect, stop, with_query
from tui_oauth.practice.dpop import Proofs, Unproven
from tui_oauth.practice.pending import Pending
from tui_oauth.practice.records import SCOPES, WORKSPACES, App, Terms
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import (
    Reply,
    WebRequest,
    as_json,
    csrf_fits,
    csrf_token,
    form,
    oauth_error,
    page,
    pairs,
    see_other,
)

_CARRIED = frozenset(
    {
        "client_id",
        "request_uri",
        "redirect_uri",
        "state",
        "response_type",
        "scope",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "dpop_jkt",
    }
)


class Wrong(NamedTuple):
    """Why a request cannot be granted, in the words of RFC 6749 section 4.1.2.1."""

    error: str
    words: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """An authorization request whose client and redirect URI are good."""

    app: App
    redirect_uri: str
    state: str
    code_challenge: str
    terms: Terms
    request_uri: str
    sent: Sent
    wrong: Wrong | None = None


class Authorization:
    """Answers requests for /oauth/authorize and /oauth/par."""

    def __init__(self, store: Store, pending: Pending, proofs: Proofs, key: bytes) -> None:
        self._store = store
        self._pending = pending
        self._proofs = proofs
        self._key = key

    def authorize(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """GET shows the consent page, POST is its form."""
        values = form(request) if request.method == "POST" else pairs(request.query)
        asked = self._asked(request.origin, values, behaviour)
        if isinstance(asked, Reply):
            return asked
        if asked.wrong is not None:
            return _back(request, asked, behaviour, wrong=asked.wrong)
        purpose = f"/oauth/authorize {asked.app.client_id}"
        if request.method != "POST":
            shown = consent_pages.consent(
                asked.app,
                asked.redirect_uri,
                [(name, value) for name, value in values if name in _CARRIED | {"resource"}],
                csrf_token(self._key, purpose),
                permissions=[SCOPES[scope] for scope in asked.terms.scopes],
                action="/oauth/authorize",
            )
            return page(shown, form_target=asked.redirect_uri)
        if not csrf_fits(self._key, purpose, values) or request.from_another_site:
            return stop(
                "This form is too old",
                "Nothing was authorized. Open the Authorization link again.",
                status=403,
            )
        if asked.request_uri:
            self._pending.use(asked.request_uri)
        fields = dict(values)
        if fields.get("answer") != "allow" or behaviour.deny:
            denied = Wrong("access_denied", "The person said no.")
            return _back(request, asked, behaviour, wrong=denied)
        app = asked.app
        workspace = chosen_workspace(app, fields.get("workspace", ""))
        code = self._store.consent(
            app, workspace, asked.redirect_uri, asked.code_challenge, asked.terms
        )
        return _back(request, asked, behaviour, code=code)

    def push(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """POST /oauth/par: the request ahead of the browser (RFC 9126 section 2).

        With a fresh nonce in the answer where nonces are demanded (RFC 9449 section 8.2).
        """
        reply = self._push(request, behaviour)
        if behaviour.dpop_nonces:
            reply.headers["DPoP-Nonce"] = self._proofs.nonce()
        return reply

    def _push(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        sent = parameters(request)
        if isinstance(sent, Reply):
            return sent
        app = authenticated(self._store, request, sent, self._store.now())
        if isinstance(app, Reply):
            return app
        if "request_uri" in sent.values:
            return oauth_error("invalid_request", "request_uri cannot be pushed.")
        try:
            jkt = self._proofs.check(request, nonce=behaviour.dpop_nonces)
        except Unproven as problem:
            return oauth_error(problem.error, problem.words)
        redirect_uri = sent.get("redirect_uri")
        if refused_redirect(app, redirect_uri, behaviour) is not None:
            return oauth_error("invalid_request", "redirect_uri is not registered.")
        found = _terms(request.origin, app, sent)
        if isinstance(found, Wrong):
            return oauth_error(found.error, found.words)
        if jkt and found.jkt not in {"", jkt}:
            return oauth_error("invalid_dpop_proof", "dpop_jkt is not the key of the proof.")
        uri = self._pending.push(app, sent, jkt or found.jkt, behaviour.par_lifetime)
        return as_json(201, {"request_uri": uri, "expires_in": behaviour.par_lifetime})

    def _asked(
        self, origin: str, values: Sequence[tuple[str, str]], behaviour: Behaviour
    ) -> _Asked | Reply:
        read = once([(name, value) for name, value in values if name in _CARRIED | {"resource"}])
        if isinstance(read, Reply):
            return stop(
                "A parameter was sent twice",
                "Each may be there once (RFC 6749 section 3.1).",
            )
        client_id, uri = read.get("client_id"), read.get("request_uri")
        app = self._store.app_of_client(client_id)
        if app is None:
            return stop(
                "No app has this client ID",
                "Compare it with the app's Basic Information page. The practice provider forgets its apps when it stops.",
                [("client_id", client_id)],
            )
        sent, jkt = read, ""
        if uri:
            pushed = self._pending.pushed(app, uri)
            if pushed is None:
                return stop(
                    "This pushed request is not known",
                    "It has ended, was used, or belongs to another client. Push a new one (RFC 9126 section 2.2).",
                    [("request_uri", uri)],
                )
            sent, jkt = pushed.sent, pushed.jkt
        redirect_uri = sent.get("redirect_uri")
        if (wrong := refused_redirect(app, redirect_uri, behaviour)) is not None:
            return wrong
        asked = _Asked(
            app, redirect_uri, sent.get("state"), sent.get("code_challenge"), Terms(), uri, sent
        )
        if behaviour.par_required and not uri:
            return replace(asked, wrong=Wrong("invalid_request", "Push the request first (PAR)."))
        found = _terms(origin, app, sent)
        if isinstance(found, Wrong):
            return replace(asked, wrong=found)
        return replace(asked, terms=replace(found, jkt=jkt or found.jkt))


def _terms(origin: str, app: App, sent: Sent) -> Terms | Wrong:
    """What is asked for, or what is wrong with it."""
    if sent.get("response_type") != "code":
        return Wrong("unsupported_response_type", "Only code is known here.")
    if not app.may("authorization_code"):
        return Wrong("unauthorized_client", "The client did not register authorization_code.")
    challenge = sent.get("code_challenge")
    if not challenge and not app.has_secret:
        return Wrong("invalid_request", "A public client needs PKCE (code_challenge).")
    if challenge and sent.get("code_challenge_method") != "S256":
        return Wrong("invalid_request", "The only code_challenge_method is S256.")
    if challenge and not re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge):
        return Wrong("invalid_request", "code_challenge is not an S256 challenge.")
    return terms(origin, sent)


def terms(origin: str, sent: Sent) -> Terms | Wrong:
    """Scopes and resources as they are asked for, also without a browser."""
    scopes = tuple(dict.fromkeys((sent.get("scope") or "read").split()))
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        return Wrong("invalid_scope", f"Known are: {' '.join(SCOPES)}.")
    if not all(is_resource(origin, uri) for uri in sent.resources):
        return Wrong("invalid_target", f"The resource here is {origin}/api.")
    return Terms(scopes, sent.resources, sent.get("nonce"), sent.get("dpop_jkt"))


def is_resource(origin: str, uri: str) -> bool:
    """Whether `uri` names something of ours, as RFC 8707 section 2 wants it: without fragment."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return f"{parts.scheme}://{parts.netloc}" == origin and "#" not in uri


def chosen_workspace(app: App, wanted: str) -> str:
    """The workspace that a form names, where the app leaves the choice."""
    return wanted if app.public and wanted in WORKSPACES else app.workspace


def _back(
    request: WebRequest,
    asked: _Asked,
    behaviour: Behaviour,
    *,
    code: str = "",
    wrong: Wrong | None = None,
) -> Reply:
    """Sends the browser to the redirect URI, with the issuer's name (RFC 9207 section 2)."""
    answer = [("code", code)] if code else []
    if wrong is not None:
        answer += [("error", wrong.error), ("error_description", wrong.words)]
    if asked.state and not behaviour.drop_state:
        answer.append(("state", asked.state))
    issuer = "http://127.0.0.1:1" if behaviour.odd_iss == "wrong" else request.origin
    if behaviour.odd_iss != "missing":
        answer.append(("iss", issuer))
    if behaviour.odd_iss == "twice":
        answer.append(("iss", issuer))
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in answer)
    return see_other(with_query(asked.redirect_uri, query))
