"""The client credentials grant (RFC 6749 section 4.4): a token for the client itself, no person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.errors import NeedsPerson, UsageProblem
from tui_oauth.oauth import steps
from tui_oauth.oauth.client import NONE, authentication
from tui_oauth.oauth.token import endpoint_request, read_tokens, with_declared

if TYPE_CHECKING:
    from tui_oauth.model import TokenSet
    from tui_oauth.oauth.client import Client
    from tui_oauth.oauth.http import Request, Response
    from tui_oauth.services.format import Service

# Scopes that speak of a person or of a refresh token (OpenID Connect Core sections 5.4 and 11):
# there is neither.
_OF_A_PERSON = frozenset(
    {"openid", "profile", "email", "address", "phone", "offline_access", "refresh_token"}
)


def client_scopes(service: Service, chosen: tuple[str, ...] | None) -> tuple[str, ...]:
    """The scopes to ask for: the person's choice, what the service declares, else its default ones
    without those that make no sense here.
    """
    if chosen is not None:
        return chosen
    declared = service.quirks.client.scopes
    return declared or tuple(s for s in service.default_scopes if s not in _OF_A_PERSON)


def client_request(service: Service, client: Client, scopes: tuple[str, ...]) -> Request:
    """The request for a token of the client itself (RFC 6749 section 4.4.2).

    Raises UsageProblem when the service does not offer the grant, NeedsPerson when there is no
    client secret: the grant is for confidential clients only.
    """
    if "client_credentials" not in service.grants:
        raise UsageProblem(
            f"{service.name} gives no tokens without a person (client credentials grant).",
            "Create an entry that a person authorizes.",
        )
    if client.auth_method == NONE:
        raise NeedsPerson(
            f"Without a {service.credential_labels.client_secret} {service.name} gives no token to "
            "the app itself.",
            "Configure the entry with it.",
        )
    headers, credentials = authentication(service, client)
    standard = {"grant_type": "client_credentials"}
    joined = service.scope_separator.join(scopes)
    if service.quirks.authorize.scope and joined:
        standard[service.quirks.authorize.scope_parameter] = joined
    parameters = with_declared(service, client, standard, credentials)
    return endpoint_request(
        service, client, service.token_url, parameters, steps.CLIENT, headers=headers
    )


def read_client_tokens(
    service: Service, response: Response, *, requested: tuple[str, ...], sent_at: int
) -> TokenSet:
    """The access token in `response`; a refresh token in it is ignored (section 4.4.3).

    Raises as `read_tokens`.
    """
    tokens = read_tokens(service, response, requested=requested, sent_at=sent_at)
    return tokens._replace(refresh_token=None, id_token=None)
