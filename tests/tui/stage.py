"""The stage of tests/stage.py for the screens, with a home of its own; a browser beside the app, and
what stands on the screen. Nothing in it stands in for a part of the program.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.widget import Widget

from tests import stage
from tui_oauth import paths
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.settings import CallbackSettings, Settings
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace


class Stage(stage.Stage):
    """One workspace and one provider. Use it as a context manager."""

    def __init__(self, home: Path, behaviour: Behaviour | None = None, **environ: str) -> None:
        surroundings = {"HOME": str(home), "USER": "ada", "TERM": "xterm-256color"}
        surroundings |= {"PATH": os.environ.get("PATH", "")} | environ
        self.port = stage.free_port()
        settings = Settings(callback=CallbackSettings(port=self.port))
        super().__init__(
            Workspace(surroundings, paths.places(surroundings), settings),
            PracticeProvider(0, behaviour),
        )

    def __enter__(self) -> Stage:
        self.workspace.use_vault(create_vault(self.workspace.places))
        self.provider.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.provider.stop()

    def app(self) -> ManageOAuth:
        return ManageOAuth(self.workspace)


def fresh_copy(workspace: Workspace) -> Workspace:
    """The same places, with nothing opened yet: what a new start of the window has."""
    return Workspace(workspace.environ, workspace.places, workspace.settings)


async def in_browser(function: Callable[..., str], *args: str) -> str:
    """What a person does in a browser, beside the running app."""
    return await asyncio.to_thread(function, *args)


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str) -> None:
    """Wait until `condition` holds; at most about thirty seconds.

    A pause of the pilot has every widget on the screen say that it is there, which costs more than
    most of what is waited for; it comes twice a second, to hear of an app that broke.
    """
    for count in range(1500):
        if condition():
            await pilot.pause()
            return
        await (asyncio.sleep(0.02) if count % 25 else pilot.pause(0.02))
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


def place_of(app: App[Any], widget: type[Widget], text: str) -> tuple[int, int]:
    """Where in a one-line widget `text` stands, to be clicked."""
    found = app.screen.query_one(widget)
    line = shown(app).splitlines()[found.region.y]
    return line.index(text) - found.region.x + 1, 0
