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
    waited: float
    """How much of that the program was ready to run and had no processor."""
    busy: float
    """Processor time of the program, until it was silent again."""

    @property
    def alone(self) -> float:
        """Until it was seen, on a machine with nothing else to do; never less than a part of it."""
        return max(self.seen - self.waited, 0.0)


def press(window: PtyProgram, name: str) -> Seen:
    """Press a key in a `window` that is silent, and watch its screen until it is silent again."""
    busy, waited = _scheduled(window.pid)
    started = time.perf_counter()
    window.send(name)
    parts: list[tuple[float, float, bytes]] = []
    while data := window.read(SILENCE):
        parts.append((time.perf_counter(), _scheduled(window.pid)[1], data))
    ended, waited_at_end = started, waited
    before = window.picture()
    for at, waited_then, data in parts:
        window.feed(data)
        if (after := window.picture()) != before:
            before, ended, waited_at_end = after, at, waited_then
    return Seen(
        name,
        (ended - started) * 1000,
        waited_at_end - waited,
        _scheduled(window.pid)[0] - busy,
    )


def _scheduled(pid: int) -> tuple[float, float]:
    """How long all threads of a program ran, and waited for a processor, in milliseconds."""
    ran = waited = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            one, two, _ = (thread / "schedstat").read_text().split()
        except OSError:
            continue  # it has ended meanwhile
        ran, waited = ran + int(one), waited + int(two)
    return ran / 1e6, waited / 1e6
