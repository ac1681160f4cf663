"""The first message of the two SASL mechanisms by which mail servers take an access token."""

from __future__ import annotations

import base64

from tui_oauth.errors import UsageProblem
from tui_oauth.text import is_plain, neutralise

_END = "\x01"


def xoauth2(user: str, token: str) -> str:
    """XOAUTH2, which Google and Microsoft document, in Base64: user name and token."""
    return _encoded(f"user={_checked(user)}{_END}auth=Bearer {token}{_END}{_END}")


def oauthbearer(user: str, token: str, host: str = "", port: int | None = None) -> str:
    """OAUTHBEARER (RFC 7628 section 3.1), in Base64; host and port are those of the mail server."""
    # RFC 5801 section 4: in a name the comma and the equals sign are written so.
    name = _checked(user).replace("=", "=3D").replace(",", "=2C")
    places = f"host={_checked(host)}{_END}" if host else ""
    places += f"port={port}{_END}" if port is not None else ""
    return _encoded(f"n,a={name},{_END}{places}auth=Bearer {token}{_END}{_END}")


def _checked(text: str) -> str:
    if not text or not is_plain(text):
        raise UsageProblem(
            f"{neutralise(text, 60)!r} cannot be a user or host name: it is empty or has characters "
            "that cannot be shown.",
            "For instance: --user ann@example.com",
        )
    return text


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
