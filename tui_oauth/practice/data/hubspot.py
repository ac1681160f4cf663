"""HubSpot's dialect, for its contacts: pages by cursor, and a search by the time of change."""

from __future__ import annotations

import json
import secrets
from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tui_oauth.practice.data import listing, people
from tui_oauth.practice.data.calls import Call, Route, Rows
from tui_oauth.practice.data.listing import NotUnderstood
from tui_oauth.practice.data.rows_api import Dialect, Refusal
from tui_oauth.practice.data.templates import Template
from tui_oauth.practice.web import Reply, as_json

if TYPE_CHECKING:
    from tui_oauth.practice.data.dataset import Dataset

SCOPE = "crm.objects.contacts.read"
PATH = "/crm/v3/objects/contacts"
MOST = 100  # on a page of the list
MOST_FOUND = 200  # on a page of a search
DEEPEST = 10_000  # results that a search gives at all
_USUAL = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
_INVALID = "VALIDATION_ERROR"

_CONTACT = Template(
    {
        "id": "{number}",
        "properties": "#properties",
        "createdAt": "{created}",
        "updatedAt": "{updated}",
        "archived": False,
    }
)


def contact(dataset: Dataset, number: int, properties: Sequence[str] = _USUAL) -> str:
    """A contact, with the properties that are asked for; all of them are texts."""
    stamps = dataset.stamps["contacts"]
    created, updated = _iso(stamps.created(number)), _iso(stamps.updated(number))
    first, _, last = people.name_of(dataset, number).partition(" ")
    known = {
        "createdate": created,
        "email": f"person{number}@mail.example",
        "firstname": first,
        "hs_object_id": str(number),
        "lastmodifieddate": updated,
        "lastname": last,
        "lifecyclestage": "customer" if number % 3 else "lead",
        "num_associated_deals": str(number % 7),
    }
    chosen = {name: known.get(name) for name in properties}
    return _CONTACT.filled(
        {
            "number": number,
            "properties": json.dumps(chosen, ensure_ascii=False),
            "created": created,
            "updated": updated,
        }
    )


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _listed(call: Call) -> Rows:
    limit = _limit(call.query, MOST, 10)
    total = call.dataset.count("contacts")
    last = _after(call.query)
    numbers = range(last + 1, min(last + limit, total) + 1)
    asked = call.query.get("properties", "")
    text = _texts(call, numbers, [name for name in asked.split(",") if name])
    if numbers and numbers[-1] < total:
        link = f"{call.here}?limit={limit}&after={numbers[-1]}"
        text += f',"paging":{{"next":{{"after":"{numbers[-1]}","link":"{link}"}}}}'
    return Rows(f"{{{text}}}", len(numbers))


def _searched(call: Call) -> Rows:
    body = call.body if isinstance(call.body, dict) else {}
    limit = _limit(body, MOST_FOUND, 10)
    begin = _after(body)
    if begin + limit > DEEPEST:
        raise NotUnderstood(f"A search gives {DEEPEST} results at most", _INVALID)
    found = _found(call, body)
    numbers = found[begin : begin + limit]
    asked = body.get("properties") or []
    if not isinstance(asked, list) or not all(isinstance(name, str) for name in asked):
        raise NotUnderstood("properties must be a list of names", _INVALID)
    end = begin + len(numbers)
    text = f'"total":{len(found)},{_texts(call, numbers, asked)}'
    if end < len(found):
        text += f',"paging":{{"next":{{"after":"{end}"}}}}'
    return Rows(f"{{{text}}}", len(numbers))


def _texts(call: Call, numbers: Sequence[int], properties: Sequence[str]) -> str:
    wanted = tuple(dict.fromkeys((*_USUAL, *properties)))
    texts = (contact(call.dataset, number, wanted) for number in numbers)
    return f'"results":[{",".join(texts)}]'


