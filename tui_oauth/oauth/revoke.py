"""Ending a grant at the service: RFC 7009, or what the service declares instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.errors import ProviderRefused, ProviderUnreachable, TuiOauthError
from tui_oauth.oauth import steps
from tui_oauth.oauth.api import known_api_headers
from tui_oauth.oauth.client import authentication, basic_credentials
from tui_oauth.oauth.explain import complaint_in, flagged, refusal
from tui_oauth.oauth.headers import checked_value, filled_headers, joined_headers
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.reading import Unreadable, parse_json, said
from tui_oauth.oauth.templates import fill
from tui_oauth.oauth.token import FORM, JSON, client_values, form_body, json_body, template_values
from tui_oauth.oauth.urls import check_endpoint

if TYPE_CHECKING:
    from tui_oauth.model import TokenSet
    from tui_oauth.oauth.client import Client
    from tui_oauth.oauth.http import Response
    from tui_oauth.services.format import Service

_ENDED = frozenset({"invalid_token", "token_revoked", "token_expired", "expired_token"})


def revocation_request(service: Service, client: Client, tokens: TokenSet) -> Request | None:
    """The first revocation request; None where the service has no way to revoke (rule 96)."""
    requests = revocation_requests(service, client, tokens)
    return requests[0] if requests else None


def revocation_requests(service: Service, client: Client, tokens: TokenSet) -> tuple[Request, ...]:
    """All requests that end the grant, in order (RFC 7009 section 2.1, checklist rule 95).

    A standard service gets the refresh token first, then the access token. One that declares
    anything of its own gets exactly one request. Empty where there is no revocation address.
    """
    if not service.revoke_url:
        return ()
    quirks = service.quirks.revoke
    standard = (
        not quirks.parameters and quirks.auth in {"client", "basic"} and quirks.body != "none"
    )
    both = standard and quirks.token == "refresh" and tokens.refresh_token is not None
    if both and "{" not in service.revoke_url:
        return (
            _request(service, client, tokens, refresh=True),
            _request(service, client, tokens, refresh=False),
        )
    use_refresh = quirks.token == "refresh" and tokens.refresh_token is not None
    return (_request(service, client, tokens, refresh=use_refresh),)


def is_standard(service: Service) -> bool:
    """Whether the service revokes single tokens as RFC 7009 section 2.1 has it, and nothing else."""
    quirks = service.quirks.revoke
    return (
        bool(service.revoke_url)
        and "{" not in service.revoke_url
        and (quirks.method, quirks.body) == ("POST", "form")
        and quirks.auth in {"client", "basic"}
        and not quirks.parameters
    )


def had_ended(service: Service, error: TuiOauthError) -> bool:
    """Whether a refused revocation says that the token was good for nothing any more.

    RFC 7009 section 2.2 wants 200 for such a token; not every service answers so. Where the token
    itself proves who asks, 401 says the same.
    """
    if not isinstance(error, ProviderRefused):
        return False
    by_token = service.quirks.revoke.auth == "bearer" and error.status == 401
    return by_token or error.code in _ENDED


def is_wrong_kind(error: TuiOauthError) -> bool:
    """Whether this token cannot be revoked there, and the other one perhaps can (section 2.2.1)."""
    return isinstance(error, ProviderRefused) and error.code == "unsupported_token_type"


def read_revocation(service: Service, response: Response) -> None:
    """Return when the token is revoked; raise what went wrong otherwise.

    200 is success whatever the body says (RFC 7009 section 2.2), also for a token that the
    service does not know, except where the service declares a success flag. 503 means that the
    token is NOT revoked (section 2.2.1).
    """
    good = 200 <= response.status < 300
    problem = _flagged(service, response) if good else refusal(service, response)
    if good and problem is None:
        return
    still = "The token is not revoked at the service."
    if isinstance(problem, ProviderRefused):
        if response.status == 401 or problem.code == "unsupported_token_type":
            still = ""
        raise ProviderRefused(
            f"{problem.message} {still}".rstrip(),
            problem.advice,
            code=problem.code,
            status=problem.status,
        )
    message = problem.message if problem is not None else f"HTTP {response.status}."
    raise ProviderUnreachable(f"{message} {still}", problem.advice if problem else "")


def _flagged(service: Service, response: Response) -> TuiOauthError | None:
    try:
        document = parse_json(response.body)
    except Unreadable:
        return None
    if flagged(service, document) is not False:
        return None
    complaint = complaint_in(service, document)
    code = said(complaint.code, 80) if complaint else ""
    return ProviderRefused(
        f"{service.name} refused the {response.step} ({response.host}, HTTP {response.status}"
        f"{', ' + code if code else ''}).",
        "Remove the app's access in your account at the provider.",
        code=code,
        status=response.status,
    )


def _request(service: Service, client: Client, tokens: TokenSet, *, refresh: bool) -> Request:
    quirks = service.quirks.revoke
    values = template_values(client, tokens)
    token = values["refresh_token"] if refresh else values["access_token"]
    if quirks.parameters:
        parameters = {name: fill(text, values) for name, text in quirks.parameters.items()}
    else:
        hint = "refresh_token" if refresh else "access_token"
        parameters = {"token": token, "token_type_hint": hint}
    headers: dict[str, str] = {}
    if quirks.auth == "client":
        headers, credentials = authentication(service, client)
        if quirks.body != "none":
            parameters = {**credentials, **parameters}
    elif quirks.auth == "bearer":
        headers = known_api_headers(service, tokens, client.client_id)
    elif quirks.auth == "basic":
        headers = {"Authorization": basic_credentials(service, client)}
    elif quirks.auth != "none":
        line = checked_value("Authorization", fill(quirks.auth, values))
        headers = {"Authorization": line}
    declared = filled_headers(service.quirks.token.headers, client_values(client))
    sent = joined_headers({"Accept": JSON}, declared, headers)
    url = check_endpoint(fill(service.revoke_url, values, for_url=True), f"{steps.REVOKE} address")
    body = b""
    if quirks.body == "form":
        sent, body = joined_headers(sent, {"Content-Type": FORM}), form_body(parameters)
    elif quirks.body == "json":
        sent, body = joined_headers(sent, {"Content-Type": JSON}), json_body(parameters)
    return Request(quirks.method, url, steps.REVOKE, sent, body)
