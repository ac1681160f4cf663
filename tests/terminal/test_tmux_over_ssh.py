"""tmux on the server, in an SSH session: what the laptop's terminal really gets to copy.

The outer terminal is a pseudo-terminal on the laptop; what counts is the OSC 52 bytes that arrive
there.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stage import Stage
from tests.terminal.pty_driver import PtyProgram
from tests.terminal.ssh_server import SshServer, serving

pytestmark = [pytest.mark.sshd, pytest.mark.tmux]

# tmux names no selection ("52;;"), the program itself names the clipboard ("52;c;").
OSC52 = re.compile(rb"\x1b\]52;c?;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)")


class Server:
    """The server with an entry that is ready for the Authorization link."""

    def __init__(self, folder: Path, ssh: SshServer, stage: Stage) -> None:
        if shutil.which("tmux") is None:
            pytest.skip("tmux is not installed (Debian: apt-get install tmux)")
        self._folder = folder
        self._ssh = ssh
        stage.configured("practice")

    @contextmanager
    def in_tmux(self, *settings: str) -> Iterator[PtyProgram]:
        """Manage OAuth in tmux, with `settings` as the person's tmux.conf, seen over SSH."""
        conf = self._folder / "tmux.conf"
        conf.write_text("".join(f"{line}\n" for line in settings))
        tmux = ["tmux", "-S", str(self._folder / "tmux.sock"), "-f", str(conf)]
        program = [sys.executable, "-m", "tui_oauth"]
        try:
            with self._ssh.session(*tmux, "new-session", *program, size=(100, 30)) as window:
                window.wait_for("practice")
                window.send("a")
                window.wait_for("Authorization link")
                window.wait_for("/go/")
                yield window
        finally:
            subprocess.run([*tmux, "kill-server"], capture_output=True, timeout=10)


def copied(window: PtyProgram) -> list[str]:
    """What the outer terminal was asked to put into its clipboard so far."""
    return [base64.b64decode(found).decode() for found in OSC52.findall(window.raw)]


@pytest.fixture
def server(tmp_path: Path, stage: Stage) -> Iterator[Server]:
    for ssh in serving(tmp_path / "sshd", os.environ):
        yield Server(tmp_path, ssh, stage)


@pytest.mark.parametrize("setting", ["on", "external"])
def test_a_copied_link_arrives_at_the_outer_terminal(server: Server, setting: str) -> None:
    with server.in_tmux(f"set -s set-clipboard {setting}") as window:
        window.send("ctrl+y")
        window.wait_until(lambda: bool(copied(window)), "OSC 52 at the outer terminal")
        assert copied(window)[-1].startswith("http://127.0.0.1:")
        assert "state=" in copied(window)[-1]
        window.wait_for("sent to tmux and the terminal's clipboard")


def test_where_tmux_keeps_it_to_itself_the_window_says_so_and_how_to_change_it(
    server: Server,
) -> None:
    with server.in_tmux("set -s set-clipboard off", "set -g allow-passthrough off") as window:
        window.send("ctrl+y")
        window.wait_for("tmux's buffer only")
        window.wait_for("tmux set -s set-clipboard on")
        assert copied(window) == []


def test_with_passthrough_it_arrives_although_the_clipboard_is_off(server: Server) -> None:
    with server.in_tmux("set -s set-clipboard off", "set -g allow-passthrough on") as window:
        window.send("ctrl+y")
        window.wait_until(lambda: bool(copied(window)), "OSC 52 at the outer terminal")
        assert "state=" in copied(window)[-1]


def test_a_copied_link_arrives_through_gnu_screen(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("screen") is None:
        pytest.skip("GNU screen is not installed (Debian: apt-get install screen)")
    sockets = tmp_path / "screens"
    sockets.mkdir(mode=0o700)
    monkeypatch.setenv("SCREENDIR", str(sockets))
    stage.configured("practice")
    screen = ["env", f"SCREENDIR={sockets}", "screen", "-c", os.devnull, "-U", "-S", "test"]
    program = [sys.executable, "-m", "tui_oauth"]
    for ssh in serving(tmp_path / "sshd", os.environ):
        try:
            with ssh.session(*screen, *program, size=(100, 30)) as window:
                window.wait_for("practice")
                window.send("a")
                window.wait_for("/go/")
                window.send("ctrl+y")
                window.wait_until(lambda: bool(copied(window)), "OSC 52 at the outer terminal")
                assert copied(window)[-1].startswith("http://127.0.0.1:")
                assert "state=" in copied(window)[-1]
                window.wait_for("sent to the terminal's clipboard, through screen")
        finally:
            subprocess.run([*screen, "-X", "quit"], capture_output=True, timeout=10)
