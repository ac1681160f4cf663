"""Intercom's dialect: its addresses for rows, its version header, its limits, its errors."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from tui_oauth.practice.data import exporting, intercom_people, intercom_work
from tui_oauth.practice.data.listing import NotUnderstood
from tui_oauth.practice.data.rows_api import Dialect, Refusal
from tui_oauth.practice.web import Reply, WebRequest, as_json

VERSION = "2.14"  # for calls that name none, as the app's own setting would
_VERSIONS = re.compile(r"1\.[0-4]|2\.([0-9]|1[0-7])|Unstable|Preview")

UNAUTHORIZED = Refusal("Access Token Invalid", "unauthorized", 401)
OVER_LIMIT = Refusal("Exceeded rate limit", "rate_limit_exceeded", 429)


def error(problem: NotUnderstood, headers: Mapping[str, str] | None = None) -> Reply:
    """An error in Intercom's shape."""
    body = {
        "type": "error.list",
        "request_id": secrets.token_hex(10),
        "errors": [{"code": problem.code, "message": str(problem)}],
    }
    return as_json(problem.status, body, headers)


def limited(window: int, length: int, limit: int, left: int) -> dict[str, str]:
    """Intercom's rate limit headers, for the window with this number."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str((window + 1) * length),
    }


def _checked(request: WebRequest) -> dict[str, str]:
    version = request.headers.get("intercom-version", VERSION)
    if _VERSIONS.fullmatch(version) is None:
        raise NotUnderstood("The requested version could not be found", "intercom_version_invalid")
    return {"Intercom-Version": version}


DIALECT = Dialect(
    routes=(*intercom_people.ROUTES, *intercom_work.ROUTES, *exporting.ROUTES),
    error=error,
    checked=_checked,
    limited=limited,
    unauthorized=UNAUTHORIZED,
    not_found=Refusal("Resource Not Found", "not_found", 404),
    over_limit=OVER_LIMIT,
    # The status is that of a bad token; only the code tells them apart.
    missing=Refusal("Not authorized to access resource", "token_unauthorized", 401),
)
