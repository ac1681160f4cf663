"""Lines of facts: a quiet label, and a value that may come from outside."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from tui_oauth.text import neutralise

_MAX_VALUE = 2_000


class Facts(Vertical):
    """Pairs of label and value; a long value wraps within its own column."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="facts")
        self._pairs: tuple[tuple[str, str], ...] = ()
        # Held, not looked up: rows that are being removed are still found beside the new ones.
        self._values: list[Static] = []

    def compose(self) -> ComposeResult:
        yield from self._rows()

    def show(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Show `pairs`; those without a value are left out. The rows that stay are kept."""
        wanted = tuple((label, value) for label, value in pairs if value)
        if wanted == self._pairs:
            return
        same_labels = [label for label, _ in wanted] == [label for label, _ in self._pairs]
        self._pairs = wanted
        if not self.is_mounted:
            return
        if same_labels:
            for cell, (_, value) in zip(self._values, wanted, strict=True):
                cell.update(_shown(value))
            return
        self.remove_children()
        self.mount(*self._rows())

    def _rows(self) -> list[Horizontal]:
        """New rows for the pairs."""
        self._values = [
            Static(_shown(value), markup=False, classes="fact-value") for _, value in self._pairs
        ]
        labels = [
            Static(Content(neutralise(label, 60)), markup=False, classes="fact-label")
            for label, _ in self._pairs
        ]
        both = zip(labels, self._values, strict=True)
        return [Horizontal(label, value, classes="fact") for label, value in both]


def _shown(value: str) -> Content:
    lines = [neutralise(line, _MAX_VALUE) for line in value.split("\n")]
    return Content("\n".join(lines))
