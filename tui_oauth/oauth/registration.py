"""A client that registers itself (RFC 7591), and looks after its registration (RFC 7592).

What the server returns is the truth, whatever was asked for (RFC 7591 section 3.2.1): the client
ID, the authentication method, the redirect URIs, and when the secret ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui_oauth.errors import ProviderRefused, ProviderUnreachable, TuiOauthError, UsageProblem
from tui_oauth.model import MAX_SECRET_LENGTH
from tui_oauth.oauth.client import BASIC, NONE, SUPPORTED_METHODS
from tui_oauth.oauth.discovery import same_origin
from tui_oauth.oauth.explain import complaint_in, refusal
from tui_oauth.oauth.found import DEVICE_GRANT
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.reading import Unreadable, excerpt, parse_json, said
from tui_oauth.oauth.urls import check_endpoint
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.oauth.http import Response
    from tui_oauth.services.format import Service

STEP_REGISTER = "client registration"
STEP_READ = "look at the registration"
STEP_UPDATE = "change of the registration"
STEP_UNREGISTER = "removal of the registration"

CLIENT_NAME = "tui-oauth"
MAX_REDIRECTS = 20
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
# RFC 6749 appendix A.1 and A.2: the characters of a client ID and a client secret.
_VSCHAR = re.compile(r"[\x20-\x7e]+")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_BY_HAND = "Register a client by hand there, then configure the entry with its client ID."

# RFC 7591 section 3.2.2.
_CODES = {
    "invalid_redirect_uri": (
        "does not accept the Callback URL",
        "Another host or scheme may do: see [callback] in the settings. " + _BY_HAND,
    ),
    "invalid_client_metadata": ("does not accept a client of this kind", _BY_HAND),
    "invalid_software_statement": ("wants a statement about the software", _BY_HAND),
    "unapproved_software_statement": ("registers approved software only", _BY_HAND),
    "access_denied": ("does not let everybody register a client", _BY_HAND),
    "invalid_token": ("does not know the registration access token any more", _BY_HAND),
}


@dataclass(frozen=True, slots=True)
class Registered:
    """A client as the server registered it.

    `client_secret_expires_at` is in Unix seconds, None for a secret that does not end.
    `registration_token` and `registration_url` are both there or both empty. `dpop`: the server
    binds this client's tokens to a key (RFC 9449 section 5.2).
    """

    client_id: str
    client_secret: Secret | None = field(repr=False)
    auth_method: str
    redirect_uris: tuple[str, ...] = ()
    client_secret_expires_at: int | None = None
    registration_token: Secret | None = field(default=None, repr=False)
    registration_url: str = ""
    dpop: bool = False


def client_metadata(
    service: Service, redirect_uri: str, scopes: tuple[str, ...], version: str
) -> dict[str, Any]:
    """What the client says of itself (RFC 7591 section 2): a native one, public where that may be.

    Of the grants only those that the server offers; no redirect URI where none would be used.
    """
    browser = "authorization_code" in service.grants
    grants = [DEVICE_GRANT if grant == "device_code" else grant for grant in service.grants]
    metadata: dict[str, Any] = {
        "client_name": CLIENT_NAME,
        "software_id": CLIENT_NAME,
        "software_version": version,
        "application_type": "native",
        "grant_types": grants,
        "response_types": ["code"] if browser else [],
        "token_endpoint_auth_method": _wanted_method(service),
    }
    if browser:
        metadata["redirect_uris"] = [redirect_uri]
    if scopes:
        metadata["scope"] = service.scope_separator.join(scopes)
    if service.extensions.dpop:
        metadata["dpop_bound_access_tokens"] = True
    return metadata


def registration_request(service: Service, metadata: Mapping[str, Any]) -> Request:
    """The registration (RFC 7591 section 3.1). UsageProblem where the server does not offer it."""
    url = service.extensions.registration_url
    if not url:
        raise UsageProblem(f"{service.name} does not register clients by itself.", _BY_HAND)
    check_endpoint(url, "registration endpoint")
    return Request("POST", url, STEP_REGISTER, _JSON, json.dumps(metadata).encode("ascii"))


def read_request(url: str, token: Secret) -> Request:
    """The request for the registration as it stands (RFC 7592 section 2.1)."""
    return _management("GET", url, token, STEP_READ)


def update_request(url: str, token: Secret, client_id: str, metadata: Mapping[str, Any]) -> Request:
    """The request to replace what was registered by `metadata` (RFC 7592 section 2.2)."""
    body = json.dumps({"client_id": client_id, **metadata}).encode("ascii")
    return _management("PUT", url, token, STEP_UPDATE, body)


def delete_request(url: str, token: Secret) -> Request:
    """The request to end the registration, and with it the client's grants (RFC 7592 section 2.3)."""
    return _management("DELETE", url, token, STEP_UNREGISTER)


