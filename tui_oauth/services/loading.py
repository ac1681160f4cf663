"""Service files: from TOML text to a `Service`, strictly.

Every key, type and value that the format does not know is a mistake, so that a misspelt quirk
never silently gives the standard behaviour (checklist rule 5). What fits the types and still makes
no sense together is found in `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from tui_oauth.errors import InvalidService
from tui_oauth.services import format as fmt
from tui_oauth.services.checks import check
from tui_oauth.services.reading import Table, fill
from tui_oauth.text import neutralise

MAX_FILE_CHARACTERS = 262_144
MAX_ID = 60
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VARIABLE_NAME = re.compile(r"[a-z_][a-z0-9_]*")
# Besides the placeholders the program fills in, names that the Configure OAuth form uses itself.
_TAKEN_NAMES = fmt.RESERVED_PLACEHOLDERS | {
    "callback_url",
    "redirect_uri",
    "scopes",
    "state",
    "code",
}

_GRANTS = {"authorization_code", "refresh_token", "client_credentials", "device_code"}
_REFUSED_GRANTS = {
    "implicit": "the implicit grant hands tokens out in an address; RFC 9700 section 2.1.2 rules it out. Use authorization_code",
    "password": "the password grant would ask for the person's own password; RFC 9700 section 2.4 rules it out. Use authorization_code",
}
_REFUSED_GRANTS["token"] = _REFUSED_GRANTS["implicit"]
_CLIENT_AUTH = {"client_secret_basic", "client_secret_post", "none"}
_PKCE = {"required", "supported", "unsupported", "unknown"}


def is_id(text: str) -> bool:
    """Whether `text` can be the id of a service: small letters, digits and single dashes."""
    return len(text) <= MAX_ID and _ID.fullmatch(text) is not None


def parse_service(text: str, source: str, own: bool = False) -> fmt.Service:
    """The service that the TOML `text` describes.

    `source` names the file in messages; `own` marks a person's own file. Raises InvalidService:
    its message names file, key and problem of the first mistake, its advice lists the others.
    """
    return parse_facts(_toml(text, source), source, own)


def parse_facts(facts: Mapping[str, Any], source: str, own: bool = False) -> fmt.Service:
    """The service that the keys and values of a service file describe; as `parse_service`."""
    problems: list[tuple[str, str]] = []
    service = _service(Table(facts, "", problems), own)
    if not problems:
        problems = check(service)
    if problems:
        _refuse(source, problems)
    return service


def _toml(text: str, source: str) -> dict[str, Any]:
    if len(text) > MAX_FILE_CHARACTERS:
        _refuse(
            source,
            [
                (
                    "",
                    f"is larger than {MAX_FILE_CHARACTERS // 1024} kB, too large for a service file",
                )
            ],
        )
    import tomllib  # 4 ms; a program that reads no service file does not pay them

    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        words = neutralise(error, 160) or "it is nested too deeply"
        _refuse(source, [("", f"is not valid TOML: {words}")])


def _refuse(source: str, problems: list[tuple[str, str]]) -> NoReturn:
    sentences = [
        f"{neutralise(key, 80)} {words}." if key else f"the file {words}."
        for key, words in problems
    ]
    advice = "Mend it and try again."
    if len(sentences) > 1:
        advice = "Also: " + " ".join(sentences[1:12])
    raise InvalidService(f"{neutralise(source, 120)}: {sentences[0]}", advice)


def _service(table: Table, own: bool) -> fmt.Service:
    service_id = table.text("id", required=True)
    if service_id and not is_id(service_id):
        table.problem(
            "id", f"is {service_id!r}; use small letters, digits and single dashes, 60 at most"
        )
    category = table.text("category", "generic")
    if not is_id(category):
        table.problem("category", f"is {category!r}; use small letters, digits and single dashes")
    authorize_url = table.text("authorize_url")
    device_url = table.text("device_authorization_url")
    refresh = fill(fmt.RefreshFacts, table.table("refresh"))
    service = fmt.Service(
        id=service_id,
        name=table.text("name", required=True).strip(),
        token_url=table.text("token_url", required=True),
        authorize_url=authorize_url,
        category=category,
        aliases=table.texts("aliases"),
        revoke_url=table.text("revoke_url"),
        device_authorization_url=device_url,
        introspect_url=table.text("introspect_url"),
        issuer=table.text("issuer"),
        variables=_variables(table),
        grants=_grants(table, device_url, refresh),
        pkce=table.one_of("pkce", _PKCE, "unknown"),
        client_auth=_client_auth(table),
        token_request_format=table.one_of("token_request_format", {"form", "json"}, "form"),
        scope_separator=table.one_of("scope_separator", {" ", ",", "+"}, " "),
        default_scopes=table.texts("default_scopes"),
        extra_authorize_params=table.mapping("extra_authorize_params"),
        extra_token_params=table.mapping("extra_token_params"),
        redirect_uri_rules=fill(
            fmt.RedirectUriRules,
            table.table("redirect_uri_rules"),
            {"host": {"127.0.0.1", "localhost"}},
        ),
        refresh=refresh,
        identity_probe=_identity_probe(table),
        developer_portal_url=table.text("developer_portal_url"),
        docs_url=table.text("docs_url"),
        credential_labels=fill(fmt.CredentialLabels, table.table("credential_labels")),
        extensions=fill(fmt.Extensions, table.table("extensions")),
        quirks=_quirks(table),
        response_quirks=table.text("response_quirks"),
        guide=fill(fmt.Guide, table.table("guide")),
        sources=table.texts("sources"),
        confidence=table.one_of("confidence", {"checked", "single-source"}, ""),
        own=own,
    )
    table.close()
    return service


def _grants(table: Table, device_url: str, refresh: fmt.RefreshFacts) -> tuple[str, ...]:
    """The grants that the file lists; where it lists none, those that its addresses allow."""
    if "grants" not in table:
        grants = ["authorization_code"]
        if refresh.issues_refresh_token is not False:
            grants.append("refresh_token")
        if device_url:
            grants.append("device_code")
        return tuple(grants)
    grants_listed = table.texts("grants")
    for grant in grants_listed:
        if grant in _REFUSED_GRANTS:
            table.problem("grants", f'lists "{grant}": {_REFUSED_GRANTS[grant]}')
        elif grant not in _GRANTS:
            known = ", ".join(sorted(_GRANTS))
            table.problem("grants", f'lists "{neutralise(grant, 60)}"; known are {known}')
    if not grants_listed:
        table.problem("grants", "is empty; leave it out or list at least one")
    return grants_listed


def _client_auth(table: Table) -> tuple[str, ...]:
    methods = table.texts("client_auth", ("client_secret_basic",), or_one=True)
    for method in methods:
        if method not in _CLIENT_AUTH:
            known = ", ".join(sorted(_CLIENT_AUTH))
            table.problem("client_auth", f'lists "{neutralise(method, 60)}"; known are {known}')
    if not methods:
        table.problem("client_auth", "is empty; leave it out or list at least one")
    return methods


def _variables(table: Table) -> tuple[fmt.Variable, ...]:
    found: list[fmt.Variable] = []
    for item in table.tables("variables"):
        name = item.text("name", required=True)
        if name and (not _VARIABLE_NAME.fullmatch(name) or name in _TAKEN_NAMES):
            item.problem(
                "name", f"is {name!r}, which is taken or not made of small letters, digits and _"
            )
        if name in {variable.name for variable in found}:
            item.problem("name", f"declares {name!r} a second time")
        found.append(
            fmt.Variable(
                name=name,
                label=item.text("label", name.replace("_", " ").capitalize()),
                example=item.text("example"),
                default=item.text("default") or None,
                choices=_choices(item),
                derived=_derived(item),
                kind=item.one_of("kind", {"text", "address"}, "text"),
                optional=bool(item.flag("optional")),
            )
        )
        item.close()
    return tuple(found)


def _choices(item: Table) -> tuple[fmt.Choice, ...]:
    choices: list[fmt.Choice] = []
    for choice in item.tables("choices"):
        value = choice.text("value", required=True)
        choices.append(fmt.Choice(value, choice.text("label", value)))
        choice.close()
    values = [choice.value for choice in choices]
    if len(set(values)) != len(values):
        item.problem("choices", "names a value twice")
    return tuple(choices)


def _derived(item: Table) -> fmt.Derived | None:
    if "derived" not in item:
        return None
    derived = item.table("derived")
    found = fmt.Derived(derived.text("from", required=True), derived.mapping("map"))
    derived.close()
    return found


def _identity_probe(table: Table) -> fmt.IdentityProbe | None:
    if "identity_probe" not in table:
        return None
    probe = table.table("identity_probe")
    name_paths = probe.texts("name_path", or_one=True)
    if not name_paths and "name_path" not in probe:
        probe.problem("name_path", "is missing: the path of the account's name in the answer")
    found = fmt.IdentityProbe(
        url=probe.text("url", required=True),
        method=probe.one_of("method", {"GET", "POST"}, "GET"),
        name_paths=name_paths,
        detail_path=probe.text("detail_path"),
        headers=probe.mapping("headers"),
        keep=probe.mapping("keep"),
        body=probe.text("body"),
        note=probe.text("note"),
    )
    probe.close()
    return found


def _quirks(table: Table) -> fmt.Quirks:
    quirks = table.table("quirks")
    answer = quirks.table("answer")
    long_lived = None
    if "long_lived" in answer:
        exchange = answer.table("long_lived")
        long_lived = fmt.LongLivedExchange(
            url=exchange.text("url", required=True),
            method=exchange.one_of("method", {"GET", "POST"}, "GET"),
            parameters=exchange.mapping("parameters"),
        )
        exchange.close()
    found = fmt.Quirks(
        authorize=fill(fmt.AuthorizeQuirks, quirks.table("authorize")),
        callback=fill(fmt.CallbackQuirks, quirks.table("callback")),
        token=fill(fmt.TokenQuirks, quirks.table("token"), {"parameters_in": {"body", "query"}}),
        refresh=fill(fmt.RefreshQuirks, quirks.table("refresh"), {"method": {"GET", "POST"}}),
        answer=replace(fill(fmt.AnswerQuirks, answer), long_lived=long_lived),
        revoke=fill(
            fmt.RevokeQuirks,
            quirks.table("revoke"),
            {
                "method": {"POST", "DELETE"},
                "body": {"form", "json", "none"},
                "token": {"access", "refresh"},
            },
        ),
        api=fill(fmt.ApiQuirks, quirks.table("api")),
        git=fill(fmt.GitQuirks, quirks.table("git")),
        device=fill(fmt.DeviceQuirks, quirks.table("device")),
        client=fill(fmt.ClientQuirks, quirks.table("client")),
    )
    quirks.close()
    return found
