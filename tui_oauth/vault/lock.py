"""Locks between processes: flock on a file that stays where it is.

The kernel frees the lock when its process ends, however it ends, so there are no stale locks and
nobody guesses from process numbers. The file's first line says who holds it, as a hint for messages
and nothing else; the lines below it are notes that its holder leaves and that outlive a process
which was killed. Order: an entry's lock before the vault's lock, never the other way round.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tui_oauth.errors import TuiOauthError, UnsafePath, VaultBusy
from tui_oauth.text import neutralise
from tui_oauth.vault import files

DEFAULT_TIMEOUT = 10.0
_FIRST_WAIT, _LONGEST_WAIT = 0.001, 0.05
_MAX_TEXT_BYTES = 4096
_HELD = {errno.EWOULDBLOCK, errno.EACCES, errno.EINTR}


class Held:
    """A lock that is held: its notes, one line each."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self.notes = _lines(descriptor)[1:]
        """What is noted in the file: to begin with, what an earlier holder left there."""
        # A full disk must not keep anyone from locking: the hint is a courtesy.
        with contextlib.suppress(OSError):
            self._write(self.notes)

    def note(self, *lines: str) -> None:
        """Put `lines` in the place of all notes, durable when this returns; StorageFailed."""
        try:
            self._write(lines)
            os.fsync(self._descriptor)
        except OSError as error:
            raise files.failed(f"write the lock {self._path}", error) from error
        self.notes = list(lines)

    def _write(self, notes: Sequence[str]) -> None:
        name = Path(sys.argv[0]).name
        hint = neutralise(f"process {os.getpid()} on {os.uname().nodename} ({name})", 200)
        data = "".join(f"{line}\n" for line in (hint, *notes)).encode("utf-8", "replace")
        # First written, then cut: a kill in between leaves a note too many, never one too few.
        os.pwrite(self._descriptor, data, 0)
        os.ftruncate(self._descriptor, len(data))


@contextlib.contextmanager
def hold(path: Path, what: str, timeout: float = DEFAULT_TIMEOUT) -> Iterator[Held]:
    """Hold the lock at `path` for the block; VaultBusy after `timeout` seconds of waiting.

    StorageFailed where the file system cannot lock: we never go on unlocked.
    """
    descriptor = _open(path)
    try:
        _wait(descriptor, what, timeout)
        yield Held(descriptor, path)
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
        if status.st_nlink > 1:  # what is written to it would be written to another file
            raise UnsafePath(f"The lock {path} is another file too (a hard link).", "Remove it.")
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


def _hint(descriptor: int) -> str:
    held_by = "".join(_lines(descriptor)[:1])
    return f" ({neutralise(held_by, 120)})" if held_by else ""


def _lines(descriptor: int) -> list[str]:
    """The lines of the lock file as far as they are whole; none if it cannot be read."""
    with contextlib.suppress(OSError):
        text = os.pread(descriptor, _MAX_TEXT_BYTES, 0).decode("utf-8", "replace")
        return [line for line in text.split("\n")[:-1] if line]
    return []
