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
_FIRST_WAIT = 0.001
LONGEST_WAIT = 0.005
"""The longest pause between two looks at a lock, in seconds; the vault's is held for milliseconds."""
COURTESY_SECONDS = 2 * LONGEST_WAIT
"""How long who has just released the lock leaves it to those who wait: each of them looks meanwhile."""
_JUST_NOW_SECONDS = 0.05
_MAX_TEXT_BYTES = 4096
_HELD = {errno.EWOULDBLOCK, errno.EACCES, errno.EINTR}


class Held:
    """A lock that is held: its notes, one line each."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        name = Path(sys.argv[0]).name
        self._hint = neutralise(f"process {os.getpid()} on {os.uname().nodename} ({name})", 200)
        self.notes = _lines(descriptor)[1:]
        """What is noted in the file: to begin with, what an earlier holder left there."""
        # A full disk must not keep anyone from locking: the hint is a courtesy.
        with contextlib.suppress(OSError):
            self._write(self.notes)

    def note(self, *lines: str, lasting: bool = True) -> None:
        """Put `lines` in the place of all notes, durable when this returns; StorageFailed.

        Not `lasting`: after a power cut the earlier ones may be back.
        """
        try:
            self._write(lines)
            if lasting:
                os.fsync(self._descriptor)
        except OSError as error:
            raise files.failed(f"write the lock {self._path}", error) from error
        self.notes = list(lines)

    def _write(self, notes: Sequence[str]) -> None:
        data = "".join(f"{line}\n" for line in (self._hint, *notes)).encode("utf-8", "replace")
        # First written, then cut: a kill in between leaves a note too many, never one too few.
        os.pwrite(self._descriptor, data, 0)
        os.ftruncate(self._descriptor, len(data))


@contextlib.contextmanager
def hold(
    path: Path, what: str, timeout: float = DEFAULT_TIMEOUT, longest_wait: float = LONGEST_WAIT
) -> Iterator[Held]:
    """Hold the lock at `path` for the block; VaultBusy after `timeout` seconds of waiting.

    `longest_wait` is for a lock that others hold for seconds, where looking often is of no use.
    Who takes the lock again and again lets others have it in between: of eight processes that did
    nothing else, one was seen to wait for 10 s in vain.

    StorageFailed where the file system cannot lock: we never go on unlocked.
    """
    _give_way(path)
    descriptor = _open(path)
    try:
        _wait(descriptor, path, what, timeout, longest_wait)
        try:
            yield Held(descriptor, path)
        finally:
            _note_release(path)
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


def _wait(descriptor: int, path: Path, what: str, timeout: float, longest_wait: float) -> None:
    end = time.monotonic() + timeout
    pause = _FIRST_WAIT
    with contextlib.ExitStack() as waiting:
        while not _taken(descriptor, what):
            if time.monotonic() + pause > end:
                raise VaultBusy(
                    f"Another process has {what} locked{_hint(descriptor)}; "
                    f"waited {timeout:g} s. Nothing was changed.",
                    "Try again when it is done.",
                )
            if pause == _FIRST_WAIT:
                waiting.enter_context(_mark(path, fcntl.LOCK_SH))
            time.sleep(pause)
            pause = min(pause * 2, longest_wait)


def _taken(descriptor: int, what: str) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _HELD:
            raise files.failed(f"lock {what}", error, "Nothing was changed.") from error
        return False
    return True


_released: dict[Path, float] = {}
"""When this process last released each lock, as far as that still matters."""
_MOST_RELEASED = 64


def _note_release(path: Path) -> None:
    now = time.monotonic()
    if len(_released) >= _MOST_RELEASED:
        for other, last in list(_released.items()):
            if now - last >= _JUST_NOW_SECONDS:
                _released.pop(other, None)
    _released[path] = now


def _give_way(path: Path) -> None:
    """Leave a lock that this process has only just released to others, if somebody waits for it."""
    last = _released.get(path)
    if last is not None and time.monotonic() - last < _JUST_NOW_SECONDS:
        with _mark(path, fcntl.LOCK_EX) as nobody_waits:
            pass
        if not nobody_waits:
            time.sleep(COURTESY_SECONDS)


@contextlib.contextmanager
def _mark(path: Path, kind: int) -> Iterator[bool]:
    """Whether the lock's folder could be flocked for the block; those who wait share that.

    A mark and no more: where it cannot be had, nobody gives way, and all else stays as it is.
    """
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield True
        return
    try:
        yield _flocked(descriptor, kind)
    finally:
        files.close(descriptor)


def _flocked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD
    return True


def _hint(descriptor: int) -> str:
    held_by = "".join(_lines(descriptor)[:1])
    return f" ({neutralise(held_by, 120)})" if held_by else ""


def _lines(descriptor: int) -> list[str]:
    """The lines of the lock file as far as they are whole; none if it cannot be read."""
    with contextlib.suppress(OSError):
        text = os.pread(descriptor, _MAX_TEXT_BYTES, 0).decode("utf-8", "replace")
        return [line for line in text.split("\n")[:-1] if line]
    return []
