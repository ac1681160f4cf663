"""How the vault stands, a new data key for an open one, and doctor with a vault that is open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui_oauth import doctor, vault_care
from tui_oauth.errors import VaultLocked
from tui_oauth.paths import places
from tui_oauth.secret import Secret
from tui_oauth.settings import Settings
from tui_oauth.vault import KeyOptions, create_vault, open_vault, slot_changes
from tui_oauth.vault.backups import all_copies, make_copy
from tui_oauth.workspace import Workspace

WORDS = Secret("correct horse")


@pytest.fixture
def locked(home: Path) -> Workspace:
    """A vault that only a passphrase opens, opened by it."""
    environ = {"HOME": str(home), "PATH": os.environ["PATH"]}
    workspace = Workspace(environ, places(environ), Settings())
    workspace.use_vault(create_vault(workspace.places, passphrase=WORDS))
    return workspace


def test_how_it_stands(locked: Workspace) -> None:
    slot_changes.add_recovery(locked.vault, "safe")
    slot_changes.add_recovery(locked.vault, "bank")
    make_copy(locked.vault.verified_bytes(), locked.places.vault, None, 1_000)
    first, second = all_copies(locked.places.vault)
    os.utime(first, (9_000, 9_000))
    os.utime(second, (5_000, 5_000))
    found = vault_care.standing(locked)
    assert found.protection == "passphrase, recovery code"
    assert found.words == vault_care.PROTECTS["passphrase"]
    assert [slot.kind for slot in found.slots] == ["passphrase", "recovery", "recovery"]
    assert found.entries == 0
    assert found.copy == vault_care.Copy(first, 9_000, 2)
    assert found.notice == ""


def test_a_vault_without_copies_has_none(locked: Workspace) -> None:
    assert vault_care.standing(locked).copy is None


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (("key-file",), vault_care.PROTECTS["key-file"]),
        (("recovery", "passphrase"), vault_care.PROTECTS["passphrase"]),
        (("passphrase", "key-file"), vault_care.WITH_KEY_FILE),
        (("keyring", "recovery"), vault_care.OTHER),
    ],
)
def test_what_protects_is_what_the_weakest_key_does(kinds: tuple[str, ...], words: str) -> None:
    assert vault_care.protects(kinds) == words


def test_a_rekeying_needs_a_key_that_is_given_now(locked: Workspace) -> None:
    with pytest.raises(VaultLocked):
        vault_care.plan_rekey(locked)
    before = locked.vault.data_key
    vault, plan = vault_care.plan_rekey(locked, WORDS)
    after = vault_care.carry_out_rekey(locked, vault, plan)
    assert after.code is None
    assert [path.name for path in after.old_copies] == ["vault.json.bak"]
    said = " ".join(vault_care.after_rekey(after))
    assert "open with the old keys: vault.json.bak." in said
    assert "revoke tokens at the services" in said
    assert locked.vault.data_key != before
    opened = open_vault(locked.places, locked.environ, KeyOptions(), passphrase=WORDS)
    assert opened.data_key == locked.vault.data_key


def test_doctor_uses_the_key_of_a_vault_that_is_open(locked: Workspace) -> None:
    report, keys = doctor.examine(locked)
    assert report.left_out == []
    assert keys is not None
    closed = Workspace(locked.environ, locked.places, Settings())
    report, keys = doctor.examine(closed)
    assert report.left_out
    assert keys is None


def test_doctor_does_not_take_the_old_key_of_a_vault_that_has_a_new_one(
    locked: Workspace,
) -> None:
    elsewhere = Workspace(locked.environ, locked.places, Settings())
    vault_care.carry_out_rekey(elsewhere, *vault_care.plan_rekey(elsewhere, WORDS))
    report, keys = doctor.examine(locked)
    assert keys is None
    assert not report.damaged
    assert report.left_out


def test_doctor_finds_damage_in_a_vault_that_is_open(locked: Workspace) -> None:
    path = locked.places.vault
    data = path.read_bytes()
    path.write_bytes(data[:-20] + b"0" * 20)
    report, keys = doctor.examine(locked)
    assert keys is not None
    assert report.damaged
