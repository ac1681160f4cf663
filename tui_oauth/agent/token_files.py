"""Token files: `$XDG_RUNTIME_DIR/tui-oauth/NAME` for entries that are marked so, kept fresh by the agent.

Reading a token is then a `cat`, at the price that nobody is asked and nothing is noted. A file holds the
access token and nothing else, not even a line break, is for its owner alone (0600), and is replaced
as a whole. It is in memory only: where the folder is not on tmpfs, none is written. It goes when its
token ends, when the mark or the entry goes, when the vault is locked, and when the agent ends.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui_oauth.agent.places import LOCK, SOCKET
from tui_oauth.errors import StorageFailed, TuiOauthError
from tui_oauth.handing import one_line
from tui_oauth.model import Entry
from tui_oauth.text import neutralise
from tui_oauth.tokens import lasts

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace

MOUNTS = Path("/proc/self/mountinfo")
IN_MEMORY = {"tmpfs", "ramfs"}
_LONGEST_NAME = 200
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@+=,~ ")


def file_name(entry: Entry) -> str:
    """The name of the entry's token file: its own, with what a path or a shell trips over encoded.

    Other characters are percent-encoded (RFC 3986 section 2.1), and so are a point at its beginning and
    the names of the agent's own files. A name that gets too long for a file is the entry's id.
    """
    name = "".join(
        char if char in _PLAIN and (char != "." or place) else _encoded(char)
        for place, char in enumerate(entry.name)
    )
    if name in {SOCKET, LOCK}:
        name = _encoded(name[0]) + name[1:]
    return name if len(name) <= _LONGEST_NAME else entry.id


def file_system(folder: Path) -> str:
    """The type of the file system that `folder` is on, as the kernel calls it; empty if it is not known."""
    try:
        number = folder.stat().st_dev
        lines = MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    device = f"{os.major(number)}:{os.minor(number)}"
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 2 and fields[2] == device and after:
            return after.split()[0]
    return ""


class _Written(NamedTuple):
    revision: int
    name: str
    expires_at: int | None


class TokenFiles:
    """The token files in `folder`. `say` gets what went wrong, once."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self._say = say
        self._written: dict[str, _Written] = {}
        self._said: set[str] = set()
        kind = file_system(folder)
        self.why_not = (
            ""
            if kind in IN_MEMORY
            else f"{folder} is on {kind or 'a file system that is not known'}, not in memory (tmpfs)."
        )
        """Why no token file is written; empty where they can be."""
        self._clear_all()

    def publish(self, workspace: Workspace, entries: Iterable[Entry]) -> None:
        """Make the files those of `entries`: written anew where an entry changed, removed where not marked."""
        marked = {entry.id: entry for entry in entries if entry.token_file}
        for entry_id in self._written.keys() - marked.keys():
            self._remove(entry_id)
        if self.why_not:
            if marked:
                self._complain(f"Token files are not written: {self.why_not}")
            return
        for entry in marked.values():
            known = self._written.get(entry.id)
            if known is not None and known.revision == entry.revision:
                continue
            try:
                self._publish_one(workspace, entry)
            except TuiOauthError as error:
                self._remove(entry.id)
                self._complain(f"The token file of {entry.name} is not written: {error}")
        self.remove_ended(workspace.now())

    def remove_ended(self, now: int) -> None:
        """Remove the files of tokens that have ended: nobody is to be sent away with one."""
        for entry_id, written in list(self._written.items()):
            if written.expires_at is not None and written.expires_at <= now:
                # What the entry stands at is known: it is written again when it changes.
                self._unlink(written.name)
                self._written[entry_id] = written._replace(name="", expires_at=None)

    def clear(self) -> None:
        """Remove every file."""
        for entry_id in list(self._written):
            self._remove(entry_id)

    def path_of(self, entry: Entry) -> Path | None:
        """Where the entry's token file is, if it is there."""
        written = self._written.get(entry.id)
        return self.folder / written.name if written is not None and written.name else None

    def _publish_one(self, workspace: Workspace, entry: Entry) -> None:
        tokens = workspace.vault.secrets(entry).tokens
        name = file_name(entry)
        known = self._written.get(entry.id)
        if known is not None and known.name and known.name != name:
            self._unlink(known.name)
        if tokens is None or not lasts(tokens, workspace.now(), 0):
            self._unlink(name)
            self._written[entry.id] = _Written(entry.revision, "", None)
            return
        _replace(self.folder, name, one_line(entry, tokens.access_token.reveal()))
        self._written[entry.id] = _Written(entry.revision, name, tokens.expires_at)

    def _remove(self, entry_id: str) -> None:
        written = self._written.pop(entry_id, None)
        if written is not None and written.name:
            self._unlink(written.name)

    def _unlink(self, name: str) -> None:
        with contextlib.suppress(OSError):
            (self.folder / name).unlink()

    def _clear_all(self) -> None:
        """What an agent that was killed has left: the folder is the agent's own."""
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                if path.name not in {SOCKET, LOCK} and (path.is_symlink() or not path.is_dir()):
                    self._unlink(path.name)

    def _complain(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            self._say(words)


def _replace(folder: Path, name: str, text: str) -> None:
    """A reader finds the old token or the new one, never a part. No fsync: it is in memory."""
    temporary = folder / ".token.tmp"  # never a token's own name: those begin with no point
    try:
        temporary.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text.encode("utf-8", "surrogatepass"))
        temporary.rename(folder / name)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise StorageFailed(
            f"{neutralise(folder / name)} could not be written: {error.strerror}."
        ) from error


def _encoded(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))
