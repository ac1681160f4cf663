"""A person's machine with everything real: vault, settings, practice provider, a browser of sorts.

`Stage` is what tests of the sign-in, the tokens and the screens stand on.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from urllib.parse import urljoin

from tui_oauth import net
from tui_oauth.entries import callback_url, configure_entry, create_entry
from tui_oauth.model import Entry
from tui_oauth.oauth.http import Request, Response
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.practice.visitor import Visitor
from tui_oauth.secret import Secret
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_workspace(provider_port: int) -> Workspace:
    """A workspace in the test's home, with a callback port of its own and a fresh key-file vault."""
    environ = dict(os.environ)
    first = Workspace.from_environment(environ)
    first.places.settings.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    first.places.settings.write_text(
        f"[callback]\nport = {free_port()}\n"
        f'[defaults.practice]\nport = "{provider_port}"\n'
        f'[defaults.practice-https]\nport = "{provider_port}"\n'
        f'[defaults.practice-standard]\nport = "{provider_port}"\n'
    )
    workspace = Workspace.from_environment(environ)
    workspace.use_vault(create_vault(workspace.places))
    return workspace


@dataclass
class Stage:
    """The machine, and the provider that its entries sign in to."""

    workspace: Workspace
    provider: PracticeProvider

    def created(
        self, name: str = "practice", service: str = "practice", *, without_person: bool = False
    ) -> Entry:
        """An entry that is Not Configured."""
        variables = {"port": str(self.provider.port)} if service.startswith("practice") else {}
        return create_entry(self.workspace, name, service, variables, without_person=without_person)

    def credentials(self, entry: Entry) -> tuple[str, str]:
        """A new app at the provider, with the entry's Callback URL registered."""
        app = self.provider.register(entry.name, callback_url(self.workspace, entry))
        return app.client_id, app.client_secret

    def without_person(self, name: str = "robot") -> Entry:
        """A configured entry that gets its tokens with the client's own credentials."""
        return self.configured(name, "practice-standard", without_person=True)

    def configured(
        self, name: str = "practice", service: str = "practice", *, without_person: bool = False
    ) -> Entry:
        """An entry that is ready for the Authorization link."""
        entry = self.created(name, service, without_person=without_person)
        client_id, client_secret = self.credentials(entry)
        return configure_entry(
            self.workspace, entry, client_id=client_id, client_secret=Secret(client_secret)
        )

    def consent(self, link: str, button: str = "Authorize access") -> str:
        """As `consent` below."""
        return consent(link, button)

    def vault_bytes(self) -> bytes:
        """The vault file as it is, to show that nothing changed."""
        return self.workspace.places.vault.read_bytes()


def consent(link: str, button: str = "Authorize access") -> str:
    """Open the Authorization link, press `button`; the address that the browser is sent to."""
    sent_to = ""

    def stop_at_callback(request: Request) -> Response:
        nonlocal sent_to
        response = net.fetch(request)
        target = response.headers.get("location", "")
        if "state=" in target and "/oauth" not in target:
            sent_to = urljoin(request.url, target)
            return Response(200, {}, b"", request.host)
        return response

    visitor = Visitor(stop_at_callback)
    visitor.open(link)
    visitor.press(button)
    assert sent_to, f"the provider did not come back: {visitor.page}"
    return sent_to


def visit(url: str) -> str:
    """What the page at `url` says; a redirect is not followed."""
    return net.fetch(Request("GET", url, "page")).body.decode("utf-8", "replace")


def redirect_of(url: str) -> str:
    """Where the page at `url` sends a browser on to."""
    return net.fetch(Request("GET", url, "page")).headers.get("location", "")
