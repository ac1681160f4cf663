"""What a person said on the command line about the vault's key."""

from __future__ import annotations

from typing import NamedTuple


class KeyOptions(NamedTuple):
    """The options `--key-file`, `--passphrase-command` and `--passphrase-fd`; at most one is given.

    `use_kept` is whether a key that `tui-oauth unlock` keeps may open the vault: not where a person
    is to show that they hold a key of their own.
    """

    key_file: str = ""
    passphrase_command: str = ""
    passphrase_fd: int | None = None
    use_kept: bool = True
