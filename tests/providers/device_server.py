"""A scripted provider on loopback for the device grant: what it answers, poll by poll, is given.

It also exchanges any code, so that the browser can win; `tests/providers/authlib_server.py` is a
whole provider.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.providers.misbehaving import Conversation, answering, reset, serving
from tui_oauth.entries import configure_entry, create_entry
from tui_oauth.model import Entry
from tui_oauth.secret import Secret
from tui_oauth.workspace import Workspace

PENDING = {"error": "authorization_pending"}
SLOW_DOWN = {"error": "slow_down"}
DENIED = {"error": "access_denied"}
EXPIRED = {"error": "expired_token"}
TOKENS = {
    "access_token": "by-device",
    "token_type": "Bearer",
    "refresh_token": "r",
    "scope": "read",
}
BY_CODE = {"access_token": "by-code", "token_type": "Bearer", "scope": "read"}
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class DeviceServer:
    """`code` is the device authorization answer; `polls` are answered in order, the last for ever.

    An answer is a JSON value (an `error` comes with status 400), `"reset"` for a connection that
    breaks, or a function that is called first and gives one.
    """

    port: int = 0
    code: Any = field(default_factory=dict)
    polls: list[Any] = field(default_factory=lambda: [PENDING])
    devices: int = 0
    polled: int = 0
    exchanged: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def good_code(self, **changes: Any) -> dict[str, Any]:
        """An answer with everything in it, and a second between the polls."""
        given = {
            "device_code": "the-device-code",
            "user_code": "WDJBMJHT",
            "verification_uri": f"{self.url}/activate",
            "verification_uri_complete": f"{self.url}/activate?user_code=WDJBMJHT",
            "expires_in": 600,
            "interval": 1,
        }
        return {**given, **changes}

    def answer(self, conversation: Conversation) -> None:
        path = conversation.head.split(b" ")[1].decode()
        form = dict(parse_qsl(conversation.body.decode()))
        self.asked.append(form)
        if path == "/device":
            self.devices += 1
            self._say(conversation, self.code)
        elif form.get("grant_type") == DEVICE_GRANT:
            said = self.polls[min(self.polled, len(self.polls) - 1)]
            self.polled += 1
            self._say(conversation, said)
        else:
            self.exchanged += 1
            self._say(conversation, BY_CODE)

    @staticmethod
    def _say(conversation: Conversation, said: Any) -> None:
        while callable(said):
            said = said()
        if said == "reset":
            reset(conversation)
            return
        failed = isinstance(said, dict) and "error" in said
        body = json.dumps(said).encode()
        status = "400 Bad Request" if failed else "200 OK"
        answering(body, status, "Content-Type: application/json")(conversation)

    def entry(
        self, workspace: Workspace, name: str = "tv", *, link: bool = True, **data: str
    ) -> Entry:
        """A configured entry of a service at this server; with `link` it has both grants."""
        service = f"scripted-{name}"
        grants = ["authorization_code", "device_code"] if link else ["device_code"]
        lines = [
            f'id = "{service}"',
            f'name = "Living Room"\ntoken_url = "{self.url}/token"',
            f'device_authorization_url = "{self.url}/device"',
            f'authorize_url = "{self.url}/authorize"' if link else "",
            f"grants = {json.dumps(grants)}",
            'client_auth = ["client_secret_post"]\ndefault_scopes = ["read", "write"]',
            *(f"{key} = {value}" for key, value in data.items()),
        ]
        folder = workspace.places.own_services
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / f"{service}.toml").write_text("\n".join(lines))
        workspace.__dict__.pop("catalogue", None)
        entry = create_entry(workspace, name, service)
        return configure_entry(
            workspace, entry, client_id="my-client", client_secret=Secret("s3cret")
        )


@contextlib.contextmanager
def device_server(**script: Any) -> Iterator[DeviceServer]:
    """The server, until the block ends; `code` may be a function of the server."""
    server = DeviceServer(**{name: value for name, value in script.items() if name != "code"})
    with serving(server.answer) as listening:
        server.port = listening.port
        code: Callable[[DeviceServer], Any] | Any = script.get("code", DeviceServer.good_code)
        server.code = code(server) if callable(code) else code
        try:
            yield server
        finally:
            server.hold.set()
