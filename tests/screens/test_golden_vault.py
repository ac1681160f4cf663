"""The Vault screen, its dialogs, and both versions of an entry that was changed elsewhere, as text."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.screens.golden import same_as_file
from tests.screens.people import NOW, workspace
from tests.tui.stage import at, shown, until
from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.vault import crypto
from tui_oauth.vault.health.findings import Report
from tui_oauth.vault_care import Copy
from tui_oauth.workspace import Workspace

SIZES = [(80, 24), (120, 40), (60, 20)]
Step = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture
def still(home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A vault with three keys, made at a fixed time, with copies of a fixed time beside it.

    What doctor finds depends on the machine (its file system, for one), so the report is given.
    """
    from tui_oauth.vault import slot_changes

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    clock = SimpleNamespace(**{**vars(time), "time": lambda: NOW - 86_400})
    for module in ("create", "slot_changes"):
        monkeypatch.setattr(f"tui_oauth.vault.{module}.time", clock)
    made = workspace(home)
    slot_changes.add_passphrase(made.vault, Secret("some words"), "by heart")
    slot_changes.add_recovery(made.vault, "in the safe")
    copy = Copy(home / "vault.json.bak", NOW - 7_200, 2)
    monkeypatch.setattr("tui_oauth.vault_care.newest_copy", lambda vault: copy)
    report = Report()
    report.warn("key-beside", "The key file stands beside the vault.", "Keep them apart.")
    report.note("disk", "There is room for much more.")
    report.done("the folders")
    report.done("the seal (MAC)")
    monkeypatch.setattr("tui_oauth.doctor.examine", lambda workspace: (report, None))
    return made


async def _vault(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: "tickets" in shown(pilot.app), "the list")
    await pilot.press("v")
    await until(pilot, lambda: "▲ 1 finding" in shown(pilot.app), "the vault")


async def _findings(pilot: Pilot[Any]) -> None:
    await _vault(pilot)
    await pilot.press("h")
    await until(pilot, lambda: "Keep them apart." in shown(pilot.app), "the findings")


async def _new_key(pilot: Pilot[Any]) -> None:
    await _vault(pilot)
    await pilot.press("a")
    await until(pilot, lambda: "No system keyring" in shown(pilot.app), "the kinds")


async def _code(pilot: Pilot[Any]) -> None:
    await _vault(pilot)
    await pilot.press("a")
    await until(pilot, lambda: "No system keyring" in shown(pilot.app), "the kinds")
    await pilot.press("down", "down", "enter")
    await until(pilot, lambda: "have a pen ready" in shown(pilot.app), "the form")
    await pilot.press("enter")
    await until(pilot, lambda: "I wrote it down" in shown(pilot.app), "the code")


async def _passphrase(pilot: Pilot[Any]) -> None:
    await _vault(pilot)
    await pilot.press("p")
    await until(pilot, lambda: "New passphrase" in shown(pilot.app), "the form")


async def _unlock(pilot: Pilot[Any]) -> None:
    await _vault(pilot)
    await pilot.press("u")
    await until(pilot, lambda: "For how long" in shown(pilot.app), "the form")


async def _locked(pilot: Pilot[Any]) -> None:
    await _vault(pilot)
    await pilot.press("l")
    await until(pilot, lambda: "goes on working" in shown(pilot.app), "what it means")


async def _damaged(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: at(pilot.app, "unopened"), "why it does not open")


async def _salvage(pilot: Pilot[Any]) -> None:
    await _damaged(pilot)
    await pilot.press("s")
    await until(pilot, lambda: "New file" in shown(pilot.app), "the form")


async def _salvaged(pilot: Pilot[Any]) -> None:
    await _salvage(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: "Lost: crm" in shown(pilot.app), "the result")


async def _conflict(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: "tickets" in shown(pilot.app), "the list")
    app = pilot.app
    assert isinstance(app, ManageOAuth)
    entry = app.workspace.vault.find("repo-sync")
    app.open_configure(entry.id)
    await until(pilot, lambda: at(app, "configure") and isinstance(app.focused, Input), "the form")
    app.screen.query_one("#field-client-id", Input).value = "my-new-id"

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        return current, EntrySecrets("their-new-id", Secret("other"))

    app.workspace.vault.change(entry.id, edit)
    await pilot.press("ctrl+s")
    await until(pilot, lambda: at(app, "conflict"), "both versions")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("vault", _vault),
        ("doctor", _findings),
        ("add-key", _new_key),
        ("recovery-code", _code),
        ("change-passphrase", _passphrase),
        ("unlock-a-while", _unlock),
        ("locked", _locked),
        ("conflict", _conflict),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
async def test_the_screen_is_as_it_was_reviewed(
    still: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    step: Step,
    size: tuple[int, int],
) -> None:
    # The one random number in these pictures is the recovery code.
    monkeypatch.setattr("tui_oauth.vault.recovery.crypto", _same_bytes())
    # Neither is what the kernel keeps of a key for us, and whether it does.
    for part, value in (("unlocked_until", None), ("check_kernel", None), ("lock_again", True)):
        monkeypatch.setattr(f"tui_oauth.vault.unlocked.{part}", lambda _, value=value: value)
    # Whether this machine has a keyring is not the picture's matter.
    monkeypatch.setattr("tui_oauth.vault.os_keyring.probe", _no_keyring)
    app = ManageOAuth(still)
    async with app.run_test(size=size) as pilot:
        await step(pilot)
        await pilot.pause()
        same_as_file(app, f"{name}-{size[0]}x{size[1]}")


@pytest.fixture
def damaged(home: Path) -> Workspace:
    """The vault as the window finds it at its start, with one entry spoilt."""
    made = workspace(home)
    crm, path = made.vault.find("crm"), made.places.vault
    data = bytearray(path.read_bytes())
    secrets = data.index(b'"sec":"', data.index(crm.id.encode())) + 20
    data[secrets : secrets + 12] = b"A" * 12
    path.write_bytes(data)
    return Workspace(made.environ, made.places, made.settings, clock=lambda: NOW)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("name", "step"),
    [("damaged", _damaged), ("salvage", _salvage), ("salvaged", _salvaged)],
    ids=lambda part: part if isinstance(part, str) else "",
)
async def test_a_damaged_vault_looks_as_it_was_reviewed(
    damaged: Workspace, name: str, step: Step, size: tuple[int, int]
) -> None:
    app = ManageOAuth(damaged)
    async with app.run_test(size=size) as pilot:
        await step(pilot)
        await pilot.pause()
        same_as_file(app, f"{name}-{size[0]}x{size[1]}")


def _same_bytes() -> SimpleNamespace:
    return SimpleNamespace(sha256=crypto.sha256, random_bytes=lambda count: bytes(range(count)))


def _no_keyring(environ: object) -> str:
    from tui_oauth.vault.os_keyring import Unavailable

    raise Unavailable("this system has no keyring that the package keyring can use")
