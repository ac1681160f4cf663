"""`Vault`: the entries and their secrets, found, read and changed; by TinyDB but for one entry.

Every entry is one TinyDB document with two sealed parts: `meta`, opened for lists, and `sec`,
opened when a secret is needed. An entry that did not change is never sealed again. A change holds
the lock, reads anew, and is one durable commit; reading never writes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tui_oauth.errors import AlreadyExists, Conflict, NotFound, VaultDamaged
from tui_oauth.model import Entry, EntrySecrets, TokenSet, normalised_name, valid_name
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise
from tui_oauth.vault import container, crypto, records, sealing, slots
from tui_oauth.vault.container import Header, Tables
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.files import Signature
from tui_oauth.vault.sealing import Record
from tui_oauth.vault.slots import Slot
from tui_oauth.vault.storage import FileState, SealedStorage, Snapshot
from tui_oauth.vault.upkeep import Upkeep

if TYPE_CHECKING:
    from tinydb.table import Document, Table

    from tui_oauth.vault.documents import Documents
    from tui_oauth.vault.intents import Intents
    from tui_oauth.vault.together import Together, Wanted

NO_SECRETS = EntrySecrets()

Read = TypeVar("Read")
Held = tuple[Entry, EntrySecrets]
Edit = Callable[[Entry, EntrySecrets], Held]


class Changes(NamedTuple):
    """Several changes of one commit: entries to store as they are, and ids to remove."""

    stored: tuple[tuple[Entry, EntrySecrets], ...] = ()
    removed: tuple[str, ...] = ()


class Listing(NamedTuple):
    """All entries by name, with the header of the state of the vault that they are of."""

    entries: list[Entry]
    header: Header
    signature: Signature
    """Tells that state from others, without a meaning of its own."""

    @property
    def protection(self) -> str:
        """As `Vault.protection`."""
        return slots.protection(self.header.slots)


class Vault:
    """An open vault. Get one from `open_vault` or `create_vault`.

    Methods may be called from several threads. All of them can raise StorageFailed, UnsafePath,
    VaultDamaged and VaultMissing, since another process may have done anything to the file in
    the meantime; those that write can raise VaultBusy.
    """

    def __init__(self, path: Path, keys: Keys, state: FileState) -> None:
        self.path = path
        self._keys = keys
        self._storage = SealedStorage(path, keys, state)
        self._upkeep = Upkeep(path, keys)
        self._listed: tuple[Snapshot, list[Entry]] | None = None
        self._opened: dict[tuple[object, ...], Entry] = {}
        self._looked: tuple[Tables, dict[tuple[str, str], Record], dict[Record, Entry]]
        self._looked = ({}, {}, {})

    def __repr__(self) -> str:
        return f"Vault({str(self.path)!r})"

    @cached_property
    def _table(self) -> Table:
        from tui_oauth.vault.tables import entries_table  # not for one entry: see `_where`

        return entries_table(self._storage)

    @cached_property
    def _together(self) -> Together:
        from tui_oauth.vault.together import Together  # who only reads need not load it

        return Together(self._commit)

    @property
    def header(self) -> Header:
        """The verified header: vault id, generation, key slots."""
        return self._storage.snapshot.header

    @property
    def data_key(self) -> bytes:
        """The key that all others come from, for this room: the kernel may keep it (`unlocked`)."""
        return self._keys.data_key

    @property
    def protection(self) -> str:
        """What opens the vault, in words: "key file", "passphrase", "key file, passphrase"."""
        return slots.protection(self.header.slots)

    def changed_on_disk(self, since: Listing | None = None) -> bool:
        """Whether another process wrote since we last read. Cheap enough to ask each second.

        Whoever shows a list asks with `since`: any other reading of the vault takes note of the
        new state as well, and the list on the screen would stay the old one.
        """
        return self._storage.changed_on_disk(None if since is None else since.signature)

    def entries(self) -> list[Entry]:
        """All entries by name, without their secrets."""
        with self._storage.mutex:
            snapshot = self._storage.snapshot
            if self._listed is None or self._listed[0] is not snapshot:
                before, self._opened = self._opened, {}
                for record in map(_record, self._table.all()):
                    # One that did not change is not opened again: an agent looks after each change.
                    sealed = (record.id, record.name_key, record.revision, record.meta)
                    self._opened[sealed] = before.get(sealed) or self._open(record)
                found = list(self._opened.values())
                found.sort(key=lambda entry: (normalised_name(entry.name), entry.name))
                self._listed = (snapshot, found)
            return list(self._listed[1])

    def listing(self) -> Listing:
        """As `entries`, with what tells later whether the list is still the vault's."""
        with self._storage.mutex:
            entries = self.entries()
            snapshot = self._listed[0] if self._listed is not None else self._storage.snapshot
            return Listing(entries, snapshot.header, snapshot.signature)

    def find(self, name: str) -> Entry:
        """The entry called `name`, without regard to case. NotFound names the nearest one."""
        with self._storage.mutex:
            record = self._named(name)
            if record is None:
                raise self._no_entry(name)
            return self._open_kept(record)

    def get(self, entry_id: str) -> Entry:
        """The entry with this id; NotFound if it was deleted."""
        with self._storage.mutex:
            return self._open_kept(self._stored(entry_id))

    def secrets(self, entry: Entry) -> EntrySecrets:
        """The secrets of `entry` as they are now; NotFound if it was deleted."""
        with self._storage.mutex:
            return self._open_secrets(self._stored(entry.id))

    def add(self, entry: Entry, secrets: EntrySecrets = NO_SECRETS) -> Entry:
        """Store a new entry and return it with its revision, and an id if it had none.

        AlreadyExists if an entry has the same name; UsageProblem for a name that cannot be.
        """
        from tinydb.table import Document

        name = valid_name(entry.name)
        entry_id = entry.id or crypto.random_bytes(16).hex()
        if not container.is_id(entry_id):
            raise ValueError("an entry's id is 32 hexadecimal digits")
        with self._storage.transaction():
            self._check_free(name)
            if self._where("id", entry_id) is not None:
                raise ValueError("an entry's id is used once")
            new = entry._replace(id=entry_id, name=name, revision=1)
            # TinyDB counts its own numbers per process; two processes would hand out the same.
            self._table.insert(Document(self._seal(new, secrets), self._free_number()))
        return new

    def change(self, entry_id: str, edit: Edit, *, expected_revision: int | None = None) -> Entry:
        """Replace an entry and its secrets by what `edit` makes of their present state.

        `edit` runs under the vault's lock: it must be quick and must not call the vault. Changes
        that several threads want at the same time are one commit (`vault.together`); the entry
        that is returned is on disk. When `edit` changes nothing, nothing is written. NotFound if
        the entry is gone; Conflict if it is not at `expected_revision`; AlreadyExists or
        UsageProblem for a new name that cannot be.
        """
        from tui_oauth.vault.together import Wanted

        return self._together.run(Wanted(entry_id, edit, expected_revision))

    def _commit(self, take: Callable[[], Sequence[Wanted]]) -> None:
        """Make several changes in one commit; one that cannot be made takes no other along."""
        from tui_oauth.vault.documents import Documents

        with self._storage.transaction():
            wanted = take()
            tables = dict(self._storage.tables)
            documents = Documents(self.path, tables.get(container.ENTRIES_TABLE, {}))
            changed = [one for one in wanted if self._apply(one, documents)]
            if changed:
                for one in changed:
                    self._upkeep.release(one.entry_id)
                tables[container.ENTRIES_TABLE] = documents.table
                self._storage.write(tables)
            for one in changed:
                if _asks(one.after) != _asks(one.before):
                    self._upkeep.write_sign_ins(one.entry_id, b"")
        for one in changed:
            if _granted(one.after) != _granted(one.before):
                # Newer tokens are on disk, so an answer that was kept for later is of no use any
                # more. It still is when only what stands beside the tokens has changed.
                self._upkeep.drop_pending(one.entry_id)

    def _apply(self, wanted: Wanted, documents: Documents) -> bool:
        """Make one change in `documents`; whether there is anything to write for it."""
        try:
            record = self._there(documents.with_id(wanted.entry_id))
            old, old_secrets = self._open(record), self._open_secrets(record)
            if wanted.expected_revision not in {None, old.revision}:
                raise Conflict(
                    f"{neutralise(old.name)} was changed by another process in the meantime. "
                    "Nothing was written.",
                    "Look at it again and repeat the change.",
                )
            new, new_secrets = wanted.edit(old, old_secrets)
            before = (old, old_secrets)
            if (new, new_secrets) == before:
                wanted.applied(before, before)
                return False
            name = self._new_name(old, new.name, documents)
            new = new._replace(id=old.id, revision=old.revision + 1, name=name)
            documents.put(record.number, self._seal(new, new_secrets))
        except Exception as error:
            wanted.refused(error)
            return False
        wanted.applied(before, (new, new_secrets))
        return True

    def change_several(self, edit: Callable[[dict[str, Held]], Changes]) -> Changes:
        """Make the changes that `edit` finds, in one commit: all of them or none.

        `edit` gets every entry with its secrets by id, as they stand under the lock, and must not
        call the vault. What it stores keeps its id and revision; names are to be valid and to
        occur once. Nothing is written when there is nothing to change.
        """
        with self._storage.transaction():
            found = [_record(document) for document in self._table.all()]
            numbers = {record.id: record.number for record in found}
            held = self._held(found)
            changes = edit(held)
            if not any(changes):
                return changes
            after = {entry_id: entry for entry_id, (entry, _) in held.items()}
            for entry_id in changes.removed:
                del after[entry_id]
            after.update({entry.id: entry for entry, _ in changes.stored})
            if len({normalised_name(entry.name) for entry in after.values()}) != len(after):
                raise ValueError("a name is used once")
            tables = self._storage.read()
            documents = tables.setdefault(container.ENTRIES_TABLE, {})
            for entry_id in changes.removed:
                del documents[str(numbers[entry_id])]
            for entry, secrets in changes.stored:
                number = numbers.get(entry.id) or self._free_number()
                documents[str(number)] = self._seal(entry, secrets)
            self._storage.write(tables)
            if changes.removed:
                self._upkeep.forget_all_but(after.keys())
            for entry, secrets in changes.stored:
                if entry.id in held and _asks((entry, secrets)) != _asks(held[entry.id]):
                    self._upkeep.write_sign_ins(entry.id, b"")
        for entry, secrets in changes.stored:
            if entry.id in held and held[entry.id][1].tokens != secrets.tokens:
                self._upkeep.drop_pending(entry.id)
        return changes

    def change_slots(self, edit: Callable[[tuple[Slot, ...], bytes], tuple[Slot, ...]]) -> None:
        """Replace the key slots by what `edit` makes of them and the data key, in one commit.

        `edit` runs under the vault's lock (`vault.slot_changes` has the edits there are).
        """
        with self._storage.transaction():
            header = self._storage.snapshot.header
            new = edit(header.slots, self._keys.data_key)
            if new != header.slots:
                self._storage.write(self._storage.read(), header._replace(slots=new))

    def reseal(
        self,
        data_key: bytes,
        edit: Callable[[tuple[Slot, ...]], tuple[Slot, ...]],
        expected: frozenset[str],
    ) -> None:
        """Seal every entry anew under another data key, in one commit; revisions stay.

        `edit` gives the slots that hold the new key. Conflict if the entries are not those of
        the ids in `expected`, whose locks the caller holds (`vault.rekey`).
        """
        with self._storage.transaction():
            header = self._storage.snapshot.header
            tables = self._storage.read()
            documents = tables.get(container.ENTRIES_TABLE, {})
            if {document["id"] for document in documents.values()} != expected:
                raise Conflict(
                    "Entries were added or deleted in the meantime. Nothing was written.",
                    "Run the command again.",
                )
            if set(tables) - {container.ENTRIES_TABLE}:
                raise VaultDamaged(
                    f"The vault {self.path} holds more than this version of tui-oauth knows.",
                    "Update tui-oauth. Nothing was written.",
                )
            new = Keys(data_key, header.vault_id)
            base = header._replace(slots=edit(header.slots), seals=0)
            sealed = self._read(lambda: sealing.resealed(self._keys, new, documents))
            self._storage.write_under(new, {container.ENTRIES_TABLE: sealed}, base)
            # The old key may have leaked, and with it the code verifiers.
            self._upkeep.forget_sign_ins()

    def held(self) -> dict[str, Held]:
        """Every entry with its secrets by id, all of one state of the vault: for an export."""
        with self._storage.mutex:
            return self._held([_record(document) for document in self._table.all()])

    def verified_bytes(self) -> bytes:
        """The vault file as it is now, with every byte held against the MAC: for copies."""
        return self._storage.verified_bytes()

    def observe(self, seen: Callable[[Header, bytes], None]) -> None:
        """Have `seen` called now and whenever another state was read or written.

        It gets the verified header and the end of the file, which names its content.
        """
        self._storage.observe(seen)

    def remove(self, entry_id: str) -> None:
        """Delete an entry with its secrets; NotFound if it is gone already."""
        with self._storage.transaction():
            self._table.remove(doc_ids=[self._stored(entry_id).number])
            self._upkeep.forget_all_but({document["id"] for document in self._table.all()})

    def entry_lock(
        self, entry_id: str, timeout: float = 30.0
    ) -> contextlib.AbstractContextManager[Intents]:
        """Hold the entry for a refresh: `with vault.entry_lock(id, 30.0) as intents: ...`.

        Read the entry again inside, and mark in `intents` what is about to be sent. VaultBusy after `timeout` seconds. Reading and changing the
        entry stay possible for others; the lock keeps apart only those that ask for it.
        """
        return self._upkeep.entry_lock(entry_id, timeout)

    def reserve(self, entry_id: str) -> contextlib.AbstractContextManager[None]:
        """Reserve disk space for the next change of this entry, which uses it up.

        For the request that spends a single-use refresh token: a full disk is found (StorageFailed)
        while the old token is still good. Hold the entry's lock; the space is given back at the
        end of the block.
        """
        return self._upkeep.reserve(entry_id, self._storage.snapshot.signature.size)

    def keep_pending(self, entry_id: str, tokens: TokenSet, *, sent: Secret) -> None:
        """Keep the sealed answer to a refresh beside the vault, for when the commit failed.

        `sent` is the refresh token that it cost, or the access token where that is what a provider
        renews. StorageFailed if this cannot be written either.
        """
        with self._storage.mutex:
            self._upkeep.keep_pending(entry_id, tokens, sent)

    def take_pending(self, entry_id: str) -> TokenSet | None:
        """The answer that was kept, or None; also None if the vault no longer has what it cost.

        Store it with `change`, which removes it; until then it stays. VaultDamaged if it does
        not open.
        """
        pending = self._upkeep.read_pending(entry_id)
        if pending is None:
            return None
        tokens, sent = pending
        with self._storage.mutex:
            current = self._open_secrets(self._stored(entry_id)).tokens
        if current is None or (current.refresh_token or current.access_token) != sent:
            # Someone authorized anew since: the vault's tokens are the newer ones.
            self._upkeep.drop_pending(entry_id)
            return None
        return tokens

    def sign_ins(self, entry_id: str) -> bytes:
        """What `change_sign_ins` keeps of this entry; empty where there is nothing that opens.

        It goes with the entry, and when what the entry asks for or with changes.
        """
        return self._upkeep.read_sign_ins(entry_id)

    def change_sign_ins(self, entry_id: str, edit: Callable[[bytes], bytes]) -> None:
        """Replace what is kept of an entry's sign-ins (JSON) by what `edit` makes of it.

        `edit` runs under the vault's lock, so of several processes that take something out one
        gets it; the vault itself is not written. NotFound if the entry is gone.
        """
        with self._storage.transaction():
            self._stored(entry_id)
            before = self._upkeep.read_sign_ins(entry_id)
            after = edit(before)
            if after != before or not after:
                self._upkeep.write_sign_ins(entry_id, after)

    def _stored(self, entry_id: str) -> Record:
        return self._there(self._where("id", entry_id))

    def _there(self, record: Record | None) -> Record:
        if record is None:
            raise NotFound("There is no such entry any more.", "It was deleted.")
        return record

    def _named(
        self, name: str, named: Callable[[str], Record | None] | None = None
    ) -> Record | None:
        try:
            name_key = self._keys.name_key(name)
        except UnicodeEncodeError:
            return None
        return named(name_key) if named is not None else self._where("k", name_key)

    def _where(self, field: str, value: str) -> Record | None:
        """The one record with `value` in a field that stands in clear; None where there is none.

        A plain look through the verified documents, as TinyDB would do it: to load TinyDB for this
        would cost `token` more than reading, verifying and parsing the whole file.
        """
        found, _ = self._looked_at()
        record = found.get((field, value))
        if record is None:
            documents = self._storage.tables.get(container.ENTRIES_TABLE, {})
            numbers = [one for one, document in documents.items() if document[field] == value]
            if len(numbers) > 1:
                raise VaultDamaged(
                    f"The vault {self.path} has one entry twice. Nothing was written."
                )
            if not numbers:
                return None
            record = found[field, value] = Record.of(int(numbers[0]), documents[numbers[0]])
        return record

    def _looked_at(self) -> tuple[dict[tuple[str, str], Record], dict[Record, Entry]]:
        """What was found and opened in the present state: who calls an API asks for each call.

        No secrets among it: those stay sealed until they are needed.
        """
        tables = self._storage.tables
        if self._looked[0] is not tables:
            self._looked = (tables, {}, {})
        return self._looked[1:]

    def _open_kept(self, record: Record) -> Entry:
        _, opened = self._looked_at()
        if record not in opened:
            opened[record] = self._open(record)
        return opened[record]

    def _open(self, record: Record) -> Entry:
        return self._read(lambda: sealing.open_entry(self._keys, record))

    def _open_secrets(self, record: Record) -> EntrySecrets:
        return self._read(lambda: sealing.open_secrets(self._keys, record))

    def _read(self, read: Callable[[], Read]) -> Read:
        try:
            return read()
        except (crypto.DoesNotOpen, records.UnreadableRecord) as error:
            raise container.damaged(self.path, "one of its entries does not open") from error

    def _held(self, found: list[Record]) -> dict[str, Held]:
        return {record.id: (self._open(record), self._open_secrets(record)) for record in found}

    def _seal(self, entry: Entry, secrets: EntrySecrets) -> dict[str, object]:
        return sealing.sealed_document(self._keys, entry, secrets)

    def _new_name(self, old: Entry, name: str, documents: Documents) -> str:
        if name == old.name:
            return name
        name = valid_name(name)
        if normalised_name(name) != normalised_name(old.name):
            self._check_free(name, documents.named)
        return name

    def _check_free(self, name: str, named: Callable[[str], Record | None] | None = None) -> None:
        """AlreadyExists where `named` finds an entry of this name; else one is looked for on disk."""
        found = self._named(name, named)
        if found is not None:
            held = self._open(found).name  # case does not tell names apart
            raise AlreadyExists(
                f"There is an entry called {neutralise(held)} already.", "Choose another name."
            )

    def _free_number(self) -> int:
        while True:
            number = int.from_bytes(crypto.random_bytes(8), "big") >> 11  # 53 bits, JSON's integers
            if not self._table.contains(doc_id=number):
                return number

    def _no_entry(self, name: str) -> NotFound:
        import difflib  # only for this message

        names = {normalised_name(entry.name): entry.name for entry in self.entries()}
        nearest = difflib.get_close_matches(normalised_name(name), names, n=1, cutoff=0.5)
        advice = f"Did you mean {names[nearest[0]]}?" if nearest else "See: tui-oauth list"
        return NotFound(f"There is no entry called {neutralise(name)}.", advice)


def _granted(held: Held | None) -> tuple[Secret | None, Secret | None]:
    tokens = held[1].tokens if held is not None else None
    return (tokens.access_token, tokens.refresh_token) if tokens is not None else (None, None)


def _asks(held: Held | None) -> tuple[object, ...]:
    """What a sign-in of an entry asks for, and who asks: another one makes it another sign-in."""
    if held is None:
        return ()
    entry, secrets = held
    asked = (entry.service, dict(entry.variables), entry.pinned, entry.scopes, entry.callback_url)
    return (*asked, secrets.client_id, secrets.client_secret)


def _record(document: Document) -> Record:
    return Record.of(document.doc_id, document)
