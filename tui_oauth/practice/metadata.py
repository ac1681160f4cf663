"""What the provider says of itself: RFC 8414, OpenID Connect Discovery, RFC 9728."""

from __future__ import annotations

from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.clients import AUTH_METHODS
from tui_oauth.practice.records import SCOPES
from tui_oauth.practice.token_endpoint import GRANTS
from tui_oauth.practice.web import Reply, WebRequest, as_json

RESOURCE = "/api"
PATHS = frozenset({"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"})
RESOURCE_PATH = f"/.well-known/oauth-protected-resource{RESOURCE}"


def server(request: WebRequest, behaviour: Behaviour) -> Reply:
    """The authorization server's metadata, the same in both places."""
    at = request.origin
    found: dict[str, object] = {
        "issuer": at,
        "authorization_endpoint": f"{at}/oauth/authorize",
        "token_endpoint": f"{at}/oauth/token",
        "device_authorization_endpoint": f"{at}/oauth/device",
        "pushed_authorization_request_endpoint": f"{at}/oauth/par",
        "require_pushed_authorization_requests": behaviour.par_required,
        "revocation_endpoint": f"{at}/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "introspection_endpoint": f"{at}/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": list(AUTH_METHODS[:2]),
        "registration_endpoint": f"{at}/oauth/register",
        "userinfo_endpoint": f"{at}/oauth/userinfo",
        "jwks_uri": f"{at}/oauth/jwks",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": True,
        "protected_resources": [f"{at}{RESOURCE}"],
        "service_documentation": f"{at}/",
    }
    match behaviour.odd_metadata:
        case "issuer":
            found["issuer"] = "http://127.0.0.1:1"
        case "slash":
            found["issuer"] = f"{at}/"
        case "plain-pkce":
            found["code_challenge_methods_supported"] = ["plain"]
        case "other-host":
            found["token_endpoint"] = "http://localhost:1/oauth/token"
        case "no-token-endpoint":
            del found["token_endpoint"]
    return as_json(200, found)


def resource(request: WebRequest, behaviour: Behaviour) -> Reply:
    """The protected resource's metadata (RFC 9728 section 3)."""
    at = request.origin
    odd = behaviour.odd_metadata == "resource"
    return as_json(
        200,
        {
            "resource": "http://127.0.0.1:1/api" if odd else f"{at}{RESOURCE}",
            "authorization_servers": [at],
            "scopes_supported": ["read", "write"],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "dpop_bound_access_tokens_required": behaviour.dpop_required,
            "resource_name": "Practice orders",
            "resource_documentation": f"{at}/",
        },
    )