def _limit(values: Mapping[str, Any], most: int, usual: int) -> int:
    try:
        return listing.whole(values, "limit", usual, most)
    except NotUnderstood as problem:
        raise NotUnderstood(str(problem), _INVALID) from None


def _after(values: Mapping[str, Any]) -> int:
    text = str(values.get("after") or "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotUnderstood("after is not one of ours", _INVALID)
    return int(text)


_OPERATORS = {"GT": ">", "LT": "<", "EQ": "=", "GTE": ">=", "LTE": "<="}


def _found(call: Call, body: Mapping[str, Any]) -> array[int]:
    """The contacts that the filter groups describe, by the time of their change."""
    groups = body.get("filterGroups") or []
    try:
        either = [
            {
                "operator": "AND",
                "value": [_filter(each) for each in group["filters"]],
            }
            for group in groups
        ]
        query = {"operator": "OR", "value": either} if either else _filter(_EVERYTHING)
        sorts = body.get("sorts") or [{"propertyName": "lastmodifieddate"}]
        descending = sorts[0].get("direction", "ASCENDING") == "DESCENDING"
        return call.searches.found(
            call.dataset.stamps["contacts"], query, whole_days=False, descending=descending
        )
    except (TypeError, KeyError, AttributeError, IndexError):
        raise NotUnderstood("The search cannot be understood", _INVALID) from None
    except NotUnderstood as problem:
        raise NotUnderstood(str(problem), _INVALID) from None


_EVERYTHING = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "0"}
_FIELDS = {"lastmodifieddate": "updated_at", "createdate": "created_at"}


def _filter(given: Mapping[str, Any]) -> dict[str, object]:
    """A filter in milliseconds, as one in whole seconds: that is how precise our rows are."""
    field, operator = _FIELDS[given["propertyName"]], _OPERATORS[given["operator"]]
    value = str(given["value"])
    if value.isascii() and value.isdigit() and len(value) < 15:
        milliseconds = int(value)
    else:
        try:
            milliseconds = int(datetime.fromisoformat(value).timestamp() * 1000)
        except ValueError:
            raise NotUnderstood(f"{value} is not a time", _INVALID) from None
    seconds, rest = divmod(milliseconds, 1000)
    if rest and operator in {"<", ">="}:
        seconds += 1
    return {"field": field, "operator": operator, "value": seconds}


def _error(problem: NotUnderstood, headers: Mapping[str, str]) -> Reply:
    body: dict[str, object] = {
        "status": "error",
        "message": str(problem),
        "correlationId": secrets.token_hex(16),
        "category": problem.code,
    }
    if problem.code == "RATE_LIMITS":
        body["errorType"] = "RATE_LIMIT"
        body["policyName"] = "TEN_SECONDLY_ROLLING"
    if problem.code == "MISSING_SCOPES":
        body["errors"] = [
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": [SCOPE]},
            }
        ]
    return as_json(problem.status, body, headers)


def _limited(_: int, length: int, limit: int, left: int) -> dict[str, str]:
    return {
        "X-HubSpot-RateLimit-Max": str(limit),
        "X-HubSpot-RateLimit-Remaining": str(left),
        "X-HubSpot-RateLimit-Interval-Milliseconds": str(length * 1000),
    }


DIALECT = Dialect(
    routes=(
        Route("GET", PATH, "contacts", SCOPE, _listed),
        Route("POST", f"{PATH}/search", "contacts", SCOPE, _searched),
    ),
    error=_error,
    checked=lambda _: {},
    limited=_limited,
    unauthorized=Refusal(
        "The token is not good: it ended, or the app was uninstalled.",
        "INVALID_AUTHENTICATION",
        401,
    ),
    not_found=Refusal("There is no such address.", "OBJECT_NOT_FOUND", 404),
    over_limit=Refusal("You have reached your ten_secondly_rolling limit.", "RATE_LIMITS", 429),
    missing=Refusal(
        "This app hasn't been granted all required scopes to make this call.", "MISSING_SCOPES", 403
    ),
)
