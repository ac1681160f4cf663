"""What the played service wants of each request; anything else is refused with the reason."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus, urlsplit

from tui_oauth.practice.web import WebRequest, pairs
from tui_oauth.services.addresses import PLACEHOLDER
from tui_oauth.services.format import Service

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Wrong(Exception):
    """The request is not what this service wants. `code` is an OAuth error code."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """One authorization request that was in order; `values` are the variables in its address."""

    redirect_uri: str
    sent_redirect_uri: str
    state: str
    challenge: str
    scopes: tuple[str, ...]
    values: Mapping[str, str]


def true_role(service: Service, role: str, request: WebRequest) -> str:
    """What a request to the token endpoint is really for, where several things are asked for there."""
    if request.method == "DELETE" and service.revoke_url:
        return "revoke"
    if role not in {"token", "device", "refresh", "long_lived"}:
        return role
    sent = _sent(request)
    same = {service.token_url, service.quirks.refresh.url or service.token_url}
    if service.device_authorization_url in same and "response_type" in sent:
        return "device"
    long_lived = service.quirks.answer.long_lived
    if long_lived and sent.get("grant_type") == long_lived.parameters.get("grant_type"):
        return "long_lived"
    if role == "device" and service.device_authorization_url not in same:
        return "device"
    if role == "long_lived" and (long_lived is None or long_lived.url != service.token_url):
        return role
    code = service.quirks.token.code_parameter in sent
    renewing = "refresh_token" in sent or sent.get("type") == "refresh"
    return "token" if code or (not renewing and role == "token") else "refresh"


def authorization(
    service: Service,
    request: WebRequest,
    values: Mapping[str, str],
    client_id: str,
    callback_url: str,
) -> Asked:
    """The authorization request (RFC 6749 section 4.1.1), under the service's own names."""
    quirks = service.quirks.authorize
    given = pairs(request.query)
    sent = dict(given)
    if len(sent) != len(given):
        raise Wrong("invalid_request", "A parameter stands there twice.")
    if quirks.response_type and sent.get("response_type") != quirks.response_type:
        raise Wrong("unsupported_response_type", f"response_type is not {quirks.response_type}.")
    if quirks.client_id_parameter and sent.get(quirks.client_id_parameter) != client_id:
        raise Wrong("invalid_client", f"{quirks.client_id_parameter} is not {client_id}.")
    for name, value in service.extra_authorize_params.items():
        if not PLACEHOLDER.search(value) and sent.get(name) != value:
            raise Wrong("invalid_request", f"{name} is not {value}.")
        if name not in sent:
            raise Wrong("invalid_request", f"{name} is missing.")
    if not sent.get("state"):
        raise Wrong("invalid_request", "state is missing.")
    scopes = sent.get(quirks.scope_parameter, "") if quirks.scope else ""
    if service.default_scopes and quirks.scope and not scopes:
        raise Wrong("invalid_scope", f"{quirks.scope_parameter} is missing.")
    if not quirks.scope and sent.get("scope"):
        raise Wrong("invalid_scope", "There are no scopes here.")
    if quirks.nonce and not sent.get("nonce"):
        raise Wrong("invalid_request", "nonce is missing.")
    challenge = sent.get("code_challenge", "")
    if service.pkce == "required" and not challenge:
        raise Wrong("invalid_request", "code_challenge is missing.")
    if challenge and sent.get("code_challenge_method") != "S256":
        raise Wrong("invalid_request", "code_challenge_method is not S256.")
    redirect_uri = sent.get("redirect_uri", "")
    if not redirect_uri:
        raise Wrong("invalid_request", "redirect_uri is missing.")
    target = callback_url if quirks.redirect_uri else redirect_uri
    if urlsplit(target).scheme not in {"http", "https"}:
        raise Wrong("invalid_request", "redirect_uri is no address.")
    return Asked(
        redirect_uri=target,
        sent_redirect_uri=redirect_uri,
        state=sent["state"],
        challenge=challenge,
        scopes=tuple(scopes.split(service.scope_separator)) if scopes else (),
        values=values,
    )


def token_parameters(
    service: Service, request: WebRequest, client_id: str, client_secret: str
) -> dict[str, str]:
    """The parameters of a token request whose client is in order (RFC 6749 section 2.3)."""
    quirks = service.quirks.token
    if request.method != "POST":
        raise Wrong("invalid_request", "Token requests are sent with POST.")
    wanted = JSON if service.token_request_format == "json" else FORM
    if quirks.parameters_in == "query":
        sent = _in_query(request)
    elif request.media_type != wanted:
        raise Wrong("invalid_request", f"The body is not {wanted}.")
    else:
        sent = _in_body(request)
    _check_client(service, request, sent, client_id, client_secret)
    for name, value in service.extra_token_params.items():
        if name not in sent or (not PLACEHOLDER.search(value) and sent[name] != value):
            raise Wrong("invalid_request", f"{name} is not {value}.")
    for name, value in quirks.headers.items():
        if not PLACEHOLDER.search(value) and request.headers.get(name.lower()) != value:
            raise Wrong("invalid_request", f"The header {name} is not {value}.")
    return sent


