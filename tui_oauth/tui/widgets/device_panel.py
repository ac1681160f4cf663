"""A device code: in large letters, where to enter it, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.style import Style
from textual.widgets import Button, Static

from tui_oauth.large_letters import large
from tui_oauth.oauth.device import NEVER_PASS_ON, grouped
from tui_oauth.oauth.urls import host_of
from tui_oauth.text import neutralise
from tui_oauth.tui.widgets.facts import Facts

if TYPE_CHECKING:
    from tui_oauth.oauth.device import DeviceCode
    from tui_oauth.signin import SignIn

_MAX_WORDS = 1_000


def device_words(signin: SignIn) -> tuple[str, str]:
    """A sign and a sentence for where the device code of `signin` stands."""
    from tui_oauth.signin import SignInState

    device, name = signin.device, signin.service.name
    if device is None:
        return "◐", f"No code was asked for yet at {name}"
    if device.error is not None:
        return "✕", f"{neutralise(device.error.message, _MAX_WORDS)} A new code is one key away."
    if device.code is None:
        return "◐", f"Asking {host_of(signin.service.device_authorization_url)} for a code"
    if signin.state is SignInState.EXCHANGING:
        return "●", "Confirmed; storing the token"
    if device.trouble:
        return "▲", f"{neutralise(device.trouble, _MAX_WORDS)} Asking again, less often."
    return "●", "Waiting until you confirm it there; nothing has to be pasted here"


class DevicePanel(Vertical, can_focus=True):
    """Everything a person needs who confirms the sign-in elsewhere (checklist rules 101 and 102)."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="field")
        self.border_title = Content("Code for another device")
        self._code: DeviceCode | None = None

    @property
    def user_code(self) -> str:
        """The code as the provider gave it, to be copied; empty without one."""
        return self._code.user_code if self._code is not None else ""

    @property
    def address(self) -> str:
        """Where to go: with the code in it where that is offered; empty without a code."""
        code = self._code
        return (code.verification_uri_complete or code.verification_uri) if code else ""

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="device-large")
        yield Static(markup=False, id="device-link", classes="url-link")
        yield Facts(id="device-facts")
        yield Static(markup=False, id="device-state")
        yield Static(f"▲ {NEVER_PASS_ON}", markup=False, id="device-sentence")

    def show(self, signin: SignIn) -> None:
        """Bring everything up to date with `signin`."""
        device = signin.device
        self._code = code = device.code if device is not None and device.error is None else None
        sign, words = device_words(signin)
        state = self.query_one("#device-state", Static)
        state.set_class(sign == "▲", "-warning")
        state.set_class(sign == "✕", "-wrong")
        state.update(Content(f"{sign} {words}"))
        self.query_one("#device-sentence").display = code is not None
        link = self.query_one("#device-link", Static)
        link.display = code is not None
        if code is not None:
            where = Content.styled(f"Open {host_of(code.verification_uri)}", "bold $primary")
            where = where.stylize(Style(link=self.address, underline=True))
            link.update(Content.assemble(where, "  ", Content(neutralise(signin.service.name))))
        self.query_one(Facts).show(
            (
                ("Code", grouped(code.user_code)),
                ("Enter it at", code.verification_uri),
                ("Code included", code.verification_uri_complete),
            )
            if code is not None
            else ()
        )
        self._fit()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """The large letters, where there is room for all of them."""
        rows = large(grouped(self.user_code)) if self._code is not None else ()
        picture = self.query_one("#device-large", Static)
        drawn = bool(rows) and not getattr(self.app, "ascii_only", False)
        picture.display = drawn and len(rows[0]) <= self.content_size.width
        picture.update(Content("\n".join(rows)))


class DeviceButtons(Horizontal):
    """What can be done with a code, for the mouse; those that make no sense now are not there."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="buttons")

    def compose(self) -> ComposeResult:
        yield Button("Open page", id="open-page")
        yield Button("Copy code", id="copy-code")
        yield Button("QR code", id="qr-page")
        yield Button("Plain text", id="bare-page")
        yield Button("New code", id="new-code")
        yield Button("Show link", id="show-link")

    def show(self, signin: SignIn, user_code: str, *, can_open: bool) -> None:
        """Bring the buttons up to date; `can_open`: there is a browser here."""
        shown = {
            "open-page": bool(user_code) and can_open,
            "copy-code": bool(user_code),
            "qr-page": bool(user_code),
            "bare-page": bool(user_code),
            "new-code": not signin.device_waits,
            "show-link": signin.link is not None,
        }
        for name, visible in shown.items():
            self.query_one(f"#{name}").display = visible
