"""A file that another program reads a token from: private, replaced in one step, never half written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tui_oauth.errors import UnsafePath
from tui_oauth.vault.files import check_folder, create_private, discard, failed, sync_folder


def write_token_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`, mode 0600; a reader finds the old content or the new one.

    Raises UnsafePath where something other than a regular file of this user is there, or anybody
    may change the folder; StorageFailed where it cannot be written: then the old file stands.
    """
    check_folder(path.parent)
    _check_place(path)
    temporary = path.with_name(f".tui-oauth.{os.urandom(8).hex()}")
    create_private(temporary, data, "token file")
    try:
        temporary.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        discard(temporary)
        raise failed(f"write the token file {path}", error) from error


def _check_place(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise failed(f"look at {path}", error) from error
    if stat.S_ISLNK(found.st_mode):
        raise UnsafePath(
            f"{path} is a symbolic link.",
            "Links are not followed. Name the file itself.",
        )
    if not stat.S_ISREG(found.st_mode):
        raise UnsafePath(f"{path} is not a regular file.", "Name another place.")
    if found.st_uid != os.geteuid():
        raise UnsafePath(
            f"{path} belongs to another user (number {found.st_uid}).", "Name another place."
        )
