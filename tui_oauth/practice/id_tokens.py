"""ID tokens, signed with a key that lives as long as the provider (OpenID Connect Core section 2)."""

from __future__ import annotations

import functools
import hashlib

from tui_oauth.practice import jose
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.records import Issued

PERSON_ID = "1001"
LIFETIME_S = 3600
_DAY_S = 86_400


def person_claims(scopes: tuple[str, ...]) -> dict[str, object]:
    """What the scopes let a client know of the person (OpenID Connect Core section 5.4)."""
    claims: dict[str, object] = {"sub": PERSON_ID}
    if "profile" in scopes:
        claims["name"] = "Robin Vale"
    if "email" in scopes:
        claims |= {"email": "robin@practice.example", "email_verified": True}
    return claims


class IdTokens:
    """Makes them, in the ways of `behaviour.ODD_ID_TOKEN` too."""

    @functools.cached_property
    def _key(self) -> jose.SigningKey:
        return jose.SigningKey()

    def keys(self) -> dict[str, object]:
        """The key set document (RFC 7517 section 5)."""
        return {"keys": [self._key.jwk]}

    def make(self, issuer: str, issued: Issued, behaviour: Behaviour, *, first: bool) -> str:
        """The ID token beside `issued`. A refreshed one (not `first`) has no nonce (section 12.2)."""
        access, grant = issued.access, issued.grant
        digest = hashlib.sha256(issued.access_token.encode()).digest()
        claims: dict[str, object] = {
            "iss": issuer,
            "aud": grant.app.client_id,
            "iat": access.issued_at,
            "exp": access.issued_at + LIFETIME_S,
            "auth_time": grant.created_at,
            "at_hash": jose.encoded(digest[:16]),
            **person_claims(access.scopes),
        }
        if first and grant.terms.nonce:
            claims["nonce"] = grant.terms.nonce
        match behaviour.odd_id_token:
            case "issuer":
                claims["iss"] = "http://127.0.0.1:1"
            case "audience":
                claims["aud"] = "another-client"
            case "azp":
                claims |= {"aud": [grant.app.client_id, "another-client"], "azp": "another-client"}
            case "expired":
                claims["exp"] = access.issued_at - LIFETIME_S
            case "future":
                claims["iat"] = access.issued_at + _DAY_S
            case "nonce":
                claims["nonce"] = "another-nonce"
            case "nonce-missing":
                claims.pop("nonce", None)
            case "subject" if not first:
                claims["sub"] = "1002"
            case "huge":
                claims["filling"] = "x" * 70_000
            case "text":
                return "this is no token"
            case "unsigned":
                return jose.unsigned(claims)
        token = self._key.sign(claims)
        if behaviour.odd_id_token == "signature":
            head, _, signature = token.rpartition(".")
            return f"{head}.{signature[::-1]}"
        return token
