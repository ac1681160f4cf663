"""Calling a service's API with the token (RFC 6750 section 2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.errors import UsageProblem
from tui_oauth.oauth.dpop import SCHEME
from tui_oauth.oauth.headers import checked_value, filled_headers, joined_headers
from tui_oauth.oauth.templates import PLACEHOLDER, fill
from tui_oauth.oauth.urls import check_endpoint, origin_of

if TYPE_CHECKING:
    from tui_oauth.model import TokenSet
    from tui_oauth.services.format import Service


def authorization_header(service: Service, tokens: TokenSet) -> tuple[str, str]:
    """Name and value of the header that carries the access token: `Authorization: Bearer ...`.

    For a token that is bound to a key it is `Authorization: DPoP ...` (RFC 9449 section 7.1).
    """
    quirks = service.quirks.api
    token = tokens.access_token.reveal()
    if tokens.bound:
        return "Authorization", checked_value("Authorization", f"{SCHEME} {token}")
    value = f"{quirks.scheme} {token}" if quirks.scheme else token
    return quirks.header, checked_value(quirks.header, value)


def api_headers(service: Service, tokens: TokenSet, client_id: str) -> dict[str, str]:
    """All headers that an API call needs: the token's, and those the service declares.

    Raises UsageProblem when a declared header needs a value that was not kept at sign-in.
    """
    name, value = authorization_header(service, tokens)
    declared = filled_headers(service.quirks.api.headers, placeholder_values(tokens, client_id))
    return joined_headers({name: value}, declared)


def known_api_headers(service: Service, tokens: TokenSet, client_id: str) -> dict[str, str]:
    """As `api_headers`, without the declared headers whose values are not known yet.

    For the requests that do not need them: the one that learns a tenant id cannot carry it.
    """
    name, value = authorization_header(service, tokens)
    values = placeholder_values(tokens, client_id)
    declared = {
        header: text
        for header, text in service.quirks.api.headers.items()
        if all(values.get(wanted) for wanted in PLACEHOLDER.findall(text))
    }
    return joined_headers({name: value}, filled_headers(declared, values))


def placeholder_values(tokens: TokenSet, client_id: str) -> dict[str, str]:
    """What placeholders in API headers and the identity probe stand for."""
    return {
        **tokens.extra,
        "access_token": tokens.access_token.reveal(),
        "refresh_token": tokens.refresh_token.reveal() if tokens.refresh_token else "",
        "client_id": client_id,
    }


def api_origins(service: Service, tokens: TokenSet | None = None) -> tuple[str, ...]:
    """The origins that the token may go to: the declared ones, else that of the identity probe.

    An origin that is a template (`{instance_url}`) counts once `tokens` hold its value.
    """
    values = placeholder_values(tokens, "") if tokens else {}
    declared = service.quirks.api.origins
    if not declared and service.identity_probe is not None:
        declared = (service.identity_probe.url,)
    found: list[str] = []
    for template in declared:
        try:
            found.append(origin_of(check_endpoint(fill(template, values, for_url=True), "origin")))
        except UsageProblem:
            continue  # not known yet, or not an address a token may go to: it allows nothing
    return tuple(dict.fromkeys(found))


def may_send_to(service: Service, url: str, tokens: TokenSet | None = None) -> bool:
    """Whether the token may be sent to `url` (checklist rule 93).

    Scheme, host and port are compared exactly with the origins of `api_origins`, never by parts.
    """
    try:
        return origin_of(check_endpoint(url, "API address")) in api_origins(service, tokens)
    except UsageProblem:
        return False
