"""The first rows of a resource: a table of them, and all of the one under the cursor."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppScreen, in_thread
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.details import Line
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.lines_panel import LinesPanel
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.rows_table import Row, RowsTable, value_words
from tui_oauth.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from tui_oauth.model import Entry

_VALUE = 1_000


class RowsScreen(AppScreen[None]):
    """Shows `rows`, or without them asks the service for the first ones of `resource`."""

    KEY_GROUP: ClassVar[str] = "rows"
    BINDINGS = bindings("rows")

    def __init__(self, entry: Entry, resource: str, rows: Sequence[Row] | None) -> None:
        super().__init__()
        self._entry = entry
        self._resource = resource
        self._given = rows
        self._rows: Sequence[Row] = ()
        self._stop = threading.Event()

    def compose(self) -> ComposeResult:
        yield TitleBar("First rows", f"{self._resource} · {self._entry.name}")
        with Vertical(id="rows"):
            yield RowsTable(id="table")
            yield LinesPanel(id="row")
        yield QuietLine()
        yield KeyBar("rows")

    def on_mount(self) -> None:
        self.query_one(RowsTable).focus()
        self.query_one("#rows").display = False
        if self._given is not None:
            self._show(self._given)
            return
        workspace, name, resource, stop = (
            self.home.workspace,
            self._entry.name,
            self._resource,
            self._stop,
        )

        async def ask() -> list[dict[str, Any]]:
            from tui_oauth.extract.preview import preview

            return await in_thread(preview, workspace, name, resource, stop=stop)

        words = f"Asking {self._entry.service_name} for the first {resource}… esc leaves it"
        self.job(words, ask, self._show)

    def on_unmount(self) -> None:
        self._stop.set()

    def _show(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self.query_one(QuietLine).rest("" if rows else f"There are no {self._resource} yet.")
        if not rows:
            return
        self.query_one("#rows").display = True
        table = self.query_one(RowsTable)
        table.border_title = f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}"
        table.show(rows)
        table.focus()
        self._show_row()

    @on(RowsTable.Moved)
    def _show_row(self) -> None:
        at = self.query_one(RowsTable).cursor
        if at < len(self._rows):
            row = self._rows[at]
            lines = [
                Line(neutralise(name, 14), value_words(value, _VALUE) or "—")
                for name, value in row.items()
            ]
            self.query_one(LinesPanel).show(f"Row {at + 1}", lines)

    def action_read(self) -> None:
        """Into the text of the row, or back to the table."""
        panel = self.query_one(LinesPanel)
        (self.query_one(RowsTable) if panel.has_focus else panel).focus()

    def action_back(self) -> None:
        """Back to where one came from; what is being asked for is let go."""
        self.dismiss(None)
