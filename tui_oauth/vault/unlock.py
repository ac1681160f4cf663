"""Opening a vault: where the key comes from, in which order.

The first that is given wins: the passphrase a screen asked for; the options; the environment;
the credential systemd placed; the default key file; what `tui-oauth unlock` keeps; the system's
keyring; a question, where there is someone to ask. Two options, or two variables of the
environment, are a mistake and not a fallback. A recovery code is read wherever a passphrase is.

The default key file comes before what `unlock` keeps, since both hold the same data key and the
file costs one `open`, where asking the kernel costs the import of ctypes: a vault that its key
file opens never pays for it. A key file that is not there, or is not the one, is no reason to
stop while the vault is unlocked; one that others can read is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

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


class Found(NamedTuple):
    """The data key, and the slot and its secret that gave it; neither for a key that was kept."""

    data_key: bytes
    slot: slots.Slot | None = None
    secret: bytes = b""

    def __repr__(self) -> str:
        return f"Found(slot={self.slot and self.slot.info!r})"


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
    return open_with_slot(places, environ, options, ask=ask, passphrase=passphrase)[0]


def open_with_slot(
    places: Places,
    environ: Mapping[str, str],
    options: KeyOptions = NO_OPTIONS,
    *,
    ask: Ask | None = None,
    passphrase: Secret | None = None,
) -> tuple[Vault, Found]:
    """As `open_vault`, and what opened it: for a change that has to keep that slot (`rekey`)."""
    _explicit(environ, options)  # a mistake in the call is said before the file is looked at
    path = places.vault
    state = read_file(path)
    header = container.parse_header(state.data, path)
    found = find_key(places, header, environ, options, ask=ask, passphrase=passphrase)
    return Vault(path, Keys(found.data_key, header.vault_id), state), found


def find_data_key(
    places: Places,
    header: Header,
    environ: Mapping[str, str],
    options: KeyOptions = NO_OPTIONS,
    *,
    ask: Ask | None = None,
    passphrase: Secret | None = None,
) -> bytes:
    """The data key behind the slots of `header`, from the same sources as `open_vault`.

    Apart from it for a vault whose content no longer fits its seal. UsageProblem, VaultLocked,
    VaultDamaged, UnsafePath.
    """
    return find_key(places, header, environ, options, ask=ask, passphrase=passphrase).data_key


def find_key(
    places: Places,
    header: Header,
    environ: Mapping[str, str],
    options: KeyOptions = NO_OPTIONS,
    *,
    ask: Ask | None = None,
    passphrase: Secret | None = None,
) -> Found:
    """As `find_data_key`, and which slot it was and by what."""
    explicit = _explicit(environ, options)
    opener = _Opener(places.vault, header, environ)
    if passphrase is not None:
        return opener.by_passphrase(passphrase, "The passphrase")
    if explicit is not None:
        return opener.by_source(*explicit)
    return opener.by_default(places.key_file, ask, options.use_kept)


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
        self._notes: list[str] = []
        """Why a source that might have opened the vault could not be asked."""

    def by_source(self, kind: str, value: str, name: str) -> Found:
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

    def by_default(self, key_file: Path, ask: Ask | None, use_kept: bool) -> Found:
        """The data key where nothing was said; the order stands at the head of this module."""
        folder = self._environ.get("CREDENTIALS_DIRECTORY", "")
        if folder.startswith("/"):
            try:
                return self.by_key_file(Path(folder) / CREDENTIAL, lenient=True)
            except FileNotFoundError:
                pass  # the unit has other credentials, but none for us
        failure: VaultLocked | None = None
        if self._has(slots.KEY_FILE):
            try:
                return self.by_key_file(key_file)
            except FileNotFoundError:
                pass
            except VaultLocked as error:
                failure = error
        if use_kept and (data_key := self._kept()) is not None:
            return Found(data_key)
        if self._has(slots.KEYRING) and (found := self._by_keyring()) is not None:
            return found
        if ask is not None and self._has(*slots.TYPED):
            return self._by_question(ask)
        raise failure or self._locked(key_file)

    def by_key_file(self, path: Path, *, lenient: bool = False) -> Found:
        """The data key by the key file at `path`; FileNotFoundError passes through."""
        key = keyfile.read(path, lenient=lenient)
        self._need(f"The key file {path}", slots.KEY_FILE)
        found = self._by_secret(key, slots.KEY_FILE)
        if found is not None:
            return found
        raise VaultLocked(
            f"The key file {path} is not the one for the vault {self._path}.",
            "Name the right one with --key-file or TUI_OAUTH_KEY_FILE.",
        )

    def by_passphrase(self, passphrase: Secret, called: str) -> Found:
        """The data key by a passphrase or a recovery code; VaultLocked if it is not right."""
        self._need(called, *slots.TYPED)
        if not passphrase:
            raise VaultLocked(f"{called} is empty.")
        found = self._try(passphrase)
        if found is not None:
            return found
        if self._is_mistyped_code(passphrase):
            raise VaultLocked(
                f"{called} looks like a recovery code, but its checksum does not fit.",
                "Compare each group with what you wrote down.",
            )
        raise VaultLocked(f"{called} does not open the vault {self._path}.", "Try again.")

    def _by_question(self, ask: Ask) -> Found:
        kinds = [slots.WORDS[kind] for kind in slots.TYPED if self._has(kind)]
        wanted = " or ".join(kinds).capitalize()
        question = f"{kinds[0].capitalize()} for {self._path}: "
        for _ in range(ATTEMPTS):
            passphrase = ask(question)
            if passphrase and (found := self._try(passphrase)) is not None:
                return found
            mistyped = self._is_mistyped_code(passphrase)
            slip = " Its checksum does not fit, so there is a slip in it." if mistyped else ""
            question = f"That was not it.{slip} {wanted}: "
        raise VaultLocked(
            f"None of {ATTEMPTS} answers opened the vault {self._path}.", "Try again."
        )

    def _try(self, passphrase: Secret) -> Found | None:
        if self._has(slots.RECOVERY):
            from tui_oauth.vault import recovery

            code = recovery.read_code(passphrase)
            found = None if code is None else self._by_secret(code, slots.RECOVERY)
            if found is not None:
                return found
        for slot in self._slots(slots.PASSPHRASE):
            secret = slots.secret_of(slot, passphrase)
            data_key = slots.open_with_key(slot, self._header.vault_id, secret)
            if data_key is not None:
                return Found(data_key, slot, secret)
        return None

    def _is_mistyped_code(self, text: Secret) -> bool:
        if not self._has(slots.RECOVERY):
            return False
        from tui_oauth.vault import recovery

        return recovery.looks_like_code(text) and recovery.read_code(text) is None

    def _kept(self) -> bytes | None:
        from tui_oauth.vault import unlocked  # ctypes: see the head of this module

        try:
            return unlocked.kept_key(self._header)
        except unlocked.Unavailable as error:
            self._notes.append(f"tui-oauth unlock does not work here: {error}")
            return None

    def _by_keyring(self) -> Found | None:
        from tui_oauth.vault import os_keyring

        mine = self._slots(slots.KEYRING)
        names = [os_keyring.name_of(self._header.vault_id, slot) for slot in mine]
        try:
            secrets = os_keyring.read(self._environ, names)
        except os_keyring.Unavailable as error:
            self._notes.append(f"{error}")
            return None
        for secret in secrets:
            found = None if secret is None else self._by_secret(secret, slots.KEYRING)
            if found is not None:
                return found
        self._notes.append("the system's keyring does not have this vault's key")
        return None

    def _by_secret(self, secret: bytes, kind: str) -> Found | None:
        for slot in self._slots(kind):
            data_key = slots.open_with_key(slot, self._header.vault_id, secret)
            if data_key is not None:
                return Found(data_key, slot, secret)
        return None

    def _slots(self, kind: str) -> list[slots.Slot]:
        return [slot for slot in self._header.slots if slot.kind == kind]

    def _has(self, *kinds: str) -> bool:
        return any(slot.kind in kinds for slot in self._header.slots)

    def _need(self, called: str, *kinds: str) -> None:
        if not self._has(*kinds):
            raise VaultLocked(
                f"{called} cannot open the vault {self._path}: "
                f"it is protected by {slots.protection(self._header.slots)}."
            )

    def _locked(self, key_file: Path) -> VaultLocked | VaultDamaged:
        if not self._header.slots:
            return VaultDamaged(f"The vault {self._path} has no key slot.")
        ways = []
        if self._has(slots.KEY_FILE):
            ways.append(f"put its key file at {key_file}, or name it with --key-file")
        if self._has(slots.PASSPHRASE):
            ways.append(
                "give the passphrase with --passphrase-command, --passphrase-fd or "
                "TUI_OAUTH_PASSPHRASE, or run tui-oauth unlock or this command in a terminal"
            )
        if self._has(slots.RECOVERY):
            ways.append("give the recovery code in the same ways as a passphrase")
        advice = "; or ".join(ways) or "Update tui-oauth: this version knows none of its key slots"
        if not ways and self._has(slots.KEYRING):
            advice = "Unlock the system's keyring and try again"
        because = "".join(f"; {note}" for note in self._notes)
        return VaultLocked(
            f"The vault {self._path} is locked ({slots.protection(self._header.slots)}{because}).",
            f"{advice[0].upper()}{advice[1:]}.",
        )
