"""The eight traps of TinyDB (4.9.0) that this vault closes, each shown to stay closed."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from tinydb import TinyDB, where
from vault_helpers import entry, reopen, secrets

from tui_oauth.errors import VaultDamaged, VaultMissing
from tui_oauth.paths import Places
from tui_oauth.vault import Vault, crypto, files, read_header


def test_trap_1_no_update_is_lost_between_two_writers(vault: Vault, home: Path) -> None:
    made = vault.add(entry(created_at=0))
    writers = [reopen(home) for _ in range(4)]

    def count(writer: Vault) -> None:
        for _ in range(10):
            writer.change(
                made.id, lambda held, kept: (held._replace(created_at=held.created_at + 1), kept)
            )

    threads = [threading.Thread(target=count, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert vault.get(made.id).created_at == 40
    assert vault.get(made.id).revision == 41


def test_trap_1_tinydb_cannot_write_outside_a_transaction(vault: Vault, spots: Places) -> None:
    vault.add(entry())
    before = spots.vault.read_bytes()
    with pytest.raises(RuntimeError, match="transaction"):
        vault._table.truncate()
    assert spots.vault.read_bytes() == before
    assert len(vault.entries()) == 1


def test_trap_2_no_query_cache_hides_what_others_wrote(vault: Vault, home: Path) -> None:
    made = vault.add(entry(), secrets(access="old"))
    other = reopen(home)
    for reader in (vault, other):
        assert reader.secrets(reader.find("work")) == secrets(access="old")
    vault.change(made.id, lambda held, kept: (held, secrets(access="new")))
    assert other.secrets(other.find("work")) == secrets(access="new")
    assert len(other._table._query_cache) == 0


def test_trap_3_document_numbers_are_random_and_do_not_collide(
    vault: Vault, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = reopen(home)
    for count in range(3):
        vault.add(entry(f"a{count}"))
        other.add(entry(f"b{count}"))
    numbers = [document.doc_id for document in vault._table.all()]
    assert len(set(numbers)) == 6
    assert max(numbers) < 2**53
    assert max(numbers) > 2**32  # counting up would not have got there

    taken = (numbers[0] << 11).to_bytes(8, "big")
    first_try = iter([taken])
    real = crypto.random_bytes
    monkeypatch.setattr(
        crypto,
        "random_bytes",
        lambda size: next(first_try, real(size)) if size == 8 else real(size),
    )
    vault.add(entry("after a collision"))
    assert len(vault.entries()) == 7


def test_trap_4_one_operation_sees_one_state(
    vault: Vault, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.add(entry())
    reads: list[Path] = []
    real = files.read_private

    def counted(path: Path, what: str, limit: int, **more: bool) -> object:
        reads.append(path)
        return real(path, what, limit, **more)

    monkeypatch.setattr(files, "read_private", counted)
    with vault._storage.transaction():
        for _ in range(3):
            assert vault._table.contains(where("rev") == 1)
            assert vault._table.get(where("rev") == 1) is not None
    assert len(reads) == 1
    vault.entries()
    vault.find("work")
    assert len(reads) == 1  # the file did not change


def test_trap_5_a_file_renamed_into_place_is_seen(vault: Vault, home: Path) -> None:
    other = reopen(home)
    other.entries()
    vault.add(entry("new"))  # another inode at the same path
    assert other.changed_on_disk()
    assert [held.name for held in other.entries()] == ["new"]
    assert not other.changed_on_disk()
    other.add(entry("newer"))
    assert [held.name for held in vault.entries()] == ["new", "newer"]


def test_trap_6_nothing_is_cached_before_it_is_on_disk(vault: Vault, home: Path) -> None:
    for count in range(3):
        vault.add(entry(f"e{count}"))
        assert len(reopen(home).entries()) == count + 1


def test_trap_7_an_empty_file_is_damaged_and_not_an_empty_vault(
    vault: Vault, home: Path, spots: Places
) -> None:
    os.truncate(spots.vault, 0)
    with pytest.raises(VaultDamaged, match="empty"):
        reopen(home)
    with pytest.raises(VaultDamaged, match="empty"):
        vault.add(entry())
    assert spots.vault.stat().st_size == 0
    with TinyDB(spots.vault, access_mode="r") as plain:
        assert plain.tables() == set()  # what TinyDB itself would have made of it


def test_trap_7_a_missing_vault_is_not_made_by_reading(home: Path, spots: Places) -> None:
    for look in (lambda: reopen(home), lambda: read_header(spots.vault)):
        with pytest.raises(VaultMissing):
            look()
    assert list(home.iterdir()) == []


def test_rule_111_trap_8_modes_do_not_depend_on_the_umask(home: Path, spots: Places) -> None:
    from tui_oauth.vault import create_vault

    for mask in (0o000, 0o077, 0o277):
        before = os.umask(mask)
        try:
            place = spots._replace(vault=home / f"{mask:o}" / "deep" / "vault.json")
            place = place._replace(key_file=home / f"{mask:o}-key" / "vault.key")
            if mask == 0o277:  # folders under such a mask are of no use to anyone
                place.vault.parent.mkdir(parents=True)
                place.key_file.parent.mkdir()
                for folder in (
                    place.vault.parent.parent,
                    place.vault.parent,
                    place.key_file.parent,
                ):
                    folder.chmod(0o700)
            vault = create_vault(place)
            made = vault.add(entry(), secrets())
            if mask != 0o277:
                with vault.entry_lock(made.id, 1.0), vault.reserve(made.id):
                    assert len(list((place.vault.parent / "locks").iterdir())) == 2
        finally:
            os.umask(before)
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in home.rglob("*")}
    assert modes == {(True, 0o700), (False, 0o600)}
