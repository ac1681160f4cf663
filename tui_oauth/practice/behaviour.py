"""How the practice provider misbehaves: one switch for each thing that real providers do.

Without a switch it behaves as Intercom documents itself: tokens that do not expire, no refresh
tokens, JSON answers at once.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

ODD_JSON: dict[str, str] = {
    "token-missing": "the answer has no access token at all",
    "token-null": "the access token is null",
    "token-number": "the access token is a number",
    "token-empty": "the access token is an empty text",
    "control-characters": "the access token holds a line break and a terminal escape sequence",
    "error-200": "an OAuth error with HTTP status 200",
    "expires-text": "expires_in is a text, not a number",
    "expires-nonsense": "expires_in is a negative, fractional number in a text",
    "nested": "the answer lies one level deeper, under data",
    "list": "the answer is a list with the object in it",
    "type-missing": "no token_type",
    "type-mac": "a token_type that nobody can use",
    "truncated": "the JSON text ends in its middle",
    "empty": "an empty body with HTTP status 200",
    "deep": "JSON nested a hundred thousand levels deep",
    "huge": "a good answer followed by eight million blanks",
}


# Intercom: 10,000 calls a minute, spread over windows of ten seconds.
RATE_LIMIT = 1666


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the provider does differently. All of it is off to begin with.

    `refresh_tokens`: token answers hold a refresh token (RFC 6749 section 6). `rotating_refresh`:
    so they do, and each is good for one use; using one twice ends the grant (RFC 9700 section
    4.14.2). `expires_in`: access tokens live this many seconds. `delay`: the token endpoint
    answers this many seconds late, after it has acted. `deny`: Authorize access is answered with
    access_denied. `down`: the API answers 503. `html`: the API answers with a web page and
    status 200. `odd_json`: a name from `ODD_JSON`, how the token answer looks. `redirects`: the
    token endpoint answers 307 to another path. `any_redirect`: the redirect URI is not compared
    with the registered ones. `https_only`: only https redirect links can be registered.
    `drop_state`: the state is not sent back. `rate_limit`: API calls for each app in a window of
    ten seconds, 429 above that.
    """

    refresh_tokens: bool = False
    rotating_refresh: bool = False
    expires_in: int | None = None
    delay: float = 0.0
    deny: bool = False
    down: bool = False
    html: bool = False
    odd_json: str = ""
    redirects: bool = False
    any_redirect: bool = False
    https_only: bool = False
    drop_state: bool = False
    rate_limit: int = RATE_LIMIT

    def __post_init__(self) -> None:
        if self.odd_json and self.odd_json not in ODD_JSON:
            raise ValueError(f"odd_json must be one of: {', '.join(ODD_JSON)}")
        if self.delay < 0:
            raise ValueError("delay must not be negative")
        if self.rate_limit < 1:
            raise ValueError("rate_limit must be at least 1")

    @property
    def issues_refresh_tokens(self) -> bool:
        return self.refresh_tokens or self.rotating_refresh


_SWITCHES: tuple[tuple[str, str], ...] = (
    ("refresh_tokens", "issue refresh tokens"),
    ("rotating_refresh", "issue single-use refresh tokens; using one twice ends the grant"),
    ("deny", "answer every consent with access_denied"),
    ("down", "answer API calls with 503"),
    ("html", "answer API calls with a web page instead of JSON"),
    ("redirects", "answer token requests with a redirect to another path"),
    ("any_redirect", "accept redirect URIs that are not registered"),
    ("https_only", "let only https redirect links be registered"),
    ("drop_state", "leave the state out when sending the browser back"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each switch, in a group of its own."""
    group = parser.add_argument_group("how the provider misbehaves")
    for name, words in _SWITCHES:
        group.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=words)
    group.add_argument(
        "--expires-in", type=_seconds, metavar="SECONDS", help="access tokens end after this time"
    )
    group.add_argument(
        "--delay",
        type=_delay,
        default=0.0,
        metavar="SECONDS",
        help="answer token requests this much later",
    )
    group.add_argument(
        "--rate-limit",
        type=_count,
        default=RATE_LIMIT,
        metavar="CALLS",
        help="API calls for each app in ten seconds before 429",
    )
    group.add_argument(
        "--odd-json",
        choices=sorted(ODD_JSON),
        default="",
        metavar="NAME",
        help="odd token answers: "
        + "; ".join(f"{name} ({words})" for name, words in ODD_JSON.items()),
    )


def from_arguments(namespace: argparse.Namespace) -> Behaviour:
    """The behaviour that the flags of `add_arguments` ask for."""
    values = vars(namespace)
    return Behaviour(**{name: values[name] for name in Behaviour.__dataclass_fields__})


def _seconds(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 10**9:
        raise argparse.ArgumentTypeError("give whole seconds, 0 or more")
    return value


def _delay(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 3600:
        raise argparse.ArgumentTypeError("give seconds between 0 and 3600")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("give a number of at least 1")
    return value
