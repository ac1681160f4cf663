"""The steps at the provider that lead to a client ID and a client secret."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.style import Style
from textual.widgets import Button, Static

from tui_oauth import browser, entries
from tui_oauth.errors import NotFound, TuiOauthError
from tui_oauth.services.guide import links_in
from tui_oauth.text import neutralise
from tui_oauth.tui.authorizing import authorize
from tui_oauth.tui.base import AppScreen, in_thread
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.callback_field import CallbackField
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.link_line import LinkLine, linked
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.services.format import Service
    from tui_oauth.services.guide import GuideView

_MAX_STEP = 1_000
_LABEL = 8


class GuideScreen(AppScreen[None]):
    """The guide of a service; with an entry, its own Callback URL and the way to its form."""

    KEY_GROUP: ClassVar[str] = "guide"
    BINDINGS = bindings("guide")

    def __init__(self, service_id: str, entry_id: str | None = None) -> None:
        super().__init__()
        self.service_id = service_id
        self.entry_id = entry_id
        self._view: GuideView | None = None
        self._service_name = ""
        self._registers = False
        """Whether the entry's server would register a client by itself, and has not yet."""
        self._links: tuple[str, ...] = ()
        """Every address of the guide that can be opened, each once."""
        self._failure: TuiOauthError | None = None

    def compose(self) -> ComposeResult:
        try:
            service, view = self._load()
        except TuiOauthError as error:
            self._failure = error
            yield TitleBar("Guide")
            return
        self._view, self._service_name = view, service.name
        self._links = _links(view)
        yield TitleBar("Guide", service.name)
        with VerticalScroll(id="guide-body"):
            yield CallbackField("c")
            if view.portal_url:
                yield LinkLine(_labelled("p", "Portal"), view.portal_url, id="guide-portal")
            for number, (label, value) in enumerate(view.values, 1):
                yield _value(number, label, value)
            if view.note:
                yield Static(Content(neutralise(view.note, _MAX_STEP)), id="guide-note")
            with Vertical(id="guide-steps"):
                for number, step in enumerate(view.steps, 1):
                    yield self._item(f"{number:>2}.", step)
            if view.gotchas:
                yield Static("Good to know", classes="guide-heading")
                for gotcha in view.gotchas:
                    yield self._item("  –", gotcha)
            yield Static("What to bring back", classes="guide-heading")
            facts = Facts()
            labels = service.credential_labels
            facts.show(
                (
                    ("Client ID", f"called “{labels.client_id}” there"),
                    ("Client secret", f"called “{labels.client_secret}” there"),
                )
            )
            yield facts
            more = [url for url in self._links if url != view.portal_url]
            if more:
                yield Static("Links", classes="guide-heading")
                for url in more:
                    yield LinkLine(Content("    "), url)
            if view.not_verified:
                yield Static("Not verified", classes="guide-heading")
                yield self._item("  –", "; ".join(view.not_verified))
            with Horizontal(classes="buttons"):
                if self._registers:
                    yield Button("Register a client", id="register")
                if self.entry_id is not None:
                    yield Button("Configure OAuth", id="configure")
                if view.portal_url:
                    yield Button("Copy portal link", id="copy-portal")
                    if browser.can_open(self.home.workspace.environ):
                        yield Button("Open portal", id="open-portal")
                yield Button("Back", id="back")
        yield QuietLine()
        yield KeyBar("guide")

    def _load(self) -> tuple[Service, GuideView]:
        from tui_oauth.guides import entry_guide
        from tui_oauth.services.guide import guide

        workspace = self.home.workspace
        entry = None
        if self.entry_id is not None:
            with suppress(NotFound):  # deleted meanwhile
                entry = workspace.vault.get(self.entry_id)
        if entry is None:
            service = workspace.catalogue.get(self.service_id)
            return service, guide(service, entries.callback_url(workspace, None, service))
        service = entries.declared_service(workspace, entry)
        offered = bool(entry.pinned and service.extensions.registration_url)
        self._registers = offered and not entry.configured
        return service, entry_guide(workspace, entry)

    def on_mount(self) -> None:
        if self._failure is not None:
            self.app.pop_screen()
            self.home.show_problem(self._failure, "There is no guide")
            return
        field = self.query_one(CallbackField)
        if self._view is not None and self._view.callback_url:
            field.show(self._view.callback_url, self._service_name)
        else:
            field.show_none(self._service_name)
        self.query_one("#guide-body").focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "configure":
            return self.entry_id is not None
        if action == "register":
            return self._registers
        if action in {"copy_portal", "open_portal"}:
            return self._view is None or bool(self._view.portal_url)
        return True

    @on(Button.Pressed, "#back")
    def action_back(self) -> None:
        """Back to where one came from."""
        self.app.pop_screen()

    @on(CallbackField.CopyAsked)
    def action_copy_callback(self) -> None:
        """Copy the Callback URL."""
        if self._view is not None and self._view.callback_url:
            self.home.copy(self._view.callback_url, "Callback URL")

    @on(Button.Pressed, "#copy-portal")
    def action_copy_portal(self) -> None:
        """Copy the link to the provider's portal."""
        if self._view is not None:
            self.home.copy(self._view.portal_url, "Portal link")

    @on(Button.Pressed, "#open-portal")
    def action_open_portal(self) -> None:
        """Open the provider's portal in this machine's browser."""
        if self._view is None:
            return
        self._open(self._view.portal_url)

    def on_key(self, event: events.Key) -> None:
        """A digit copies the value that has it."""
        if event.character is not None and event.character in "123456789":
            event.stop()
            self.action_copy_value(int(event.character))

    def action_copy_value(self, number: int) -> None:
        """Copy the value of this number: the app's name, the scopes, a variable."""
        if self._view is not None and number <= len(self._view.values):
            label, value = self._view.values[number - 1]
            self.home.copy(value, neutralise(label, 60))

    @on(LinkLine.Opened)
    def _link_opened(self, event: LinkLine.Opened) -> None:
        event.stop()
        self._open(event.url)

    def action_open_link(self, place: int) -> None:
        """Open an address of the text."""
        self._open(self._links[place])

    def _open(self, url: str) -> None:
        """Open `url` here, or copy it where no browser is."""
        environ = self.home.workspace.environ
        if browser.can_open(environ):
            self.job("Opening the browser", lambda: in_thread(browser.open_link, url, environ))
        else:
            self.home.copy(url, "Link")

    def _item(self, mark: str, text: str) -> Horizontal:
        words = linked(neutralise(text, _MAX_STEP), self._click)
        return Horizontal(
            Static(Content(mark), markup=False, classes="guide-mark"),
            Static(words, markup=False, classes="guide-text"),
            classes="guide-item",
        )

    def _click(self, url: str) -> str:
        """What a click on `url` does: a number stands for it, never the text itself."""
        return f"screen.open_link({self._links.index(url)})" if url in self._links else ""

    @on(Button.Pressed, "#register")
    def action_register(self) -> None:
        """Register a client for the entry, then the Authorization link."""
        workspace, entry_id = self.home.workspace, self.entry_id
        if entry_id is None or not self._registers:
            return

        async def register() -> Entry:
            from tui_oauth.registering import register

            return await register(workspace, await in_thread(workspace.vault.get, entry_id))

        words = f"Registering a client at {neutralise(self._service_name, 40)}… esc cancels"
        self.job(words, register, self._registered)

    def _registered(self, entry: Entry) -> None:
        home = self.home
        home.refresh_entries()
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 else None
        self.app.pop_screen()
        if getattr(below, "KEY_GROUP", "") == "configure":
            self.app.pop_screen()  # its form asks for what is there by now
        home.call_later(authorize, home, entry)

    @on(Button.Pressed, "#configure")
    def action_configure(self) -> None:
        """Configure OAuth of the entry, or back to it when that is where one came from."""
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 else None
        self.app.pop_screen()
        if self.entry_id is not None and getattr(below, "KEY_GROUP", "") != "configure":
            self.home.open_configure(self.entry_id)


def _links(view: GuideView) -> tuple[str, ...]:
    """The addresses of `view` in the order in which they stand, the Callback URL left out."""
    found = [view.portal_url]
    for text in (*view.steps, *view.gotchas):
        shown = neutralise(text, _MAX_STEP)
        found += [shown[begin:end] for begin, end in links_in(shown)]
    found.append(view.docs_url)
    return tuple(url for url in dict.fromkeys(found) if url and url != view.callback_url)


def _labelled(key: str, label: str) -> Content:
    """The key that copies what follows, and what that is called."""
    name = neutralise(label, 60)
    return Content.assemble((f" {key}  ", "bold"), (f"{name:<{_LABEL}}  ", "$quiet"))


def _value(number: int, label: str, value: str) -> Static:
    """A line that a digit or a click copies."""
    line = Content.assemble(_labelled(str(number), label), Content(neutralise(value, _MAX_STEP)))
    click = Style.from_meta({"@click": f"screen.copy_value({number})"})
    return Static(line.stylize(click), markup=False, classes="guide-value")