def device_scopes(service: Service, request: WebRequest, client_id: str) -> tuple[str, ...]:
    """The scopes of a device authorization request that is in order (RFC 8628 section 3.1)."""
    quirks = service.quirks
    sent = _in_body(request)
    if request.method != "POST" or sent.get(quirks.token.client_id_parameter) != client_id:
        raise Wrong("invalid_client", f"{quirks.token.client_id_parameter} is not {client_id}.")
    for name, value in quirks.device.parameters.items():
        if not PLACEHOLDER.search(value) and sent.get(name) != value:
            raise Wrong("invalid_request", f"{name} is not {value}.")
    scopes = sent.get(quirks.authorize.scope_parameter, "")
    return tuple(scopes.split(service.scope_separator)) if scopes else ()


def check_exchange(service: Service, sent: Mapping[str, str], asked: Asked) -> None:
    """What is peculiar to the exchange of a code (RFC 6749 section 4.1.3, RFC 7636 section 4.6)."""
    quirks = service.quirks.token
    if quirks.grant_type and sent.get("grant_type") != "authorization_code":
        raise Wrong("unsupported_grant_type", "grant_type is not authorization_code.")
    if quirks.redirect_uri and sent.get("redirect_uri") != asked.sent_redirect_uri:
        raise Wrong("invalid_grant", "redirect_uri is not the one of the link.")
    if quirks.state and sent.get("state") != asked.state:
        raise Wrong("invalid_request", "state is not the one of the link.")
    if asked.challenge:
        verifier = sent.get("code_verifier", "")
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        if made.rstrip(b"=").decode() != asked.challenge:
            raise Wrong("invalid_grant", "code_verifier does not fit code_challenge.")


def refresh_parameters(
    service: Service, request: WebRequest, client_id: str, client_secret: str
) -> dict[str, str]:
    """The parameters of a refresh request (RFC 6749 section 6)."""
    quirks = service.quirks.refresh
    if quirks.parameters:
        return declared_parameters(
            request, quirks.method, quirks.parameters, client_id, client_secret
        )
    sent = token_parameters(service, request, client_id, client_secret)
    if sent.get("grant_type") != "refresh_token":
        raise Wrong("unsupported_grant_type", "grant_type is not refresh_token.")
    return sent


def declared_parameters(
    request: WebRequest,
    method: str,
    declared: Mapping[str, str],
    client_id: str,
    client_secret: str,
) -> dict[str, str]:
    """Exactly the `declared` parameters; those that are the client's or fixed have to be right."""
    if request.method != method:
        raise Wrong("invalid_request", f"This is sent with {method}.")
    sent = _in_query(request) if method == "GET" else {**_in_query(request), **_in_body(request)}
    for name, template in declared.items():
        known = {"{client_id}": client_id, "{client_secret}": client_secret}
        wanted = known.get(template, template)
        if name not in sent or (not PLACEHOLDER.search(wanted) and sent[name] != wanted):
            raise Wrong("invalid_request", f"{name} is not what it should be.")
    return sent


def api_token(service: Service, request: WebRequest) -> str:
    """The access token of an API call, in the header that the service wants it in."""
    api, probe = service.quirks.api, service.identity_probe
    own = {name.lower(): text for name, text in (probe.headers if probe else {}).items()}
    if probe and "{access_token}" in probe.url:
        return _taken(probe.url.partition("://")[2].partition("/")[2], request)
    template = own.get("authorization")
    if template:
        header, before = "authorization", template.partition("{access_token}")[0]
    else:
        header, before = api.header.lower(), f"{api.scheme} " if api.scheme else ""
    given = request.headers.get(header, "")
    if not given.startswith(before):
        raise Wrong("invalid_token", f"The header {header} does not begin with {before.strip()}.")
    return given.removeprefix(before)


def check_identity(service: Service, request: WebRequest, client_id: str) -> None:
    """Method, body and declared headers of the identity probe."""
    probe = service.identity_probe
    assert probe is not None  # noqa: S101 - the place exists only then
    if request.method != probe.method:
        raise Wrong("invalid_request", f"This is asked with {probe.method}.")
    if probe.body and request.body.decode("utf-8", "replace") != probe.body:
        raise Wrong("invalid_request", "The body is not the one that is declared.")
    for name, template in {**service.quirks.api.headers, **probe.headers}.items():
        wanted = template.replace("{client_id}", client_id)
        if not PLACEHOLDER.search(wanted) and request.headers.get(name.lower()) != wanted:
            raise Wrong("invalid_request", f"The header {name} is not {wanted}.")


