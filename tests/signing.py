"""JWTs signed for tests, and DPoP proofs really verified: the other side of `signatures` and `proofs`."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

CURVES: dict[str, ec.EllipticCurve] = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
}
CURVE_NAMES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def segment(value: Any) -> str:
    return b64(json.dumps(value).encode())


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8 or 1))


@dataclass
class Signer:
    """A key of an authorization server, for one algorithm."""

    algorithm: str = "ES256"
    key_id: str = "key-1"
    private: Any = None

    def __post_init__(self) -> None:
        if self.private is not None:
            return
        if self.algorithm in CURVES:
            self.private = ec.generate_private_key(CURVES[self.algorithm])
        elif self.algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65_537, 2048)

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """The public key; a change to None leaves a member out."""
        public = self.private.public_key()
        key: dict[str, Any] = {"kid": self.key_id, "use": "sig"}
        if isinstance(public, ec.EllipticCurvePublicKey):
            numbers = public.public_numbers()
            size = (public.key_size + 7) // 8
            key |= {"kty": "EC", "crv": CURVE_NAMES[self.algorithm]}
            key |= {"x": b64(numbers.x.to_bytes(size)), "y": b64(numbers.y.to_bytes(size))}
        elif isinstance(public, rsa.RSAPublicKey):
            modulus = public.public_numbers()
            key |= {"kty": "RSA", "n": number(modulus.n), "e": number(modulus.e)}
        else:
            key |= {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
        return {name: value for name, value in (key | changes).items() if value is not None}

    def sign(self, data: bytes) -> bytes:
        if self.algorithm == "EdDSA":
            return self.private.sign(data)  # type: ignore[no-any-return]
        digest = HASHES[self.algorithm[-3:]]
        if self.algorithm in CURVES:
            size = (self.private.key_size + 7) // 8
            numbers = decode_dss_signature(self.private.sign(data, ec.ECDSA(digest)))
            return b"".join(value.to_bytes(size) for value in numbers)
        if self.algorithm.startswith("PS"):
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            return self.private.sign(data, pss, digest)  # type: ignore[no-any-return]
        return self.private.sign(data, padding.PKCS1v15(), digest)  # type: ignore[no-any-return]

    def jwt(self, claims: Any, **header: Any) -> str:
        """A signed token; header members may be changed, None leaves one out."""
        full = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT"} | header
        head = segment({name: value for name, value in full.items() if value is not None})
        signed = f"{head}.{segment(claims)}"
        return f"{signed}.{b64(self.sign(signed.encode()))}"


class ProofRefused(Exception):
    """The proof is not good; `code` is what the server answers."""

    def __init__(self, why: str, code: str = "invalid_dpop_proof") -> None:
        super().__init__(why)
        self.code = code


@dataclass
class ProofVerifier:
    """Checks proofs as RFC 9449 section 4.3 lists it, point by point.

    `now` in Unix seconds, `window` the seconds that `iat` may be off. With `nonce` set each proof
    has to carry it.
    """

    now: int
    window: int = 120
    nonce: str = ""
    seen: set[str] = field(default_factory=set)

    def verify(self, proof: str, method: str, url: str, access_token: str = "") -> str:
        """The thumbprint of the proof's key; ProofRefused when it is not good."""
        head, body, signature = proof.split(".")
        header, claims = json.loads(unb64(head)), json.loads(unb64(body))
        self._check_header(header)
        verify_es256(header["jwk"], f"{head}.{body}".encode(), unb64(signature))
        if claims["htm"] != method:
            raise ProofRefused("htm")
        if claims["htu"] != url:
            raise ProofRefused(f"htu {claims['htu']} and not {url}")
        if self.nonce and claims.get("nonce") != self.nonce:
            raise ProofRefused("nonce", "use_dpop_nonce")
        if abs(claims["iat"] - self.now) > self.window:
            raise ProofRefused("iat")
        if claims["jti"] in self.seen:
            raise ProofRefused("jti was used before")
        self.seen.add(claims["jti"])
        wanted = b64(hashlib.sha256(access_token.encode()).digest()) if access_token else None
        if claims.get("ath") != wanted:
            raise ProofRefused("ath")
        key = {name: header["jwk"][name] for name in ("crv", "kty", "x", "y")}
        text = json.dumps(key, sort_keys=True, separators=(",", ":"))
        return b64(hashlib.sha256(text.encode()).digest())

    def _check_header(self, header: dict[str, Any]) -> None:
        if (header["typ"], header["alg"]) != ("dpop+jwt", "ES256"):
            raise ProofRefused("typ or alg")
        if "d" in header["jwk"]:
            raise ProofRefused("the private key is in it")


def verify_es256(jwk: dict[str, str], signed: bytes, signature: bytes) -> None:
    x, y = (int.from_bytes(unb64(jwk[name])) for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
