"""DPoP at the practice provider: proofs are checked, nonces handed out (RFC 9449)."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from tui_oauth.practice import jose
from tui_oauth.practice.web import WebRequest

CLOCK_SKEW_S = 60
_NONCE_S = 120  # a nonce is good until the window after its own ends


class Unproven(Exception):
    """The proof is missing or does not hold. `error` is the code of RFC 9449 section 5 or 7.1."""

    def __init__(self, words: str, error: str = "invalid_dpop_proof") -> None:
        super().__init__(words)
        self.words = words
        self.error = error


class Proofs:
    """Checks proofs and remembers them, so that none is taken twice (section 11.1)."""

    def __init__(self, key: bytes, now: Callable[[], float]) -> None:
        self._key = key
        self._now = now
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def nonce(self) -> str:
        """The nonce that counts now (section 8)."""
        return self._nonce_of(int(self._now()) // _NONCE_S)

    def check(self, request: WebRequest, *, nonce: bool = False, access_token: str = "") -> str:
        """The thumbprint of the key that `request` proves, empty without a proof; or Unproven.

        `nonce`: the proof has to carry one. With an `access_token` the proof is for a resource and
        names the token's hash (section 4.3).
        """
        proof = request.headers.get("dpop")
        if proof is None:
            return ""
        try:
            header, claims = jose.read(proof)
        except jose.NotValid as problem:
            raise Unproven(f"The proof cannot be taken: {problem}.") from None
        if header.get("typ") != "dpop+jwt":
            raise Unproven("The proof's typ is not dpop+jwt.")
        if claims.get("htm") != request.method:
            raise Unproven("The proof is for another method (htm).")
        if _without_query(claims.get("htu")) != request.origin + request.path:
            raise Unproven("The proof is for another address (htu).")
        issued_at, jti = claims.get("iat"), claims.get("jti")
        now = self._now()
        if not isinstance(issued_at, int | float) or abs(now - issued_at) > CLOCK_SKEW_S:
            raise Unproven("The proof was made at another time (iat).")
        if access_token:
            digest = hashlib.sha256(access_token.encode("utf-8", "replace")).digest()
            if claims.get("ath") != jose.encoded(digest):
                raise Unproven("The proof is for another access token (ath).")
        if nonce and not self._is_nonce(claims.get("nonce")):
            raise Unproven("The proof needs the nonce of this answer.", "use_dpop_nonce")
        if not isinstance(jti, str) or not jti:
            raise Unproven("The proof has no identifier (jti).")
        key = jose.thumbprint(header["jwk"])
        self._once(f"{key} {jti}", now)
        return key

    def _once(self, name: str, now: float) -> None:
        with self._lock:
            self._seen = {known: ends for known, ends in self._seen.items() if ends > now}
            if name in self._seen:
                raise Unproven("The proof was used before (jti).")
            self._seen[name] = now + 2 * CLOCK_SKEW_S

    def _is_nonce(self, value: object) -> bool:
        window = int(self._now()) // _NONCE_S
        known = (self._nonce_of(window), self._nonce_of(window - 1))
        return isinstance(value, str) and value in known

    def _nonce_of(self, window: int) -> str:
        digest = hmac.new(self._key, f"dpop nonce {window}".encode(), hashlib.sha256).digest()
        return jose.encoded(digest[:18])


def _without_query(htu: object) -> str:
    """`htu` in lower-case scheme and host, without query and fragment (section 4.3, step 9)."""
    if not isinstance(htu, str):
        return ""
    try:
        parts = urlsplit(htu)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"
