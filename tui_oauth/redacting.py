"""What of an HTTP exchange may be shown: names, and the values of a fixed list. All else is dots.

Nothing is shown because it looks harmless. A value is shown when its name is on a list below; what
is not shown is remembered for the length of one exchange, and taken out of the values that are,
where a provider repeats it. Dots never tell a length.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urlsplit

from tui_oauth.oauth.reading import Unreadable, masked, parse_json
from tui_oauth.oauth.urls import parse_query
from tui_oauth.secret import MASK, held_secrets, spellings
from tui_oauth.text import neutralise

MAX_NAME = 60
MAX_HOST = 120
MAX_VALUE = 300
MAX_LINES = 80
MAX_DEPTH = 6
MAX_ITEMS = 12
UNREADABLE = "an address that cannot be read"
# Shorter values that are hidden are not looked for elsewhere: "1" and "user" are everywhere.
_SHORTEST = 6
_MOST_LEARNT = 65_536
_JOINT = ", "


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Parameters, members and headers whose value may be shown as it is.
_PLAIN = _names(
    """
    grant_type response_type response_mode client_id scope scopes prompt access_type display max_age
    approval_prompt include_granted_scopes code_challenge_method token_type token_type_hint audience
    requested_token_use expires_in expires ext_expires_in refresh_expires_in
    refresh_token_expires_in x_refresh_token_expires_in interval active exp iat nbf
    error_code error_codes error_subcode request_id correlation_id trace_id
    application_type client_name client_id_issued_at client_secret_expires_at grant_types
    response_types token_endpoint_auth_method bearer_methods_supported resource_name
    require_pushed_authorization_requests require_signed_request_object
    accept content-type content-language user-agent date server retry-after allow
    cache-control pragma vary connection content-encoding transfer-encoding x-content-type-options
    x-frame-options referrer-policy strict-transport-security x-request-id request-id x-ms-request-id client-request-id x-correlation-id
    x-amzn-requestid x-amz-cf-id cf-ray x-trace-id
    """
)
_PLAIN_ENDINGS = ("_supported",)
_PLAIN_HEADER = re.compile(r"(x-)?rate-?limit-[a-z-]{1,30}|ratelimit")
_VERSION_HEADER = re.compile(r"[a-z-]{0,40}(version|revision)")
_VERSION = re.compile(r"v?[0-9][0-9a-z.-]{0,19}")
# Sentences of the provider: shown, but for long runs of letters and digits in them.
_WORDS = _names("error error_description error_message")
# Members that mean something harmless in an error, and may be anything outside of it.
_IN_ERRORS = _names(
    "code type status id name field path message msg detail title reason description hint"
)
_ERRORS = _names("error errors")
# Addresses: shown without the values of their query. The origins have secrets in the path as well.
_ADDRESSES = _names(
    """
    redirect_uri redirect_uris resource issuer iss jwks_uri verification_uri verification_url
    error_uri service_documentation op_policy_uri op_tos_uri authorization_servers
    resource_documentation resource_metadata location
    """
)
_ADDRESS_ENDINGS = ("_endpoint",)
_ORIGINS = _names("verification_uri_complete verification_url_complete registration_client_uri")
_SCHEMES = _names("basic bearer dpop token client bot oauth zoho-oauthtoken")
_CHALLENGE = re.compile(r'([a-z_]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)', re.IGNORECASE)


class Show(enum.Enum):
    """How a value may be shown."""

    NOT = enum.auto()
    PLAIN = enum.auto()
    WORDS = enum.auto()
    """Without long runs of letters and digits."""
    ADDRESS = enum.auto()
    """Without the values of its query."""
    ORIGIN = enum.auto()
    """Scheme and host alone."""


class Item(NamedTuple):
    """One value where it stood; `lead` is shown before it in any case. Depth -1 has no line."""

    depth: int
    name: str
    value: str
    show: Show = Show.NOT
    lead: str = ""


class Hidden:
    """The values of one exchange that must not be seen, to be found again wherever they turn up."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, items: Iterable[Item]) -> None:
        """Remember what `items` hide."""
        for item in items:
            if item.show is Show.NOT and _SHORTEST <= len(item.value) <= _MOST_LEARNT:
                self._forms |= spellings(item.value)
        self._pattern = None

    def clean(self, text: str) -> str:
        """`text` without them, and without any other secret that this process holds."""
        if self._pattern is None:
            forms = self._forms.union(*(spellings(held) for held in held_secrets()))
            longest_first = sorted(filter(None, forms), key=len, reverse=True)
            # Escapes like %c3 are written in either case. What is always false finds nothing.
            joined = "|".join(map(re.escape, longest_first)) or "(?!)"
            self._pattern = re.compile(joined, re.IGNORECASE)
        return self._pattern.sub(MASK, text)

    def lines(self, items: Iterable[Item], joint: str) -> tuple[str, ...]:
        """`items` as lines of name, `joint` and value, neutralised and bounded."""
        found = [item for item in items if item.depth >= 0]
        lines = [self._line(item, joint) for item in found[:MAX_LINES]]
        if len(found) > MAX_LINES:
            lines.append(f"… and {len(found) - MAX_LINES} more")
        return tuple(lines)

    def _line(self, item: Item, joint: str) -> str:
        name = self.name(item.name)
        return f"{'  ' * item.depth}{name}{joint}{item.lead}{self._value(item)}".rstrip()

    def _value(self, item: Item) -> str:
        if item.show is Show.NOT:
            return MASK
        text = self.clean(item.value)  # before anything is cut out of it
        if item.show is Show.WORDS:
            text = masked(text)
        elif item.show is not Show.PLAIN:
            whole = item.show is Show.ADDRESS
            text = _JOINT.join(_bare(url, path=whole) for url in text.split(_JOINT))
        return neutralise(text, MAX_VALUE)

    def name(self, text: str) -> str:
        """A name, which a careless or malicious side may have put a value into."""
        return neutralise(masked(self.clean(text)), MAX_NAME)

    def address(self, url: str) -> str:
        """`url` without user name, query and fragment, nothing secret in its path."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return UNREADABLE
        host = parts.netloc.rpartition("@")[2]
        path = parts.path + (f"#{parts.fragment.partition('?')[0]}" if parts.fragment else "")
        shown = masked(self.clean(path))
        return neutralise(f"{parts.scheme}://{host}{shown}" if host else shown, MAX_VALUE)


def of_query(url: str) -> list[Item]:
    """The parameters in the query of `url`, or behind its fragment where a service routes by that."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    query = parts.query or parts.fragment.partition("?")[2]
    return of_form(query)


