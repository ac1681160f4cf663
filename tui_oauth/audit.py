"""Who took which token when: one line for each, appended to a file in the state folder.

A line names the entry by its id, since names of entries stand nowhere in clear, and the program by what
the kernel says of it. It holds no token, and nothing of one. What the file cannot tell: a program of
the same user may start another one to ask for it, and may change or remove the file.

Each run of a command and each request to the agent's socket has a line. What asks over and over has one
for each token: an object of the Python interface (`Takings`), `write --keep`. Reading a token file has none.

The file is for its owner alone (0600). Each line is one write at its end (O_APPEND, open(2)), so lines of
processes that write at once stay whole. At a megabyte it becomes `audit.log.1`, and so on up to three.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_oauth.entries import shell_word
from tui_oauth.errors import NotAllowed, StorageFailed
from tui_oauth.programs import Program, program
from tui_oauth.text import neutralise, rfc3339

if TYPE_CHECKING:
    from tui_oauth.model import Entry, TokenSet
    from tui_oauth.secret import Secret
    from tui_oauth.workspace import Workspace

FILE = "audit.log"
MAX_BYTES = 1_048_576
OLD_FILES = 3
_OPEN = os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST = 300


class Taken(NamedTuple):
    """One line of the file. `at` is in Unix seconds; `way` is the command, or `agent` for its socket."""

    at: int
    entry_id: str
    way: str
    uid: int
    pid: int
    path: str
    name: str
    refused: bool = False


def admit(workspace: Workspace, entry: Entry, way: str, program: Program) -> None:
    """Hold `program` against the entry's list, before a token is got for it. NotAllowed, which is noted.

    The list keeps mistakes apart, not attacks: a program of the same user can start an allowed one.
    """
    if not entry.programs or program.path in entry.programs:
        return
    with contextlib.suppress(StorageFailed):  # the refusal is what counts
        note(workspace, entry.id, way, program, refused=True)
    shown = neutralise(program.path, 120) or "a program that the kernel does not name"
    raise NotAllowed(
        f"{entry.name} is not for {shown}.",
        f"Allow it, or everyone: tui-oauth agent allow {shell_word(entry.name)} --help",
    )


def note(
    workspace: Workspace, entry_id: str, way: str, program: Program, *, refused: bool = False
) -> None:
    """Append one line. StorageFailed."""
    fields = (
        str(workspace.now()),
        entry_id,
        way,
        str(program.uid),
        str(program.pid),
        "refused" if refused else "given",
        neutralise(program.name, 64),
        neutralise(program.path, _LONGEST),
    )
    path = workspace.places.state / FILE
    try:
        try:
            descriptor = _opened(path)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = _opened(path)
        try:
            os.write(descriptor, ("\t".join(fields) + "\n").encode("utf-8", "replace"))
            full = os.fstat(descriptor).st_size > MAX_BYTES
        finally:
            os.close(descriptor)
        if full:
            _rotate(path)
    except OSError as error:
        raise StorageFailed(
            f"It could not be noted in {neutralise(path)} who took the token: {error.strerror}."
        ) from error


def this_program() -> Program:
    """The program that this process is."""
    return program(os.getpid())


class Takings:
    """What takes tokens again and again, such as an `EntryAuth` with each of its calls.

    A line for each call would push everything else out of the record, and tell nothing more: who took
    which token is one line for each token of an entry, and for each process. Usable from several
    threads, and after a fork. `whose` is the program that the tokens are for.
    """

    def __init__(
        self, workspace: Workspace, way: str, whose: Callable[[], Program] = this_program
    ) -> None:
        import threading

        self._workspace, self._way, self._whose = workspace, way, whose
        self._mutex = threading.Lock()
        self._noted: dict[str, tuple[int, Secret]] = {}

    def admit(self, entry: Entry) -> None:
        """As `admit` above, before a token of `entry` is got."""
        if entry.programs:
            admit(self._workspace, entry, self._way, self._whose())

    def took(self, entry: Entry, tokens: TokenSet) -> None:
        """Note that the access token of `tokens` was taken, unless that is noted. StorageFailed."""
        taken_now = os.getpid(), tokens.access_token
        with self._mutex:
            if self._noted.get(entry.id) == taken_now:
                return
            note(self._workspace, entry.id, self._way, self._whose())
            self._noted[entry.id] = taken_now


def taken(workspace: Workspace, entry_id: str = "") -> Iterator[Taken]:
    """What was noted, the oldest first, of one entry or of all. A line that is none of ours is left out."""
    path = workspace.places.state / FILE
    for old in [*(_old(path, number) for number in range(OLD_FILES, 0, -1)), path]:
        try:
            for line in _lines(old):
                found = _read(line.rstrip("\n"))
                if found is not None and entry_id in {"", found.entry_id}:
                    yield found
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageFailed(f"{neutralise(old)} cannot be read: {error.strerror}.") from error


def stamp(workspace: Workspace) -> tuple[int, int] | None:
    """What is another one whenever a line was added; None where there is no record yet."""
    try:
        found = (workspace.places.state / FILE).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size


def describe(one: Taken, names: dict[str, str]) -> dict[str, Any]:
    """The public view of a line; `names` are of entries by id, and may lack some."""
    return {
        "at": rfc3339(one.at),
        "entry": names.get(one.entry_id),
        "entry_id": one.entry_id,
        "way": one.way,
        "uid": one.uid,
        "pid": one.pid,
        "program": one.name or None,
        "path": one.path or None,
        "refused": one.refused,
    }


def _lines(path: Path) -> Iterator[str]:
    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | _OPEN)

    with open(path, encoding="utf-8", errors="replace", newline="\n", opener=opener) as file:
        yield from file


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _OPEN, 0o600)


def _rotate(path: Path) -> None:
    """Begin a new file. Whoever has the old one open still writes to it, so nothing is lost."""
    import fcntl

    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        try:
            if path.stat().st_size <= MAX_BYTES:
                return  # another process was faster
        except FileNotFoundError:
            return  # so it was, and nobody has written since
        for number in range(OLD_FILES, 1, -1):
            with contextlib.suppress(FileNotFoundError):
                _old(path, number - 1).rename(_old(path, number))
        path.rename(_old(path, 1))
    finally:
        os.close(folder)


def _old(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _read(line: str) -> Taken | None:
    fields = line.split("\t")
    if len(fields) != 8:
        return None
    at, entry_id, way, uid, pid, outcome, name, path = fields
    numbers = (at, uid, pid)
    if not all(number.isascii() and number.isdigit() and len(number) < 16 for number in numbers):
        return None
    if outcome not in {"given", "refused"}:
        return None
    # The file may have been written to by anything of this user: neutralised once more.
    shown = [neutralise(text, _LONGEST) for text in (entry_id, way, path, name)]
    return Taken(
        int(at), shown[0], shown[1], int(uid), int(pid), shown[2], shown[3], outcome == "refused"
    )
