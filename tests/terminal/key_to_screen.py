"""How long a key takes to be seen: from the byte written to the last change on the screen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from tests.terminal.pty_driver import PtyProgram

SILENCE = 0.12
"""So long must nothing come before a key's work counts as done."""


class Seen(NamedTuple):
    """What one key press took, in milliseconds."""

    name: str
    seen: float
    """Until the last byte was read that changed what stands on the screen."""
    busy: float
    """Processor time of the program, until it was silent again."""


def press(window: PtyProgram, name: str) -> Seen:
    """Press a key in a `window` that is silent, and watch its screen until it is silent again."""
    busy = _busy(window.pid)
    started = ended = time.perf_counter()
    window.send(name)
    parts: list[tuple[float, bytes]] = []
    while data := window.read(SILENCE):
        parts.append((time.perf_counter(), data))
    before = window.picture()
    for at, data in parts:
        window.feed(data)
        if (after := window.picture()) != before:
            before, ended = after, at
    return Seen(name, (ended - started) * 1000, _busy(window.pid) - busy)


def _busy(pid: int) -> float:
    """How long all threads of a program ran, in milliseconds."""
    ran = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            ran += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue  # it has ended meanwhile
    return ran / 1e6
