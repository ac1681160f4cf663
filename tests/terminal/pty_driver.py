"""A program in a real pseudo-terminal: what headless tests cannot see.

Signals, bracketed paste, escape sequences that reach the terminal, and the state in which the
terminal is left. Waiting is always for a condition, bounded by a deadline.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import pyte

KEYS = {
    "enter": "\r",
    "tab": "\t",
    "esc": "\x1b",
    "space": " ",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "delete": "\x1b[3~",
    "shift+tab": "\x1b[Z",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
}
# pyte does not know these; they carry nothing visible.
_INVISIBLE = re.compile(
    rb"\x1b\](?:[^\x07\x1b]|\x1b(?!\\))*(?:\x07|\x1b\\)|\x1bP(?:[^\x1b]|\x1b(?!\\))*\x1b\\"
    rb"|\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\[[0-9;]*\$[a-zA-Z]"
)
_COMPLETE = re.compile(rb"\x1b(\[[0-9;?<>=$ ]*[@-~]|[^\[\]P]|[\]P].*(\x07|\x1b\\))", re.DOTALL)


def key(name: str) -> str:
    """What a terminal sends for a key: a name of KEYS, `ctrl+x`, or one character."""
    if name.startswith("ctrl+"):
        return chr(ord(name[5]) & 0x1F)
    return KEYS.get(name, name)


class PtyProgram:
    """`argv` in a terminal of `size` (columns, rows), with exactly `env` as its environment.

    Use it as a context manager: it ends the program, first kindly, then for good.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> None:
        columns, rows = size
        self.raw = b""
        """Every byte that the program wrote."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._kept = b""
        self._status: int | None = None
        surroundings = {"TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or os.environ)}
        self.pid, self._fd = pty.fork()
        if self.pid == 0:  # the child: nothing but exec from here
            try:
                if cwd is not None:
                    os.chdir(cwd)
                os.execvpe(argv[0], list(argv), surroundings)
            finally:
                os._exit(127)
        self._set_size(columns, rows)

    def __enter__(self) -> PtyProgram:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ---- doing

    def send(self, *names: str) -> None:
        """Press keys, one after the other (see `key`)."""
        for name in names:
            os.write(self._fd, key(name).encode())

    def type(self, text: str) -> None:
        """Type `text` as it is."""
        os.write(self._fd, text.encode())

    def paste(self, text: str) -> None:
        """A bracketed paste, with the line breaks that terminals send."""
        body = text.replace("\n", "\r")
        os.write(self._fd, f"\x1b[200~{body}\x1b[201~".encode())

    def resize(self, columns: int, rows: int) -> None:
        """Another terminal size, and the signal that tells of it."""
        self._set_size(columns, rows)
        self._screen.resize(rows, columns)
        os.kill(self.pid, signal.SIGWINCH)

    def signal(self, number: int) -> None:
        """Send a signal to the program itself."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the terminal, as a lost SSH session does."""
        os.close(self._fd)
        self._fd = -1

    # ---- seeing

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def picture(self) -> tuple[tuple[object, ...], ...]:
        """What stands on the screen, each cell with its colours."""
        rows, columns = range(self._screen.lines), range(self._screen.columns)
        return tuple(tuple(self._screen.buffer[row][column] for column in columns) for row in rows)

    @property
    def alternate(self) -> bool:
        """Whether the program is in the alternate screen, by the last word it wrote on that."""
        return self.raw.rfind(b"\x1b[?1049h") > self.raw.rfind(b"\x1b[?1049l")

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed and hands it over line by line, as for a shell."""
        flags: int = termios.tcgetattr(self._fd)[3]
        return bool(flags & termios.ECHO) and bool(flags & termios.ICANON)

    def wait_for(self, text: str, timeout: float = 20.0) -> None:
        """Until `text` stands on the screen."""
        self.wait_until(lambda: text in self.text, f"{text!r} on the screen", timeout)

    def wait_gone(self, text: str, timeout: float = 20.0) -> None:
        """Until `text` stands no longer on the screen."""
        self.wait_until(lambda: text not in self.text, f"{text!r} to go", timeout)

    def wait_until(self, condition: Callable[[], bool], what: str, timeout: float = 20.0) -> None:
        """Until `condition` holds, while reading what the program writes."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}; the screen:\n{self.text}")
            if not self._pump(0.05) and not condition():
                raise AssertionError(
                    f"the program ended while waiting for {what}:\n{self.text}\n{self.raw[-2000:]!r}"
                )

    def wait_quiet(self, timeout: float = 20.0) -> None:
        """Until the program has written nothing for half a second."""
        known, since = len(self.raw), time.monotonic()

        def quiet() -> bool:
            nonlocal known, since
            if len(self.raw) != known:
                known, since = len(self.raw), time.monotonic()
            return time.monotonic() - since > 0.5

        self.wait_until(quiet, "half a second of silence", timeout)

    def wait_exit(self, timeout: float = 20.0) -> int:
        """The exit status, 128 + n after signal n, once the program has ended."""
        end = time.monotonic() + timeout
        while self._reap() is None:
            if time.monotonic() > end:
                raise AssertionError(f"the program goes on; the screen:\n{self.text}")
            if self._fd < 0 or not self._pump(0.02):
                time.sleep(0.01)  # nothing to read any more: only the status is awaited
        while self._fd >= 0 and self._pump(0.05, once=True):
            pass
        assert self._status is not None
        return self._status

    def close(self) -> None:
        """End the program if it still runs."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._reap() is not None:
                break
            os.kill(self.pid, number)
            end = time.monotonic() + 5
            while self._reap() is None and time.monotonic() < end:
                if self._fd < 0 or not self._pump(0.02):
                    time.sleep(0.01)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    # ---- inside

    def _reap(self) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._status = code if code >= 0 else 128 - code
        return self._status

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _pump(self, seconds: float, once: bool = False) -> bool:
        """Read for so long; False when the program has closed the terminal (or, `once`, is silent)."""
        end = time.monotonic() + seconds
        while True:
            try:
                data = self.read(max(0.0, end - time.monotonic()))
            except OSError:
                return False
            if data is None:
                return not once
            if not data:
                return False
            self.feed(data)

    def read(self, seconds: float) -> bytes | None:
        """What the program writes next, None if that is nothing for so long; `feed` shows it."""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        return os.read(self._fd, 65_536) if ready else None

    def feed(self, data: bytes) -> None:
        """Bring the screen up to date with what was read."""
        self.raw += data
        data = self._kept + data
        cut = data.rfind(b"\x1b")
        unfinished = cut >= 0 and len(data) - cut < 4_096 and not _COMPLETE.match(data[cut:])
        self._kept = data[cut:] if unfinished else b""
        shown = data[:cut] if unfinished else data
        self._stream.feed(self._decoder.decode(_INVISIBLE.sub(b"", shown)))
