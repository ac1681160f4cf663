"""Manage OAuth: the Callback URL, the entries, and everything that can be done with them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from tui_oauth import entries as entry_actions
from tui_oauth.errors import NotFound, TuiOauthError, UsageProblem, VaultLocked
from tui_oauth.model import Entry, Grant
from tui_oauth.text import neutralise
from tui_oauth.tui.base import in_thread, sentence
from tui_oauth.tui.ending_actions import EndingActions
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.rows import SORTS, Row, arranged, row_of
from tui_oauth.tui.widgets.callback_field import CallbackField
from tui_oauth.tui.widgets.clean_input import CleanInput
from tui_oauth.tui.widgets.details import Details, Line, lines_of
from tui_oauth.tui.widgets.empty_state import EmptyState
from tui_oauth.tui.widgets.entry_table import EntryTable
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.widgets.toolbar import Toolbar
from tui_oauth.tui.words import protection_words, redirect_words

_OF_AN_ENTRY = {
    "configure",
    "authorize",
    "guide",
    "callbacks",
    "copy_token",
    "refresh_entry",
    "check",
    "extract",
    "revoke",
    "rename",
    "delete",
    "details",
    "marks",
}
# How often the words that depend on the time ("in 4 min") are made anew, in seconds.
_WORDS_EVERY = 15
# How long after the list was first read the kernel is asked for how long the vault is unlocked: when
# the list is painted. What it takes to ask (ctypes) would else be loaded while that is done.
_LOOK_AFTER_SECONDS = 0.4
# How long the first paint may wait for the entries.
_EARLY_SECONDS = 0.15
_TOOLS = (
    "new",
    "copy-token",
    "refresh",
    "check",
    "revoke",
    "rename",
    "delete",
    "search",
    "details",
    "audit",
    "extract",
    "marks",
    "elsewhere",
)


if TYPE_CHECKING:
    from tui_oauth.vault.repository import Listing


class SearchInput(CleanInput):
    """What is typed narrows the list at once; enter and the arrows go into it."""

    BINDINGS = [Binding("up,down", "screen.into_list", show=False)]  # noqa: RUF012 - Textual's declaration


class ManageScreen(EndingActions):
    """The first screen, below all others."""

    KEY_GROUP = "manage"
    AUTO_FOCUS = ""
    BINDINGS = bindings("manage")

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}
        self._sort = "name"
        self._query = ""
        self._ticks = 0
        self._listing: Listing | None = None
        """What the list was read from; None until the vault is open."""
        self._unlocked_until: int | None = None
        self._select: str | None = None
        """The entry that the cursor goes to when the list has been read."""
        self._unread = False
        """Whether the last reading failed, and the quiet line says why."""

    def compose(self) -> ComposeResult:
        yield TitleBar("Manage OAuth", on_click="screen.vault", levelled=False)
        yield CallbackField("c")
        yield Toolbar("manage", _TOOLS)
        with Horizontal(id="main"):
            with Vertical(id="list", classes="field"):
                yield SearchInput(id="search", placeholder="Type to search; esc shows all")
                yield EntryTable(id="entries")
                yield EmptyState(id="empty")
            yield Details(id="details")
        yield QuietLine()
        yield KeyBar("manage")

    async def on_mount(self) -> None:
        self.query_one("#list").border_title = "Entries"
        if self.home.early is not None:
            # Nearly always the entries are there in time for the first paint, which saves another.
            waiting = asyncio.wrap_future(self.home.early)
            waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.wait([waiting], timeout=_EARLY_SECONDS)
        self.open_vault()

    # ---- reading the vault

    def open_vault(self) -> None:
        """Open the vault, after asking for what that takes; then show the list."""
        if not self.home.workspace.vault_exists:
            self.home.open_first_run(self._begun)
            return
        early = self.home.early
        if early is not None and early.done() and early.exception() is None:
            self.home.early = None
            self._loaded(early.result())
            return
        self.query_one(EmptyState).update("")
        self._layout()
        self.job("Opening the vault…", self._read, self._loaded, self._not_opened, group="load")

    def reload(self, select: str | None = None) -> None:
        """Read the entries again; the cursor stays, or goes to the entry `select`."""
        # Coming back to the list reads it as well, and of two readings the later one counts.
        self._select = select or self._select
        self.job("", self._read, self._loaded, self._not_read, group="load")

    async def _read(self) -> Listing:
        early, self.home.early = self.home.early, None
        if early is not None:
            return await asyncio.wrap_future(early)
        workspace = self.home.workspace
        return await in_thread(lambda: workspace.vault.listing())

    def _begun(self, made: bool | None) -> None:
        if made:
            self.open_vault()

    def _not_read(self, error: TuiOauthError) -> None:
        self._unread = True
        self.complain(sentence(error))

    def _loaded(self, read: Listing) -> None:
        if self.query_one_optional(EntryTable) is None:
            return  # the program ends and has taken the table away already
        if self._unread:
            self._unread = False
            self.complain("")
        if self._listing is None:
            self.set_timer(_LOOK_AFTER_SECONDS, self._look_until)
        else:
            self._look_until()
        self._listing = read
        self._entries = {entry.id: entry for entry in read.entries}
        self._show_title()
        select, self._select = self._select, None
        self._arrange(select)
        if self.current() is None:
            self._show_current()
        else:
            self._follow()

    def _look_until(self) -> None:
        """Until when the vault is unlocked; from the header of the list, without reading it anew."""
        if self._listing is not None:
            from tui_oauth.vault_care import unlock_state

            header = self._listing.header
            self.job(
                "",
                lambda: in_thread(lambda: unlock_state(header)[0]),
                self._show_until,
                group="until",
            )

    def _show_until(self, until: int | None) -> None:
        self._unlocked_until = until
        self._show_title()

    def _show_title(self) -> None:
        if self._listing is None:
            return
        workspace = self.home.workspace
        count = len(self._entries)
        words = protection_words(self._listing.protection, self._unlocked_until, workspace.now())
        doubted = bool(workspace.vault_notice)
        self.home.show_level(f"▲ older vault · {words}" if doubted else words)
        held = f"{count} {'entry' if count == 1 else 'entries'}"
        parts = [held, "▲ older vault (v)", words] if doubted else [held, words]
        self.query_one(TitleBar).detail = " · ".join(parts)

    def _not_opened(self, error: TuiOauthError) -> None:
        if not isinstance(error, VaultLocked):
            self.home.open_unopened(error, self._begun)
            return
        from tui_oauth.vault_care import typed_kinds

        kinds = typed_kinds(self.home.workspace)
        if kinds:
            self.home.open_unlock(kinds, self._begun)
            return
        self.query_one(EmptyState).explain("The vault is locked", error.message, error.advice)
        self._layout()
        self._show_callback()

    def action_reopen(self) -> None:
        self.open_vault()

    def action_refresh_entry(self) -> None:
        """The access token of the entry; or the vault, while it could not be opened."""
        if self._listing is not None:
            super().action_refresh_entry()
        else:
            self.action_reopen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self._listing is None:
            return action not in {"new", "search", "sort", "vault", "audit", *_OF_AN_ENTRY} - {
                "refresh_entry"
            }
        if action in _OF_AN_ENTRY:
            return self.current() is not None
        return action not in {"search", "sort", "audit"} or bool(self._entries)

    # ---- each second

    def tick(self) -> None:
        """Countdowns, words that depend on the time, and changes by other processes."""
        if self._listing is None or self.query_one_optional(EntryTable) is None:
            return  # not there yet, or the program ends and has taken the table away already
        self._ticks += 1
        # Not `is_current`: that is true for the screen below another one too, and what changes there
        # has the whole upper one sent again, 8 kB a second.
        on_top = self.app.screen is self
        if self._unread or self.home.workspace.vault.changed_on_disk(self._listing):
            self.reload()
        elif self._ticks % _WORDS_EVERY == 0 and not on_top:
            self._show_title()  # the screen above shows the level of protection as well
        elif on_top and (self._waiting() or self._ticks % _WORDS_EVERY == 0):
            self._count_on()
            self._show_details()
            if self._ticks % _WORDS_EVERY == 0:
                self._look_until()

    def on_screen_resume(self) -> None:
        if self._listing is not None:
            self.reload()

    def _waiting(self) -> dict[str, int]:
        """Entry id to the time at which its waiting sign-in ends."""
        signins = self.home.signins_or_none
        if signins is None:
            return {}
        return {signin.entry.id: signin.expires_at for signin in signins.waiting}

    # ---- showing

    def _rows(self) -> list[Row]:
        """What the list shows now."""
        now = self.home.workspace.now()
        waiting = self._waiting()
        chosen = arranged(self._entries.values(), self._sort, self._query, now)
        return [row_of(entry, now, waiting.get(entry.id)) for entry in chosen]

    def _count_on(self) -> None:
        """The words that depend on the time; the lines of keys stay, which would be sent as well."""
        rows, table = self._rows(), self.query_one(EntryTable)
        if [row.id for row in rows] == [row.id for row in table.rows]:
            table.show(rows, self._sort)
        else:
            self._arrange()

    def _arrange(self, select: str | None = None) -> None:
        rows = self._rows()
        table = self.query_one(EntryTable)
        if select is not None and self._query and select not in {row.id for row in rows}:
            self._set_query("")
            self._arrange(select)
            return
        if rows != list(table.rows) or select is not None:
            table.show(rows, self._sort, select)
        empty = self.query_one(EmptyState)
        if not self._entries:
            empty.welcome()
        elif not rows:
            empty.nothing_found(neutralise(self._query))
        self._layout()

    def _layout(self) -> None:
        """Either the table or what stands in its place."""
        table, empty = self.query_one(EntryTable), self.query_one(EmptyState)
        table.display = bool(table.rows)
        empty.display = not table.rows
        if table.display and self.focused is None:
            table.focus()
        self._show_keys()

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _show_keys(self) -> None:
        """The keys that work now: while searching, letters are text."""
        bar = self.query_one(KeyBar)
        bar.group = "search" if isinstance(self.focused, SearchInput) else "manage"
        bar.refresh()
        self.query_one(Toolbar).refresh()

    def current(self) -> Entry | None:
        """The entry under the cursor."""
        return self._entries.get(self.query_one(EntryTable).highlighted or "")

    @on(EntryTable.Highlighted)
    def _follow(self) -> None:
        # The row is painted first: a service's file may have to be read for the rest.
        self.call_after_refresh(self._show_current)

    def _show_current(self) -> None:
        self._show_callback()
        self._show_details()

    def _show_callback(self) -> None:
        entry = self.current()
        workspace = self.home.workspace
        field = self.query_one(CallbackField)
        if entry is None:
            field.show(entry_actions.callback_url(workspace))
            return
        if entry.grant == Grant.CLIENT:
            field.show_none(neutralise(entry.service_name, 40))
            return
        try:
            rules = entry_actions.declared_service(workspace, entry).redirect_uri_rules
            rule = redirect_words(rules)
        except (NotFound, UsageProblem):
            rule = ""
        url = entry_actions.callback_url_or_empty(workspace, entry)
        field.show(url, neutralise(entry.service_name, 40), rule)

    def _show_details(self) -> None:
        pane = self.query_one(Details)
        entry = self.current()
        if entry is None:
            pane.clear()
        elif pane.display:
            pane.show(entry.name, self.lines(entry))

    def lines(self, entry: Entry) -> list[Line]:
        workspace = self.home.workspace
        url = entry_actions.callback_url_or_empty(workspace, entry)
        waits_until = self._waiting().get(entry.id)
        found = entry_actions.discovered_facts(workspace, entry)
        scopes = entry_actions.scope_facts(workspace, entry)
        return lines_of(entry, workspace.now(), url, waits_until, found, scopes)

    # ---- search and order

    def action_search(self) -> None:
        if not self._entries:
            return
        search = self.query_one(SearchInput)
        search.display = True
        search.focus()

    def action_into_list(self) -> None:
        self.query_one(EntryTable).focus()

    @on(Input.Changed, "#search")
    def _narrow(self, event: Input.Changed) -> None:
        if event.value != self._query:
            self._query = event.value
            self._arrange()
            self._show_current()

    @on(Input.Submitted, "#search")
    def _found(self) -> None:
        if self.query_one(EntryTable).rows:
            self.action_into_list()
        if not self._query:
            self._set_query("")

    def _set_query(self, text: str) -> None:
        search = self.query_one(SearchInput)
        self._query = text
        search.value = text
        search.display = bool(text)
        self._arrange()
        self.query_one(EntryTable).focus()

    def action_elsewhere(self) -> None:
        self.home.open_visit()

    def action_sort(self) -> None:
        names = list(SORTS)
        self._sort_by(names[(names.index(self._sort) + 1) % len(names)])

    @on(EntryTable.SortAsked)
    def _sort_asked(self, event: EntryTable.SortAsked) -> None:
        if event.column in SORTS:
            self._sort_by(event.column)

    def _sort_by(self, sort: str) -> None:
        self._sort = sort
        self._arrange(self.query_one(EntryTable).highlighted)
        self.say(f"Sorted by {SORTS[sort]}")

    def action_stop(self) -> None:
        if self.stop_job():
            self.say("Cancelled. A request that was already sent may still finish.")
        elif self.query_one(SearchInput).display:
            self._set_query("")
        else:
            self.complain("")
