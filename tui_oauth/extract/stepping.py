"""From one call to the next: the pages of a list, of several lists in a row, of each parent's list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from tui_oauth.extract.calls import Calls
from tui_oauth.extract.declared import Paging, Resource, Search
from tui_oauth.extract.moments import filled, newest, since_words
from tui_oauth.extract.paging import Ask, Place, asking, following, rows_in

Row = dict[str, Any]


class Step(NamedTuple):
    """What one call gave: rows, where it goes on (None at the end), and the rows that tell the time."""

    rows: list[Row]
    following: Place | None
    dated: list[Row]


class Steps:
    """The calls for `resource`, of what has changed since a moment (Unix milliseconds) if there is one.

    `changed` leaves out rows that are known already. `size` makes pages smaller than declared.
    """

    def __init__(
        self,
        calls: Calls,
        resource: Resource,
        name: str,
        since: int | None,
        changed: Callable[[list[Row]], list[Row]],
        size: int | None = None,
    ) -> None:
        self._calls = calls
        self._resource = resource
        self._name = name
        self._since = since
        self._changed = changed
        self._size = size
        self._argument = name.partition(":")[2]
        found = calls.source.resource(resource.parent) if resource.parent else None
        self._parent = found

    def of(self, place: Place) -> Iterator[Step]:
        """Step by step from `place` to the end."""
        if self._parent is not None:
            return self._children(self._parent, place)
        return self._list(place)

    def _list(self, place: Place) -> Iterator[Step]:
        resource = self._resource
        choices = [one.strip() for text in resource.each.values() for one in text.split(",")]
        at_place: Place | None = place
        while at_place is not None:
            chosen = at_place.get("each", 0)
            parameters = dict.fromkeys(resource.each, choices[chosen]) if choices else {}
            rows, after = self._page(resource, at_place, parameters=parameters)
            if choices and after is not None:
                after = {"each": chosen, **after}
            elif choices and chosen + 1 < len(choices):
                after = {"each": chosen + 1}
            for row in rows if choices else ():
                row.update({name: value for name, value in parameters.items() if name not in row})
            kept = self._changed(rows)
            yield Step(kept, after, kept)
            at_place = after

    def _children(self, parent: Resource, place: Place) -> Iterator[Step]:
        """The rows of each parent. The place is the parents' page, and the last parent that is done."""
        page: Place | None = place.get("of", {})
        done, inner = place.get("after"), place.get("at")
        while page is not None:
            found, after = self._page(parent, page, walking=True)
            parents = self._changed(found)
            keys = [str(row.get(self._resource.parent_key, "")) for row in parents]
            first = keys.index(done) + 1 if done in keys else 0
            if first == len(parents):
                yield Step([], None if after is None else {"of": after}, [])
            for number in range(first, len(parents)):
                last = number + 1 == len(parents)
                here: Place = {"of": page, "after": keys[number - 1] if number else None}
                beyond: Place | None = {"of": page, "after": keys[number]}
                if last:
                    beyond = None if after is None else {"of": after}
                at_place: Place | None = inner or {}
                inner = None
                while at_place is not None:
                    rows, at_place = self._page(self._resource, at_place, parent=parents[number])
                    for row in rows:
                        row[self._resource.parent_field] = keys[number]
                    if at_place is not None:
                        yield Step(rows, {**here, "at": at_place}, [])
                    else:
                        yield Step(rows, beyond, [parents[number]])
            page, done = after, None

    def _page(
        self,
        resource: Resource,
        place: Place,
        *,
        parameters: Mapping[str, str] | None = None,
        parent: Row | None = None,
        walking: bool = False,
    ) -> tuple[list[Row], Place | None]:
        """The rows of the page at `place`, and where it leads."""
        since = place.get("from", self._since)
        search = resource.search if since is not None and parent is None else None
        if search is None and walking:
            search = resource.walk
        ask, paging, rows_path = self._ask(resource, search, since, parent)
        ask = ask._replace(parameters={**ask.parameters, **(parameters or {})})
        if self._size and paging.size:
            paging = replace(paging, size=min(self._size, paging.size))
        ask = asking(ask, paging, place)
        answer = self._calls.page(self._resource, ask, self._name)
        rows = rows_in(answer.document, rows_path)
        after = following(paging, place, answer.url, answer.document, answer.headers, len(rows))
        if paging.most and after is not None:
            after = _counted(paging, place, after, rows, resource.cursor)
        return rows, after

    def _ask(
        self, resource: Resource, search: Search | None, since: int | None, parent: Row | None
    ) -> tuple[Ask, Paging, str]:
        form: Resource | Search = search or resource
        moment = since_words(search, since) if search and since is not None else ""
        values = {"{argument}": self._argument}
        if parent is not None:
            values["{parent}"] = str(parent.get(self._resource.parent_key, ""))
        path = _named(form.path, values, quoted=True)
        parameters = {
            name: _named(str(filled(text, moment)), values)
            for name, text in form.parameters.items()
        }
        payload = filled(form.payload, moment) if form.method == "POST" else None
        return Ask(form.method, path, parameters, payload), form.paging, form.rows


def _named(text: str, values: Mapping[str, str], *, quoted: bool = False) -> str:
    from urllib.parse import quote

    for name, value in values.items():
        text = text.replace(name, quote(value, safe="") if quoted else value)
    return text


def _counted(paging: Paging, place: Place, after: Place, rows: list[Row], cursor: str) -> Place:
    """`after`, or where a search goes on that gives no more rows: from the last row's moment on."""
    count = place.get("count", 0) + len(rows)
    last = newest(rows, cursor)
    if count < (paging.most or 0) or last is None or last == place.get("from"):
        return {**{k: v for k, v in place.items() if k == "from"}, **after, "count": count}
    return {"from": last}


def key_of(row: Mapping[str, Any], key: tuple[str, ...]) -> str:
    """The key of a row as one text."""
    if len(key) == 1:
        return str(row.get(key[0]))
    return json.dumps([row.get(name) for name in key])
