"""Intercom's API for rows: every resource worth extracting, its paging, its limits, its errors."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from urllib.parse import parse_qsl

from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data import exporting, intercom_people, intercom_work
from tui_oauth.practice.data.access import Caller, Faults, Limits, spoiled
from tui_oauth.practice.data.calls import Call, Route
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.data.listing import NotUnderstood
from tui_oauth.practice.data.scrolls import Scrolls
from tui_oauth.practice.data.searching import Searches
from tui_oauth.practice.web import Reply, WebRequest, as_json, raw_json

VERSION = "2.14"  # for calls that name none, as the app's own setting would
_VERSIONS = re.compile(r"1\.[0-4]|2\.([0-9]|1[0-7])|Unstable|Preview")

ROUTES = (*intercom_people.ROUTES, *intercom_work.ROUTES, *exporting.ROUTES)


class IntercomRows:
    """Answers calls for rows. `count` is told the resource of each call and how many rows it got."""

    def __init__(
        self,
        limits: Limits,
        now: Callable[[], float],
        count: Callable[[str, int], None],
    ) -> None:
        self._limits = limits
        self._count = count
        self._faults = Faults()
        self._searches = Searches()
        self._scrolls = Scrolls(now)
        self._exports = exporting.Exports()

    def handle(
        self,
        request: WebRequest,
        path: str,
        dataset: Dataset,
        behaviour: Behaviour,
        caller: Callable[[], Caller | None],
    ) -> Reply | None:
        """The reply, or None when `path` is none of Intercom's. `caller`: whose token it is."""
        found = [
            (route, match)
            for route in ROUTES
            if (match := route.pattern.fullmatch(path)) is not None
        ]
        if not found:
            return None
        for route, match in found:
            if route.method == request.method:
                return self._checked(request, route, match, dataset, behaviour, caller())
        return error(404, "not_found", "Resource Not Found")

    def _checked(
        self,
        request: WebRequest,
        route: Route,
        match: re.Match[str],
        dataset: Dataset,
        behaviour: Behaviour,
        caller: Caller | None,
    ) -> Reply:
        if caller is not None and self._faults.ends_token(behaviour):
            caller.revoke()
            caller = None
        if caller is None:
            return error(401, "unauthorized", "Access Token Invalid")
        version = request.headers.get("intercom-version", VERSION)
        if _VERSIONS.fullmatch(version) is None:
            return error(
                400, "intercom_version_invalid", "The requested version could not be found"
            )
        headers, over = self._limits.take(caller.key, behaviour)
        headers["Intercom-Version"] = version
        if over:
            return error(429, "rate_limit_exceeded", "Exceeded rate limit", headers)
        if not caller.may(route.permission, behaviour):
            return error(401, "token_unauthorized", "Not authorized to access resource", headers)
        try:
            rows = route.answer(self._call(request, match, dataset, caller))
        except NotUnderstood as problem:
            return error(problem.status, problem.code, str(problem), headers)
        fault = self._faults.of_page(request, behaviour)
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


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    """An error in Intercom's shape."""
    body = {
        "type": "error.list",
        "request_id": secrets.token_hex(10),
        "errors": [{"code": code, "message": message}],
    }
    return as_json(status, body, headers)
