"""Which files are opened at all: types, owners, modes, links."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from vault_helpers import entry, places_of, reopen, state_of

from tui_oauth.errors import StorageFailed, TuiOauthError, UnsafePath, UsageProblem
from tui_oauth.paths import Places
from tui_oauth.vault import Vault, create_vault, files, read_header


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602, 0o666, 0o601])
@pytest.mark.parametrize("which", ["vault", "key_file"])
def test_a_file_that_others_may_use_is_refused(
    vault: Vault, home: Path, spots: Places, mode: int, which: str
) -> None:
    path: Path = getattr(spots, which)
    path.chmod(mode)
    with pytest.raises(UnsafePath, match="chmod 600"):
        reopen(home)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("which", ["vault", "key_file"])
def test_rule_111_a_symbolic_link_is_not_followed(
    vault: Vault, home: Path, spots: Places, which: str
) -> None:
    path: Path = getattr(spots, which)
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))
    with pytest.raises(UnsafePath, match="symbolic link"):
        reopen(home)


@pytest.mark.parametrize("which", ["vault", "key_file"])
def test_a_fifo_a_folder_and_a_device_are_refused_without_waiting(
    vault: Vault, home: Path, spots: Places, which: str
) -> None:
    path: Path = getattr(spots, which)
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(UnsafePath, match="not a regular file"):
        reopen(home)
    path.unlink()
    path.mkdir(mode=0o700)
    with pytest.raises(UnsafePath, match="not a regular file"):
        reopen(home)
    path.rmdir()
    with pytest.raises(UnsafePath, match="not a regular file"):
        files.open_private(Path("/dev/null"), which)


def test_rule_111_another_users_file_is_refused(
    vault: Vault, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    with pytest.raises(UnsafePath, match="another user"):
        reopen(home)


def test_a_system_credential_may_belong_to_root_but_not_to_everyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "credential"
    path.write_bytes(b"x")
    path.chmod(0o440)
    os.close(files.open_private(path, "key file", lenient=True))
    path.chmod(0o444)
    with pytest.raises(UnsafePath):
        files.open_private(path, "key file", lenient=True)


def test_a_folder_that_anyone_may_change_is_refused(
    vault: Vault, home: Path, spots: Places
) -> None:
    spots.vault.parent.chmod(0o777)
    with pytest.raises(UnsafePath, match="chmod o-w"):
        reopen(home)
    with pytest.raises(UnsafePath):
        vault.add(entry())
    spots.vault.parent.chmod(0o1777)  # as /tmp: only a file's owner may move it
    assert reopen(home).entries() == []


def test_the_folder_of_locks_is_ours_alone(vault: Vault, spots: Places) -> None:
    made = vault.add(entry())
    folder = spots.vault.parent / "locks"
    folder.mkdir()
    folder.chmod(0o770)
    with pytest.raises(UnsafePath, match="chmod 700"), vault.entry_lock(made.id, 1.0):
        pytest.fail("locked in a folder of others")
    folder.rmdir()
    elsewhere = spots.vault.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)
    with pytest.raises(UnsafePath), vault.entry_lock(made.id, 1.0):
        pytest.fail("followed a link")
    assert list(elsewhere.iterdir()) == []


def test_a_lock_that_is_a_link_or_a_fifo_is_refused(vault: Vault, spots: Places) -> None:
    path = spots.vault.with_suffix(".lock")
    path.unlink()
    path.symlink_to(spots.key_file)
    before = spots.key_file.read_bytes()
    with pytest.raises(UnsafePath):
        vault.add(entry())
    assert spots.key_file.read_bytes() == before
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(UnsafePath):
        vault.add(entry())


def test_rule_111_a_temporary_name_that_is_a_link_is_not_written_through(
    vault: Vault, spots: Places, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"precious")
    spots.vault.with_name("vault.json.tmp").symlink_to(target)
    vault.add(entry())
    assert target.read_bytes() == b"precious"
    assert len(vault.entries()) == 1


def test_the_previous_state_is_kept_beside_the_vault(
    vault: Vault, home: Path, spots: Places
) -> None:
    vault.add(entry("first"))
    before = spots.vault.read_bytes()
    vault.add(entry("second"))
    backup = spots.vault.with_name("vault.json.bak")
    assert backup.read_bytes() == before
    backup.replace(spots.vault)
    assert [held.name for held in reopen(home).entries()] == ["first"]


def test_a_loose_lock_of_our_own_is_tightened(vault: Vault, spots: Places) -> None:
    path = spots.vault.with_suffix(".lock")
    path.chmod(0o644)
    vault.add(entry())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_vault_of_another_name_has_a_lock_of_its_own(spots: Places, tmp_path: Path) -> None:
    for name in ("mine.lock", "mine"):
        place = spots._replace(vault=tmp_path / "own" / name)
        create_vault(place).add(entry())
        assert (tmp_path / "own" / f"{name}.lock").exists()
        assert read_header(place.vault).generation == 2


def test_creating_refuses_what_is_there_and_leaves_it_alone(home: Path, spots: Places) -> None:
    folder = spots.vault.parent
    folder.mkdir(parents=True, mode=0o700)
    for make in (
        lambda: spots.vault.write_bytes(b"something else"),
        lambda: spots.vault.symlink_to("nowhere"),
        lambda: spots.vault.mkdir(),
    ):
        make()
        before = state_of(home)
        with pytest.raises((TuiOauthError, UsageProblem)) as caught:
            create_vault(spots)
        assert caught.value.exit_code in {2, 3}
        assert state_of(home) == before
        spots.vault.rmdir() if spots.vault.is_dir() else spots.vault.unlink()


def test_no_permission_is_a_failure_of_storage(
    vault: Vault, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(StorageFailed, match="no permission") as caught:
        reopen(home)
    assert caught.value.exit_code == 8
    assert str(places_of(home).vault) in str(caught.value)
