"""Demonstrating Proof of Possession (RFC 9449): the proof, and what servers say about it.

Pure: key and signing come from the caller (`tui_oauth.proofs`), time and identifier too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui_oauth.oauth.encoding import base64url
from tui_oauth.oauth.reading import Unreadable, parse_json
from tui_oauth.oauth.urls import origin_of

if TYPE_CHECKING:
    from tui_oauth.oauth.http import Response

HEADER = "DPoP"
SCHEME = "DPoP"
ALGORITHM = "ES256"
MAX_NONCE_LENGTH = 1_024

Sign = Callable[[bytes], bytes]
"""Signs with ES256; gives the 64 bytes of RFC 7518 section 3.4, not a DER structure."""

# RFC 9449 section 8.1: 1*NQCHAR, with NQCHAR from RFC 6749 appendix A.
_NONCE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_CHALLENGE = re.compile(r"\bDPoP\b.*\berror\s*=\s*\"?use_dpop_nonce\b", re.IGNORECASE)
# The members that a thumbprint is made of, by key type (RFC 7638 section 3.2).
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}


def proof(
    jwk: Mapping[str, str],
    sign: Sign,
    *,
    method: str,
    url: str,
    issued_at: int,
    identifier: str,
    nonce: str = "",
    access_token: str = "",
) -> str:
    """The DPoP proof for one request (RFC 9449 section 4.2).

    `jwk` is the public key, `issued_at` Unix seconds, `identifier` unique for each proof, `nonce`
    the server's own where it gave one (section 8), `access_token` the token that the request
    carries, empty for one that carries none.
    """
    header = {"typ": "dpop+jwt", "alg": ALGORITHM, "jwk": dict(jwk)}
    claims: dict[str, str | int] = {
        "jti": identifier,
        "htm": method,
        "htu": target_of(url),
        "iat": issued_at,
    }
    if access_token:
        claims["ath"] = base64url(hashlib.sha256(access_token.encode("ascii")).digest())
    if nonce:
        claims["nonce"] = nonce
    signed = f"{_segment(header)}.{_segment(claims)}"
    return f"{signed}.{base64url(sign(signed.encode('ascii')))}"


def target_of(url: str) -> str:
    """The `htu` of a request to `url`: without query and fragment, host and port as normalised."""
    return origin_of(url) + (urlsplit(url).path or "/")


def thumbprint(jwk: Mapping[str, str]) -> str:
    """The SHA-256 thumbprint of a public key (RFC 7638 section 3), as `dpop_jkt` has it."""
    members = {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url(hashlib.sha256(text.encode("ascii")).digest())


def nonce_in(response: Response) -> str:
    """The nonce that the server wants in the next proof (section 8.2); empty where it gave none.

    A value that no nonce may have counts as none.
    """
    nonce = response.headers.get("dpop-nonce", "")
    fits = len(nonce) <= MAX_NONCE_LENGTH and _NONCE.fullmatch(nonce)
    return nonce if fits else ""


def wants_nonce(response: Response) -> bool:
    """Whether the request was refused only because its proof lacks the server's nonce.

    An authorization server says so in the body (section 8), a protected resource in
    WWW-Authenticate (section 9). Without a nonce to use, a second request would be for nothing.
    """
    if response.status not in {400, 401} or not nonce_in(response):
        return False
    if _CHALLENGE.search(response.headers.get("www-authenticate", "")[:4_096]):
        return True
    try:
        document = parse_json(response.body)
    except Unreadable:
        return False
    return isinstance(document, dict) and document.get("error") == "use_dpop_nonce"


def _segment(value: Mapping[str, object]) -> str:
    return base64url(json.dumps(value, separators=(",", ":")).encode("utf-8"))
