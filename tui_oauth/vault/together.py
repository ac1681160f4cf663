"""Changes of entries that several threads want at the same time, written in one durable commit.

A commit writes the whole file and waits for the disk: of 200 entries that are refreshed side by side
each would do so for itself, and the others would queue for the lock meanwhile. Here the first does it
for all that have come when it has the lock; who comes later is in the next. Nobody waits for others
to come, so a change that is alone is written as if there were no queue, and nobody is told that his
change is done before it is on disk.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui_oauth.errors import StorageFailed, TuiOauthError

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.vault.repository import Edit, Held


class Wanted:
    """One change that somebody waits for, and what has become of it."""

    def __init__(self, entry_id: str, edit: Edit, expected_revision: int | None = None) -> None:
        self.entry_id = entry_id
        self.edit = edit
        self.expected_revision = expected_revision
        self.before: Held | None = None
        self.after: Held | None = None
        self._over = False
        self._error: BaseException | None = None

    @property
    def over(self) -> bool:
        """Whether it is known what has become of it."""
        return self._over

    def applied(self, before: Held, after: Held) -> None:
        """The change is part of what is about to be written; `after` is `before` where it is none."""
        self.before, self.after = before, after

    def refused(self, error: BaseException) -> None:
        """The change cannot be made; those beside it can."""
        self._error = error
        self._over = True

    def written(self) -> None:
        """What was applied is on disk."""
        self._over = True

    def outcome(self) -> Entry:
        """The entry as it is now; raises what kept it from being changed."""
        if self._error is not None or self.after is None:
            raise self._error or RuntimeError("this change is not over yet")
        return self.after[0]


class Together:
    """The queue.

    `commit` takes what waits once it has the lock, and makes it durable: each change by itself is
    applied or refused.
    """

    def __init__(self, commit: Callable[[Callable[[], Sequence[Wanted]]], None]) -> None:
        self._commit = commit
        self._waiting: deque[Wanted] = deque()
        self._leading = threading.Lock()

    def run(self, wanted: Wanted) -> Entry:
        """Make the change, by whoever's hand; the entry as it is then."""
        self._waiting.append(wanted)
        try:
            with self._leading:
                if not wanted.over:
                    self._lead()
        finally:
            if not wanted.over:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(wanted)  # interrupted while it waited: nobody wants it now
        return wanted.outcome()

    def _lead(self) -> None:
        batch: list[Wanted] = []

        def take() -> Sequence[Wanted]:
            # Whoever comes while they are counted is not among them.
            batch.extend([self._waiting.popleft() for _ in range(len(self._waiting))])
            return batch

        try:
            self._commit(take)
        except BaseException as error:
            for one in batch or take():
                if not one.over:
                    one.refused(_for_another(error))
            raise
        for one in batch:
            one.written()


def _for_another(error: BaseException) -> TuiOauthError:
    """The same failure for somebody else who waited for that write: each raises one of his own.

    Where the writing was broken off (an interrupt, a defect), it is not known what is on disk.
    """
    if isinstance(error, TuiOauthError):
        return type(error)(error.message, error.advice)
    return StorageFailed(
        "The vault was being written for several changes at once, and that was broken off.",
        "Look whether the change is there, and repeat it if it is not.",
    )
