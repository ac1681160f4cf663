"""Copies of the vault beside it, all sealed as it is and for its owner alone.

vault.json.bak              the state before the last change (`files.replace_private`)
vault.json.2026-11-23.bak   the state before the first change of that day, UTC; five are kept
vault.json.<time>.bak       made on demand, with every byte held against the MAC; never removed
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tui_oauth.errors import AlreadyExists, TuiOauthError, UsageProblem
from tui_oauth.vault import container, files

TYPE_SUFFIX = ".bak"
DAYS_KEPT = 5
_DAY_DIGITS = "0000-00-00"


def daily_path(vault: Path, now: float) -> Path:
    """Where the copy of the day of `now` (Unix seconds) is kept."""
    day = time.strftime("%Y-%m-%d", time.gmtime(now))
    return vault.with_name(f"{vault.name}.{day}{TYPE_SUFFIX}")


def daily(vault: Path) -> list[Path]:
    """The copies of days, the newest first. None where the folder cannot be listed."""
    before, after = len(vault.name) + 1, len(TYPE_SUFFIX)
    return [path for path in _beside(vault) if _is_day(path.name[before:-after])]


def all_copies(vault: Path) -> list[Path]:
    """Every copy beside the vault, the one of the last change first, then the newest first."""
    last = vault.with_name(vault.name + TYPE_SUFFIX)
    days = daily(vault)
    others = [path for path in _beside(vault) if path not in days]
    return [path for path in [last] if os.path.lexists(path)] + days + others


def prune(vault: Path, vault_id: str) -> None:
    """Remove the oldest copies of days of this vault; those of another vault are not ours.

    An error is let pass: one copy too many harms nobody, and the vault itself is written.
    """
    ours = [path for path in daily(vault) if _id_of(path) == vault_id]
    for path in ours[DAYS_KEPT:]:
        files.discard(path)


def make_copy(data: bytes, vault: Path, target: Path | None, now: float) -> Path:
    """Write `data`, the verified bytes of the vault, to `target` or beside the vault.

    AlreadyExists if there is something; UsageProblem for a folder; UnsafePath, StorageFailed.
    """
    if target is None:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        target = vault.with_name(f"{vault.name}.{stamp}{TYPE_SUFFIX}")
    write_new_file(target, data, "copy")
    return target


def write_new_file(target: Path, data: bytes, what: str) -> None:
    """`data` in a new private file that a person named; errors as `make_copy`."""
    if target.is_dir():
        raise UsageProblem(f"{target} is a folder.", "Name the file to write.")
    files.check_folder(target.parent)
    try:
        files.create_exclusive(target, data, what)
    except FileExistsError as error:
        raise AlreadyExists(
            f"There is something at {target} already; it was not touched.", "Name another file."
        ) from error


def _beside(vault: Path) -> list[Path]:
    """What is named like a copy with something between name and suffix, by name, last first."""
    start = vault.name + "."
    try:
        names = [path.name for path in vault.parent.iterdir()]
    except OSError:
        return []
    fits = [name for name in names if name.startswith(start) and name.endswith(TYPE_SUFFIX)]
    longer = len(start) + len(TYPE_SUFFIX)
    return [vault.with_name(name) for name in sorted(fits, reverse=True) if len(name) > longer]


def _is_day(text: str) -> bool:
    return "".join("0" if char in "0123456789" else char for char in text) == _DAY_DIGITS


def _id_of(path: Path) -> str:
    try:
        data, _ = files.read_private(path, "copy", container.MAX_HEADER_BYTES)
        return container.parse_header(data, path).vault_id
    except (TuiOauthError, OSError):
        return ""  # not known to be ours, so it stays
