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

    def compose(self) -> ComposeResult:
        for label, value in self._pairs:
            yield _row(label, value)

    def show(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Show `pairs`; those without a value are left out. The rows that stay are kept."""
        wanted = tuple((label, value) for label, value in pairs if value)
        if wanted == self._pairs:
            return
        same_labels = [label for label, _ in wanted] == [label for label, _ in self._pairs]
        self._pairs = wanted
        if not self.is_mounted:
            return
        values = self.query(".fact-value").results(Static)
        if same_labels:
            for cell, (_, value) in zip(values, wanted, strict=True):
                cell.update(_shown(value))
            return
        self.remove_children()
        self.mount(*(_row(label, value) for label, value in wanted))


def _row(label: str, value: str) -> Horizontal:
    return Horizontal(
        Static(Content(neutralise(label, 60)), markup=False, classes="fact-label"),
        Static(_shown(value), markup=False, classes="fact-value"),
        classes="fact",
    )


def _shown(value: str) -> Content:
    lines = [neutralise(line, _MAX_VALUE) for line in value.split("\n")]
    return Content("\n".join(lines))
