"""What the keys of Manage OAuth do with the entry under the cursor."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual import on

from tui_oauth import entries as entry_actions
from tui_oauth.errors import Fix, NeedsPerson, TuiOauthError
from tui_oauth.model import Entry, TokenSet
from tui_oauth.text import relative
from tui_oauth.tui.authorizing import authorize
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.choice import Remedy
from tui_oauth.tui.widgets.callback_field import CallbackField
from tui_oauth.tui.widgets.details import Details, Line
from tui_oauth.tui.widgets.entry_table import EntryTable
from tui_oauth.tui.words import check_words, marked_words

if TYPE_CHECKING:
    from tui_oauth.accounts import Checked

_CANCEL = "esc cancels"
# What the line for messages holds, with room for words that wrap.
_LINES, _MARGIN = 3, 14
_PRESS = {
    Fix.CONFIGURE: "enter to configure it",
    Fix.CALLBACK_URL: "c to copy the Callback URL",
    Fix.AUTHORIZE: "a to authorize it",
    Fix.REFRESH: "r to refresh it",
}


class EntryActions(AppScreen[None]):
    """The actions; the screen itself says which entry is meant and shows what came of it."""

    @abstractmethod
    def current(self) -> Entry | None:
        """The entry under the cursor."""

    @abstractmethod
    def reload(self, select: str | None = None) -> None:
        """Read the entries again."""

    @abstractmethod
    def lines(self, entry: Entry) -> list[Line]:
        """The details of `entry`."""

    def _chosen(self) -> Entry | None:
        entry = self.current()
        if entry is None:
            self.say("There is no entry here yet. Press n to make one.")
        return entry

    def _failed(self, error: TuiOauthError) -> None:
        """As elsewhere, but what mends it is named by its key here, or is a button of a message."""
        self.reload()
        entry = self.current()
        fix = error.fix
        if isinstance(error, NeedsPerson) and entry is not None:
            fix = Fix.AUTHORIZE if entry.configured else Fix.CONFIGURE
            words = error.message
        else:
            words = sentence(error)
        if fix:
            words += f" Press {_PRESS[fix]}."
        if entry is None or len(words) <= _LINES * (self.size.width - _MARGIN):
            self.complain(words)
            return
        self.complain("")
        self.home.show_problem(error, f"{entry.name} · {entry.service_name}", self._remedy(fix))

    def _remedy(self, fix: Fix) -> Remedy | None:
        """What the key for `fix` does, as a button."""
        return {
            Fix.NONE: None,
            Fix.CONFIGURE: Remedy("Configure OAuth", self.action_configure),
            Fix.CALLBACK_URL: Remedy("Copy Callback URL", self.action_copy_callback),
            Fix.AUTHORIZE: Remedy("Authorize", self.action_authorize),
            Fix.REFRESH: Remedy("Refresh", self.action_refresh_entry),
        }[fix]

    # ---- windows

    def action_new(self) -> None:
        self.home.open_create(self._created)

    def _created(self, entry: Entry | None) -> None:
        if entry is None:
            return
        self.reload(entry.id)
        if entry.configured:  # its client has registered itself
            authorize(self.home, entry)
        elif entry.last_error:
            self.complain(
                f"{entry.name} created, without a client: {entry.last_error} Press g for the steps."
            )
        else:
            self.say(f"{entry.name} created. Next: enter to configure it, g for the steps.")

    @on(EntryTable.Opened)
    def _opened(self, event: EntryTable.Opened) -> None:
        self.home.open_configure(event.entry_id)

    def action_configure(self) -> None:
        entry = self._chosen()
        if entry is not None:
            self.home.open_configure(entry.id)

    def action_authorize(self) -> None:
        entry = self._chosen()
        if entry is None:
            return
        if not entry.configured:
            self.complain(f"{entry.name} has no client ID yet. Press enter to configure it first.")
            return
        authorize(self.home, entry)

    def action_guide(self) -> None:
        entry = self._chosen()
        if entry is not None:
            self.home.open_guide(entry.service, entry.id)

    def action_callbacks(self) -> None:
        entry = self._chosen()
        if entry is not None:
            self.home.open_callbacks(entry, self._callback_locked)

    def _callback_locked(self, entry: Entry | None) -> None:
        if entry is not None:
            self.reload(entry.id)
            self.say(
                f"Sent for {entry.name}: {entry_actions.callback_url(self.home.workspace, entry)}"
            )

    def action_vault(self) -> None:
        self.home.open_vault_window()

    def action_details(self) -> None:
        if self.has_class("-wide"):
            self.toggle_class("-no-details")
            self.query_one(Details).scroll_home(animate=False)
            self.call_after_refresh(self._show_details)
            return
        entry = self._chosen()
        if entry is not None:
            self.home.open_details(entry.name, self.lines(entry), self._after_details)

    def _after_details(self, wanted: str | None) -> None:
        entry = self.current()
        if wanted == "audit" and entry is not None:
            self.home.open_audit(entry.id)
        elif wanted == "marks":
            self.action_marks()

    def action_audit(self) -> None:
        self.home.open_audit()

    def action_marks(self) -> None:
        entry = self._chosen()
        if entry is not None:
            self.home.open_marks(entry, self._marked)

    def _marked(self, entry: Entry | None) -> None:
        if entry is not None:
            self.reload(entry.id)
            self.say(f"{entry.name}: {marked_words(entry)}")

    @abstractmethod
    def _show_details(self) -> None:
        """Fill the pane, if it is shown."""

    # ---- clipboard

    def action_copy_callback(self) -> None:
        url = self.query_one(CallbackField).url
        if url:
            self.home.copy(url, "Callback URL")
        else:
            self.say("There is no Callback URL to copy.")

    @on(CallbackField.CopyAsked)
    def _copy_asked(self) -> None:
        self.action_copy_callback()

    def action_copy_token(self) -> None:
        entry = self._chosen()
        if entry is None:
            return
        workspace = self.home.workspace

        async def get() -> TokenSet:
            from tui_oauth.handing import taken_by_hand

            return await in_thread(taken_by_hand, workspace, entry)

        def send(tokens: TokenSet) -> None:
            self.home.copy(
                tokens.access_token.reveal(), f"Access token of {entry.name}", secret=True
            )
            self.reload()

        self.job(f"Getting the access token of {entry.name}… {_CANCEL}", get, send, self._failed)

    # ---- network

    def action_refresh_entry(self) -> None:
        entry = self._chosen()
        if entry is None:
            return
        workspace = self.home.workspace

        async def refresh() -> Entry:
            from tui_oauth.tokens import refresh_entry

            return await in_thread(refresh_entry, workspace, entry)

        def told(after: Entry) -> None:
            self.reload()
            until = relative(after.expires_at, workspace.now())
            ends = "does not expire" if after.expires_at is None else f"ends {until}"
            self.say(f"{entry.name} refreshed; the access token {ends}.")

        words = f"Refreshing {entry.name} at {entry.service_name}… {_CANCEL}"
        self.job(words, refresh, told, self._failed)

    def action_check(self) -> None:
        entry = self._chosen()
        if entry is None:
            return
        workspace = self.home.workspace

        async def check() -> Checked:
            from tui_oauth.accounts import check_entry  # not before the first paint

            return await check_entry(workspace, entry)

        def told(checked: Checked) -> None:
            self.reload()
            if checked.problem is not None:
                self._failed(checked.problem)
            else:
                self.say(check_words(checked, workspace.now()))

        words = f"Asking {entry.service_name} whose token it is… {_CANCEL}"
        self.job(words, check, told, self._failed)

    def action_extract(self) -> None:
        entry = self._chosen()
        if entry is None:
            return
        if not entry.authorized:
            key = "a to authorize it" if entry.configured else "enter to configure it"
            self.complain(f"{entry.name} is not authorized yet. Press {key} first.")
            return
        workspace = self.home.workspace

        async def look() -> None:
            from tui_oauth.extract.running import source_of

            await in_thread(source_of, workspace, entry.name)

        self.job("", look, lambda _: self.home.open_extract(entry))

    # ---- changes

    def action_rename(self) -> None:
        entry = self._chosen()
        if entry is not None:
            self.home.open_rename(entry, self._renamed)

    def _renamed(self, entry: Entry | None) -> None:
        if entry is not None:
            self.reload(entry.id)
            self.say(f"Renamed to {entry.name}.")
