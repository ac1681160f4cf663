"""The OAuth client: its id, its secret, and how it proves itself (RFC 6749 section 2.3)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from tui_oauth.errors import NeedsPerson, UsageProblem
from tui_oauth.oauth.urls import check_encodable
from tui_oauth.secret import Secret

if TYPE_CHECKING:
    from tui_oauth.services.format import Service

BASIC = "client_secret_basic"
POST = "client_secret_post"
NONE = "none"
SUPPORTED_METHODS = (BASIC, POST, NONE)


@dataclass(frozen=True, slots=True)
class Client:
    """What the person got from the provider, and the authentication method to use with it."""

    client_id: str
    client_secret: Secret | None = field(repr=False)
    auth_method: str


def choose_client(service: Service, client_id: str, client_secret: Secret | None) -> Client:
    """The client with the method that fits the service and what the person has.

    Without a secret it is `none` where the service accepts that. With a secret it is the
    service's preferred method among those that use one. Raises NeedsPerson when the id is
    missing, or a secret that the service wants; UsageProblem when the service accepts only
    methods that are not offered here, such as private_key_jwt.
    """
    labels = service.credential_labels
    if not client_id:
        raise NeedsPerson(
            f"{service.name} wants a {labels.client_id}, and this entry has none.",
            "Configure the entry first.",
        )
    offered = [method for method in service.client_auth if method in SUPPORTED_METHODS]
    if not offered:
        named = ", ".join(service.client_auth) or "none at all"
        raise UsageProblem(
            f"{service.name} accepts client authentication that is not offered here: {named}.",
            f"Offered are {', '.join(SUPPORTED_METHODS)}.",
        )
    if not client_secret:
        if NONE not in offered:
            raise NeedsPerson(
                f"{service.name} wants a {labels.client_secret}, and this entry has none.",
                "Configure the entry with it.",
            )
        return Client(client_id, None, NONE)
    with_secret = [method for method in offered if method != NONE]
    return Client(client_id, client_secret, with_secret[0] if with_secret else NONE)


def basic_credentials(service: Service, client: Client) -> str:
    """The value of an HTTP Basic Authorization header for `client`.

    Id and secret are form-urlencoded separately, then joined (RFC 6749 section 2.3.1 and
    appendix B), unless the service declares that it does not decode them.
    """
    quirks = service.quirks.token
    secret = client.client_secret.reveal() if client.client_secret else ""
    check_encodable(service.credential_labels.client_id, client.client_id)
    check_encodable(service.credential_labels.client_secret, secret)
    if quirks.basic_secret_only:
        user, password = secret, ""
    else:
        user, password = client.client_id, secret
    if not quirks.basic_unencoded:
        # A blank as %20, never as +: whoever decodes a form reads both as a blank, and whoever
        # undoes percent-encoding alone (Authlib's servers, for instance) only the first.
        user, password = (quote(part, safe="*") for part in (user, password))
    joined = f"{user}:{password}".encode()
    return "Basic " + base64.b64encode(joined).decode("ascii")


def authentication(service: Service, client: Client) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and parameters that authenticate `client`: one method, never two (rule 60)."""
    quirks = service.quirks.token
    if client.auth_method == BASIC:
        return {"Authorization": basic_credentials(service, client)}, {}
    parameters = {quirks.client_id_parameter: client.client_id}
    if client.auth_method == POST and client.client_secret:
        parameters[quirks.client_secret_parameter] = client.client_secret.reveal()
    return {}, parameters
