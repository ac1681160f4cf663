"""The certified OpenID provider `oidc-provider` (npm) under Node, in a process of its own.

The strictest of the three, and the only one that knows pushed authorization requests (RFC 9126) and
DPoP (RFC 9449). It is fetched with `npm ci --prefix tests/providers/panva`; tests that want it are
left out where that was not done.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.providers.independent import CALLBACK, Registered, http
from tests.providers.processes import free_port, running

FOLDER = Path(__file__).parent / "panva"
_MOVES = 12  # more redirects than a person's way through it has
_GRANTS = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
)


def missing() -> str:
    """Why the server cannot be run here; empty when it can."""
    if shutil.which("node") is None:
        return "oidc-provider needs Node (Debian: apt-get install nodejs npm)"
    if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        return "oidc-provider is not there (npm ci --prefix tests/providers/panva)"
    return ""


class PanvaServer:
    """The running server."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"

    def client(
        self,
        method: str = "client_secret_basic",
        *,
        redirect_uri: str = CALLBACK,
        grant_types: tuple[str, ...] = _GRANTS,
        nonces: bool = False,
        **more: Any,
    ) -> Registered:
        """A client, registered as RFC 7591 says. `nonces`: its DPoP proofs need one.

        `more` is further metadata, for instance `require_pushed_authorization_requests` or
        `dpop_bound_access_tokens`.
        """
        known = [grant for grant in grant_types if method != "none" or grant != _GRANTS[2]]
        about = {
            "redirect_uris": [redirect_uri],
            "application_type": "native",
            "token_endpoint_auth_method": method,
            "grant_types": known,
            **({"client_name": "nonces"} if nonces else {}),
            **more,
        }
        answer = http.post(f"{self.issuer}/reg", json=about)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        return Registered(made["client_id"], made.get("client_secret", ""), method, redirect_uri)

    def consent(self, link: str, *, allow: bool = True) -> str:
        """The person opens the link and decides; where the browser is sent then."""
        with httpx.Client(verify=False, trust_env=False) as browser:
            return self._walk(browser, browser.get(link), allow)

    def decide(self, user_code: str, *, allow: bool = True) -> None:
        """The person enters the code of a device and decides (RFC 8628 section 3.3)."""
        at = f"{self.issuer}/device"
        with httpx.Client(verify=False, trust_env=False) as browser:
            found = re.search(r'name="xsrf" value="([0-9a-f]+)"', browser.get(at).text)
            assert found
            form = {"xsrf": found[1], "user_code": user_code}
            assert browser.post(at, data=form).status_code == 200
            if allow:
                assert self._walk(browser, browser.post(at, data={**form, "confirm": "yes"}), True)
            else:
                browser.post(at, data={**form, "abort": "yes"})

    def count(self, path: str) -> int:
        """How often `path` was asked for since the server was started."""
        found: dict[str, int] = http.get(f"{self.issuer}/count").json()
        return found.get(path, 0)

    def _walk(self, browser: httpx.Client, page: httpx.Response, allow: bool) -> str:
        """From page to page until the server sends the browser away, or is done with a device."""
        answer = "allow" if allow else "deny"
        for _ in range(_MOVES):
            if page.is_redirect:
                target = urljoin(str(page.url), page.headers["Location"])
                if not target.startswith(self.issuer):
                    return target
                page = browser.get(target)
            elif "/interaction/" in page.url.path:
                page = browser.post(page.url.copy_with(params={"answer": answer}))
            else:
                assert page.text == "done", (page.status_code, page.text)
                return str(page.url)
        raise AssertionError(f"no end at {page.url}")


@contextmanager
def panva_server() -> Iterator[PanvaServer]:
    """The server on a loopback port of its own, until the block ends."""
    port = free_port()
    node = shutil.which("node")
    assert node
    process = subprocess.Popen(
        [node, "server.mjs", str(port)],
        cwd=FOLDER,
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with running(process, f"http://127.0.0.1:{port}/.well-known/openid-configuration"):
        yield PanvaServer(port)
