"""The keys that a provider signs with (RFC 7517): asked for, read, and chosen for one ID token.

Pure; `tui_oauth.signatures` sends the request and does the arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui_oauth.errors import ProviderUnreachable
from tui_oauth.oauth.explain import refusal
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.id_token import BadIdToken
from tui_oauth.oauth.reading import Unreadable, parse_json
from tui_oauth.oauth.urls import check_endpoint

if TYPE_CHECKING:
    from tui_oauth.oauth.http import Response
    from tui_oauth.oauth.id_token import Token
    from tui_oauth.services.format import Service

STEP_KEYS = "request for the provider's keys"
MAX_KEYS = 100

Key = Mapping[str, Any]

ALGORITHMS: Mapping[str, tuple[str, str]] = {
    "RS256": ("RSA", ""),
    "RS384": ("RSA", ""),
    "RS512": ("RSA", ""),
    "PS256": ("RSA", ""),
    "PS384": ("RSA", ""),
    "PS512": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""The algorithms that are verified here, each with its key type and curve (RFC 7518 section 3.1,
RFC 8037). Never `none`, and none with a shared secret: a public key must not pass for one."""


def keys_request(service: Service) -> Request:
    """The request for the provider's key set. It carries nothing and may be repeated."""
    url = check_endpoint(service.extensions.jwks_url, "address of the provider's keys")
    headers = {"Accept": "application/jwk-set+json, application/json"}
    return Request("GET", url, STEP_KEYS, headers)


def read_keys(service: Service, response: Response) -> tuple[Key, ...]:
    """The keys in a key set (RFC 7517 section 5); what is no key is left out.

    Raises ProviderRefused or ProviderUnreachable where there are none to be had.
    """
    problem = refusal(service, response)
    if problem is not None:
        raise problem
    try:
        document = parse_json(response.body)
    except Unreadable as error:
        raise _not_understood(service, response, f"as JSON {error}") from None
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise _not_understood(service, response, "it is no key set")
    return tuple(key for key in keys[:MAX_KEYS] if isinstance(key, dict))


def fitting(token: Token, keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """The `keys` that may have signed `token`: the right type, for signatures, and named by it.

    Raises BadIdToken where there is none, and for an algorithm that is not in `ALGORITHMS`.
    """
    algorithm = token.algorithm
    if algorithm not in ALGORITHMS:
        raise BadIdToken("it is signed in a way that the provider's public keys cannot verify")
    kind, curve = ALGORITHMS[algorithm]
    found = tuple(
        key
        for key in keys
        if key.get("kty") == kind
        and (not curve or key.get("crv") == curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and "verify" in _operations(key)
        and (not token.key_id or key.get("kid") == token.key_id)
    )
    if not found:
        raise BadIdToken("it is signed with a key that the provider does not list")
    return found


def _operations(key: Key) -> list[Any]:
    operations = key.get("key_ops", ["verify"])
    return operations if isinstance(operations, list) else []


def _not_understood(service: Service, response: Response, why: str) -> ProviderUnreachable:
    return ProviderUnreachable(
        f"The answer of {service.name} to the {response.step} was not understood: {why} "
        f"({response.host}, HTTP {response.status}).",
        "Check extensions.jwks_url in the service's file.",
    )
