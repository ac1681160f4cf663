"""Every call of the write path fails once: the old state stands and nothing is left lying about."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vault_helpers import entry, names_beside, places_of, reopen, secrets, tokens

from tui_oauth.errors import StorageFailed
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault, create_vault

CALLS = ("open", "write", "fsync", "fchmod", "link", "rename", "unlink", "close", "fstat")
EXPECTED = {"vault.json", "vault.json.bak", "vault.lock"}


class Faults:
    """Lets the `fail_at`-th call of `name` below `folder` fail with `number`."""

    def __init__(self, patch: pytest.MonkeyPatch, name: str, fail_at: int, number: int) -> None:
        self.calls = 0
        real: Callable[..., Any] = getattr(os, name)

        def call(*args: Any, **more: Any) -> Any:
            self.calls += 1
            if self.calls == fail_at:
                if name == "close":
                    real(*args, **more)  # the descriptor is gone even when close reports an error
                raise OSError(number, os.strerror(number))
            return real(*args, **more)

        patch.setattr(os, name, call)


def _calls_made(action: Callable[[], object], name: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        faults = Faults(patch, name, -1, 0)
        action()
    return faults.calls


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_failing_call_leaves_the_old_state(
    vault: Vault, home: Path, spots: Places, name: str, number: int
) -> None:
    made = vault.add(entry("kept"), secrets())
    vault.add(entry("to see the calls"))
    count = _calls_made(lambda: vault.add(entry("to count the calls")), name)
    assert count > 0
    failures = 0
    for fail_at in range(1, count + 1):
        before = spots.vault.read_bytes()
        names = [held.name for held in reopen(home).entries()]
        failed: StorageFailed | None = None
        with pytest.MonkeyPatch.context() as patch:
            Faults(patch, name, fail_at, number)
            try:
                vault.add(entry(f"new {name} {fail_at}"))
            except StorageFailed as error:
                failed = error
        after = [held.name for held in reopen(home).entries()]
        if failed is None or "It was written" in failed.message:
            assert set(after) == {*names, f"new {name} {fail_at}"}
        else:
            failures += 1
            assert spots.vault.read_bytes() == before
            assert after == names
        assert names_beside(spots.vault) <= EXPECTED
        assert vault.entries() == reopen(home).entries()
        assert vault.secrets(made) == secrets()
    # What may fail without consequence is clearing up and closing what was only read.
    assert failures or name in {"unlink", "close"}


def test_a_folder_that_cannot_be_synced_is_told_and_the_new_state_is_there(
    vault: Vault, home: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        Faults(patch, "fsync", 2, errno.EIO)
        with pytest.raises(StorageFailed, match="outlives a power cut"):
            vault.add(entry("new"))
    assert [held.name for held in vault.entries()] == ["new"]
    assert [held.name for held in reopen(home).entries()] == ["new"]


def test_short_writes_are_continued(vault: Vault, home: Path) -> None:
    real = os.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:100]))
        vault.add(entry("new"), secrets())
    assert reopen(home).secrets(reopen(home).find("new")) == secrets()


def test_a_write_that_fails_half_way_leaves_no_torn_file(vault: Vault, spots: Places) -> None:
    before = spots.vault.read_bytes()
    real, budget = os.write, iter([100, 100])

    def torn(descriptor: int, data: bytes) -> int:
        size = next(budget, None)
        if size is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:size])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", torn)
        with pytest.raises(StorageFailed, match="disk is full") as caught:
            vault.add(entry("new"))
    assert caught.value.exit_code == 8
    assert spots.vault.read_bytes() == before
    assert names_beside(spots.vault) <= EXPECTED


def test_a_file_system_without_hard_links_still_stores(vault: Vault, home: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        Faults(patch, "link", 1, errno.EPERM)
        vault.add(entry("new"))
    assert len(reopen(home).entries()) == 1


def test_a_file_system_without_locks_refuses_to_write(vault: Vault, spots: Places) -> None:
    before = spots.vault.read_bytes()

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fcntl.flock", no_locks)
        with pytest.raises(StorageFailed, match="cannot lock"):
            vault.add(entry())
    assert spots.vault.read_bytes() == before


@pytest.mark.parametrize("name", ["open", "write", "fsync", "fchmod", "link"])
def test_a_vault_that_could_not_be_made_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    def make(count: int) -> Places:
        folder = tmp_path / f"{name}-{count}"
        folder.mkdir(mode=0o700)
        return places_of(folder)

    spots = make(0)
    for fail_at in range(1, _calls_made(lambda: create_vault(spots), name) + 1):
        fresh = make(fail_at)
        with pytest.MonkeyPatch.context() as patch:
            Faults(patch, name, fail_at, errno.EIO)
            try:
                create_vault(fresh)
            except StorageFailed:
                assert not fresh.vault.exists()
                assert not fresh.key_file.exists()
        left = {path.name for path in (tmp_path / f"{name}-{fail_at}").rglob("*") if path.is_file()}
        assert left <= {"vault.json", "vault.key", "vault.lock"}
        if not fresh.vault.exists():
            create_vault(fresh)
        assert reopen(tmp_path / f"{name}-{fail_at}").entries() == []


def test_a_kept_answer_is_whole_or_not_there(vault: Vault, spots: Places) -> None:
    made = vault.add(entry(), secrets())
    for name in ("open", "write", "fsync", "rename"):
        with pytest.MonkeyPatch.context() as patch:
            Faults(patch, name, 1, errno.ENOSPC)
            with pytest.raises(StorageFailed):
                vault.keep_pending(made.id, tokens("x"), sent=Secret("rt-1"))
        assert list((spots.vault.parent / "locks").iterdir()) == []
    vault.keep_pending(made.id, tokens("x"), sent=Secret("rt-1"))
    assert vault.take_pending(made.id) == tokens("x")
