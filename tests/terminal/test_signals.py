"""Signals and defects in a real terminal: it is always given back as it was found."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.pty_driver import PtyProgram

CANARY = "canary-client-secret-5f1e9"
START = """
import os
from tui_oauth.tui.app import run
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace
workspace = Workspace.from_environment()
if not workspace.vault_exists:
    workspace.use_vault(create_vault(workspace.places))
{more}
raise SystemExit(run(workspace))
"""
BROKEN = """
from tui_oauth.tui.screens.manage import ManageScreen
def action_copy_callback(self):
    client_secret = os.environ["CANARY"]
    tokens = {"access_token": client_secret}
    raise KeyError(tokens["access_token"] and "gone")
ManageScreen.action_copy_callback = action_copy_callback
"""


def program(more: str = "", **env: str) -> PtyProgram:
    argv = [sys.executable, "-c", START.format(more=more)]
    return PtyProgram(argv, env={**os.environ, **env})


@pytest.fixture
def running() -> Iterator[PtyProgram]:
    with program() as started:
        started.wait_for("No OAuth entries yet")
        yield started


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_trap_2_a_signal_gives_the_terminal_back(running: PtyProgram, number: int) -> None:
    assert running.alternate
    running.signal(number)
    assert running.wait_exit() == 128 + number
    assert not running.alternate
    assert b"\x1b[?25h" in running.raw[-200:], "the cursor is shown again"
    assert b"Traceback" not in running.raw


def test_trap_2_a_lost_session_ends_the_program(running: PtyProgram) -> None:
    running.hang_up()
    assert running.wait_exit(timeout=5) == 128 + signal.SIGHUP


def test_trap_1_a_defect_prints_no_values(home: Path) -> None:
    with program(BROKEN, CANARY=CANARY) as started:
        started.wait_for("No OAuth entries yet")
        started.send("c")
        assert started.wait_exit() == 1
        assert CANARY.encode() not in started.raw
        assert b"a defect of its own: KeyError" in started.raw.replace(b"\r\n", b" ")
        assert not started.alternate
    logs = list(home.rglob("tui-oauth.log"))
    assert logs, "the log says where it happened"
    assert CANARY not in logs[0].read_text()
    assert "action_copy_callback" in logs[0].read_text()


def test_q_ends_with_zero_and_prints_nothing(running: PtyProgram) -> None:
    running.send("q")
    assert running.wait_exit() == 0
    assert not running.alternate
    afterwards = running.raw.split(b"\x1b[?1049l")[-1]
    assert re.sub(rb"\x1b\[[?<>0-9;]*[a-z]", b"", afterwards).strip() == b""


def test_it_says_little_while_nothing_happens(running: PtyProgram) -> None:
    running.wait_quiet()
    before = len(running.raw)
    waited = iter(range(60))  # sixty looks of 50 ms: three seconds
    running.wait_until(lambda: next(waited, None) is None, "three seconds to pass")
    assert len(running.raw) - before < 900


def test_a_resize_shows_the_pane_and_takes_it_away(running: PtyProgram) -> None:
    between = "╮ ╭"  # the list's corner and the pane's
    running.resize(120, 40)
    running.wait_for(between)
    running.resize(60, 20)
    running.wait_for("vault: key file")  # at the right end: it has been drawn anew
    running.wait_gone(between)  # a busy machine may draw the title before the pane has gone
    running.resize(120, 40)
    running.wait_for(between)
    assert "No OAuth entries yet" in running.text
