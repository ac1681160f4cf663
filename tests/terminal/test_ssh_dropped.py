"""The SSH connection breaks while a sign-in waits, and the person comes back.

The client is killed without a word, as when a laptop goes to sleep; what the provider answered
meanwhile still counts.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stage import Stage, consent, redirect_of
from tests.terminal.person import COMMAND
from tests.terminal.pty_driver import PtyProgram
from tests.terminal.ssh_server import SshServer, serving, wait_gone

pytestmark = pytest.mark.sshd


@pytest.fixture
def server(tmp_path: Path, stage: Stage) -> Iterator[SshServer]:
    stage.configured("practice")
    yield from serving(tmp_path / "sshd", os.environ)


def broken(session: PtyProgram, stage: Stage, link: str) -> str:
    """Break the connection; the address that the browser ends on, after the server has noticed."""
    port = stage.workspace.settings.callback.port
    session.signal(signal.SIGKILL)
    assert session.wait_exit() == 128 + signal.SIGKILL
    wait_gone("127.0.0.1", port)
    return consent(link)


def test_the_command_goes_on_with_the_same_link(server: SshServer, stage: Stage) -> None:
    with server.session(*COMMAND, "authorize", "practice", size=(400, 30)) as first:
        first.wait_for("^C cancels")
        link = re.search(r"http://127\.0\.0\.1:\d+/oauth\?\S+", first.text)
        assert link is not None
        answer = broken(first, stage, link[0])
    with server.session(*COMMAND, "authorize", "practice", "--resume", size=(400, 30)) as again:
        again.wait_for("^C cancels")
        assert link[0] in again.text
        again.type(answer + "\r")
        again.wait_for("Authorization Successful: Aurora Books")
        assert again.wait_exit() == 0


def test_the_window_takes_it_up_again(server: SshServer, stage: Stage) -> None:
    with server.session(*COMMAND) as first:
        first.wait_for("practice")
        first.send("a")
        first.wait_for("/go/")
        short = next(word for word in first.text.split() if "/go/" in word)
        answer = broken(first, stage, redirect_of(short))
    with server.session(*COMMAND) as again:
        again.wait_for("practice")
        again.send("a")
        again.wait_for("Authorization link")
        again.paste(answer)
        again.wait_for("Authorization Successful")
        again.wait_for("Aurora Books")
