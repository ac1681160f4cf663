"""Authorization link: to open, click, copy, scan or type; then the answer arrives or is pasted."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from tui_oauth import browser
from tui_oauth.errors import PasteProblem, TuiOauthError
from tui_oauth.terminal import surroundings
from tui_oauth.text import neutralise
from tui_oauth.tui.bare_link import show_bare_link
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.following import follow
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.countdown import Countdown
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.paste_input import PasteInput
from tui_oauth.tui.widgets.qr_view import QrView
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.sign_in_status import SignInStatus
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.widgets.url_panel import UrlPanel, true_host

if TYPE_CHECKING:
    from tui_oauth.signin import SignIn

PASTE_HINT = "A page that cannot load is fine: its address counts."
_MAX_OUTCOME = 2_000


class AuthorizeScreen(AppScreen[None]):
    """One sign-in of one entry. Leaving the screen does not end it; cancelling does."""

    KEY_GROUP: ClassVar[str] = "authorize"
    AUTO_FOCUS = ""  # it would scroll what the link asks for out of sight
    BINDINGS = bindings("authorize")

    class Moved(Message):
        """Something about the sign-in changed."""

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self.entry_id = entry_id
        self._signin: SignIn | None = None
        self._with_ssh = False

    def compose(self) -> ComposeResult:
        yield TitleBar("Authorization link")
        with VerticalScroll(id="authorize-body", can_focus=False):
            yield Facts(id="asks")
            yield UrlPanel("Authorization link", id="link")
            with Horizontal(classes="buttons", id="link-buttons"):
                yield Button("Open in browser", id="open")
                yield Button("Copy link", id="copy-link")
                yield Button("QR code", id="qr")
                yield Button("Plain text", id="bare")
                yield Button("Copy ssh line", id="ssh")
            with Vertical(id="waiting"):
                yield SignInStatus(id="status")
                with Vertical(classes="field", id="paste-row") as row:
                    row.border_title = Content("Or paste the address that the browser ended on")
                    yield PasteInput(PASTE_HINT, id="paste")
                    yield Static(markup=False, id="paste-words")
                with Horizontal(id="ending"):
                    yield Countdown("Waiting, {} left", self._now, id="countdown")
                    yield Button("Cancel sign-in", id="cancel")
            with Vertical(classes="field", id="outcome"):
                yield Static(markup=False, id="outcome-words")
                with Horizontal(classes="buttons"):
                    yield Button("New link", id="again")
                    yield Button("Configure OAuth", id="configure")
                    yield Button("Back", id="back")
        yield QrView(id="qr-view")
        yield QuietLine()
        yield KeyBar("authorize")

    def _now(self) -> int:
        return self.home.workspace.now()

    # ---- life

    def on_mount(self) -> None:
        environ = self.home.workspace.environ
        self._with_ssh = surroundings(environ, sys.platform).over_ssh
        self.query_one("#open").display = browser.can_open(environ)
        self._begin()

    def on_unmount(self) -> None:
        self._let_go()

    def on_screen_resume(self) -> None:
        # What ended below a help screen or dialog is shown once this screen is on top again.
        self._look()

    def _begin(self) -> None:
        """Take the sign-in that waits for this entry, or a new one, and see that it runs."""
        try:
            entry = self.home.workspace.vault.get(self.entry_id)
            signin = self.home.signins.begin(entry)
        except TuiOauthError as error:
            self.app.pop_screen()
            self.home.show_problem(error, "There is no Authorization link")
            return
        self._let_go()
        self._signin = signin
        signin.on_change = self._on_change
        follow(self.home, signin)
        host = true_host(signin.authorization_url)
        self.query_one(TitleBar).detail = f"{signin.entry.name} · {signin.service.name}"
        scopes = ", ".join(signin.scopes)
        self.query_one("#asks", Facts).show(
            (("Asks for", scopes or "what was chosen at the provider; the link names no scopes"),)
        )
        self.query_one(UrlPanel).show(signin.authorization_url, f"Open {host}", signin.service.name)
        self.query_one(QrView).show(signin.authorization_url)
        self.query_one(Countdown).count_to(signin.expires_at)
        self.set_class(False, "-ended", "-qr")
        self._paste_words("")
        self._look()
        self.query_one(KeyBar).refresh()
        self.query_one(UrlPanel).focus(scroll_visible=False)

    def _let_go(self) -> None:
        if self._signin is not None and self._signin.on_change == self._on_change:
            self._signin.on_change = None

    def _on_change(self) -> None:
        self.post_message(self.Moved())

    @on(Moved)
    def _look(self) -> None:
        """Show where the sign-in stands; go on to the next screen when it succeeded."""
        signin = self._signin
        if signin is None or self.app.screen is not self:
            return
        if not signin.ended:
            port = self.home.workspace.settings.callback.port
            self.query_one(SignInStatus).show(signin, port, with_ssh=self._with_ssh)
            return
        if signin.result is not None:
            self._leave()
            self.home.open_success(self.entry_id)
        else:
            self._show_outcome(signin)

    def _show_outcome(self, signin: SignIn) -> None:
        from tui_oauth.signin import SignInState

        titles = {
            SignInState.CANCELLED: "✕ Cancelled",
            SignInState.EXPIRED: "✕ Time is up",
        }
        denied = getattr(signin.error, "code", "") == "access_denied"
        title = titles.get(signin.state, "✕ Access was denied" if denied else "✕ Not authorized")
        error = signin.error
        words = f"{error.message}\n{error.advice}".strip() if error is not None else ""
        if error is not None and signin.state is SignInState.EXPIRED:
            words = f"{error.message}\nThe link leads nowhere any more; a new one does."
        self.query_one("#outcome").border_title = Content(title)
        self.query_one("#outcome-words", Static).update(
            Content("\n".join(neutralise(line, _MAX_OUTCOME) for line in words.split("\n")))
        )
        self.query_one(Countdown).count_to(None)
        self.query_one(PasteInput).take_text()
        if not self.has_class("-ended"):
            self.set_class(True, "-ended")
            self.set_class(False, "-qr")
            self.query_one(KeyBar).refresh()
            self.query_one("#again").focus()

    def _leave(self) -> None:
        self._let_go()
        self._signin = None
        self.app.pop_screen()

    # ---- the link

    @on(Button.Pressed, "#copy-link")
    def action_copy_link(self) -> None:
        """Copy the Authorization link."""
        if self._signin is not None:
            self.home.copy(self._signin.authorization_url, "Authorization link")

    @on(Button.Pressed, "#open")
    def action_open_link(self) -> None:
        """Open the link here, where there is a browser to open it in."""
        if self._signin is None:
            return
        url, environ = self._signin.authorization_url, self.home.workspace.environ
        fragment = self._signin.service.quirks.authorize.fragment
        self.job(
            "Opening the browser",
            lambda: in_thread(partial(browser.open_link, url, environ, fragment=fragment)),
            lambda _: self.say("Opened in the browser."),
        )

    @on(Button.Pressed, "#qr")
    def action_qr(self) -> None:
        """Show the link as a QR code, or hide it."""
        self.toggle_class("-qr")
        if self.has_class("-qr"):
            self.say(
                "For a phone: afterwards paste here the address that its browser ended on. Esc hides it."
            )

    @on(Button.Pressed, "#ssh")
    def action_copy_ssh(self) -> None:
        """Show and copy the command that leads a laptop's browser to this callback server."""
        if self._signin is not None and not self._signin.ended:
            self._with_ssh = True
            self._look()
            self.home.copy(self._signin.ssh_forward, "ssh line")

    @on(Button.Pressed, "#bare")
    def action_bare(self) -> None:
        """Leave the full screen and print the link in one piece."""
        if self._signin is not None:
            self.job("", lambda: self._bare(self._signin_url))

    @property
    def _signin_url(self) -> str:
        return self._signin.authorization_url if self._signin is not None else ""

    async def _bare(self, url: str) -> None:
        if not await show_bare_link(self.app, url):
            self.complain("This terminal cannot leave the full screen. Copy the link instead.")

    # ---- the answer

    def on_paste(self, event: events.Paste) -> None:
        """A paste anywhere on the screen is meant for the one field that takes it."""
        if self._signin is not None and not self._signin.ended:
            event.stop()
            self.remove_class("-qr")  # what is wrong with it has to be seen
            field = self.query_one(PasteInput)
            field.focus()
            field.take(event.text)

    @on(PasteInput.Changed)
    def _watch_paste(self, event: Input.Changed) -> None:
        if self._signin is None or self._signin.ended:
            return
        if event.value:
            self._paste_words(self._signin.look_at(event.value))
        elif not self.query_one("#paste-words").has_class("-wrong"):
            self._paste_words("")

    @on(PasteInput.Pasted)
    @on(PasteInput.Submitted)
    def _take_answer(self) -> None:
        text = self.query_one(PasteInput).value
        if self._signin is None or self._signin.ended or not text:
            return
        try:
            self._signin.paste(text)
        except PasteProblem as error:
            self._paste_words(sentence(error), wrong=True)
        except TuiOauthError as error:
            self.complain(sentence(error))
        self.query_one(PasteInput).take_text()

    def _paste_words(self, words: str, *, wrong: bool = False) -> None:
        line = self.query_one("#paste-words", Static)
        line.set_class(wrong, "-wrong")
        line.display = bool(words)
        line.update(Content(f"✕ {words}" if wrong else words))

    # ---- ways out

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """End the sign-in."""
        if self._signin is not None:
            self._signin.cancel()

    @on(Button.Pressed, "#back")
    def action_back(self) -> None:
        """Hide the QR code, else leave; the sign-in goes on waiting."""
        if self.has_class("-qr"):
            self.remove_class("-qr")
            return
        signin = self._signin
        self._leave()
        if signin is not None and not signin.ended:
            self.home.say(f"{signin.entry.name} goes on waiting; press a to see its link again.")

    @on(Button.Pressed, "#again")
    def action_again(self) -> None:
        """A new link after the sign-in ended."""
        if self._signin is not None and self._signin.ended:
            self._begin()

    @on(Button.Pressed, "#configure")
    def action_configure(self) -> None:
        """Configure OAuth, to mend what the provider refused."""
        if self._signin is not None and self._signin.ended:
            self._leave()
            self.home.open_configure(self.entry_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        ended = self._signin is not None and self._signin.ended
        if action in {"again", "configure"}:
            return ended
        if action == "open_link":
            return not ended and browser.can_open(self.home.workspace.environ)
        return not (ended and action in {"cancel", "copy_ssh", "copy_link", "qr", "bare"})
