"""What every command and every screen works with: places, settings, services, vault, clock.

One object holds them, so that a test or the demo can point all of it at a temporary folder, and
nothing in the program reads the environment behind its back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from tui_oauth import paths
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.settings import Settings, load

if TYPE_CHECKING:
    from tui_oauth.sending import Traffic
    from tui_oauth.services.catalogue import Catalogue
    from tui_oauth.services.format import Service
    from tui_oauth.vault import KeyOptions, Vault
    from tui_oauth.vault.last_seen import LastSeen

Ask = Callable[[str], Secret]


class Workspace:
    """The surroundings of one run.

    `ask` prompts a person for a passphrase and is None where nobody can be asked. `tell` is given
    a sentence that a person should read and that ends nothing; None where `vault_notice` is shown
    instead. `traffic` is told of every HTTP exchange, and None where nobody wants to see them.
    `proof_nonces` are the values that servers want in the next proof of possession (RFC 9449
    section 8), by origin and key. `resolved` are services with an entry's variables in place, beside
    the declared ones (`entries.entry_service`). `machine_files` reads what `in_container` goes by;
    nothing where places and environment are not this machine's. `now` gives Unix seconds.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        places: Places,
        settings: Settings,
        *,
        key_options: KeyOptions | None = None,
        ask: Ask | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.environ = environ
        self.places = places
        self.settings = settings
        self.key_options = key_options
        self.ask = ask
        self.tell: Callable[[str], None] | None = None
        self.traffic: Traffic | None = None
        self.proof_nonces: dict[tuple[str, str], str] = {}
        self.resolved: dict[Hashable, tuple[Service, Service]] = {}
        self.machine_files: Callable[[], Mapping[str, str]] = dict
        self._clock = clock
        self._vault: Vault | None = None
        self._last_seen: LastSeen | None = None

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        vault: str = "",
        key_options: KeyOptions | None = None,
        ask: Ask | None = None,
    ) -> Workspace:
        """The workspace that environment, settings file and options name.

        `vault` is the option of the command line; it comes before the environment, which comes
        before the settings file. Raises InvalidSettings or StorageFailed for a settings file
        that cannot be used.
        """
        environ = dict(os.environ) if environ is None else environ
        key_file = key_options.key_file if key_options else ""
        found = paths.places(environ, vault=vault, key_file=key_file)
        settings = load(found.settings)
        if settings.vault and not vault and not environ.get("TUI_OAUTH_VAULT"):
            chosen = paths.places(environ, vault=settings.vault)
            found = found._replace(vault=chosen.vault)
        made = cls(environ, found, settings, key_options=key_options, ask=ask)
        made.machine_files = _machine_files
        return made

    def now(self) -> int:
        """The time as whole Unix seconds."""
        return int(self._clock())

    def now_exactly(self) -> float:
        """The time as Unix seconds with their fractions: for whoever waits."""
        return self._clock()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The services of the dropdown: built in, and the person's own."""
        from tui_oauth.services.catalogue import Catalogue

        return Catalogue(self.places.own_services)

    @cached_property
    def in_container(self) -> bool:
        """Whether this runs in a container that browsers outside of it do not reach."""
        from tui_oauth.terminal import in_container

        return in_container(self.environ, self.machine_files())

    @property
    def vault_exists(self) -> bool:
        """Whether something lies at the vault's place, whatever its state."""
        return os.path.lexists(self.places.vault)

    @property
    def vault_is_open(self) -> bool:
        return self._vault is not None

    @property
    def vault(self) -> Vault:
        """The vault, opened and unlocked on first use.

        Raises VaultMissing, VaultLocked, VaultDamaged, UnsafePath or UsageProblem.
        """
        if self._vault is None:
            from tui_oauth.vault import KeyOptions, open_vault

            options = self.key_options or KeyOptions()
            vault = open_vault(self.places, self.environ, options, ask=self.ask)
            self.use_vault(vault)
            return vault
        return self._vault

    def use_vault(self, vault: Vault) -> None:
        """Work with `vault`, which a screen or a command has made or unlocked."""
        from tui_oauth.vault.last_seen import LastSeen

        self._vault = vault
        self._last_seen = LastSeen(self.places.state, vault.path)
        vault.observe(self._last_seen.follow)
        if self.tell is not None and self.vault_notice:
            self.tell(self.vault_notice)

    def with_vault_shut(self) -> Workspace:
        """The same surroundings, with the vault not open and nobody to ask.

        Whoever still works with this one can store what it has under way.
        """
        made = Workspace(
            self.environ,
            self.places,
            self.settings,
            key_options=self.key_options,
            clock=self._clock,
        )
        made.machine_files = self.machine_files
        return made

    @property
    def vault_notice(self) -> str:
        """What a person should know of the open vault: an older state of it was put in its place."""
        return "" if self._last_seen is None else self._last_seen.notice

    def accept_older(self) -> bool:
        """Take the open vault for the right one, after a restore; False if it was not doubted."""
        return self._last_seen is not None and self._last_seen.accept()


def _machine_files() -> Mapping[str, str]:
    from tui_oauth.terminal import machine_files  # not for `token` and the like

    return machine_files()
