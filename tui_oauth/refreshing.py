"""Many entries refreshed at once: each by itself, a bounded number side by side.

One entry whose provider hangs or refuses takes nothing from the others: it holds one of the places
for its own deadline, and its error is told beside its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from tui_oauth.errors import TuiOauthError
from tui_oauth.model import renews
from tui_oauth.tokens import DEFAULT_DEADLINE, refresh_entry

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.workspace import Workspace

AT_ONCE = 32
"""How many requests are under way side by side: they wait for providers more than they compute."""


class Refreshed(NamedTuple):
    """How one entry fared: `entry` as it is now, or as it was when `error` says what failed."""

    entry: Entry
    error: TuiOauthError | None = None


def due_entries(workspace: Workspace) -> tuple[list[Entry], int]:
    """The entries that can be refreshed without a person, and how many cannot."""
    entries = workspace.vault.entries()
    due = [entry for entry in entries if entry.configured and renews(entry)]
    return due, len(entries) - len(due)


def refresh_many(
    workspace: Workspace,
    entries: Iterable[Entry],
    at_once: int = AT_ONCE,
    deadline: float = DEFAULT_DEADLINE,
) -> Iterator[Refreshed]:
    """Refresh each of `entries`; yields each as it is done, whatever became of it.

    When the caller stops early (an interrupt), what has not begun is left as it is, and what has
    is waited for: an answer of a provider that rotates its refresh tokens must be stored.
    """
    from concurrent.futures import ThreadPoolExecutor, as_completed

    from tui_oauth.net import load_ahead

    def one(entry: Entry) -> Refreshed:
        try:
            return Refreshed(refresh_entry(workspace, entry, deadline))
        except TuiOauthError as error:
            return Refreshed(entry, error)

    load_ahead()
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="tui-oauth-refresh")
    try:
        for future in as_completed([pool.submit(one, entry) for entry in entries]):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
