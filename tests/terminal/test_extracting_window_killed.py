"""A window that is killed while it extracts: its other process ends by itself, with nothing half-written."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess

import duckdb
import pytest

from tests.extracting_child import extracting_child, wait_for_end
from tests.refreshing import sign_in
from tests.stage import Stage, make_workspace
from tests.terminal.person import COMMAND
from tests.terminal.pty_driver import PtyProgram
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.provider import PracticeProvider

CONTACTS = 1_210
ROWS = re.compile(r"contacts +\d+0 rows")


def test_a_killed_window_leaves_a_run_that_can_be_gone_on_with(
    home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(home))
    with PracticeProvider(dataset=Dataset({"contacts": CONTACTS})) as provider:
        stage = Stage(make_workspace(provider.port), provider)
        asyncio.run(sign_in(stage, stage.configured("work")))
        env = {**os.environ, "TERM": "xterm-256color"}
        with PtyProgram(COMMAND, size=(80, 24), env=env) as window:
            window.wait_for("work")
            window.send("e")
            window.wait_for("of 31 picked ─")
            provider.application.behaviour = Behaviour(api_delay=0.5)
            window.send("space")
            window.wait_for("[x] contacts")
            window.send("ctrl+s")
            window.wait_until(lambda: bool(ROWS.search(window.text)), "the first page")
            child = extracting_child(window.pid)
            assert child
            window.signal(signal.SIGKILL)
            window.wait_exit()
            wait_for_end(child, 15)
        provider.application.behaviour = Behaviour()
        done = subprocess.run(
            [*COMMAND, "extract", "work", "contacts"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "went on and finished" in done.stdout
        wanted = {row["id"] for row in provider.application.dataset.rows("contacts")}
    with duckdb.connect("extracted.duckdb", read_only=True) as base:
        found = [row[0] for row in base.execute("select id from work.contacts").fetchall()]
    assert len(found) == CONTACTS
    assert set(found) == wanted
