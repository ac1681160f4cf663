"""The process that a window extracts in: killed from outside, and what it is told of the vault."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from stage import Stage, at, shown, until, words
from test_extract_screens import CONTACTS, authorized, loaded, opened

from tests.extracting_child import extracting_child
from tests.tui.stage import fresh_copy
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.vault import create_vault
from tui_oauth.vault.handed_over import key_of

PASSPHRASE = "four short plain words"


class Worded(Stage):
    """A vault that a passphrase opens."""

    def __enter__(self) -> Stage:
        created = create_vault(self.workspace.places, passphrase=Secret(PASSPHRASE))
        self.workspace.use_vault(created)
        self.provider.application.dataset = Dataset({"contacts": CONTACTS})
        self.provider.start()
        return self


async def test_a_killed_child_is_told_of_and_its_rows_are_gone_on_with(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    with Worded(home) as stage:
        await authorized(stage)
        app = ManageOAuth(fresh_copy(stage.workspace))
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "Unlock" in shown(app), "the question")
            await pilot.press(*PASSPHRASE, "enter")
            await opened(app, pilot)
            await until(pilot, lambda: "asking" not in shown(app), "the permissions")
            stage.provider.application.behaviour = Behaviour(api_delay=0.5)
            await pilot.press("space", "ctrl+s")
            await until(pilot, lambda: " rows" in shown(app), "the first page")
            child = extracting_child(os.getpid())
            told = (Path(f"/proc/{child}/cmdline")).read_bytes()
            with suppress(PermissionError):  # it keeps others out of it; root is let in
                told += Path(f"/proc/{child}/environ").read_bytes()
            for secret in (PASSPHRASE, key_of(stage.workspace.vault).reveal()):
                assert secret.encode() not in told
                assert secret not in "".join(stage.workspace.environ.values())
            os.kill(child, signal.SIGKILL)
            await until(pilot, lambda: "✕ Not extracted" in shown(app), "the end")
            assert "has ended by itself" in words(app)
            assert "extract again, and it goes on from there" in words(app)
            stage.provider.application.behaviour = Behaviour()
            await pilot.press("escape")
            await until(pilot, lambda: at(app, "extract"), "the choice, as it was")
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "● Extracted" in shown(app), "the rest")
    assert loaded(home) == (CONTACTS, CONTACTS)
