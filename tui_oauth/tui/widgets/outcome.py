"""How a sign-in ended that brought no tokens, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from tui_oauth.errors import Fix
from tui_oauth.oauth.device import is_denied
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.signin import SignIn

_MAX_LINE = 2_000
_MENDING = {Fix.CALLBACK_URL: "#copy-callback", Fix.CONFIGURE: "#configure"}


def outcome_words(signin: SignIn) -> tuple[str, str]:
    """A title and the words for how `signin`, which brought no tokens, ended."""
    from tui_oauth.signin import SignInState

    titles = {
        SignInState.CANCELLED: "✕ Cancelled",
        SignInState.EXPIRED: "✕ Time is up",
    }
    error = signin.error
    denied = error is not None and is_denied(error)
    title = titles.get(signin.state, "✕ Access was denied" if denied else "✕ Not authorized")
    lines = [error.message, error.advice] if error is not None else []
    if signin.state is SignInState.FAILED and error is None:
        lines = ["A defect of tui-oauth ended this sign-in. Where it happened is in the log."]
    if signin.state is SignInState.EXPIRED:
        what = "code" if signin.link is None else "link"
        lines[1:] = [f"The {what} leads nowhere any more; a new one does."]
    return title, "\n".join(neutralise(line, _MAX_LINE) for line in lines if line)


def knows_no_callback_url(signin: SignIn) -> bool:
    """Whether it failed because the Callback URL is not the one that is registered."""
    return signin.error is not None and signin.error.fix is Fix.CALLBACK_URL


class Outcome(Vertical):
    """A framed part of the screen; the button that mends the failure comes first and has the focus."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="field")

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="outcome-words")
        with Horizontal(classes="buttons"):
            yield Button("Copy Callback URL", id="copy-callback")
            yield Button("New link", id="again")
            yield Button("Configure OAuth", id="configure")
            yield Button("Traffic", id="traffic")
            yield Button("Back", id="back")

    def show(self, signin: SignIn, again: str) -> None:
        """Say how `signin` ended; `again` are the words on the button for another try."""
        title, words = outcome_words(signin)
        self.border_title = Content(title)
        self.query_one("#outcome-words", Static).update(Content(words))
        self.query_one("#again", Button).label = again
        unknown = knows_no_callback_url(signin)
        self.query_one("#copy-callback").display = unknown
        self.query_one("#configure").display = not unknown  # there is no room for all of them

    def focus_remedy(self, signin: SignIn) -> None:
        """Put the focus on what mends the failure, else on another try."""
        fix = signin.error.fix if signin.error is not None else Fix.NONE
        self.query_one(_MENDING.get(fix, "#again"), Button).focus()
