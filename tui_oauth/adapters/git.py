"""What git asks a credential helper, and what it is answered (gitcredentials(7), git-credential(1)).

Lines of `key=value`. The access token goes as the password, with the user name that the service
wants beside it, and only to the places that the service is declared to take it at.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui_oauth.errors import UsageProblem
from tui_oauth.oauth.urls import check_endpoint, origin_of
from tui_oauth.services.format import Service

MAX_REQUEST_CHARACTERS = 65_536


def read_request(text: str) -> dict[str, str]:
    """The attributes of a request; of one given twice the last counts. Lines without `=` are passed over."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        if not line:
            break  # an empty line ends a request
        key, equals, value = line.removesuffix("\r").partition("=")
        if equals:
            found[key] = value
    return found


def is_meant(service: Service, request: Mapping[str, str]) -> bool:
    """Whether git asks for a place of `service`; scheme, host and port are compared exactly."""
    try:
        address = f"{request.get('protocol', '')}://{request.get('host', '')}"
        asked = origin_of(check_endpoint(address, "git"))
        return asked in {origin_of(check_endpoint(o, "git")) for o in service.quirks.git.origins}
    except UsageProblem:
        return False


def answer(service: Service, token: str, expires_at: int | None) -> str:
    """The lines that give `token` (of one line) to git; `expires_at` in Unix seconds, for git 2.40 on."""
    ends = "" if expires_at is None else f"password_expiry_utc={expires_at}\n"
    return f"username={service.quirks.git.username}\npassword={token}\n{ends}"
