"""What standard tokens are for: /api, a protected resource (RFC 6750, 9449, 9728), and /oauth/userinfo."""

from __future__ import annotations

from tui_oauth.practice import metadata
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.dpop import Proofs, Unproven
from tui_oauth.practice.id_tokens import person_claims
from tui_oauth.practice.records import WORKSPACES, Access
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import Reply, WebRequest, as_json


class Resource:
    """Answers whoever has a good token, and tells the others how to get one."""

    def __init__(self, store: Store, proofs: Proofs) -> None:
        self._store = store
        self._proofs = proofs

    def orders(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """GET /api: needs the scope read, and a token that is for this resource or for any."""
        access = self._access(request, behaviour, "read")
        if isinstance(access, Reply):
            return access
        here = f"{request.origin}{metadata.RESOURCE}"
        if access.resources and here not in access.resources:
            return self._challenge(request, behaviour, "invalid_token", "It is for another API.")
        workspace = WORKSPACES[access.grant.workspace]
        orders = [{"id": 1, "title": "Lanterns for the harbour"}, {"id": 2, "title": "Tea"}]
        answer: dict[str, object] = {"workspace": workspace, "orders": orders}
        if access.grant.person:
            answer["person"] = person_claims(access.scopes)
        return as_json(200, answer)

    def userinfo(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """GET or POST /oauth/userinfo (OpenID Connect Core section 5.3)."""
        access = self._access(request, behaviour, "openid")
        if isinstance(access, Reply):
            return access
        if not access.grant.person:
            return self._challenge(request, behaviour, "invalid_token", "It is of no person.")
        return as_json(200, person_claims(access.scopes))

    def _access(self, request: WebRequest, behaviour: Behaviour, scope: str) -> Access | Reply:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return self._challenge(request, behaviour)
        access = self._store.access(token.strip())
        if scheme.lower() not in {"bearer", "dpop"} or access is None:
            return self._challenge(request, behaviour, "invalid_token", "The token is not good.")
        bound = "dpop" if access.jkt else "bearer"
        if scheme.lower() != bound:
            return self._challenge(request, behaviour, "invalid_token", f"Send it as {bound}.")
        if access.jkt:
            try:
                jkt = self._proofs.check(
                    request, nonce=behaviour.dpop_nonces, access_token=token.strip()
                )
            except Unproven as problem:
                return self._challenge(request, behaviour, problem.error, problem.words)
            if jkt != access.jkt:
                words = "The proof is missing or of another key."
                return self._challenge(request, behaviour, "invalid_dpop_proof", words)
        if scope not in access.scopes:
            words = f"It needs the scope {scope}."
            return self._challenge(request, behaviour, "insufficient_scope", words, scope)
        return access

    def _challenge(
        self,
        request: WebRequest,
        behaviour: Behaviour,
        error: str = "",
        words: str = "",
        scope: str = "",
    ) -> Reply:
        """RFC 6750 section 3, with the address of the metadata (RFC 9728 section 5.1)."""
        said = [('error="', error), ('error_description="', words), ('scope="', scope)]
        details = [f'{name}{value}"' for name, value in said if value]
        details.append(f'resource_metadata="{request.origin}{metadata.RESOURCE_PATH}"')
        bearer = "Bearer " + ", ".join(['realm="practice"', *details])
        bound = "DPoP " + ", ".join(['algs="ES256"', *details])
        about_dpop = behaviour.dpop_required or "dpop" in error
        headers = {"WWW-Authenticate": bound if about_dpop else f"{bearer}, {bound}"}
        if behaviour.dpop_nonces:
            headers["DPoP-Nonce"] = self._proofs.nonce()
        status = 403 if error == "insufficient_scope" else 401
        body = {"error": error, "error_description": words} if error else {}
        return as_json(status, body, headers)
