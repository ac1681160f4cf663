"""Key slots: the vault's data key, wrapped once for each way to unlock the vault.

A slot's own secret (the 32 bytes of a key file, Argon2id of a passphrase, the 16 random bytes of
a recovery code, 32 bytes in the system's keyring) becomes a wrapping key by HKDF with the vault's
id and the slot's type; the data key is sealed under it and bound to the vault, the slot, its type
and its parameters.

A slot's id stays as long as the data key in it: changing a passphrase rewrites one slot under its
id, and a vault with a new data key has none of the ids it had before.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tui_oauth.errors import VaultDamaged, VaultLocked
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise
from tui_oauth.vault import crypto

KEY_FILE = "key-file"
PASSPHRASE = "passphrase"
RECOVERY = "recovery"
KEYRING = "keyring"
TYPED = (PASSPHRASE, RECOVERY)
"""What a person can type where a passphrase is asked for."""
WORDS = {
    KEY_FILE: "key file",
    PASSPHRASE: "passphrase",
    RECOVERY: "recovery code",
    KEYRING: "system keyring",
}

KEY_FILE_PREFIX = "tui-oauth-key-v1:"
SALT_BYTES = 16

# RFC 9106 section 4, second recommended option: 64 MiB, 3 passes, 4 lanes. The bounds are
# constants and not read from the file: a limit that the file could set would limit nothing.
MEMORY_KIB, PASSES, LANES = 65_536, 3, 4
MEMORY_BOUNDS_KIB = (8 * 1024, 1024 * 1024)
PASSES_BOUNDS = (1, 16)
LANES_BOUNDS = (1, 16)


class SlotInfo(NamedTuple):
    """What may be told about a slot without a key: `created` in Unix seconds."""

    id: str
    kind: str
    label: str
    created: int


class Slot(NamedTuple):
    """One key slot as it stands in the header."""

    id: str
    kind: str
    label: str
    created: int
    parameters: Mapping[str, object]
    wrapped: str

    @property
    def info(self) -> SlotInfo:
        return SlotInfo(self.id, self.kind, self.label, self.created)

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "type": self.kind,
            "label": self.label,
            "created": self.created,
            "parameters": dict(self.parameters),
            "wrapped": self.wrapped,
        }


def read_slot(value: object) -> Slot:
    """A slot from the header's JSON; ValueError if it has another shape.

    A type that is not known here is kept: another version's slot must survive our writing.
    """
    match value:
        case {
            "id": str(slot_id),
            "type": str(kind),
            "label": str(label),
            "created": int(created),
            "parameters": dict(parameters),
            "wrapped": str(wrapped),
            **rest,
        } if not rest:
            return Slot(slot_id, kind, label, created, parameters, wrapped)
    raise ValueError("a key slot has another shape")


def protection(slots: Iterable[Slot]) -> str:
    """What opens a vault with these slots, in words, each once: "key file, passphrase"."""
    kinds = dict.fromkeys(slot.kind for slot in slots)
    return ", ".join(WORDS.get(kind, neutralise(kind, 20)) for kind in kinds)


def share_one(before: Iterable[Slot], now: Iterable[Slot]) -> bool:
    """Whether the two have a slot in common; if not, the vault was given a new data key between."""
    return not {slot.id for slot in before}.isdisjoint(slot.id for slot in now)


def key_file_slot(data_key: bytes, vault_id: str, key: bytes, created: int, label: str) -> Slot:
    """A new slot for the 32 bytes of a key file."""
    return secret_slot(data_key, vault_id, KEY_FILE, key, created, label, {})


def passphrase_slot(
    data_key: bytes,
    vault_id: str,
    passphrase: Secret,
    created: int,
    label: str,
    slot_id: str = "",
) -> Slot:
    """A slot for a passphrase, with a random salt and the default costs.

    `slot_id` is that of the slot which it takes the place of; without it the slot is a new one.
    """
    parameters: dict[str, object] = {
        "kdf": "argon2id",
        "m": MEMORY_KIB,
        "t": PASSES,
        "p": LANES,
        "salt": crypto.to_text(crypto.random_bytes(SALT_BYTES)),
    }
    secret = _stretch(passphrase, parameters)
    slot_id = slot_id or _new_id()
    return _wrap(data_key, vault_id, slot_id, PASSPHRASE, parameters, secret, created, label)


def secret_slot(
    data_key: bytes,
    vault_id: str,
    kind: str,
    secret: bytes,
    created: int,
    label: str,
    parameters: Mapping[str, object],
) -> Slot:
    """A new slot for random bytes that need no derivation: of a key file, a code, the keyring."""
    return _wrap(data_key, vault_id, _new_id(), kind, parameters, secret, created, label)


def slot_like(slot: Slot, data_key: bytes, vault_id: str, secret: bytes) -> Slot:
    """A new slot of another data key that the secret of `slot` opens, with its kind and label."""
    return _wrap(
        data_key, vault_id, _new_id(), slot.kind, slot.parameters, secret, slot.created, slot.label
    )


def secret_of(slot: Slot, passphrase: Secret) -> bytes:
    """What `passphrase` comes to with the parameters of this slot; it need not be the right one.

    VaultDamaged for costs out of bounds, before anything is computed.
    """
    return _stretch(passphrase, slot.parameters)


def open_with_key(slot: Slot, vault_id: str, secret: bytes) -> bytes | None:
    """The data key, or None if this secret (the 32 bytes of a key file, ...) is not the slot's."""
    return _unwrap(slot, vault_id, secret)


