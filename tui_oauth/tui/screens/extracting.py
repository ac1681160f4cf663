"""A run of Extract: how far it is, and what came of it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui_oauth.errors import NeedsPerson, TuiOauthError
from tui_oauth.extract import destination
from tui_oauth.extract.apart import Apart, Outcome
from tui_oauth.extract.words import dataset_words
from tui_oauth.text import duration, neutralise
from tui_oauth.tui.authorizing import authorize
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.extracting import Wanted, bar, end_row, part_of, progress_row
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.rows_table import RowsTable
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.words import with_tilde

if TYPE_CHECKING:
    from tui_oauth.extract.running import Progress
    from tui_oauth.model import Entry

_EVERY = 0.5  # seconds between two drawings: over SSH each is sent
_KEPT = "What has been fetched is loaded and kept, and the next run goes on from there."


class ExtractingScreen(AppScreen[None]):
    """Runs at once, in another process. Its end is shown in the place of its progress."""

    KEY_GROUP: ClassVar[str] = "extracting"
    BINDINGS = bindings("extracting")

    def __init__(self, entry: Entry, wanted: Wanted) -> None:
        super().__init__()
        self._entry = entry
        self._wanted = wanted
        self._told: dict[str, Progress] = {}
        self._lock = threading.Lock()
        self._run: Apart | None = None
        self._outcome: Outcome | None = None
        self._began = time.monotonic()
        self._stopping = False
        self._shown: dict[str, Content] = {}

    def compose(self) -> ComposeResult:
        yield TitleBar("Extract", f"{self._entry.name} · {self._entry.service_name}")
        with Vertical(id="extracting"):
            yield Static(markup=False, id="run-head")
            yield OptionList(id="run", classes="field", markup=False)
            yield RowsTable(id="first-rows")
        yield QuietLine()
        yield KeyBar("extracting")

    def on_mount(self) -> None:
        wanted = self._wanted
        listed = self.query_one("#run", OptionList)
        listed.border_title = "Resources"
        listed.add_options([Option("", id=name) for name in wanted.resources])
        listed.highlighted = 0
        listed.focus()
        self.query_one(RowsTable).display = False
        self._run = run = Apart(
            self.home.workspace,
            self._entry.name,
            wanted.resources,
            wanted.to,
            since=wanted.since,
            full=wanted.full,
            limit=wanted.limit,
        )

        async def extract() -> Outcome | None:
            try:
                return await in_thread(run.run, self._watch)
            finally:
                run.leave()  # however this ends: a window that is left waits for nothing

        self.job("", extract, self._ended, self._failed)
        self.set_interval(_EVERY, self._draw)
        self.call_after_refresh(self._draw)

    def on_unmount(self) -> None:
        if self._run is not None:
            self._run.leave()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    @property
    def running(self) -> bool:
        """Whether something would be broken off by leaving."""
        return self._run is not None

    def _watch(self, progress: Progress) -> None:
        with self._lock:
            self._told[progress.resource] = progress

    # ---- while it runs

    def _draw(self) -> None:
        if self._outcome is not None:
            self._draw_end(self._outcome)
        elif self.running:
            self._draw_progress()

    def _draw_progress(self) -> None:
        with self._lock:
            told = dict(self._told)
        width = self._width
        names = self._wanted.resources
        for name in names:
            self._put(name, progress_row(name, told.get(name), self._wanted.limit, width))
        done = sum(one.phase == "done" for one in told.values())
        parts = [
            1.0 if one.phase == "done" else part_of(one, self._wanted.limit) or 0.0
            for one in told.values()
        ]
        into = destination.parse(self._wanted.to).words
        lasted = duration(int(time.monotonic() - self._began))
        word = "Extracting" if told else "Starting"
        if self._stopping:
            word = "Stopping: what has been fetched is loaded first"
        self.query_one("#run-head", Static).update(
            Content.assemble(
                (f"{word}\n", "bold"),
                (f"into {self._path(into)}\n", "$quiet"),
                bar(sum(parts) / len(names), max(10, min(50, width - 30))),
                (f"  {done} of {len(names)} · {lasted}", "$quiet"),
            )
        )

    @property
    def _width(self) -> int:
        return self.query_one("#run", OptionList).scrollable_content_region.width

    def _path(self, words: str) -> str:
        return neutralise(with_tilde(self.home.workspace, words), 300)

    def _put(self, name: str, words: Content) -> None:
        if self._shown.get(name) != words:
            self._shown[name] = words
            self.query_one("#run", OptionList).replace_option_prompt(name, words)

    @property
    def key_words(self) -> dict[str, str]:
        """What esc does now."""
        return {"back": "Stop"} if self.running else {}

    def action_back(self) -> None:
        """Stop, after a question; or go back when there is nothing to stop."""
        if not self.running:
            self.dismiss(None)
        elif not self._stopping:
            self.home.ask("Stop extracting?", _KEPT, yes="Stop", no="Go on", done=self._stop_if)

    def _stop_if(self, sure: bool) -> None:
        if sure and self._run is not None:
            self._stopping = True
            self._run.stop()
            self._draw()

    def leaving(self) -> tuple[str, str] | None:
        """What to ask a person who leaves the program now: the question, and what becomes of the run."""
        if not self.running:
            return None
        return (
            "Leave while it extracts?",
            "It ends in the background: what has been fetched is loaded and kept. The next run goes "
            "on from there.",
        )

    # ---- its end

    def _ended(self, outcome: Outcome | None) -> None:
        self._run, self._outcome = None, outcome
        self._draw()
        self._show_first_rows()
        self._settle(outcome.summary.problem if outcome is not None else None)

    def _failed(self, problem: TuiOauthError) -> None:
        """It could not even begin, or its process was ended."""
        self._run = None
        head = Content.assemble(("✕ Not extracted", "bold $error"))
        self.query_one("#run-head", Static).update(head)
        self._settle(problem)

    def _settle(self, problem: TuiOauthError | None) -> None:
        self._needs_person = isinstance(problem, NeedsPerson)
        if problem is not None:
            self.complain(sentence(problem))
        self.query_one(KeyBar).refresh()
        self.home.refresh_entries()

    _needs_person = False

    def _draw_end(self, outcome: Outcome) -> None:
        summary = outcome.summary
        for one in summary.resources:
            self._put(one.resource, end_row(one, self._width))
        rows = sum(one.rows for one in summary.resources)
        finished = all(one.finished for one in summary.resources)
        head, tone = (
            ("● Extracted", "$success") if finished else ("◐ Not all extracted", "$warning")
        )
        if summary.stopped:
            head, tone = "◐ Stopped", "$warning"
        elif summary.problem is not None:
            head, tone = "✕ Ended early", "$error"
        self.query_one("#run-head", Static).update(
            Content.assemble(
                (head, f"bold {tone}"),
                f": {rows:,} {'row' if rows == 1 else 'rows'} in {summary.seconds:.1f} s\n",
                f"{self._path(summary.destination)}, {dataset_words(summary)}\n",
                (f"Kept for the next run: {self._path(str(summary.state))}", "$quiet"),
            )
        )

    @on(OptionList.OptionHighlighted, "#run")
    def _show_first_rows(self) -> None:
        table = self.query_one(RowsTable)
        rows = self._rows_under_cursor()
        table.display = bool(rows)
        self.query_one("#extracting").set_class(bool(rows), "-with-rows")
        if rows:
            table.border_title = f"First rows of {self._under_cursor()}"
            table.show(rows)

    def _under_cursor(self) -> str:
        at = self.query_one("#run", OptionList).highlighted
        return self._wanted.resources[at] if at is not None else ""

    def _rows_under_cursor(self) -> list[dict[str, object]]:
        return [] if self._outcome is None else self._outcome.rows.get(self._under_cursor(), [])

    # ---- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "authorize":
            return self._needs_person
        if action in {"rows", "copy_place"}:
            return self._outcome is not None
        return True

    @on(OptionList.OptionSelected, "#run")
    def action_rows(self) -> None:
        """The first rows that were loaded, with room."""
        rows = self._rows_under_cursor()
        if rows:
            self.home.open_rows(self._entry, self._under_cursor(), rows)

    def action_copy_place(self) -> None:
        """Copy where the rows are."""
        if self._outcome is not None:
            summary = self._outcome.summary
            self.home.copy(summary.place or summary.destination, "Where the rows are")

    def action_authorize(self) -> None:
        """The Authorization link, where the service no longer takes the token."""
        self.dismiss(None)
        authorize(self.home, self.home.workspace.vault.get(self._entry.id))
