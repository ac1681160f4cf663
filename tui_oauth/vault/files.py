"""Opening and replacing private files: nothing is followed, nothing is half written.

A file counts as private when it is a regular file of this user that nobody else may read or
write. A replaced file holds the old content or the new one at every moment, also through a kill
or a power cut: temporary file, fsync, hard link of the old one, rename, fsync of the folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple, NoReturn

from tui_oauth.errors import StorageFailed, TuiOauthError, UnsafePath

_OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NO_RESERVING = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}


class Signature(NamedTuple):
    """What tells one state of a file from another without reading it."""

    device: int
    inode: int
    modified_ns: int
    size: int


def signature_of(status: os.stat_result) -> Signature:
    return Signature(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


def open_private(path: Path, what: str, flags: int = os.O_RDONLY, *, lenient: bool = False) -> int:
    """A descriptor of the private file at `path`, checked on the open file itself.

    FileNotFoundError passes through; everything else becomes UnsafePath or StorageFailed with
    `what` ("vault", "key file") in its sentence. `lenient` is for files that the system placed:
    they may belong to root, and the bits of their group (an access list's mask) do not count.
    """
    try:
        descriptor = os.open(path, flags | _OPEN)
    except FileNotFoundError:
        raise
    except OSError as error:
        _refuse_open(path, what, error)
    try:
        check_private(os.fstat(descriptor), path, what, lenient)
    except OSError as error:
        close(descriptor)
        raise failed(f"read the {what} {path}", error) from error
    except TuiOauthError:
        close(descriptor)
        raise
    return descriptor


def read_private(
    path: Path, what: str, limit: int, *, lenient: bool = False
) -> tuple[bytes, Signature]:
    """The content of the private file at `path` and its signature; at most `limit` + 1 bytes.

    Whoever gets `limit` + 1 bytes knows that the file is too large. Errors as `open_private`.
    """
    descriptor = open_private(path, what, lenient=lenient)
    try:
        signature = signature_of(os.fstat(descriptor))
        chunks: list[bytes] = []
        left = limit + 1
        # Asked for all that may be read, Python would make room for it all.
        while left and (chunk := os.read(descriptor, min(left, signature.size + 1))):
            chunks.append(chunk)
            left -= len(chunk)
    except OSError as error:
        raise failed(f"read the {what} {path}", error) from error
    finally:
        close(descriptor)
    return b"".join(chunks), signature


def make_private_folder(path: Path, *, private: bool = False) -> None:
    """`path` as a folder: every missing one is made with mode 0700 and made durable."""
    try:
        missing = []
        folder = path
        while not folder.exists() and folder != folder.parent:
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                sync_folder(folder.parent)
    except OSError as error:
        raise failed(f"make the folder {path}", error) from error
    check_folder(path, private=private)


def check_folder(path: Path, *, private: bool = False) -> None:
    """UnsafePath if anyone at all may put other files into the folder at `path`.

    Folders such as /tmp, where only a file's owner may move it, are allowed; with `private` only
    a folder of this user that nobody else may write to.
    """
    try:
        status = path.stat(follow_symlinks=not private)
    except FileNotFoundError:
        return
    except OSError as error:
        raise failed(f"look at the folder {path}", error) from error
    if not stat.S_ISDIR(status.st_mode):
        raise UnsafePath(f"{path} is not a folder.")
    if private and status.st_uid != os.geteuid():
        raise UnsafePath(f"The folder {path} belongs to another user (number {status.st_uid}).")
    if private and status.st_mode & (stat.S_IWOTH | stat.S_IWGRP):
        raise UnsafePath(f"Others may change the folder {path}.", f"Run: chmod 700 {path}")
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        raise UnsafePath(
            f"Anyone on this machine may change the folder {path}.", f"Run: chmod o-w {path}"
        )


def create_private(path: Path, data: bytes, what: str) -> Signature:
    """A new file with `data`, mode 0600, durable and whole or not there at all.

    FileExistsError if there is one already, whoever made it and however recently. No lock is
    needed: two at once write each their own file, so neither publishes the other's. A kill leaves
    nothing behind, but where the file system knows no files without a name (see `_nameless`).
    """
    temporary = path.with_name(f"{path.name}.{os.urandom(8).hex()}.tmp")
    made = False
    try:
        signature = _nameless(path, data)
        made = signature is not None
        if signature is None:
            signature = _write_new(temporary, data)
            try:
                os.link(temporary, path, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_HARD_LINKS or os.path.lexists(path):
                    raise
                temporary.rename(path)
            made = True
            discard(temporary)
        sync_folder(path.parent)
    except BaseException as error:
        discard(temporary)
        if made:
            discard(path)
        if isinstance(error, OSError) and not isinstance(error, FileExistsError):
            raise failed(f"write the {what} {path}", error) from error
        raise
    return signature


def replace_private(path: Path, data: bytes, what: str, *, keep_previous: bool) -> Signature:
    """Put `data` at `path` so that a reader finds the old content or the new one, never a part.

    Call it under the file's lock: the temporary name is always the same, so that what a killed
    process left behind is cleared away by the next one. With `keep_previous` the old file stays
    as `<name>.bak`, except on file systems without hard links. StorageFailed means that the old
    state stands, unless its message says that the new one was written.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        signature = _write_new(temporary, data)
        if keep_previous:
            _keep_previous(path)
        temporary.rename(path)
    except BaseException as error:
        discard(temporary)
        if isinstance(error, OSError):
            raise failed(f"write the {what} {path}", error, "The old state stands.") from error
        raise
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise failed(
            f"make sure of the {what} {path}",
            error,
            "It was written, but it is not known whether it outlives a power cut.",
        ) from error
    return signature


def keep_copy(path: Path, copy: Path, what: str) -> bool:
    """Keep the file at `path` as `copy` too; False if there is one of that name already.

    For a file that is replaced and never written to: the copy shares its content by a hard link,
    and has its own only on file systems without them. StorageFailed if it cannot be kept.
    """
    try:
        os.link(path, copy, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise failed(f"keep the copy {copy}", error, "The old state stands.") from error
        if os.path.lexists(copy):
            return False
        data, _ = read_private(path, what, path.lstat().st_size)
        create_exclusive(copy, data, "copy")
    return True


def create_exclusive(path: Path, data: bytes, what: str) -> None:
    """A new file with `data` under its own name from the start, mode 0600, durable, read back.

    For places that are not ours, where a temporary file might be somebody else's.
    FileExistsError if anything is there already, a link included; on any other error, which
    becomes StorageFailed, nothing stays.
    """
    made = False
    try:
        made = _nameless(path, data) is not None
        if not made:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPEN, 0o600)
            made = True
            try:
                _fill(descriptor, data)
                _read_back(descriptor, data)
            finally:
                close(descriptor)
        sync_folder(path.parent)
    except BaseException as error:
        if made:
            discard(path)
        if isinstance(error, OSError) and (made or not isinstance(error, FileExistsError)):
            raise failed(f"write the {what} {path}", error) from error
        raise


def reserve(path: Path, size: int) -> None:
    """A private file at `path` that takes up `size` bytes, to be removed when they are needed."""
    try:
        _unlink(path)
        descriptor = os.open(path, _NEW, 0o600)
        try:
            _take_room(descriptor, size)
        finally:
            close(descriptor)
    except OSError as error:
        discard(path)
        raise failed(
            f"reserve room in {path.parent}", error, "Nothing was asked of the provider."
        ) from error


def close(descriptor: int) -> None:
    """Close what was read, locked or synced already, where an error has nothing more to tell."""
    with contextlib.suppress(OSError):
        os.close(descriptor)


def discard(path: Path) -> None:
    """Remove `path` if that is possible: for clearing up, where an error would hide another."""
    with contextlib.suppress(OSError):
        path.unlink()


def sync_folder(path: Path) -> None:
    """Make what was created, renamed or removed in the folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        close(descriptor)


def failed(doing: str, error: OSError, consequence: str = "") -> StorageFailed:
    """The error for an operating system call that failed, with what to do about common causes."""
    advice = {
        errno.ENOSPC: "The disk is full: make room and try again.",
        errno.EDQUOT: "Your quota on this disk is used up: make room and try again.",
        errno.EROFS: "Have it mounted for writing, or name a place that can be written.",
        errno.EACCES: "You have no permission there: name a place of your own.",
        errno.ENOENT: "Check the path, and make its folder first.",
        errno.ENOLCK: "This file system cannot lock files; put the vault on one that can.",
    }.get(error.errno or 0, "")
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return StorageFailed(f"Could not {doing}: {reason}. {consequence}".rstrip(), advice)


def _write_new(path: Path, data: bytes) -> Signature:
    """A new file in place of any leftover."""
    _unlink(path)
    descriptor = os.open(path, _NEW, 0o600)
    try:
        _fill(descriptor, data)
        signature = signature_of(os.fstat(descriptor))
    except BaseException:
        close(descriptor)
        raise
    os.close(descriptor)
    return signature


def _nameless(path: Path, data: bytes) -> Signature | None:
    """A new file at `path` that gets its name once it is whole and durable: a kill leaves nothing.

    None, with nothing done, where the system cannot do that: then the usual way tells what is
    wrong. FileExistsError passes through, as does any other error of the file that was begun.
    """
    try:
        flags = os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC
        descriptor = os.open(path.parent, flags, 0o600)
    except (OSError, AttributeError):  # Linux has the flag, and not every file system on it
        return None
    try:
        _fill(descriptor, data)
        _read_back(descriptor, data)
        signature = signature_of(os.fstat(descriptor))
        # Only with a descriptor does Python ask for the link to be followed (linkat(2), open(2)).
        os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EACCES, *_NO_HARD_LINKS}:
            return None
        raise
    finally:
        close(descriptor)
    return signature


def _read_back(descriptor: int, data: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    if b"".join(iter(lambda: os.read(descriptor, 1 << 20), b"")) != data:
        raise OSError(errno.EIO, "read back otherwise")


def _fill(descriptor: int, data: bytes) -> None:
    """Mode, content and fsync of a new file; the mode is not left to the umask."""
    os.fchmod(descriptor, 0o600)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _keep_previous(path: Path) -> None:
    backup = path.with_name(path.name + ".bak")
    _unlink(backup)
    try:
        os.link(path, backup, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise


def _take_room(descriptor: int, size: int) -> None:
    allocate = getattr(os, "posix_fallocate", None)
    if allocate is not None:
        try:
            allocate(descriptor, 0, size)
            return
        except OSError as error:
            if error.errno not in _NO_RESERVING:
                raise
    view = memoryview(bytes(size))
    while view:
        view = view[os.write(descriptor, view) :]


def _unlink(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def _refuse_open(path: Path, what: str, error: OSError) -> NoReturn:
    if error.errno == errno.ELOOP:
        raise UnsafePath(
            f"The {what} {path} is a symbolic link.",
            "Links are not followed. Name the file itself, or put it in the link's place.",
        ) from error
    if error.errno in {errno.ENXIO, errno.EISDIR}:
        raise UnsafePath(f"The {what} {path} is not a regular file.") from error
    raise failed(f"open the {what} {path}", error) from error


def check_private(status: os.stat_result, path: Path, what: str, lenient: bool = False) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafePath(f"The {what} {path} is not a regular file.")
    if status.st_uid != os.geteuid() and not (lenient and status.st_uid == 0):
        raise UnsafePath(
            f"The {what} {path} belongs to another user (number {status.st_uid}).",
            "Use your own, or have its owner changed.",
        )
    if status.st_mode & (0o007 if lenient else 0o077):
        raise UnsafePath(
            f"Others may read or change the {what} {path} (mode {status.st_mode & 0o777:04o}).",
            f"Run: chmod 600 {path}",
        )
