"""The vault: one encrypted TinyDB file with every OAuth entry (README, "What protects the vault").

    crypto      keys from keys, sealing and opening, the Argon2id call
    slots       how the data key is wrapped for a key file or a passphrase
    container   the bytes of the file: header first, entries, MAC last
    records     entries and secrets to JSON and back
    files       opening and replacing files safely
    lock        locks between processes
    sealing     one entry to a document with two sealed parts, and back
    storage     what TinyDB sees: a locked, sealed, durable storage
    repository  `Vault`, the only user of TinyDB
    upkeep      what a refresh needs beside the vault: entry lock, reserved room, kept answer
    keyfile     key files on disk
    passphrase  passphrases from a command or a descriptor
    recovery    recovery codes: 128 bits that a person can write down
    os_keyring, keyring_child    the system's keyring, in a child process with a limit
    kernel_keyring, unlocked     the data key in the kernel for a while: `unlock` and `lock`
    unlock      where the key comes from; opening a vault
    slot_changes, rekey          adding, removing and changing keys; a new data key
    create      making a new vault
    backups     copies beside the vault, and where a person wants them
    bundle      entries for another machine: export and import
    last_seen   what was last seen of a vault: tells when an older one was put in its place
    health      what `doctor` looks at, and salvage from a damaged vault

The names below are loaded on use: `KeyOptions` alone loads no cryptography and no TinyDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_oauth.vault.container import Header as Header
    from tui_oauth.vault.create import create_vault as create_vault
    from tui_oauth.vault.options import KeyOptions as KeyOptions
    from tui_oauth.vault.repository import Vault as Vault
    from tui_oauth.vault.slots import SlotInfo as SlotInfo
    from tui_oauth.vault.unlock import open_vault as open_vault
    from tui_oauth.vault.unlock import read_header as read_header

__all__ = [
    "Header",
    "KeyOptions",
    "SlotInfo",
    "Vault",
    "create_vault",
    "open_vault",
    "read_header",
]

_HOMES = {
    "Header": "container",
    "KeyOptions": "options",
    "SlotInfo": "slots",
    "Vault": "repository",
    "create_vault": "create",
    "open_vault": "unlock",
    "read_header": "unlock",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
