"""The program `oidc-provider-mock` (PyPI) in a process of its own: an OpenID provider for tests.

It knows the authorization code grant, refresh tokens that stay, discovery, registration, the
userinfo endpoint and signed ID tokens. It has no public clients, PKCE check, device grant or
revocation endpoint, and refreshes for `client_secret_basic` alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.providers.independent import CALLBACK, Registered, http
from tests.providers.processes import free_port, running


class MockServer:
    """The running server."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"

    def client(
        self, method: str = "client_secret_basic", *, redirect_uri: str = CALLBACK
    ) -> Registered:
        """A client, registered as RFC 7591 says; the server has no other way."""
        answer = http.post(
            f"{self.issuer}/oauth2/clients",
            json={"redirect_uris": [redirect_uri], "token_endpoint_auth_method": method},
        )
        assert answer.status_code == 201, answer.text
        made = answer.json()
        return Registered(made["client_id"], made["client_secret"], method, redirect_uri)

    def consent(self, link: str, *, allow: bool = True) -> str:
        """The person opens the link and decides; where the browser is sent then."""
        page = http.get(link)
        assert page.status_code == 200, page.text
        answer = http.post(link, data={"sub": "robin"} if allow else {"action": "deny"})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def end_everything(self, subject: str = "robin") -> None:
        """Ends every token of a person, as a provider's security page would."""
        answer = http.post(f"{self.issuer}/users/{subject}/revoke-tokens")
        assert answer.status_code == 204, answer.text


@contextmanager
def mock_server() -> Iterator[MockServer]:
    """The server on a loopback port of its own, until the block ends."""
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "oidc_provider_mock",
            "--port",
            str(port),
            "--require-registration",
            "true",
        ],
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with running(process, f"http://127.0.0.1:{port}/.well-known/openid-configuration"):
        yield MockServer(port)
