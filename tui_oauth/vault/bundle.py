"""Bundles: entries for another machine, in a vault file of their own with one passphrase.

A bundle has a new vault id, a new data key and one passphrase slot, so that neither knows
anything of the other vault's keys. Entries keep id and revision, by which an import tells what it
has already, what is newer, and where the two went different ways. Copies of the vault itself can
be imported too, as long as its key is still the same.
"""

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tui_oauth import __version__
from tui_oauth.errors import StorageFailed, UsageProblem, VaultDamaged, VaultLocked
from tui_oauth.model import Entry, EntrySecrets, normalised_name, valid_name
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise
from tui_oauth.vault import container, crypto, files, records, sealing, slots
from tui_oauth.vault.backups import write_new_file
from tui_oauth.vault.container import Header
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.repository import Changes, Held, Vault
from tui_oauth.vault.sealing import Record


class Action(enum.StrEnum):
    """What an import does with one entry. The values are part of `import --json`."""

    ADD = "add"
    UPDATE = "update"
    SAME = "same"
    CONFLICT = "conflict"
    REPLACE = "replace"


class Step(NamedTuple):
    """One entry of a bundle: what is done with it and, as a sentence, why.

    `ours` is the entry of the vault that it meets, if there is one.
    """

    action: Action
    theirs: Entry
    ours: Entry | None
    why: str


class Bundle(NamedTuple):
    """A bundle that was read, opened by `open_bundle`."""

    path: Path
    data: bytes
    header: Header

    @property
    def needs_passphrase(self) -> bool:
        return any(slot.kind == slots.PASSPHRASE for slot in self.header.slots)


# -- writing


def write_bundle(
    path: Path, entries: Sequence[tuple[Entry, EntrySecrets]], passphrase: Secret, now: int
) -> None:
    """A new bundle at `path`, mode 0600, read back before this returns.

    UsageProblem for an empty passphrase; AlreadyExists, UnsafePath, StorageFailed.
    """
    if not passphrase:
        raise UsageProblem("The passphrase of a bundle cannot be empty.", "Choose one.")
    vault_id, data_key = crypto.random_bytes(16).hex(), crypto.random_bytes(crypto.KEY_BYTES)
    slot = slots.passphrase_slot(data_key, vault_id, passphrase, now, "bundle")
    keys = Keys(data_key, vault_id)
    documents = {
        str(number): sealing.sealed_document(keys, entry, secrets)
        for number, (entry, secrets) in enumerate(entries, 1)
    }
    header = Header(vault_id, 1, keys.seals, (slot,), __version__)
    data = container.build({container.ENTRIES_TABLE: documents}, header, keys)
    write_new_file(path, data, "bundle")
    written = _entries_in(read_bundle(path), keys)
    if written != list(entries):
        files.discard(path)
        raise StorageFailed(f"The bundle {path} did not read back as it was written.", "Try again.")


# -- reading


