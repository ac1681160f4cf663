"""Discovery: where metadata is published, and reading it (RFC 8414, RFC 9728, OpenID Connect Discovery 1.0).

A document counts only when it names exactly the issuer or resource that was asked for: without
that, one server could speak for another (checklist rules 104 and 107).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tui_oauth.errors import ProviderRefused, ProviderUnreachable, UsageProblem
from tui_oauth.oauth.http import Request, Response
from tui_oauth.oauth.reach import check_reach
from tui_oauth.oauth.reading import Unreadable, parse_json
from tui_oauth.oauth.urls import check_endpoint, check_link, origin_of
from tui_oauth.text import is_plain, neutralise

STEP_SERVER = "search for an authorization server's metadata"
STEP_RESOURCE = "search for a resource's metadata"
STEP_KNOCK = "request without a token"

OAUTH_WELL_KNOWN = "/.well-known/oauth-authorization-server"
OPENID_WELL_KNOWN = "/.well-known/openid-configuration"
RESOURCE_WELL_KNOWN = "/.well-known/oauth-protected-resource"

# A service that an entry carries holds texts of this length (services.reading), and no real
# document comes near these numbers.
MAX_TEXT = 1_000
MAX_ITEMS = 1_000
MAX_SERVERS = 20


class NamesAnother(ProviderRefused):
    """The document speaks for another issuer or resource than was asked; `named` is which."""

    def __init__(self, message: str, advice: str, named: str) -> None:
        super().__init__(message, advice, code="issuer_mismatch")
        self.named = named


@dataclass(frozen=True, slots=True)
class ServerMetadata:
    """What an authorization server says of itself (RFC 8414 section 2), as far as it matters here.

    `source` is the address of the document. Lists that the document leaves out are None, since
    leaving out has a meaning of its own: the default.
    """

    issuer: str
    source: str
    token_endpoint: str = ""
    authorization_endpoint: str = ""
    revocation_endpoint: str = ""
    introspection_endpoint: str = ""
    device_authorization_endpoint: str = ""
    pushed_authorization_request_endpoint: str = ""
    registration_endpoint: str = ""
    userinfo_endpoint: str = ""
    jwks_uri: str = ""
    documentation: str = ""
    scopes: tuple[str, ...] | None = None
    response_types: tuple[str, ...] | None = None
    grant_types: tuple[str, ...] | None = None
    auth_methods: tuple[str, ...] | None = None
    challenge_methods: tuple[str, ...] | None = None
    dpop_algorithms: tuple[str, ...] | None = None
    par_required: bool = False
    iss_parameter: bool = False
    client_id_metadata_document: bool = False


@dataclass(frozen=True, slots=True)
class ResourceMetadata:
    """What a protected resource says of itself (RFC 9728 section 2), as far as it matters here."""

    resource: str
    source: str
    authorization_servers: tuple[str, ...] = ()
    name: str = ""
    documentation: str = ""
    scopes: tuple[str, ...] | None = None
    bearer_methods: tuple[str, ...] | None = None
    dpop_required: bool = False
    dpop_algorithms: tuple[str, ...] | None = None


_ENDPOINTS = {
    "token_endpoint": "token endpoint",
    "authorization_endpoint": "authorization endpoint",
    "revocation_endpoint": "revocation endpoint",
    "introspection_endpoint": "introspection endpoint",
    "device_authorization_endpoint": "device authorization endpoint",
    "pushed_authorization_request_endpoint": "pushed authorization request endpoint",
    "registration_endpoint": "registration endpoint",
    "userinfo_endpoint": "userinfo endpoint",
    "jwks_uri": "address of its keys",
}


def check_issuer(url: str, given: str) -> str:
    """`url` itself when it can be an issuer (RFC 8414 section 2) for whoever typed `given`.

    https, or http on loopback, without query and fragment. Raises UsageProblem or ProviderRefused.
    """
    check_endpoint(url, "issuer")
    if "?" in url:
        raise UsageProblem(
            f"The issuer {neutralise(url, 100)!r} cannot be used: it has a query (?...).",
            "An issuer is scheme, host and perhaps a path.",
        )
    return check_reach(url, "authorization server", given)


def server_metadata_urls(issuer: str) -> tuple[str, ...]:
    """Where the metadata of `issuer` may be, in the order to try (checklist rule 103).

    Between host and path for OAuth (RFC 8414 section 3.1) and OpenID Connect (section 5), then
    behind the path (OpenID Connect Discovery section 4.1). A slash at the end is left out of it.
    """
    origin, path = _split(issuer)
    path = path.rstrip("/")
    urls = [origin + OAUTH_WELL_KNOWN + path, origin + OPENID_WELL_KNOWN + path]
    if path:
        urls.append(origin + path + OPENID_WELL_KNOWN)
    return tuple(urls)


def resource_metadata_url(resource: str) -> str:
    """Where the metadata of `resource` is by rule: between host and path (RFC 9728 section 3.1)."""
    origin, rest = _split(resource)
    # A slash right behind the host goes, with a query or without (section 3.1).
    rest = rest[1:] if rest == "/" or rest.startswith("/?") else rest
    return origin + RESOURCE_WELL_KNOWN + rest


def metadata_request(url: str, step: str) -> Request:
    """A request for a document; it carries nothing that is secret."""
    return Request("GET", url, step, {"Accept": "application/json"})


def document_in(response: Response) -> dict[str, Any] | None:
    """The JSON object in `response`; None when it is no such answer and the next place counts.

    Only status 200 is an answer (RFC 8414 section 3.2); a redirect is not followed (rule 67).
    """
    if response.status != 200:
        return None
    try:
        document = parse_json(response.body)
    except Unreadable:
        return None
    return document if isinstance(document, dict) else None


def read_server(
    document: Mapping[str, Any], issuer: str, source: str, given: str
) -> ServerMetadata:
    """The metadata in `document`, fetched from `source` for `issuer` because `given` was typed.

    Members that are not known are ignored. Raises NamesAnother when it speaks for another issuer,
    ProviderRefused when an endpoint lies where the document may not lead, ProviderUnreachable when
    a member that matters is malformed: then nothing of it is used.
    """
    reader = _Reader(document, source)
    named = reader.text("issuer")
    if named != issuer:
        raise _another("issuer", issuer, named, source)
    addresses: dict[str, str] = {}
    for member, what in _ENDPOINTS.items():
        url = reader.endpoint(member, what)
        addresses[member] = check_reach(url, what, given) if url else ""
    par_required = reader.flag("require_pushed_authorization_requests")
    if par_required and not addresses["pushed_authorization_request_endpoint"]:
        raise reader.malformed("it requires pushed authorization requests and names no endpoint")
    return ServerMetadata(
        issuer=issuer,
        source=source,
        documentation=reader.page("service_documentation"),
        scopes=reader.texts("scopes_supported"),
        response_types=reader.texts("response_types_supported"),
        grant_types=reader.texts("grant_types_supported"),
        auth_methods=reader.texts("token_endpoint_auth_methods_supported"),
        challenge_methods=reader.texts("code_challenge_methods_supported"),
        dpop_algorithms=reader.texts("dpop_signing_alg_values_supported"),
        par_required=par_required,
        iss_parameter=reader.flag("authorization_response_iss_parameter_supported"),
        client_id_metadata_document=reader.flag("client_id_metadata_document_supported"),
        **addresses,
    )


def read_resource(document: Mapping[str, Any], resource: str, source: str) -> ResourceMetadata:
    """The metadata in `document`, fetched from `source` for `resource`; as `read_server`.

    `resource` has to be named exactly (RFC 9728 section 3.3). Which authorization servers may be
    asked is for the caller to check.
    """
    reader = _Reader(document, source)
    named = reader.text("resource")
    if named != resource:
        raise _another("resource", resource, named, source)
    servers = reader.texts("authorization_servers") or ()
    if len(servers) > MAX_SERVERS:
        raise reader.malformed(f"authorization_servers has {len(servers):,} items")
    return ResourceMetadata(
        resource=resource,
        source=source,
        authorization_servers=tuple(dict.fromkeys(servers)),
        name=neutralise(reader.text("resource_name"), 80),
        documentation=reader.page("resource_documentation"),
        scopes=reader.texts("scopes_supported"),
        bearer_methods=reader.texts("bearer_methods_supported"),
        dpop_required=reader.flag("dpop_bound_access_tokens_required"),
        dpop_algorithms=reader.texts("dpop_signing_alg_values_supported"),
    )


class _Reader:
    """Members of one document by type; null counts as left out, any other wrong type as malformed."""

    def __init__(self, document: Mapping[str, Any], source: str) -> None:
        self._document = document
        self._source = source

    def text(self, member: str) -> str:
        value = self._document.get(member)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise self.malformed(f"{member} is not a text of at most {MAX_TEXT:,} characters")
        return value

    def texts(self, member: str) -> tuple[str, ...] | None:
        value = self._document.get(member)
        if value is None:
            return None
        if not isinstance(value, list) or not all(
            isinstance(item, str) and len(item) <= MAX_TEXT for item in value
        ):
            raise self.malformed(f"{member} is not a list of texts")
        if len(value) > MAX_ITEMS:
            raise self.malformed(f"{member} has {len(value):,} items")
        return tuple(value)

    def flag(self, member: str) -> bool:
        value = self._document.get(member)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.malformed(f"{member} is neither true nor false")
        return value

    def endpoint(self, member: str, what: str) -> str:
        """An address that requests go to, empty when left out (checklist rules 48, 65 and 105)."""
        url = self.text(member)
        if not url:
            return ""
        try:
            return check_endpoint(url, what)
        except UsageProblem as error:
            raise ProviderUnreachable(
                f"The metadata at {neutralise(self._source, 200)} cannot be used. {error.message}",
                "Ask whoever runs the server. Nothing was sent to that address.",
            ) from None

    def page(self, member: str) -> str:
        """An address for people, empty when it is not safe to open: it is not worth a refusal."""
        value = self._document.get(member)
        try:
            usable = isinstance(value, str) and len(value) <= MAX_TEXT and is_plain(value)
            return check_link(value, fragment=True) if usable and isinstance(value, str) else ""
        except UsageProblem:
            return ""

    def malformed(self, what: str) -> ProviderUnreachable:
        return ProviderUnreachable(
            f"The metadata at {neutralise(self._source, 200)} is malformed: {what}.",
            "Ask whoever runs the server, or make a service file of your own.",
        )


def _another(kind: str, asked: str, named: str, source: str) -> NamesAnother:
    shown, wanted = neutralise(named, 200), neutralise(asked, 200)
    if not named:
        message = f"The document at {neutralise(source, 200)} names no {kind}, so it was not used."
        return NamesAnother(message, "Ask whoever runs the server.", "")
    advice = f"Look up {shown} if that is the {kind} you mean, and you trust it."
    if named.rstrip("/") == asked.rstrip("/"):
        advice = f"A slash at the end makes another {kind}: look up {shown} exactly so."
    return NamesAnother(
        f"The document for {wanted} speaks for another {kind}, {shown}, so it was not used.",
        advice,
        named,
    )


def _split(url: str) -> tuple[str, str]:
    """Scheme and host, and all that follows, of a checked address."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin, url[len(origin) :]


def same_origin(one: str, other: str) -> bool:
    """Whether two checked addresses have scheme, host and port in common."""
    return origin_of(one) == origin_of(other)
