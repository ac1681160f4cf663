"""The vault as the agent holds it: open, locked, and open again when somebody unlocks it.

The agent enforces what the vault would. It is open by the same keys as any command, and only as long
as they are: when a key file goes, or what `tui-oauth unlock` kept has ended or was forgotten by
`tui-oauth lock`, the agent forgets what it has before it answers the next request.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.errors import StorageFailed, TuiOauthError, VaultLocked, VaultMissing
from tui_oauth.vault import slots, unlocked
from tui_oauth.vault.files import Signature, signature_of
from tui_oauth.vault.options import KeyOptions
from tui_oauth.vault.unlock import open_with_slot

if TYPE_CHECKING:
    from pathlib import Path

    from tui_oauth.workspace import Workspace

TRY_AGAIN_SECONDS = 5.0


class Holder:
    """One vault and the key to it. Usable from several threads.

    `make` gives a workspace whose vault is not open yet, from the settings as they are at that moment.
    """

    def __init__(self, make: Callable[[], Workspace]) -> None:
        self._make = make
        self._mutex = threading.RLock()
        self._workspace = make()
        self._open = False
        self._kept = False
        self._key_file: tuple[Path, Signature] | None = None
        self._stays_locked = False
        self.generation = 0
        """Rises whenever the vault was opened or locked."""
        self.why = "The vault was not opened yet."
        self._next_try = 0.0

    @property
    def places_workspace(self) -> Workspace:
        """The workspace for places and settings, whether its vault is open or not."""
        return self._workspace

    @property
    def is_open(self) -> bool:
        """Whether the vault is open now, by a key that still counts."""
        with self._mutex:
            if self._open and not self._key_counts():
                self.lock("The key that opened the vault is gone.")
            return self._open

    def workspace(self) -> Workspace:
        """The workspace with its vault open. VaultLocked where it is not."""
        with self._mutex:
            if not self.is_open:
                raise VaultLocked(
                    f"The agent's vault is locked. {self.why}", "Run: tui-oauth unlock"
                )
            return self._workspace

    def open(self) -> None:
        """Open the vault by its usual keys; errors of `open_vault`."""
        with self._mutex:
            workspace = self._workspace
            options = workspace.key_options or KeyOptions()
            vault, found = open_with_slot(
                workspace.places, workspace.environ, options, ask=workspace.ask
            )
            workspace.ask = None  # a person is asked at the start, and never again
            workspace.use_vault(vault)
            self._kept = found.slot is None
            self._key_file = None
            if found.slot is not None and found.slot.kind == slots.KEY_FILE:
                self._key_file = _signed(workspace.places.key_file)
            self._open = True
            self.why = ""
            self.generation += 1

    def try_to_open(self, now: float) -> bool:
        """Open the vault if it is time to try again; whether it is open. Errors are kept in `why`."""
        with self._mutex:
            if self.is_open:
                return True
            if self._stays_locked or now < self._next_try:
                return False
            self._next_try = now + TRY_AGAIN_SECONDS
            try:
                self.open()
            except (VaultLocked, VaultMissing, StorageFailed) as error:
                self.why = str(error)
            except TuiOauthError as error:
                self.why = str(error)
                self._next_try = now + 10 * TRY_AGAIN_SECONDS
            return self._open

    def lock(self, why: str) -> None:
        """Forget the vault and its key."""
        with self._mutex:
            self._workspace = self._workspace.with_vault_shut()
            self._open = False
            self._key_file = None
            self.why = why
            self.generation += 1

    def lock_on_request(self) -> None:
        """Lock, and stay so until `reload`. Nothing is done where a key file opens the vault anyway."""
        with self._mutex:
            if self._key_file is None:
                if self.is_open:
                    self.lock("It was locked with: tui-oauth lock")
                self._stays_locked = True

    def try_soon(self) -> None:
        """Somebody may have unlocked the vault: the next `try_to_open` tries."""
        self._next_try = 0.0

    def reload(self) -> None:
        """Read settings and services anew; the vault stays open where it is still the same file.

        One that was locked on request may be opened again.

        Errors of `Workspace.from_environment`: then everything stays as it was.
        """
        with self._mutex:
            fresh = self._make()
            fresh.ask = None
            self._stays_locked = False
            old = self._workspace
            if self._open and fresh.places.vault == old.places.vault:
                fresh.use_vault(old.vault)
                self._workspace = fresh
                return
            self._workspace = fresh
            self._open = False
            self.why = "The settings name another vault."
            self.generation += 1
            self.try_soon()

    def unlocked_until(self) -> int | None:
        """Until when the vault is unlocked for a while, in Unix seconds; None where nothing ends."""
        with self._mutex:
            if not (self._open and self._kept):
                return None
            try:
                return unlocked.unlocked_until(self._workspace.vault.header)
            except (unlocked.Unavailable, TuiOauthError):
                return None

    def _key_counts(self) -> bool:
        if self._key_file is not None:
            path, known = self._key_file
            return _signed(path) == (path, known)
        if self._kept:
            try:
                return unlocked.unlocked_until(self._workspace.vault.header) is not None
            except (unlocked.Unavailable, TuiOauthError):
                return False
        return True


def _signed(path: Path) -> tuple[Path, Signature] | None:
    try:
        return path, signature_of(os.lstat(path))
    except OSError:
        return None
