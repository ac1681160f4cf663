"""Whose token it is: the request that asks the service, and its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui_oauth.errors import ProviderUnreachable
from tui_oauth.model import Account
from tui_oauth.oauth import steps
from tui_oauth.oauth.api import known_api_headers, placeholder_values
from tui_oauth.oauth.explain import refusal
from tui_oauth.oauth.headers import filled_headers, joined_headers
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.reading import Unreadable, at_path, excerpt, parse_json, scalar
from tui_oauth.oauth.templates import fill
from tui_oauth.oauth.urls import check_endpoint
from tui_oauth.text import is_plain, neutralise

if TYPE_CHECKING:
    from tui_oauth.model import TokenSet
    from tui_oauth.oauth.http import Response
    from tui_oauth.services.format import Service

MAX_KEPT_LENGTH = 4_096


def identity_request(service: Service, tokens: TokenSet, client_id: str = "") -> Request | None:
    """The service's identity probe; None where none is declared.

    The token goes into the header that API calls use; an Authorization header that the probe
    declares replaces it. Raises UsageProblem when a value that the probe needs is missing.
    """
    probe = service.identity_probe
    if probe is None:
        return None
    values = placeholder_values(tokens, client_id)
    url = check_endpoint(fill(probe.url, values, for_url=True), f"{steps.IDENTITY} address")
    own = filled_headers(probe.headers, values)
    base = known_api_headers(service, tokens, client_id)
    if "authorization" in {name.lower() for name in own}:
        base.pop(service.quirks.api.header, None)
    typed = {"Content-Type": "application/json"} if probe.body else {}
    headers = joined_headers({"Accept": "application/json"}, typed, base, own)
    return Request(probe.method, url, steps.IDENTITY, headers, probe.body.encode("utf-8"))


def read_identity(service: Service, response: Response) -> tuple[Account, dict[str, str]]:
    """The account in a probe's answer, and the values that the probe's data asks to keep.

    The account's name is empty when the answer has none at any declared path. Raises
    ProviderRefused for a no (a revoked token, a missing permission) and ProviderUnreachable for
    an answer that cannot be understood.
    """
    problem = refusal(service, response)
    if problem is not None:
        raise problem
    try:
        document = parse_json(response.body)
    except Unreadable as error:
        raise ProviderUnreachable(
            f"The answer of {service.name} to the {response.step} was not understood: as JSON "
            f"{error} ({response.host}, HTTP {response.status}). It begins: "
            f"{excerpt(response.body)}",
            "Check the identity probe in the service's file.",
        ) from None
    probe = service.identity_probe
    if probe is None:
        return Account(""), {}
    name = next((text for path in probe.name_paths if (text := _text(document, path))), "")
    kept: dict[str, str] = {}
    for key, path in probe.keep.items():
        value = scalar(at_path(document, path))
        if value and len(value) <= MAX_KEPT_LENGTH and is_plain(value):
            kept[key] = value
    return Account(name, _text(document, probe.detail_path)), kept


def _text(document: Any, path: str) -> str:
    return neutralise(scalar(at_path(document, path)).strip())
