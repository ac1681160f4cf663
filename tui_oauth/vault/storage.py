"""The vault file as a storage that is sealed, locked and durable; TinyDB sees it through `tables`.

TinyDB reads and writes whole databases and knows of no other process. Here `read` serves one
verified snapshot, and `write` works only inside a transaction, which holds the lock and has read
anew, so that an update can neither be lost nor be based on something stale. The file is opened by
its path each time; nothing stays open in between.
"""

from __future__ import annotations

import contextlib
import os
import time
from _thread import RLock  # what `threading`, which costs a millisecond, has it from
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tui_oauth import __version__
from tui_oauth.errors import StorageFailed, TuiOauthError, VaultDamaged, VaultLocked, VaultMissing
from tui_oauth.vault import container, files, lock, slots
from tui_oauth.vault.container import Header, Tables
from tui_oauth.vault.crypto import Keys


class FileState(NamedTuple):
    """The bytes of the vault file as they were read, and the signature of that state."""

    data: bytes
    signature: files.Signature


class Snapshot(NamedTuple):
    """One verified state of the vault."""

    header: Header
    tables: Tables
    signature: files.Signature
    mac: bytes


def read_file(path: Path) -> FileState:
    """The vault file's bytes; VaultMissing, UnsafePath or StorageFailed. Nothing is interpreted."""
    files.check_folder(path.parent)
    try:
        return FileState(*files.read_private(path, "vault", container.MAX_BYTES))
    except FileNotFoundError:
        raise missing(path) from None


def missing(path: Path) -> VaultMissing:
    """The error for a vault that is not there; it names the copy beside it if there is one."""
    backup = path.with_name(path.name + ".bak")
    if backup.exists():
        return VaultMissing(
            f"The vault {path} is gone, but {backup.name} is there, its state before the last change.",
            f"To go on with that: cp -p {backup} {path}",
        )
    return VaultMissing(f"There is no vault at {path}.", "Make one with: tui-oauth init")


def lock_path(path: Path) -> Path:
    """`vault.lock` beside `vault.json`."""
    return (
        path.with_suffix(".lock") if path.suffix == ".json" else path.with_name(path.name + ".lock")
    )


