"""Keys from keys, sealing and opening: the cryptography of the vault and nothing else.

One random data key (32 bytes) per vault. From it come three sub-keys by HKDF-SHA256 (RFC 5869):
for the entries (AES-256-GCM, random 96-bit nonces, NIST SP 800-38D), for the blinded names
(HMAC-SHA256, 128 bits kept) and for the file MAC (HMAC-SHA256). AES-GCM alone does not commit to
its key; the file MAC does.

HKDF is written out over HMAC because importing the library's own costs a `token` call some
milliseconds, and HMAC is the library's because the standard one loads OpenSSL a second time; the
tests hold both against the vectors of RFC 5869.
"""

from __future__ import annotations

import binascii
import os

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.hmac import HMAC

from tui_oauth.errors import VaultLocked
from tui_oauth.model import normalised_name

KEY_BYTES = 32
NONCE_BYTES = 12
MAC_DIGITS = 64
CONTEXT = "tui-oauth|1"


class DoesNotOpen(Exception):
    """Sealed text that this key does not open: wrong key, damage, or another place's text."""


def random_bytes(count: int) -> bytes:
    """`count` bytes from the system's generator."""
    return os.urandom(count)


def to_text(data: bytes) -> str:
    """Bytes as Base64 (RFC 4648 section 4)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def from_text(text: str) -> bytes:
    """The bytes behind Base64; ValueError for anything but exactly what `to_text` writes."""
    data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    if to_text(data) != text:
        raise ValueError("not canonical Base64")
    return data


def sha256(data: bytes) -> bytes:
    """The SHA-256 of `data`, for checksums."""
    made = Hash(SHA256())
    made.update(data)
    return made.finalize()


def _hmac(key: bytes, data: bytes | memoryview) -> HMAC:
    made = HMAC(key, SHA256())
    made.update(data)
    return made


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int = KEY_BYTES) -> bytes:
    """HKDF with SHA-256 (RFC 5869): `length` bytes, at most 8,160."""
    key = _hmac(salt or bytes(32), secret).finalize()
    block, out = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = _hmac(key, block + info + bytes([counter])).finalize()
        out += block
    return out[:length]


def argon2id(secret: bytes, salt: bytes, *, memory: int, passes: int, lanes: int) -> bytes:
    """Argon2id (RFC 9106), 32 bytes; `memory` in KiB. VaultLocked where OpenSSL is too old for it."""
    # Only a passphrase needs these imports; a key file must not pay for them.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        derivation = Argon2id(
            salt=salt, length=KEY_BYTES, iterations=passes, lanes=lanes, memory_cost=memory
        )
    except UnsupportedAlgorithm as error:
        raise VaultLocked(
            "A passphrase needs Argon2id, and the OpenSSL below this Python is too old for it.",
            "Install the cryptography package from PyPI (OpenSSL 3.2 or newer), or use a key file.",
        ) from error
    try:
        return derivation.derive(secret)
    except MemoryError as error:
        raise VaultLocked(
            f"Unlocking by passphrase takes {memory // 1024} MiB of memory, which is not free."
        ) from error


def seal(key: bytes, text: bytes, bound_to: bytes) -> bytes:
    """`text` under AES-256-GCM: nonce, ciphertext, tag. `bound_to` is authenticated with it."""
    nonce = random_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, bound_to)


def unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """The text behind `seal`, or DoesNotOpen."""
    if len(sealed) < NONCE_BYTES + 16:
        raise DoesNotOpen
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except InvalidTag as error:
        raise DoesNotOpen from error


class Keys:
    """The sub-keys of one vault.

    `seals` counts what was sealed and does not stand in the header yet: 2^32 random nonces are
    the most that one AES-GCM key is good for (NIST SP 800-38D section 8.3).
    """

    def __init__(self, data_key: bytes, vault_id: str) -> None:
        salt = bytes.fromhex(vault_id)
        self.vault_id = vault_id
        self.data_key = data_key
        self._entries = hkdf(data_key, salt, f"{CONTEXT}|entries".encode())
        self._names = hkdf(data_key, salt, f"{CONTEXT}|names".encode())
        self._file = hkdf(data_key, salt, f"{CONTEXT}|file".encode())
        self.seals = 0

    def become(self, other: Keys) -> None:
        """Be the keys of `other` from now on, wherever this object is used (`vault rekey`)."""
        vars(self).update(vars(other))

    def __repr__(self) -> str:
        return f"Keys(vault_id={self.vault_id!r})"

    def name_key(self, name: str) -> str:
        """The blinded form of an entry's name, 32 hex digits; equal for names that are the same.

        UnicodeEncodeError for a name with surrogates, which no entry can have.
        """
        return _hmac(self._names, normalised_name(name).encode("utf-8")).finalize()[:16].hex()

    def seal_part(
        self, part: str, entry_id: str, revision: int, name_key: str, text: bytes, block: int
    ) -> str:
        """One part of an entry, padded with blanks to a multiple of `block` bytes and sealed.

        Blanks after a JSON value mean nothing, so that opening needs no rule for the padding.
        """
        self.seals += 1
        padded = text + b" " * (-len(text) % block)
        return to_text(seal(self._entries, padded, self._place(part, entry_id, revision, name_key)))

    def open_part(
        self, part: str, entry_id: str, revision: int, name_key: str, sealed: str
    ) -> bytes:
        """The text behind `seal_part` with its padding, or DoesNotOpen."""
        try:
            data = from_text(sealed)
        except ValueError as error:
            raise DoesNotOpen from error
        return unseal(self._entries, data, self._place(part, entry_id, revision, name_key))

    def mac(self, data: bytes | memoryview) -> bytes:
        """The MAC over the file's bytes, as 64 hex digits."""
        return _hmac(self._file, data).finalize().hex().encode("ascii")

    def made_mac(self, data: bytes | memoryview, mac: bytes) -> bool:
        """Whether `mac` is what `mac()` gives for `data`, compared in constant time."""
        try:
            digest = binascii.a2b_hex(mac)
            _hmac(self._file, data).verify(digest)
        except (binascii.Error, InvalidSignature):
            return False
        return digest.hex().encode("ascii") == mac

    def _place(self, part: str, entry_id: str, revision: int, name_key: str) -> bytes:
        return f"{CONTEXT}|{self.vault_id}|{entry_id}|{revision}|{part}|{name_key}".encode()