def read_registration(
    service: Service, response: Response, known: Registered | None = None
) -> Registered:
    """The client in the answer to a registration, or to a look at or change of it.

    `known` is what is registered so far: its token and secret stay where the answer names no new
    ones, and its ID must not change (RFC 7592 section 3). Raises ProviderRefused when the server
    says no, or registers a client that cannot be used here; ProviderUnreachable when the answer
    cannot be understood.
    """
    document = _document(service, response)
    client_id = _credential(service, response, document, "client_id")
    if not client_id or (known is not None and known.client_id != client_id):
        raise _malformed(service, response, "client_id is missing, or another one than before")
    secret_text = _credential(service, response, document, "client_secret")
    secret = Secret(secret_text) if secret_text else None
    if secret is None and known is not None:
        secret = known.client_secret
    method = document.get("token_endpoint_auth_method")
    if method is None:
        # Left out, it is the default of RFC 7591 section 2, which takes a secret.
        method = BASIC if secret else NONE
    if method not in SUPPORTED_METHODS or (method != NONE and secret is None):
        shown = neutralise(method, 60) if isinstance(method, str) else "not a text"
        raise ProviderRefused(
            f"{service.name} registered a client that authenticates by {shown}"
            + (", and gave no secret for it." if method in SUPPORTED_METHODS else ".")
            + f" ({response.host}, HTTP {response.status})",
            "That cannot be done here. " + _BY_HAND,
            code="unusable_client",
        )
    token, url = _management_pair(service, response, document, known)
    ends = _secret_end(service, response, document) if secret else None
    if secret_text == "" and known is not None and "client_secret_expires_at" not in document:
        ends = known.client_secret_expires_at
    return Registered(
        client_id=client_id,
        client_secret=None if method == NONE else secret,
        auth_method=method,
        redirect_uris=_redirect_uris(service, response, document),
        client_secret_expires_at=None if method == NONE else ends,
        registration_token=token,
        registration_url=url,
        dpop=document.get("dpop_bound_access_tokens") is True,
    )


def removal_problem(service: Service, response: Response) -> TuiOauthError | None:
    """Why the registration was not removed; None when it was (204), or was gone already (401)."""
    if response.status in {200, 204, 401, 404}:
        return None
    if response.status in {403, 405, 501}:
        return ProviderRefused(
            f"{service.name} does not let clients remove their registration "
            f"({response.step}, {response.host}, HTTP {response.status}).",
            "Ask whoever runs the server if it is to end there.",
            status=response.status,
        )
    return _refused(service, response)


def _wanted_method(service: Service) -> str:
    """The server's method that is liked best; a client that nobody signs in for needs a secret."""
    with_secret = [method for method in service.client_auth if method != NONE]
    alone = set(service.grants) <= {"client_credentials"}
    return with_secret[0] if alone and with_secret else service.client_auth[0]


def _management(method: str, url: str, token: Secret, step: str, body: bytes = b"") -> Request:
    check_endpoint(url, "registration address")
    headers = {"Accept": "application/json", "Authorization": f"Bearer {token.reveal()}"}
    return Request(method, url, step, {**headers, **(_JSON if body else {})}, body)


def _document(service: Service, response: Response) -> dict[str, Any]:
    if not 200 <= response.status < 300:
        raise _refused(service, response)
    try:
        document = parse_json(response.body)
    except Unreadable as error:
        raise _malformed(
            service, response, f"as JSON {error}. It begins: {excerpt(response.body)}"
        ) from None
    if not isinstance(document, dict):
        raise _malformed(service, response, "it is no JSON object")
    if complaint_in(service, document) is not None:
        raise _refused(service, response)
    return document