def of_form(text: str, *, failed: bool = False) -> list[Item]:
    """Parameters as in a query or a form; `failed` as in `of_json`."""
    pieces = [piece for piece in text.split("&") if piece]
    # What has no equals sign is not known to be a name.
    nameless = [Item(0, "", piece) for piece in pieces if "=" not in piece]
    named = "&".join(piece for piece in pieces if "=" in piece)
    # A lone surrogate has no place in an address, and no encoding.
    pairs = parse_query(named.encode("utf-8", "replace").decode())
    return of_pairs(pairs, failed=failed) + nameless


def of_pairs(pairs: Iterable[tuple[str, str]], *, failed: bool = False) -> list[Item]:
    """Decoded parameters; `failed` as in `of_json`."""
    return [_item(0, name, value, in_errors=failed) for name, value in pairs]


def of_headers(headers: Mapping[str, str]) -> list[Item]:
    """Headers; an Authorization header shows its scheme, a challenge its harmless parameters."""
    items: list[Item] = []
    for name, value in headers.items():
        lower = name.lower()
        if lower in {"authorization", "proxy-authorization"}:
            items += _credentials(name, value)
        elif lower == "www-authenticate":
            items += _challenges(name, value)
        elif _PLAIN_HEADER.fullmatch(lower) or (
            _VERSION_HEADER.fullmatch(lower) and _VERSION.fullmatch(value)
        ):
            items.append(Item(0, name, value, Show.PLAIN))
        else:
            items.append(_item(0, name, value))
    return items


def of_json(document: Any, *, failed: bool = False) -> list[Item]:
    """Every member of a JSON value, structure and names kept; `failed` when all of it is an error."""
    items: list[Item] = []
    _walk(document, "", 0, items, in_errors=failed)
    return items


def of_body(body: bytes, content_type: str, *, failed: bool = False) -> tuple[list[Item], str, str]:
    """What is in `body`: its values, how they are joined to their names, and words for a body
    of another kind, of which only size and type are told. `failed` as in `of_json`."""
    if not body:
        return [], "", ""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return of_form(body.decode("utf-8", "replace"), failed=failed), " = ", ""
    size = f"{len(body):,} bytes of {neutralise(kind, MAX_NAME) or 'no declared type'}"
    if "json" in kind or (not kind and body.lstrip()[:1] in {b"{", b"["}):
        try:
            return of_json(parse_json(body), failed=failed), ": ", ""
        except Unreadable as error:
            return [], "", f"{size}, not shown: {error}"
    # What may be in it is not shown elsewhere either.
    within = of_form(body[:_MOST_LEARNT].decode("utf-8", "replace"))
    return [Item(-1, "", item.value) for item in within], "", f"{size}, not shown"


