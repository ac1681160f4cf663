"""What a person said on the command line about the vault's key."""

from __future__ import annotations

from typing import NamedTuple


class KeyOptions(NamedTuple):
    """The options `--key-file`, `--passphrase-command` and `--passphrase-fd`; at most one is given."""

    key_file: str = ""
    passphrase_command: str = ""
    passphrase_fd: int | None = None
