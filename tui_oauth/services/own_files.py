"""The person's own service files on disk: read with care, written durably.

A service file decides which host receives client secrets and codes, so one that somebody else
could have changed is not used.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from tui_oauth.errors import InvalidService, StorageFailed, UnsafePath
from tui_oauth.text import neutralise

MAX_BYTES = 262_144


def listed(folder: Path | None) -> list[Path]:
    """The service files in `folder`, by name; none where there is no such folder."""
    return [Path(item.path) for item in _items(folder)]


def stamp(folder: Path | None) -> tuple[tuple[str, int, int], ...]:
    """What changes when one of the files does. Asked at every key press in the list of services."""
    found = []
    for item in _items(folder):
        try:
            status = item.stat()
        except OSError:
            found.append((item.name, -1, -1))  # a dangling link: reading it will say so
        else:
            found.append((item.name, status.st_mtime_ns, status.st_size))
    return tuple(found)


def _items(folder: Path | None) -> list[os.DirEntry[str]]:
    if folder is None:
        return []
    try:
        with os.scandir(folder) as items:
            fitting = [
                item
                for item in items
                if item.name.endswith(".toml") and not item.name.startswith(".")
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StorageFailed(
            f"The folder {neutralise(folder)} cannot be read: {error.strerror}."
        ) from error
    return sorted(fitting, key=lambda item: item.name)


def read(path: Path) -> str:
    """The text of the service file at `path`.

    Raises UnsafePath when it is not a regular file, belongs to somebody else, or everybody may
    change it; InvalidService when it is too large or not UTF-8; StorageFailed.
    """
    shown = neutralise(path)
    try:
        # Without O_NONBLOCK opening a FIFO would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise StorageFailed(
            f"The service file {shown} cannot be read: {error.strerror}."
        ) from error
    try:
        _check_safe(os.fstat(descriptor), shown)
        with open(descriptor, "rb", closefd=False) as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StorageFailed(
            f"The service file {shown} cannot be read: {error.strerror}."
        ) from error
    finally:
        os.close(descriptor)
    if len(raw) > MAX_BYTES:
        raise InvalidService(f"{shown}: the file is larger than {MAX_BYTES // 1024} kB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidService(
            f"{shown}: the file is not UTF-8 text (byte {error.start + 1}).", "Save it as UTF-8."
        ) from error


def _check_safe(status: os.stat_result, shown: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafePath(f"The service file {shown} is not a regular file.")
    if status.st_uid not in {os.geteuid(), 0}:
        raise UnsafePath(
            f"The service file {shown} belongs to another user, who could send your secrets elsewhere.",
            f"Copy it, or run: chown {os.geteuid()} {shown}",
        )
    if status.st_mode & stat.S_IWOTH:
        raise UnsafePath(
            f"The service file {shown} can be changed by everybody on this machine.",
            f"Run: chmod o-w {shown}",
        )


def write(folder: Path, name: str, text: str) -> None:
    """Put `text` into `folder` as `name`, 0600, in one step: a reader sees the old file or the new.

    Raises UnsafePath when the folder is not ours alone to change, StorageFailed otherwise.
    """
    temporary = folder / f".{name}.{os.getpid()}.new"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        if status.st_uid != os.geteuid() or status.st_mode & stat.S_IWOTH:
            raise UnsafePath(
                f"The folder {neutralise(folder)} can be changed by others.",
                f"Run: chmod go-w {neutralise(folder)}",
            )
        temporary.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(temporary, flags, 0o600), "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / name)
        _sync_folder(folder)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageFailed(
            f"The service file could not be written to {neutralise(folder)}: {error.strerror}.",
            "Nothing was changed. Make room or mend the folder, then add it again.",
        ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
