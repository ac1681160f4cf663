"""Rows of a service as a table: many columns, and texts that may hold anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from tui_oauth.text import neutralise

Row = Mapping[str, Any]
_MOST_COLUMNS = 40
_WIDEST = 32


def value_words(value: object, limit: int) -> str:
    """One value on one line: a text as it is, what is nested as JSON."""
    if value is None:
        return ""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return neutralise(value, limit)


class RowsTable(DataTable[Text]):
    """A cursor over rows. Left and right scroll, since the columns are more than a terminal is wide."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, cursor_type="row", classes="field", cell_padding=1)

    def show(self, rows: Sequence[Row]) -> None:
        """Show `rows` in place of what is shown. The columns are the names that the rows have."""
        self.clear(columns=True)
        names = list(dict.fromkeys(name for row in rows for name in row))[:_MOST_COLUMNS]
        for name in names:
            self.add_column(Text(neutralise(name, _WIDEST)))
        for row in rows:
            self.add_row(*(_cell(row.get(name)) for name in names))


def _cell(value: object) -> Text:
    shown = Text(value_words(value, 120), no_wrap=True, overflow="ellipsis")
    shown.truncate(_WIDEST, overflow="ellipsis")
    return shown
