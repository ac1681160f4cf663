"""Locks between processes: flock on a file that stays where it is.

The kernel frees the lock when its process ends, however it ends, so there are no stale locks and
nobody guesses from process numbers. What the file holds is a hint for messages and nothing else.
Order: an entry's lock before the vault's lock, never the other way round.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tui_oauth.errors import TuiOauthError, UnsafePath, VaultBusy
from tui_oauth.text import neutralise
from tui_oauth.vault import files

DEFAULT_TIMEOUT = 10.0
_FIRST_WAIT, _LONGEST_WAIT = 0.001, 0.05
_HELD = {errno.EWOULDBLOCK, errno.EACCES, errno.EINTR}


@contextlib.contextmanager
def hold(path: Path, what: str, timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
    """Hold the lock at `path` for the block; VaultBusy after `timeout` seconds of waiting.

    StorageFailed where the file system cannot lock: we never go on unlocked.
    """
    descriptor = _open(path)
    try:
        _wait(descriptor, what, timeout)
        _leave_hint(descriptor)
        yield
    finally:
        files.close(descriptor)


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO, errno.EISDIR}:
            raise UnsafePath(f"The lock {path} is not a regular file.", "Remove it.") from error
        raise files.failed(f"open the lock {path}", error) from error
    try:
        status = os.fstat(descriptor)
        if status.st_uid == os.geteuid() and status.st_mode & 0o777 != 0o600:
            os.fchmod(descriptor, 0o600)
            status = os.fstat(descriptor)
        files.check_private(status, path, "lock")
    except OSError as error:
        files.close(descriptor)
        raise files.failed(f"open the lock {path}", error) from error
    except TuiOauthError:
        files.close(descriptor)
        raise
    return descriptor


def _wait(descriptor: int, what: str, timeout: float) -> None:
    end = time.monotonic() + timeout
    pause = _FIRST_WAIT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in _HELD:
                raise files.failed(f"lock {what}", error, "Nothing was changed.") from error
        if time.monotonic() + pause > end:
            raise VaultBusy(
                f"Another process has {what} locked{_hint(descriptor)}; "
                f"waited {timeout:g} s. Nothing was changed.",
                "Try again when it is done.",
            )
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_WAIT)


def _leave_hint(descriptor: int) -> None:
    text = f"process {os.getpid()} on {os.uname().nodename} ({Path(sys.argv[0]).name})\n"
    # A full disk must not keep anyone from locking: the hint is a courtesy.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode("utf-8", "replace"), 0)


def _hint(descriptor: int) -> str:
    with contextlib.suppress(OSError):
        text = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
        if text:
            return f" ({neutralise(text, 120)})"
    return ""
