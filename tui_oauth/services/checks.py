"""What a service file says, held against itself and against the rules of OAuth.

`loading` has seen to keys and types; here are the addresses, the placeholders and the
combinations. Each check gives `(key, words)` pairs; the words go on after the key's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from tui_oauth.services.addresses import (
    authority,
    is_address,
    is_malformed,
    placeholders,
    problem_with,
)
from tui_oauth.services.format import RESERVED_PLACEHOLDERS, Service
from tui_oauth.services.templates import (
    ADDRESSES,
    EXTENSION_ADDRESSES,
    kept_names,
    set_variable,
    templates,
)

Problem = tuple[str, str]

# Checklist rule 9: what the program itself puts into the authorization request, or keeps out.
RESERVED_AUTHORIZE = frozenset(
    [
        "response_type",
        "client_id",
        "client_secret",
        "redirect_uri",
        "state",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "nonce",
        "scope",
        "request_uri",
        "dpop_jkt",
    ]
)
RESERVED_TOKEN = frozenset(
    [
        "grant_type",
        "client_id",
        "client_secret",
        "redirect_uri",
        "code",
        "code_verifier",
        "state",
        "refresh_token",
        "scope",
    ]
)
_PASSWORD_PARAMETERS = {"username", "password"}
_RESPONSE_TYPES = {"", "code", "code id_token"}
_DOTTED_PATH = re.compile(r"[^.\s]+(?:\.[^.\s]+)*")
_USER_NAME = re.compile(r"[A-Za-z0-9._-]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]+")
_OWN_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "cookie", "expect"}
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 section 3.3
_HOST_PATTERN = re.compile(r"(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_IMPLICIT = "the implicit grant hands tokens out in an address; RFC 9700 section 2.1.2 rules it out"

_PAGES = {"developer_portal_url", "docs_url"}  # for people, not for the protocol


def check(service: Service) -> list[Problem]:
    """Everything that does not hold together in `service`."""
    return [
        problem
        for group in (_text, _addresses, _names, _variables, _authorize, _token, _rest, _headers)
        for problem in group(service)
    ]


def _text(service: Service) -> Iterator[Problem]:
    if len(service.name) > 80:
        yield "name", f"has {len(service.name)} characters; 80 is the most"
    for scope in service.default_scopes:
        if not _SCOPE.fullmatch(scope):
            yield "default_scopes", f'holds "{scope}"; a scope has no blanks, quotes or backslashes'


def _addresses(service: Service) -> Iterator[Problem]:
    fragment = service.quirks.authorize.fragment
    for key in ADDRESSES:
        url = getattr(service, key)
        allowed = key in _PAGES or (key == "authorize_url" and fragment)
        if url and (words := problem_with(url, fragment=allowed)):
            yield key, words
    if fragment and "#" not in service.authorize_url:
        yield "quirks.authorize.fragment", "is true, and authorize_url has no fragment (#)"
    probe, answer = service.identity_probe, service.quirks.answer
    extensions = service.extensions
    further = {
        **{f"extensions.{key}": getattr(extensions, key) for key in EXTENSION_ADDRESSES},
        "identity_probe.url": probe.url if probe else "",
        "quirks.refresh.url": service.quirks.refresh.url,
        "quirks.answer.long_lived.url": answer.long_lived.url if answer.long_lived else "",
    }
    for key, url in further.items():
        if url and (words := problem_with(url)):
            yield key, words
    for resource in extensions.resource:
        # RFC 8707 section 2: an absolute URI without fragment.
        if words := problem_with(resource):
            yield "extensions.resource", words
    if extensions.par_required and not extensions.par_url:
        yield "extensions.par_url", "is missing, and extensions.par_required is true"
    if extensions.iss_parameter and not service.issuer:
        yield "issuer", "is missing, and extensions.iss_parameter is true"
    kept = kept_names(service)
    places = {
        "quirks.api.origins": service.quirks.api.origins,
        "quirks.git.origins": service.quirks.git.origins,
    }
    for key, origin in ((key, one) for key, found in places.items() for one in found):
        if origin.startswith("{") and origin.strip("{}") in kept:
            continue  # a whole address that the provider's own answer gave
        if words := problem_with(origin):
            yield key, words
        elif origin != f"{origin.partition('://')[0]}://{authority(origin)}":
            yield (
                key,
                f'holds "{origin}"; an origin is scheme and host, without path',
            )


def _names(service: Service) -> Iterator[Problem]:
    """Every placeholder stands where its value is known, and is declared."""
    declared = {variable.name for variable in service.variables}
    kept = kept_names(service)
    for name in kept & RESERVED_PLACEHOLDERS:
        yield "quirks", f"keep {name!r}, a name that the program fills in itself"
    for key, text, known in templates(service):
        if is_malformed(text):
            if not is_address(text):
                yield (
                    key,
                    "has a malformed placeholder; one is written {name}, with letters, digits and _",
                )
            continue
        for name in placeholders(text):
            if name not in known | declared:
                yield key, _unknown(name, name in kept | RESERVED_PLACEHOLDERS | {"callback_url"})
        if key != "guide" and is_address(text):
            for name in placeholders(authority(text)):
                if name not in declared:
                    yield key, f"has {{{name}}} in its host, where only variables may stand"


def _unknown(name: str, elsewhere: bool) -> str:
    if elsewhere:
        return f"uses {{{name}}}, whose value is not known there"
    return f"uses {{{name}}}, which is not declared; add it to variables"


def _variables(service: Service) -> Iterator[Problem]:
    from tui_oauth.services.values import clean_variable

    by_name = {variable.name: variable for variable in service.variables}
    places = tuple(templates(service))
    used = {name for _, text, _ in places for name in placeholders(text)}
    used |= {v.derived.source for v in service.variables if v.derived}
    for variable in service.variables:
        key = f"variables.{variable.name}"
        values = [choice.value for choice in variable.choices]
        if variable.name not in used:
            yield key, "is declared and used nowhere"
        if values and variable.default is not None and variable.default not in values:
            yield f"{key}.default", f'is "{variable.default}", which is not among the choices'
        if variable.derived:
            source = by_name.get(variable.derived.source)
            if source is None or source.derived:
                yield f"{key}.derived.from", "has to name a variable that a person fills in"
            elif {choice.value for choice in source.choices} != set(variable.derived.map):
                yield (
                    f"{key}.derived.map",
                    f"has to have one value for each choice of {source.name}",
                )
            values = list(variable.derived.map.values())
        if variable.optional:
            if variable.choices or variable.default or variable.derived:
                yield f"{key}.optional", "is true, and the variable has choices or a default"
            for where, text, _ in places:
                if f"{{{variable.name}}}" in text and not where.startswith("quirks.api.headers."):
                    yield (
                        where,
                        f"uses {{{variable.name}}}, which is optional: only API headers may",
                    )
        if variable.kind == "address":
            fitting = re.compile(rf"https://\{{{variable.name}\}}(?=/|$)")
            for where, text, _ in places:
                if where != "guide" and f"{{{variable.name}}}" in fitting.sub("", text):
                    yield (
                        where,
                        f"has to use {{{variable.name}}} right after https://, and then / or nothing",
                    )
        # Choices and mapped values are put in place as they stand, a default like a person's value.
        open_one = replace(variable, choices=())
        for value in values or [variable.default or ""]:
            cleaned, wrong = clean_variable(open_one, value, places)
            if value and (wrong or (values and cleaned != value)):
                yield key, f'cannot be "{value}": {wrong or "it has to be bare, as in " + cleaned}'


def _authorize(service: Service) -> Iterator[Problem]:
    quirks = service.quirks.authorize
    if "authorization_code" in service.grants and not service.authorize_url:
        yield "authorize_url", "is missing; the authorization code grant needs it"
    if service.authorize_url and "authorization_code" not in service.grants:
        yield "grants", "leaves out authorization_code, and authorize_url is given"
    if "device_code" in service.grants and not service.device_authorization_url:
        yield "device_authorization_url", "is missing; the device grant needs it"
    if service.device_authorization_url and "device_code" not in service.grants:
        yield "grants", "leaves out device_code, and device_authorization_url is given"
    for name in service.extra_authorize_params:
        if name in RESERVED_AUTHORIZE | {quirks.client_id_parameter, quirks.scope_parameter}:
            yield f"extra_authorize_params.{name}", "is a parameter that the program sets itself"
    mode = service.extra_authorize_params.get("response_mode", "query")
    if mode != "query" and not (mode == "form_post" and service.quirks.callback.form_post):
        yield (
            "extra_authorize_params.response_mode",
            f'is "{mode}"; only "query" reaches the callback server, and "form_post" where '
            "quirks.callback.form_post is true",
        )
    if quirks.response_type not in _RESPONSE_TYPES:
        reason = (
            f"{_IMPLICIT}"
            if "token" in quirks.response_type.split()
            else "known are code and code id_token"
        )
        yield "quirks.authorize.response_type", f'is "{quirks.response_type}": {reason}'
    if re.search(r"[?&#]response_type=(?!code(?:&|#|$))", service.authorize_url):
        yield "authorize_url", f"asks for another response_type than code: {_IMPLICIT}"
    if not quirks.scope and service.default_scopes:
        yield (
            "default_scopes",
            "are listed, and quirks.authorize.scope is false: no scope would be sent",
        )
    if not quirks.scope_parameter:
        yield "quirks.authorize.scope_parameter", "is empty"


def _token(service: Service) -> Iterator[Problem]:
    quirks = service.quirks
    for name, value in service.extra_token_params.items():
        key = f"extra_token_params.{name}"
        if name in _PASSWORD_PARAMETERS or (name == "grant_type" and value == "password"):
            yield key, "belongs to the password grant, which RFC 9700 section 2.4 rules out"
        elif name in RESERVED_TOKEN | {
            quirks.token.client_id_parameter,
            quirks.token.client_secret_parameter,
        }:
            yield key, "is a parameter that the program sets itself"
    if quirks.refresh.parameters.get("grant_type") == "password":
        yield (
            "quirks.refresh.parameters.grant_type",
            "is the password grant, which RFC 9700 section 2.4 rules out",
        )
    for flag in ("basic_secret_only", "basic_unencoded"):
        if getattr(quirks.token, flag) and "client_secret_basic" not in service.client_auth:
            yield (
                f"quirks.token.{flag}",
                "is true, and client_auth does not list client_secret_basic",
            )
    if service.refresh.issues_refresh_token is False and "refresh_token" in service.grants:
        yield "grants", "lists refresh_token, and refresh.issues_refresh_token is false"
    if service.refresh.issues_refresh_token and "refresh_token" not in service.grants:
        yield "grants", "leaves out refresh_token, and refresh.issues_refresh_token is true"
    answer, probe = quirks.answer, service.identity_probe
    paths = [
        *(("quirks.answer.access_token", path) for path in answer.access_token),
        *(("quirks.answer.keep", path) for path in answer.keep.values()),
        *(("quirks.answer." + key, getattr(answer, key)) for key in ("expires_at", "success")),
    ]
    if probe:
        named = (*probe.name_paths, probe.detail_path, *probe.keep.values())
        paths += [("identity_probe", path) for path in named]
    for key, path in paths:
        if path and not _DOTTED_PATH.fullmatch(path):
            yield key, f'has the path "{path}"; a path is names with dots between them'
    if not answer.access_token:
        yield "quirks.answer.access_token", "is empty"


def _rest(service: Service) -> Iterator[Problem]:
    quirks, rules, probe = service.quirks, service.redirect_uri_rules, service.identity_probe
    if rules.loopback_port_wildcard and rules.loopback_http_allowed is False:
        yield "redirect_uri_rules", "allow any loopback port, and no loopback"
    if quirks.revoke != type(quirks.revoke)() and not service.revoke_url:
        yield "quirks.revoke", "says how to revoke, and revoke_url is missing"
    if quirks.revoke.auth not in {"client", "bearer", "basic", "none"} and not placeholders(
        quirks.revoke.auth
    ):
        yield (
            "quirks.revoke.auth",
            'has to be "client", "bearer", "basic", "none" or a template with a placeholder',
        )
    by_name = {variable.name: variable for variable in service.variables}
    for parameter, named in quirks.callback.sets.items():
        name = set_variable(named)
        variable = by_name.get(name)
        if named != name and (words := problem_with(named)):
            yield f"quirks.callback.sets.{parameter}", words
        elif variable is None or variable.derived:
            yield (
                f"quirks.callback.sets.{parameter}",
                f'names "{name}", which is not a variable that is filled in',
            )
        elif not variable.choices and not quirks.callback.sets_hosts:
            yield (
                "quirks.callback.sets_hosts",
                f"is missing: {name} has no choices, so list the hosts it may lead to",
            )
    for host in quirks.callback.sets_hosts:
        if not _HOST_PATTERN.fullmatch(host):
            yield "quirks.callback.sets_hosts", f'holds "{host}"; write a host, or *. and a domain'
    if not quirks.callback.code_parameter:
        yield "quirks.callback.code_parameter", "is empty"
    if not quirks.token.code_parameter:
        yield "quirks.token.code_parameter", "is empty"
    if probe and probe.body:
        if probe.method != "POST":
            yield "identity_probe.body", 'is given, and method is not "POST"'
        try:
            json.loads(probe.body)
        except (ValueError, RecursionError):
            yield "identity_probe.body", "is not JSON"


def _headers(service: Service) -> Iterator[Problem]:
    quirks, probe = service.quirks, service.identity_probe
    tables = {
        "quirks.token.headers": quirks.token.headers,
        "quirks.api.headers": quirks.api.headers,
        "identity_probe.headers": probe.headers if probe else {},
    }
    for key, headers in tables.items():
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
                yield key, f'holds "{name}", which is not a header that a service can set'
            elif name.lower() == "authorization" and not key.startswith("identity_probe"):
                yield key, "holds Authorization, which the program sets itself"
            if not _HEADER_VALUE.fullmatch(value):
                yield f"{key}.{name}", "has to be printable ASCII"
    if not _USER_NAME.fullmatch(quirks.git.username):
        yield "quirks.git.username", "may have letters, digits and . _ - only"
    for header_key, text in (
        ("header", quirks.api.header),
        ("scheme", quirks.api.scheme or "Bearer"),
    ):
        if not _HEADER_NAME.fullmatch(text):
            yield f"quirks.api.{header_key}", f'is "{text}", which cannot stand in a header'
