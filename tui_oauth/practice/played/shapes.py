"""Answers in the shape that a service declares: members where its paths say they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tui_oauth.services.format import Service

LIFETIME = 3600
ACCOUNT = "robin@practice.example"
DETAIL = "Practice account"


def put(document: Any, path: str, value: Any) -> Any:
    """`document` with `value` at the dotted `path`; a number in it makes a list."""
    step, _, rest = path.partition(".")
    if step.isdigit():
        items = list(document) if isinstance(document, list) else []
        while len(items) <= int(step):
            items.append({})
        items[int(step)] = put(items[int(step)], rest, value) if rest else value
        return items
    members = dict(document) if isinstance(document, dict) else {}
    members[step] = put(members.get(step), rest, value) if rest else value
    return members


def token_answer(
    service: Service,
    *,
    access_token: str,
    refresh_token: str,
    scopes: tuple[str, ...],
    now: int,
    base: str,
) -> Any:
    """The token answer of `service`; `refresh_token` is empty where there is none."""
    answer = service.quirks.answer
    document: Any = {}
    for path in answer.access_token:
        document = put(document, path, access_token)
    if not answer.token_type:
        document["token_type"] = "DPoP" if service.extensions.dpop else "Bearer"
    if refresh_token:
        document = put(document, answer.refresh_token, refresh_token)
    if answer.expires_zero_is_never:
        document = put(document, answer.expires_in, 0)
    elif answer.expires_at:
        document = put(document, answer.expires_at, _absolute(answer.expires_at, now + LIFETIME))
    elif service.refresh.access_token_lifetime_s is not None or refresh_token:
        document = put(document, answer.expires_in, LIFETIME)
    if scopes:
        document = put(document, answer.scope, service.scope_separator.join(scopes))
    if answer.success:
        document = put(document, answer.success, json.loads(answer.success_value))
    for name, path in answer.keep.items():
        document = put(document, path, kept_value(service, name, base))
    return document


def identity_answer(service: Service, base: str) -> Any:
    """Whose token it is, where the identity probe looks for it."""
    probe = service.identity_probe
    document: Any = {}
    if probe is None:
        return document
    for name, path in probe.keep.items():
        document = put(document, path, kept_value(service, name, base))
    if probe.detail_path:
        document = put(document, probe.detail_path, DETAIL)
    if probe.name_paths:
        document = put(document, probe.name_paths[0], ACCOUNT)
    success = service.quirks.answer
    if success.success:
        document = put(document, success.success, json.loads(success.success_value))
    return document


def kept_value(service: Service, name: str, base: str) -> str:
    """A value that the provider adds: an address of ours where API calls go to it."""
    if any(f"{{{name}}}" in origin for origin in service.quirks.api.origins):
        return base
    return f"practice-{name.replace('_', '-')}"


def error_answer(service: Service, code: str, words: str) -> tuple[int, Mapping[str, Any]]:
    """Status and body of a refusal: by the success flag where the service has one, else RFC 6749."""
    answer = service.quirks.answer
    if answer.success:
        good = json.loads(answer.success_value)
        bad: Any = not good if isinstance(good, bool) else 40100
        document = put({}, answer.success, bad)
        return 200, {**document, "message": words}
    return 400, {"error": code, "error_description": words}


def _absolute(path: str, moment: int) -> object:
    """An absolute time; services write it as ISO 8601 or in seconds, and both are read."""
    if path.endswith("_at") and not path.startswith("expires"):
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return moment
