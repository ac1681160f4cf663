"""Copies beside the vault: the one of the last change, those of days, those made on demand."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from vault_helpers import entry, reopen, secrets

from tui_oauth.errors import AlreadyExists, StorageFailed, UnsafePath, UsageProblem, VaultDamaged
from tui_oauth.paths import Places
from tui_oauth.vault import Vault, backups, create_vault, open_vault, storage

DAY = 86_400
NOON = 1_700_049_600  # 2023-11-15, 12:00 UTC


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [float(NOON)]
    monkeypatch.setattr(storage.time, "time", lambda: now[0])
    return now


def touch(vault: Vault) -> None:
    held = vault.entries()[0]
    vault.change(held.id, lambda e, s: (e._replace(updated_at=e.updated_at + 1), s))


def test_the_first_change_of_a_day_keeps_the_state_before_it(
    vault: Vault, home: Path, spots: Places, clock: list[float]
) -> None:
    vault.add(entry(), secrets())
    assert backups.daily(spots.vault) == []  # there was nothing to keep
    before = spots.vault.read_bytes()
    for _ in range(3):
        touch(vault)
    (copy,) = backups.daily(spots.vault)
    assert copy.name == "vault.json.2023-11-15.bak"
    assert copy.read_bytes() == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    clock[0] += DAY
    newest = spots.vault.read_bytes()
    touch(reopen(home))
    assert [path.name for path in backups.daily(spots.vault)] == [
        "vault.json.2023-11-16.bak",
        "vault.json.2023-11-15.bak",
    ]
    assert backups.daily(spots.vault)[0].read_bytes() == newest
    assert open_vault(spots._replace(vault=copy), {}).entries()[0].updated_at == 1_700_000_000


def test_five_days_are_kept_and_other_copies_left_alone(
    vault: Vault, spots: Places, clock: list[float], tmp_path: Path
) -> None:
    other = spots._replace(vault=tmp_path / "other.json")
    create_vault(other)
    foreign = spots.vault.with_name("vault.json.2001-01-01.bak")
    other.vault.rename(foreign)
    own = spots.vault.with_name("vault.json.2001-01-02.bak")
    own.write_bytes(spots.vault.read_bytes())
    own.chmod(0o600)
    unreadable = spots.vault.with_name("vault.json.2001-01-03.bak")
    unreadable.write_bytes(b"")
    made = backups.make_copy(vault.verified_bytes(), spots.vault, None, NOON)
    vault.add(entry())
    for _ in range(8):
        touch(vault)
        clock[0] += DAY
    names = [path.name for path in backups.daily(spots.vault)]
    assert names[:5] == [f"vault.json.2023-11-{day}.bak" for day in (22, 21, 20, 19, 18)]
    assert names[5:] == [unreadable.name, foreign.name]
    assert not own.exists()
    assert made.exists()


def test_a_copy_of_the_day_that_cannot_be_kept_stops_the_change(
    vault: Vault, home: Path, spots: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.add(entry())
    before = spots.vault.read_bytes()
    with monkeypatch.context() as patch:

        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(os, "link", full)
        with pytest.raises(StorageFailed, match="old state stands"):
            touch(vault)
    assert spots.vault.read_bytes() == before
    assert len(reopen(home).entries()) == 1


def test_without_hard_links_the_copy_has_its_own_content(
    vault: Vault, spots: Places, monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    vault.add(entry())
    before = spots.vault.read_bytes()

    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    touch(vault)
    touch(vault)
    (copy,) = backups.daily(spots.vault)
    assert copy.read_bytes() == before
    assert (copy.stat().st_nlink, stat.S_IMODE(copy.stat().st_mode)) == (1, 0o600)


def test_a_copy_on_demand_is_verified_and_never_overwrites(
    vault: Vault, spots: Places, tmp_path: Path
) -> None:
    vault.add(entry(), secrets())
    target = tmp_path / "copy.json"
    made = backups.make_copy(vault.verified_bytes(), spots.vault, target, NOON)
    assert made.read_bytes() == spots.vault.read_bytes()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert open_vault(spots._replace(vault=made), {}).secrets(vault.entries()[0]) == secrets()
    with pytest.raises(AlreadyExists, match="not touched"):
        backups.make_copy(b"other", spots.vault, target, NOON)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AlreadyExists):
        backups.make_copy(b"other", spots.vault, link, NOON)
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(UsageProblem, match="folder"):
        backups.make_copy(b"other", spots.vault, tmp_path, NOON)
    loose = tmp_path / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    with pytest.raises(UnsafePath):
        backups.make_copy(b"other", spots.vault, loose / "copy", NOON)
    beside = backups.make_copy(vault.verified_bytes(), spots.vault, None, NOON)
    assert beside.name == "vault.json.20231115T120000Z.bak"
    assert beside in backups.all_copies(spots.vault)


def test_a_damaged_vault_is_not_copied_even_under_a_known_signature(
    vault: Vault, spots: Places
) -> None:
    vault.add(entry(), secrets())
    status = spots.vault.stat()
    with spots.vault.open("r+b") as file:
        file.seek(status.st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(spots.vault, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not vault.changed_on_disk()
    with pytest.raises(VaultDamaged):
        vault.verified_bytes()


@pytest.mark.parametrize("name", ["write", "fsync", "fchmod"])
def test_a_copy_that_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, name, broken)
    with pytest.raises(StorageFailed):
        backups.write_new_file(tmp_path / "copy", b"data", "copy")
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]
