"""The vault's data key in the Linux kernel's keyring of this user, for a while (`unlock`, `lock`).

The kernel keeps the key in its own memory and forgets it by itself: after the time that was
given, and at a restart. No daemon, no file. One key per vault, of type "user", named
`tui-oauth:<vault id>`, in the user keyring (keyrings(7), user-keyring(7)).

* The key is made in the process keyring first, gets its permissions and its end there, and only
  then is linked into the user keyring, where the link displaces an older key of the same name:
  at no moment is there a key that does not end, also when we are killed in between.
* Its permissions are 0x3f0b0000: the user may view, read and search. With the kernel's default a
  process of another session (a systemd unit, some cron jobs) finds the key and may not read it.
* Any process of this user can read it. That is the purpose, and `unlock` says so.

Where the system calls are blocked (most containers) or missing, `Unavailable` says why; whoever
asked decides whether that is an error. ctypes costs some milliseconds to import, so this module
is imported only where a key file has not opened the vault.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from tui_oauth.vault.crypto import KEY_BYTES

# The C library wraps neither call; the numbers are the kernel's for each 64-bit machine.
_CALLS = {
    "x86_64": (248, 250),
    "aarch64": (217, 219),
    "riscv64": (217, 219),
    "loongarch64": (217, 219),
    "ppc64le": (269, 271),
    "s390x": (278, 280),
}
_PROCESS_KEYRING, _USER_KEYRING = -2, -4
_SETPERM, _LINK, _UNLINK, _SEARCH, _READ, _SET_TIMEOUT = 5, 8, 9, 10, 11, 15
PERMISSION = 0x3F0B0000
_TYPE = b"user"
_MAGIC = b"tui-oauth-unlock-1"
_MAX_BYTES = 4096
_TIME_BYTES = 8
_GONE = {errno.ENOKEY, errno.EKEYEXPIRED, errno.EKEYREVOKED}
_BLOCKED = {errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EOPNOTSUPP}


class Unavailable(Exception):
    """The kernel keeps no keys for us here; the text says why, without a full stop."""


class Kept(NamedTuple):
    """What the kernel keeps: the data key, until when (Unix seconds), and the key slots' ids then."""

    data_key: bytes
    until: int
    slot_ids: frozenset[str]

    def __repr__(self) -> str:
        return f"Kept(until={self.until})"


def keep(vault_id: str, data_key: bytes, seconds: int, slot_ids: Sequence[str]) -> int:
    """Keep the data key for `seconds`, at least 1, in place of an earlier one; the end in Unix seconds.

    `slot_ids` tell later whether the vault was given another data key since (`vault rekey`).
    Unavailable where the kernel does not let us.
    """
    if seconds < 1:
        raise ValueError("a key that is kept has an end")  # 0 would mean for ever
    until = int(time.time()) + seconds
    ids = ",".join(slot_ids).encode("utf-8", "replace")
    payload = _MAGIC + until.to_bytes(_TIME_BYTES, "big") + data_key + ids
    name = _name(vault_id)
    key = _add_key(name, payload)
    try:
        _keyctl("keep the key", _SETPERM, key, PERMISSION)
        _keyctl("keep the key", _SET_TIMEOUT, key, seconds)
        _keyctl("keep the key", _LINK, key, _USER_KEYRING)
    finally:
        # Or `forget` would leave it in the kernel for as long as this process lives.
        _keyctl("tidy up", _UNLINK, key, _PROCESS_KEYRING)
    return until


def recall(vault_id: str) -> Kept | None:
    """What is kept for this vault, or None. Unavailable where the kernel does not let us look."""
    key = _find(vault_id)
    if key is None:
        return None
    room = ctypes.create_string_buffer(_MAX_BYTES)
    try:
        size = _keyctl("read the key", _READ, key, room, _MAX_BYTES)
        payload = room.raw[:size] if 0 <= size <= _MAX_BYTES else b""
    except _NoKey:
        return None
    finally:
        ctypes.memset(room, 0, _MAX_BYTES)
    rest = payload.removeprefix(_MAGIC)
    if rest == payload or len(rest) < _TIME_BYTES + KEY_BYTES:
        return None  # somebody else's, or another version's
    until = int.from_bytes(rest[:_TIME_BYTES], "big")
    ids = rest[_TIME_BYTES + KEY_BYTES :].decode("utf-8", "replace")
    data_key = rest[_TIME_BYTES : _TIME_BYTES + KEY_BYTES]
    return Kept(data_key, until, frozenset(ids.split(",")))


def forget(vault_id: str) -> bool:
    """Let the kernel forget what it keeps for this vault; whether there was something.

    Unavailable where the kernel does not let us.
    """
    key = _find(vault_id)
    if key is None:
        return False
    try:
        _keyctl("forget the key", _UNLINK, key, _USER_KEYRING)
    except _NoKey:
        return False
    return True


class _NoKey(Exception):
    """There is no such key, or not any more."""


def _name(vault_id: str) -> bytes:
    return f"tui-oauth:{vault_id}".encode("ascii")


def _find(vault_id: str) -> int | None:
    try:
        return _keyctl("look for the key", _SEARCH, _USER_KEYRING, _TYPE, _name(vault_id), 0)
    except _NoKey:
        return None


def _add_key(name: bytes, payload: bytes) -> int:
    add_key, _ = _numbers()
    return _call("keep the key", add_key, _TYPE, name, payload, len(payload), _PROCESS_KEYRING)


def _keyctl(doing: str, operation: int, *arguments: object) -> int:
    _, keyctl = _numbers()
    return _call(doing, keyctl, operation, *arguments)


def _numbers() -> tuple[int, int]:
    system = os.uname()
    numbers = _CALLS.get(system.machine)
    # A 32-bit Python on a 64-bit kernel has other numbers: a wrong one would be another call.
    if system.sysname != "Linux" or numbers is None or sys.maxsize < 2**32:
        raise Unavailable(
            f"{system.sysname} on {system.machine} has no kernel keyring that we know"
        )
    return numbers


def _call(doing: str, number: int, *arguments: object) -> int:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    given = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = syscall(ctypes.c_long(number), *given)
    if result >= 0:
        return result
    code = ctypes.get_errno()
    if code in _GONE:
        raise _NoKey
    reason = os.strerror(code)
    if code in _BLOCKED:
        raise Unavailable(f"the kernel's keyring is blocked here ({reason}), as in most containers")
    raise Unavailable(f"the kernel's keyring could not {doing}: {reason}")
