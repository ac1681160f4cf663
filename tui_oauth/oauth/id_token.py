"""ID tokens (OpenID Connect Core sections 2, 3.1.3.7 and 12.2): taken apart and held against the sign-in.

Pure. Whether the signature is good is another question (`tui_oauth.signatures`): for a token that
came straight from the token endpoint over TLS the answer is optional (section 3.1.3.7, step 6).
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tui_oauth.model import Account
from tui_oauth.oauth.encoding import from_base64url
from tui_oauth.oauth.reading import Unreadable, parse_json
from tui_oauth.text import neutralise

MAX_LENGTH = 65_536
SKEW_SECONDS = 120
MAX_AGE_SECONDS = 86_400
"""How old a token may be that was asked for just now. Generous: some servers give one out twice."""
MAX_SUBJECT_LENGTH = 255
MAX_AUDIENCES = 100
LATEST_TIME = 10**11

ID_TOKEN_TYPES: frozenset[str | None] = frozenset({None, "jwt", "id_token+jwt"})

# A key that the token brings along proves nothing (CVE-2026-27962); OpenID Connect Core section 2
# keeps these out of ID tokens.
_KEYS_OF_ITS_OWN = ("jwk", "jku", "x5u")


class BadIdToken(ValueError):
    """The ID token is not to be used; the text says why, neutralised.

    `attack` is True where it was made for somebody else or for another sign-in, which no honest
    server does.
    """

    def __init__(self, why: str, *, attack: bool = False) -> None:
        super().__init__(why)
        self.attack = attack


@dataclass(frozen=True, slots=True)
class Token:
    """An ID token taken apart: nothing in it has been checked but its form.

    `signed` is what the signature covers (RFC 7515 section 5.2).
    """

    header: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def algorithm(self) -> str:
        """The `alg` that the header names."""
        algorithm = self.header["alg"]
        return algorithm if isinstance(algorithm, str) else ""

    @property
    def key_id(self) -> str:
        """The `kid` that the header names; empty where it names none."""
        key_id = self.header.get("kid")
        return key_id if isinstance(key_id, str) else ""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a checked ID token says. The texts are the provider's: neutralise them before showing."""

    issuer: str
    subject: str
    audience: frozenset[str]
    authorized_party: str = ""
    nonce: str = ""
    email: str = ""
    preferred_username: str = ""
    name: str = ""


def parse(text: str, types: Collection[str | None] = ID_TOKEN_TYPES) -> Token:
    """`text` taken apart (RFC 7515 section 5.2, compact form); raises BadIdToken.

    `types` are the values that `typ` may have in lower case, None among them where it may be
    missing. Refused are `alg` none, any `crit` (this program understands no extension), a token of
    another type, and keys that the token brings along.
    """
    if len(text) > MAX_LENGTH:
        raise BadIdToken(f"it has {len(text):,} characters, and {MAX_LENGTH:,} is the most")
    segments = text.split(".")
    if len(segments) == 5:
        raise BadIdToken("it is encrypted, which was not asked for")
    if len(segments) != 3:
        raise BadIdToken("it does not have three parts")
    header = _object(segments[0], "header")
    claims = _object(segments[1], "content")
    try:
        signature = from_base64url(segments[2])
    except Unreadable as error:
        raise BadIdToken(f"its signature cannot be read: {error}") from None
    _check_header(header, types)
    if not signature:
        raise BadIdToken("it is not signed")
    signed = f"{segments[0]}.{segments[1]}".encode("ascii")
    return Token(header, claims, signed, signature)


