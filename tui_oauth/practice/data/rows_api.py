"""A service's API for rows: who may read, limits and faults, in the service's own dialect."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl

from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.access import ERRORS, Caller, Faults, Limits, spoiled
from tui_oauth.practice.data.calls import Call, Route
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.data.exporting import Exports
from tui_oauth.practice.data.listing import NotUnderstood
from tui_oauth.practice.data.scrolls import Scrolls
from tui_oauth.practice.data.searching import Searches
from tui_oauth.practice.web import Reply, WebRequest, raw_json


class Refusal(NamedTuple):
    """An error in words, with its code and its status."""

    words: str
    code: str
    status: int


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one service says it: its addresses, its errors, its headers.

    `checked` gives the headers that every answer has, or raises NotUnderstood for a request that
    the service would not take. `limited` turns the window's length, the limit and what is left
    into headers.
    """

    routes: tuple[Route, ...]
    error: Callable[[NotUnderstood, Mapping[str, str]], Reply]
    checked: Callable[[WebRequest], dict[str, str]]
    limited: Callable[[int, int, int, int], dict[str, str]]
    unauthorized: Refusal
    not_found: Refusal
    over_limit: Refusal
    missing: Refusal


class RowsApi:
    """Answers calls for rows. `count` is told the resource of each call and how many rows it got."""

    def __init__(
        self,
        dialect: Dialect,
        limits: Limits,
        now: Callable[[], float],
        count: Callable[[str, int], None],
    ) -> None:
        self._dialect = dialect
        self._limits = limits
        self._count = count
        self._faults = Faults()
        self._searches = Searches()
        self._scrolls = Scrolls(now)
        self._exports = Exports()

    def handle(
        self,
        request: WebRequest,
        path: str,
        dataset: Dataset,
        behaviour: Behaviour,
        caller: Callable[[], Caller | None],
    ) -> Reply | None:
        """The reply, or None when `path` is none of the service's. `caller`: whose token it is."""
        found = [
            (route, match)
            for route in self._dialect.routes
            if (match := route.pattern.fullmatch(path)) is not None
        ]
        if not found:
            return None
        headers: dict[str, str] = {}
        try:
            for route, match in found:
                if route.method == request.method:
                    return self._answer(
                        request, route, match, dataset, behaviour, caller(), headers
                    )
            raise NotUnderstood(*self._dialect.not_found)
        except NotUnderstood as problem:
            return self._dialect.error(problem, headers)

    def _answer(
        self,
        request: WebRequest,
        route: Route,
        match: re.Match[str],
        dataset: Dataset,
        behaviour: Behaviour,
        caller: Caller | None,
        headers: dict[str, str],
    ) -> Reply:
        """The rows; `headers` are filled as far as it gets, for the refusal to have them too."""
        if caller is not None and self._faults.ends_token(behaviour):
            caller.revoke()
            caller = None
        if caller is None:
            raise NotUnderstood(*self._dialect.unauthorized)
        headers.update(self._dialect.checked(request))
        window, used = self._limits.take(caller.key, behaviour)
        left = max(0, behaviour.rate_limit - used)
        headers.update(
            self._dialect.limited(window, behaviour.rate_window, behaviour.rate_limit, left)
        )
        if used > behaviour.rate_limit:
            raise NotUnderstood(*self._dialect.over_limit)
        if not caller.may(route.permission, behaviour):
            raise NotUnderstood(*self._dialect.missing)
        self._scrolls.idle = behaviour.scroll_idle
        rows = route.answer(self._call(request, match, dataset, caller))
        fault = self._faults.of_page(request, behaviour)
        if fault in ERRORS and route.path.endswith("/scroll"):
            self._scrolls.end(caller.key)
        self._count(route.resource, 0 if fault else rows.number)
        body = rows.text.encode() if isinstance(rows.text, str) else rows.text
        headers["Content-Type"] = rows.media_type
        return spoiled(raw_json(200, body, headers), fault)

    def _call(
        self, request: WebRequest, match: re.Match[str], dataset: Dataset, caller: Caller
    ) -> Call:
        query = dict(parse_qsl(request.query, keep_blank_values=True, max_num_fields=50))
        body: object = None
        if request.method == "POST" and request.body:
            try:
                body = json.loads(request.body)
            except (ValueError, RecursionError):
                raise NotUnderstood("The body is not JSON") from None
        return Call(
            dataset,
            query,
            body,
            match.groupdict(),
            here=f"{request.origin}{request.path}",
            accepts=request.headers.get("accept", ""),
            caller=caller.key,
            searches=self._searches,
            scrolls=self._scrolls,
            exports=self._exports,
        )
