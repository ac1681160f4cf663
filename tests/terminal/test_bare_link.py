"""The bare link in a real terminal: printed in one piece, and the full screen comes back."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stage import consent, redirect_of, visit
from tests.terminal.pty_driver import PtyProgram
from tests.tui.stage import Stage

START = """
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.workspace import Workspace
class Opened(ManageOAuth):
    def on_ready(self):
        self.open_authorize({entry!r})
raise SystemExit(Opened(Workspace.from_environment()).run())
"""


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        settings = made.workspace.places.settings
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f"[callback]\nport = {made.port}\n")
        yield made


def opened(stage: Stage) -> PtyProgram:
    entry = stage.configured()
    argv = [sys.executable, "-c", START.format(entry=entry.id)]
    return PtyProgram(argv, env=dict(os.environ))


def test_the_link_is_printed_whole_and_enter_brings_the_screen_back(stage: Stage) -> None:
    with opened(stage) as program:
        program.wait_for("Listening on")
        program.send("ctrl+l")
        program.wait_for("Press enter to go back.")
        assert not program.alternate
        program.send("enter")
        program.wait_until(lambda: program.alternate, "the full screen")
        program.wait_for("Waiting,")


def test_an_answer_that_comes_meanwhile_brings_the_screen_back(stage: Stage) -> None:
    with opened(stage) as program:
        program.wait_for("Listening on")
        program.wait_for("/go/")
        short = next(word for word in program.text.split() if "/go/" in word)
        program.send("ctrl+l")
        program.wait_for("Press enter to go back.")
        visit(consent(redirect_of(short)))
        program.wait_until(lambda: program.alternate, "the full screen")
        program.wait_for("Aurora Books")
        program.send("enter")
        program.wait_for("Manage OAuth")
