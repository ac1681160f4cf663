"""A service with its variables in place: what the protocol core works with."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from operator import is_not
from typing import Any, TypeVar
from urllib.parse import quote

from tui_oauth.errors import ProviderRefused, UsageProblem
from tui_oauth.services.addresses import (
    PLACEHOLDER,
    authority,
    is_address,
    placeholders,
    problem_with,
    split_port,
)
from tui_oauth.services.format import IdentityProbe, Service, Variable
from tui_oauth.services.templates import Template, set_variable, templates
from tui_oauth.services.values import clean_variable
from tui_oauth.text import neutralise

_WHOLE = re.compile(r"https://\{([a-z_][a-z0-9_]*)\}")
_NO_TEXTS: Mapping[str, str] = {}

T = TypeVar("T")


def asked_variables(service: Service) -> tuple[Variable, ...]:
    """The variables that a person fills in; the others follow from them."""
    return tuple(variable for variable in service.variables if variable.derived is None)


def resolve(
    service: Service, variables: Mapping[str, str], defaults: Mapping[str, str] = _NO_TEXTS
) -> Service:
    """`service` with every variable in place.

    `variables` are an entry's values, `defaults` the person's own ones; the file's defaults come
    last. Names that the service does not have are ignored: a newer file may have dropped one.
    Raises UsageProblem naming the variable that is missing, not among its choices, or unsafe.
    """
    places = tuple(templates(service))
    values: dict[str, str] = {}
    for variable in asked_variables(service):
        given = variables.get(variable.name, "").strip() or defaults.get(variable.name, "").strip()
        given = given or variable.default or ""
        if variable.optional and not given:
            service = _without_headers(service, variable.name)
            continue
        value, wrong = clean_variable(variable, given, places)
        if wrong:
            raise _refused(service, variable, given, wrong)
        values[variable.name] = value
    return _with_values(service, values)


def resolve_known(service: Service, variables: Mapping[str, str] = _NO_TEXTS) -> Service:
    """As `resolve`, and what is not known yet stays a placeholder: for a guide, before any entry."""
    places = tuple(templates(service))
    values: dict[str, str] = {}
    for variable in asked_variables(service):
        given = variables.get(variable.name) or variable.default or ""
        value, wrong = clean_variable(variable, given, places)
        if not wrong:
            values[variable.name] = value
    return _with_values(service, values)


def from_callback(service: Service, parameters: Mapping[str, str]) -> dict[str, str]:
    """The variables that the authorization response sets (`quirks.callback.sets`).

    For a service that says in the callback at which host to go on. `service` is the unresolved
    one. Raises ProviderRefused when a value is not among the choices, or leads to a host that
    the service does not list: the callback came through the browser and is not to be believed.
    """
    by_name = {variable.name: variable for variable in service.variables}
    places = tuple(templates(service))
    found: dict[str, str] = {}
    for parameter, named in service.quirks.callback.sets.items():
        given = parameters.get(parameter, "")
        if not given:
            continue
        name = set_variable(named)
        meant = given if named == name else _part_of_address(named, given)
        value, wrong = clean_variable(by_name[name], meant, places)
        if wrong or not (by_name[name].choices or _leads_home(service, places, name, value)):
            raise ProviderRefused(
                f"The callback sends the sign-in to {neutralise(given, 80)!r}, which is not a place"
                f" of {service.name}. Nothing was sent there.",
                "Authorize again. If it stays so, tell whoever wrote the service file.",
            )
        found[name] = value
    return found


def _part_of_address(template: str, given: str) -> str:
    """What stands in `given` where `template` has its variable; empty when they do not fit."""
    before, _, after = PLACEHOLDER.sub("\0", template, count=1).partition("\0")
    fits = re.fullmatch(f"{re.escape(before)}([^/?#]+){re.escape(after)}/?", given, re.IGNORECASE)
    return fits[1] if fits else ""


def _without_headers(service: Service, name: str) -> Service:
    """`service` without the headers of API calls that carry the variable `name`."""
    api = service.quirks.api
    kept = {header: text for header, text in api.headers.items() if f"{{{name}}}" not in text}
    quirks = dataclasses.replace(service.quirks, api=dataclasses.replace(api, headers=kept))
    return dataclasses.replace(service, quirks=quirks)


def _leads_home(service: Service, places: tuple[Template, ...], name: str, value: str) -> bool:
    """Whether all hosts that `value` makes are among `sets_hosts`; in a path it leads nowhere else."""
    hosts = [
        split_port(authority(_fill(text, {name: value})))[0].lower()
        for _, text, _ in places
        if is_address(text) and name in placeholders(authority(text))
    ]
    allowed = [pattern.lower() for pattern in service.quirks.callback.sets_hosts]
    return all(any(_host_matches(host, one) for one in allowed) for host in hosts)


def _host_matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _refused(service: Service, variable: Variable, given: str, wrong: str) -> UsageProblem:
    example = f"For instance: {variable.example}" if variable.example else ""
    if not given:
        words = f"{service.name} needs a value for {variable.name} ({variable.label})."
        return UsageProblem(words, example)
    shown = neutralise(given, 80)
    return UsageProblem(f"{service.name}: {variable.label} cannot be {shown!r}: {wrong}.", example)


def _with_values(service: Service, values: Mapping[str, str]) -> Service:
    """`service` with `values` and what is derived from them in place, looked at once more."""
    everything = dict(values)
    for variable in service.variables:
        if variable.derived and variable.derived.source in values:
            everything[variable.name] = variable.derived.map[values[variable.derived.source]]
    if not everything:
        return service
    filled = _mapped(service, lambda text: _fill(text, everything))
    for key, text, _ in templates(filled):
        if key != "guide" and is_address(text) and (wrong := problem_with(text, fragment=True)):
            raise UsageProblem(f"{service.name}: {key} {wrong}: {neutralise(text, 120)}")
    return filled


def _fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with the values in place; in an address, those outside the host are percent-encoded."""

    def whole(match: re.Match[str]) -> str:
        value = values.get(match[1], "")
        return value if "://" in value else match[0]

    def bare(match: re.Match[str]) -> str:
        return values.get(match[1], match[0]).rpartition("://")[2]

    def encoded(match: re.Match[str]) -> str:
        return quote(bare(match), safe="") if match[1] in values else match[0]

    if "{" not in text:
        return text
    text = _WHOLE.sub(whole, text)
    if not is_address(text):
        return PLACEHOLDER.sub(bare, text)
    head = text.index("://") + len("://") + len(authority(text))
    return PLACEHOLDER.sub(bare, text[:head]) + PLACEHOLDER.sub(encoded, text[head:])