def read_bundle(path: Path) -> Bundle:
    """The bundle at `path`, still sealed.

    It may come from a stick or a mail, so its mode and owner do not matter; its content is held
    against its MAC. UsageProblem if there is none, VaultDamaged, StorageFailed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UsageProblem(f"There is no file {neutralise(path)}.", "Check the path.") from error
    except OSError as error:
        raise files.failed(f"open the bundle {path}", error) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageProblem(f"{neutralise(path)} is not a regular file.", "Name the bundle.")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(container.MAX_BYTES + 1)
    except OSError as error:
        raise files.failed(f"read the bundle {path}", error) from error
    finally:
        files.close(descriptor)
    if not container.looks_like_one(data):
        raise UsageProblem(
            f"{neutralise(path)} is neither a bundle nor a copy of this vault.",
            "Name a file that tui-oauth export wrote.",
        )
    return Bundle(path, data, container.parse_header(data, path))


def open_bundle(
    bundle: Bundle, *, passphrase: Secret | None = None, vault: Vault | None = None
) -> list[Held]:
    """The entries of a bundle with their secrets, each checked as one of ours would be.

    Opened by `passphrase`, or by the key of `vault` where the file is a copy of that vault.
    VaultLocked if that does not open it, VaultDamaged.
    """
    keys: Keys | None = None
    if vault is not None:
        keys = _keys_of_copy(bundle.header, vault)
    elif passphrase is not None:
        keys = _keys_by_passphrase(bundle.header, passphrase)
    if keys is None and vault is not None:
        raise VaultLocked(
            f"{bundle.path} is a copy of this vault from before its key was changed.",
            f"Look into it with: tui-oauth --vault {bundle.path} list",
        )
    if keys is None:
        raise VaultLocked(
            f"The passphrase does not open the bundle {bundle.path}.",
            "It is the one that was given when the bundle was exported.",
        )
    return _entries_in(bundle, keys)


def is_copy_of(header: Header, vault: Vault) -> bool:
    """Whether the file is a copy of this vault, from before or after a change of its key or not."""
    return header.vault_id == vault.header.vault_id


def _keys_of_copy(header: Header, vault: Vault) -> Keys | None:
    if is_copy_of(header, vault) and slots.share_one(header.slots, vault.header.slots):
        return Keys(vault.data_key, header.vault_id)
    return None


def _keys_by_passphrase(header: Header, passphrase: Secret) -> Keys | None:
    for slot in header.slots:
        if slot.kind == slots.PASSPHRASE:
            secret = slots.secret_of(slot, passphrase)
            data_key = slots.open_with_key(slot, header.vault_id, secret)
            if data_key is not None:
                return Keys(data_key, header.vault_id)
    return None


def _entries_in(bundle: Bundle, keys: Keys) -> list[Held]:
    tables = container.open_tables(bundle.data, keys, bundle.path)
    found: list[Held] = []
    try:
        for document in tables.get(container.ENTRIES_TABLE, {}).values():
            record = Record.of(0, document)
            entry = sealing.open_entry(keys, record)
            if not container.is_id(entry.id) or valid_name(entry.name) != entry.name:
                raise records.UnreadableRecord
            found.append((entry, sealing.open_secrets(keys, record)))
    except (crypto.DoesNotOpen, records.UnreadableRecord, UsageProblem, KeyError) as error:
        raise VaultDamaged(
            f"The bundle {bundle.path} holds an entry that cannot be read.", "Export it again."
        ) from error
    for parts in ([entry.id for entry, _ in found], [_key(entry) for entry, _ in found]):
        if len(set(parts)) != len(parts):
            raise VaultDamaged(f"The bundle {bundle.path} has one entry twice.", "Export it again.")
    return found


# -- merging


def plan(
    present: Mapping[str, Held], incoming: Sequence[Held], *, replace_ours: bool
) -> list[Step]:
    """What an import of `incoming` would do to a vault that holds `present` (by id).

    With `replace_ours` conflicts become replacements.
    """
    names = {_key(entry): entry for entry, _ in present.values()}
    steps = [_step(present, names, theirs, replace_ours) for theirs in incoming]
    # Names may move: an entry can only come where no other one stays or comes.
    while (clash := _clash(present, steps)) is not None:
        number, other = clash
        why = f"its name is needed for another entry ({other.id})"
        steps[number] = steps[number]._replace(action=Action.CONFLICT, why=why)
    return sorted(steps, key=lambda step: _key(step.theirs))


def _clash(present: Mapping[str, Held], steps: Sequence[Step]) -> tuple[int, Entry] | None:
    leaving = {step.ours.id for step in steps if step.ours and step.action in _STORED}
    taken = {_key(entry): entry for entry, _ in present.values() if entry.id not in leaving}
    for number, step in enumerate(steps):
        if step.action in _STORED and _key(step.theirs) in taken:
            return number, taken[_key(step.theirs)]
    return None


_STORED = {Action.ADD, Action.UPDATE, Action.REPLACE}


def _step(
    present: Mapping[str, Held], names: Mapping[str, Entry], incoming: Held, replace_ours: bool
) -> Step:
    theirs, secrets = incoming
    against = Action.REPLACE if replace_ours else Action.CONFLICT
    namesake = names.get(_key(theirs))
    if theirs.id not in present:
        if namesake is None:
            return Step(Action.ADD, theirs, None, "new here")
        return Step(against, theirs, namesake, "another entry here has this name")
    ours, held = present[theirs.id]
    if theirs._replace(revision=ours.revision) == ours and secrets == held:
        return Step(Action.SAME, theirs, ours, "here already, the same")
    if namesake is not None and namesake.id != theirs.id:
        return Step(
            Action.CONFLICT, theirs, ours, f"it has the name of another entry here ({namesake.id})"
        )
    if theirs.revision > ours.revision and theirs.updated_at >= ours.updated_at:
        why = f"newer: revision {theirs.revision} instead of {ours.revision}"
        return Step(Action.UPDATE, theirs, ours, why)
    why = (
        f"other content: revision {theirs.revision} there, {ours.revision} here"
        if theirs.revision != ours.revision
        else f"other content at the same revision ({ours.revision})"
    )
    return Step(against, theirs, ours, why)


def apply(vault: Vault, incoming: Sequence[Held], *, replace_ours: bool) -> list[Step]:
    """Import in one commit, and what was done. The plan is made anew under the vault's lock."""
    steps: list[Step] = []
    secrets_of = {entry.id: secrets for entry, secrets in incoming}

    def edit(present: dict[str, Held]) -> Changes:
        steps[:] = plan(present, incoming, replace_ours=replace_ours)
        stored, removed = [], []
        for step in steps:
            if step.action not in _STORED:
                continue
            entry, ours = step.theirs, step.ours
            if ours is not None and ours.id != entry.id:
                removed.append(ours.id)
            elif ours is not None:
                # A revision never goes back: others compare with the one that they read.
                revision = max(entry.revision, ours.revision + 1)
                entry = entry._replace(revision=revision)
            stored.append((entry, secrets_of[entry.id]))
        return Changes(tuple(stored), tuple(removed))

    vault.change_several(edit)
    return steps


def _key(entry: Entry) -> str:
    return normalised_name(entry.name)
