"""A service as the public JSON (`service show ID --json`): the keys of a service file.

What is not known is null. Without its nulls, the JSON written as TOML is a service file that says
the same, guide and aliases excepted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tui_oauth.services.format import (
    IdentityProbe,
    RedirectUriRules,
    RefreshFacts,
    Service,
    Variable,
)


def as_facts(service: Service) -> dict[str, Any]:
    """The facts of `service` as plain values; `quirks` has the tables that are not the standard's."""
    methods = list(service.client_auth)
    return {
        "id": service.id,
        "name": service.name,
        "category": service.category,
        "authorize_url": service.authorize_url or None,
        "token_url": service.token_url,
        "revoke_url": service.revoke_url or None,
        "device_authorization_url": service.device_authorization_url or None,
        "introspect_url": service.introspect_url or None,
        "issuer": service.issuer or None,
        "variables": [_variable(variable) for variable in service.variables],
        "grants": list(service.grants),
        "pkce": service.pkce,
        "client_auth": methods[0] if len(methods) == 1 else methods,
        "token_request_format": service.token_request_format,
        "scope_separator": service.scope_separator,
        "default_scopes": list(service.default_scopes),
        "extra_authorize_params": dict(service.extra_authorize_params),
        "extra_token_params": dict(service.extra_token_params),
        "redirect_uri_rules": _redirect_rules(service.redirect_uri_rules),
        "refresh": _refresh(service.refresh),
        "response_quirks": service.response_quirks or None,
        "identity_probe": _probe(service.identity_probe) if service.identity_probe else None,
        "developer_portal_url": service.developer_portal_url or None,
        "docs_url": service.docs_url or None,
        "credential_labels": _known(service.credential_labels),
        "extensions": _changed(service.extensions),
        "quirks": _changed(service.quirks),
        "sources": list(service.sources),
        "confidence": service.confidence or None,
    }


def _variable(variable: Variable) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": variable.name,
        "label": variable.label,
        "example": variable.example or None,
        "default": variable.default,
    }
    if variable.choices:
        found["choices"] = [{"value": one.value, "label": one.label} for one in variable.choices]
    if variable.derived:
        found["derived"] = {"from": variable.derived.source, "map": dict(variable.derived.map)}
    if variable.kind != "text":
        found["kind"] = variable.kind
    if variable.optional:
        found["optional"] = True
    return found


def _redirect_rules(rules: RedirectUriRules) -> dict[str, Any]:
    found = _known(rules)
    if not rules.host:
        del found["host"]
    return found


def _refresh(facts: RefreshFacts) -> dict[str, Any]:
    found = _known(facts)
    for name in ("refresh_idle_days", "refresh_fixed_days", "refresh_testing_days"):
        if found[name] is None:
            del found[name]
    return found


def _probe(probe: IdentityProbe) -> dict[str, Any]:
    paths = list(probe.name_paths)
    found: dict[str, Any] = {
        "method": probe.method,
        "url": probe.url,
        "name_path": paths[0] if len(paths) == 1 else paths,
        "headers": dict(probe.headers),
        "note": probe.note or None,
    }
    further = {"detail_path": probe.detail_path, "keep": dict(probe.keep), "body": probe.body}
    return found | {key: value for key, value in further.items() if value}


def _known(value: Any) -> dict[str, Any]:
    """The fields of a dataclass; an empty text is not known, so null."""
    found = {spec.name: getattr(value, spec.name) for spec in dataclasses.fields(value)}
    return {key: None if item == "" else item for key, item in found.items()}


def _changed(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that differ from their defaults, as plain values."""
    found: dict[str, Any] = {}
    for spec in dataclasses.fields(value):
        item = getattr(value, spec.name)
        if dataclasses.is_dataclass(item):
            if inner := _changed(item):
                found[spec.name] = inner
        elif item != _default(spec):
            found[spec.name] = _plain(item)
    return found


def _default(spec: dataclasses.Field[Any]) -> Any:
    if spec.default_factory is not dataclasses.MISSING:
        return spec.default_factory()
    return spec.default


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
