"""tui-oauth from Python: `Vault`, as `from tui_oauth import Vault` gives it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any

from tui_oauth.entries import describe
from tui_oauth.errors import StorageFailed
from tui_oauth.tokens import DEFAULT_MIN_TTL, access_token
from tui_oauth.workspace import Workspace

PYTHON = "python"
"""How the record of who took which token calls this way (`audit`)."""


class Vault:
    """The vault of this person, unlocked without a prompt.

    `Vault.open()` raises VaultMissing, VaultLocked, VaultDamaged or UnsafePath from
    `tui_oauth.errors`. Usable from several threads.
    """

    def __init__(self, workspace: Workspace) -> None:
        from tui_oauth.audit import Takings

        self.workspace = workspace
        self._takings = Takings(workspace, PYTHON)

    @classmethod
    def open(cls, path: str | Path = "") -> Vault:
        """Open the vault at `path`, or where environment and settings say."""
        workspace = Workspace.from_environment(vault=str(path) if path else "")
        _ = workspace.vault
        return cls(workspace)

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def entries(self) -> list[dict[str, Any]]:
        """All entries without their secrets, with the fields of `tui-oauth list --json`."""
        return [describe(self.workspace, entry) for entry in self.workspace.vault.entries()]

    def token(self, name: str, min_ttl: int = DEFAULT_MIN_TTL) -> str:
        """A valid access token of the entry `name`, refreshed if it ends within `min_ttl` seconds.

        One that is bound to the entry's key opens nothing alone: use `EntryAuth`. Raises NotFound, NotAllowed,
        NeedsPerson, ProviderRefused or ProviderUnreachable. Blocks while it refreshes: from a
        coroutine call it through `asyncio.to_thread`.
        """
        entry = self.workspace.vault.find(name)
        self._takings.admit(entry)
        tokens = access_token(self.workspace, entry, min_ttl)
        with contextlib.suppress(StorageFailed):  # there is nobody here to tell
            self._takings.took(entry, tokens)
        return tokens.access_token.reveal()
