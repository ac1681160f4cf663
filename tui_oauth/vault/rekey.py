"""A new data key for the vault, and everything sealed anew: after a key may have leaked.

A slot holds the data key, so every slot has to be made again, and that takes its secret. Carried
over are the slot that opened the vault, that of the default key file, and that of the system's
keyring; a recovery code is replaced by a new one; other passphrases and key files are left
behind, and `plan` names them first. (Keeping the secrets inside the vault would carry all of
them over, and hand them to whoever has the old data key.)

A refresh that has spent its token must find the vault as it was, or its answer is lost. So the
locks of all entries are held, taken before the vault's as always.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import NamedTuple

from tui_oauth.errors import Conflict, StorageFailed, TuiOauthError
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise
from tui_oauth.vault import crypto, keyfile, recovery, slots
from tui_oauth.vault.repository import Vault
from tui_oauth.vault.slots import Slot
from tui_oauth.vault.unlock import Found

LOCK_SECONDS = 40.0  # a refresh in flight may take 30
_FILES_BESIDE = 64


class Plan(NamedTuple):
    """What becomes of the slots in `before`: carried over (with their secrets), replaced, dropped."""

    before: tuple[Slot, ...]
    carried: tuple[tuple[Slot, bytes], ...]
    replaced: tuple[Slot, ...]
    dropped: tuple[Slot, ...]

    def __repr__(self) -> str:
        return f"Plan(carried={[slot.id for slot, _ in self.carried]!r})"


def plan(places: Places, environ: Mapping[str, str], vault: Vault, found: Found) -> Plan:
    """What a rekeying of `vault` would do; `found` is the slot that opened it, with its secret."""
    if found.slot is None:
        raise ValueError("rekeying needs a slot that it can carry over")
    before = vault.header.slots
    secrets = {found.slot.id: found.secret}
    offered = [(slots.KEY_FILE, _default_key(places)), *_from_keyring(environ, vault)]
    for kind, secret in offered:
        for slot in before:
            if slot.kind == kind and slots.open_with_key(slot, vault.header.vault_id, secret):
                secrets[slot.id] = secret
    carried = tuple((slot, secrets[slot.id]) for slot in before if slot.id in secrets)
    left = [slot for slot in before if slot.id not in secrets]
    replaced = tuple(slot for slot in left if slot.kind == slots.RECOVERY)
    dropped = tuple(slot for slot in left if slot.kind != slots.RECOVERY)
    return Plan(before, carried, replaced, dropped)


def rekey(vault: Vault, plan: Plan) -> Secret | None:
    """Carry out the plan in one commit; the new recovery code, where there was one.

    Conflict if keys or entries were changed since, or an interrupted refresh left an answer that
    has to be stored first; VaultBusy while entries are being refreshed; StorageFailed.
    """
    vault_id, data_key = vault.header.vault_id, crypto.random_bytes(crypto.KEY_BYTES)
    code = recovery.new_secret() if plan.replaced else None

    def edit(now: tuple[Slot, ...]) -> tuple[Slot, ...]:
        if now != plan.before:
            raise Conflict("The vault's keys were changed in the meantime. Nothing was written.")
        new = [slots.slot_like(slot, data_key, vault_id, secret) for slot, secret in plan.carried]
        if code is not None:
            kind, label = slots.RECOVERY, plan.replaced[0].label
            created = int(time.time())
            new.append(slots.secret_slot(data_key, vault_id, kind, code, created, label, {}))
        return tuple(new)

    entries = vault.entries()
    _allow_open_files(len(entries))
    end = time.monotonic() + LOCK_SECONDS
    with contextlib.ExitStack() as locks:
        for entry in entries:
            locks.enter_context(vault.entry_lock(entry.id, max(0.0, end - time.monotonic())))
            if vault.take_pending(entry.id) is not None:
                name = neutralise(entry.name)
                raise Conflict(
                    f"An interrupted refresh of {name} left an answer that only the present key "
                    "opens. Nothing was changed.",
                    f"Store it first: tui-oauth refresh {name}",
                )
        vault.reseal(data_key, edit, frozenset(entry.id for entry in entries))
    return None if code is None else recovery.code_of(code)


def _default_key(places: Places) -> bytes:
    try:
        return keyfile.read(places.key_file)
    except (FileNotFoundError, TuiOauthError):
        return b""  # then its slot is named among those that are dropped


def _from_keyring(environ: Mapping[str, str], vault: Vault) -> list[tuple[str, bytes]]:
    mine = [slot for slot in vault.header.slots if slot.kind == slots.KEYRING]
    if not mine:
        return []
    from tui_oauth.vault import os_keyring

    names = [os_keyring.name_of(vault.header.vault_id, slot) for slot in mine]
    try:
        secrets = os_keyring.read(environ, names)
    except os_keyring.Unavailable:
        return []
    return [(slots.KEYRING, secret) for secret in secrets if secret is not None]


def _allow_open_files(count: int) -> None:
    """Each entry's lock is an open file; the usual limit of 1,024 may be raised by ourselves."""
    import resource

    wanted = count + _FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or wanted <= soft:
        return
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise StorageFailed(
            f"This takes {wanted:,} open files at once, and the system allows {hard:,}.",
            "Raise the limit (ulimit -Hn) and run the command again.",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
