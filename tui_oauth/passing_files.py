"""Files that carry a token to one program and go when it ends: private, and in memory only.

They lie in a folder of their own in XDG_RUNTIME_DIR, or in /dev/shm where there is none. Each is
locked by the process that made it for as long as that lives; one whose maker was killed is thus
known, and cleared away by the next.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tui_oauth.errors import StorageFailed, UnsafePath
from tui_oauth.vault.files import close, discard, failed

_NAME = "tui-oauth-exec"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # what is made there is checked
_OPEN = os.O_NOFOLLOW | os.O_CLOEXEC
_TRIES = 10


@contextlib.contextmanager
def passing_files(environ: Mapping[str, str], texts: Sequence[str]) -> Iterator[list[Path]]:
    """One file for each of `texts`, there while the block runs.

    Raises StorageFailed where there is no place that is only in memory, UnsafePath where somebody
    else made the folder.
    """
    folder = _folder(environ)
    _clear_away(folder)
    with contextlib.ExitStack() as stack:
        paths = []
        for text in texts:
            try:
                path, descriptor = _make(folder, text.encode())
            except OSError as error:
                raise failed(f"write a file in {folder}", error) from error
            stack.callback(close, descriptor)
            stack.callback(discard, path)
            paths.append(path)
        yield paths


def _folder(environ: Mapping[str, str]) -> Path:
    runtime = Path(environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute() and _is_ours(runtime):
        folder = runtime / _NAME
    elif _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK):
        folder = _SHARED_MEMORY / f"{_NAME}-{os.getuid()}"
    else:
        raise StorageFailed(
            "There is no folder for files that are in memory only: XDG_RUNTIME_DIR is not set.",
            "Set it to a folder of yours that nobody else can enter (mode 0700), or leave --header-file out.",
        )
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise failed(f"make the folder {folder}", error) from error
    if not _is_ours(folder):
        raise UnsafePath(
            f"{folder} is not a folder of yours that nobody else can enter.",
            "Remove it, or have it removed.",
        )
    return folder


def _is_ours(folder: Path) -> bool:
    """Whether `folder` is one of this user, for nobody else (XDG Base Directory Specification)."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    ours = found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) == 0o700
    return ours and stat.S_ISDIR(found.st_mode)


def _make(folder: Path, data: bytes) -> tuple[Path, int]:
    """A new file with `data`, mode 0600, and the descriptor that holds its lock."""
    for _ in range(_TRIES):
        path = folder / os.urandom(8).hex()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            # Before the lock another process may take it for a killed one's and remove it.
            if _locked(descriptor) and os.fstat(descriptor).st_nlink:
                os.write(descriptor, data)
                return path, descriptor
        except BaseException:
            discard(path)
            close(descriptor)
            raise
        close(descriptor)
    raise StorageFailed(f"Files in {folder} are removed as soon as they are made.", "Try again.")


def _clear_away(folder: Path) -> None:
    """Remove what a process that was killed has left behind."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | _OPEN)
            except OSError:
                continue
            if _locked(descriptor):
                discard(path)
            close(descriptor)


def _locked(descriptor: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
