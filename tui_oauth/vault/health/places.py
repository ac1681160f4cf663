"""What can be told of a vault's surroundings without a key: files, folders, lock, disk."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from functools import partial
from pathlib import Path

from tui_oauth.paths import Places
from tui_oauth.vault import backups, container, upkeep
from tui_oauth.vault.health.findings import Report
from tui_oauth.vault.storage import lock_path

_OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LOCK_SECONDS = 1.0
_LEAST_ROOM = 16 * 1024 * 1024
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "sshfs"}
_MOUNTS = Path("/proc/self/mountinfo")


def check_file(report: Report, path: Path, what: str, name: str) -> os.stat_result | None:
    """Type, owner, mode and link count of a private file; its status if it is a regular file.

    `name` begins the ids of the findings. Nothing is found of a file that is not there.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        report.warn(f"{name}-unreadable", f"The {what} {path} cannot be looked at: {_why(error)}.")
        return None
    if stat.S_ISLNK(status.st_mode):
        report.warn(
            f"{name}-link",
            f"The {what} {path} is a symbolic link, and links are not followed.",
            "Name the file itself, or put it in the link's place.",
        )
        return None
    if not stat.S_ISREG(status.st_mode):
        report.warn(f"{name}-type", f"The {what} {path} is not a regular file.", "Remove it.")
        return None
    if status.st_uid != os.geteuid():
        report.warn(
            f"{name}-owner",
            f"The {what} {path} belongs to another user (number {status.st_uid}).",
            "Use your own, or have its owner changed.",
        )
    if status.st_mode & 0o077:
        report.warn(
            f"{name}-mode",
            f"Others may read or change the {what} {path} (mode {status.st_mode & 0o777:04o}).",
            f"Run: chmod 600 {path}",
        )
    return status


def check_vault_file(report: Report, path: Path) -> bool:
    """The vault's own file; whether it can be read at all."""
    status = check_file(report, path, "vault", "vault")
    report.done("the vault file: type, owner, mode, links")
    if status is None:
        return False
    # A change that failed (a full disk) leaves the day's copy as a second name, until the next one.
    others = status.st_nlink - 1 - sum(map(partial(_is_same, status), backups.all_copies(path)))
    if others > 0:
        report.warn(
            "vault-hard-links",
            f"The vault {path} has {status.st_nlink} names (hard links).",
            f"Make it a file of its own: cp -p {path} {path}.new && mv {path}.new {path}",
        )
    return True


def _is_same(status: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(status, path.lstat())
    except OSError:
        return False


def check_folders(report: Report, places: Places) -> None:
    """Modes and owners of the folders that hold vault, locks, key file and state."""
    vault, key = places.vault.parent, places.key_file.parent
    for folder in dict.fromkeys((vault, vault / "locks", key, places.state)):
        try:
            status = folder.lstat()
            if stat.S_ISLNK(status.st_mode):
                report.note("folder-link", f"The folder {folder} is a symbolic link.")
                status = folder.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            report.warn(
                "folder-unreadable", f"The folder {folder} cannot be looked at: {_why(error)}."
            )
            continue
        sticky = status.st_mode & stat.S_ISVTX and folder != vault / "locks"
        if status.st_mode & 0o022 and not sticky:
            report.warn(
                "folder-mode",
                f"Others may change the folder {folder} (mode {status.st_mode & 0o777:04o}).",
                f"Run: chmod go-w {folder}",
            )
        elif status.st_uid not in {os.geteuid(), 0}:
            report.warn(
                "folder-owner",
                f"The folder {folder} belongs to another user (number {status.st_uid}).",
                "Put the file into a folder of yours.",
            )
    report.done("the folders: owners and modes")


def check_lock(report: Report, vault: Path) -> None:
    """Whether the vault's lock can be had, and what lies about while nobody writes."""
    path = lock_path(vault)
    target, flags = (path, os.O_RDWR) if os.path.lexists(path) else (vault, os.O_RDONLY)
    check_file(report, path, "lock", "lock")
    held = False
    try:
        descriptor = os.open(target, flags | _OPEN)
    except OSError as error:
        report.warn("lock-unusable", f"The lock {target} cannot be opened: {_why(error)}.")
    else:
        try:
            held = _flock(descriptor, fcntl.LOCK_EX if target == path else fcntl.LOCK_SH)
            if not held:
                report.warn(
                    "lock-held",
                    f"Another process holds the lock {path} for longer than {_LOCK_SECONDS:g} s.",
                    "If nothing is at work with the vault, see who: fuser -v " + str(path),
                )
            elif os.path.lexists(temporary := vault.with_name(vault.name + ".tmp")):
                report.warn(
                    "leftover-temporary",
                    f"{temporary} was left behind by a process that was killed while it wrote.",
                    "The next change of the vault clears it away; it can be removed.",
                )
        except OSError as error:
            report.warn(
                "lock-unsupported",
                f"This file system cannot lock {target}: {_why(error)}. The vault is not written here.",
                "Put the vault on a file system that can, with --vault or the settings.",
            )
        finally:
            os.close(descriptor)
    report.done("the lock and what killed processes leave")


def check_reserves(report: Report, vault: Path) -> None:
    """Room that was reserved for a refresh which is not under way any more."""
    folder = vault.parent / "locks"
    for path in _listed(folder):
        if path.suffix != ".reserve" or not container.is_id(path.stem):
            continue
        try:
            descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | _OPEN)
        except OSError:
            abandoned = True
        else:
            abandoned = _free(descriptor)
            os.close(descriptor)
        if abandoned:
            report.warn(
                "leftover-reserve",
                f"{path} takes up room for a refresh that was killed.",
                "The next refresh of that entry clears it away; it can be removed.",
            )


