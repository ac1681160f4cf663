"""Unlock for a while and lock from the Vault screen, with the kernel that runs the tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, paste, shown, until, words
from test_vault_screen import (
    PASSPHRASE,
    a_form,
    back_at_vault,
    fill,
    opened,
    passphrase_workspace,
    said,
)
from textual.widgets import Input

from tui_oauth.errors import VaultLocked
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.screens.result import ResultScreen
from tui_oauth.tui.screens.vault_form import VaultFormScreen
from tui_oauth.vault import KeyOptions, kernel_keyring, open_vault, unlocked
from tui_oauth.workspace import Workspace


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


@pytest.fixture
def worded(home: Path) -> Iterator[Workspace]:
    """A passphrase vault; what the kernel keeps of it is forgotten at the end."""
    try:
        kernel_keyring.recall("0" * 32)
    except kernel_keyring.Unavailable as error:
        pytest.skip(str(error))
    workspace = passphrase_workspace(home)
    vault_id = workspace.vault.header.vault_id
    yield workspace
    kernel_keyring.forget(vault_id)


def by_a_script(workspace: Workspace) -> int:
    """What a script without a passphrase gets: the number of entries, or VaultLocked."""
    return len(open_vault(workspace.places, workspace.environ, KeyOptions()).entries())


async def test_unlock_takes_the_passphrase_and_scripts_then_need_none(worded: Workspace) -> None:
    app = ManageOAuth(worded)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "Unlocked no; press u" in words(app), "the fact")
        await pilot.press("u")
        await a_form(app, pilot)
        await fill(pilot, "", "a wrong one")
        await until(pilot, lambda: "does not open the vault" in words(app), "the refusal")
        with pytest.raises(VaultLocked):
            by_a_script(worded)
        field = app.screen.query(Input).last()
        field.value = ""
        field.focus()
        await paste(pilot, PASSPHRASE)
        await pilot.press("ctrl+s")
        await back_at_vault(app, pilot, "(8 h). Press l to end it.")
        assert PASSPHRASE not in app.export_screenshot()
        await until(pilot, lambda: "· unlocked until" in shown(app), "the title")
        assert "for every program that runs as you" in words(app)
        assert by_a_script(worded) == 0
        until_when = unlocked.unlocked_until(worded.vault.header)
        assert until_when is not None
        assert 8 * 3600 - 60 < until_when - time.time() <= 8 * 3600


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_lock_says_what_it_means_and_the_window_goes_on(
    worded: Workspace, size: tuple[int, int]
) -> None:
    unlocked.keep_unlocked(worded.vault, 600)
    app = ManageOAuth(worded)
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "for every program that runs as you" in words(app), "the fact")
        assert by_a_script(worded) == 0
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, ResultScreen), "what it means")
        await until(pilot, lambda: "need the passphrase again" in said(app), "for scripts")
        assert "This window stays open and goes on working" in said(app)
        with pytest.raises(VaultLocked):
            by_a_script(worded)
        await pilot.press("escape")
        await back_at_vault(app, pilot, "Unlocked no; press u")
        assert "unlocked until" not in shown(app)
        await pilot.press("escape")
        await until(
            pilot, lambda: at(app, "manage") and "No OAuth entries yet" in shown(app), "list"
        )


async def test_an_open_window_does_not_prolong_it_without_a_key(worded: Workspace) -> None:
    unlocked.keep_unlocked(worded.vault, 600)
    fresh = Workspace(worded.environ, worded.places, worded.settings)
    app = ManageOAuth(fresh)  # opened by what the kernel keeps
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("u")
        await a_form(app, pilot)
        assert [field.id for field in app.screen.query(Input)] == ["blank-span", "blank-passphrase"]


@pytest.mark.parametrize("span", ["eight hours", "0", "31d", "-1h", "1 h"])
async def test_a_span_that_cannot_be_is_refused_in_the_form(worded: Workspace, span: str) -> None:
    app = ManageOAuth(worded)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("u")
        await a_form(app, pilot)
        app.screen.query(Input).first().value = span
        await pilot.press("tab")
        await paste(pilot, PASSPHRASE)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "✕ For how long:" in words(app), "the words")
        assert isinstance(app.screen, VaultFormScreen)
        assert unlocked.unlocked_until(worded.vault.header) is None


async def test_what_another_program_unlocks_or_locks_shows(worded: Workspace) -> None:
    app = ManageOAuth(worded)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        unlocked.keep_unlocked(worded.vault, 600)
        await until(pilot, lambda: "· unlocked until" in shown(app), "the title")
        unlocked.lock_again(worded.vault.header)
        await until(pilot, lambda: "unlocked until" not in shown(app), "the title")


async def test_with_a_key_file_nothing_is_asked_and_lock_says_that_it_goes_on_opening(
    worded: Workspace, stage: Stage
) -> None:
    vault_id = stage.workspace.vault.header.vault_id
    app = stage.app()
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await opened(app, pilot)
            await pilot.press("u")
            await a_form(app, pilot)
            assert len(app.screen.query(Input)) == 1
            app.screen.query_one(Input).value = "30m"
            await pilot.press("enter")
            await back_at_vault(app, pilot, "(30 min). Press l to end it.")
            await pilot.press("l")
            await until(pilot, lambda: "goes on opening the vault" in said(app), "it")
            await pilot.press("escape")
            await until(pilot, lambda: at(app, "vault"), "the vault")
            await pilot.press("l")
            await until(pilot, lambda: "there is nothing to end" in words(app), "the words")
            assert at(app, "vault")
    finally:
        kernel_keyring.forget(vault_id)


async def test_where_the_kernel_keeps_no_keys_it_is_said_before_anything_is_typed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> tuple[int, int]:
        raise kernel_keyring.Unavailable("Plan9 on vax has no kernel keyring that we know")

    monkeypatch.setattr(kernel_keyring, "_numbers", none)
    app = ManageOAuth(passphrase_workspace(home))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "not here: Plan9 on vax" in words(app), "the fact")
        for key in ("u", "l"):
            await pilot.press(key)
            await until(pilot, lambda: "give scripts a key file of their own" in words(app), key)
            assert at(app, "vault")
            app.screen.complain("")  # type: ignore[attr-defined]
            await pilot.pause()
