"""Making a new vault. Nothing else in the program ever creates one."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tui_oauth import __version__
from tui_oauth.errors import AlreadyExists, UsageProblem
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import container, crypto, files, keyfile, lock, slots
from tui_oauth.vault.container import Header
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.repository import Vault
from tui_oauth.vault.storage import FileState, lock_path


def create_vault(
    places: Places,
    *,
    passphrase: Secret | None = None,
    key_file: Path | None = None,
    recovery: bytes | None = None,
) -> Vault:
    """A new, empty vault at `places.vault`, opened by `passphrase` or else by a key file.

    The key file is `key_file` or `places.key_file`. One that is there already is used as it is
    and never changed: it may be the key of another vault, or have been put there on purpose.
    `recovery` is the secret of a recovery code (`recovery.new_secret`) that opens it as well.
    AlreadyExists if anything is at the vault's path. On any error nothing of ours is left behind.
    """
    if passphrase is not None and not passphrase:
        raise UsageProblem("The passphrase is empty.", "Type one, or use a key file.")
    path = places.vault
    if path.is_dir():
        raise UsageProblem(f"{path} is a folder.", "Name the vault's file.")
    if os.path.lexists(path):
        raise _exists(path)
    files.make_private_folder(path.parent)
    with lock.hold(lock_path(path), "the vault"):
        if os.path.lexists(path):
            raise _exists(path)
        made_key: Path | None = None
        vault_id, data_key = crypto.random_bytes(16).hex(), crypto.random_bytes(crypto.KEY_BYTES)
        now = int(time.time())
        if passphrase is not None:
            slot = slots.passphrase_slot(data_key, vault_id, passphrase, now, "first")
        else:
            key_path = key_file or places.key_file
            key, made = keyfile.read_or_make(key_path)
            made_key = key_path if made else None
            slot = slots.key_file_slot(data_key, vault_id, key, now, "first")
        try:
            keys = Keys(data_key, vault_id)
            opens = [slot]
            if recovery is not None:
                kind = slots.RECOVERY
                opens.append(
                    slots.secret_slot(data_key, vault_id, kind, recovery, now, "first", {})
                )
            header = Header(vault_id, generation=1, seals=0, slots=tuple(opens), writer=__version__)
            _set_backup_aside(path)
            content = container.build({container.ENTRIES_TABLE: {}}, header, keys)
            signature = files.create_private(path, content, "vault")
        except BaseException as error:
            if made_key is not None:
                files.discard(made_key)
            if isinstance(error, FileExistsError):
                raise _exists(path) from error
            raise
    return Vault(path, keys, FileState(content, signature))


def _exists(path: Path) -> AlreadyExists:
    return AlreadyExists(
        f"There is something at {path} already; it was not touched.",
        "Use it, or move it away first.",
    )


def _set_backup_aside(path: Path) -> None:
    """Keep the copy of an earlier vault, which may be all that is left of it.

    The first change of the new vault would put its own copy in that place.
    """
    backup = path.with_name(path.name + ".bak")
    if not os.path.lexists(backup):
        return
    aside = path.with_name(f"{backup.name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    try:
        backup.rename(aside)
    except OSError as error:
        raise files.failed(f"move {backup} aside", error) from error