def _mapped(value: T, change: Callable[[str], str]) -> T:
    """`value` with `change` applied to every text in it, variables and the probe's body excepted.

    What has no placeholder in it stays the same object: most of a service has none.
    """
    result: Any = value
    if isinstance(value, str):
        return change(value) if "{" in value else value  # type: ignore[return-value]
    if isinstance(value, tuple):
        parts = tuple([_mapped(item, change) for item in value])
        result = parts if any(map(is_not, parts, value)) else value
    elif (names := _texts_in(type(value))) is not None:
        found = [(name, before := getattr(value, name), _mapped(before, change)) for name in names]
        changed = {name: after for name, before, after in found if after is not before}
        result = dataclasses.replace(value, **changed) if changed else value  # type: ignore[type-var]
    elif isinstance(value, Mapping):
        texts = {key: _mapped(item, change) for key, item in value.items()}
        result = texts if any(map(is_not, texts.values(), value.values())) else value
    return result  # type: ignore[no-any-return]


_fields: dict[type[Any], tuple[str, ...] | None] = {}


def _texts_in(kind: type[Any]) -> tuple[str, ...] | None:
    """The fields of such a value in which there may be placeholders; None if it has no fields."""
    if kind not in _fields:
        names = None
        if dataclasses.is_dataclass(kind) and kind is not Variable:
            names = tuple(
                field.name
                for field in dataclasses.fields(kind)
                if (kind, field.name) != (IdentityProbe, "body")  # JSON has braces of its own
            )
        _fields[kind] = names
    return _fields[kind]
