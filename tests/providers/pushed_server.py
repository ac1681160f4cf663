"""A server on loopback that takes pushed authorization requests (RFC 9126) by a script."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.providers.misbehaving import Behaviour, Conversation, answering, serving
from tui_oauth.entries import configure_entry, create_entry
from tui_oauth.model import Entry
from tui_oauth.secret import Secret
from tui_oauth.workspace import Workspace

URN = "urn:ietf:params:oauth:request_uri:"


def pushed(number: int, lifetime: int = 60) -> Behaviour:
    """A good answer, with a request URI that has `number` in it."""
    body = json.dumps({"request_uri": f"{URN}kept-request-{number}", "expires_in": lifetime})
    return answering(body.encode(), "201 Created", "Content-Type: application/json")


DOWN = answering(b"", "503 Service Unavailable")
REFUSED = answering(b'{"error": "invalid_client"}', "401 Unauthorized")


@dataclass
class PushedServer:
    """`script` answers the pushes one by one; the last one answers all that follow."""

    script: list[Behaviour]
    port: int = 0
    pushes: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, conversation: Conversation) -> None:
        self.pushes.append(conversation.body)
        self.script[min(len(self.pushes), len(self.script)) - 1](conversation)

    def entry(self, workspace: Workspace, name: str = "pushed") -> Entry:
        """A configured entry of a service at this server."""
        lines = [
            'id = "scripted-pushed"\nname = "Signpost"',
            f'token_url = "{self.url}/token"\nauthorize_url = "{self.url}/authorize"',
            'client_auth = ["client_secret_post"]\ndefault_scopes = ["read", "write"]',
            f'[extensions]\npar_url = "{self.url}/par"\npar_required = true',
        ]
        folder = workspace.places.own_services
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "scripted-pushed.toml").write_text("\n".join(lines))
        workspace.__dict__.pop("catalogue", None)
        entry = create_entry(workspace, name, "scripted-pushed")
        return configure_entry(
            workspace, entry, client_id="my-client", client_secret=Secret("s3cret")
        )


@contextlib.contextmanager
def pushed_server(*script: Callable[[Conversation], Any]) -> Iterator[PushedServer]:
    """The server, until the block ends."""
    server = PushedServer(list(script))
    with serving(server.answer) as listening:
        server.port = listening.port
        yield server
