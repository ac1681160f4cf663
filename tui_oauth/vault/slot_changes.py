"""Adding, removing and changing the keys of an open vault: each is one durable commit.

What takes long (Argon2id, a question to the system's keyring) happens before the vault's lock is
taken; under it the slots are read again and changed.

None of this takes back what was possible before: whoever holds a removed key and an older copy of
the vault can still open that copy, and whoever got at the data key goes on with it until `rekey`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from tui_oauth.errors import (
    AlreadyExists,
    Conflict,
    NotFound,
    StorageFailed,
    UsageProblem,
)
from tui_oauth.secret import Secret
from tui_oauth.text import is_plain, neutralise
from tui_oauth.vault import files, keyfile, recovery, slots
from tui_oauth.vault.repository import Vault
from tui_oauth.vault.slots import Slot, SlotInfo

# Every passphrase slot costs a wrong passphrase one more derivation, and the header has its bounds.
MAX_SLOTS = 32
MAX_LABEL = 60


def add_key_file(vault: Vault, path: Path, label: str = "") -> tuple[SlotInfo, bool]:
    """Let the key file at `path` open the vault; it is made if it is not there.

    Gives the slot and whether the file was made. AlreadyExists if it opens the vault already;
    VaultLocked, UnsafePath, StorageFailed for a file that cannot be used. A file that was made is
    removed again if the vault cannot be written.
    """
    _check_room(vault, label)
    key, made = keyfile.read_or_make(path)
    try:
        for slot in _of_kind(vault, slots.KEY_FILE):
            if slots.open_with_key(slot, vault.header.vault_id, key) is not None:
                raise AlreadyExists(f"The key file {path} opens the vault already (key {slot.id}).")
        return _add(vault, slots.KEY_FILE, key, label, {}), made
    except BaseException:
        if made:
            files.discard(path)
        raise


def add_passphrase(vault: Vault, passphrase: Secret, label: str = "") -> SlotInfo:
    """Let a passphrase open the vault. UsageProblem for an empty one."""
    _check_room(vault, label)
    slot = _passphrase_slot(vault, passphrase, label)
    return _append(vault, slot)


def add_recovery(vault: Vault, label: str = "") -> tuple[SlotInfo, Secret]:
    """Make a recovery code that opens the vault. It is given once and kept nowhere."""
    _check_room(vault, label)
    secret = recovery.new_secret()
    return _add(vault, slots.RECOVERY, secret, label, {}), recovery.code_of(secret)


def add_keyring(vault: Vault, environ: Mapping[str, str], label: str = "") -> SlotInfo:
    """Let the system's keyring open the vault; `os_keyring.probe` is to have said that there is one.

    StorageFailed if it does not take the secret.
    """
    from tui_oauth.vault import crypto, os_keyring

    _check_room(vault, label)
    secret, parameters = crypto.random_bytes(crypto.KEY_BYTES), os_keyring.new_parameters()
    vault_id = vault.header.vault_id
    slot = slots.secret_slot(
        vault.data_key, vault_id, slots.KEYRING, secret, _now(), label, parameters
    )
    try:
        os_keyring.store(environ, os_keyring.name_of(vault_id, slot), secret)
    except os_keyring.Unavailable as error:
        raise StorageFailed(f"Nothing was changed: {error}.") from error
    try:
        return _append(vault, slot)
    except BaseException:
        forget_in_keyring(environ, vault_id, slot)
        raise


def forget_in_keyring(environ: Mapping[str, str], vault_id: str, slot: Slot) -> str:
    """Remove the secret of a slot that is gone from the system's keyring; why not, or nothing."""
    from tui_oauth.vault import os_keyring

    try:
        os_keyring.delete(environ, os_keyring.name_of(vault_id, slot))
    except os_keyring.Unavailable as error:
        return str(error)
    return ""


def remove_slot(vault: Vault, slot_id: str) -> Slot:
    """Remove one key; the slot that it was. NotFound for an id that is none.

    UsageProblem for the last one that this version can open: nobody could open the vault again.
    """
    removed: list[Slot] = []

    def edit(before: tuple[Slot, ...], _: bytes) -> tuple[Slot, ...]:
        removed[:] = [slot_with_id(before, slot_id)]
        after = tuple(slot for slot in before if slot.id != slot_id)
        check_left(after)
        return after

    vault.change_slots(edit)
    return removed[0]


