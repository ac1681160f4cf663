"""The kernel keeps the data key for a while: permissions, expiry, other sessions, other kernels."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from vault_helpers import entry

from tests.seccomp import blocking
from tui_oauth.errors import StorageFailed, VaultDamaged, VaultLocked
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import (
    KeyOptions,
    Vault,
    create_vault,
    kernel_keyring,
    open_vault,
    rekey,
    slots,
    unlocked,
)
from tui_oauth.vault.unlock import open_with_slot

KEY = bytes(range(32))


@pytest.fixture
def vault_id() -> Iterator[str]:
    """The id of no vault, and a kernel that keeps keys; forgotten afterwards."""
    chosen = os.urandom(16).hex()
    try:
        kernel_keyring.recall(chosen)
    except kernel_keyring.Unavailable as error:
        pytest.skip(str(error))
    yield chosen
    kernel_keyring.forget(chosen)


@pytest.fixture
def worded(
    spots: Places, vault_id: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Vault, list[str]]]:
    """A passphrase vault, unlocked for a minute, and a list that counts derivations."""
    monkeypatch.setattr(slots, "MEMORY_KIB", 8192)
    monkeypatch.setattr(slots, "PASSES", 1)
    vault = create_vault(spots, passphrase=Secret("words"))
    vault.add(entry())
    unlocked.keep_unlocked(vault, 60)
    own_id = vault.header.vault_id
    counted: list[str] = []
    stretch = slots._stretch

    def counting(passphrase: Secret, parameters: dict[str, object]) -> bytes:
        counted.append("argon2id")
        return stretch(passphrase, parameters)

    monkeypatch.setattr(slots, "_stretch", counting)
    yield vault, counted
    kernel_keyring.forget(own_id)


def _never(question: str) -> Secret:
    pytest.fail(f"asked {question!r}")


def test_what_is_kept_is_recalled_until_it_is_forgotten(vault_id: str) -> None:
    assert kernel_keyring.recall(vault_id) is None
    assert kernel_keyring.forget(vault_id) is False
    until = kernel_keyring.keep(vault_id, KEY, 60, ["0a0a0a0a", "0b0b0b0b"])
    assert 58 <= until - time.time() <= 60
    kept = kernel_keyring.recall(vault_id)
    assert kept == (KEY, until, frozenset({"0a0a0a0a", "0b0b0b0b"}))
    assert KEY.hex() not in repr(kept)
    assert repr(KEY) not in repr(kept)
    assert kernel_keyring.recall("0" * 32) is None
    assert kernel_keyring.forget(vault_id) is True
    assert kernel_keyring.recall(vault_id) is None
    deadline = time.monotonic() + 10  # nothing holds it any more, not even this process
    while vault_id in Path("/proc/keys").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_kernel_forgets_by_itself(vault_id: str) -> None:
    kernel_keyring.keep(vault_id, KEY, 1, ["0a0a0a0a"])
    assert kernel_keyring.recall(vault_id) is not None
    deadline = time.monotonic() + 5
    while kernel_keyring.recall(vault_id) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(ValueError, match="end"):
        kernel_keyring.keep(vault_id, KEY, 0, [])


def test_there_is_one_key_per_vault_and_the_later_time_holds(vault_id: str) -> None:
    kernel_keyring.keep(vault_id, KEY, 1, ["0a0a0a0a"])
    kernel_keyring.keep(vault_id, bytes(32), 60, ["0b0b0b0b"])
    time.sleep(1.2)
    kept = kernel_keyring.recall(vault_id)
    assert kept is not None
    assert kept.data_key == bytes(32)
    assert kernel_keyring.forget(vault_id)
    assert kernel_keyring.recall(vault_id) is None


def test_its_permissions_are_those_of_the_design(vault_id: str) -> None:
    kernel_keyring.keep(vault_id, KEY, 60, ["0a0a0a0a"])
    lines = [line for line in Path("/proc/keys").read_text().splitlines() if vault_id in line]
    assert len(lines) == 1
    assert " 3f0b0000 " in lines[0]
    assert lines[0].split()[3] != "perm"  # it has an end


def test_a_process_in_a_session_of_its_own_can_read_it(vault_id: str) -> None:
    kernel_keyring.keep(vault_id, KEY, 60, ["0a0a0a0a"])
    code = (
        "import ctypes, sys\n"
        "from tui_oauth.vault import kernel_keyring\n"
        "_, keyctl = kernel_keyring._numbers()\n"
        # KEYCTL_JOIN_SESSION_KEYRING: as a systemd unit or a cron job has one
        "assert ctypes.CDLL(None).syscall(keyctl, 1, None) > 0\n"
        "print(kernel_keyring.recall(sys.argv[1]).data_key.hex())\n"
        "print(kernel_keyring.forget(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, vault_id], capture_output=True, text=True, timeout=30
    )
    assert done.stdout.split() == [KEY.hex(), "True"], done.stderr
    assert kernel_keyring.recall(vault_id) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_cannot_read_it(vault_id: str) -> None:
    kernel_keyring.keep(vault_id, KEY, 60, ["0a0a0a0a"])
    (serial,) = [
        int(line.split()[0], 16)
        for line in Path("/proc/keys").read_text().splitlines()
        if vault_id in line
    ]
    _, keyctl = kernel_keyring._numbers()
    code = (
        "import ctypes, errno, os, sys\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "room = ctypes.create_string_buffer(200)\n"
        "print(libc.syscall(int(sys.argv[1]), 11, int(sys.argv[2]), room, 200))\n"
        "print(errno.errorcode[ctypes.get_errno()])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(keyctl), str(serial)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.split() == ["-1", "EACCES"], done.stderr


def test_what_somebody_else_put_there_is_not_taken_for_a_key(vault_id: str) -> None:
    add_key, _ = kernel_keyring._numbers()
    libc = ctypes.CDLL(None, use_errno=True)
    for payload in (b"x", b"x" * 4000, kernel_keyring._MAGIC + b"short"):
        made = libc.syscall(
            ctypes.c_long(add_key), b"user", f"tui-oauth:{vault_id}".encode(), payload,
            ctypes.c_long(len(payload)), ctypes.c_long(-4),
        )  # fmt: skip
        assert made > 0
        assert kernel_keyring.recall(vault_id) is None


def test_an_unlocked_vault_opens_without_a_derivation(
    worded: tuple[Vault, list[str]], spots: Places
) -> None:
    vault, counted = worded
    for _ in range(3):
        assert len(open_vault(spots, {}, ask=_never).entries()) == 1
    assert counted == []
    assert open_vault(spots, {"TUI_OAUTH_PASSPHRASE": "words"})  # an explicit source goes before
    assert counted == ["argon2id"]
    with pytest.raises(VaultLocked, match="does not open"):
        open_vault(spots, {"TUI_OAUTH_PASSPHRASE": "wrong"})
    with pytest.raises(VaultLocked):
        open_vault(spots, {}, KeyOptions(use_kept=False))
    assert unlocked.lock_again(vault.header)
    with pytest.raises(VaultLocked, match="tui-oauth unlock"):
        open_vault(spots, {})
    assert len(counted) == 2


def test_a_damaged_vault_is_damaged_also_while_unlocked(
    worded: tuple[Vault, list[str]], spots: Places
) -> None:
    data = bytearray(spots.vault.read_bytes())
    data[-200] ^= 1
    spots.vault.write_bytes(data)
    with pytest.raises(VaultDamaged):
        open_vault(spots, {})


def test_a_new_data_key_makes_what_is_kept_useless(
    worded: tuple[Vault, list[str]], spots: Places
) -> None:
    own_id = worded[0].header.vault_id
    opened, found = open_with_slot(spots, {}, passphrase=Secret("words"))
    rekey.rekey(opened, rekey.plan(spots, {}, opened, found))
    assert unlocked.unlocked_until(opened.header) is None
    with pytest.raises(VaultLocked, match="is locked"):
        open_vault(spots, {})
    assert kernel_keyring.recall(own_id) is None  # cleared away
    assert len(open_vault(spots, {}, passphrase=Secret("words")).entries()) == 1


def test_a_key_file_that_opens_the_vault_is_enough(
    vault: Vault, spots: Places, vault_id: str
) -> None:
    """The kernel is not asked, so ctypes is not imported: in a process that would show it."""
    unlocked.keep_unlocked(vault, 60)
    code = (
        "import os, sys\n"
        "from tui_oauth.paths import places\n"
        "from tui_oauth.vault import open_vault\n"
        "open_vault(places(os.environ), os.environ)\n"
        "print('ctypes' in sys.modules)\n"
    )
    environ = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"]}
    try:
        for expected in ("False", "True"):
            done = subprocess.run(
                [sys.executable, "-c", code], env=environ,
                capture_output=True, text=True, timeout=30,
            )  # fmt: skip
            assert done.stdout.strip() == expected, done.stderr
            if expected == "False":  # then without its key file, which may be on a stick
                spots.key_file.rename(spots.key_file.with_suffix(".away"))
    finally:
        kernel_keyring.forget(vault.header.vault_id)


def test_where_it_is_blocked_it_says_so(spots: Places, home: Path) -> None:
    create_vault(spots, passphrase=Secret("words"))
    code = (
        "import os\n"
        "from tui_oauth.errors import TuiOauthError\n"
        "from tui_oauth.paths import places\n"
        "from tui_oauth.secret import Secret\n"
        "from tui_oauth.vault import open_vault, unlocked\n"
        "spots = places(os.environ)\n"
        "vault = open_vault(spots, os.environ, passphrase=Secret('words'))\n"
        "for attempt in (lambda: unlocked.keep_unlocked(vault, 60),\n"
        "                lambda: unlocked.lock_again(vault.header),\n"
        "                lambda: open_vault(spots, os.environ)):\n"
        "    try:\n"
        "        attempt()\n"
        "    except TuiOauthError as error:\n"
        "        print(error.exit_code, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        preexec_fn=blocking(kernel_keyring._numbers()),
    )
    kept, forgot, opened = done.stdout.splitlines()
    assert kept.startswith("8 The vault cannot be kept unlocked: the kernel's keyring is blocked")
    assert "as in most containers" in kept
    assert "tui-oauth vault key add key-file PATH" in kept
    assert forgot.startswith("8 ")
    assert opened.startswith("4 ")
    assert "tui-oauth unlock does not work here" in opened


def test_on_another_system_it_says_so(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        sysname, machine = "Darwin", "arm64"

    monkeypatch.setattr(os, "uname", lambda: Other)
    with pytest.raises(StorageFailed, match="Darwin on arm64 has no kernel keyring") as caught:
        unlocked.keep_unlocked(vault, 60)
    assert "--passphrase-command" in caught.value.advice
    with pytest.raises(kernel_keyring.Unavailable):
        unlocked.unlocked_until(vault.header)
