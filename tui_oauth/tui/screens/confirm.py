"""A question before something is lost. The harmless answer has the focus."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppDialog
from tui_oauth.tui.choice import Choice


class ConfirmScreen(AppDialog[str]):
    """Dismissed with the key of the answer; leaving it any other way is an empty text.

    `keep` are the words of the harmless answer. The explanation may have several paragraphs.
    """

    BINDINGS = [  # noqa: RUF012 - Textual's declaration
        Binding("n,escape,q", "answer('')", "No", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(
        self, question: str, explanation: str, *, keep: str, choices: Sequence[Choice]
    ) -> None:
        super().__init__()
        self._question = neutralise(question)
        self._explanation = "\n".join(neutralise(line, 900) for line in explanation.split("\n"))
        self._keep = keep
        self._choices = choices
        for choice in choices:
            self._bindings.bind(choice.key, f"answer('{choice.key}')", choice.words, show=False)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog scrolling") as dialog:
            dialog.border_title = Content(self._question).truncate(54, ellipsis=True)
            keys = (f"{choice.key}: {choice.words}" for choice in self._choices)
            dialog.border_subtitle = Content(" · ".join((f"esc: {self._keep}", *keys)))
            if len(self._question) > 54:
                yield Static(Content(self._question), markup=False, classes="question")
            yield Static(Content(self._explanation), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(Content(self._keep), id="no", compact=True)
                for choice in self._choices:
                    yield Button(
                        Content(choice.words),
                        id=f"key-{choice.key}",
                        compact=True,
                        classes="danger",
                    )

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss((event.button.id or "").partition("key-")[2])

    def action_answer(self, key: str) -> None:
        self.dismiss(key)
