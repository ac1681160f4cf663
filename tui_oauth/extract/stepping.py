"""From one call to the next: the pages of a list, of several lists in a row, of each parent's list."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import quote

from tui_oauth.errors import ProviderRefused, ProviderUnreachable
from tui_oauth.extract.calls import Calls
from tui_oauth.extract.declared import Paging, Resource, Search
from tui_oauth.extract.limits import TRIES
from tui_oauth.extract.moments import filled, newest, since_words
from tui_oauth.extract.paging import Ask, Place, asking, at, following, rows_in

Row = dict[str, Any]
SCROLL_PAUSE, SCROLL_SECONDS = 2.0, 90.0
_GONE = frozenset({400, 404, 410})
_NOT_THERE = frozenset({404, 410})


class Step(NamedTuple):
    """What one call gave: rows, where it goes on (None at the end), and the rows that tell the time.

    `total` is how many rows there are in all, where the service says so.
    """

    rows: list[Row]
    following: Place | None
    dated: list[Row]
    total: int | None = None


class Steps:
    """The calls for `resource`, of what has changed since a moment (Unix milliseconds) if there is one.

    `changed` leaves out rows that are known already. With `size` it is but a look at the first rows, on
    pages that are no larger.
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
        self._total: int | None = None
        self._parent = calls.source.resource(resource.parent) if resource.parent else None

    def of(self, place: Place) -> Iterator[Step]:
        """Step by step from `place` to the end."""
        if self._resource.paging.kind == "export":
            from tui_oauth.extract.exporting import exported

            ask, _, _ = self._ask(self._resource, self._search_of(self._resource), self._since)
            return exported(self._calls, self._resource, ask, place, self._changed)
        if self._parent is not None:
            return self._children(self._parent, place)
        return self._list(place)

    def _list(self, place: Place) -> Iterator[Step]:
        """The pages of a list; with each value of `each` one after the other."""
        resource = self._resource
        choices = [one.strip() for text in resource.each.values() for one in text.split(",")]
        at_place: Place | None = place
        while at_place is not None:
            chosen = at_place.get("each", 0)
            parameters = dict.fromkeys(resource.each, choices[chosen]) if choices else {}
            rows, after = self._page(resource, at_place, parameters)
            if choices and after is not None:
                after = {"each": chosen, **after}
            elif chosen + 1 < len(choices):
                after = {"each": chosen + 1}
            for row in rows if choices else ():
                row.update({name: value for name, value in parameters.items() if name not in row})
            kept = self._changed(rows)
            yield Step(kept, after, kept, self._total)
            at_place = after

    def _children(self, parent: Resource, place: Place) -> Iterator[Step]:
        """The rows of each parent. The place is the parents' page, and the last parent that is done."""
        page: Place | None = place.get("of", {})
        done, inner = place.get("after"), place.get("at")
        while page is not None:
            found, after = self._page(parent, page, {})
            parents = self._changed(found)
            keys = [str(row.get(self._resource.parent_key, "")) for row in parents]
            first = keys.index(done) + 1 if done in keys else 0
            if not found and after is not None:
                # A scroll that looks for its place: where we are among the parents is still to come.
                kept = {"after": done, "at": inner}
                page = after
                yield Step([], {"of": after, **{k: v for k, v in kept.items() if v}}, [])
                continue
            if first == len(parents):
                yield Step([], None if after is None else {"of": after}, [])
            for number in range(first, len(parents)):
                here: Place = {"of": page, "after": keys[number - 1] if number else None}
                beyond: Place | None = {"of": page, "after": keys[number]}
                if number + 1 == len(parents):
                    beyond = None if after is None else {"of": after}
                at_place: Place | None = inner or {}
                inner = None
                while at_place is not None:
                    rows, at_place = self._child_page(keys[number], at_place)
                    if at_place is not None:
                        yield Step(rows, {**here, "at": at_place}, [])
                    else:
                        yield Step(rows, beyond, [parents[number]])
            page, done = after, None

    def _child_page(self, key: str, place: Place) -> tuple[list[Row], Place | None]:
        try:
            rows, after = self._page(self._resource, place, {}, key)
        except ProviderRefused as problem:
            if problem.status not in _NOT_THERE:
                raise
            return [], None  # the parent was deleted meanwhile, or never has such rows
        for row in rows:
            row[self._resource.parent_field] = key
        return rows, after

    def _page(
        self, resource: Resource, place: Place, parameters: Mapping[str, str], parent: str = ""
    ) -> tuple[list[Row], Place | None]:
        """The rows of the page at `place`, and where it leads."""
        since = place.get("from", self._since)
        search = None if parent else self._search_of(resource)
        ask, paging, rows_path = self._ask(resource, search, since, parent)
        ask = ask._replace(parameters={**ask.parameters, **parameters})
        if self._size and paging.size:
            paging = replace(paging, size=min(self._size, paging.size))
        if paging.kind == "scroll":
            return self._scrolled(resource, ask, paging, rows_path, place)
        answer = self._calls.page(resource, asking(ask, paging, place), self._name)
        rows = rows_in(answer.document, rows_path)
        total = at(answer.document, paging.total) if paging.total else None
        self._total = total if isinstance(total, int) else None
        after = following(paging, place, answer.url, answer.document, answer.headers, len(rows))
        if paging.most and after is not None:
            after = _counted(paging, place, after, rows, resource.cursor)
        return rows, after

    def _scrolled(
        self, resource: Resource, ask: Ask, paging: Paging, rows_path: str, place: Place
    ) -> tuple[list[Row], Place | None]:
        """A page of a scroll.

        It cannot be asked twice for the same page, it gives what comes next. So one that broke off, has ended
        meanwhile, or was left by another process is begun anew, and goes on behind the row `last`.
        """
        until = time.monotonic() + SCROLL_SECONDS
        scrolled = self._calls.scrolled
        while True:
            if "cursor" in place and scrolled.get(place["cursor"]) != place.get("last"):
                place = _anew(place)
            begun = "cursor" in place
            try:
                asked = asking(ask, paging, place)
                answer = self._calls.page(resource, asked, self._name, repeat=not begun)
                break
            except (ProviderRefused, ProviderUnreachable) as problem:
                refusal = problem if isinstance(problem, ProviderRefused) else None
                if refusal and refusal.code == paging.busy and time.monotonic() < until:
                    self._calls.pause(SCROLL_PAUSE, self._name)
                elif begun and _broken(refusal) and place.get("again", 0) < TRIES:
                    scrolled.clear()
                else:
                    raise
        rows = rows_in(answer.document, rows_path)
        after = following(paging, place, answer.url, answer.document, answer.headers, len(rows))
        seek = place.get("seek")
        keys = [str(row.get("id")) for row in rows]
        if after is not None and keys:
            after["last"] = keys[-1]
            scrolled[after["cursor"]] = keys[-1]
        if seek in keys:
            rows = rows[keys.index(seek) + 1 :]
        elif seek:
            # Gone from the list altogether: then everything is read once more.
            rows, after = [], {} if after is None else {**after, "seek": seek}
        if after and not rows and "again" in place:
            after["again"] = place["again"]
        return rows, after

    def _search_of(self, resource: Resource) -> Search | None:
        if self._size and resource.peek is not None:
            return resource.peek
        return resource.search if self._since is not None else None

    def _ask(
        self, resource: Resource, search: Search | None, since: int | None, parent: str = ""
    ) -> tuple[Ask, Paging, str]:
        form: Resource | Search = search or resource
        moments: dict[str, str | int] = {"{now}": self._calls.workspace.now()}
        if search is not None and since is not None:
            moments["{since}"] = since_words(search, since)
        names = {"{argument}": self._argument, "{parent}": parent}
        path = form.path
        for name, text in names.items():
            path = path.replace(name, quote(text, safe=""))
        parameters = {
            name: str(filled(text, {**moments, **names})) for name, text in form.parameters.items()
        }
        payload = filled(form.payload, moments) if form.method == "POST" else None
        return Ask(form.method, path, parameters, payload), form.paging, form.rows


def _anew(place: Place) -> Place:
    """The beginning of a scroll, and the row behind which it goes on. `again`: so often without a new row."""
    last = place.get("seek") or place.get("last")
    again = {"again": place.get("again", 0) + 1}
    return {"seek": last, **again} if last else again


def _broken(refusal: ProviderRefused | None) -> bool:
    """Whether a scroll is to be begun anew: no answer came, it has ended, or the service failed."""
    status = 500 if refusal is None else refusal.status or 0
    return status in _GONE or status >= 500


def _counted(paging: Paging, place: Place, after: Place, rows: list[Row], cursor: str) -> Place:
    """`after`, or where a search goes on that gives no more rows: from the last row's moment on."""
    count = place.get("count", 0) + len(rows)
    last = newest(rows, cursor)
    if count < (paging.most or 0) or last is None or last == place.get("from"):
        begun = {"from": place["from"]} if "from" in place else {}
        return {**begun, **after, "count": count}
    return {"from": last}