def error_in(items: Iterable[Item]) -> str:
    """The error code among `items` of an answer; empty where they name none."""
    for item in items:
        of_rfc = item.name == "error" and item.depth == 0
        if item.value and (of_rfc or (item.name == "code" and item.show is Show.WORDS)):
            return item.value
    return ""


def host_of(url: str) -> str:
    """Host and port in `url`, neutralised; a few words where it cannot be read."""
    try:
        return neutralise(urlsplit(url).netloc.rpartition("@")[2], MAX_HOST)
    except ValueError:
        return UNREADABLE


def _item(depth: int, name: str, value: str, *, in_errors: bool = False) -> Item:
    return Item(depth, name, value, _how(name.lower(), value, in_errors))


def _how(name: str, value: str, in_errors: bool) -> Show:
    """How `value` may be shown under `name`, in lower case."""
    if name in _PLAIN or name.endswith(_PLAIN_ENDINGS):
        return Show.PLAIN
    if name in _WORDS or (in_errors and name in _IN_ERRORS):
        return Show.WORDS
    if _bare(value):
        if name in _ADDRESSES or name.endswith(_ADDRESS_ENDINGS):
            return Show.ADDRESS
        if name in _ORIGINS:
            return Show.ORIGIN
    return Show.NOT


def _bare(url: str, *, path: bool = True) -> str:
    """An address without user name, query values and fragment; empty for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in {"https", "http"} or not parts.netloc:
        return ""
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if not path:
        return f"{shown}/{MASK}"
    return shown + masked(parts.path) + (f"?{MASK}" if parts.query else "")


def _credentials(name: str, value: str) -> list[Item]:
    scheme, blank, rest = value.partition(" ")
    if not blank or scheme.lower() not in _SCHEMES:
        return [Item(0, name, value), *(Item(-1, "", word) for word in value.split())]
    items = [Item(0, name, rest, lead=f"{scheme} ")]
    if scheme.lower() == "basic":
        # What is in it is to be found as well, if a provider repeats it.
        try:
            joined = base64.b64decode(rest, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return items
        user, _, password = joined.partition(":")
        items.append(Item(-1, "", unquote_plus(password or user)))
    return items


def _challenges(name: str, value: str) -> list[Item]:
    """A WWW-Authenticate header (RFC 9110 section 11.6.1): its scheme, then its parameters."""
    scheme = value.partition(" ")[0]
    known = scheme if scheme.lower() in _SCHEMES else MASK
    parameters = _CHALLENGE.findall(value)
    return [_note(0, name, known), *(_item(1, key, text.strip('"')) for key, text in parameters)]


def _note(depth: int, name: str, words: str) -> Item:
    """Words of our own."""
    return Item(depth, name, "", Show.PLAIN, words)


def _walk(value: Any, name: str, depth: int, items: list[Item], *, in_errors: bool) -> None:
    if len(items) > MAX_LINES * 4:
        return
    if isinstance(value, (dict, list)) and depth >= MAX_DEPTH:
        items.append(_note(depth, name, "…"))
    elif isinstance(value, dict):
        if name:
            items.append(_note(depth, name, ""))
        inner = in_errors or name.lower() in _ERRORS
        for key, member in value.items():
            _walk(member, str(key), depth + bool(name), items, in_errors=inner)
    elif isinstance(value, list):
        _walk_list(value, name, depth, items, in_errors=in_errors)
    elif value is None or isinstance(value, bool):
        # Three values can hardly be a secret, and whether a token is `active` has to be seen.
        items.append(_note(depth, name, {None: "null", True: "true", False: "false"}[value]))
    else:
        items.append(_item(depth, name, str(value), in_errors=in_errors))


def _walk_list(
    value: list[Any], name: str, depth: int, items: list[Item], *, in_errors: bool
) -> None:
    """A list of plain values on one line, others one below the other, not too many of either."""
    left = value[:MAX_ITEMS]
    of_error = name.lower() in _ERRORS
    if not value:
        items.append(_note(depth, name, "none"))
    elif all(isinstance(member, (str, int, float)) for member in value):
        texts = [str(member) for member in left]
        ways = {Show.WORDS} if of_error else {_how(name.lower(), text, in_errors) for text in texts}
        if len(ways) == 1 and ways <= {Show.PLAIN, Show.WORDS, Show.ADDRESS}:
            items.append(Item(depth, name, _JOINT.join(texts), ways.pop()))
        else:
            items.extend(Item(-1, "", text) for text in texts)
            items.append(_note(depth, name, MASK))
    else:
        for number, member in enumerate(left):
            _walk(member, f"{name}[{number}]", depth, items, in_errors=in_errors or of_error)
    if len(value) > len(left):
        items.append(_note(depth, name, f"… and {len(value) - len(left)} more"))