def check_disk(report: Report, vault: Path) -> None:
    """Free space, and a file system whose locks may not reach other machines."""
    folder = vault.parent
    try:
        room = os.statvfs(folder)
        size = vault.stat().st_size if vault.exists() else 0
    except OSError as error:
        report.skip("free space", _why(error))
        return
    free, wanted = room.f_bavail * room.f_frsize, 3 * size + upkeep.RESERVED_MARGIN
    if free < max(wanted, _LEAST_ROOM):
        report.warn(
            "space-low",
            f"{folder} has {free // 1024:,} KiB left; a change of the vault needs {wanted // 1024:,}.",
            "Make room: a token that cannot be stored is lost.",
        )
    kind = file_system(folder)
    if kind in _NETWORK or kind.startswith("fuse."):
        report.note(
            "network-file-system",
            f"{folder} is on a file system of the kind {kind}: locks may not reach other machines.",
            "Change the vault from one machine only, unless its locks are known to work.",
        )
    report.done(f"the disk: free space, file system ({kind or 'unknown'})")


def file_system(folder: Path) -> str:
    """The kind of the file system that holds `folder`, as Linux names it; empty if not known."""
    try:
        device = folder.stat().st_dev
        lines = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in lines:
        fields, _, rest = line.partition(" - ")
        if fields.split()[2:3] == [wanted] and rest:
            return rest.split()[0]
    return ""


def check_key_file(report: Report, places: Places) -> None:
    """The key file itself, and whether it travels with what it protects."""
    path = places.key_file
    report.done("the key file: type, owner, mode, place")
    if check_file(report, path, "key file", "key-file") is None:
        return
    vault_folder = _real(places.vault.parent)
    if _real(path.parent).is_relative_to(vault_folder):
        report.warn(
            "key-file-with-vault",
            f"The key file {path} lies in the vault's folder: a copy of the folder has both.",
            "Move it elsewhere and name it with TUI_OAUTH_KEY_FILE or --key-file.",
        )
    tree = git_tree(path)
    if tree is not None:
        report.warn(
            "key-file-in-git",
            f"The key file {path} lies in the git work tree {tree}: it may be committed by mistake.",
            "Move it out of there.",
        )
    if tree is None and (tree := git_tree(places.vault)) is not None:
        report.note("vault-in-git", f"The vault lies in the git work tree {tree}.")


def git_tree(path: Path) -> Path | None:
    """The git work tree that `path` lies in, or None."""
    start = _real(path.parent)
    return next((folder for folder in (start, *start.parents) if _has_git(folder)), None)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _has_git(folder: Path) -> bool:
    return os.path.lexists(folder / ".git")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _flock(descriptor: int, kind: int) -> bool:
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES, errno.EINTR}:
                raise
        if time.monotonic() > end:
            return False
        time.sleep(0.02)


def _free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _why(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
