"""What "authorize" means for an entry: a window with its link, or, without a person, its token at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui_oauth.model import Entry, Grant
from tui_oauth.tui.base import AppScreen, in_thread

if TYPE_CHECKING:
    from tui_oauth.tui.app import ManageOAuth


def authorize(home: ManageOAuth, entry: Entry) -> None:
    """The Authorization link of `entry`; a new token as a job where nobody has to be asked."""
    screen = home.screen
    if entry.grant != Grant.CLIENT or not isinstance(screen, AppScreen):
        home.open_authorize(entry.id)
        return

    async def fetch() -> Entry:
        from tui_oauth.tokens import refresh_entry  # not before the first paint

        return await in_thread(partial(refresh_entry, home.workspace, entry))

    def done(after: Entry) -> None:
        home.refresh_entries()
        home.open_success(after.id)

    screen.job(f"Getting a token from {entry.service_name}… esc cancels", fetch, done)