def check(token: Token, *, issuer: str, client_id: str, nonce: str | None, now: int) -> Claims:
    """What `token` says, once it fits the sign-in (section 3.1.3.7, steps 2 to 5 and 9 to 11).

    `issuer` is compared character by character and may not be unknown (empty). `nonce` is the one
    that was sent, empty where none was, None where the service declares that it does not repeat
    it. `now` in Unix seconds; clocks may differ by `SKEW_SECONDS`. Raises BadIdToken.
    """
    claims = token.claims
    audience = _audience(claims.get("aud"))
    if client_id not in audience:
        raise BadIdToken("it was made for another client", attack=True)
    given = claims.get("nonce")
    if nonce and not (isinstance(given, str) and hmac.compare_digest(_bytes(given), _bytes(nonce))):
        raise BadIdToken("it belongs to another sign-in (nonce)", attack=True)
    if not issuer:
        raise BadIdToken("the service's file names no issuer to hold it against")
    if claims.get("iss") != issuer:
        named = _text(claims, "iss")
        raise BadIdToken(f"its issuer is {neutralise(named, 100) or 'not named'}, not {issuer}")
    party = claims.get("azp")
    if party is None and len(audience) > 1:
        raise BadIdToken("it was made for several clients and does not say for which (azp)")
    if party is not None and party != client_id:
        raise BadIdToken("it was made for another client (azp)")
    _check_times(claims, now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
        raise BadIdToken("it does not say who signed in (sub)")
    trusted_email = claims.get("email_verified") in (None, True, "true")
    return Claims(
        issuer=issuer,
        subject=subject,
        audience=audience,
        authorized_party=_text(claims, "azp"),
        nonce=_text(claims, "nonce"),
        email=_text(claims, "email") if trusted_email else "",
        preferred_username=_text(claims, "preferred_username"),
        name=_text(claims, "name"),
    )


def check_renewed(token: Token, first: Token) -> None:
    """Return when the `token` of a refresh speaks of the person of the `first` one (section 12.2).

    `first` was checked when it came. Raises BadIdToken, `attack` True: issuer, subject, audience
    and, where it has one, nonce have to be the same.
    """
    old, new = first.claims, token.claims
    for name, words in (("iss", "another issuer"), ("sub", "another person")):
        if not isinstance(new.get(name), str) or new.get(name) != old.get(name):
            raise BadIdToken(f"it names {words} ({name})", attack=True)
    if _audience(new.get("aud")) != _audience(old.get("aud")):
        raise BadIdToken("it was made for other clients (aud)", attack=True)
    if "nonce" in new and new["nonce"] != old.get("nonce"):
        raise BadIdToken("it belongs to another sign-in (nonce)", attack=True)


def audience_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """For whom a token was made (`aud`); raises BadIdToken where it does not say."""
    return _audience(claims.get("aud"))


def moment_in(claims: Mapping[str, Any], name: str) -> float:
    """A time among the claims, in Unix seconds; raises BadIdToken where it is none."""
    return _moment(claims, name)


def account_in(claims: Claims, *, verified: bool) -> Account:
    """Whose token it is by the ID token; `verified` says whether its signature was checked."""
    name = claims.email or claims.preferred_username or claims.name or claims.subject
    issuer = neutralise(claims.issuer.partition("://")[2], 100)
    words = "by its ID token" if verified else "by its ID token, not verified"
    return Account(neutralise(name), f"{issuer}, {words}")


def _check_header(header: Mapping[str, Any], types: Collection[str | None]) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or not algorithm:
        raise BadIdToken("it does not say how it is signed (alg)")
    if algorithm.lower() == "none":
        raise BadIdToken("it is not signed (alg none)")
    if "crit" in header:
        raise BadIdToken("it wants something that is not known here (crit)")
    brought = next((name for name in _KEYS_OF_ITS_OWN if name in header), "")
    if brought:
        raise BadIdToken(f"it brings a key of its own ({brought})")
    kind = header.get("typ")
    if (kind.lower() if isinstance(kind, str) else kind) not in types:
        # RFC 8725 section 3.11: an access token or a logout token is no ID token.
        raise BadIdToken("it is a token of another kind (typ)")
    if "kid" in header and not isinstance(header["kid"], str):
        raise BadIdToken("the name of its key is not a text (kid)")


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    ends, issued = _moment(claims, "exp"), _moment(claims, "iat")
    if now >= ends + SKEW_SECONDS:
        raise BadIdToken("it has expired (exp); if it is new, a clock is wrong")
    if issued > now + SKEW_SECONDS:
        raise BadIdToken("it comes from the future (iat); a clock may be wrong")
    if issued < now - MAX_AGE_SECONDS:
        raise BadIdToken("it is much too old (iat); a clock may be wrong")
    if "nbf" in claims and _moment(claims, "nbf") > now + SKEW_SECONDS:
        raise BadIdToken("it is not valid yet (nbf); a clock may be wrong")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadIdToken(f"{name} is missing or not a number")
    if (isinstance(value, float) and not math.isfinite(value)) or not 0 < value < LATEST_TIME:
        raise BadIdToken(f"{name} is not a time")
    return value


def _audience(value: Any) -> frozenset[str]:
    named = value if isinstance(value, list) else [value]
    if not named or len(named) > MAX_AUDIENCES:
        raise BadIdToken("it does not say for whom it was made (aud)")
    if not all(isinstance(item, str) and item for item in named):
        raise BadIdToken("it does not say for whom it was made (aud)")
    return frozenset(named)


def _object(segment: str, what: str) -> Mapping[str, Any]:
    try:
        value = parse_json(from_base64url(segment))
    except Unreadable as error:
        raise BadIdToken(f"its {what} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise BadIdToken(f"its {what} is no JSON object")
    return value


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
