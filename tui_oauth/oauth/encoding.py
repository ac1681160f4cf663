"""Base64url without padding (RFC 7515 section 2): what every part of a JWT and a JWK is written in."""

from __future__ import annotations

import base64
import binascii
import re

from tui_oauth.oauth.reading import Unreadable

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def base64url(data: bytes) -> str:
    """`data` in the URL-safe alphabet, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """The bytes that `text` stands for.

    Raises Unreadable for padding, blanks, the other alphabet and for bits beyond the last byte:
    one value has one spelling.
    """
    if not _ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        raise Unreadable("it is not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Unreadable("it is not base64url") from None
    if base64url(data) != text:
        raise Unreadable("it is not base64url")
    return data
