"""Token requests and their answers (RFC 6749 sections 4.1.3, 5.1 and 6)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tui_oauth.errors import NeedsPerson, ProviderRefused, UsageProblem
from tui_oauth.oauth import steps
from tui_oauth.oauth.answer import read_tokens
from tui_oauth.oauth.authorize import sent_redirect_uri
from tui_oauth.oauth.client import BASIC, authentication, basic_credentials
from tui_oauth.oauth.headers import filled_headers, joined_headers
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.resources import resource_parameters
from tui_oauth.oauth.templates import fill
from tui_oauth.oauth.urls import check_encodable, check_endpoint, with_parameters
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.model import TokenSet
    from tui_oauth.oauth.authorize import Answer, Attempt
    from tui_oauth.oauth.client import Client
    from tui_oauth.services.format import Service

__all__ = ["code_request", "long_lived_request", "read_tokens", "refresh_request"]

Parameters = Mapping[str, str] | Sequence[tuple[str, str]]

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def code_request(service: Service, client: Client, attempt: Attempt, answer: Answer) -> Request:
    """The request that exchanges the code (RFC 6749 section 4.1.3). Send it once only.

    Raises ProviderRefused when the service signs its callbacks and the signature is wrong, and
    UsageProblem when its data makes no proper request.
    """
    quirks = service.quirks
    if answer.signature is not None and not answer.signature.fits(client.client_secret):
        raise ProviderRefused(
            f"The answer of {service.name} is not signed with this entry's "
            f"{service.credential_labels.client_secret}. The code was not used.",
            "Check the credentials; if they are right, treat the answer as an attack and start again.",
            code="invalid_signature",
        )
    parameters: dict[str, str] = {}
    if quirks.token.grant_type:
        parameters["grant_type"] = "authorization_code"
    parameters[quirks.token.code_parameter] = answer.code.reveal()
    redirect_uri = sent_redirect_uri(service, attempt)
    if quirks.token.redirect_uri and redirect_uri:
        parameters["redirect_uri"] = redirect_uri
    if attempt.code_verifier is not None:
        parameters["code_verifier"] = attempt.code_verifier.reveal()
    if quirks.token.state:
        parameters["state"] = attempt.state
    headers, credentials = authentication(service, client)
    merged = with_declared(service, client, parameters, credentials)
    return endpoint_request(
        service, client, service.token_url, merged, steps.TOKEN, headers=headers
    )


def refresh_request(
    service: Service, client: Client, tokens: TokenSet, redirect_uri: str = ""
) -> Request:
    """The request for a new access token (RFC 6749 section 6). It never asks for scopes (rule 89).

    `redirect_uri` is that of the entry, for the services that declare that they want it here too.
    Raises NeedsPerson when there is nothing to refresh with.
    """
    quirks = service.quirks.refresh
    spent = tokens.access_token if quirks.with_access_token else tokens.refresh_token
    if not spent:
        raise NeedsPerson(
            f"{service.name} gave no refresh token, so the access token cannot be renewed.",
            "Authorize the entry again.",
        )
    values = {**template_values(client, tokens), "redirect_uri": redirect_uri}
    url = fill(quirks.url, values, for_url=True) if quirks.url else service.token_url
    if quirks.parameters:
        parameters = [(name, fill(text, values)) for name, text in quirks.parameters.items()]
        headers = _basic_beside(service, client, quirks.parameters)
    else:
        headers, credentials = authentication(service, client)
        standard = {"grant_type": "refresh_token", "refresh_token": spent.reveal()}
        parameters = with_declared(service, client, standard, credentials)
    return endpoint_request(
        service, client, url, parameters, steps.REFRESH, headers=headers, method=quirks.method
    )


def long_lived_request(service: Service, client: Client, tokens: TokenSet) -> Request | None:
    """The second request that swaps `tokens` for long-lived ones; None where there is none."""
    exchange = service.quirks.answer.long_lived
    if exchange is None:
        return None
    values = template_values(client, tokens)
    return endpoint_request(
        service,
        client,
        fill(exchange.url, values, for_url=True),
        {name: fill(text, values) for name, text in exchange.parameters.items()},
        steps.LONG_LIVED,
        headers=_basic_beside(service, client, exchange.parameters),
        method=exchange.method,
    )


def template_values(client: Client, tokens: TokenSet) -> dict[str, str]:
    """What placeholders stand for: the kept values, then the reserved names, which always win."""
    return {
        **tokens.extra,
        "access_token": tokens.access_token.reveal(),
        "refresh_token": tokens.refresh_token.reveal() if tokens.refresh_token else "",
        **client_values(client),
    }


def client_values(client: Client) -> dict[str, str]:
    """What the placeholders of the client itself stand for."""
    return {
        "client_id": client.client_id,
        "client_secret": client.client_secret.reveal() if client.client_secret else "",
    }


def form_body(parameters: Parameters) -> bytes:
    """`parameters` as application/x-www-form-urlencoded in UTF-8 (RFC 6749 appendix B)."""
    pairs = _pairs(parameters)
    for name, value in pairs:
        check_encodable(name, value)
    return urlencode(pairs).encode("ascii")


def json_body(parameters: Parameters) -> bytes:
    """`parameters` as a JSON object in UTF-8; the values of a repeated one as a list."""
    document: dict[str, str | list[str]] = {}
    for name, value in _pairs(parameters):
        check_encodable(name, value)
        before = document.get(name)
        if before is None:
            document[name] = value
        else:
            document[name] = [*([before] if isinstance(before, str) else before), value]
    return json.dumps(document, ensure_ascii=False).encode("utf-8")


def with_declared(
    service: Service,
    client: Client,
    parameters: Mapping[str, str],
    credentials: Mapping[str, str],
) -> list[tuple[str, str]]:
    """`parameters` with the client's `credentials`, and what the service declares for tokens.

    That are its resource indicators (RFC 8707 section 2.2) and `extra_token_params`. Raises
    UsageProblem when it declares one that is there already.
    """
    merged = [*{**parameters, **credentials}.items(), *resource_parameters(service)]
    taken = {name for name, _ in merged}
    for name, value in service.extra_token_params.items():
        if name in taken:
            raise UsageProblem(
                f"The service {service.name} sets {neutralise(name, 60)} as an extra token "
                "parameter, which the request has already.",
                "Take it out of extra_token_params.",
            )
        merged.append((name, fill(value, {"client_id": client.client_id})))
    return merged


def _pairs(parameters: Parameters) -> list[tuple[str, str]]:
    return list(parameters.items() if isinstance(parameters, Mapping) else parameters)


def _basic_beside(service: Service, client: Client, templates: Mapping[str, str]) -> dict[str, str]:
    """Basic credentials for declared parameters, unless those carry the secret themselves."""
    carried = any("{client_secret}" in template for template in templates.values())
    if client.auth_method != BASIC or carried:
        return {}
    return {"Authorization": basic_credentials(service, client)}


def endpoint_request(
    service: Service,
    client: Client,
    url: str,
    parameters: Parameters,
    step: str,
    *,
    headers: Mapping[str, str],
    method: str = "POST",
) -> Request:
    """A request as the service takes them: form or JSON body, its declared headers, JSON wanted.

    `headers` come on top of the declared ones. Raises UsageProblem for an unsafe address.
    """
    quirks = service.quirks.token
    declared = filled_headers(quirks.headers, client_values(client))
    sent = joined_headers({"Accept": JSON}, declared, headers)
    target = check_endpoint(url, f"{step} address")
    if method == "GET" or quirks.parameters_in == "query":
        # Only where a service declares it: RFC 6749 section 2.3.1 wants credentials in the body.
        return Request(method, with_parameters(target, parameters), step, sent)
    if service.token_request_format == "json":
        return Request(
            method,
            target,
            step,
            joined_headers(sent, {"Content-Type": JSON}),
            json_body(parameters),
        )
    return Request(
        method, target, step, joined_headers(sent, {"Content-Type": FORM}), form_body(parameters)
    )