def key_file_text(key: bytes) -> str:
    """What a key file holds; the checksum tells damage from a wrong key."""
    body = KEY_FILE_PREFIX + crypto.to_text(key)
    return f"{body}:{_checksum(body)}\n"


def read_key_text(data: bytes, path: object) -> bytes:
    """The 32 bytes of a key file that was read from `path`; VaultLocked if it is not one."""
    text = data.decode("ascii", "replace").strip()
    body, _, checksum = text.rpartition(":")
    if not body.startswith(KEY_FILE_PREFIX):
        raise VaultLocked(
            f"{path} is not a tui-oauth key file.",
            f"A key file is one line that begins with {KEY_FILE_PREFIX}",
        )
    try:
        key = crypto.from_text(body.removeprefix(KEY_FILE_PREFIX))
    except ValueError:
        key = b""
    if len(key) != crypto.KEY_BYTES or checksum != _checksum(body):
        raise VaultLocked(
            f"The key file {path} is damaged: its checksum does not fit.",
            "Restore it from a copy.",
        )
    return key


def _new_id() -> str:
    return crypto.random_bytes(4).hex()


def _checksum(body: str) -> str:
    return crypto.sha256(body.encode("ascii", "replace")).hex()[:8]


def _wrap(
    data_key: bytes,
    vault_id: str,
    slot_id: str,
    kind: str,
    parameters: Mapping[str, object],
    secret: bytes,
    created: int,
    label: str,
) -> Slot:
    wrapped = crypto.seal(
        _wrapping_key(secret, vault_id, kind),
        data_key,
        _bound_to(vault_id, slot_id, kind, parameters),
    )
    return Slot(slot_id, kind, label, created, parameters, crypto.to_text(wrapped))


def _unwrap(slot: Slot, vault_id: str, secret: bytes) -> bytes | None:
    try:
        data_key = crypto.unseal(
            _wrapping_key(secret, vault_id, slot.kind),
            crypto.from_text(slot.wrapped),
            _bound_to(vault_id, slot.id, slot.kind, slot.parameters),
        )
    except (crypto.DoesNotOpen, ValueError):
        return None
    return data_key if len(data_key) == crypto.KEY_BYTES else None


def _wrapping_key(secret: bytes, vault_id: str, kind: str) -> bytes:
    return crypto.hkdf(
        secret, bytes.fromhex(vault_id), f"{crypto.CONTEXT}|slot|{kind}".encode("ascii", "replace")
    )


def _bound_to(vault_id: str, slot_id: str, kind: str, parameters: Mapping[str, object]) -> bytes:
    costs = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
    return f"{crypto.CONTEXT}|{vault_id}|slot|{slot_id}|{kind}|{costs}".encode("utf-8", "replace")


def _stretch(passphrase: Secret, parameters: Mapping[str, object]) -> bytes:
    memory = _within(parameters, "m", MEMORY_BOUNDS_KIB)
    passes = _within(parameters, "t", PASSES_BOUNDS)
    lanes = _within(parameters, "p", LANES_BOUNDS)
    try:
        salt = crypto.from_text(str(parameters.get("salt", "")))
    except ValueError:
        salt = b""
    if parameters.get("kdf") != "argon2id" or len(salt) != SALT_BYTES:
        raise VaultDamaged("The vault's passphrase slot names a key derivation that is not ours.")
    # The same words typed on another keyboard may arrive in another Unicode form.
    words = unicodedata.normalize("NFC", passphrase.reveal())
    return crypto.argon2id(
        words.encode("utf-8", "surrogatepass"), salt, memory=memory, passes=passes, lanes=lanes
    )


def _within(parameters: Mapping[str, object], name: str, bounds: tuple[int, int]) -> int:
    value = parameters.get(name)
    low, high = bounds
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise VaultDamaged(
            f"The vault's passphrase slot asks for a cost {name!r} outside {low:,} to {high:,}.",
            "Someone may have changed the file. Nothing was computed.",
        )
    return value
