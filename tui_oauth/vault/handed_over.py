"""An open vault for another process of this program, which asks nobody for a key.

The text is the vault's data key: it travels through a pipe to a process that was started for this,
and nowhere else. No argument, file or environment ever has it.
"""

from __future__ import annotations

from pathlib import Path

from tui_oauth.secret import Secret
from tui_oauth.vault import container, crypto
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.repository import Vault
from tui_oauth.vault.storage import read_file


def key_of(vault: Vault) -> Secret:
    """What opens `vault` over there."""
    return Secret(crypto.to_text(vault.data_key))


def open_with(path: Path, key: Secret) -> Vault:
    """The vault at `path`, opened with what `key_of` gave. VaultMissing, VaultDamaged, UnsafePath."""
    state = read_file(path)
    header = container.parse_header(state.data, path)
    return Vault(path, Keys(crypto.from_text(key.reveal()), header.vault_id), state)
