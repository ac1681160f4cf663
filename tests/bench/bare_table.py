"""The floor: a bare Textual app with the table that Manage OAuth shows, and nothing else."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Footer

ENTRIES = 100


class BareTable(App[None]):
    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")
        yield Footer()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("Name", "Service", "Status", "Account", "Expires")
        for number in range(ENTRIES):
            table.add_row(f"entry-{number:03}", "Intercom", "● Authorized", "Acme", "in 50 min")


if __name__ == "__main__":
    BareTable().run()
