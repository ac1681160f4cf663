"""How the vault stands, and what is done with it as a whole: unlocked for a while, rekeyed.

Commands and the Vault screen call the same functions and tell what came of it in the same words. Keys, copies and bundles have functions of their own in the vault's room (`slot_changes`,
`backups`, `bundle`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui_oauth.errors import StorageFailed, TuiOauthError, VaultLocked
from tui_oauth.text import neutralise, span_seconds

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
UNLOCK_SECONDS = 30 * 86_400
"""The longest that a vault may stay unlocked; a key file lasts for longer."""
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
    no_unlock: str
    """Why the vault cannot be unlocked for a while here; empty where it can."""
    notice: str


class Locked(NamedTuple):
    """What `lock` did: whether anything was kept, and the key file that goes on opening the vault."""

    was_kept: bool
    key_file: Path | None


class Rekeyed(NamedTuple):
    """What is left after a new data key: the new recovery code, and copies that the old key opens."""

    code: Secret | None
    entries: int
    old_copies: tuple[Path, ...]
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
        *unlock_state(header),
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


def unlock_state(header: Header) -> tuple[int | None, str]:
    """Until when `unlock` keeps the vault open, if it does; and why it cannot do that here.

    In Unix seconds; the reason is without a full stop, and empty where the kernel keeps keys.
    """
    from tui_oauth.vault import unlocked

    try:
        return unlocked.unlocked_until(header), ""
    except unlocked.Unavailable as error:
        return None, str(error)


def unlock_seconds(text: str) -> int:
    """How long a vault is to stay unlocked, as a person wrote it. ValueError with a sentence."""
    seconds = span_seconds(text)
    if not 1 <= seconds <= UNLOCK_SECONDS:
        raise ValueError("from 1 second to 30 days; a key file lasts for longer")
    return seconds


def unlock_asks(workspace: Workspace) -> bool:
    """Whether `keep_unlocked` takes a passphrase or recovery code that somebody types.

    StorageFailed where the kernel keeps nothing for us, before anybody types one for nothing;
    VaultLocked where no key that could be typed or found opens the vault.
    """
    from tui_oauth.vault import unlocked

    unlocked.check_kernel(workspace.vault.header)
    try:
        _open_by_own_key(workspace, None, ask=False)
    except VaultLocked:
        if not typed_kinds(workspace):
            raise
        return True
    return False


def keep_unlocked(workspace: Workspace, seconds: int, typed: Secret | None = None) -> int:
    """Keep the vault unlocked for `seconds` for every program of this user; the end in Unix seconds.

    `typed` is a passphrase or recovery code. VaultLocked without a key of one's own: what an
    earlier `unlock` kept does not count, nobody prolongs it without one. StorageFailed where the
    kernel keeps nothing for us.
    """
    from tui_oauth.vault import unlocked

    vault = _open_by_own_key(workspace, typed, ask=True)
    if not workspace.vault_is_open:
        workspace.use_vault(vault)
    return unlocked.keep_unlocked(vault, seconds)


def lock(workspace: Workspace) -> Locked:
    """Forget what `keep_unlocked` had the kernel keep; works while the vault is locked.

    StorageFailed where the kernel keeps nothing for us; errors of `vault.read_header`.
    """
    from tui_oauth.vault import read_header, unlocked

    header = read_header(workspace.places.vault)
    was_kept = unlocked.lock_again(header)
    return Locked(was_kept, _own_key_file(workspace, header))


def _own_key_file(workspace: Workspace, header: Header) -> Path | None:
    """The default key file, if it is there and opens the vault."""
    from tui_oauth.vault import keyfile, slots

    path = workspace.places.key_file
    mine = [slot for slot in header.slots if slot.kind == slots.KEY_FILE]
    try:
        key = keyfile.read(path) if mine else b""
        opens = any(slots.open_with_key(slot, header.vault_id, key) for slot in mine)
    except (FileNotFoundError, TuiOauthError):
        return None
    return path if opens else None


def typed_kinds(workspace: Workspace) -> tuple[str, ...]:
    """What somebody could type to open the vault: "passphrase", "recovery"; () where nothing."""
    from tui_oauth.vault import read_header, slots

    try:
        header = read_header(workspace.places.vault)
    except TuiOauthError:
        return ()
    kinds = {slot.kind for slot in header.slots}
    return tuple(kind for kind in slots.TYPED if kind in kinds)


def _open_by_own_key(workspace: Workspace, typed: Secret | None, *, ask: bool) -> Vault:
    from tui_oauth.vault import KeyOptions, open_vault

    options = (workspace.key_options or KeyOptions())._replace(use_kept=False)
    asking = workspace.ask if ask else None
    return open_vault(workspace.places, workspace.environ, options, ask=asking, passphrase=typed)


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
    return Rekeyed(code, len(vault.entries()), tuple(all_copies(vault.path)), was_unlocked)


def after_rekey(done: Rekeyed) -> list[str]:
    """What a person has to know after a rekeying, one sentence or two each."""
    said = ["It is no longer unlocked for a while."] if done.was_unlocked else []
    said.append("Programs that have the vault open say so and have to be started again.")
    if done.old_copies:
        names = ", ".join(neutralise(path.name) for path in done.old_copies)
        said.append(
            f"Copies from before are as they were and open with the old keys: {names}. "
            "So are copies elsewhere. Delete them once you have seen that the vault works."
        )
    said.append(
        "Whoever had the old key may have read what the vault held: for that, replace client "
        "secrets and revoke tokens at the services."
    )
    return said
