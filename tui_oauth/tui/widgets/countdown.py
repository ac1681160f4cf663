"""The time that is left, the only thing on a screen that moves by itself."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static


def clock_words(seconds: int) -> str:
    """`seconds` as a person reads a clock: `9:41`, `0:07`, `1:02:00`."""
    left = max(0, seconds)
    hours, rest = divmod(left, 3600)
    minutes, last = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{last:02}" if hours else f"{minutes}:{last:02}"


class Countdown(Static):
    """`words` with the time until `ends_at` (Unix seconds) put in place of `{}`, once a second.

    `now` gives Unix seconds. Without `ends_at` nothing is shown.
    """

    def __init__(self, words: str, now: Callable[[], int], id: str | None = None) -> None:  # noqa: A002
        super().__init__(markup=False, id=id)
        self._words = words
        self._now = now
        self._ends_at: int | None = None
        self._timer: Timer | None = None
        self._length = -1

    def on_mount(self) -> None:
        self._timer = self.set_interval(1.0, self._count, pause=self._ends_at is None)

    def count_to(self, ends_at: int | None, words: str = "") -> None:
        """Count to `ends_at`, or show nothing from now on; with other `words` where some are given."""
        self._ends_at = ends_at
        self._words = words or self._words
        if self._timer is not None:
            if ends_at is None:
                self._timer.pause()
            else:
                self._timer.resume()
        self._tick()

    def _count(self) -> None:
        # What changes below another screen has the whole upper one sent again, 6 to 12 kB a second.
        if self.app.screen is self.screen:
            self._tick()

    def _tick(self) -> None:
        words = ""
        if self._ends_at is not None:
            left = clock_words(int(self._ends_at - self._now()))
            words = self._words.replace("{}", left)
        # Another layout would have the whole screen sent again: 8 kB a second for one digit.
        self.update(Content(words), layout=len(words) != self._length)
        self._length = len(words)
