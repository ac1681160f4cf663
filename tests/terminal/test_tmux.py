"""Inside a real tmux with its default settings, where a bare OSC 52 is dropped silently."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui_oauth.paths import places
from tui_oauth.vault import create_vault

pytestmark = pytest.mark.tmux


class Tmux:
    """A tmux server of the test's own, with the program in its only window."""

    def __init__(self, folder: Path, command: str) -> None:
        self._argv = ["tmux", "-S", str(folder / "tmux.sock"), "-f", "/dev/null"]
        self.run("new-session", "-d", "-x", "100", "-y", "30", command)

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._argv, *words], capture_output=True, text=True, timeout=10, env=dict(os.environ)
        )
        return done.stdout

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {what}:\n{self.text}"
            time.sleep(0.05)

    @property
    def text(self) -> str:
        return self.run("capture-pane", "-p")


@pytest.fixture
def tmux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed (Debian: apt-get install tmux)")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    create_vault(places(os.environ))
    running = Tmux(tmp_path, f"{sys.executable} -m tui_oauth")
    yield running
    running.run("kill-server")


def test_trap_4_a_copied_url_reaches_the_buffer_of_a_real_tmux(tmux: Tmux) -> None:
    tmux.wait(lambda: "Callback URL" in tmux.text, "Manage OAuth")
    assert "127.0.0.1:8976/callback" not in tmux.run("show-buffer")
    tmux.run("send-keys", "c")
    tmux.wait(lambda: "sent to tmux" in tmux.text, "the words on where it went")
    assert tmux.run("show-buffer") == "http://127.0.0.1:8976/callback"
    tmux.run("send-keys", "q")
    tmux.wait(lambda: not tmux.run("list-sessions"), "the end of the program")
