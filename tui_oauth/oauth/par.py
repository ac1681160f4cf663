"""Pushed authorization requests (RFC 9126): the parameters go by themselves, the link refers to them.

`authorize.start` makes an attempt without a link where the service wants this; `par_request`
pushes its parameters, `read_pushed` reads what stands for them, `with_link` makes the link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui_oauth.errors import ProviderUnreachable
from tui_oauth.oauth import steps
from tui_oauth.oauth.answer import seconds_of
from tui_oauth.oauth.client import authentication
from tui_oauth.oauth.explain import NOTHING_ASKED, Asked, refusal
from tui_oauth.oauth.headers import filled_headers, joined_headers
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.reading import Unreadable, parse_json
from tui_oauth.oauth.token import FORM, JSON, client_values, form_body
from tui_oauth.oauth.urls import check_endpoint, check_link, with_parameters

if TYPE_CHECKING:
    from tui_oauth.oauth.authorize import Attempt
    from tui_oauth.oauth.client import Client
    from tui_oauth.oauth.http import Response
    from tui_oauth.services.format import Service

MAX_REQUEST_URI_LENGTH = 4_096
_REQUEST_URI = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What the server keeps the request under, until `expires_at` (Unix seconds)."""

    request_uri: str = field(repr=False)
    expires_at: int


def par_request(service: Service, client: Client, attempt: Attempt) -> Request:
    """The request that pushes the parameters of `attempt` (RFC 9126 section 2.1).

    The client authenticates as it does at the token endpoint. It may be sent again: the server
    keeps each one under a URI of its own.
    """
    headers, credentials = authentication(service, client)
    parameters = [pair for pair in attempt.parameters if pair[0] not in credentials]
    declared = filled_headers(service.quirks.token.headers, client_values(client))
    return Request(
        "POST",
        check_endpoint(service.extensions.par_url, f"{steps.PAR} address"),
        steps.PAR,
        joined_headers({"Accept": JSON}, declared, headers, {"Content-Type": FORM}),
        form_body([*parameters, *credentials.items()]),
    )


def read_pushed(
    service: Service, response: Response, *, sent_at: int, asked: Asked = NOTHING_ASKED
) -> Pushed:
    """What stands for the pushed parameters (RFC 9126 section 2.2).

    `sent_at` is the time just before the request was sent, in Unix seconds; `asked` is for a
    message. The status has to be
    201, or 200 as some servers have it. Raises ProviderRefused when the provider says no (section
    2.3), and ProviderUnreachable when it cannot say or its answer cannot be understood.
    """
    problem = refusal(service, response, sent_at, asked)
    if problem is not None:
        raise problem
    if response.status not in {200, 201}:
        raise _not_understood(service, response, "this status is not known for it")
    try:
        document = parse_json(response.body)
    except Unreadable as error:
        raise _not_understood(service, response, f"as JSON {error}") from None
    if not isinstance(document, dict):
        raise _not_understood(service, response, "it is no JSON object")
    request_uri = document.get("request_uri")
    if not isinstance(request_uri, str) or not _REQUEST_URI.fullmatch(request_uri):
        raise _not_understood(service, response, "request_uri is missing or not an address")
    if len(request_uri) > MAX_REQUEST_URI_LENGTH:
        raise _not_understood(service, response, "request_uri is far too long")
    seconds = seconds_of(document.get("expires_in"))
    if not seconds:
        raise _not_understood(service, response, "expires_in is not a positive number")
    return Pushed(request_uri, sent_at + seconds)


def with_link(service: Service, attempt: Attempt, pushed: Pushed) -> Attempt:
    """`attempt` with its Authorization link: client_id and request_uri only (RFC 9126 section 4)."""
    quirks = service.quirks.authorize
    refers = ((quirks.client_id_parameter, attempt.client_id), ("request_uri", pushed.request_uri))
    url = with_parameters(service.authorize_url, refers, quirks.fragment)
    return replace(attempt, authorization_url=check_link(url, fragment=quirks.fragment))


def _not_understood(service: Service, response: Response, why: str) -> ProviderUnreachable:
    return ProviderUnreachable(
        f"The answer of {service.name} to the {response.step} was not understood: {why} "
        f"({response.host}, HTTP {response.status}). There is no Authorization link without it.",
        "Try again. If it stays so, check extensions.par_url in the service's file.",
    )
