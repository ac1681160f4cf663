"""One agent from its start to its end: its lock, its signals, its loop.

SIGTERM and SIGINT end it once refreshes under way are stored; a second one ends it at once. SIGHUP
reads settings, own services and the vault anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.agent.answers import Answers
from tui_oauth.agent.events import FAILING, Event
from tui_oauth.agent.holder import Holder
from tui_oauth.agent.hooks import Hooks
from tui_oauth.agent.keeper import Keeper
from tui_oauth.agent.memory import keep_flat
from tui_oauth.agent.places import LOCK, folder
from tui_oauth.agent.server import Server
from tui_oauth.agent.token_files import TokenFiles
from tui_oauth.errors import AlreadyExists, StorageFailed, TuiOauthError, UnsafePath, UsageProblem
from tui_oauth.hardening import harden
from tui_oauth.vault.files import make_private_folder

if TYPE_CHECKING:
    from types import FrameType

    from tui_oauth.model import Entry
    from tui_oauth.workspace import Workspace

Say = Callable[[str], None]
FINISH_SECONDS = 35.0
"""As long as a refresh may take, and some: its token may be spent already."""

HOOKS_SECONDS = 5.0
LOOK_AHEAD_SECONDS = 60.0


def run(make: Callable[[], Workspace], first: Workspace, say: Say) -> int:
    """Run until a signal ends it; the exit code.

    `first` is the workspace to begin with, which may ask a person; `make` gives another one when
    the settings have to be read anew. Raises UsageProblem without a runtime folder, AlreadyExists
    where an agent runs already, StorageFailed, UnsafePath.
    """
    runtime = runtime_folder(first.environ)
    with _only_one(runtime):
        harden()
        keep_flat()
        given = iter([first])
        return Agent(Holder(lambda: next(given, None) or make()), runtime, say).run()


def runtime_folder(environ: Mapping[str, str]) -> Path:
    """The agent's folder, made with mode 0700. UsageProblem where there is no place for it."""
    place = folder(environ)
    if place is None:
        raise UsageProblem(
            "XDG_RUNTIME_DIR is not set, so there is no place for the agent's socket.",
            "Log in through systemd, or set it to a folder of your own in memory (mode 0700).",
        )
    if not place.parent.is_dir():
        raise UsageProblem(
            f"XDG_RUNTIME_DIR names {place.parent}, which is no folder.", "Make it, with mode 0700."
        )
    make_private_folder(place, private=True)
    if place.stat().st_mode & 0o077:
        raise UnsafePath(f"Others may look into the folder {place}.", f"Run: chmod 700 {place}")
    return place


class Agent:
    """The parts of an agent, and the loop that drives them."""

    def __init__(self, holder: Holder, runtime: Path, say: Say) -> None:
        self._say = say
        self._holder = holder
        self._reading, self._writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._files = TokenFiles(runtime, say)
        self._hooks = Hooks(holder.places_workspace.environ, say)
        self._keeper = Keeper(
            holder, wake=self.wake, say=say, seen=self._on_seen, failing=self._on_failing
        )
        self._answers = Answers(
            holder, self._keeper, self._files, reload=self._reload_soon, look=self._look_soon
        )
        self._server = Server(runtime, self._answers)
        self._ending = 0
        self._next_look_ahead = 0.0
        self._reload = False

    def wake(self) -> None:
        """Have the loop look at once; from any thread, and from signal handlers."""
        with contextlib.suppress(OSError):  # full: it will look anyway
            os.write(self._writing, b"x")

    def run(self) -> int:
        """The loop; 0 when a signal ended it."""
        with _signals(self._on_signal):
            try:
                self._open_first()
                self._say(f"Listening at {self._server.path}")
                while not self._ending:
                    now = self._holder.places_workspace.now_exactly()
                    wait = self._keeper.tick(now)
                    self._files.remove_ended(int(now))
                    if now >= self._next_look_ahead and self._holder.is_open:
                        self._next_look_ahead = now + LOOK_AHEAD_SECONDS
                        self._hooks.look_ahead(self._holder.places_workspace)
                    self._sleep(wait)
                    if self._reload:
                        self._reload_now()
                return self._end()
            finally:
                self._server.close()
                self._files.clear()
                os.close(self._reading)
                os.close(self._writing)

    def _open_first(self) -> None:
        """Open the vault; a way that was named and does not work is a mistake, and ends the agent."""
        workspace = self._holder.places_workspace
        options = workspace.key_options
        named = bool(options and (options.key_file or options.passphrase_command))
        named = named or bool(options and options.passphrase_fd is not None)
        try:
            self._holder.open()
        except TuiOauthError as error:
            if named or isinstance(error, UsageProblem):
                raise
            self._holder.why = str(error)
        workspace.ask = None

    def _on_seen(self, workspace: Workspace | None, entries: list[Entry]) -> None:
        """The entries have changed, or the vault was locked (None)."""
        if workspace is None:
            self._files.clear()
        else:
            self._files.publish(workspace, entries)
            self._hooks.seen(workspace, entries)

    def _on_failing(self, workspace: Workspace, entry: Entry, words: str) -> None:
        self._hooks.run(workspace, Event(FAILING, entry, words))

    def _sleep(self, seconds: float) -> None:
        listening = self._server.listener.fileno()
        ready, _, _ = select.select([self._reading, listening], [], [], seconds)
        if self._reading in ready:
            with contextlib.suppress(OSError):
                os.read(self._reading, 4096)
        if listening in ready:
            self._server.accept()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        else:
            self._ending += 1
        self.wake()

    def _reload_soon(self) -> None:
        self._reload = True
        self.wake()

    def _look_soon(self) -> None:
        self._keeper.look_now()
        self.wake()

    def _reload_now(self) -> None:
        self._reload = False
        try:
            self._holder.reload()
        except TuiOauthError as error:
            self._say(f"Not reloaded: {error}")
        self._keeper.look_now()

    def _end(self) -> int:
        """Wait for refreshes under way, unless a second signal says that there is no time."""
        self._server.close()
        for _ in range(int(FINISH_SECONDS * 10)):
            if self._ending > 1 or self._keeper.finish(0.1):
                break
        if self._ending < 2:
            self._hooks.finish(HOOKS_SECONDS)
        self._say("Ended.")
        return 0


@contextlib.contextmanager
def _signals(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [(number, signal.signal(number, handle)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextlib.contextmanager
def _only_one(runtime: Path) -> Iterator[None]:
    """The lock of the one agent of this runtime folder. AlreadyExists where another holds it."""
    path = runtime / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be made: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyExists("An agent runs already.", "See: tui-oauth agent status") from None
        yield
    finally:
        os.close(descriptor)
