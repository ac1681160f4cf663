"""`refresh --all` in a terminal: a bar while it works, gone at the end; nothing of it in a pipe."""

from __future__ import annotations

import os
import sys

from tests.terminal.pty_driver import PtyProgram
from tui_oauth import entries


def _two(workspace, signed_in, provider):
    signed_in(refresh_tokens=True, expires_in=5400)
    good = workspace.vault.find("practice")
    held = workspace.vault.secrets(good)
    made = entries.create_entry(workspace, "gone", "practice", {"port": "1"})
    copied = ("configured", "authorized", "has_refresh_token", "issued_at", "expires_at")
    values = {name: getattr(good, name) for name in copied}
    workspace.vault.change(made.id, lambda entry, _: (entry._replace(**values), held))


def test_the_bar_says_how_far_it_is_and_goes(workspace, signed_in, provider):
    _two(workspace, signed_in, provider)
    argv = [sys.executable, "-m", "tui_oauth", "refresh", "--all"]
    with PtyProgram(argv, size=(80, 24), env=dict(os.environ)) as run:
        assert run.wait_exit() == 11
        drawn = run.raw.decode()
        shown = run.text
    for count in (0, 1, 2):
        assert f"{count} of 2" in drawn
    assert "[##############################] 2 of 2" in drawn
    assert "Refreshing [" not in shown
    assert "practice: refreshed" in shown
    assert "1 refreshed, 1 failed, 0 without a refresh token" in shown


def test_a_pipe_gets_the_lines_alone(shell, workspace, signed_in, provider):
    _two(workspace, signed_in, provider)
    done = shell.run("refresh", "--all", code=11)
    assert "\x1b" not in done.err
    assert "\r" not in done.err
    assert "Refreshing" not in done.err
