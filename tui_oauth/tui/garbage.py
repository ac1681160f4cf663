"""When Python looks for garbage: while nobody presses keys.

A look through all that is alive takes 10 to 60 ms, and comes of itself after so and so many objects
made: in the middle of a key press as a rule, since a key press makes them. Here it waits for a
second without one.
"""

from __future__ import annotations

import gc

_NEVER_BY_ITSELF = 10_000
"""Where no second without a key ever came, after some 70 million objects, it comes all the same."""
_WORTHWHILE = 10
"""So many smaller looks in between; also what Python waits for by default."""


class Garbage:
    """Begins with `begin`, and is told of keys and of seconds."""

    def __init__(self) -> None:
        self._begun = self._pressed = False

    def begin(self) -> None:
        """Look for garbage from now on, which the start of the window was spared (`cli.manage`).

        What was loaded to start stays to the end, so it is not looked through again.
        """
        gc.freeze()
        often, seldom, _ = gc.get_threshold()
        gc.set_threshold(often, seldom, _NEVER_BY_ITSELF)
        gc.enable()
        self._begun = True

    def pressed(self) -> None:
        """A key or the mouse was used: not now."""
        self._pressed = True

    def tick(self) -> None:
        """A second has passed."""
        if self._begun and not self._pressed and gc.get_count()[2] >= _WORTHWHILE:
            gc.collect()
        self._pressed = False
