"""A person's machine whose entries sign in to an authorization server that somebody else wrote.

Everything is what a person has: a vault, service files of one's own, the public functions. The
server's own person (`server.consent`, `server.decide`) does what is done in a browser.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tests.providers.independent import Registered, http, metadata
from tests.stage import make_workspace
from tui_oauth.discover import Found
from tui_oauth.discovered import create_discovered
from tui_oauth.entries import callback_url, configure_entry, create_entry
from tui_oauth.model import Entry, TokenSet
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIn, SignIns
from tui_oauth.workspace import Workspace

SECONDS = 20.0
_ADDRESSES = {
    "authorization_endpoint": "authorize_url",
    "token_endpoint": "token_url",
    "device_authorization_endpoint": "device_authorization_url",
    "revocation_endpoint": "revoke_url",
    "introspection_endpoint": "introspect_url",
}
_EXTENSIONS = {
    "pushed_authorization_request_endpoint": "par_url",
    "jwks_uri": "jwks_url",
    "registration_endpoint": "registration_url",
    "authorization_response_iss_parameter_supported": "iss_parameter",
}
_GRANTS = {
    "authorization_code": "authorization_code",
    "refresh_token": "refresh_token",
    "client_credentials": "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code": "device_code",
}


class Server(Protocol):
    """An authorization server of this folder."""

    issuer: str

    def client(self, method: str = ..., *, redirect_uri: str = ...) -> Registered:
        """A client that the server knows."""

    def consent(self, link: str, *, allow: bool = True) -> str:
        """The person opens the link and decides; where the browser is sent then."""


def service_file(
    server: Server, method: str, scopes: tuple[str, ...], *, probe: bool = True, **extensions: Any
) -> str:
    """What a person would write about `server` after reading its documentation.

    Without `probe` whose token it is can be read from the ID token alone.
    """
    about = metadata(server.issuer)
    known = about.get("grant_types_supported", ["authorization_code"])
    lines = {
        "id": "independent",
        "name": "Independent",
        "issuer": about["issuer"],
        "pkce": "required" if "code_challenge_methods_supported" in about else "supported",
        "grants": [ours for theirs, ours in _GRANTS.items() if theirs in known],
        "client_auth": [method],
        "default_scopes": list(scopes),
        **{ours: about[theirs] for theirs, ours in _ADDRESSES.items() if theirs in about},
    }
    further = {ours: about[theirs] for theirs, ours in _EXTENSIONS.items() if theirs in about}
    further |= extensions
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
    text += "[extensions]\n"
    text += "".join(f"{name} = {json.dumps(value)}\n" for name, value in further.items())
    if probe:
        text += f"[identity_probe]\nurl = {json.dumps(about['userinfo_endpoint'])}\n"
        text += 'name_path = ["name", "sub"]\n'
    return text + f"[quirks.api]\norigins = [{json.dumps(server.issuer)}]\n"


@dataclass
class Machine:
    """The machine, with one entry for `server`."""

    workspace: Workspace
    server: Server
    client: Registered
    entry: Entry

    @property
    def held(self) -> TokenSet:
        """The tokens as they are in the vault."""
        tokens = self.workspace.vault.secrets(self.now).tokens
        assert tokens is not None
        return tokens

    @property
    def now(self) -> Entry:
        """The entry as it is in the vault."""
        return self.workspace.vault.get(self.entry.id)

    async def sign_in(self, answer: Callable[[SignIn], object] | None = None) -> Entry:
        """A whole sign-in; `answer` is what the person does, in a thread, else consent in a browser."""
        signins = SignIns(self.workspace)
        try:
            signin = signins.begin(self.entry)
            running = asyncio.create_task(signin.run())
            await until(
                lambda: (
                    (signin.listening and signin.authorization_url)  # pushed requests come first
                    or signin.problem
                    or running.done()
                )
            )
            if not running.done():
                await asyncio.to_thread(answer or self.consent, signin)
            async with asyncio.timeout(SECONDS):
                return await running
        finally:
            await signins.close()

    def consent(self, signin: SignIn) -> None:
        """Open the Authorization link, say yes, and follow the browser to the callback server."""
        page = http.get(self.server.consent(signin.authorization_url))
        assert page.status_code == 200, page.text

    def refuse(self, signin: SignIn) -> None:
        """The same, saying no."""
        http.get(self.server.consent(signin.authorization_url, allow=False))

    def person_of(self, token: str, scheme: str = "Bearer") -> int:
        """What the server's userinfo endpoint says to `token`, as HTTP status."""
        headers = {"Authorization": f"{scheme} {token}"}
        at = metadata(self.server.issuer)["userinfo_endpoint"]
        return http.get(at, headers=headers).status_code


def discovered(server: Server, found: Found, workspace: Workspace) -> Machine:
    """A machine with an entry from what was `found`; it has no client yet."""
    entry = create_discovered(workspace, "independent", found)
    return Machine(workspace, server, Registered(""), entry)


async def until(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds."""
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


def wait_until(condition: Callable[[], object]) -> None:
    """The same in a thread."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def machine(
    server: Server,
    method: str = "client_secret_basic",
    *,
    scopes: tuple[str, ...] = ("openid",),
    client: Registered | None = None,
    workspace: Workspace | None = None,
    metadata: dict[str, Any] | None = None,
    without_person: bool = False,
    **extensions: Any,
) -> Machine:
    """A machine with an entry that is configured for `server`.

    `metadata` goes into the client's registration, `extensions` into the service file;
    `without_person` makes the entry one of the client itself.
    """
    workspace = workspace or make_workspace(0)
    folder = workspace.places.own_services
    folder.mkdir(parents=True, exist_ok=True)
    text = service_file(server, method, scopes, **extensions)
    (folder / "independent.toml").write_text(text, encoding="utf-8")
    entry = create_entry(workspace, "independent", "independent", without_person=without_person)
    at = callback_url(workspace, entry)
    client = client or server.client(method, redirect_uri=at, **(metadata or {}))
    secret = Secret(client.secret) if client.secret else None
    entry = configure_entry(workspace, entry, client_id=client.id, client_secret=secret)
    return Machine(workspace, server, client, entry)
