"""The steps at which a provider is asked for something, by the names that messages give them."""

from __future__ import annotations

SIGN_IN = "sign-in"
"""The authorization request, whose answer comes through the browser."""
PAR = "pushed authorization request"
TOKEN = "token request"
LONG_LIVED = "long-lived token request"
REFRESH = "refresh"
CLIENT = "client credentials request"
DEVICE = "device code request"
POLL = "device token request"
IDENTITY = "account check"
REVOKE = "revocation"
INTROSPECT = "introspection"
