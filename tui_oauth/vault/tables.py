"""TinyDB over the vault file: the table in which entries are listed and changed.

It has a module of its own because one entry is found without it: `token` need not load TinyDB.
"""

from __future__ import annotations

from typing import Any

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from tui_oauth.vault import container
from tui_oauth.vault.storage import SealedStorage


class _Storage(Storage):
    """The shape in which TinyDB wants a storage."""

    def __init__(self, sealed: SealedStorage) -> None:
        self._sealed = sealed

    def read(self) -> dict[str, dict[str, Any]]:
        return self._sealed.read()

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        self._sealed.write(data)


def entries_table(sealed: SealedStorage) -> Table:
    """The entries of the vault file behind `sealed`."""
    # No query cache: it would not notice what other processes write.
    return TinyDB(sealed, storage=_Storage).table(container.ENTRIES_TABLE, cache_size=0)
