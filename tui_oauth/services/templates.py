"""Which texts of a service hold placeholders, and which names each of them may use.

The one list that loading, resolving and the tests share, so that a new key is placed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tui_oauth.services.addresses import PLACEHOLDER
from tui_oauth.services.format import RESERVED_PLACEHOLDERS, Service

Template = tuple[str, str, frozenset[str]]

ADDRESSES = (
    "authorize_url",
    "token_url",
    "revoke_url",
    "device_authorization_url",
    "introspect_url",
    "issuer",
    "developer_portal_url",
    "docs_url",
)
EXTENSION_ADDRESSES = ("par_url", "jwks_url", "registration_url")


def set_variable(named: str) -> str:
    """The variable that a value of `quirks.callback.sets` names, be it a template or the bare name."""
    match = PLACEHOLDER.search(named)
    return match[1] if match else named


def kept_names(service: Service) -> frozenset[str]:
    """The names under which values of answers and callbacks are stored with the tokens."""
    quirks = service.quirks
    probe = service.identity_probe
    return frozenset({*quirks.answer.keep, *quirks.callback.keep, *(probe.keep if probe else {})})


def templates(service: Service) -> Iterator[Template]:
    """Each text with placeholders: its key, itself, and the names it may use besides variables."""
    quirks, probe = service.quirks, service.identity_probe
    kept = kept_names(service)
    client, tokens = frozenset({"client_id"}), frozenset({"access_token", "refresh_token"})
    nothing: frozenset[str] = frozenset()
    everything = kept | RESERVED_PLACEHOLDERS
    for key in ADDRESSES:
        yield (
            key,
            getattr(service, key),
            (kept | client | tokens if key == "revoke_url" else nothing),
        )
    extensions = service.extensions
    for key in EXTENSION_ADDRESSES:
        yield f"extensions.{key}", getattr(extensions, key), nothing
    for resource in extensions.resource:
        yield "extensions.resource", resource, nothing
    for scope in service.default_scopes:
        yield "default_scopes", scope, nothing
    for scope in quirks.client.scopes:
        yield "quirks.client.scopes", scope, nothing
    if probe:
        yield "identity_probe.url", probe.url, kept | {"access_token", "client_id"}
        yield from _each(
            "identity_probe.headers", probe.headers, kept | {"access_token", "client_id"}
        )
    yield from _each("extra_authorize_params", service.extra_authorize_params, client)
    yield from _each("extra_token_params", service.extra_token_params, client)
    yield "quirks.authorize.redirect_uri", quirks.authorize.redirect_uri, nothing
    yield from _each("quirks.token.headers", quirks.token.headers, client | {"client_secret"})
    yield "quirks.refresh.url", quirks.refresh.url, kept
    yield from _each(
        "quirks.refresh.parameters", quirks.refresh.parameters, everything | {"redirect_uri"}
    )
    if quirks.answer.long_lived:
        yield "quirks.answer.long_lived.url", quirks.answer.long_lived.url, kept
        parameters = quirks.answer.long_lived.parameters
        yield from _each("quirks.answer.long_lived.parameters", parameters, everything)
    yield "quirks.revoke.auth", quirks.revoke.auth, everything
    yield from _each("quirks.revoke.parameters", quirks.revoke.parameters, everything)
    yield from _each("quirks.api.headers", quirks.api.headers, kept | {"access_token", "client_id"})
    for origin in quirks.api.origins:
        yield "quirks.api.origins", origin, kept
    for origin in quirks.git.origins:
        yield "quirks.git.origins", origin, nothing
    yield from _each("quirks.device.parameters", quirks.device.parameters, client)
    for text in (*service.guide.steps, *service.guide.gotchas, service.guide.revoke):
        yield "guide", text, frozenset({"callback_url"})


def _each(key: str, texts: Mapping[str, str], known: frozenset[str]) -> Iterator[Template]:
    for name, text in texts.items():
        yield f"{key}.{name}", text, known