def _refused(service: Service, response: Response) -> TuiOauthError:
    where = f"{response.step}, {response.host}, HTTP {response.status}"
    try:
        complaint = complaint_in(service, parse_json(response.body))
    except Unreadable:
        complaint = None
    code = complaint.code if complaint is not None else ""
    words = (
        f" It says: {said(complaint.words)}" if complaint is not None and complaint.words else ""
    )
    if code in _CODES:
        meaning, advice = _CODES[code]
        return ProviderRefused(
            f"{service.name} {meaning} ({where}, {code}).{words}",
            advice,
            code=code,
            status=response.status,
        )
    if response.status in {401, 403}:
        return ProviderRefused(
            f"{service.name} does not let everybody register a client ({where}).{words}",
            _BY_HAND,
            code=neutralise(code, 80),
            status=response.status,
        )
    problem = refusal(service, response)
    if isinstance(problem, ProviderRefused):
        return ProviderRefused(problem.message, _BY_HAND, code=problem.code, status=problem.status)
    return problem or _malformed(service, response, "it is no answer to that")


def _credential(
    service: Service, response: Response, document: Mapping[str, Any], member: str
) -> str:
    value = document.get(member)
    if value is None:
        return ""
    if (
        not isinstance(value, str)
        or len(value) > MAX_SECRET_LENGTH
        or (value and (not _VSCHAR.fullmatch(value) or value != value.strip()))
    ):
        raise _malformed(service, response, f"{member} is not a proper one")
    return value


def _redirect_uris(
    service: Service, response: Response, document: Mapping[str, Any]
) -> tuple[str, ...]:
    value = document.get("redirect_uris")
    if value is None:
        return ()
    if (
        not isinstance(value, list)
        or len(value) > MAX_REDIRECTS
        or not all(isinstance(item, str) and len(item) <= 2_000 for item in value)
    ):
        raise _malformed(service, response, "redirect_uris is not a list of a few addresses")
    return tuple(value)


def _secret_end(service: Service, response: Response, document: Mapping[str, Any]) -> int | None:
    """When the secret ends; 0 says that it does not (RFC 7591 section 3.2.1)."""
    value = document.get("client_secret_expires_at")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _malformed(service, response, "client_secret_expires_at is not a time")
    try:
        moment = int(float(value))
    except (ValueError, OverflowError):
        moment = -1
    if not 0 <= moment < 10**12:
        raise _malformed(service, response, "client_secret_expires_at is not a time")
    return moment or None


def _management_pair(
    service: Service,
    response: Response,
    document: Mapping[str, Any],
    known: Registered | None,
) -> tuple[Secret | None, str]:
    """Registration access token and address, both or none (RFC 7592 section 3).

    The token goes to that address with every look, so it has to lie where the registration was
    sent (checklist rule 105): on another origin it is left out, and the client is not managed.
    """
    token, url = document.get("registration_access_token"), document.get("registration_client_uri")
    if token is None and known is not None and known.registration_token is not None:
        token = known.registration_token.reveal()
    if url is None and known is not None:
        url = known.registration_url
    if not token or not url:
        return None, ""
    if (
        not isinstance(token, str)
        or len(token) > MAX_SECRET_LENGTH
        or not _TOKEN.fullmatch(token)
        or not isinstance(url, str)
        or len(url) > 2_000
    ):
        raise _malformed(service, response, "its registration access token cannot be used")
    try:
        check_endpoint(url, "registration address")
    except UsageProblem as error:
        raise _malformed(service, response, error.message) from None
    here = service.extensions.registration_url
    usable = (here and same_origin(url, here)) or (known and url == known.registration_url)
    return (Secret(token), url) if usable else (None, "")


def _malformed(service: Service, response: Response, why: str) -> ProviderUnreachable:
    return ProviderUnreachable(
        f"The answer of {service.name} to the {response.step} was not understood: {why} "
        f"({response.host}, HTTP {response.status}).",
        "Try again. " + _BY_HAND,
    )
