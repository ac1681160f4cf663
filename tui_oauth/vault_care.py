"""How the vault stands, and a new data key for it: what the Vault screen shows and does.

Keys, copies and bundles have functions of their own in the vault's room (`slot_changes`,
`backups`, `bundle`), which commands and screens call alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui_oauth.errors import StorageFailed

if TYPE_CHECKING:
    from tui_oauth.secret import Secret
    from tui_oauth.vault import Header, SlotInfo, Vault
    from tui_oauth.vault.rekey import Plan
    from tui_oauth.workspace import Workspace

PROTECTS = {
    "key-file": (
        "Key file: works in scripts and cron. Protects copies of the vault as long as the key file "
        "is not copied with them; not against anyone who can read your account or this disk."
    ),
    "passphrase": (
        "Passphrase: also protects a stolen disk or backup. Scripts need tui-oauth unlock, or a "
        "key file of their own."
    ),
}
WITH_KEY_FILE = (
    "Key file and passphrase: either opens it, so it is protected as with a key file alone. Remove "
    "the key file's key if a stolen disk is to stay shut."
)
OTHER = "No key file and no passphrase: opened only by what is listed below."


class Copy(NamedTuple):
    """The newest copy beside the vault, and when its content was written (Unix seconds)."""

    path: Path
    written: int
    copies: int
    """How many there are."""


class Standing(NamedTuple):
    """How an open vault stands."""

    protection: str
    words: str
    slots: tuple[SlotInfo, ...]
    entries: int
    copy: Copy | None
    unlocked_until: int | None
    notice: str


class Rekeyed(NamedTuple):
    """What is left after a new data key: the new recovery code, and copies that the old key opens."""

    code: Secret | None
    old_copies: int
    was_unlocked: bool


def standing(workspace: Workspace) -> Standing:
    """How the vault stands now. Reads files and may take a moment: not for the event loop."""
    vault = workspace.vault
    header = vault.header
    return Standing(
        vault.protection,
        protects(slot.kind for slot in header.slots),
        tuple(slot.info for slot in header.slots),
        len(vault.entries()),
        newest_copy(vault.path),
        unlocked_until(header),
        workspace.vault_notice,
    )


def protects(kinds: Iterable[str]) -> str:
    """What slots of these kinds protect from, in plain words."""
    known = set(kinds)
    if {"key-file", "passphrase"} <= known:
        return WITH_KEY_FILE
    for kind, words in PROTECTS.items():
        if kind in known:
            return words
    return OTHER


def newest_copy(vault: Path) -> Copy | None:
    """The newest copy beside the vault; None if there is none that can be seen."""
    from tui_oauth.vault.backups import all_copies

    found: list[tuple[int, Path]] = []
    for path in all_copies(vault):
        try:
            found.append((int(os.lstat(path).st_mtime), path))
        except OSError:
            continue  # removed at this moment
    if not found:
        return None
    written, path = max(found)
    return Copy(path, written, len(found))


def unlocked_until(header: Header) -> int | None:
    """Until when `unlock` keeps the vault open; None too where the kernel keeps no keys."""
    from tui_oauth.vault import unlocked

    try:
        return unlocked.unlocked_until(header)
    except unlocked.Unavailable:
        return None  # `unlock` says why; nothing can be unlocked by it then


def plan_rekey(workspace: Workspace, typed: Secret | None = None) -> tuple[Vault, Plan]:
    """Open the vault once more by a key that can be carried over, and what would become of the keys.

    `typed` is a passphrase or recovery code. VaultLocked where the vault opens with nothing else.
    """
    from tui_oauth.vault import KeyOptions, rekey
    from tui_oauth.vault.unlock import open_with_slot

    # What `unlock` kept is no slot that could be carried over.
    options = (workspace.key_options or KeyOptions())._replace(use_kept=False)
    places, environ = workspace.places, workspace.environ
    vault, found = open_with_slot(places, environ, options, ask=workspace.ask, passphrase=typed)
    return vault, rekey.plan(places, environ, vault, found)


def carry_out_rekey(workspace: Workspace, vault: Vault, plan: Plan) -> Rekeyed:
    """Seal everything anew, and go on with the new key. Errors as `vault.rekey.rekey`."""
    from tui_oauth.vault import rekey
    from tui_oauth.vault.backups import all_copies
    from tui_oauth.vault.unlocked import lock_again

    code = rekey.rekey(vault, plan)
    workspace.use_vault(vault)
    try:
        was_unlocked = lock_again(vault.header)
    except StorageFailed:
        was_unlocked = False  # where the kernel keeps nothing, there is nothing to forget
    return Rekeyed(code, len(all_copies(vault.path)), was_unlocked)
