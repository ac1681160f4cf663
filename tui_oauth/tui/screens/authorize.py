"""Authorization link: to open, click, copy, scan or type; then the answer arrives or is pasted.

Beside it, where the service has the device grant, a code to confirm on another device. The window
shows one of the two at a time; both go on waiting, and whichever finishes first wins.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Button

from tui_oauth import browser
from tui_oauth.errors import TuiOauthError
from tui_oauth.terminal import is_behind_nat, surroundings
from tui_oauth.text import relative
from tui_oauth.tui.base import sentence
from tui_oauth.tui.following import follow
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.link_actions import LinkActions
from tui_oauth.tui.widgets.countdown import Countdown
from tui_oauth.tui.widgets.device_panel import DeviceButtons, DevicePanel
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.link_buttons import LinkButtons
from tui_oauth.tui.widgets.link_panel import LinkPanel
from tui_oauth.tui.widgets.outcome import Outcome, knows_no_callback_url
from tui_oauth.tui.widgets.paste_row import PasteRow
from tui_oauth.tui.widgets.qr_view import QrView
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.sign_in_status import SignInStatus
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.widgets.ways import CodeLine, Ways
from tui_oauth.tui.words import in_short
from tui_oauth.ways import Way, ways_of

if TYPE_CHECKING:
    from tui_oauth.signin import SignIn

_STILL_COUNTS = "its link and its answer still count. For a new one: ^x, then New link."
_LEFT = "Waiting, {} left"
_CODE_LEFT = "The code ends in {}"
# How long after an answer this window says so: the code goes out first, and mostly that was it.
_SAY_SECONDS = 0.06


_NOT_ALWAYS = {
    *("again", "configure", "copy_callback", "cancel", "qr", "bare", "file"),
    *("first", "open_link", "copy_link", "copy_ssh", "other_way", "elsewhere"),
}


class AuthorizeScreen(LinkActions):
    """One sign-in of one entry. Leaving the screen does not end it; cancelling does."""

    KEY_GROUP: ClassVar[str] = "authorize"
    AUTO_FOCUS = ""  # it would scroll what the link asks for out of sight
    BINDINGS = bindings("authorize")

    class Moved(Message):
        """Something about the sign-in changed."""

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self.entry_id = entry_id

    def compose(self) -> ComposeResult:
        yield TitleBar("Authorization link")
        with VerticalScroll(id="authorize-body", can_focus=False):
            yield Facts(id="asks")
            yield LinkPanel("Authorization link", id="link")
            yield LinkButtons(id="link-buttons")
            yield DevicePanel(id="device")
            yield DeviceButtons(id="device-buttons")
            with Vertical(id="waiting"):
                yield Ways(id="ways")
                with Horizontal(id="ending"):
                    yield Countdown(_LEFT, self.home.workspace.now, id="countdown")
                    yield Button("First: automatic", id="first")
                    yield Button("Elsewhere", id="elsewhere")
                    yield Button("Cancel sign-in", id="cancel")
            yield Outcome(id="outcome")
        yield QrView(id="qr-view")
        yield QuietLine()
        yield KeyBar("authorize")

    # ---- life

    def on_mount(self) -> None:
        environ = self.home.workspace.environ
        self._with_ssh = surroundings(environ, sys.platform).over_ssh
        self._begin(take_up=True)

    def on_unmount(self) -> None:
        self._let_go()

    def on_screen_resume(self) -> None:
        # What ended below a help screen or dialog is shown once this screen is on top again.
        self._look()

    def _begin(self, *, take_up: bool = False) -> None:
        """Take the sign-in that waits for this entry, or a new one, and see that it runs.

        `take_up`: also one that was begun by an earlier run and can still be answered.
        """
        try:
            entry = self.home.workspace.vault.get(self.entry_id)
            signin = self.home.signins.begin(entry, take_up=take_up)
        except TuiOauthError as error:
            self.app.pop_screen()
            self.home.show_problem(error, "There is no Authorization link")
            return
        self._let_go()
        self._signin = signin
        signin.on_change = self._on_change
        follow(self.home, signin)
        self.query_one(TitleBar).detail = f"{signin.entry.name} · {signin.service.name}"
        unnamed = "what was chosen at the provider; the link names no scopes"
        scopes = in_short(signin.scopes) or unnamed
        self.query_one("#asks", Facts).show((("Asks for", scopes),))
        self.set_class(False, "-ended")
        self.query_one(LinkPanel).show("")
        self.query_one(PasteRow).follow(signin)
        self._first_way = entry.first_way
        self._show_way(code=signin.link is None or entry.first_way == Way.DEVICE)
        if signin.taken_up and not signin.ended:
            begun = relative(signin.begun_at, self.home.workspace.now())
            self.say(f"Begun {begun} and taken up again: {_STILL_COUNTS}")
        else:
            self.query_one(QuietLine).forget()

    def _let_go(self) -> None:
        if self._signin is not None and self._signin.on_change == self._on_change:
            self._signin.on_change = None

    def _on_change(self) -> None:
        signin = self._signin
        if signin is not None and signin.state == "exchanging":
            self.set_timer(_SAY_SECONDS, self._look)  # laying out the screen takes a while
        else:
            self.post_message(self.Moved())

    @on(Moved)
    def _look(self) -> None:
        """Show where the sign-in stands; go on to the next screen when it succeeded."""
        signin = self._signin
        if signin is None or self.app.screen is not self:
            return
        if not signin.ended:
            self._update(signin)
            return
        if signin.result is not None:
            self._let_go()
            self._signin = None
            self.home.open_success(self.entry_id, in_place=True)
        else:
            self._show_outcome(signin)

    def _update(self, signin: SignIn) -> None:
        panel = self.query_one(DevicePanel)
        panel.show(signin)
        self.query_one(CodeLine).show(signin)
        self.query_one(Ways).put_in_order(ways_of(signin, self._first_way))
        self.query_one("#elsewhere", Button).disabled = not signin.authorization_url
        self.query_one("#first", Button).label = f"First: {self._first_way or 'automatic'}"
        if signin.link is not None:
            self._show_status(signin)
            self._show_link(signin)
            self._without_code(signin)
        code = signin.device.code if signin.device is not None and self._shows_code else None
        if code is not None and signin.device_waits:
            self.query_one(Countdown).count_to(code.expires_at, _CODE_LEFT)
        else:
            self.query_one(Countdown).count_to(signin.expires_at, _LEFT)
        here = browser.can_open(self.home.workspace.environ)
        self.query_one(LinkButtons).show(signin, can_open=here)
        self.query_one(DeviceButtons).show(signin, panel.user_code, can_open=here)
        self.query_one(KeyBar).refresh()

    def _show_link(self, signin: SignIn) -> None:
        """Show the link, or that it is asked for; a new one is in the picture too, if that is up."""
        if self.query_one(LinkPanel).show_link(signin) and not self._shows_code:
            if self.has_class("-qr"):
                self.show_qr()
            self.say("The link before ends now, unless it is open in a browser. This is a new one.")

    def _show_status(self, signin: SignIn) -> None:
        workspace = self.home.workspace
        self.query_one(SignInStatus).show(
            signin,
            workspace.settings.callback.port,
            with_ssh=self._with_ssh,
            behind_nat=is_behind_nat(workspace.environ),
        )

    def _without_code(self, signin: SignIn) -> None:
        """Back to the link where the provider gave no code: that way is open at least."""
        device = signin.device
        if device is not None and device.error is not None and not device.code and self._shows_code:
            self.set_class(False, "-code")
            self.query_one(LinkPanel).focus(scroll_visible=False)
            self.complain(f"No code for another device. {sentence(device.error)}")

    # ---- the two ways

    def _show_way(self, *, code: bool) -> None:
        self.set_class(code, "-code")
        self._hide_qr()
        self._look()
        shown = self.query_one(DevicePanel) if code else self.query_one(LinkPanel)
        shown.focus(scroll_visible=False)

    @property
    def key_words(self) -> Mapping[str, str]:
        """What keys are called now that do the same for link and code."""
        signin = self._signin
        if signin is None or not (self._shows_code or signin.link is None):
            return {}
        return {"copy-link": "Copy code", "other-way": "Link", "again": "New code"}

    @on(CodeLine.Pressed)
    @on(Button.Pressed, "#get-code")
    @on(Button.Pressed, "#show-link")
    def action_other_way(self) -> None:
        """From the link to the code and back; both go on waiting."""
        if self._shows_code:
            self._show_way(code=False)
        else:
            self._get_code()

    @on(Button.Pressed, "#new-code")
    def _get_code(self) -> None:
        """Show the device code; ask for one where none waits."""
        if self._signin is not None and not self._signin.ended:
            try:
                self._signin.start_device()
            except TuiOauthError as error:
                self.complain(sentence(error))
                return
            self._show_way(code=True)

    def _show_outcome(self, signin: SignIn) -> None:
        outcome = self.query_one(Outcome)
        outcome.show(signin, self.key_words.get("again", "New link"))
        self.query_one(Countdown).count_to(None)
        self.query_one(PasteRow).clear()
        if not self.has_class("-ended"):
            self.set_class(True, "-ended")
            self.set_class(False, "-qr")
            self.query_one(QuietLine).forget()  # what it says of the link is true no longer
            self.query_one(KeyBar).refresh()
            outcome.focus_remedy(signin)

    def _leave(self) -> None:
        self._let_go()
        self._signin = None
        self.app.pop_screen()

    # ---- the answer

    def on_paste(self, event: events.Paste) -> None:
        """A paste anywhere on the screen is meant for the one field that takes it."""
        signin = self._signin
        if signin is not None and not signin.ended and signin.link is not None:
            event.stop()
            self._show_way(code=False)  # what is wrong with it has to be seen
            self.query_one(PasteRow).take(event.text)

    @on(Button.Pressed, "#elsewhere")
    def action_elsewhere(self) -> None:
        """Have another machine do what needs a browser."""
        if self._signin is not None and not self._signin.ended:
            self.home.open_elsewhere(self._signin)

    # ---- ways out

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """End the sign-in."""
        if self._signin is not None:
            self._signin.cancel()

    @on(Button.Pressed, "#traffic")
    def _show_traffic(self) -> None:
        """What was sent to the provider and what came back."""
        self.home.open_traffic()

    @on(Button.Pressed, "#back")
    def action_back(self) -> None:
        """Hide the QR code, else leave; the sign-in goes on waiting."""
        if self._hide_qr():
            return
        signin = self._signin
        self._leave()
        if signin is not None and not signin.ended:
            self.home.say(f"{signin.entry.name} goes on waiting; press a to see its link again.")

    @on(Button.Pressed, "#again")
    def action_again(self) -> None:
        """A new link or code after the sign-in or the code has ended."""
        if self._signin is not None and self._signin.ended:
            self._begin()
        else:
            self._get_code()

    @on(Button.Pressed, "#copy-callback")
    def action_copy_callback(self) -> None:
        """Copy the Callback URL, which the provider does not know."""
        if self._signin is not None:
            self.home.copy(self._signin.callback_url, "Callback URL")

    @on(Button.Pressed, "#configure")
    def action_configure(self) -> None:
        """Configure OAuth, to mend what the provider refused."""
        if self._signin is not None and self._signin.ended:
            self._leave()
            self.home.open_configure(self.entry_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in _NOT_ALWAYS:
            return True
        return self._signin is not None and action in self._possible(self._signin)

    def _possible(self, signin: SignIn) -> set[str]:
        """What makes sense now, of the actions that do not always."""
        if signin.ended:
            mending = {"copy_callback"} if knows_no_callback_url(signin) else set()
            return {"again", "configure"} | mending
        found = {"cancel", "first"} if signin.link is not None else {"cancel"}
        if self._address:
            found |= {"qr", "bare", "copy_link"}
            found |= set() if self._shows_code else {"file", "elsewhere"}
            found |= {"open_link"} if browser.can_open(self.home.workspace.environ) else set()
        if signin.link is not None and signin.offers_device:
            found.add("other_way")
        if self._shows_code:
            return found if signin.device_waits else found | {"again"}
        return found | {"copy_ssh"} if signin.tunnel else found
