"""Lines of standard input while something else is waited for."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Callable

from tui_oauth.cli import output

MAX_LINE_BYTES = 65_536
_CHUNK = 65_536


class Lines:
    """Calls `take` for each line of standard input and `end` after the last, in the event loop.

    Standard input stays in its mode: making it non-blocking would do so for the shell as well,
    which shares it. It is read only when something is there.
    """

    def __init__(self, take: Callable[[str], None], end: Callable[[], None]) -> None:
        self._take = take
        self._end = end
        self._buffer = b""
        self._too_long = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._descriptor = -1

    @staticmethod
    def readable(also_files: bool) -> bool:
        """Whether a person or a program may send lines: a terminal, a pipe, a socket.

        A file is read only where that was asked for. A terminal is not read by a job in the
        background: the system would stop it.
        """
        try:
            descriptor = sys.stdin.fileno()
            mode = os.fstat(descriptor).st_mode
        except (AttributeError, OSError, ValueError):  # standard input is closed
            return False
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            return True
        if os.isatty(descriptor):
            return _in_foreground(descriptor)
        return also_files

    def start(self) -> None:
        """Begin to read."""
        self._descriptor = sys.stdin.fileno()
        loop = asyncio.get_running_loop()
        try:
            loop.add_reader(self._descriptor, self._read)
        except PermissionError:
            # A file is always ready, so the system refuses to watch it: read it here and now.
            loop.call_soon(self._read_file)
        else:
            self._loop = loop

    def close(self) -> None:
        """Read no more."""
        if self._loop is not None:
            self._loop.remove_reader(self._descriptor)
            self._loop = None

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # the terminal went away
            data = b""
        if not data:
            self.close()
            self._feed(b"\n")  # a last line without a break
            self._end()
            return
        self._feed(data)

    def _read_file(self) -> None:
        self._feed(os.read(self._descriptor, MAX_LINE_BYTES) + b"\n")
        self._end()

    def _feed(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if self._too_long or len(line) > MAX_LINE_BYTES:
                self._too_long = False
                output.note("That line is too long to be an address; it was left out.")
            elif line.strip():
                self._take(line.decode("utf-8", "replace"))
        if len(self._buffer) > MAX_LINE_BYTES:
            self._buffer, self._too_long = b"", True


def _in_foreground(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # not our controlling terminal
        return True
