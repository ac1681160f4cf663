"""A defect in the midst of a sign-in, in a real terminal: it is given back, and no value is printed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.canary import Canaries
from tests.stage import Stage, consent
from tests.terminal.pty_driver import PtyProgram
from tui_oauth.signin import SignIns

WINDOW = """
from tui_oauth.tui.app import run
from tui_oauth.workspace import Workspace
{broken}
workspace = Workspace.from_environment()
raise SystemExit(run(workspace))
"""
# Both have the secrets of the entry at hand, one of them in the text of its exception as well.
WORKER = """
from tui_oauth import signin_link
async def exchange_code(applicant, attempt, answer, stored):
    client_secret = applicant.client.client_secret.reveal()
    code, verifier = answer.code.reveal(), attempt.code_verifier.reveal()
    raise KeyError(f"{client_secret} {code} {verifier} {attempt.state}")
signin_link.exchange_code = exchange_code
"""
WINDOW_ITSELF = """
from tui_oauth.tui.screens.success import SuccessScreen
def on_mount(self):
    workspace = self.home.workspace
    held = workspace.vault.secrets(workspace.vault.get(self.entry_id))
    plain = [held.client_secret.reveal(), held.tokens.access_token.reveal()]
    raise KeyError(f"{plain}", plain)
SuccessScreen.on_mount = on_mount
"""


def _window(broken: str) -> PtyProgram:
    program = WINDOW.format(broken=broken)
    return PtyProgram([sys.executable, "-c", program], size=(100, 40), env=dict(os.environ))


@pytest.fixture
def secrets(stage: Stage) -> Canaries:
    """The client secret of an entry that is ready to be authorized."""
    held = stage.workspace.vault.secrets(stage.configured("work"))
    assert held.client_secret is not None
    return Canaries(client_secret=held.client_secret.reveal())


def _answer(stage: Stage, window: PtyProgram) -> str:
    """The address that the browser ends on, for the link that the window shows."""
    window.wait_for("work")
    window.send("a")
    window.wait_for("Listening")
    rows = [row.strip(" │") for row in window.text.splitlines()]
    begin = next(at for at, row in enumerate(rows) if row.startswith("http://127.0.0.1:"))
    end = next(at for at in range(begin, len(rows)) if not rows[at] or rows[at].startswith("╰"))
    return consent("".join(rows[begin:end]))


def test_rule_120_a_defect_in_a_worker_ends_the_sign_in_and_not_the_window(
    stage: Stage, secrets: Canaries, home: Path
) -> None:
    with _window(WORKER) as window:
        address = _answer(stage, window)
        state = address.partition("state=")[2].partition("&")[0]
        secrets.add(state=state, code=address.partition("code=")[2].partition("&")[0])
        window.paste(address)
        window.wait_for("defect of its own: KeyError")
        window.wait_for("A defect of tui-oauth ended this sign-in")
        assert "Cancelled" not in window.text
        assert window.alternate
        assert secrets.within(window.text) == set()
        window.send("escape", "ctrl+q")
        assert window.wait_exit() == 0
        assert not window.alternate
        assert secrets.within(window.raw.replace(address.encode(), b"")) <= {"state"}, "in the link"
    (log,) = home.rglob("tui-oauth.log")
    assert "exchange_code" in log.read_text()
    assert secrets.within(log.read_bytes()) == set()


def test_rule_120_a_defect_of_the_window_gives_the_terminal_back_and_prints_no_values(
    stage: Stage, secrets: Canaries, home: Path
) -> None:
    with _window(WINDOW_ITSELF) as window:
        address = _answer(stage, window)
        assert not window.echoes
        window.paste(address)
        assert window.wait_exit() == 1
        assert not window.alternate
        assert window.echoes
        assert b"\x1b[?25h" in window.raw[-400:], "the cursor is shown again"
        assert b"defect of its own: KeyError" in window.raw
        assert b"Traceback" not in window.raw
        held = stage.workspace.vault.secrets(stage.workspace.vault.find("work"))
        assert held.tokens is not None, "what was granted is stored all the same"
        secrets.add(access=held.tokens.access_token.reveal())
        assert secrets.within(window.raw) == set()
    (log,) = home.rglob("tui-oauth.log")
    text = log.read_text()
    assert "on_mount" in text
    assert secrets.within(text) == set()
    # Nor what was recorded of the traffic: it is in memory only.
    for mark in ("grant_type", "authorization request", "code_challenge", "/auth/eagle/token"):
        assert mark not in text


def test_the_links_of_two_windows_differ(stage: Stage) -> None:
    """The search above means something: the state in it is that of this sign-in."""
    entry = stage.configured("other")
    first, second = (SignIns(stage.workspace).begin(entry) for _ in range(2))
    assert first.attempt is not None
    assert second.attempt is not None
    assert first.attempt.state != second.attempt.state
