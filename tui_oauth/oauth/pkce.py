"""Proof Key for Code Exchange (RFC 7636): the verifier and its S256 challenge."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from tui_oauth.oauth.encoding import base64url

RANDOM_BYTES = 32

RandomBytes = Callable[[int], bytes]
"""Gives that many bytes from the operating system's generator: `secrets.token_bytes`."""


def unguessable(random: RandomBytes) -> str:
    """43 URL-safe characters from 32 random bytes: a state, a nonce or a code verifier."""
    return base64url(random(RANDOM_BYTES))


def code_verifier(random: RandomBytes) -> str:
    """A fresh code verifier of 43 characters (RFC 7636 section 4.1)."""
    return unguessable(random)


def code_challenge(verifier: str) -> str:
    """The S256 challenge of `verifier` (RFC 7636 section 4.2). There is no `plain` here."""
    return base64url(hashlib.sha256(verifier.encode("ascii")).digest())
