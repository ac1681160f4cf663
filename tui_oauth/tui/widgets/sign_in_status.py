"""Where the callback server of a sign-in stands, and how a browser elsewhere gets to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui_oauth.text import neutralise
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.url_panel import true_host

if TYPE_CHECKING:
    from tui_oauth.signin import SignIn

_MAX_PROBLEM = 1_000


def state_words(signin: SignIn, port: int, *, with_ssh: bool = False) -> tuple[str, str]:
    """A sign and a sentence for what the callback server of `signin` does now.

    `with_ssh`: the browser is thought to be on another machine, from where it does not get here
    by itself.
    """
    from tui_oauth.signin import SignInState

    if signin.state is SignInState.EXCHANGING:
        return "●", f"Got the code; exchanging it at {true_host(signin.service.token_url)}"
    if signin.problem:
        return "▲", neutralise(signin.problem, _MAX_PROBLEM)
    if not signin.authorization_url:
        return "◐", f"Opens port {port} on 127.0.0.1 once there is a link"
    if not signin.listening:
        return "◐", f"Opening port {port} on 127.0.0.1"
    if signin.seen_browser:
        return "●", f"A browser has reached this terminal on port {port}; waiting for its answer"
    if with_ssh:
        return "●", f"Listening on 127.0.0.1:{port}; run the line on the laptop, or paste below"
    return "●", f"Listening on 127.0.0.1:{port}; the browser comes back here by itself"


def certificate_words(signin: SignIn) -> str:
    """What the browser will say about an https callback, and how to tell that it is this one."""
    if not signin.fingerprint:
        return ""
    pairs = signin.fingerprint.split(":")
    half = len(pairs) // 2
    return (
        "made here, so the browser warns. Go on if its SHA-256 is\n"
        f"{':'.join(pairs[:half])}\n{':'.join(pairs[half:])}"
    )


class SignInStatus(Vertical):
    """A framed part of the screen; only its texts change."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="field")
        self.border_title = Content("Callback server")

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="status-state")
        yield Facts(id="status-facts")

    def show(self, signin: SignIn, port: int, *, with_ssh: bool) -> None:
        """Bring the texts up to date with `signin`; `with_ssh` adds the port forward."""
        sign, words = state_words(signin, port, with_ssh=with_ssh)
        state = self.query_one("#status-state", Static)
        state.set_class(sign == "▲", "-warning")
        state.update(Content(f"{sign} {words}"))
        self.query_one(Facts).show(
            (
                ("On laptop", signin.ssh_forward if with_ssh else ""),
                ("Type by hand", signin.short_link),
                ("Redirect URI", f"{signin.callback_url} (refused? register this)"),
                ("Certificate", certificate_words(signin)),
            )
        )
