"""Key files on disk: one line with 32 random bytes, for its owner alone."""

from __future__ import annotations

from pathlib import Path

from tui_oauth.errors import VaultLocked
from tui_oauth.vault import crypto, files, slots

_MAX_BYTES = 1024


def read(path: Path, *, lenient: bool = False) -> bytes:
    """The 32 bytes of the key file at `path`.

    FileNotFoundError passes through; VaultLocked if it is damaged or no key file; UnsafePath if
    others may read it. `lenient` is for a credential that systemd placed (`files.open_private`).
    """
    data, _ = files.read_private(path, "key file", _MAX_BYTES, lenient=lenient)
    if len(data) > _MAX_BYTES:
        raise VaultLocked(f"{path} is too large to be a key file.")
    return slots.read_key_text(data, path)


def read_or_make(path: Path) -> tuple[bytes, bool]:
    """The key at `path`, and whether it was made just now because there was none."""
    files.make_private_folder(path.parent)
    try:
        return read(path), False
    except FileNotFoundError:
        key = crypto.random_bytes(crypto.KEY_BYTES)
    try:
        files.create_private(path, slots.key_file_text(key).encode("ascii"), "key file")
    except FileExistsError:  # another process made it at this moment, whole
        return read(path), False
    return key, True