def check_left(left: tuple[Slot, ...]) -> None:
    """UsageProblem unless one of the slots in `left` is of a kind that we can open."""
    if not any(slot.kind in slots.WORDS for slot in left):
        raise UsageProblem(
            "This is the last key that opens the vault; it stays.",
            "Add another one first: tui-oauth vault key add --help",
        )


def change_passphrase(vault: Vault, passphrase: Secret, slot_id: str = "") -> SlotInfo:
    """Rewrite one passphrase slot; `slot_id` where there are several.

    NotFound, UsageProblem; Conflict if another process changed the slot in the meantime.
    """
    old = passphrase_to_change(vault, slot_id)
    new = _passphrase_slot(vault, passphrase, old.label, old.id)

    def edit(before: tuple[Slot, ...], data_key: bytes) -> tuple[Slot, ...]:
        if old not in before or data_key != vault.data_key:
            raise Conflict("The key was changed by another process. Nothing was written.")
        return tuple(new if slot == old else slot for slot in before)

    vault.change_slots(edit)
    return new.info


def passphrase_to_change(vault: Vault, slot_id: str = "") -> Slot:
    """The passphrase slot that is meant. NotFound; UsageProblem where it is not clear which."""
    mine = _of_kind(vault, slots.PASSPHRASE)
    if slot_id:
        slot = slot_with_id(vault.header.slots, slot_id)
        if slot.kind != slots.PASSPHRASE:
            raise UsageProblem(
                f"The key {slot_id} is no passphrase.", "See: tui-oauth vault key list"
            )
        return slot
    if not mine:
        raise UsageProblem(
            "This vault has no passphrase.", "Add one: tui-oauth vault key add passphrase"
        )
    if len(mine) > 1:
        raise UsageProblem(
            f"This vault has {len(mine)} passphrases.",
            "Say which: tui-oauth vault passphrase --slot SLOT_ID (see: tui-oauth vault key list)",
        )
    return mine[0]


def slot_with_id(of: tuple[Slot, ...], slot_id: str) -> Slot:
    """The slot with this id; NotFound."""
    for slot in of:
        if slot.id == slot_id:
            return slot
    raise NotFound(
        f"The vault has no key {neutralise(slot_id, 40)}.", "See: tui-oauth vault key list"
    )


def _passphrase_slot(vault: Vault, passphrase: Secret, label: str, slot_id: str = "") -> Slot:
    if not passphrase:
        raise UsageProblem("The passphrase is empty.", "Nothing was changed.")
    return slots.passphrase_slot(
        vault.data_key, vault.header.vault_id, passphrase, _now(), label, slot_id
    )


def _add(
    vault: Vault, kind: str, secret: bytes, label: str, parameters: Mapping[str, object]
) -> SlotInfo:
    vault_id = vault.header.vault_id
    slot = slots.secret_slot(vault.data_key, vault_id, kind, secret, _now(), label, parameters)
    return _append(vault, slot)


def _append(vault: Vault, slot: Slot) -> SlotInfo:
    wrapped_for = vault.data_key

    def edit(before: tuple[Slot, ...], data_key: bytes) -> tuple[Slot, ...]:
        _check_count(before)
        if data_key != wrapped_for:
            raise Conflict("The vault was given a new key meanwhile. Nothing was written.")
        return (*before, slot)

    vault.change_slots(edit)
    return slot.info


def _check_room(vault: Vault, label: str) -> None:
    """What would refuse the new slot is said before anything is made for it."""
    if len(label) > MAX_LABEL or not is_plain(label):
        raise UsageProblem(f"A label is plain text of at most {MAX_LABEL} characters.")
    _check_count(vault.header.slots)


def _check_count(before: tuple[Slot, ...]) -> None:
    if len(before) >= MAX_SLOTS:
        raise UsageProblem(
            f"A vault has at most {MAX_SLOTS} keys.",
            "Remove one first: tui-oauth vault key remove SLOT_ID",
        )


def _of_kind(vault: Vault, kind: str) -> list[Slot]:
    return [slot for slot in vault.header.slots if slot.kind == kind]


def _now() -> int:
    return int(time.time())
