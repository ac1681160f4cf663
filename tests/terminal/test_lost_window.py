"""A connection that drops while the window waits: the sign-in is gone on with afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stage import Stage, consent, make_workspace
from tests.terminal.pty_driver import PtyProgram
from tui_oauth.pending import kept_sign_ins
from tui_oauth.practice.provider import PracticeProvider

COMMAND = [sys.executable, "-m", "tui_oauth"]


@pytest.fixture
def machine(home: Path) -> Iterator[Stage]:
    provider = PracticeProvider(0)
    provider.start()
    try:
        yield Stage(make_workspace(provider.port), provider)
    finally:
        provider.stop()


@pytest.mark.parametrize("way", ["hang-up", "kill"])
def test_a_lost_window_loses_no_sign_in(machine: Stage, way: str) -> None:
    entry = machine.configured("work")
    env = {**os.environ, "TERM": "xterm-256color"}
    with PtyProgram(COMMAND, size=(80, 24), env=env) as window:
        window.wait_for("work")
        window.send("a")
        window.wait_for("Listening on")
        if way == "hang-up":
            window.hang_up()
            assert window.wait_exit() == 128 + signal.SIGHUP
        else:
            window.signal(signal.SIGKILL)
            window.wait_exit()
    (pending,) = kept_sign_ins(machine.workspace, entry)
    assert pending.attempt is not None
    address = consent(pending.attempt.authorization_url)
    with PtyProgram(COMMAND, size=(80, 24), env=env) as window:
        window.wait_for("work")
        window.send("a")
        window.wait_for("taken up")
        window.paste(address)
        window.wait_for("Authorization Successful")
        window.send("enter")
        window.wait_for("Authorized")
        window.send("q")
        assert window.wait_exit() == 0
    shown = subprocess.run(
        [*COMMAND, "show", "work", "--json"], env=env, capture_output=True, check=True
    )
    assert json.loads(shown.stdout)["status"] == "authorized"
    assert kept_sign_ins(machine.workspace, entry) == []
