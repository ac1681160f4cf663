"""The Vault screen: what it says, and each thing that can be done from it, with real vaults."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, at, paste, shown, until, words
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, Static

from tui_oauth.model import Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.settings import Settings
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.screens.result import ResultScreen
from tui_oauth.tui.screens.vault_form import VaultFormScreen
from tui_oauth.tui.screens.vault_key import NewKeyScreen, RecoveryCodeScreen
from tui_oauth.vault import KeyOptions, Vault, create_vault, open_vault, slot_changes
from tui_oauth.vault.bundle import write_bundle
from tui_oauth.workspace import Workspace

PASSPHRASE = "canary passphrase 4711"
SIZES = [(60, 20), (80, 24), (120, 40)]


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


def passphrase_workspace(home: Path) -> Workspace:
    """A vault that only a passphrase opens, unlocked as the Unlock screen does it."""
    environ = {"HOME": str(home), "TERM": "xterm-256color", "PATH": os.environ["PATH"]}
    folder = home / "locked"
    folder.mkdir(mode=0o700)
    places = Places(
        folder / "vault.json",
        folder / "no.key",
        folder / "config.toml",
        folder / "services",
        folder / "state",
    )
    workspace = Workspace(environ, places, Settings())
    workspace.use_vault(create_vault(places, passphrase=Secret(PASSPHRASE)))
    return workspace


def kinds(workspace: Workspace) -> list[str]:
    return [slot.kind for slot in workspace.vault.header.slots]


def by_passphrase(workspace: Workspace, text: str) -> Vault:
    return open_vault(
        workspace.places, workspace.environ, KeyOptions(use_kept=False), passphrase=Secret(text)
    )


def said(app: ManageOAuth) -> str:
    """What the texts of the screen or dialog on top say, as one line."""
    return " ".join(str(text.render()) for text in app.screen.query(Static).results(Static))


async def opened(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: "vault: " in shown(app), "the list")
    await pilot.press("v")
    await until(pilot, lambda: at(app, "vault") and "Protection" in shown(app), "the vault")


async def a_form(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: isinstance(app.screen, VaultFormScreen), "the form")
    await pilot.pause()


async def back_at_vault(app: ManageOAuth, pilot: Pilot[Any], said: str) -> None:
    await until(pilot, lambda: at(app, "vault") and said in words(app), said)


async def result_read(app: ManageOAuth, pilot: Pilot[Any], expected: str) -> None:
    await until(pilot, lambda: isinstance(app.screen, ResultScreen), "what came of it")
    await until(pilot, lambda: expected in said(app), expected)
    await pilot.press("escape")
    await until(pilot, lambda: at(app, "vault"), "the vault")


async def fill(pilot: Pilot[Any], *texts: str) -> None:
    """Each text into the field with the focus, then enter: the last one sends the form."""
    for text in texts:
        if text:
            await paste(pilot, text)
        await pilot.press("enter")


async def choose_kind(app: ManageOAuth, pilot: Pilot[Any], kind: str) -> None:
    await pilot.press("a")
    await until(pilot, lambda: isinstance(app.screen, NewKeyScreen), "the kinds")
    kinds_shown = app.screen.query_one(OptionList)
    kinds_shown.highlighted = kinds_shown.get_option_index(kind)
    await pilot.press("enter")
    await a_form(app, pilot)


# ---- reading


@pytest.mark.parametrize("size", SIZES)
async def test_it_says_how_the_vault_stands(stage: Stage, size: tuple[int, int]) -> None:
    stage.created("one")
    stage.created("two")
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "● Nothing found" in shown(app), "the health")
        text = words(app)
        for part in (
            "vault: key file",
            "Key file: works in scripts and cron.",
            "Entries 2",
            "beside the vault)",
            "key file first",
            "Keys that open it",
        ):
            assert part in text
        await pilot.press("escape")
        assert at(app, "manage")


async def test_the_mouse_alone_gets_there_and_back(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: "vault: key file" in shown(app), "the list")
        await pilot.click("TitleBar", offset=(55, 0))
        await until(pilot, lambda: at(app, "vault"), "the vault")
        bar = shown(app).splitlines()[-1]
        await pilot.click("KeyBar", offset=(bar.index("esc") + 1, 0))
        await until(pilot, lambda: at(app, "manage"), "the list")


async def test_a_change_by_another_process_shows(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        other = open_vault(stage.workspace.places, stage.workspace.environ, KeyOptions())
        slot_changes.add_passphrase(other, Secret(PASSPHRASE), "elsewhere")
        await until(pilot, lambda: "elsewhere" in shown(app), "the other key")
        assert "Key file and passphrase: either opens it" in words(app)


async def test_doctor_s_findings_are_read_scrolled_and_copied(stage: Stage) -> None:
    key = stage.workspace.places.key_file
    stage.workspace.places.vault.with_name("vault.json.tmp").write_bytes(b"left")
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "▲ " in words(app), "the health")
        await pilot.press("h")
        await until(pilot, lambda: at(app, "findings"), "the findings")
        assert "vault.json.tmp" in words(app).replace(" ", "")
        await pilot.press("end", "c")
        await until(pilot, lambda: "vault.json.tmp" in app.clipboard, "the copy")
        stage.workspace.places.vault.with_name("vault.json.tmp").unlink()
        await pilot.press("r")
        await until(pilot, lambda: "● Nothing found" in shown(app), "the new look")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "vault"), "the vault")
        assert key.exists()


async def test_the_look_over_opens_what_a_passphrase_opened(home: Path) -> None:
    app = ManageOAuth(passphrase_workspace(home))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "● Nothing found" in shown(app), "the health")
        assert "left out" not in words(app)
        assert "Passphrase: also protects a stolen disk" in words(app)


async def test_until_when_it_is_unlocked_stands_in_the_title(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the kernel keeps no keys for us (containers), what it would say has to come from here.
    end = stage.workspace.now() + 60
    monkeypatch.setattr("tui_oauth.vault.unlocked.unlocked_until", lambda header: end)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "unlocked until" in shown(app), "the title")
        await opened(app, pilot)
        await until(pilot, lambda: "for every program that runs as you" in words(app), "the fact")
        monkeypatch.setattr(stage.workspace, "_clock", lambda: end + 1)
        await until(pilot, lambda: "unlocked until" not in shown(app), "the title to change")


async def test_every_screen_says_how_the_vault_is_protected(stage: Stage) -> None:
    entry = stage.configured("work")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 entry · vault: key file" in shown(app), "the list")
        for open_it in (
            app.open_help,
            lambda: app.open_configure(entry.id),
            lambda: app.open_authorize(entry.id),
            lambda: app.open_guide("intercom", entry.id),
            lambda: app.open_create(lambda _: None),
            lambda: app.open_findings(None),
        ):
            before = app.screen
            open_it()
            await until(pilot, lambda was=before: app.screen is not was, "the screen")  # type: ignore[misc]
            await until(pilot, lambda: "vault: key file" in shown(app).splitlines()[0], "level")
        slot_changes.add_passphrase(stage.workspace.vault, Secret(PASSPHRASE))
        await until(pilot, lambda: "file, passphrase" in shown(app).splitlines()[0], "the change")
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: "vault: key file" in shown(app).splitlines()[0], "level")


async def test_an_older_vault_is_told_and_can_be_accepted(stage: Stage) -> None:
    vault = stage.workspace.places.vault
    older = vault.read_bytes()
    stage.created("one")
    stage.created("two")
    vault.write_bytes(older)
    fresh = Workspace(stage.workspace.environ, stage.workspace.places, stage.workspace.settings)
    app = ManageOAuth(fresh)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "▲ older vault (v)" in shown(app), "the title")
        await opened(app, pilot)
        await until(pilot, lambda: "is older than it was" in words(app), "the notice")
        await pilot.press("o", "y")
        await back_at_vault(app, pilot, "taken as it is from now on")
        assert not fresh.vault_notice
        await until(pilot, lambda: "is older than it was" not in words(app), "the notice to go")
        await pilot.press("o")
        await pilot.pause()
        assert at(app, "vault")


# ---- keys


async def test_a_key_file_is_added_and_opens_the_vault(stage: Stage, home: Path) -> None:
    app = stage.app()
    path = home / "keys" / "cron.key"
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await choose_kind(app, pilot, "key-file")
        await fill(pilot, str(path), "cron")
        await back_at_vault(app, pilot, "Added the key file (cron).")
        assert "cron" in shown(app)
    options = KeyOptions(key_file=str(path))
    assert open_vault(stage.workspace.places, stage.workspace.environ, options).entries() == []


async def test_a_key_file_that_opens_it_already_is_refused_in_the_form(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await choose_kind(app, pilot, "key-file")
        await fill(pilot, str(stage.workspace.places.key_file), "again")
        await until(pilot, lambda: "opens the vault already" in said(app), "the words")
        assert isinstance(app.screen, VaultFormScreen)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "vault"), "the vault")
        assert kinds(stage.workspace) == ["key-file"]


async def test_a_passphrase_is_added_masked_and_only_when_typed_twice(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await opened(app, pilot)
        await choose_kind(app, pilot, "passphrase")
        await fill(pilot, PASSPHRASE, "another", "mine")
        await until(pilot, lambda: "not the same" in words(app), "the words")
        assert PASSPHRASE not in app.export_screenshot()
        await paste(pilot, PASSPHRASE)
        await pilot.press("ctrl+s")
        await back_at_vault(app, pilot, "Added the passphrase (mine).")
        assert "vault: key file, passphrase" in shown(app)
    assert by_passphrase(stage.workspace, PASSPHRASE).entries() == []


async def test_a_recovery_code_is_shown_once_until_it_is_written_down(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await opened(app, pilot)
        await choose_kind(app, pilot, "recovery")
        await fill(pilot, "")
        await until(pilot, lambda: isinstance(app.screen, RecoveryCodeScreen), "the code")
        code = str(app.screen.query_one("#code").render())
        await pilot.press("escape")
        await until(pilot, lambda: "Leave without writing" in shown(app), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: code in shown(app), "the code again")
        await pilot.press("c")
        await until(pilot, lambda: "Recovery code sent to" in words(app), "the copy")
        assert code not in app.clipboard
        await pilot.press("w")
        await back_at_vault(app, pilot, "Added the recovery code")
        assert code not in shown(app)
    assert by_passphrase(stage.workspace, code.lower()).entries() == []


async def test_without_a_system_keyring_none_is_offered(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: "No system keyring:" in words(app), "what the probe found")
        assert app.screen.query_one(OptionList).option_count == 3
        await pilot.click("#cancel")
        await until(pilot, lambda: at(app, "vault"), "the vault")


async def test_a_key_is_removed_after_a_question_and_the_last_one_stays(stage: Stage) -> None:
    slot_changes.add_passphrase(stage.workspace.vault, Secret(PASSPHRASE), "mine")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "mine" in shown(app), "the keys")
        await pilot.press("down", "d")
        await until(pilot, lambda: "Remove the passphrase (mine)?" in shown(app), "the question")
        assert "It still opens copies" in said(app)
        await pilot.press("enter")  # the harmless answer has the focus
        await until(pilot, lambda: at(app, "vault"), "the vault")
        assert kinds(stage.workspace) == ["key-file", "passphrase"]
        await pilot.press("d", "y")
        await back_at_vault(app, pilot, "Removed the passphrase (mine).")
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 1, "one key")
        await pilot.press("d")
        await until(pilot, lambda: "last key that opens the vault" in words(app), "the refusal")
        assert kinds(stage.workspace) == ["key-file"]


async def test_the_passphrase_is_changed(home: Path) -> None:
    workspace = passphrase_workspace(home)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("p")
        await a_form(app, pilot)
        await fill(pilot, "another one", "another one")
        await back_at_vault(app, pilot, "Changed the passphrase")
    assert by_passphrase(workspace, "another one").entries() == []


async def test_a_vault_without_a_passphrase_has_none_to_change(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("p")
        await until(pilot, lambda: "has no passphrase. Press a" in words(app), "the words")


async def test_of_two_passphrases_the_one_under_the_cursor_is_changed(stage: Stage) -> None:
    vault = stage.workspace.vault
    for label in ("first one", "second one"):
        slot_changes.add_passphrase(vault, Secret(f"{PASSPHRASE} {label}"), label)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "second one" in shown(app), "the keys")
        await pilot.press("p")
        await until(pilot, lambda: "There are 2 passphrases" in words(app), "the words")
        await pilot.press("down", "down", "p")
        await a_form(app, pilot)
        await fill(pilot, "new words", "new words")
        await back_at_vault(app, pilot, "Changed the passphrase")
    assert by_passphrase(stage.workspace, f"{PASSPHRASE} first one").entries() == []
    assert by_passphrase(stage.workspace, "new words").entries() == []


# ---- a new data key


async def test_rekey_with_a_key_file_replaces_the_recovery_code(stage: Stage) -> None:
    entry = stage.configured()
    slot_changes.add_recovery(stage.workspace.vault)
    slot_changes.add_passphrase(stage.workspace.vault, Secret(PASSPHRASE), "mine")
    before = stage.workspace.vault.data_key
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("r")
        await until(pilot, lambda: "Rekey the vault?" in shown(app), "the question")
        question = said(app)
        assert "passphrase (mine)" in question
        assert "A new recovery code replaces" in question
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, RecoveryCodeScreen), "the new code")
        code = str(app.screen.query_one("#code").render())
        await pilot.click("#written")
        await result_read(app, pilot, "sealed under a new key")
        assert stage.workspace.vault.data_key != before
        assert kinds(stage.workspace) == ["key-file", "recovery"]
        assert stage.workspace.vault.secrets(entry).client_id
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage") and "practice" in shown(app), "the list")
    assert len(by_passphrase(stage.workspace, code).entries()) == 1


async def test_rekey_of_a_passphrase_vault_asks_for_it(home: Path) -> None:
    workspace = passphrase_workspace(home)
    before = workspace.vault.data_key
    app = ManageOAuth(workspace)
    async with app.run_test(size=(60, 20)) as pilot:
        await opened(app, pilot)
        await pilot.press("r")
        await a_form(app, pilot)
        await fill(pilot, "a wrong one")
        await until(pilot, lambda: "does not open" in words(app), "the refusal")
        app.screen.query_one(Input).value = ""
        app.screen.query_one(Input).focus()
        await fill(pilot, PASSPHRASE)
        await until(pilot, lambda: "Rekey the vault?" in shown(app), "the question")
        await pilot.press("y")
        await result_read(app, pilot, "sealed under a new key")
        assert workspace.vault.data_key != before
    assert by_passphrase(workspace, PASSPHRASE).entries() == []


# ---- copies and bundles


async def test_back_up_now_makes_a_copy_that_opens(stage: Stage) -> None:
    stage.created("one")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("b")
        await back_at_vault(app, pilot, "Made the copy vault.json.")
    made = list(stage.workspace.places.vault.parent.glob("vault.json.*Z.bak"))
    assert [path.read_bytes() for path in made] == [stage.vault_bytes()]


def bundle_of(stage: Stage, path: Path, *names: str) -> None:
    """A bundle of another machine with entries of these names."""
    entries = [
        (Entry(f"{number:032x}", name, "practice", "Practice", 1, 1, revision=1), EntrySecrets())
        for number, name in enumerate(names, 1)
    ]
    write_bundle(path, entries, Secret("bundle words"), stage.workspace.now())


async def test_export_and_import_go_round(stage: Stage, home: Path) -> None:
    entry = stage.configured("work")
    tokens = TokenSet(
        Secret("a"), "Bearer", stage.workspace.now(), None, refresh_token=Secret("canary-refresh")
    )
    stage.workspace.vault.change(
        entry.id,
        lambda now, held: (
            with_tokens(now, tokens, 1),
            EntrySecrets(held.client_id, held.client_secret, tokens),
        ),
    )
    path = home / "out.bundle"
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("x")
        await a_form(app, pilot)
        await fill(pilot, str(path), "bundle words", "bundle words")
        await back_at_vault(app, pilot, "Exported 1 entry to")
        assert "same refresh tokens" in words(app)
        stage.workspace.vault.remove(entry.id)
        await pilot.press("i")
        await a_form(app, pilot)
        await fill(pilot, str(path))
        await until(pilot, lambda: "has a passphrase of its own" in words(app), "the passphrase")
        await fill(pilot, "wrong words")
        await until(pilot, lambda: "does not open the bundle" in words(app), "the refusal")
        app.screen.query_one(Input).value = ""
        app.screen.query_one(Input).focus()
        await fill(pilot, "bundle words")
        await until(pilot, lambda: at(app, "import") and "● add" in shown(app), "the dry run")
        assert stage.workspace.vault.entries() == []
        await pilot.press("ctrl+s")
        await back_at_vault(app, pilot, "Imported: 1 added.")
    (back,) = stage.workspace.vault.entries()
    assert stage.workspace.vault.secrets(back).tokens == tokens


async def test_an_export_never_overwrites(stage: Stage, home: Path) -> None:
    path = home / "there"
    path.write_text("mine")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("x")
        await a_form(app, pilot)
        await fill(pilot, str(path), "words", "words")
        await until(pilot, lambda: "There is something at" in words(app), "the refusal")
    assert path.read_text() == "mine"


@pytest.mark.parametrize("size", SIZES)
async def test_conflicts_of_an_import_stay_unless_they_are_replaced(
    stage: Stage, home: Path, size: tuple[int, int]
) -> None:
    mine = stage.created("same name")
    bundle_of(stage, home / "in.bundle", "same name", "new one")
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        await pilot.press("i")
        await a_form(app, pilot)
        await fill(pilot, str(home / "in.bundle"))
        await until(pilot, lambda: "has a passphrase of its own" in words(app), "the passphrase")
        await fill(pilot, "bundle words")
        await until(pilot, lambda: "▲ yours stays" in shown(app), "the conflict")
        await pilot.press("r")
        await until(pilot, lambda: "▲ replace yours" in shown(app), "the other way")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Replace 1 of your entries?" in shown(app), "the question")
        await pilot.press("escape")
        await pilot.press("r")
        await until(pilot, lambda: "▲ yours stays" in shown(app), "the conflict")
        assert len(stage.workspace.vault.entries()) == 1
        await pilot.press("ctrl+s")
        await back_at_vault(app, pilot, "Imported: 1 added, 1 left alone.")
    assert {entry.id for entry in stage.workspace.vault.entries()} == {mine.id, f"{2:032x}"}


async def test_a_replacement_is_carried_out_after_the_question(stage: Stage, home: Path) -> None:
    stage.created("same name")
    bundle_of(stage, home / "in.bundle", "same name")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("i")
        await a_form(app, pilot)
        await fill(pilot, str(home / "in.bundle"))
        await until(pilot, lambda: "has a passphrase of its own" in words(app), "the passphrase")
        await fill(pilot, "bundle words")
        await until(pilot, lambda: "There is nothing to take over" in words(app), "the dry run")
        await pilot.press("r")
        await until(pilot, lambda: "▲ replace yours" in shown(app), "the other way")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Replace 1 of your entries?" in shown(app), "the question")
        await pilot.press("y")
        await back_at_vault(app, pilot, "Imported: 1 replaced.")
    assert [entry.id for entry in stage.workspace.vault.entries()] == [f"{1:032x}"]


async def test_a_copy_of_this_vault_needs_no_passphrase(stage: Stage) -> None:
    stage.created("one")
    gone = stage.created("two")
    app = stage.app()
    vault = stage.workspace.places.vault
    copy = vault.with_name("kept")
    copy.write_bytes(vault.read_bytes())
    stage.workspace.vault.remove(gone.id)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("i")
        await a_form(app, pilot)
        await fill(pilot, str(copy))
        await until(pilot, lambda: at(app, "import") and "· same" in shown(app), "the dry run")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "vault"), "the vault")
    assert len(stage.workspace.vault.entries()) == 1


async def test_a_file_that_is_no_bundle_is_said_to_be_none(stage: Stage, home: Path) -> None:
    (home / "text").write_text("hello")
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await opened(app, pilot)
        await pilot.press("i")
        await a_form(app, pilot)
        await fill(pilot, str(home / "none"))
        await until(pilot, lambda: "There is no file" in words(app), "the words")
        app.screen.query_one(Input).value = str(home / "text")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "neither a bundle nor" in words(app), "the words")


# ---- nothing blocks, everything in reach


async def test_while_a_key_is_derived_the_window_lives_and_the_write_is_not_left(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    derive = slot_changes.slots.passphrase_slot

    def slow(*args: Any) -> Any:
        go_on.wait(10)
        return derive(*args)

    monkeypatch.setattr("tui_oauth.vault.slots.passphrase_slot", slow)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await choose_kind(app, pilot, "passphrase")
        await fill(pilot, PASSPHRASE, PASSPHRASE, "mine")
        await until(pilot, lambda: "Deriving the key" in words(app), "the words")
        await pilot.press("escape", "ctrl+s")
        assert isinstance(app.screen, VaultFormScreen)
        go_on.set()
        await back_at_vault(app, pilot, "Added the passphrase (mine).")
    assert kinds(stage.workspace) == ["key-file", "passphrase"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", [("a",), ("x",), ("i",), ("r",), ("p",)])
async def test_every_button_can_be_reached_at_every_size(
    home: Path, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    app = ManageOAuth(passphrase_workspace(home))
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: not at(app, "vault"), "the dialog")
        await pilot.pause()
        for button in app.screen.query(Button).results(Button):
            button.scroll_visible(animate=False)
            await pilot.pause()
            assert button.region in app.screen.region, button.id
        await pilot.click("#cancel")
        await until(pilot, lambda: at(app, "vault"), "the vault")


async def test_no_secret_stands_in_an_exported_picture_of_any_form(home: Path) -> None:
    app = ManageOAuth(passphrase_workspace(home))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        for key in ("p", "r", "x"):
            await pilot.press(key)
            await a_form(app, pilot)
            for field in app.screen.query(Input).results(Input):
                field.focus()
                if key != "x" or field.id != "blank-file":
                    await paste(pilot, PASSPHRASE)
            assert PASSPHRASE not in app.export_screenshot()
            await pilot.press("escape")
            await until(pilot, lambda: at(app, "vault"), "the vault")
