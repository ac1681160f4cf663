"""The token answer (RFC 6749 section 5.1), read strictly: what is stored was understood."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tui_oauth.errors import ProviderUnreachable
from tui_oauth.model import BOUND_TOKEN_TYPE, NO_TEXTS, TokenSet
from tui_oauth.oauth.explain import Asked, flagged, refusal
from tui_oauth.oauth.reading import (
    Unreadable,
    at_path,
    excerpt,
    looks_like_html,
    parse_json,
    scalar,
)
from tui_oauth.secret import Secret
from tui_oauth.text import is_plain, neutralise

if TYPE_CHECKING:
    from tui_oauth.oauth.http import Response
    from tui_oauth.services.format import Service

MAX_LIFETIME = 10 * 365 * 86_400
MAX_TOKEN_LENGTH = 65_536
MAX_KEPT_LENGTH = 4_096
MAX_SCOPES = 500
_TOKEN = re.compile(r"[\x21-\x7e]+")
# An absolute time beyond this many seconds (the year 5138) is meant in milliseconds.
_MILLISECONDS_FROM = 10**11


_REFRESH_LIFETIMES = (
    "refresh_token_expires_in",
    "refresh_expires_in",
    "x_refresh_token_expires_in",
)


@dataclass(frozen=True, slots=True)
class ScopeDifference:
    """How the granted scopes differ from those asked for: `missing` and `unasked` ones."""

    missing: tuple[str, ...]
    unasked: tuple[str, ...]


def scope_difference(requested: tuple[str, ...], granted: tuple[str, ...]) -> ScopeDifference:
    """What of `requested` was not granted, and what was granted beyond it (checklist rule 80)."""
    return ScopeDifference(
        missing=tuple(scope for scope in requested if scope not in granted),
        unasked=tuple(scope for scope in granted if scope not in requested),
    )


def read_tokens(
    service: Service,
    response: Response,
    *,
    requested: tuple[str, ...],
    sent_at: int,
    previous: TokenSet | None = None,
    extra: Mapping[str, str] = NO_TEXTS,
    callback_url: str = "",
) -> TokenSet:
    """The tokens in `response` (RFC 6749 section 5.1).

    `requested` are the scopes asked for, `sent_at` the time just before the request was sent
    (Unix seconds), `previous` the tokens that are being renewed: their refresh token, scopes and
    kept values stay where the answer names no new ones. `extra` are values kept from the
    callback, `callback_url` is the redirect URI that was sent, for a message. Raises ProviderRefused when the provider says no, and ProviderUnreachable when the
    answer cannot be understood; nothing of such an answer may be stored.
    """
    problem = refusal(service, response, sent_at, Asked(requested, callback_url))
    if problem is not None:
        raise problem
    document = document_of(service, response, "tokens")
    quirks = service.quirks.answer
    if quirks.success and not flagged(service, document):
        raise not_understood(service, response, f"{quirks.success} does not say that it is good")
    access_token = _access_token(service, response, document)
    refresh_token = _optional_token(service, response, at_path(document, quirks.refresh_token))
    id_token = document.get("id_token") if isinstance(document, dict) else None
    good_id = isinstance(id_token, str) and 0 < len(id_token) <= MAX_TOKEN_LENGTH
    before = previous.extra if previous else NO_TEXTS
    return TokenSet(
        access_token=access_token,
        token_type=_token_type(service, response, document),
        issued_at=sent_at,
        expires_at=_expires_at(service, document, sent_at),
        refresh_token=refresh_token or (previous.refresh_token if previous else None),
        id_token=_kept_id_token(id_token if good_id else None, previous),
        scopes=_scopes(service, document, requested, previous),
        extra={**before, **extra, **_kept(service, document)},
        refresh_expires_at=_refresh_expires_at(
            service, document, sent_at, refresh_token or None, previous
        ),
    )


def _refresh_expires_at(
    service: Service,
    document: Any,
    sent_at: int,
    given: Secret | None,
    previous: TokenSet | None,
) -> int | None:
    """When the refresh token ends if it is not used: the answer's word, else the service's facts.

    No RFC names a member for it; several providers have one. 0 stands for "not at all".
    """
    held = given is not None or (previous is not None and previous.refresh_token is not None)
    if not held:
        return None
    for name in _REFRESH_LIFETIMES:
        seconds = seconds_of(document.get(name))
        if seconds is not None:
            return sent_at + seconds if seconds else None
    facts = service.refresh
    if facts.refresh_idle_days is not None:
        return sent_at + facts.refresh_idle_days * 86_400
    if previous is not None:
        return previous.refresh_expires_at
    fixed = facts.refresh_fixed_days
    return None if fixed is None else sent_at + fixed * 86_400


def seconds_of(value: Any) -> int | None:
    """A lifetime in whole seconds, at most ten years; None when it says nothing (rule 79).

    An integer, an integral text or a finite number of at least 0; anything else is unknown,
    which is not "expired".
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not (text.isascii() and text.isdigit()):
            return None
        return min(int(text), MAX_LIFETIME) if len(text) < 16 else MAX_LIFETIME
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not isinstance(value, (int, float)) or value < 0:
        return None
    return int(min(value, MAX_LIFETIME))


