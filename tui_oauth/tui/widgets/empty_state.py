"""What stands in the place of a list that has nothing to show: what this is, which keys matter."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from tui_oauth.text import neutralise

_WHAT = (
    "An entry holds one sign-in at one service: its client ID and secret, and its tokens, "
    "encrypted here and kept fresh for your programs."
)
_TAKINGS = (
    "each program that takes a token, by command, from the agent or in Python, will stand here with "
    "what the kernel says of it. Reading a token file leaves no trace."
)
_TRAFFIC = (
    "Each step of a sign-in, refresh or check will stand here: what was sent and what came back, "
    "with dots for whatever may be secret. It is kept in memory only."
)


class EmptyState(Static):
    """A few centred lines."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, markup=False)

    def welcome(self) -> None:
        """No entries yet: what this is, and the two keys that matter."""
        self.update(
            Content.assemble(
                ("No OAuth entries yet\n\n", "bold"),
                (_WHAT, "$quiet"),
                "\n\n",
                _key("n", "new entry", "screen.new"),
                "        ",
                _key("?", "help", "app.help"),
            )
        )

    def nothing_found(self, query: str) -> None:
        """The search leaves nothing."""
        self.update(
            Content.assemble(
                ("Nothing matches ", "$quiet"),
                (neutralise(query), "bold"),
                ("\n\n", ""),
                _key("esc", "show all entries", "screen.stop"),
            )
        )

    def no_traffic(self) -> None:
        """Nothing was sent to a provider yet."""
        self.update(
            Content.assemble(
                ("Nothing was sent to a provider yet\n\n", "bold"),
                (_TRAFFIC, "$quiet"),
                "\n\n",
                _key("esc", "back", "screen.back"),
                "        ",
                _key("?", "help", "app.help"),
            )
        )

    def no_takings(self, whose: str, *, filtered: bool) -> None:
        """Nobody took a token, or none of those that are shown."""
        keys = [_key("e", "all entries", "screen.only")] if filtered else []
        self.update(
            Content.assemble(
                (
                    "No token was taken here yet\n\n" if not filtered else "Nothing to show\n\n",
                    "bold",
                ),
                (
                    f"{neutralise(whose)}: {_TAKINGS}"
                    if filtered
                    else _TAKINGS[0].upper() + _TAKINGS[1:],
                    "$quiet",
                ),
                "\n\n",
                Content("        ").join([*keys, _key("esc", "back", "screen.back")]),
            )
        )

    def explain(self, title: str, message: str, advice: str) -> None:
        """Why there is no list: the vault could not be opened."""
        self.update(
            Content.assemble(
                (f"{title}\n\n", "bold $error"),
                f"{message}\n",
                (f"{advice}\n\n", "$quiet"),
                _key("r", "try again", "screen.reopen"),
                "        ",
                _key("q", "quit", "app.quit"),
            )
        )


def _key(shown: str, words: str, action: str) -> Content:
    return Content.assemble((f" {shown} ", "bold $accent"), f" {words} ").stylize(
        Style.from_meta({"@click": action})
    )
