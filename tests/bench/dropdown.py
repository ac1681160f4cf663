"""What the dropdown of services costs: reading the list, a key press until it is seen.

    python tests/bench/dropdown.py

One run, process time in milliseconds; a bare Textual list of as many lines is measured beside it.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

sys.path.insert(0, str(Path(__file__).parents[2]))

from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.listing import Listing
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.screens.create import CreateScreen
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

WORDS = ("zoho", "goog", "inter", "msft", "crm")


class Bare(App[None]):
    """An input over a list that narrows by a plain comparison."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        yield Input()
        yield OptionList(*self._lines)

    def on_input_changed(self, event: Input.Changed) -> None:
        fitting = [line for line in self._lines if event.value.casefold() in line.casefold()]
        self.query_one(OptionList).set_options(fitting)


async def key_times(pilot: Pilot[Any]) -> list[float]:
    """The time of each key of `WORDS`, until nothing is left to do."""
    times = []
    for word in WORDS:
        for key in [*word, "ctrl+u"]:
            started = time.process_time()
            await pilot.press(key)
            await pilot.pause()
            times.append((time.process_time() - started) * 1000)
    return times


async def measured() -> None:
    started = time.process_time()
    listings: tuple[Listing, ...] = Catalogue().all()
    print(f"reading {len(listings)} services: {(time.process_time() - started) * 1000:.1f} ms")

    bare = Bare([listing.name for listing in listings])
    async with bare.run_test(size=(80, 24)) as pilot:
        floor = await key_times(pilot)
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace.from_environment({"HOME": home})
        workspace.use_vault(create_vault(workspace.places))
        app = ManageOAuth(workspace)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("n")
            while not isinstance(app.screen, CreateScreen):
                await pilot.pause()
            await app.workers.wait_for_complete()
            ours = await key_times(pilot)
    for name, times in (("bare list", floor), ("dropdown", ours)):
        print(f"{name}: median {statistics.median(times):.1f} ms, slowest {max(times):.1f} ms")
    print(f"ratio of the medians: {statistics.median(ours) / statistics.median(floor):.2f}")


if __name__ == "__main__":
    asyncio.run(measured())
