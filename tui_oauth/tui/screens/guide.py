"""The steps at the provider that lead to a client ID and a client secret."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.style import Style
from textual.widgets import Button, Static

from tui_oauth import browser, entries
from tui_oauth.errors import NotFound, TuiOauthError, UsageProblem
from tui_oauth.model import Grant
from tui_oauth.text import neutralise
from tui_oauth.tui.authorizing import authorize
from tui_oauth.tui.base import AppScreen, in_thread
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.callback_field import CallbackField
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.services.format import Service
    from tui_oauth.services.guide import GuideView

_MAX_STEP = 1_000


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
        self._failure: TuiOauthError | None = None

    def compose(self) -> ComposeResult:
        try:
            service, view = self._load()
        except TuiOauthError as error:
            self._failure = error
            yield TitleBar("Guide")
            return
        self._view, self._service_name = view, service.name
        yield TitleBar("Guide", service.name)
        with VerticalScroll(id="guide-body"):
            yield CallbackField("c")
            if view.portal_url:
                yield Static(
                    Content.assemble(
                        ("Portal  ", "$quiet"),
                        Content.styled(
                            view.portal_url, Style(link=view.portal_url, underline=True)
                        ),
                    ),
                    markup=False,
                    id="guide-portal",
                )
            with Vertical(id="guide-steps"):
                for number, step in enumerate(view.steps, 1):
                    yield _item(f"{number:>2}.", step)
            if view.gotchas:
                yield Static("Good to know", classes="guide-heading")
                for gotcha in view.gotchas:
                    yield _item("  –", gotcha)
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
        from tui_oauth.services.guide import guide

        workspace = self.home.workspace
        entry = None
        if self.entry_id is not None:
            with suppress(NotFound):  # deleted meanwhile
                entry = workspace.vault.get(self.entry_id)
        if entry is None:
            service = workspace.catalogue.get(self.service_id)
        else:
            service = entries.declared_service(workspace, entry)
            if entry.pinned:
                from tui_oauth.discovered import guide_of

                offered = bool(service.extensions.registration_url)
                self._registers = offered and not entry.configured
                return service, guide_of(workspace, entry)
            with suppress(UsageProblem):  # a guide is of use even before its entry is complete
                service = entries.entry_service(workspace, entry)
        view = guide(service, entries.callback_url(workspace, entry, service))
        if entry is not None and entry.grant == Grant.CLIENT:
            view = replace(view, callback_url="")  # nobody comes back with an answer
        return service, view

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
        url, environ = self._view.portal_url, self.home.workspace.environ
        self.job("Opening the browser", lambda: in_thread(browser.open_link, url, environ))

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


def _item(mark: str, text: str) -> Horizontal:
    return Horizontal(
        Static(Content(mark), markup=False, classes="guide-mark"),
        Static(Content(neutralise(text, _MAX_STEP)), markup=False, classes="guide-text"),
        classes="guide-item",
    )
