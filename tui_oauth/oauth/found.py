"""What discovered metadata amounts to: a service that entries can be made for, or why it is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tui_oauth.errors import UsageProblem
from tui_oauth.oauth.client import BASIC, NONE, POST
from tui_oauth.oauth.discovery import ResourceMetadata, ServerMetadata
from tui_oauth.oauth.urls import origin_of
from tui_oauth.services.format import (
    ApiQuirks,
    Extensions,
    IdentityProbe,
    Quirks,
    Service,
)
from tui_oauth.services.pinned import DISCOVERED
from tui_oauth.text import neutralise

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
MAX_DEFAULT_SCOPES = 100
_PROBE_PATHS = ("email", "preferred_username", "name", "sub")
# A scope token (RFC 6749 section 3.3); braces would be placeholders of a service.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7a\x7c\x7e]+")
_GRANT_WORDS = {
    "authorization_code": "browser",
    "device_code": "device",
    "client_credentials": "client credentials",
    "refresh_token": "refresh",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was found, and the address of the document that says so."""

    label: str
    value: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up found. `given` is the address that the person typed.

    `service` is what an entry would carry; `facts` and `warnings` are for the person; `scopes` are
    those on offer, `documents` the addresses of what was read. `resource` is empty for an issuer.
    """

    given: str
    service: Service
    facts: tuple[Fact, ...]
    warnings: tuple[str, ...]
    scopes: tuple[str, ...]
    documents: tuple[str, ...]
    resource: str = ""

    @property
    def registers(self) -> bool:
        """Whether the server registers clients by itself (RFC 7591)."""
        return bool(self.service.extensions.registration_url)


def service_of(
    given: str,
    server: ServerMetadata,
    resource: ResourceMetadata | None = None,
    wanted: tuple[str, ...] = (),
) -> Service:
    """The service that the metadata describes; `wanted` are the scopes of a resource's challenge.

    Raises UsageProblem with the reason when no safe sign-in can be made of it: no grant that is
    offered here, PKCE without S256 (checklist rule 13), no client authentication that is offered
    here (rule 61), tokens that have to be sent or bound in a way that is not offered.
    """
    _check_resource(resource, server)
    grants = _grants(server)
    browser, device = "authorization_code" in grants, "device_code" in grants
    bound = resource is not None and resource.dpop_required
    host = urlsplit(given).netloc
    return Service(
        id=DISCOVERED,
        name=neutralise(host, 80),
        issuer=server.issuer,
        token_url=server.token_endpoint,
        authorize_url=server.authorization_endpoint if browser else "",
        device_authorization_url=server.device_authorization_endpoint if device else "",
        revoke_url=server.revocation_endpoint,
        introspect_url=server.introspection_endpoint,
        grants=grants,
        pkce=_pkce(server) if browser else "unknown",
        client_auth=_client_auth(server),
        default_scopes=_default_scopes(server, resource, wanted),
        identity_probe=_probe(server) if resource is None else None,
        docs_url=(resource.documentation if resource else "") or server.documentation,
        extensions=Extensions(
            par_url=server.pushed_authorization_request_endpoint,
            par_required=browser and server.par_required,
            iss_parameter=server.iss_parameter,
            jwks_url=server.jwks_uri,
            registration_url=server.registration_endpoint,
            resource=(resource.resource,) if resource else (),
            dpop=bound,
            client_id_metadata_document=server.client_id_metadata_document,
        ),
        quirks=Quirks(api=ApiQuirks(origins=(origin_of(resource.resource),) if resource else ())),
        sources=_documents(server, resource),
    )


def found_of(
    given: str,
    server: ServerMetadata,
    resource: ResourceMetadata | None = None,
    wanted: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
) -> Found:
    """Everything that a look-up gives; `warnings` come before those of the metadata itself.

    Raises as `service_of`.
    """
    service = service_of(given, server, resource, wanted)
    offered = resource.scopes if resource is not None and resource.scopes else server.scopes
    return Found(
        given=given,
        service=service,
        facts=tuple(fact for fact in _facts(service, server, resource) if fact.value),
        warnings=(*warnings, *elsewhere(service)),
        scopes=tuple(scope for scope in offered or () if _SCOPE.fullmatch(scope)),
        documents=_documents(server, resource),
        resource=resource.resource if resource else "",
    )


def endpoints(service: Service) -> dict[str, str]:
    """What of `service` requests go to, by the name that people know it under."""
    extensions, probe = service.extensions, service.identity_probe
    named = {
        "authorization endpoint": service.authorize_url,
        "token endpoint": service.token_url,
        "device authorization endpoint": service.device_authorization_url,
        "pushed authorization request endpoint": extensions.par_url,
        "registration endpoint": extensions.registration_url,
        "revocation endpoint": service.revoke_url,
        "introspection endpoint": service.introspect_url,
        "userinfo endpoint": probe.url if probe else "",
        "address of its keys": extensions.jwks_url,
    }
    return {what: url for what, url in named.items() if url}


def by_origin(service: Service) -> dict[str, list[str]]:
    """The origins that requests go to, each with the names of its endpoints."""
    found: dict[str, list[str]] = {}
    for what, url in endpoints(service).items():
        found.setdefault(origin_of(url), []).append(what)
    return found


def grant_words(service: Service) -> str:
    """How one can get a token there, in words."""
    return ", ".join(_GRANT_WORDS[grant] for grant in service.grants)


def pkce_words(service: Service) -> str:
    """What is known of PKCE there; empty where no browser takes part."""
    if "authorization_code" not in service.grants:
        return ""
    return "not announced; S256 is sent all the same" if service.pkce == "unknown" else "S256"


def elsewhere(service: Service) -> Iterator[str]:
    """A warning for each other origin than the issuer's that endpoints lie on (checklist rule 106)."""
    for origin, whats in by_origin(service).items():
        if origin == origin_of(service.issuer):
            continue
        listed = ", ".join(whats[:-1]) + " and " + whats[-1] if len(whats) > 1 else whats[0]
        verb = "lie" if len(whats) > 1 else "lies"
        yield (
            f"The {listed} {verb} on {neutralise(origin, 120)}, the issuer on "
            f"{neutralise(origin_of(service.issuer), 120)}. Large providers do that; make sure "
            "that both are theirs."
        )


