"""What a test needs of an authorization server that somebody else wrote, whichever it is.

Each server of this folder is real and listens on loopback: `authlib_server` (Authlib's classes in a
thread), `mock_server` (oidc-provider-mock in a process of its own), `panva_server` (the certified
oidc-provider under Node, in a process of its own).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

CALLBACK = "http://127.0.0.1:8976/callback"

# One for all, since making a client reads every certificate of the machine; it keeps no connection.
http = httpx.Client(
    verify=False, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0), timeout=10
)


@dataclass(frozen=True)
class Registered:
    """A client that a server knows. `secret` is empty for a public one."""

    id: str
    secret: str = ""
    method: str = "client_secret_basic"
    redirect_uri: str = CALLBACK

    def authenticate(self, form: dict[str, str]) -> dict[str, Any]:
        """What `httpx` needs to send `form` with this client's authentication (RFC 6749 2.3.1)."""
        if self.method == "client_secret_basic":
            return {"data": form, "auth": (self.id, self.secret)}
        known = {"client_id": self.id}
        if self.method == "client_secret_post":
            known["client_secret"] = self.secret
        return {"data": {**form, **known}}


def parameters(url: str) -> dict[str, str]:
    """The query of `url`, in which no parameter may be there twice."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), url
    return dict(pairs)


def metadata(issuer: str, name: str = "openid-configuration") -> dict[str, Any]:
    """The server's document about itself."""
    answer = http.get(f"{issuer}/.well-known/{name}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["issuer"] == issuer
    return found
