"""A stage for the screens: a real vault in an empty home, the real practice provider, and a browser
that is a few lines long. Nothing in it stands in for a part of the program.
"""

from __future__ import annotations

import asyncio
import html
import http.client
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from textual import events
from textual.app import App
from textual.pilot import Pilot

from tui_oauth import entries, paths
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.secret import Secret
from tui_oauth.settings import CallbackSettings, Settings
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace


class Stage:
    """One workspace and one provider. Use it as a context manager."""

    def __init__(self, home: Path, behaviour: Behaviour | None = None, **environ: str) -> None:
        surroundings = {"HOME": str(home), "USER": "ada", "TERM": "xterm-256color"}
        surroundings |= {"PATH": os.environ.get("PATH", "")} | environ
        self.clock = 0
        self.port = free_port()
        settings = Settings(callback=CallbackSettings(port=self.port))
        self.workspace = Workspace(surroundings, paths.places(surroundings), settings)
        self.provider = PracticeProvider(0, behaviour)

    def __enter__(self) -> Stage:
        self.workspace.use_vault(create_vault(self.workspace.places))
        self.provider.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.provider.stop()

    def entry(self, name: str = "practice", service: str = "practice") -> Entry:
        """A new entry of the practice provider, Not Configured."""
        variables = {"port": str(self.provider.port)}
        return entries.create_entry(self.workspace, name, service, variables)

    def credentials(self, entry: Entry) -> tuple[str, str]:
        """A new app at the provider, with the entry's Callback URL registered."""
        app = self.provider.register("Walk", entries.callback_url(self.workspace, entry))
        return app.client_id, app.client_secret

    def configured(self, name: str = "practice", service: str = "practice") -> Entry:
        """A new entry that is ready for the Authorization link."""
        entry = self.entry(name, service)
        client_id, client_secret = self.credentials(entry)
        return entries.configure_entry(
            self.workspace, entry, client_id=client_id, client_secret=Secret(client_secret)
        )

    def redirect_of(self, url: str) -> str:
        """Where the page at `url` sends a browser on to."""
        return _request("GET", url)[1]

    def app(self) -> ManageOAuth:
        return ManageOAuth(self.workspace)


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def consent(link: str, answer: str = "allow") -> str:
    """Open the Authorization link, press the button; the address that the browser is sent to."""
    status, _, page = _request("GET", link)
    assert status == 200, page[:500]
    fields = {
        html.unescape(name): html.unescape(value)
        for name, value in re.findall(
            r'<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"', page
        )
    }
    parts = urlsplit(link)
    status, location, page = _request(
        "POST",
        f"{parts.scheme}://{parts.netloc}{parts.path}",
        urlencode(fields | {"answer": answer}),
    )
    assert location, f"{status}: {page[:500]}"
    return location


def visit(url: str) -> str:
    """What the page at `url` says."""
    return _request("GET", url)[2]


def _request(method: str, url: str, body: str = "") -> tuple[int, str, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, target, body or None, headers)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer.status, answer.headers.get("Location", ""), text


async def in_browser(function: Callable[..., str], *args: str) -> str:
    """What a person does in a browser, beside the running app."""
    return await asyncio.to_thread(function, *args)


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str) -> None:
    """Wait until `condition` holds; at most about six seconds, more on a busy machine."""
    for _ in range(300):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.02)
    raise AssertionError(f"waited in vain for {what}; the screen shows:\n{shown(pilot.app)}")


async def paste(pilot: Pilot[Any], text: str) -> None:
    """What a terminal sends for a bracketed paste."""
    await pilot.app.on_event(events.Paste(text))
    await pilot.pause()


def shown(app: App[Any]) -> str:
    """What stands on the screen, as text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def words(app: App[Any]) -> str:
    """As `shown`, as one line without frames, for sentences that wrap."""
    return " ".join(re.sub("[│─╭╮╰╯]", " ", shown(app)).split())


def at(app: App[Any], group: str) -> bool:
    """Whether the screen on top is the one with the keys of `group`."""
    return getattr(app.screen, "KEY_GROUP", "") == group and app.screen.is_running
