"""The link of a sign-in in a file of its own, for whoever cannot copy it from the terminal.

Only the person can read it (0600). It lies in XDG_RUNTIME_DIR, which the system empties at logout, else in
the state folder, and goes when the sign-in ends.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.errors import StorageFailed

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace

_PREFIX = "tui-oauth-link-"


def write_link(workspace: Workspace, entry_id: str, link: str) -> Path:
    """Write `link` and a line break for the entry; where it is.

    What lies there from an earlier sign-in is replaced. Raises StorageFailed.
    """
    folder = _folder(workspace)
    path = folder / f"{_PREFIX}{entry_id[:8]}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        # A file that somebody else put there in between is neither followed nor written to.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{link}\n")
    except OSError as error:
        raise StorageFailed(
            f"The link could not be written to {path}: {error.strerror}.",
            "Copy it, or show it in one piece.",
        ) from error
    return path


def remove_link(path: Path) -> None:
    """Take the file away again; it may be gone already."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # it leads nowhere any more, and nobody waits for this


def _folder(workspace: Workspace) -> Path:
    """XDG_RUNTIME_DIR where it is what its specification says: ours, and for nobody else."""
    runtime = Path(workspace.environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute():
        try:
            found = runtime.stat()
        except OSError:
            return workspace.places.state
        ours = found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) == 0o700
        if stat.S_ISDIR(found.st_mode) and ours:
            return runtime
    return workspace.places.state