def revoked_values(
    service: Service, request: WebRequest, client_id: str, client_secret: str
) -> list[str]:
    """What a revocation request names, the token among it, in the way that the service declares."""
    quirks = service.quirks.revoke
    if request.method != quirks.method:
        raise Wrong("invalid_request", f"Revocation is sent with {quirks.method}.")
    wanted = {"form": FORM, "json": JSON, "none": ""}[quirks.body]
    if wanted and request.media_type != wanted:
        raise Wrong("invalid_request", f"The body is not {wanted}.")
    if not wanted and request.body:
        raise Wrong("invalid_request", "There is no body here.")
    sent = _in_body(request) if wanted else {}
    authorization = request.headers.get("authorization", "")
    if quirks.auth == "client":
        if wanted:
            _check_client(service, request, sent, client_id, client_secret)
    elif quirks.auth == "basic":
        if _basic(authorization) is None:
            raise Wrong("invalid_client", "Basic credentials are missing.")
    elif quirks.auth == "bearer":
        return [api_token_of(service, request)]
    elif quirks.auth != "none":
        text = quirks.auth.replace("{client_id}", client_id).replace(
            "{client_secret}", client_secret
        )
        if authorization != text:
            raise Wrong("invalid_client", "The Authorization header is not the declared one.")
    return [*sent.values(), *request.path.split("/"), *_in_query(request).values()]


def api_token_of(service: Service, request: WebRequest) -> str:
    """The token in the header that API calls use."""
    api = service.quirks.api
    before = f"{api.scheme} " if api.scheme else ""
    given = request.headers.get(api.header.lower(), "")
    if not given.startswith(before):
        raise Wrong("invalid_token", f"The header {api.header} carries no token.")
    return given.removeprefix(before)


def signed(parameters: Sequence[tuple[str, str]], secret: str) -> str:
    """The signature of a callback: HMAC-SHA256 in hexadecimal over its sorted parameters."""
    message = "&".join(f"{name}={value}" for name, value in sorted(parameters) if value)
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def with_query(address: str, parameters: Sequence[tuple[str, str]]) -> str:
    """`address` with `parameters` added to its query."""
    joined = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)
    return f"{address}{'&' if urlsplit(address).query else '?'}{joined}"


def _check_client(
    service: Service,
    request: WebRequest,
    sent: Mapping[str, str],
    client_id: str,
    client_secret: str,
) -> None:
    quirks = service.quirks.token
    basic = _basic(request.headers.get("authorization", ""))
    in_body = quirks.client_secret_parameter in sent
    if basic is not None and in_body:
        raise Wrong("invalid_request", "The client authenticates in two ways at once.")
    if basic is not None:
        if "client_secret_basic" not in service.client_auth:
            raise Wrong("invalid_client", "Basic credentials are not accepted here.")
        user = client_secret if quirks.basic_secret_only else client_id
        password = "" if quirks.basic_secret_only else client_secret
        if basic != (user, password):
            raise Wrong("invalid_client", "The Basic credentials are not right.")
        return
    if sent.get(quirks.client_id_parameter) != client_id:
        raise Wrong("invalid_client", f"{quirks.client_id_parameter} is not {client_id}.")
    if in_body:
        if "client_secret_post" not in service.client_auth:
            raise Wrong("invalid_client", "A secret in the body is not accepted here.")
        if sent[quirks.client_secret_parameter] != client_secret:
            raise Wrong("invalid_client", "The client secret is not right.")
    elif "none" not in service.client_auth:
        raise Wrong("invalid_client", f"{quirks.client_secret_parameter} is missing.")


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (unquote_plus(user), unquote_plus(password)) if colon else None


def _taken(template: str, request: WebRequest) -> str:
    """What stands in `request` where `template`, a path with query, has the access token."""
    path, _, query = template.partition("?")
    for name, value in pairs(query):
        if value == "{access_token}":
            return _in_query(request).get(name, "")
    before = path.partition("{access_token}")[0]
    return request.path.rpartition(before)[2].partition("/")[0]


def _sent(request: WebRequest) -> dict[str, str]:
    try:
        return {**_in_query(request), **_in_body(request)}
    except Wrong:
        return {}


def _in_query(request: WebRequest) -> dict[str, str]:
    return dict(pairs(request.query))


def _in_body(request: WebRequest) -> dict[str, str]:
    if request.media_type == JSON:
        try:
            found = json.loads(request.body)
        except ValueError:
            raise Wrong("invalid_request", "The body is not JSON.") from None
        if not isinstance(found, dict):
            raise Wrong("invalid_request", "The body is no JSON object.")
        return {str(name): str(value) for name, value in found.items()}
    return dict(pairs(request.body.decode("utf-8", "replace")))
