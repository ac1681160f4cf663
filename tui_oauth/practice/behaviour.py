"""How the practice provider misbehaves: one switch for each thing that real providers do.

Without a switch it behaves as Intercom documents itself: tokens that do not expire, no refresh
tokens, JSON answers at once. Its standard endpoints, under /oauth/, behave as the RFCs say.
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

PAGE_FAULTS: dict[str, str] = {
    "error": "500, an internal error",
    "unavailable": "503 with Retry-After",
    "cut-off": "the connection ends in the middle of the page",
    "broken-json": "the JSON text ends in its middle",
}

ODD_ISS: dict[str, str] = {
    "missing": "no iss, although the metadata promises it",
    "wrong": "another issuer",
    "twice": "iss is there twice",
}
ODD_METADATA: dict[str, str] = {
    "issuer": "the document names another issuer",
    "slash": "the issuer ends with a slash that was not asked for",
    "plain-pkce": "the only PKCE method is plain",
    "other-host": "the token endpoint is on another host",
    "no-token-endpoint": "there is no token endpoint",
    "resource": "the protected resource's document names another resource",
}
ODD_ID_TOKEN: dict[str, str] = {
    "issuer": "iss is another issuer",
    "audience": "aud is another client",
    "azp": "several audiences, and azp is another client",
    "expired": "exp is an hour ago",
    "future": "iat is a day ahead",
    "nonce": "the nonce is another one",
    "nonce-missing": "there is no nonce",
    "subject": "a refreshed ID token has another sub",
    "unsigned": "the algorithm is none",
    "signature": "the signature does not fit",
    "text": "it is no token at all",
    "huge": "it is longer than 64 KB",
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
    `rate_window` seconds, 429 above that.

    When rows are asked for: `api_delay`: they come this many seconds late. `missing_permission`:
    permissions that no token has, whatever was ticked. `page_fault`: a name from `PAGE_FAULTS`,
    what happens to one page in `page_fault_every`, once; asked for again it comes, but that a
    scroll gives what comes next. `scroll_idle`: a scroll ends that is not used for these seconds. `revoke_after`:
    after this many calls, counted from the switch, the token in use ends, once.

    At the standard endpoints: tokens live an hour unless `expires_in` says otherwise, and refresh
    tokens are issued always. `par_required`: an authorization request has to be pushed (RFC 9126),
    and a pushed one is good for `par_lifetime` seconds. `device_interval` and `device_lifetime`:
    seconds, as the device answer has them (RFC 8628 section 3.2); `device_slow_down`: the first
    poll is told to be slower. `dpop_required`: tokens only with a DPoP proof; `dpop_nonces`: with
    a nonce of ours in it (RFC 9449 section 8). `register_as`: whatever method a client registers
    with, it gets this one (RFC 7591 section 3.2.1); `secret_lifetime`: its secret ends after these
    seconds. `odd_iss`, `odd_metadata`, `odd_id_token`: names from `ODD_ISS`, `ODD_METADATA` and
    `ODD_ID_TOKEN`.
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
    rate_window: int = 10
    api_delay: float = 0.0
    missing_permission: tuple[str, ...] = ()
    scroll_idle: int = 60
    page_fault: str = ""
    page_fault_every: int = 10
    revoke_after: int | None = None
    par_required: bool = False
    par_lifetime: int = 60
    device_interval: int = 5
    device_lifetime: int = 600
    device_slow_down: bool = False
    dpop_required: bool = False
    dpop_nonces: bool = False
    register_as: str = ""
    secret_lifetime: int | None = None
    odd_iss: str = ""
    odd_metadata: str = ""
    odd_id_token: str = ""

    def __post_init__(self) -> None:
        for name, known in _NAMED.items():
            if (value := getattr(self, name)) and value not in known:
                raise ValueError(f"{name} must be one of: {', '.join(known)}")
        for name in ("delay", "api_delay"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
        for name in ("rate_limit", "rate_window", "scroll_idle", "page_fault_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in ("revoke_after", *(name for name, _, _ in _TIMES)):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must not be negative")

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
_STANDARD_SWITCHES: tuple[tuple[str, str], ...] = (
    ("par_required", "refuse authorization requests that were not pushed (RFC 9126)"),
    ("device_slow_down", "tell the first poll of a device to be slower (RFC 8628)"),
    ("dpop_required", "issue tokens only with a DPoP proof (RFC 9449)"),
    ("dpop_nonces", "demand nonces in DPoP proofs"),
)
_TIMES: tuple[tuple[str, int | None, str], ...] = (
    ("par_lifetime", 60, "pushed authorization requests end after this time"),
    ("device_interval", 5, "the time between two polls of a device"),
    ("device_lifetime", 600, "device codes end after this time"),
    ("secret_lifetime", None, "secrets of clients that registered themselves end after this time"),
)
_NAMED: dict[str, dict[str, str]] = {
    "odd_json": ODD_JSON,
    "page_fault": PAGE_FAULTS,
    "register_as": {
        "client_secret_basic": "HTTP Basic",
        "client_secret_post": "in the body",
        "none": "a public client",
    },
    "odd_iss": ODD_ISS,
    "odd_metadata": ODD_METADATA,
    "odd_id_token": ODD_ID_TOKEN,
}
_NAMED_WORDS = {
    "odd_json": "odd token answers",
    "page_fault": "what happens to some pages of rows, once",
    "register_as": "the authentication that every client is registered with",
    "odd_iss": "odd issuers in the authorization answer (RFC 9207)",
    "odd_metadata": "odd metadata documents (RFC 8414 and 9728)",
    "odd_id_token": "odd ID tokens",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each switch, in a group of its own."""
    group = parser.add_argument_group("how the provider misbehaves")
    for name, words in _SWITCHES:
        group.add_argument(_flag(name), action="store_true", help=words)
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
        help="API calls for each app before 429, in ten seconds or the --rate-window",
    )
    group.add_argument(
        "--rate-window",
        type=_count,
        default=10,
        metavar="SECONDS",
        help="the time in which calls are counted (default 10)",
    )
    _add_named(group, "odd_json")
    _add_data(parser.add_argument_group("how it misbehaves when rows are asked for"))
    group = parser.add_argument_group("how its standard endpoints, under /oauth/, misbehave")
    for name, words in _STANDARD_SWITCHES:
        group.add_argument(_flag(name), action="store_true", help=words)
    for name, usual, words in _TIMES:
        group.add_argument(_flag(name), type=_seconds, default=usual, metavar="SECONDS", help=words)
    for name in ("register_as", "odd_iss", "odd_metadata", "odd_id_token"):
        _add_named(group, name)


