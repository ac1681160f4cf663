"""A service as the text of a service file, for one that a person changes or tries out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tui_oauth.services.format import Service
from tui_oauth.services.public import as_facts

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_EMPTY: tuple[object, ...] = (None, "", [], {})


def service_text(service: Service) -> str:
    """The TOML of a file that says what `service` says, its guide included."""
    facts: dict[str, Any] = as_facts(service)
    told = service.guide
    guide = {"steps": list(told.steps), "gotchas": list(told.gotchas), "revoke": told.revoke}
    if service.aliases:
        facts["aliases"] = list(service.aliases)
    if any(guide.values()):
        facts["guide"] = {key: value for key, value in guide.items() if value}
    return "\n".join(_table(_without_empty(facts), "")).strip() + "\n"


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        # A header scheme may be empty on purpose, and an empty text under quirks says so.
        return {key: _without_empty(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value


def _table(values: Mapping[str, Any], where: str) -> Iterator[str]:
    tables = {key: item for key, item in values.items() if isinstance(item, Mapping) and item}
    lists = {key: item for key, item in values.items() if _is_list_of_tables(item)}
    for key, item in values.items():
        if key in tables or key in lists or (not where and item in _EMPTY):
            continue
        if not isinstance(item, Mapping):
            yield f"{_key(key)} = {_value(item)}"
    for key, item in lists.items():
        for row in item:
            yield f"\n[[{where}{_key(key)}]]"
            yield from (f"{_key(name)} = {_value(one)}" for name, one in row.items())
    for key, item in tables.items():
        if any(not isinstance(one, Mapping) for one in item.values()):
            yield f"\n[{where}{_key(key)}]"
        yield from _table(item, f"{where}{_key(key)}.")


def _is_list_of_tables(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)
    )


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    # What JSON writes of a text, a number or a truth value is TOML as well.
    return json.dumps(value, ensure_ascii=False)