class SealedStorage:
    """A storage over one vault file. `mutex` keeps the threads of this process apart."""

    def __init__(self, path: Path, keys: Keys, state: FileState) -> None:
        self.path = path
        self.mutex = RLock()
        self._keys = keys
        self._writable = False
        self._snapshot: Snapshot | None = None
        self._seen: Callable[[Header, bytes], None] | None = None
        self._verify(state)

    @property
    def snapshot(self) -> Snapshot:
        """The state that was verified last; read anew if the file has changed since."""
        with self.mutex:
            known = self._snapshot
            if known is not None and self._is_current(known):
                return known
            return self._verify(read_file(self.path))

    def changed_on_disk(self, since: files.Signature | None = None) -> bool:
        """Whether the file is another one than `since`, or the snapshot's: one stat, no lock."""
        if since is None and self._snapshot is not None:
            since = self._snapshot.signature
        try:
            return files.signature_of(os.lstat(self.path)) != since
        except OSError:
            return True

    def observe(self, seen: Callable[[Header, bytes], None]) -> None:
        """Have `seen` called now and after each other state that is read or written."""
        with self.mutex:
            self._seen = seen
            self._tell(self._snapshot or self.snapshot)

    def verified_bytes(self) -> bytes:
        """The file's bytes as they are now, every one of them held against the MAC."""
        with self.mutex:
            state = read_file(self.path)
            self._verify(state)
            # A known signature is good enough for reading, but a copy is made for bad days.
            container.open_tables(state.data, self._keys, self.path)
            return state.data

    @contextlib.contextmanager
    def transaction(self, timeout: float = lock.DEFAULT_TIMEOUT) -> Iterator[None]:
        """The block in which `write` is allowed: locked, and based on what is on disk now."""
        files.check_folder(self.path.parent)
        # The file's lock comes before the mutex: while we wait for another process, the other
        # threads of this one can go on reading.
        with lock.hold(lock_path(self.path), "the vault", timeout), self.mutex:
            self._verify(read_file(self.path))
            self._writable = True
            try:
                yield
            finally:
                self._writable = False

    @property
    def tables(self) -> Tables:
        """The tables of the snapshot itself, to be looked at and never changed."""
        with self.mutex:
            # Inside a transaction the snapshot was read under the lock and cannot change.
            snapshot = self._snapshot if self._writable else None
            return (snapshot or self.snapshot).tables

    def read(self) -> Tables:
        """TinyDB's view of the snapshot. A copy: TinyDB changes what it is given before it writes."""
        return {
            name: {number: dict(document) for number, document in table.items()}
            for name, table in self.tables.items()
        }

    def write(self, data: dict[str, dict[str, Any]], base: Header | None = None) -> None:
        """Commit `data` with the next generation: durable when this returns.

        `base` stands in for the present header where other key slots are to be written.
        """
        from tui_oauth.vault import backups  # `token`, which mostly reads, need not load it

        if not self._writable or self._snapshot is None:
            raise RuntimeError("the vault is written inside a transaction only")
        known = base or self._snapshot.header
        seals = self._keys.seals
        header = known._replace(
            generation=known.generation + 1,
            seals=known.seals + seals,
            writer=__version__,
        )
        content = container.build(data, header, self._keys)
        if len(content) > container.MAX_BYTES:
            raise StorageFailed(
                f"The vault would become larger than {container.MAX_BYTES // 1024 // 1024} MiB.",
                "Delete entries that are not needed. The old state stands.",
            )
        # If the replacement ends in an error we do not know which state is on disk: read it anew.
        before, self._snapshot = self._snapshot, None
        copied = False
        if before.tables.get(container.ENTRIES_TABLE):  # an empty vault is not worth a day's copy
            copied = files.keep_copy(self.path, backups.daily_path(self.path, time.time()), "vault")
        signature = files.replace_private(self.path, content, "vault", keep_previous=True)
        self._keys.seals -= seals
        self._snapshot = before._replace(
            header=header, tables=data, signature=signature, mac=container.mac_of(content)
        )
        self._tell(self._snapshot)
        if copied:
            backups.prune(self.path, header.vault_id)

    def write_under(self, keys: Keys, data: dict[str, dict[str, Any]], base: Header) -> None:
        """Commit `data`, which is sealed with `keys`, and go on with these keys (`vault rekey`)."""
        from copy import copy  # for a new data key only

        old = copy(self._keys)
        self._keys.become(keys)
        try:
            self.write(data, base)
        except BaseException:
            try:
                self._verify(read_file(self.path))
            except TuiOauthError:
                self._keys.become(old)  # the old state stands, so the old keys are the right ones
            raise

    def _verify(self, state: FileState) -> Snapshot:
        known = self._snapshot
        if known and state.signature == known.signature and state.data.endswith(known.mac):
            return known
        header = container.parse_header(state.data, self.path)
        if header.vault_id != self._keys.vault_id:
            raise VaultLocked(
                f"Another vault was put at {self.path} while this program was running.",
                "Start it again to open that one.",
            )
        try:
            tables = container.open_tables(state.data, self._keys, self.path)
        except VaultDamaged as error:
            if known is None or slots.share_one(known.header.slots, header.slots):
                raise
            raise VaultLocked(
                f"The vault {self.path} was given a new key while this program was running "
                "(tui-oauth vault rekey).",
                "Nothing was written. Start the program again to unlock it anew.",
            ) from error
        self._snapshot = Snapshot(header, tables, state.signature, container.mac_of(state.data))
        self._tell(self._snapshot)
        return self._snapshot

    def _tell(self, snapshot: Snapshot) -> None:
        if self._seen is not None:
            self._seen(snapshot.header, snapshot.mac)

    def _is_current(self, known: Snapshot) -> bool:
        """Whether the file at the path still is the snapshot's, by signature and by its MAC.

        The time stamps of some file systems are coarse; the last bytes tell states apart.
        """
        try:
            descriptor = files.open_private(self.path, "vault")
        except FileNotFoundError:
            raise missing(self.path) from None
        try:
            tail = os.pread(
                descriptor, len(known.mac), max(0, known.signature.size - len(known.mac))
            )
            return files.signature_of(os.fstat(descriptor)) == known.signature and tail == known.mac
        except OSError as error:
            raise files.failed(f"read the vault {self.path}", error) from error
        finally:
            files.close(descriptor)
