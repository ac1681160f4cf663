"""One entry between its two forms: a document with two sealed parts, and `Entry` with secrets.

`meta` and `sec` are sealed apart, so that a list opens no secret. Each is bound to the vault, the
entry's id, its revision and the blinded name beside it (`crypto.Keys.open_part`); what opens
elsewhere than where it was sealed is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.vault import crypto, records
from tui_oauth.vault.crypto import Keys


class Record(NamedTuple):
    """A stored entry, still sealed: the TinyDB document's number and its fields."""

    number: int
    id: str
    name_key: str
    revision: int
    meta: str
    secrets: str

    @classmethod
    def of(cls, number: int, document: Mapping[str, Any]) -> Record:
        """The record in a stored document; KeyError if a field is missing."""
        return cls(
            number,
            document["id"],
            document["k"],
            document["rev"],
            document["meta"],
            document["sec"],
        )


def sealed_document(keys: Keys, entry: Entry, secrets: EntrySecrets) -> dict[str, object]:
    """The document to store for `entry` at its revision."""
    name_key = keys.name_key(entry.name)

    def sealed(part: str, text: bytes, block: int) -> str:
        return keys.seal_part(part, entry.id, entry.revision, name_key, text, block)

    return {
        "id": entry.id,
        "k": name_key,
        "rev": entry.revision,
        "meta": sealed("meta", records.entry_text(entry), records.META_BLOCK),
        "sec": sealed("sec", records.secrets_text(secrets), records.SECRETS_BLOCK),
    }


def open_entry(keys: Keys, record: Record) -> Entry:
    """The entry without its secrets, whose name gives the blinded one beside it.

    DoesNotOpen if it is not what was sealed there; UnreadableRecord for an authentic part of
    another shape; VaultDamaged if a newer tui-oauth wrote it.
    """
    text = _open(keys, record, "meta", record.meta)
    entry = records.read_entry(text, record.id, record.revision)
    try:
        same = keys.name_key(entry.name) == record.name_key
    except UnicodeEncodeError:
        same = False
    if not same:
        raise crypto.DoesNotOpen
    return entry


def open_secrets(keys: Keys, record: Record) -> EntrySecrets:
    """The secrets of an entry. DoesNotOpen, UnreadableRecord."""
    return records.read_secrets(_open(keys, record, "sec", record.secrets))


def resealed(old: Keys, new: Keys, documents: Mapping[str, Any]) -> dict[str, dict[str, object]]:
    """The documents of all entries under other keys, with their numbers and revisions.

    DoesNotOpen, UnreadableRecord, VaultDamaged as `open_entry`.
    """
    out = {}
    for number, document in documents.items():
        record = Record.of(int(number), document)
        out[number] = sealed_document(new, open_entry(old, record), open_secrets(old, record))
    return out


def _open(keys: Keys, record: Record, part: str, sealed: str) -> bytes:
    return keys.open_part(part, record.id, record.revision, record.name_key, sealed)
