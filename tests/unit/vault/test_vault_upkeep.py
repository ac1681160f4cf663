"""What stands beside the vault for a refresh: entry locks, reserved room, the kept answer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from vault_helpers import entry, reopen, secrets, tokens, with_access

from tui_oauth.errors import StorageFailed, VaultBusy, VaultDamaged
from tui_oauth.model import EntrySecrets
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault, files


def test_an_entry_lock_is_for_one_entry_and_ends_with_its_block(vault: Vault, home: Path) -> None:
    one, two = vault.add(entry("one")), vault.add(entry("two"))
    other = reopen(home)
    with vault.entry_lock(one.id, 1.0):
        with (
            pytest.raises(VaultBusy, match=f"process {os.getpid()}") as caught,
            other.entry_lock(one.id, 0.02),
        ):
            pytest.fail("two at once")
        assert caught.value.exit_code == 5
        with other.entry_lock(two.id, 0.02):
            other.change(one.id, with_access("x"))
    with other.entry_lock(one.id, 0.02):
        assert other.secrets(one).tokens == tokens("x")


def test_rooms_are_reserved_and_used_up_by_the_change(vault: Vault, spots: Places) -> None:
    made = vault.add(entry(), secrets())
    path = spots.vault.parent / "locks" / f"{made.id}.reserve"
    with vault.reserve(made.id):
        status = path.stat()
        assert status.st_blocks * 512 >= spots.vault.stat().st_size + 64 * 1024
        vault.change(made.id, with_access("at-2"))
        assert not path.exists()
    with pytest.raises(RuntimeError, match="no answer"), vault.reserve(made.id):
        raise RuntimeError("no answer")
    assert not path.exists()


def test_a_full_disk_is_found_before_the_request(
    vault: Vault, spots: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = vault.add(entry(), secrets())

    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageFailed, match=r"disk is full") as caught, vault.reserve(made.id):
        pytest.fail("went on")
    assert "Nothing was asked of the provider" in caught.value.message
    assert list((spots.vault.parent / "locks").iterdir()) == []


def test_an_answer_that_could_not_be_stored_is_kept_until_it_is(
    vault: Vault, home: Path, spots: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = vault.add(entry(), secrets())
    with monkeypatch.context() as broken:

        def full(*_: object, **__: object) -> None:
            raise StorageFailed("Could not write: disk full.")

        broken.setattr(files, "replace_private", full)
        with pytest.raises(StorageFailed):
            vault.change(made.id, with_access("at-2"))
    vault.keep_pending(made.id, tokens("at-2", "rt-2"), sent=Secret("rt-1"))
    kept = (spots.vault.parent / "locks" / f"{made.id}.pending").read_bytes()
    assert b"at-2" not in kept
    assert b"rt-" not in kept

    again = reopen(home)
    for _ in range(2):  # it stays until it is stored
        assert again.take_pending(made.id) == tokens("at-2", "rt-2")
    again.change(made.id, lambda held, kept: (held._replace(account="renamed"), kept))
    found = again.take_pending(made.id)
    assert found is not None
    again.change(made.id, lambda held, kept: (held, kept._replace(tokens=found)))
    assert again.take_pending(made.id) is None
    assert again.secrets(made).tokens == tokens("at-2", "rt-2")
    assert list((spots.vault.parent / "locks").iterdir()) == []


def test_a_kept_answer_gives_way_to_a_newer_authorization(vault: Vault, spots: Places) -> None:
    made = vault.add(entry(), secrets())
    vault.change(made.id, lambda held, kept: (held, kept._replace(tokens=tokens("new", "rt-9"))))
    vault.keep_pending(made.id, tokens("old", "rt-2"), sent=Secret("rt-1"))
    assert vault.take_pending(made.id) is None
    assert list((spots.vault.parent / "locks").iterdir()) == []


def test_a_kept_answer_of_another_entry_or_damaged_is_refused(vault: Vault, spots: Places) -> None:
    one, two = vault.add(entry("one"), secrets()), vault.add(entry("two"), secrets())
    folder = spots.vault.parent / "locks"
    vault.keep_pending(one.id, tokens("x"), sent=Secret("rt-1"))
    path = folder / f"{one.id}.pending"
    path.rename(folder / f"{two.id}.pending")
    with pytest.raises(VaultDamaged, match="kept answer"):
        vault.take_pending(two.id)
    (folder / f"{two.id}.pending").write_bytes(b"\xff")
    with pytest.raises(VaultDamaged, match="kept answer"):
        vault.take_pending(two.id)
    assert (folder / f"{two.id}.pending").exists()


def test_a_kept_answer_for_a_token_that_renews_itself(vault: Vault) -> None:
    alone = tokens("at-1", None)
    made = vault.add(entry(), EntrySecrets("client-1", None, alone))
    vault.keep_pending(made.id, tokens("at-2", None), sent=alone.access_token)
    assert vault.take_pending(made.id) == tokens("at-2", None)
    vault.keep_pending(made.id, tokens("at-3", None), sent=Secret("at-0"))
    assert vault.take_pending(made.id) is None


def test_a_kept_answer_outlives_changes_beside_the_tokens(vault: Vault) -> None:
    made = vault.add(entry(), secrets())
    vault.keep_pending(made.id, tokens("at-2", "rt-2"), sent=Secret("rt-1"))
    vault.change(
        made.id,
        lambda held, kept: (held, kept._replace(tokens=tokens()._replace(extra={"tenant": "1"}))),
    )
    assert vault.take_pending(made.id) == tokens("at-2", "rt-2")
    vault.change(made.id, with_access("at-3"))
    assert vault.take_pending(made.id) is None
