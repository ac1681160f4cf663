"""What a key in the Service dropdown costs, in a real terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.terminal.key_to_screen import press
from tests.terminal.person import COMMAND
from tests.terminal.pty_driver import PtyProgram
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

ASKED, SUPPORTED = b"\x1b[?2026$p", "\x1b[?2026;2$y"
PAINTING = b"\x1b[?2026h"
KEYS = ("g", "o", "o", "down", "up", "backspace", "ctrl+u")


@pytest.mark.alone
def test_a_key_is_painted_once_and_costs_less_than_50_ms(home: Path) -> None:
    """Painted in several steps, its last part would come up to 17 ms later with each of them.

    A terminal that says it knows synchronized output is told where a painting begins. Process
    time counts, of the calmest of three rounds, since the machine may have other things to do.
    """
    workspace = Workspace.from_environment(dict(os.environ))
    create_vault(workspace.places)
    environ = {**os.environ, "TERM": "xterm-256color"}
    with PtyProgram(COMMAND, size=(80, 24), env=environ) as window:
        window.wait_until(lambda: ASKED in window.raw, "the question for synchronized output")
        window.type(SUPPORTED)
        window.wait_for("No OAuth entries yet")
        window.send("n")
        window.wait_for("^l from a URL")
        window.wait_quiet()
        costs: dict[int, list[float]] = {}
        for _ in range(3):
            for number, key in enumerate(KEYS):
                before = window.raw.count(PAINTING)
                seen = press(window, key)
                assert window.raw.count(PAINTING) - before == 1, f"{key} was painted in steps"
                costs.setdefault(number, []).append(seen.busy)
    assert max(min(of_one) for of_one in costs.values()) < 50