def _check_resource(resource: ResourceMetadata | None, server: ServerMetadata) -> None:
    if resource is None:
        return
    host = urlsplit(resource.resource).netloc
    ways = resource.bearer_methods
    if ways and "header" not in ways and not resource.dpop_required:
        raise UsageProblem(
            f"{host} takes tokens only by: {neutralise(', '.join(ways), 100)}. "
            "Here they are sent in the Authorization header alone, which keeps them out of logs.",
            "Ask whoever runs the API.",
        )
    if resource.dpop_required:
        for known in (resource.dpop_algorithms, server.dpop_algorithms):
            if known is not None and "ES256" not in known:
                raise UsageProblem(
                    f"{host} wants tokens bound to a key (DPoP) with "
                    f"{neutralise(', '.join(known), 100) or 'no algorithm at all'}; "
                    "ES256 is what is offered here.",
                    "Ask whoever runs the API.",
                )


def _grants(server: ServerMetadata) -> tuple[str, ...]:
    """The grants that are offered there and here.

    A list that is left out means the authorization code grant (RFC 8414 section 2), and says
    nothing about refresh. A device authorization endpoint speaks for itself: naming its grant in
    the list as well is only recommended (RFC 8628 section 4).
    """
    listed, kinds = server.grant_types, server.response_types
    found: list[str] = []
    if (
        server.authorization_endpoint
        and (listed is None or "authorization_code" in listed)
        and (kinds is None or "code" in kinds)
    ):
        found.append("authorization_code")
    if server.device_authorization_endpoint:
        found.append("device_code")
    if found and (listed is None or "refresh_token" in listed):
        found.append("refresh_token")
    if listed is not None and "client_credentials" in listed:
        found.append("client_credentials")
    host = urlsplit(server.issuer).netloc
    if not found:
        named = neutralise(", ".join(listed or kinds or ()), 100) or "none"
        raise UsageProblem(
            f"{host} offers no grant that is offered here. It names: {named}.",
            "Offered here are authorization_code, device_code and client_credentials; the implicit "
            "and password grants are unsafe (RFC 9700 section 2) and left out.",
        )
    if not server.token_endpoint:
        raise UsageProblem(
            f"The metadata of {host} names no token endpoint, so no token can be had there.",
            "Ask whoever runs the server.",
        )
    return tuple(found)


