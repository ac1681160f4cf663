"""Proofs that the entry's key is here (RFC 9449): keys made and read, requests signed.

`oauth.dpop` says what a proof is; the arithmetic is the cryptography library's, imported where a
key is touched: entries without such a key do not pay for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from tui_oauth.errors import NeedsPerson
from tui_oauth.oauth.dpop import HEADER, nonce_in, proof, thumbprint, wants_nonce
from tui_oauth.oauth.encoding import base64url
from tui_oauth.oauth.headers import joined_headers
from tui_oauth.oauth.urls import origin_of
from tui_oauth.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from tui_oauth.model import EntrySecrets, TokenSet
    from tui_oauth.oauth.http import Request, Response
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

_COORDINATE_BYTES = 32


class ProofKey:
    """A private key on the curve P-256, which signs with ES256 (RFC 7518 section 3.4)."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    @classmethod
    def new(cls) -> ProofKey:
        """A key that nobody has had before."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: Secret) -> ProofKey:
        """The key in `pem`; raises ValueError when that is no such key."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            private = load_pem_private_key(pem.reveal().encode("utf-8"), None)
        except (TypeError, UnsupportedAlgorithm) as error:
            raise ValueError("the key cannot be read") from error
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
            raise ValueError("the key is of another kind")
        return cls(private)

    @property
    def pem(self) -> Secret:
        """The private key as the vault keeps it."""
        from cryptography.hazmat.primitives import serialization

        return Secret(
            self._private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),  # the vault seals it
            ).decode("ascii")
        )

    @cached_property
    def jwk(self) -> Mapping[str, str]:
        """The public key as a JWK (RFC 7518 section 6.2.1)."""
        numbers = self._private.public_key().public_numbers()
        x, y = (base64url(part.to_bytes(_COORDINATE_BYTES)) for part in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    @cached_property
    def thumbprint(self) -> str:
        """What authorization requests call this key (RFC 9449 section 10)."""
        return thumbprint(self.jwk)

    def sign(self, data: bytes) -> bytes:
        """The ES256 signature of `data`: both numbers in 32 bytes each."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        numbers = decode_dss_signature(self._private.sign(data, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(_COORDINATE_BYTES) for number in numbers)


class Proofs:
    """Signs requests with `key`: a `sending.Prover`.

    With `access_token` each proof names it, as the protected resource wants it (section 7). A
    nonce that a server gave is kept in the workspace, for that server's origin only.
    """

    def __init__(
        self, workspace: Workspace, key: ProofKey, access_token: Secret | None = None
    ) -> None:
        self._workspace = workspace
        self._key = key
        self._access_token = access_token

    def __repr__(self) -> str:
        return "Proofs()"

    @property
    def key(self) -> ProofKey:
        """The key that signs."""
        return self._key

    def carrying(self, access_token: Secret) -> Proofs:
        """The same key, for requests that carry `access_token`."""
        return Proofs(self._workspace, self._key, access_token)

    def header_for(self, method: str, url: str) -> str:
        """The DPoP header of one request to `url`. Never use it twice."""
        return proof(
            self._key.jwk,
            self._key.sign,
            method=method,
            url=url,
            issued_at=self._workspace.now(),
            identifier=secrets.token_urlsafe(16),
            nonce=self._workspace.proof_nonces.get(self._place(url), ""),
            access_token=self._access_token.reveal() if self._access_token else "",
        )

    def signed(self, request: Request) -> Request:
        """`request` with a fresh proof in its headers."""
        header = {HEADER: self.header_for(request.method, request.url)}
        return replace(request, headers=joined_headers(request.headers, header))

    def wants_again(self, request: Request, response: Response) -> bool:
        """Whether the server only misses its nonce in the proof; keeps the nonce that it gave."""
        nonce = nonce_in(response)
        if nonce:
            self._workspace.proof_nonces[self._place(request.url)] = nonce
        return wants_nonce(response)

    def _place(self, url: str) -> tuple[str, str]:
        return origin_of(url), self._key.thumbprint


def prover_of(
    workspace: Workspace, service: Service, held: EntrySecrets, tokens: TokenSet | None = None
) -> Proofs | None:
    """What proves possession of the entry's key to `service`; None where no token is bound.

    With `tokens` for requests that carry their access token. Raises NeedsPerson when the key is
    gone or cannot be read: bound tokens are of no use without it.
    """
    bound = service.extensions.dpop if tokens is None else tokens.bound
    if not bound:
        return None
    key = _kept_key(held)
    if key is None:
        state = "is missing" if held.proof_key is None else "cannot be read"
        raise NeedsPerson(
            f"The key that the tokens of {service.name} are to be bound to {state}.",
            "Authorize the entry again: a new key is made then.",
        )
    return Proofs(workspace, key, None if tokens is None else tokens.access_token)


def prover_for_sign_in(workspace: Workspace, service: Service, held: EntrySecrets) -> Proofs | None:
    """As `prover_of`, with a new key where the entry has none yet. The caller stores it."""
    if not service.extensions.dpop:
        return None
    return Proofs(workspace, _kept_key(held) or ProofKey.new())


def _kept_key(held: EntrySecrets) -> ProofKey | None:
    if held.proof_key is None:
        return None
    try:
        return ProofKey.from_pem(held.proof_key)
    except ValueError:
        return None
