"""The first start and a locked vault."""

from __future__ import annotations

from pathlib import Path

from stage import Stage, at, place_of, shown, until, words

from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.vault import create_vault, open_vault, read_header
from tui_oauth.workspace import Workspace

PASSPHRASE = "four short plain words"


def fresh(home: Path) -> Workspace:
    """The workspace of somebody who has never started this."""
    return Workspace.from_environment({"HOME": str(home), "TERM": "xterm-256color"})


def protected(home: Path) -> Workspace:
    workspace = fresh(home)
    create_vault(workspace.places, passphrase=Secret(PASSPHRASE))
    return workspace


async def test_enter_makes_a_vault_with_a_key_file(home: Path) -> None:
    workspace = fresh(home)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "● Key file" in shown(app), "the choice")
        assert "Does not protect against anyone who can read your account" in words(app)
        await pilot.press("enter")
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")
        assert "vault: key file" in shown(app)
    assert [slot.kind for slot in read_header(workspace.places.vault).slots] == ["key-file"]
    assert open_vault(workspace.places, {}).entries() == []


async def test_a_passphrase_is_asked_twice_and_never_shown(home: Path) -> None:
    workspace = fresh(home)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Protection" in shown(app), "the choice")
        await pilot.press("down", "enter", *PASSPHRASE, "enter", *"something else", "enter")
        await until(pilot, lambda: "The two are not the same" in shown(app), "the difference")
        assert not workspace.vault_exists
        assert PASSPHRASE not in shown(app)
        await pilot.press(*PASSPHRASE, "ctrl+s")
        await until(pilot, lambda: "vault: passphrase" in shown(app), "the list")
    assert open_vault(workspace.places, {}, passphrase=Secret(PASSPHRASE)).entries() == []


async def test_an_empty_passphrase_is_refused(home: Path) -> None:
    workspace = fresh(home)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Protection" in shown(app), "the choice")
        await pilot.press("down", "ctrl+s")
        await until(pilot, lambda: "Type a passphrase first." in shown(app), "the hint")
        assert not workspace.vault_exists


async def test_leaving_the_first_start_makes_nothing(home: Path) -> None:
    workspace = fresh(home)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Protection" in shown(app), "the choice")
        await pilot.press("ctrl+q")
    assert app.return_value == 0
    assert not workspace.vault_exists


async def test_unlock_says_kindly_that_it_was_the_wrong_one(home: Path) -> None:
    workspace = protected(home)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: at(app, "unlock"), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: "Type the passphrase first." in shown(app), "the hint")
        await pilot.press(*"wrong", "enter")
        await until(pilot, lambda: "That is not the passphrase" in words(app), "the reason")
        await pilot.press(*PASSPHRASE, "enter")
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")
        assert "vault: passphrase" in shown(app)


async def test_a_vault_without_its_key_file_says_what_would_help(home: Path) -> None:
    workspace = fresh(home)
    create_vault(workspace.places)
    kept = workspace.places.key_file.read_bytes()
    workspace.places.key_file.unlink()
    app = ManageOAuth(workspace)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "The vault is locked" in shown(app), "the explanation")
        workspace.places.key_file.write_bytes(kept)
        workspace.places.key_file.chmod(0o600)
        app.screen.action_reopen()  # type: ignore[attr-defined]
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")


async def test_a_vault_that_goes_away_is_said_and_ends_nothing(home: Path) -> None:
    with Stage(home) as stage:
        app = stage.app()
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")
            stage.workspace.places.vault.unlink()
            await until(pilot, lambda: "✕" in shown(app), "what happened")
            assert app.is_running


async def test_a_click_chooses_and_makes_nothing_yet(home: Path) -> None:
    workspace = fresh(home)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "● Key file" in shown(app), "the choice")
        await pilot.click("#protection", offset=(5, 6))
        await until(pilot, lambda: "● Passphrase" in shown(app), "the other choice")
        await pilot.click("#protection", offset=(5, 2))
        await until(pilot, lambda: "● Key file" in shown(app), "the first one again")
        assert not workspace.vault_exists
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Make the vault"))
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")


async def test_r_opens_the_vault_once_its_key_is_there(home: Path) -> None:
    workspace = fresh(home)
    create_vault(workspace.places)
    key, away = workspace.places.key_file, home / "elsewhere"
    key.rename(away)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "The vault is locked" in shown(app), "the words")
        assert "New" not in shown(app)
        await pilot.press("n", "a", "r")
        await until(pilot, lambda: "The vault is locked" in shown(app), "the words again")
        assert at(app, "manage")
        away.rename(key)
        await pilot.press("r")
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")


async def test_the_clock_of_a_program_that_ends_meets_no_defect(home: Path) -> None:
    workspace = fresh(home)
    create_vault(workspace.places)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")
    assert app.screen_stack == []
    app._poll()  # as the timer and a sign-in that ends do, when the screens are gone already
    app.refresh_entries()
