"""The little of JOSE that the practice provider needs: ES256 and nothing else (RFC 7515, 7517, 7638).

Signs ID tokens with a key of its own and checks the proofs of others. The only module here that
knows cryptography.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

_SIZE = 32  # bytes of a coordinate, and of each half of a signature (RFC 7518 section 3.4)
_MAX_TOKEN = 65_536


class NotValid(ValueError):
    """A token that cannot be read or was not signed with its key; says why."""


class SigningKey:
    """A P-256 key that lives as long as the provider."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.jwk = {**_jwk(self._key.public_key()), "use": "sig", "alg": "ES256"}
        self.jwk["kid"] = thumbprint(self.jwk)[:16]

    def sign(self, claims: Mapping[str, object], kind: str = "JWT") -> str:
        """`claims` as a signed token in the compact form."""
        header = {"alg": "ES256", "typ": kind, "kid": self.jwk["kid"]}
        body = f"{_packed(header)}.{_packed(claims)}"
        r, s = decode_dss_signature(self._key.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{body}.{encoded(r.to_bytes(_SIZE) + s.to_bytes(_SIZE))}"


def unsigned(claims: Mapping[str, object]) -> str:
    """`claims` under the algorithm "none": what nobody may accept (RFC 8725 section 3.2)."""
    return f"{_packed({'alg': 'none', 'typ': 'JWT'})}.{_packed(claims)}."


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of `token`, signed by the key in its own header, or NotValid.

    Such a token proves the possession of a key (RFC 9449 section 4.2) and nothing else.
    """
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _MAX_TOKEN:
        raise NotValid("not three parts with dots between them")
    header, claims = _unpacked(parts[0]), _unpacked(parts[1])
    if header.get("alg") != "ES256":
        raise NotValid("alg is not ES256")
    jwk = header.get("jwk")
    if not isinstance(jwk, dict):
        raise NotValid("the header has no jwk")
    if "d" in jwk:
        raise NotValid("the jwk holds the private key")
    signature = decoded(parts[2])
    if len(signature) != 2 * _SIZE:
        raise NotValid("the signature has not 64 bytes")
    halves = int.from_bytes(signature[:_SIZE]), int.from_bytes(signature[_SIZE:])
    message = f"{parts[0]}.{parts[1]}".encode()
    try:
        _key(jwk).verify(encode_dss_signature(*halves), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise NotValid("the signature does not fit the key") from None
    return header, claims


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of a P-256 key (RFC 7638 section 3)."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return encoded(hashlib.sha256(text.encode()).digest())


def encoded(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text: str) -> bytes:
    """The bytes behind `encoded`, or NotValid."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise NotValid("not base64url") from None
    if encoded(data) != text:
        raise NotValid("not base64url in its one form")
    return data


def _jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": encoded(numbers.x.to_bytes(_SIZE)),
        "y": encoded(numbers.y.to_bytes(_SIZE)),
    }


def _key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    if (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256"):
        raise NotValid("the jwk is not a P-256 key")
    x, y = jwk.get("x"), jwk.get("y")
    if not isinstance(x, str) or not isinstance(y, str):
        raise NotValid("the jwk has no coordinates")
    point = int.from_bytes(decoded(x)), int.from_bytes(decoded(y))
    try:
        return ec.EllipticCurvePublicNumbers(*point, ec.SECP256R1()).public_key()
    except ValueError:
        raise NotValid("the jwk's point is not on the curve") from None


def _packed(value: Mapping[str, object]) -> str:
    return encoded(json.dumps(value, separators=(",", ":")).encode())


def _unpacked(part: str) -> dict[str, Any]:
    try:
        value = json.loads(decoded(part))
    except (ValueError, RecursionError):
        raise NotValid("header or claims are not JSON") from None
    if not isinstance(value, dict):
        raise NotValid("header or claims are not an object")
    return value