def _pkce(server: ServerMetadata) -> str:
    methods = server.challenge_methods
    if methods is None:
        return "unknown"
    if "S256" in methods:
        return "supported"
    named = neutralise(", ".join(methods), 80) or "no method at all"
    raise UsageProblem(
        f"{urlsplit(server.issuer).netloc} knows PKCE only with {named}, not with S256. Without "
        "it a stolen code could be used by others, so no entry is made (RFC 9700 section 2.1.1).",
        "Ask whoever runs the server to allow S256. A service file can declare that it has no PKCE.",
    )


def _client_auth(server: ServerMetadata) -> tuple[str, ...]:
    """The methods in our order: none before a secret that would have to be kept.

    A list that is left out means basic (RFC 8414 section 2). That does not rule out a public
    client, which has no secret to authenticate with.
    """
    methods = server.auth_methods
    if methods is None:
        return BASIC, NONE
    usable = tuple(method for method in (NONE, BASIC, POST) if method in methods)
    if usable:
        return usable
    named = neutralise(", ".join(methods), 120) or "none at all"
    raise UsageProblem(
        f"{urlsplit(server.issuer).netloc} accepts client authentication that is not offered "
        f"here: {named}.",
        f"Offered here are {BASIC}, {POST} and {NONE}. Ask whoever runs the server for one of them.",
    )


def _default_scopes(
    server: ServerMetadata, resource: ResourceMetadata | None, wanted: tuple[str, ...]
) -> tuple[str, ...]:
    """What to ask for unless the person says otherwise; they see it before the link is opened.

    For a resource the scopes it asks for, else those it lists. For OpenID Connect the ones that
    tell whose token it is. `offline_access` where offered: the entry is to renew itself.
    """
    offered = server.scopes or ()
    scopes: list[str] = []
    if resource is not None:
        scopes += wanted or resource.scopes or ()
    elif server.userinfo_endpoint and (not offered or "openid" in offered):
        scopes += ["openid", *(["email"] if "email" in offered else [])]
    # Alone it would take the place of the server's own default scopes.
    if scopes and "offline_access" in offered:
        scopes.append("offline_access")
    plain = [scope for scope in scopes if _SCOPE.fullmatch(scope)]
    return tuple(dict.fromkeys(plain))[:MAX_DEFAULT_SCOPES]


def _probe(server: ServerMetadata) -> IdentityProbe | None:
    if not server.userinfo_endpoint:
        return None
    return IdentityProbe(url=server.userinfo_endpoint, name_paths=_PROBE_PATHS)


def _documents(server: ServerMetadata, resource: ResourceMetadata | None) -> tuple[str, ...]:
    return (resource.source, server.source) if resource else (server.source,)


def _facts(
    service: Service, server: ServerMetadata, resource: ResourceMetadata | None
) -> Iterator[Fact]:
    """What the person sees, the most important first."""
    said = server.source
    if resource is not None:
        yield Fact("API", resource.resource, resource.source)
        yield Fact("Its name", resource.name, resource.source)
        yield Fact("Signs in at", server.issuer, resource.source)
    else:
        yield Fact("Issuer", server.issuer, said)
    for what, url in endpoints(service).items():
        if what in {"authorization endpoint", "token endpoint", "device authorization endpoint"}:
            yield Fact(what[:1].upper() + what[1:], url, said)
    further = [
        what.removesuffix(" endpoint")
        for what in endpoints(service)
        if what.split(" ")[0] in {"revocation", "introspection", "userinfo", "pushed"}
    ]
    yield Fact("Also offered", ", ".join(further), said)
    yield Fact("Grants", grant_words(service), said)
    yield Fact("PKCE", pkce_words(service), said)
    yield Fact("Client", ", ".join(service.client_auth), said)
    yield Fact(
        "Registration",
        "this server registers clients by itself"
        if service.extensions.registration_url
        else "by hand, at whoever runs the server",
        said,
    )
    if service.extensions.client_id_metadata_document:
        yield Fact("Client ID", "may be the https address of a document about the client", said)
    if service.extensions.dpop and resource is not None:
        yield Fact("Tokens", "bound to a key of the entry (DPoP)", resource.source)
    elif server.dpop_algorithms and "ES256" in server.dpop_algorithms:
        yield Fact("Tokens", "DPoP is offered, not required, and not used", said)
