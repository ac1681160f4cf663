"""Opening a vault: where the key comes from, in which order.

The first that is given wins: the passphrase a screen asked for; the options; the environment;
the credential systemd placed; the default key file; a question, where there is someone to ask.
Two options, or two variables of the environment, are a mistake and not a fallback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from tui_oauth.errors import UsageProblem, VaultDamaged, VaultLocked
from tui_oauth.paths import Places, expanded
from tui_oauth.secret import Secret
from tui_oauth.vault import container, keyfile, slots
from tui_oauth.vault.container import Header
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.options import KeyOptions
from tui_oauth.vault.repository import Vault
from tui_oauth.vault.storage import read_file

NO_OPTIONS = KeyOptions()

Ask = Callable[[str], Secret]
CREDENTIAL = "tui-oauth.key"
ATTEMPTS = 3


def read_header(path: Path) -> Header:
    """What the vault at `path` says of itself, without a key and so without proof.

    VaultMissing, VaultDamaged, UnsafePath, StorageFailed.
    """
    return container.parse_header(read_file(path).data, path)


def open_vault(
    places: Places,
    environ: Mapping[str, str],
    options: KeyOptions = NO_OPTIONS,
    *,
    ask: Ask | None = None,
    passphrase: Secret | None = None,
) -> Vault:
    """The vault at `places.vault`, opened and verified.

    `ask` puts a question to a person and is given only where there is one; `passphrase` is what a
    person has typed already. UsageProblem for two explicit sources; VaultLocked if no source
    opens the vault, naming what would; VaultMissing, VaultDamaged, UnsafePath, StorageFailed.
    """
    explicit = _explicit(environ, options)
    path = places.vault
    state = read_file(path)
    header = container.parse_header(state.data, path)
    opener = _Opener(path, header, environ)
    if passphrase is not None:
        data_key = opener.by_passphrase(passphrase, "The passphrase")
    elif explicit is not None:
        data_key = opener.by_source(*explicit)
    else:
        data_key = opener.by_default(places.key_file, ask)
    return Vault(path, Keys(data_key, header.vault_id), state)


def _explicit(environ: Mapping[str, str], options: KeyOptions) -> tuple[str, str, str] | None:
    """The one explicit source as kind, value and the name a person knows it by."""
    number = "" if options.passphrase_fd is None else str(options.passphrase_fd)
    given = [
        ("key-file", options.key_file, "--key-file"),
        ("command", options.passphrase_command, "--passphrase-command"),
        ("fd", number, "--passphrase-fd"),
    ]
    variables = [
        ("key-file", "TUI_OAUTH_KEY_FILE"),
        ("command", "TUI_OAUTH_PASSPHRASE_COMMAND"),
        ("fd", "TUI_OAUTH_PASSPHRASE_FD"),
        ("passphrase", "TUI_OAUTH_PASSPHRASE"),
    ]
    set_variables = [(kind, environ.get(name, ""), name) for kind, name in variables]
    for level in (given, set_variables):
        used = [source for source in level if source[1]]
        if len(used) > 1:
            names = " and ".join(name for _, _, name in used)
            raise UsageProblem(f"{names} are given together.", "Keep one way to unlock the vault.")
        if used:
            return used[0]
    return None


class _Opener:
    """Tries keys on the slots of one header."""

    def __init__(self, path: Path, header: Header, environ: Mapping[str, str]) -> None:
        self._path = path
        self._header = header
        self._environ = environ

    def by_source(self, kind: str, value: str, name: str) -> bytes:
        """The data key from an explicit source; there is no other after it."""
        if kind == "key-file":
            path = expanded(value).absolute()
            try:
                return self.by_key_file(path)
            except FileNotFoundError:
                raise VaultLocked(
                    f"There is no key file at {path} ({name}).", "Check the path."
                ) from None
        from tui_oauth.vault import passphrase

        if kind == "command":
            words = passphrase.from_command(value, self._environ, name)
        elif kind == "fd":
            words = passphrase.from_descriptor(value, name)
        else:
            words = Secret(value)
        return self.by_passphrase(words, f"The passphrase of {name}")

    def by_default(self, key_file: Path, ask: Ask | None) -> bytes:
        """The data key where nothing was said: systemd's credential, the key file, a question."""
        folder = self._environ.get("CREDENTIALS_DIRECTORY", "")
        if folder.startswith("/"):
            try:
                return self.by_key_file(Path(folder) / CREDENTIAL, lenient=True)
            except FileNotFoundError:
                pass  # the unit has other credentials, but none for us
        may_ask = ask is not None and self._has(slots.PASSPHRASE)
        if self._has(slots.KEY_FILE):
            try:
                return self.by_key_file(key_file)
            except FileNotFoundError:
                if not may_ask:
                    self._locked(key_file)
            except VaultLocked:
                if not may_ask:
                    raise
        if ask is not None and may_ask:
            return self._by_question(ask)
        return self._locked(key_file)

    def by_key_file(self, path: Path, *, lenient: bool = False) -> bytes:
        """The data key by the key file at `path`; FileNotFoundError passes through."""
        key = keyfile.read(path, lenient=lenient)
        self._need(slots.KEY_FILE, f"The key file {path}")
        for slot in self._slots(slots.KEY_FILE):
            data_key = slots.open_with_key(slot, self._header.vault_id, key)
            if data_key is not None:
                return data_key
        raise VaultLocked(
            f"The key file {path} is not the one for the vault {self._path}.",
            "Name the right one with --key-file or TUI_OAUTH_KEY_FILE.",
        )

    def by_passphrase(self, passphrase: Secret, called: str) -> bytes:
        """The data key by a passphrase; VaultLocked if it is not right."""
        self._need(slots.PASSPHRASE, called)
        if not passphrase:
            raise VaultLocked(f"{called} is empty.")
        data_key = self._try(passphrase)
        if data_key is None:
            raise VaultLocked(f"{called} does not open the vault {self._path}.", "Try again.")
        return data_key

    def _by_question(self, ask: Ask) -> bytes:
        question = f"Passphrase for {self._path}: "
        for _ in range(ATTEMPTS):
            passphrase = ask(question)
            if passphrase and (data_key := self._try(passphrase)) is not None:
                return data_key
            question = "That was not it. Passphrase: "
        raise VaultLocked(
            f"None of {ATTEMPTS} passphrases opened the vault {self._path}.", "Try again."
        )

    def _try(self, passphrase: Secret) -> bytes | None:
        for slot in self._slots(slots.PASSPHRASE):
            data_key = slots.open_with_passphrase(slot, self._header.vault_id, passphrase)
            if data_key is not None:
                return data_key
        return None

    def _slots(self, kind: str) -> list[slots.Slot]:
        return [slot for slot in self._header.slots if slot.kind == kind]

    def _has(self, kind: str) -> bool:
        return bool(self._slots(kind))

    def _need(self, kind: str, called: str) -> None:
        if not self._has(kind):
            raise VaultLocked(
                f"{called} cannot open the vault {self._path}: "
                f"it is protected by {slots.protection(self._header.slots)}."
            )

    def _locked(self, key_file: Path) -> NoReturn:
        if not self._header.slots:
            raise VaultDamaged(f"The vault {self._path} has no key slot.")
        ways = []
        if self._has(slots.KEY_FILE):
            ways.append(f"put its key file at {key_file}, or name it with --key-file")
        if self._has(slots.PASSPHRASE):
            ways.append(
                "give the passphrase with --passphrase-command, --passphrase-fd or "
                "TUI_OAUTH_PASSPHRASE, or run this in a terminal"
            )
        advice = "; or ".join(ways) or "Update tui-oauth: this version knows none of its key slots"
        raise VaultLocked(
            f"The vault {self._path} is locked ({slots.protection(self._header.slots)}).",
            f"{advice[0].upper()}{advice[1:]}.",
        )
