"""Hooks: a person's commands for what happens to entries (`[hooks]` in the settings).

A command is started without a shell, gets the event as one JSON object on standard input, never a token, and
is killed with all that it started when its time is up. One runs at a time, in a thread of their own, so
that a slow one delays no refresh.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from tui_oauth.agent import events
from tui_oauth.agent.events import Event
from tui_oauth.entries import describe
from tui_oauth.model import Entry, renews
from tui_oauth.text import neutralise, rfc3339

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace

MOST_WAITING = 1000
_KEPT_BACK = ("TUI_OAUTH_PASSPHRASE", "TUI_OAUTH_PASSPHRASE_FD")
_Job = tuple[list[str], str, int, str]


class Hooks:
    """Runs what the settings of the workspace at hand say. `say` is told of each that fails."""

    def __init__(self, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._environ = {key: text for key, text in environ.items() if key not in _KEPT_BACK}
        self._say = say
        self._jobs: queue.Queue[_Job | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._known: dict[str, Entry] | None = None
        self._warned: dict[str, tuple[int | None, ...]] = {}

    def seen(self, workspace: Workspace, entries: Iterable[Entry]) -> None:
        """Take note of the entries as they are now, and run hooks for what has happened since."""
        now_known = {entry.id: entry for entry in entries}
        before, self._known = self._known, now_known
        for event in events.between(before or {}, now_known):
            self.run(workspace, event)
        self.look_ahead(workspace)

    def look_ahead(self, workspace: Workspace) -> None:
        """Run hooks for entries of which something ends soon, once for each sign-in, secret or token.

        The end of a refresh token may be put off a little with each use, and is the same end all the same.
        """
        seconds = workspace.settings.hooks.soon_days * 86_400
        known = self._known or {}
        for entry in known.values():
            if not events.ends_soon(entry, workspace.now(), seconds):
                self._warned.pop(entry.id, None)
                continue
            ends = None if renews(entry) else entry.expires_at
            granted = entry.authorized_at, entry.client_secret_expires_at, ends
            if self._warned.get(entry.id) != granted:
                self._warned[entry.id] = granted
                self.run(workspace, Event(events.EXPIRING_SOON, entry))
        for entry_id in self._warned.keys() - known.keys():
            del self._warned[entry_id]

    def run(self, workspace: Workspace, event: Event) -> None:
        """Have the hook for `event` run, where there is one."""
        settings = workspace.settings.hooks
        command: tuple[str, ...] = getattr(settings, event.kind)
        if not command:
            return
        text = json.dumps(
            {
                "event": event.kind,
                "at": rfc3339(workspace.now()),
                "entry": describe(workspace, event.entry),
                "error": event.error or None,
            }
        )
        try:
            self._jobs.put_nowait((list(command), text, settings.seconds, event.kind))
        except queue.Full:
            self._say(f"Too many hooks wait: the one for {event.kind} is left out.")
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tui-oauth-hooks", daemon=True)
            self._thread.start()

    def finish(self, seconds: float) -> None:
        """Let those that wait run, for so long at the most."""
        if self._thread is not None:
            with contextlib.suppress(queue.Full):
                self._jobs.put_nowait(None)
            self._thread.join(seconds)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._run_one(*job)

    def _run_one(self, command: list[str], text: str, seconds: int, kind: str) -> None:
        called = f"The hook for {kind} ({neutralise(command[0], 80)})"
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=self._environ,
                cwd="/",
                start_new_session=True,
                text=True,
            )
        except (OSError, ValueError) as error:
            self._say(f"{called} cannot be started: {neutralise(error)}")
            return
        try:
            process.communicate(text + "\n", timeout=seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            self._say(f"{called} was ended: it took longer than {seconds} s.")
            return
        except OSError as error:
            self._say(f"{called} cannot be talked to: {neutralise(error)}")
        if process.returncode:
            self._say(f"{called} ended with {process.returncode}.")