def _add_data(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--api-delay", type=_delay, default=0.0, metavar="SECONDS", help="rows come this much later"
    )
    group.add_argument(
        "--missing-permission",
        action=_Appended,
        default=(),
        metavar="PERMISSION",
        help='a permission that no token has, such as "Read tags"; repeat it for more',
    )
    group.add_argument(
        "--scroll-idle",
        type=_count,
        default=60,
        metavar="SECONDS",
        help="a scroll ends that is not used for this time (default 60)",
    )
    _add_named(group, "page_fault")
    group.add_argument(
        "--page-fault-every",
        type=_count,
        default=10,
        metavar="N",
        help="one page in N meets the --page-fault (default 10)",
    )
    group.add_argument(
        "--revoke-after",
        type=_seconds,
        metavar="CALLS",
        help="the token in use ends after this many calls for rows, once",
    )


class _Appended(argparse.Action):
    """Collects values in a tuple, which can stand in a frozen `Behaviour`."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, (*getattr(namespace, self.dest), str(values)))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _add_named(group: argparse._ArgumentGroup, name: str) -> None:
    known = _NAMED[name]
    group.add_argument(
        _flag(name),
        choices=sorted(known),
        default="",
        metavar="NAME",
        help=f"{_NAMED_WORDS[name]}: "
        + "; ".join(f"{value} ({words})" for value, words in known.items()),
    )


def from_arguments(namespace: object) -> Behaviour:
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
