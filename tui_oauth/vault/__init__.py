"""The vault: one encrypted TinyDB file with every OAuth entry (README, "What protects the vault").

    crypto      keys from keys, sealing and opening, the Argon2id call
    slots       how the data key is wrapped for a key file or a passphrase
    container   the bytes of the file: header first, entries, MAC last
    records     entries and secrets to JSON and back
    files       opening and replacing files safely
    lock        locks between processes
    storage     what TinyDB sees: a locked, sealed, durable storage
    repository  `Vault`, the only user of TinyDB
    upkeep      what a refresh needs beside the vault: entry lock, reserved room, kept answer
    keyfile     key files on disk
    passphrase  passphrases from a command or a descriptor
    unlock      where the key comes from; opening a vault
    create      making a new vault

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
