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
        return "●", f"Your browser reaches this terminal on port {port}; waiting for its answer"
    if not signin.tunnel:
        where = true_host(signin.callback_url)
        return "●", f"Listening on 127.0.0.1:{port} behind {where}; the browser comes back here"
    if with_ssh:
        return "●", f"Listening on 127.0.0.1:{port}; from another machine by a tunnel"
    if signin.workspace.in_container:
        return "●", f"Listening on 127.0.0.1:{port} of this container; a browser outside: paste"
    return "●", f"Listening on 127.0.0.1:{port}; a browser here comes back by itself"


def tunnel_facts(signin: SignIn, *, behind_nat: bool = False) -> tuple[tuple[str, str], ...]:
    """How a browser on another machine gets to the callback server of `signin`, and how to tell."""
    name = " (put the name that you gave to ssh)" if behind_nat else ""
    return (
        ("On laptop", f"{signin.ssh_forward}{name}"),
        ("In this ssh", f"~C, {signin.ssh_escape} (with EnableEscapeCommandline)"),
        ("To try it", f"{signin.first_page} in the browser; this window tells"),
    )


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

    def show(self, signin: SignIn, port: int, *, with_ssh: bool, behind_nat: bool = False) -> None:
        """Bring the texts up to date with `signin`; `with_ssh` adds the port forward.

        `behind_nat`: the address in that line is one that the laptop cannot have used.
        """
        sign, words = state_words(signin, port, with_ssh=with_ssh)
        state = self.query_one("#status-state", Static)
        state.set_class(sign == "▲", "-warning")
        state.update(Content(f"{sign} {words}"))
        self.set_class(signin.seen_browser, "-reached")
        tunnel = with_ssh and signin.tunnel and not signin.seen_browser
        self.query_one(Facts).show(
            (
                *(tunnel_facts(signin, behind_nat=behind_nat) if tunnel else ()),
                ("Type by hand", signin.short_link),
                ("Redirect URI", f"{signin.callback_url} (refused? register this)"),
                ("Certificate", certificate_words(signin)),
            )
        )
