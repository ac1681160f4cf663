"""Looking a vault over from outside to inside. Nothing is written, repaired or created."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from tui_oauth.errors import TuiOauthError, UsageProblem, VaultDamaged, VaultLocked
from tui_oauth.paths import Places
from tui_oauth.vault import container, files, slots
from tui_oauth.vault.container import Header
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.health import content, copies, places
from tui_oauth.vault.health.findings import Report
from tui_oauth.vault.options import KeyOptions
from tui_oauth.vault.repository import Vault
from tui_oauth.vault.storage import missing
from tui_oauth.vault.unlock import Ask, find_data_key

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def examine(
    report: Report,
    spots: Places,
    environ: Mapping[str, str],
    options: KeyOptions,
    ask: Ask | None = None,
    opened: Vault | None = None,
) -> Keys | None:
    """Everything about the vault at `spots.vault`, with fewer checks where it stays locked.

    `opened` is the vault where it is open already: its key is tried before any is looked for.
    The keys that it was unlocked with, or None. UsageProblem for two explicit sources of the key.
    """
    path = spots.vault
    places.check_folders(report, spots)
    places.check_key_file(report, spots)
    if not os.path.lexists(path):
        error = missing(path)
        report.warn("vault-missing", error.message, error.advice)
        copies.check_copies(report, path, None, None)
        return None
    readable = places.check_vault_file(report, path)
    places.check_lock(report, path)
    places.check_reserves(report, path)
    places.check_disk(report, path)
    data = read_bytes(path) if readable else None
    if data is None:
        report.skip("the content of the vault", "it cannot be read")
        copies.check_copies(report, path, None, None)
        return None
    header = content.check_header(report, data, path)
    keys = _keys_of(opened, header)
    if keys is None and header is not None:
        keys = _unlock(report, spots, header, environ, options, ask)
    if header is not None:
        copies.check_last_seen(report, path, header, data, spots.state)
    if keys is not None:
        content.check_content(report, data, keys, path)
    elif header is not None:
        content.check_structure(report, data, path)
    copies.check_copies(report, path, header, keys)
    copies.check_pending(report, path, keys, data)
    copies.check_sign_ins(report, path, keys, data, int(time.time()))
    copies.check_intents(report, path, keys, data)
    return keys


def read_bytes(path: Path) -> bytes | None:
    """What a regular file holds, whatever its mode and owner; None if it cannot be read."""
    try:
        descriptor = os.open(path, _OPEN)
    except OSError:
        return None
    try:
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(container.MAX_BYTES + 1)
    except OSError:
        return None
    finally:
        files.close(descriptor)


def _keys_of(opened: Vault | None, header: Header | None) -> Keys | None:
    """The keys of an open vault, if the file is still that vault under the same data key."""
    if opened is None or header is None:
        return None
    try:
        mine = opened.header
    except VaultDamaged:
        return Keys(opened.data_key, header.vault_id)  # the content's checks say what is wrong
    except TuiOauthError:
        return None  # another vault is there now, or it was given a new key
    if header.vault_id != mine.vault_id or not slots.share_one(header.slots, mine.slots):
        return None
    return Keys(opened.data_key, header.vault_id)


def _unlock(
    report: Report,
    spots: Places,
    header: Header,
    environ: Mapping[str, str],
    options: KeyOptions,
    ask: Ask | None,
) -> Keys | None:
    try:
        return Keys(find_data_key(spots, header, environ, options, ask=ask), header.vault_id)
    except VaultLocked as error:
        why = f"the vault is locked. {error}"
    except UsageProblem:
        raise
    except TuiOauthError as error:
        report.warn("key-unusable", error.message, error.advice)
        why = "the key cannot be used"
    for what in ("the seal (MAC)", "every part of every entry", "the seals of the copies"):
        report.skip(what, why)
        why = "as above"
    return None
