"""Every file of the vault against everything that can stand in its place, as one table.

Refused: UnsafePath, exit code 9. Replaced: the change goes through, and what stood there is neither
followed nor written to. Tightened: it is ours, so its mode is put right. Failed: exit code 8, the old
state stands.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from vault_helpers import entry, reopen, secrets, state_of, tokens

from tui_oauth.errors import StorageFailed, UnsafePath
from tui_oauth.model import Entry
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault

PRECIOUS = b"precious"
NOBODY = 65_534
Use = Callable[[Vault, Entry, Path], object]


def _reads(vault: Vault, made: Entry, home: Path) -> object:
    return reopen(home).secrets(made)


def _writes(vault: Vault, made: Entry, home: Path) -> object:
    return vault.add(entry("new"))


def _locks(vault: Vault, made: Entry, home: Path) -> object:
    with vault.entry_lock(made.id, 0.1) as intents:
        intents.begin(Secret("rt-1"), 0)
        return intents


def _takes(vault: Vault, made: Entry, home: Path) -> object:
    return vault.take_pending(made.id)


def _keeps(vault: Vault, made: Entry, home: Path) -> object:
    return vault.keep_pending(made.id, tokens("at-3"), sent=Secret("rt-1"))


def _reserves(vault: Vault, made: Entry, home: Path) -> object:
    with vault.reserve(made.id):
        return True


# file, how it is used, and what comes of: others' mode, another owner, symlink, FIFO, folder, hard link
TABLE: list[tuple[str, Use, dict[str, str]]] = [
    ("vault", _reads, dict.fromkeys(("mode", "owner", "link", "fifo", "folder"), "refused")),
    ("vault", _writes, dict.fromkeys(("mode", "owner", "link", "fifo", "folder"), "refused")),
    ("key file", _reads, dict.fromkeys(("mode", "owner", "link", "fifo", "folder"), "refused")),
    (
        "lock",
        _writes,
        {
            "mode": "tightened",
            **dict.fromkeys(("owner", "link", "fifo", "folder", "hard"), "refused"),
        },
    ),
    (
        "entry lock",
        _locks,
        {
            "mode": "tightened",
            **dict.fromkeys(("owner", "link", "fifo", "folder", "hard"), "refused"),
        },
    ),
    ("pending", _takes, dict.fromkeys(("mode", "owner", "link", "fifo", "folder"), "refused")),
    (
        "pending",
        _keeps,
        {
            **dict.fromkeys(("mode", "owner", "link", "fifo", "hard"), "replaced"),
            "folder": "failed",
        },
    ),
    (
        "reserve",
        _reserves,
        {
            **dict.fromkeys(("mode", "owner", "link", "fifo", "hard"), "replaced"),
            "folder": "failed",
        },
    ),
    (
        "previous",
        _writes,
        {
            **dict.fromkeys(("mode", "owner", "link", "fifo", "hard"), "replaced"),
            "folder": "failed",
        },
    ),
    (
        "temporary",
        _writes,
        {
            **dict.fromkeys(("mode", "owner", "link", "fifo", "hard"), "replaced"),
            "folder": "failed",
        },
    ),
]
CASES = [
    pytest.param(name, use, hostile, outcome, id=f"{name} {hostile} {use.__name__.strip('_')}")
    for name, use, outcomes in TABLE
    for hostile, outcome in outcomes.items()
]


def _path(spots: Places, made: Entry, name: str) -> Path:
    folder = spots.vault.parent
    return {
        "vault": spots.vault,
        "key file": spots.key_file,
        "lock": folder / "vault.lock",
        "entry lock": folder / "locks" / f"{made.id}.lock",
        "pending": folder / "locks" / f"{made.id}.pending",
        "reserve": folder / "locks" / f"{made.id}.reserve",
        "previous": folder / "vault.json.bak",
        "temporary": folder / "vault.json.tmp",
    }[name]


def _put(path: Path, hostile: str, precious: Path) -> None:
    """Put something hostile in the place of `path`, whose content it keeps where it can."""
    content = path.read_bytes() if path.exists() else b"something"
    if hostile in {"link", "fifo", "folder", "hard"}:
        path.unlink(missing_ok=True)
    if hostile == "link":
        precious.write_bytes(content)
        path.symlink_to(precious)
    elif hostile == "fifo":
        os.mkfifo(path, 0o600)
    elif hostile == "folder":
        path.mkdir(mode=0o700)
        (path / "inside").touch()
    elif hostile == "hard":
        path.hardlink_to(precious)
    else:
        path.write_bytes(content)
        path.chmod(0o666 if hostile == "mode" else 0o600)
        if hostile == "owner":
            os.chown(path, NOBODY, NOBODY)


@pytest.mark.parametrize(("name", "use", "hostile", "outcome"), CASES)
def test_what_stands_in_a_files_place(
    vault: Vault, home: Path, spots: Places, name: str, use: Use, hostile: str, outcome: str
) -> None:
    if hostile == "owner" and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    made = vault.add(entry(), secrets())
    vault.keep_pending(made.id, tokens("at-2"), sent=Secret("rt-1"))
    with vault.entry_lock(made.id):
        pass
    precious = home / "precious"
    precious.write_bytes(PRECIOUS)
    precious.chmod(0o600)
    path = _path(spots, made, name)
    _put(path, hostile, precious)
    kept, before = precious.read_bytes(), state_of(home) if outcome == "refused" else {}
    began = time.monotonic()
    if outcome == "refused":
        with pytest.raises(UnsafePath) as caught:
            use(vault, made, home)
        assert caught.value.exit_code == 9
        after = state_of(home)
        if use is _writes and name == "vault":  # that the lock was taken may be seen
            lock = str(_path(spots, made, "lock").relative_to(home))
            assert before.pop(lock)[1] == after.pop(lock)[1]
        assert after == before
    elif outcome == "failed":
        with pytest.raises(StorageFailed):
            use(vault, made, home)
        assert (path / "inside").exists()
        assert [held.name for held in reopen(home).entries()] == ["work"]
    else:
        assert use(vault, made, home) is not False
        if path.exists():
            status = path.lstat()
            assert stat.S_ISREG(status.st_mode)
            assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o600, os.geteuid())
    assert time.monotonic() - began < 5, "it waited for whoever opens the other end"
    assert precious.read_bytes() == kept


@pytest.mark.parametrize(
    ("which", "mode", "refused"),
    [
        ("data", 0o777, True),
        ("data", 0o1777, False),
        ("data", 0o755, False),
        ("locks", 0o777, True),
        ("locks", 0o770, True),
        ("locks", 0o1777, True),
        ("locks", 0o755, False),
    ],
)
def test_folders_that_others_may_change(
    vault: Vault, spots: Places, which: str, mode: int, refused: bool
) -> None:
    made = vault.add(entry(), secrets())
    with vault.entry_lock(made.id):
        pass
    folder = spots.vault.parent if which == "data" else spots.vault.parent / "locks"
    folder.chmod(mode)

    def use() -> None:
        vault.add(entry("new"))
        with vault.entry_lock(made.id):
            pass

    if not refused:
        use()
        return
    with pytest.raises(UnsafePath):
        use()
    assert stat.S_IMODE(folder.stat().st_mode) == mode


@pytest.mark.parametrize("hostile", ["link", "file"])
def test_a_folder_of_locks_that_is_none(
    vault: Vault, spots: Places, tmp_path: Path, hostile: str
) -> None:
    made = vault.add(entry(), secrets())
    locks = spots.vault.parent / "locks"
    if hostile == "link":
        locks.symlink_to(tmp_path)
    else:
        locks.write_bytes(b"")
    with pytest.raises(UnsafePath), vault.entry_lock(made.id):
        pytest.fail("locked in somebody else's folder")
