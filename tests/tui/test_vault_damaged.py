"""A vault that does not open at the start of the window, or is damaged under it: doctor and salvage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, at, fresh_copy, place_of, shown, until, words
from test_vault_screen import PASSPHRASE, a_form, fill, opened, passphrase_workspace, said
from textual.pilot import Pilot
from textual.widgets import Input

from tests.bench.filled import authorized_entry
from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.vault import KeyOptions, create_vault, open_vault, read_header, slot_changes
from tui_oauth.workspace import Workspace

NAMES = ("crm", "books", "tickets")


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


def filled(workspace: Workspace) -> Workspace:
    """Three entries, and one more change, so that the last copy has them all."""
    vault = workspace.vault
    for name in NAMES:
        entry = vault.add(*authorized_entry(name, f"token of {name}"))
    vault.change(entry.id, lambda now, held: (now._replace(account="Acme Europe"), held))
    return workspace


def spoil(vault: Path, name: str, workspace: Workspace) -> bytes:
    """Spoil the secrets of one entry beyond what salvage can turn back; the bytes are then these."""
    entry = workspace.vault.find(name)
    data = bytearray(vault.read_bytes())
    at_id = data.index(entry.id.encode())
    secrets = data.index(b'"sec":"', at_id) + 20
    data[secrets : secrets + 12] = b"A" * 12
    vault.write_bytes(data)
    return bytes(data)


def by_key(places: Any, vault: Path) -> list[str]:
    opened_vault = open_vault(places._replace(vault=vault), {}, KeyOptions())
    return [entry.name for entry in opened_vault.entries()]


async def not_opened(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: at(app, "unopened"), "why the vault does not open")


async def ask_salvage(app: ManageOAuth, pilot: Pilot[Any], out: Path) -> None:
    await pilot.press("s")
    await a_form(app, pilot)
    app.screen.query_one(Input).value = str(out)
    await pilot.press("enter")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_salvage_saves_says_what_is_lost_and_which_copy_has_it(
    stage: Stage, home: Path, size: tuple[int, int]
) -> None:
    workspace = filled(stage.workspace)
    vault = workspace.places.vault
    damaged = spoil(vault, "books", workspace)
    out = home / "saved.json"
    app = ManageOAuth(fresh_copy(workspace))
    async with app.run_test(size=size) as pilot:
        await not_opened(app, pilot)
        assert "its seal does not fit its content" in words(app)
        await ask_salvage(app, pilot, out)
        await until(pilot, lambda: at(app, "salvaged"), "the result")
        assert "● 2 saved · ✕ 1 lost" in shown(app)
        text = words(app)
        assert "Salvaged 2 entries to" in text
        assert "crm, tickets" in text
        await pilot.press("end")
        await pilot.press("c")
        await until(
            pilot, lambda: "Lost: books: damaged; vault.json.bak has it." in app.clipboard, ""
        )
        assert "mv ~/saved.json ~/.local/share/tui-oauth/vault.json" in app.clipboard
        assert "tui-oauth import ~/.local/share/tui-oauth/vault.json.bak --dry-run" in app.clipboard
        assert vault.read_bytes() == damaged
        assert by_key(workspace.places, out) == ["crm", "tickets"]
        await pilot.press("escape")
        await not_opened(app, pilot)
        out.rename(vault)
        await pilot.press("r")
        await until(pilot, lambda: at(app, "manage") and "tickets" in shown(app), "the list")


async def test_doctor_s_findings_are_read_and_the_mouse_gets_there(stage: Stage) -> None:
    workspace = filled(stage.workspace)
    spoil(workspace.places.vault, "books", workspace)
    app = ManageOAuth(fresh_copy(workspace))
    async with app.run_test(size=(80, 24)) as pilot:
        await not_opened(app, pilot)
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Doctor"))
        await until(
            pilot, lambda: at(app, "findings") and "✕ Damaged" in shown(app), "the findings"
        )
        assert "entries 2 can still be opened, 1 cannot" in words(app)
        await pilot.press("escape")
        await not_opened(app, pilot)
        await pilot.press("c")
        await until(pilot, lambda: "its seal does not fit" in app.clipboard, "the copy")
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Try again"))
        await not_opened(app, pilot)


async def test_a_damaged_passphrase_vault_asks_for_it_and_then_salvages(home: Path) -> None:
    workspace = filled(passphrase_workspace(home))
    vault = workspace.places.vault
    vault.write_bytes(vault.read_bytes()[:-40])
    before = vault.read_bytes()
    out = home / "saved.json"
    app = ManageOAuth(fresh_copy(workspace))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: at(app, "unlock"), "the passphrase")
        await fill(pilot, PASSPHRASE)
        await not_opened(app, pilot)
        assert "its end is missing" in words(app)
        await ask_salvage(app, pilot, out)
        await until(pilot, lambda: "what opens the vault opens what is left" in said(app), "asked")
        await fill(pilot, "a wrong one")
        await until(pilot, lambda: "does not open the vault" in said(app), "the refusal")
        assert not out.exists()
        field = app.screen.query_one(Input)
        field.value = ""
        field.focus()
        await fill(pilot, PASSPHRASE)
        await until(pilot, lambda: at(app, "salvaged"), "the result")
        assert "● 3 saved" in shown(app)
        assert vault.read_bytes() == before
        await pilot.press("escape")
        await not_opened(app, pilot)
        await pilot.press("r")
        await until(pilot, lambda: at(app, "unlock"), "the passphrase again")
    saved = open_vault(workspace.places._replace(vault=out), {}, passphrase=Secret(PASSPHRASE))
    assert sorted(entry.name for entry in saved.entries()) == sorted(NAMES)


async def test_nothing_is_salvaged_over_a_file_that_is_there(stage: Stage, home: Path) -> None:
    workspace = filled(stage.workspace)
    spoil(workspace.places.vault, "books", workspace)
    out = home / "mine"
    out.write_text("mine")
    app = ManageOAuth(fresh_copy(workspace))
    async with app.run_test(size=(80, 24)) as pilot:
        await not_opened(app, pilot)
        await ask_salvage(app, pilot, out)
        await until(pilot, lambda: "There is something at" in words(app), "the refusal")
        await pilot.press("escape")
        await not_opened(app, pilot)
    assert out.read_text() == "mine"


async def test_a_vault_of_a_newer_version_is_left_alone(stage: Stage) -> None:
    vault = stage.workspace.places.vault
    newer = vault.read_bytes().replace(b'"v":1', b'"v":2', 1)
    vault.write_bytes(newer)
    app = ManageOAuth(fresh_copy(stage.workspace))
    async with app.run_test(size=(80, 24)) as pilot:
        await not_opened(app, pilot)
        assert "made by a newer tui-oauth" in words(app)
        assert "Salvage" not in shown(app)
        await pilot.press("s")
        await pilot.pause()
        assert at(app, "unopened")
        await pilot.press("q")
    assert vault.read_bytes() == newer


async def test_damage_under_the_open_window_is_said_and_salvaged_without_a_passphrase(
    home: Path,
) -> None:
    workspace = filled(passphrase_workspace(home))
    vault, out = workspace.places.vault, home / "saved.json"
    whole = vault.read_bytes()
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        spoil(vault, "crm", workspace)
        await until(
            pilot, lambda: "Press h for what doctor finds, s to salvage" in words(app), "it"
        )
        await until(pilot, lambda: "✕ Damaged" in shown(app), "the health")
        await ask_salvage(app, pilot, out)
        await until(pilot, lambda: at(app, "salvaged"), "the result")
        assert "● 2 saved · ✕ 1 lost" in shown(app)
        await pilot.press("escape")
        vault.write_bytes(whole)
        await until(pilot, lambda: at(app, "vault") and "Protection" in shown(app), "it is whole")
        await until(pilot, lambda: "✕" not in shown(app), "the complaint to go")


async def test_a_whole_vault_is_copied_and_said_to_be_whole(stage: Stage, home: Path) -> None:
    workspace = filled(stage.workspace)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await ask_salvage(app, pilot, home / "saved.json")
        await until(pilot, lambda: at(app, "salvaged"), "the result")
        assert "nothing is missing, and this is the last state" in words(app)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "vault"), "the vault")
    assert sorted(by_key(workspace.places, home / "saved.json")) == sorted(NAMES)


async def test_a_lost_key_file_s_vault_opens_by_its_recovery_code(home: Path) -> None:
    environ = {"HOME": str(home), "TERM": "xterm-256color"}
    workspace = Workspace.from_environment(environ)
    code = slot_changes.add_recovery(create_vault(workspace.places))[1]
    workspace.places.key_file.unlink()
    app = ManageOAuth(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: at(app, "unlock"), "the question")
        assert "Its recovery code does" in words(app)
        await fill(pilot, code.reveal()[:-1] + ("A" if code.reveal()[-1] != "A" else "B"))
        await until(pilot, lambda: "its checksum does not fit" in words(app), "the slip")
        await fill(pilot, code.reveal())
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")
    assert [slot.kind for slot in read_header(workspace.places.vault).slots][-1] == "recovery"
