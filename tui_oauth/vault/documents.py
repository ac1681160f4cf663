"""The stored entries of one state of the vault, still sealed: found by id and name, and replaced.

For a commit of several changes, each of which has to find what those before it have made.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui_oauth.errors import VaultDamaged
from tui_oauth.vault.sealing import Record


class Documents:
    """`table` is TinyDB's: documents by number. `put` changes it; hand in a copy for that."""

    def __init__(self, path: Path, table: Mapping[str, Any]) -> None:
        self.table = dict(table)
        self._path = path
        self._by_id = {document["id"]: number for number, document in table.items()}
        self._by_name = {document["k"]: number for number, document in table.items()}

    def with_id(self, entry_id: str) -> Record | None:
        """The entry with this id; VaultDamaged if there are two."""
        return self._single(self._by_id, "id", entry_id)

    def named(self, name_key: str) -> Record | None:
        """The entry with this blinded name; VaultDamaged if there are two."""
        return self._single(self._by_name, "k", name_key)

    def put(self, number: int, document: dict[str, object]) -> None:
        """Put `document` in the place of the one with this number."""
        key = str(number)
        before = self.table.get(key)
        if before is not None and before["k"] != document["k"]:
            del self._by_name[before["k"]]
        self.table[key] = document
        self._by_id[str(document["id"])] = key
        self._by_name[str(document["k"])] = key

    def _single(self, index: Mapping[str, str], field: str, wanted: str) -> Record | None:
        number = index.get(wanted)
        if number is None:
            return None
        if len(index) != len(self.table):  # something stands twice: this one?
            found = [one for one in self.table.values() if one[field] == wanted]
            if len(found) > 1:
                raise VaultDamaged(
                    f"The vault {self._path} has one entry twice. Nothing was written."
                )
        return Record.of(int(number), self.table[number])
