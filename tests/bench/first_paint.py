"""How long until Manage OAuth with 100 entries is painted, against a bare Textual app.

    python tests/bench/first_paint.py [ROUNDS]

Both run in a pseudo-terminal of 120x40, in turns; the clock stops when the first entry's name has
been written to the terminal. Prints medians and their ratio (target: at most 1.3), of the time on the
clock and of the processor's, which says more on a busy machine. Our modules are compiled first, as pip
does with what it installs: Textual's are.
"""

from __future__ import annotations

import compileall
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from fcntl import ioctl
from pathlib import Path

HERE = Path(__file__).parent
MARK = b"entry-000"
LIMIT_SECONDS = 20.0


def filled_home(folder: Path) -> dict[str, str]:
    """An environment whose home holds a vault with the entries of the bare table."""
    sys.path.insert(0, str(HERE.parent.parent))
    from tests.bench.filled import fill

    environ = {
        **os.environ,
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    for name in [name for name in environ if name.startswith(("XDG_", "TUI_OAUTH_", "PYTHON"))]:
        del environ[name]
    fill(environ, 100)
    return environ


def ours() -> list[str]:
    """The command as it is installed beside this Python; else the module."""
    installed = Path(sys.executable).with_name("tui-oauth")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "tui_oauth"]


def seconds_to_paint(argv: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Seconds on the clock, and seconds of the processor."""
    started = time.perf_counter()
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, environ)
    ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    seen = b""
    try:
        while MARK not in seen:
            left = started + LIMIT_SECONDS - time.perf_counter()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise SystemExit(f"{argv} painted nothing within {LIMIT_SECONDS:.0f} s")
            seen = seen[-64:] + os.read(fd, 65536)
        taken = time.perf_counter() - started
    finally:
        os.kill(pid, signal.SIGKILL)
        used = os.wait4(pid, 0)[2]
        os.close(fd)
    return taken, used.ru_utime + used.ru_stime


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    compileall.compile_dir(HERE.parent.parent / "tui_oauth", quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        environ = filled_home(Path(folder))
        programs = {
            "bare Textual table": [sys.executable, str(HERE / "bare_table.py")],
            "Manage OAuth": ours(),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for number in range(rounds + 1):
            for name, argv in programs.items():
                taken = seconds_to_paint(argv, environ)
                if number:  # the first round warms the page cache
                    times[name].append(taken)
    print(f"first paint, 100 entries, {rounds} rounds, 120x40")
    for which, words in enumerate(("on the clock", "of the processor")):
        floor = statistics.median(one[which] for one in times["bare Textual table"])
        for name, both in times.items():
            taken_times = [one[which] for one in both]
            median = statistics.median(taken_times)
            low, high = min(taken_times), max(taken_times)
            print(
                f"  {name:20} {median * 1000:7.0f} ms {words} ({low * 1000:.0f} to {high * 1000:.0f})"
                f"  {median / floor:5.2f} times the floor"
            )


if __name__ == "__main__":
    main()
