"""Create OAuth Entry from a URL: looked up, shown, and only then made an entry of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from tui_oauth import entries as entry_actions
from tui_oauth.errors import AlreadyExists, ProviderRefused, TuiOauthError, UsageProblem
from tui_oauth.model import Entry, Grant, normalised_name, valid_name
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.found_rows import ASKING, asked_lines, found_lines, refused_lines
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.rows import suggested_name
from tui_oauth.tui.widgets.clean_input import CleanInput, Notice
from tui_oauth.tui.widgets.field_error import FieldError
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.lines_panel import LinesPanel
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from tui_oauth.discover import Asked, Found

_HELP = {
    "url": "enter looks it up. esc leads back to the services.",
    "found": "The arrows scroll. ^s makes the entry.",
    "scopes": "What to ask for, divided by blanks. Ask for no more than you need.",
    "name": "A name of your own; programs ask for the entry by it.",
}


class FromUrlScreen(AppScreen[Entry]):
    """Dismissed with the new entry, or with None. `typed` is looked up at once."""

    KEY_GROUP = "from-url"
    BINDINGS = bindings("from-url")

    def __init__(self, typed: str = "") -> None:
        super().__init__()
        self._typed = typed
        self._found: Found | None = None
        self._asked: dict[str, Asked] = {}
        self._registering = True
        self._alone = False
        """Whether the entry is to get its tokens without a person."""
        self._looking = False
        self._saving = False
        self._made: Entry | None = None
        """The entry, once it is there: cancelling its registration leaves it."""

    def compose(self) -> ComposeResult:
        yield TitleBar("Create OAuth Entry", "from a URL")
        with Vertical(id="from-url", classes="form"):
            url = CleanInput(self._typed, placeholder="https://", id="url", classes="field")
            url.border_title = "URL"
            url.border_subtitle = "enter looks it up"
            yield url
            yield LinesPanel(id="found")
            scopes = CleanInput(id="scopes", classes="field")
            scopes.border_title = "Scopes"
            scopes.border_subtitle = "optional"
            yield scopes
            name = CleanInput(id="name", classes="field")
            name.border_title = "Name"
            yield name
            yield FieldError(id="name-error")
        yield QuietLine(_HELP["url"])
        yield KeyBar("from-url")

    def on_mount(self) -> None:
        self._rest()
        self.query_one("#url").focus()
        if self._typed:
            self.action_look_up()

    # ---- looking up

    @on(Input.Submitted, "#url")
    def action_look_up(self) -> None:
        """Ask the address for what it publishes."""
        typed = self.query_one("#url", CleanInput).value.strip()
        if not typed:
            self.complain("Type an address first, for instance https://mcp.example.com/mcp.")
            return
        from tui_oauth.discover import look_up

        self._rest()
        self._looking = True
        self.query_one(LinesPanel).show("Looking", ())
        workspace = self.home.workspace

        async def search() -> tuple[Found, set[str]]:
            found = await look_up(workspace, typed, self._tell)
            taken = await in_thread(lambda: [entry.name for entry in workspace.vault.entries()])
            return found, {normalised_name(name) for name in taken}

        shown = neutralise(typed, 60)
        self.job(f"Looking up {shown}… esc cancels", search, self._show, self._refused)

    def _tell(self, asked: Asked) -> None:
        self._asked[asked.url] = asked
        self.query_one(LinesPanel).show("Looking", asked_lines(list(self._asked.values())))

    def _show(self, result: tuple[Found, set[str]]) -> None:
        found, taken = result
        self._looking = False
        self._found = found
        self._draw_found()
        scopes, name = self.query_one("#scopes", CleanInput), self.query_one("#name", CleanInput)
        scopes.value = " ".join(found.service.default_scopes)
        name.value = suggested_name(found.service.name, taken)
        name.cursor_position = len(name.value)
        for field in (scopes, name):
            field.display = True
        name.focus()
        self.refresh_bindings()
        self.query_one(KeyBar).refresh()

    def _draw_found(self) -> None:
        if self._found is not None:
            lines = found_lines(self._found, self._registering, self._alone, self._callback_url)
            self.query_one(LinesPanel).show("Found", lines)

    @property
    def _callback_url(self) -> str:
        workspace = self.home.workspace
        if self._found is None:
            return entry_actions.callback_url(workspace)
        from tui_oauth.discovered import callback_url_of

        service = self._found.service
        if entry_actions.grant_for(service, without_person=self._alone) == Grant.CLIENT:
            return ""
        return callback_url_of(workspace, self._found)

    def _refused(self, error: TuiOauthError) -> None:
        self._looking = False
        self.query_one(LinesPanel).show("Refused", refused_lines(error), refused=True)
        named = getattr(error, "named", "") if isinstance(error, ProviderRefused) else ""
        field = self.query_one("#url", CleanInput)
        field.focus()
        if _may_mean(field.value, named):
            field.value = named
            field.cursor_position = len(named)
            self.say("The field now holds the address that it gives itself: enter looks that up.")

    def _rest(self) -> None:
        """Nothing is found yet, or no longer."""
        self._found, self._asked = None, {}
        self._registering, self._alone = True, False
        self.query_one(LinesPanel).show("For instance", ASKING)
        for field in ("#scopes", "#name"):
            self.query_one(field).display = False
        self.query_one("#name-error", FieldError).show("")
        self.refresh_bindings()
        self.query_one(KeyBar).refresh()

    @on(Input.Changed)
    def _edited(self, event: Input.Changed) -> None:
        if event.input.id == "name":
            self.query_one("#name-error", FieldError).show("")
        elif event.input.id == "url" and self._found is not None:
            self._rest()

    @on(events.DescendantFocus)
    def _explain(self, event: events.DescendantFocus) -> None:
        self.query_one(QuietLine).rest(_HELP.get(event.widget.id or "", ""))

    @on(Notice)
    def _notice(self, event: Notice) -> None:
        self.say(event.text)

    # ---- making the entry

    @on(Input.Submitted, "#scopes")
    def _next(self) -> None:
        self.query_one("#name").focus()

    @on(Input.Submitted, "#name")
    def _entered(self) -> None:
        self.action_save()

    def action_register(self) -> None:
        """Whether OK registers a client there."""
        if self._found is not None and self._found.registers and not self._saving:
            self._registering = not self._registering
            self._draw_found()

    def action_who(self) -> None:
        """Whether a person authorizes the entry, or nobody."""
        if self.check_action("who", ()) and not self._saving:
            self._alone = not self._alone
            self._draw_found()
            self.query_one(KeyBar).refresh()

    def action_save(self) -> None:
        """OK: the entry, and its client where the server registers it."""
        found = self._found
        if found is None:
            if not self._looking:
                self.action_look_up()
            return
        try:
            name = valid_name(self.query_one("#name", CleanInput).value)
        except UsageProblem as error:
            self._refuse_name(error)
            return
        if self._saving:
            return
        self._saving = True
        words = tuple(self.query_one("#scopes", CleanInput).value.split())
        scopes = None if words == found.service.default_scopes else words
        registering = found.registers and self._registering
        workspace, alone = self.home.workspace, self._alone

        async def create() -> Entry:
            from tui_oauth.discovered import create_discovered
            from tui_oauth.registering import register

            made = await in_thread(
                create_discovered, workspace, name, found, scopes, without_person=alone
            )
            self._made = made
            if not registering:
                return made
            try:
                return await register(workspace, made)
            except TuiOauthError:
                return await in_thread(workspace.vault.get, made.id)  # with the reason in it

        host = neutralise(found.service.name, 40)
        busy = f"Registering a client at {host}… esc cancels" if registering else "Creating…"
        self.job(busy, create, self.dismiss, self._failed)

    def _failed(self, error: TuiOauthError) -> None:
        self._saving = False
        if isinstance(error, AlreadyExists):
            self._refuse_name(error)
        else:
            self.complain(sentence(error))

    def _refuse_name(self, error: TuiOauthError) -> None:
        self.query_one("#name-error", FieldError).show(sentence(error))
        self.query_one("#name").focus()

    # ---- the rest

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "register":
            return self._found is not None and self._found.registers
        if action == "who":
            return self._found is not None and entry_actions.is_choice(self._found.service)
        if action == "copy_callback":
            return bool(self._callback_url)
        if action == "look_up":
            return self._found is None
        return action != "save" or self._found is not None

    def action_copy_callback(self) -> None:
        """Copy the Callback URL that would be registered."""
        self.home.copy(self._callback_url, "Callback URL")

    def action_scroll(self, by: int) -> None:
        """Scroll what was found without leaving the field."""
        panel = self.query_one(LinesPanel)
        panel.scroll_relative(y=by * max(1, panel.size.height - 1), animate=False)

    def action_back(self) -> None:
        """Stop what runs, else back to the services."""
        if self.stop_job():
            self._looking = self._saving = False
            if self._made is not None:
                self.dismiss(self._made)
                return
            self._rest()
            self.query_one("#url").focus()
            self.say("Cancelled. Nothing was stored.")
        else:
            self.dismiss(None)


def _may_mean(typed: str, named: str) -> bool:
    """Whether `named` is what the person may have meant: on the host that they typed themselves."""
    from tui_oauth.discover import completed
    from tui_oauth.oauth.discovery import same_origin

    try:
        return bool(named) and named.isprintable() and same_origin(completed(typed), named)
    except ValueError:
        return False