def moment_of(value: Any) -> int | None:
    """An absolute time as Unix seconds: seconds, milliseconds or ISO 8601; None when unclear.

    A time without zone is in UTC.
    """
    if isinstance(value, str) and not re.fullmatch(r"\s*\d{1,15}(\.\d{1,9})?\s*", value):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        try:
            seconds = int(aware.timestamp())
        except (OverflowError, ValueError):
            return None
        return seconds if seconds > 0 else None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    number = math.inf if isinstance(value, int) and value >= 10**18 else float(value)
    if not math.isfinite(number) or number <= 0:
        return None
    return int(number / 1000 if number >= _MILLISECONDS_FROM else number)


def document_of(service: Service, response: Response, what: str) -> dict[str, Any]:
    """The JSON object in `response`, which should hold `what` ("tokens").

    Raises ProviderUnreachable when it is none; a web page is told apart.
    """
    try:
        document = parse_json(response.body)
    except Unreadable as error:
        content_type = response.headers.get("content-type", "")
        if looks_like_html(response.body, content_type):
            raise ProviderUnreachable(
                f"{service.name} answered the {response.step} with a web page instead of {what} "
                f"({response.host}, HTTP {response.status}). It begins: {excerpt(response.body)}",
                f"Check the address of the {response.step} in the service's file, and whether a "
                "sign-in page of the network stands between.",
            ) from None
        raise not_understood(service, response, f"as JSON {error}") from None
    if not isinstance(document, dict):
        raise not_understood(service, response, "it is no JSON object")
    return document


def not_understood(service: Service, response: Response, why: str) -> ProviderUnreachable:
    """The error for an answer that is not what the step's RFC says; `why` ends its sentence."""
    return ProviderUnreachable(
        f"The answer of {service.name} to the {response.step} was not understood: {why} "
        f"({response.host}, HTTP {response.status}). Nothing was stored.",
        "Try again. If it stays so, the service's file may be wrong or out of date.",
    )


def _access_token(service: Service, response: Response, document: Any) -> Secret:
    paths = service.quirks.answer.access_token
    found = next((value for path in paths if (value := at_path(document, path)) is not None), None)
    if found is None:
        # Names only: the values may be secrets.
        names = neutralise(", ".join(sorted(map(str, document))[:8]) or "nothing", 120)
        raise not_understood(service, response, f"{paths[0]} is missing; it holds {names}")
    if not _is_token(found):
        raise not_understood(service, response, f"{paths[0]} is not a proper token")
    return Secret(found)


def _optional_token(service: Service, response: Response, value: Any) -> Secret | None:
    if value is None or value == "":
        return None
    if not _is_token(value):
        raise not_understood(service, response, "the refresh token is not a proper token")
    return Secret(value)


