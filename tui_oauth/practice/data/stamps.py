"""When the rows of one resource were made and changed: by number, without storing any of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

FIRST_DAY = 1_640_995_200  # 2022-01-01T00:00:00Z; no row is older
LATER = 1_735_689_600  # 2025-01-01T00:00:00Z; what `change` and `add` do happens from then on
SAME_SECOND = 3  # changes
MAX_ROWS = 10_000_000


class Stamps:
    """Rows 1 to `count`, spread evenly from FIRST_DAY to LATER.

    The higher the number, the later it was made and changed, until `change` or `add` is called:
    those rows come after all others, in the order of the calls, three in each second.
    """

    def __init__(self, rows: int) -> None:
        if not 0 <= rows <= MAX_ROWS:
            raise ValueError(f"a resource has 0 to {MAX_ROWS} rows")
        self._first = rows
        self._step = (LATER - FIRST_DAY) // (rows + 1)
        self._added: list[int] = []
        self._changed: dict[int, int] = {}
        self._ticks = 0
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        return self._first + len(self._added)

    @property
    def version(self) -> int:
        """Another one after each change."""
        return self._ticks

    def created(self, number: int) -> int:
        if number > self._first:
            return self._added[number - self._first - 1]
        return FIRST_DAY + number * self._step - self._step // 3

    def updated(self, number: int) -> int:
        return self._changed.get(number) or FIRST_DAY + number * self._step

    def change(self, rows: int) -> list[int]:
        """Stamps this many rows, spread over all, as changed now. Their numbers."""
        with self._lock:
            count = self.count
            rows = min(rows, count)
            numbers = [1 + place * count // rows for place in range(rows)]
            for number in numbers:
                # Taken out first, so that the order stays the order of the stamps.
                self._changed.pop(number, None)
                self._changed[number] = self._tick()
        return numbers

    def add(self, rows: int) -> list[int]:
        """Makes this many new rows. Their numbers."""
        with self._lock:
            first = self.count + 1
            if first + rows > MAX_ROWS:
                raise ValueError(f"a resource has 0 to {MAX_ROWS} rows")
            for number in range(first, first + rows):
                stamp = self._tick()
                self._changed[number] = stamp
                self._added.append(stamp)
        return list(range(first, first + rows))

    def by_change(self, since: int = 0) -> Iterator[int]:
        """The numbers of all rows changed at `since` or later, the longest unchanged first."""
        with self._lock:
            changed = dict(self._changed)
        first = max(1, -((FIRST_DAY - since) // self._step))
        for number in range(first, self._first + 1):
            if number not in changed:
                yield number
        for number, stamp in changed.items():
            if stamp >= since:
                yield number

    def _tick(self) -> int:
        self._ticks += 1
        return LATER + self._ticks // SAME_SECOND
