"""What was last seen of each vault: tells when an older copy was put in a vault's place.

`last-seen.json` in the state folder: {vault id: {"gen": commit counter, "mac": end of the file}}.
The file MAC cannot tell an older state of the vault from the present one, since it was true once;
this note can. It is advisory: written without fsync, in place, and anybody who can restore the
vault can restore the note too. A vault that is behind its note, or of the same age and other
content, is said to be so until a person accepts it or the newer one is back.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from tui_oauth.errors import TuiOauthError
from tui_oauth.vault import container, files
from tui_oauth.vault.container import Header
from tui_oauth.vault.crypto import MAC_DIGITS

NAME = "last-seen.json"
_MAX_BYTES = 64 * 1024
_MAX_VAULTS = 200
_OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
ACCEPT = "tui-oauth status --accept-older"


class Note(NamedTuple):
    """What is known of one vault. `doubted` stays once an older state was found in its place."""

    generation: int
    mac: str
    doubted: bool = False


class LastSeen:
    """Follows one open vault: give `follow` to `Vault.observe`.

    `notice` is the sentence for a person, empty while all is well. Nothing here fails: where the
    note cannot be read or written, there is none.
    """

    def __init__(self, state_folder: Path, vault: Path) -> None:
        self.notice = ""
        self._path = state_folder / NAME
        self._vault = vault
        self._state: tuple[Header, str] | None = None

    def follow(self, header: Header, tail: bytes) -> None:
        """Compare this state with the note, and bring the note up to date where it is newer."""
        mac = mac_digits(tail)
        self._state = (header, mac)
        known = read_notes(self._path).get(header.vault_id)
        if known is not None and known[:2] == (header.generation, mac):
            self.notice = ""
            if known.doubted:
                _write(self._path, header.vault_id, known._replace(doubted=False), lower=True)
            return
        newer = known is None or header.generation > known.generation
        if known is None or (newer and not known.doubted):
            _write(self._path, header.vault_id, Note(header.generation, mac))
        elif newer or header.generation == known.generation or not self._outrun(known):
            self.notice = words(self._vault, header, known)
            if not known.doubted:
                _write(self._path, header.vault_id, known._replace(doubted=True), lower=True)

    def accept(self) -> bool:
        """Take the vault as it is for the right one; False if nothing was doubted."""
        if self._state is None or not self.notice:
            return False
        header, mac = self._state
        _write(self._path, header.vault_id, Note(header.generation, mac), lower=True)
        self.notice = ""
        return True

    def _outrun(self, known: Note) -> bool:
        """Whether another process only wrote since we read: what is there now is new enough."""
        try:
            data, _ = files.read_private(self._vault, "vault", container.MAX_HEADER_BYTES)
            return container.parse_header(data, self._vault).generation >= known.generation
        except (TuiOauthError, OSError):
            return False


def words(vault: Path, header: Header, known: Note) -> str:
    """What is to be said of a vault in this state where `known` had been seen."""
    if header.generation == known.generation:
        what = "is not the one that was last seen here: a copy of it was changed elsewhere"
    else:
        what = (
            f"is older than it was, or a copy that was changed apart: it stands at change "
            f"{header.generation:,}, and change {known.generation:,} had been seen here"
        )
    return (
        f"The vault {vault} {what}. Refresh tokens in it may be spent. "
        f"If you restored or copied it yourself, run: {ACCEPT}"
    )


def mac_digits(tail: bytes) -> str:
    """The MAC in the last bytes of a vault file."""
    return tail[:MAC_DIGITS].decode("ascii", "replace")


def read_notes(path: Path) -> dict[str, Note]:
    """The notes in the file at `path` by vault id; those of another shape are left out."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _OPEN)
    except OSError:
        return {}
    try:
        return _parse(os.read(descriptor, _MAX_BYTES))
    except OSError:
        return {}
    finally:
        files.close(descriptor)


def _parse(data: bytes) -> dict[str, Note]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    notes = {}
    for vault_id, value in found.items() if isinstance(found, dict) else ():
        match value:
            case {"gen": int(generation), "mac": str(mac), **rest}:
                notes[vault_id] = Note(generation, mac, rest.get("doubted") is True)
    return notes


def _write(path: Path, vault_id: str, note: Note, *, lower: bool = False) -> None:
    """Put `note` in place, unless a newer one came meanwhile; with `lower` whatever is there.

    In place and in one call, so that nothing is left behind by a killed process. Who finds the
    file locked lets it be: the other one writes the same or better.
    """
    try:
        files.make_private_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _OPEN, 0o600)
    except (TuiOauthError, OSError):
        return
    try:
        files.check_private(os.fstat(descriptor), path, "note")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        notes = _parse(os.read(descriptor, _MAX_BYTES))
        present = notes.pop(vault_id, None)
        if present is not None and not lower and present.generation >= note.generation:
            return
        notes[vault_id] = note
        kept = list(notes.items())[-_MAX_VAULTS:]
        text = json.dumps({name: _json(held) for name, held in kept}).encode("ascii")
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
    except (TuiOauthError, OSError):
        return
    finally:
        files.close(descriptor)


def _json(note: Note) -> dict[str, Any]:
    value: dict[str, Any] = {"gen": note.generation, "mac": note.mac}
    return {**value, "doubted": True} if note.doubted else value
