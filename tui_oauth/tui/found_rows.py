"""What a look-up found, as lines for a person. No widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.entries import is_choice
from tui_oauth.oauth.found import by_origin, grant_words, pkce_words
from tui_oauth.tui.widgets.details import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_oauth.discover import Asked, Found
    from tui_oauth.errors import TuiOauthError

_QUIET = "$quiet"

ASKING = (
    Line("An issuer", "https://accounts.example.com"),
    Line("An API", "https://api.example.com/v1"),
    Line("An MCP server", "https://mcp.example.com/mcp"),
    Line("", ""),
    Line(
        "Then",
        "it is asked what it publishes about signing in, without anything secret. What it says is "
        "shown here before anything is stored.",
        _QUIET,
    ),
)
_SHORT = {
    "authorization endpoint": "authorization",
    "token endpoint": "token",
    "device authorization endpoint": "device",
    "pushed authorization request endpoint": "PAR",
    "registration endpoint": "registration",
    "revocation endpoint": "revocation",
    "introspection endpoint": "introspection",
    "userinfo endpoint": "userinfo",
    "address of its keys": "keys",
}


def found_lines(found: Found, registering: bool, alone: bool, callback_url: str) -> list[Line]:
    """The most important first.

    `registering`: whether OK registers a client there. `alone`: whether the entry is to get its
    tokens without a person. `callback_url` is empty where none is needed.
    """
    service = found.service
    lines = [Line("API", found.resource)] if found.resource else []
    lines.append(Line("Signs in at" if found.resource else "Issuer", service.issuer))
    lines.append(Line("Client", _client_words(found, registering)))
    if is_choice(service):
        words = (
            "nobody: client credentials (^o: a person)"
            if alone
            else "a person (^o: nobody, client credentials)"
        )
        lines.append(Line("Authorized by", words))
    lines += [Line("▲ Mind this", warning, "$warning") for warning in found.warnings]
    for number, (origin, whats) in enumerate(by_origin(service).items()):
        names = ", ".join(_SHORT[what] for what in whats)
        label = "" if number else "Endpoints"
        lines.append(Line(label, f"{origin.partition('://')[2]}: {names}"))
    lines.append(Line("Grants", grant_words(service)))
    lines.append(Line("PKCE", pkce_words(service)))
    lines.append(Line("Scopes there", " ".join(found.scopes) or "not named"))
    lines.append(Line("Client auth", ", ".join(service.client_auth), _QUIET))
    if service.extensions.dpop:
        lines.append(Line("Tokens", "bound to a key of the entry (DPoP)"))
    if service.extensions.client_id_metadata_document:
        words = "may be the https address of a document about the client"
        lines.append(Line("Client ID", words, _QUIET))
    lines.append(Line("Callback URL", callback_url))
    lines += [
        Line("Published at" if not number else "", document, _QUIET)
        for number, document in enumerate(found.documents)
    ]
    return [line for line in lines if line.value]


def asked_lines(asked: Sequence[Asked]) -> list[Line]:
    """What has been asked so far, and what is awaited."""
    return [Line(one.outcome or "asking…", one.url, _QUIET) for one in asked]


def refused_lines(error: TuiOauthError) -> list[Line]:
    """Why nothing can be made of it, and what to do next."""
    lines = [Line("✕ Refused", error.message, "$error"), Line("", ""), Line("Next", error.advice)]
    return lines if error.advice else lines[:1]


def _client_words(found: Found, registering: bool) -> str:
    if not found.registers:
        return "to be registered by hand, at whoever runs the server"
    if registering:
        return "registered there at OK (^r: bring your own)"
    return "your own, to be configured next (^r: register one)"
