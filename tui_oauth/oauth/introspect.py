"""Whether the service still takes a token, and for what: introspection (RFC 7662). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui_oauth.errors import ProviderUnreachable
from tui_oauth.oauth import steps
from tui_oauth.oauth.answer import moment_of
from tui_oauth.oauth.client import authentication
from tui_oauth.oauth.explain import refusal
from tui_oauth.oauth.headers import filled_headers, joined_headers
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.id_token import SKEW_SECONDS, BadIdToken, Token, audience_of, moment_in
from tui_oauth.oauth.reading import Unreadable, excerpt, parse_json
from tui_oauth.oauth.token import FORM, JSON, client_values, form_body, json_body
from tui_oauth.oauth.urls import check_endpoint
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.model import TokenSet
    from tui_oauth.oauth.client import Client
    from tui_oauth.oauth.http import Response
    from tui_oauth.services.format import Service

SIGNED_TYPE = "token-introspection+jwt"
"""The `typ` of a signed answer (RFC 9701 section 5), and the end of its media type."""
MAX_SCOPES = 500


@dataclass(frozen=True, slots=True)
class Introspection:
    """What the service says of a token (section 2.2). The texts are neutralised.

    Of a token that is not `active` nothing else is known. `scopes` are None where the answer names
    none; `expires_at` is in Unix seconds, None where unknown; `username` is for people, `subject`
    for machines.
    """

    active: bool
    scopes: tuple[str, ...] | None = None
    expires_at: int | None = None
    client_id: str = ""
    username: str = ""
    subject: str = ""
    token_type: str = ""


def introspection_request(service: Service, client: Client, tokens: TokenSet) -> Request | None:
    """The question about the access token (section 2.1); None where the service takes none.

    The client proves itself as at the token endpoint.
    """
    if not service.introspect_url:
        return None
    headers, credentials = authentication(service, client)
    parameters = {
        "token": tokens.access_token.reveal(),
        "token_type_hint": "access_token",
        **credentials,
    }
    declared = filled_headers(service.quirks.token.headers, client_values(client))
    as_json = service.token_request_format == "json"
    typed = {"Accept": JSON, "Content-Type": JSON if as_json else FORM}
    body = json_body(parameters) if as_json else form_body(parameters)
    url = check_endpoint(service.introspect_url, f"{steps.INTROSPECT} address")
    return Request("POST", url, steps.INTROSPECT, joined_headers(typed, declared, headers), body)


def signed_answer(response: Response) -> str | None:
    """The JWT that a signed answer is (RFC 9701 section 5); None for any other."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != f"application/{SIGNED_TYPE}":
        return None
    return response.body.decode("ascii", "replace").strip()


def read_introspection(service: Service, response: Response) -> Introspection:
    """What the answer says. Active is only what says `true` (checklist rule 97).

    Raises ProviderRefused when the service does not tell this client, and ProviderUnreachable
    when the answer is none.
    """
    problem = refusal(service, response)
    if problem is not None:
        raise problem
    try:
        document = parse_json(response.body)
    except Unreadable as error:
        raise not_understood(service, response, f"as JSON {error}") from None
    if not isinstance(document, dict):
        raise not_understood(service, response, "it is no JSON object")
    return _said_in(document)


def read_signed(token: Token, service: Service, client_id: str, now: int) -> Introspection:
    """What a signed answer says, whose signature has been verified (RFC 9701 section 5).

    Raises BadIdToken unless it is of the service's issuer, for this client, and of now.
    """
    claims = token.claims
    if not service.issuer or claims.get("iss") != service.issuer:
        raise BadIdToken("its issuer is not the service's (iss)")
    if client_id not in audience_of(claims):
        raise BadIdToken("it was made for another client (aud)")
    if abs(moment_in(claims, "iat") - now) > SKEW_SECONDS:
        raise BadIdToken("it was not made now (iat); a clock may be wrong")
    said = claims.get("token_introspection")
    if not isinstance(said, dict):
        raise BadIdToken("it says nothing of a token (token_introspection)")
    return _said_in(said)


def not_understood(service: Service, response: Response, why: str) -> ProviderUnreachable:
    """The error for an answer that says nothing, or that cannot be believed."""
    return ProviderUnreachable(
        f"The answer of {service.name} to the {response.step} was not understood: {why} "
        f"({response.host}, HTTP {response.status}). It begins: {excerpt(response.body)}",
        "Check introspect_url in the service's file.",
    )


def _said_in(document: Mapping[str, Any]) -> Introspection:
    # Anything but true says no: the text "true" is not what section 2.2 has.
    if document.get("active") is not True:
        return Introspection(active=False)
    scope = document.get("scope")
    named = scope.split() if isinstance(scope, str) else None
    ends = document.get("exp")
    return Introspection(
        active=True,
        scopes=None if named is None else tuple(neutralise(one) for one in named[:MAX_SCOPES]),
        expires_at=moment_of(ends) if isinstance(ends, (int, float)) else None,
        client_id=_text(document, "client_id"),
        username=_text(document, "username"),
        subject=_text(document, "sub"),
        token_type=_text(document, "token_type"),
    )


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return neutralise(value.strip()) if isinstance(value, str) else ""