def _is_token(value: Any) -> bool:
    # RFC 6749 appendix A.12 and A.17 without the blank, which a header could not carry safely.
    return (
        isinstance(value, str)
        and len(value) <= MAX_TOKEN_LENGTH
        and _TOKEN.fullmatch(value) is not None
    )


def _bound_token_type(service: Service, response: Response, given: Any) -> str:
    """DPoP, and nothing else: any other type is a token that is not bound (RFC 9449 section 5).

    Such an answer is discarded: a service that declares bound tokens wants them protected.
    """
    if isinstance(given, str) and given.lower() == BOUND_TOKEN_TYPE:
        return given
    shown = neutralise(given, 40) if isinstance(given, str) else "missing"
    raise ProviderUnreachable(
        f"{service.name} gave a token that is not bound to the key of this entry: its token_type is "
        f"{shown or 'empty'}, not DPoP ({response.step}, {response.host}, HTTP {response.status}). "
        "Nothing was stored.",
        "Switch DPoP on for the app at the provider; or, if its tokens need no such protection, "
        "take dpop out of [extensions] in the service's file.",
    )


def _token_type(service: Service, response: Response, document: Any) -> str:
    """The token type (RFC 6749 section 7.1), compared without case (rule 77)."""
    quirks = service.quirks
    given = document.get("token_type")
    if service.extensions.dpop:
        return _bound_token_type(service, response, given)
    if given is None:
        if quirks.answer.token_type:
            return quirks.answer.token_type
        raise not_understood(service, response, "token_type is missing")
    usable = {"bearer", quirks.answer.token_type.lower(), quirks.api.scheme.lower()} - {""}
    if not isinstance(given, str) or given.lower() not in usable:
        shown = neutralise(given, 40) if isinstance(given, str) else "not a text"
        raise not_understood(service, response, f"token_type is {shown}, which is not known here")
    return given


def _expires_at(service: Service, document: Any, sent_at: int) -> int | None:
    quirks = service.quirks.answer
    if quirks.expires_at:
        moment = moment_of(at_path(document, quirks.expires_at))
        if moment is not None:
            return min(moment, sent_at + MAX_LIFETIME)
    seconds = seconds_of(at_path(document, quirks.expires_in))
    if seconds is None or (seconds == 0 and quirks.expires_zero_is_never):
        return None
    return sent_at + seconds


def _scopes(
    service: Service, document: Any, requested: tuple[str, ...], previous: TokenSet | None
) -> tuple[str, ...]:
    """The granted scopes; where the answer names none, those asked for (RFC 6749 section 5.1)."""
    as_before = previous.scopes if previous is not None and previous.scopes else requested
    value = at_path(document, service.quirks.answer.scope)
    if isinstance(value, list):
        named = [item for item in value if isinstance(item, str)]
    elif isinstance(value, str):
        named = _split_scopes(value, service.scope_separator, requested)
    else:
        return as_before
    if not named and previous is not None:
        return as_before
    shown = (neutralise(scope) for scope in named[:MAX_SCOPES] if scope)
    return tuple(dict.fromkeys(shown))


def _split_scopes(text: str, separator: str, requested: tuple[str, ...]) -> list[str]:
    # Providers answer with commas where they are asked with blanks, and the other way round.
    comma_inside = any("," in scope for scope in requested) and separator != ","
    return text.split() if comma_inside else text.replace(",", " ").split()


def _kept(service: Service, document: Any) -> dict[str, str]:
    """The declared further values: short plain texts and numbers, nothing else."""
    kept: dict[str, str] = {}
    for name, path in service.quirks.answer.keep.items():
        text = scalar(at_path(document, path))
        if text and len(text) <= MAX_KEPT_LENGTH and is_plain(text):
            kept[name] = text
    return kept


def _kept_id_token(id_token: str | None, previous: TokenSet | None) -> Secret | None:
    if id_token:
        return Secret(id_token)
    return previous.id_token if previous else None
