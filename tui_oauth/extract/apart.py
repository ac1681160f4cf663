"""A run in a process of its own, for a window: what loads the rows would hold it up.

Its pauses of up to a second would be felt at every key. The process also keeps to itself what dlt
prints, its signals and its memory, and when the window ends, however it ends, it loads what has been
fetched and ends as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from tui_oauth.errors import StorageFailed
from tui_oauth.extract import wire
from tui_oauth.extract.engine import installed, needed
from tui_oauth.extract.running import Summary, Watch

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace

_LOOK_SECONDS = 0.1
_PIECE = 65_536
_ALONE: list[subprocess.Popen[bytes]] = []
"""Processes that were left, until they have ended."""
_AGAIN = "What was loaded is kept; extract again, and it goes on from there."


class Outcome(NamedTuple):
    """The end of a run, and the first rows of each resource that was loaded."""

    summary: Summary
    rows: dict[str, list[dict[str, Any]]]


class Apart:
    """One run of `extract` in another process. Use it once."""

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        resources: Sequence[str],
        to: str = "",
        *,
        since: int | None = None,
        full: bool = False,
        limit: int | None = None,
    ) -> None:
        self._workspace = workspace
        self._wanted = {
            "name": name,
            "resources": list(resources),
            "to": to,
            "since": since,
            "full": full,
            "limit": limit,
        }
        self._stop = threading.Event()
        self._left = threading.Event()

    def stop(self) -> None:
        """End the run; what has been fetched is loaded first, and `run` returns then."""
        self._stop.set()

    def leave(self) -> None:
        """As `stop`, without waiting for it: `run` returns None at once."""
        self._left.set()

    def run(self, watch: Watch) -> Outcome | None:
        """Blocks until the end; `watch` is told of the progress, in this thread. TuiOauthError."""
        if not installed():
            raise needed()
        with self._process() as process:
            for told in self._lines(process):
                if "progress" in told:
                    watch(wire.to_progress(told["progress"]))
                elif "summary" in told:
                    return Outcome(wire.to_summary(told["summary"]), told["rows"])
                elif "problem" in told:
                    raise wire.to_problem(told["problem"])
                else:
                    raise StorageFailed(f"Extracting met a defect: {told['defect']}", _AGAIN)
            if self._left.is_set():
                return None
            status = process.wait()
        raise StorageFailed(f"The process that extracts has ended by itself ({status}).", _AGAIN)

    @contextlib.contextmanager
    def _process(self) -> Iterator[subprocess.Popen[bytes]]:
        from tui_oauth.vault.handed_over import key_of

        workspace = self._workspace
        request = {
            "places": [str(path) for path in workspace.places],
            "key": key_of(workspace.vault).reveal(),
            "wanted": self._wanted,
        }
        # -P: the folder that one is in is not searched, where a file could be taken for a module.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tui_oauth.extract.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(workspace.environ),
            start_new_session=True,  # what a terminal sends at its end is not for it
        )
        asks, answers = _pipes(process)
        try:
            self._say(process, json.dumps(request))
            yield process
        finally:
            with contextlib.suppress(OSError):
                asks.close()
            answers.close()
            _ALONE[:] = [one for one in [*_ALONE, process] if one.poll() is None]

    def _lines(self, process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
        """What the process says, until it ends or is left."""
        source, kept, told = _pipes(process)[1].fileno(), b"", False
        while not self._left.is_set():
            if self._stop.is_set() and not told:
                told = True
                self._say(process, "stop")
            if not select.select([source], [], [], _LOOK_SECONDS)[0]:
                continue
            piece = os.read(source, _PIECE)
            if not piece:
                return
            *lines, kept = (kept + piece).split(b"\n")
            for line in lines:
                yield json.loads(line)

    @staticmethod
    def _say(process: subprocess.Popen[bytes], line: str) -> None:
        asks, _ = _pipes(process)
        with contextlib.suppress(OSError):  # that it has ended is seen where its answers are read
            asks.write(line.encode() + b"\n")
            asks.flush()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Into the process, and out of it."""
    return cast("tuple[IO[bytes], IO[bytes]]", (process.stdin, process.stdout))
