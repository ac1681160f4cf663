"""What an entry needs beside the vault for a while, in the folder `locks` (mode 0700).

    <entry id>.lock      held while a process asks the provider for new tokens, and marked with it
    <entry id>.reserve   disk space, taken before a single-use refresh token is spent
    <entry id>.pending   the sealed answer to a refresh that could not be stored
    <entry id>.signins   the sealed sign-ins that wait for their answer (`tui_oauth.pending`)

A provider that rotates refresh tokens takes the old one with the request: two processes must not
send it twice, and the answer must not be lost to a full disk. A sign-in has to outlive the
connection that it was begun over. Copies and exports of the vault have none of this in them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.errors import VaultDamaged
from tui_oauth.model import TokenSet
from tui_oauth.secret import Secret
from tui_oauth.vault import container, crypto, files, lock, records
from tui_oauth.vault.crypto import Keys

if TYPE_CHECKING:
    from tui_oauth.vault.intents import Intents

RESERVED_MARGIN = 64 * 1024
_KINDS = {".lock", ".reserve", ".pending", ".signins"}
_MAX_PENDING_BYTES = 4 * 1024 * 1024
_MAX_SIGN_INS_BYTES = 1024 * 1024
_SIGN_INS_BLOCK = 4096


class Upkeep:
    """The files beside the vault at `vault_path`."""

    def __init__(self, vault_path: Path, keys: Keys) -> None:
        self._folder = vault_path.parent / "locks"
        self._keys = keys

    @contextlib.contextmanager
    def entry_lock(self, entry_id: str, timeout: float) -> Iterator[Intents]:
        """Hold the lock of one entry, and get its marks; VaultBusy after `timeout` seconds."""
        from tui_oauth.vault.intents import Intents  # only a refresh needs it

        path = self._ready(entry_id, "lock")
        with lock.hold(path, "this entry", timeout, longest_wait=0.05) as held:
            yield Intents(held, self._keys, entry_id)

    @contextlib.contextmanager
    def reserve(self, entry_id: str, vault_size: int) -> Iterator[None]:
        """Take room for a vault of `vault_size` bytes and a margin; StorageFailed if there is none."""
        path = self._ready(entry_id, "reserve")
        files.reserve(path, vault_size + RESERVED_MARGIN)
        try:
            yield
        finally:
            files.discard(path)

    def release(self, entry_id: str) -> None:
        """Give the reserved room back, for the write that it was meant for."""
        files.discard(self._path(entry_id, "reserve"))

    def keep_pending(self, entry_id: str, tokens: TokenSet, sent: Secret) -> None:
        """Write the sealed answer, durable when this returns."""
        path = self._ready(entry_id, "pending")
        text = records.pending_text(tokens, sent)
        sealed = self._keys.seal_part("pending", entry_id, 0, "", text, records.SECRETS_BLOCK)
        files.replace_private(path, sealed.encode("ascii"), "kept answer", keep_previous=False)

    def read_pending(self, entry_id: str) -> tuple[TokenSet, Secret] | None:
        """The answer that was kept and the refresh token it cost; None if there is none."""
        path = self._path(entry_id, "pending")
        try:
            data, _ = files.read_private(path, "kept answer", _MAX_PENDING_BYTES)
        except FileNotFoundError:
            return None
        try:
            sealed = data.decode("ascii")
            return records.read_pending(self._keys.open_part("pending", entry_id, 0, "", sealed))
        except (UnicodeDecodeError, crypto.DoesNotOpen, records.UnreadableRecord) as error:
            raise VaultDamaged(
                f"The kept answer {path} of an interrupted refresh does not open.",
                "If it cannot be restored, remove it and authorize the entry again.",
            ) from error

    def drop_pending(self, entry_id: str) -> None:
        """Remove a kept answer that is not needed any more."""
        files.discard(self._path(entry_id, "pending"))

    def read_sign_ins(self, entry_id: str) -> bytes:
        """What is kept of the entry's sign-ins; empty where nothing is, or nothing that opens.

        One that does not open is nothing to mend: the sign-in is begun anew.
        """
        try:
            path = self._path(entry_id, "signins")
            data, _ = files.read_private(path, "kept sign-in", _MAX_SIGN_INS_BYTES)
            text = self._keys.open_part("signins", entry_id, 0, "", data.decode("ascii"))
        except (FileNotFoundError, UnicodeDecodeError, crypto.DoesNotOpen):
            return b""
        return text.rstrip(b" ")

    def write_sign_ins(self, entry_id: str, text: bytes) -> None:
        """Keep `text`, JSON, in place of what was kept; nothing where it is empty."""
        if not text:
            files.discard(self._path(entry_id, "signins"))
            return
        path = self._ready(entry_id, "signins")
        sealed = self._keys.seal_part("signins", entry_id, 0, "", text, _SIGN_INS_BLOCK)
        files.replace_private(path, sealed.encode("ascii"), "kept sign-in", keep_previous=False)

    def forget_sign_ins(self) -> None:
        """Remove what is kept of every entry's sign-ins."""
        for path in self._listed():
            if path.suffix == ".signins" and container.is_id(path.stem):
                files.discard(path)

    def forget_all_but(self, entry_ids: Collection[str]) -> None:
        """Remove everything that belongs to entries not in `entry_ids`, which are all there are.

        For deletions, inside their transaction: then also what an earlier one left when it was
        killed goes, and nobody can add an entry meanwhile. Locks go too: whoever waits for one, or
        makes a new one, finds that the entry is gone.
        """
        for path in self._listed():
            if path.suffix in _KINDS and container.is_id(path.stem) and path.stem not in entry_ids:
                files.discard(path)

    def _listed(self) -> list[Path]:
        try:
            return list(self._folder.iterdir())
        except OSError:
            return []

    def _ready(self, entry_id: str, kind: str) -> Path:
        files.make_private_folder(self._folder, private=True)
        return self._path(entry_id, kind)

    def _path(self, entry_id: str, kind: str) -> Path:
        if not container.is_id(entry_id):
            raise ValueError("an entry's id is 32 hexadecimal digits")
        return self._folder / f"{entry_id}.{kind}"
