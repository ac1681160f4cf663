"""What the dropdown of services costs: reading the list, a key press until it is seen.

    python tests/bench/dropdown.py

One run, process time in milliseconds; a bare Textual list of as many lines is measured beside it.
The last line is the part of a key press that is spent in this project's own code: searching, the
lines in sight, what is said of the service under the cursor.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from tui_oauth.tui.widgets.service_list import ServiceList
from tui_oauth.tui.widgets.service_picker import ServicePicker
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

SERVICES = 300
# What a key press runs of ours; Textual's part is the events between them, layout and painting.
HANDLERS = (
    (ServicePicker, "_narrow"),
    (ServicePicker, "_step"),
    (ServicePicker, "_tell"),
    (ServiceList, "render_line"),
    (CreateScreen, "_offer"),
    (CreateScreen, "_tell_of"),
    (CreateScreen, "_ask_variables"),
    (Catalogue, "get"),
)
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


class OwnWork:
    """How long the given functions run, those that they call included; each is counted once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._inside = False

    def watch(self, owner: type, name: str) -> None:
        """Count the calls of `owner.name` from now on."""
        function: Callable[..., Any] = getattr(owner, name)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **more: Any) -> Any:
                with self._counted():
                    return await function(*args, **more)

            setattr(owner, name, awaited)
            return

        @functools.wraps(function)
        def called(*args: Any, **more: Any) -> Any:
            with self._counted():
                return function(*args, **more)

        setattr(owner, name, called)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        if self._inside:
            yield
            return
        self._inside, started = True, time.process_time()
        try:
            yield
        finally:
            self._inside = False
            self.seconds += time.process_time() - started


async def key_times(pilot: Pilot[Any], own: OwnWork | None = None) -> list[tuple[float, float]]:
    """Of each key of `WORDS` the time until nothing is left to do, and the part of `own` in it."""
    times = []
    for word in WORDS:
        for key in [*word, "down", "down", "ctrl+u"]:
            before = own.seconds if own else 0.0
            started = time.process_time()
            await pilot.press(key)
            await pilot.pause()
            ended, spent = time.process_time(), (own.seconds if own else 0.0) - before
            times.append(((ended - started) * 1000, spent * 1000))
    return times


async def measured() -> None:
    started = time.process_time()
    listings: tuple[Listing, ...] = Catalogue().all()
    print(f"reading {len(listings)} services: {(time.process_time() - started) * 1000:.1f} ms")

    names = [listing.name for listing in listings]
    bare = Bare(names + [f"Own service {number}" for number in range(SERVICES - len(names))])
    async with bare.run_test(size=(80, 24)) as pilot:
        gc.freeze()
        floor = await key_times(pilot)
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace.from_environment({"HOME": home})
        for number in range(SERVICES - len(listings)):
            add_own(workspace.places.own_services, number)
        workspace.use_vault(create_vault(workspace.places))
        app = ManageOAuth(workspace)
        async with app.run_test(size=(80, 24)) as pilot:
            gc.freeze()  # as the app does in a terminal, once it stands
            await pilot.press("n")
            while not isinstance(app.screen, CreateScreen):
                await pilot.pause()
            await app.workers.wait_for_complete()
            own = OwnWork()
            for owner, name in HANDLERS:
                own.watch(owner, name)
            ours = await key_times(pilot, own)
    said("bare list", [whole for whole, _ in floor])
    said("dropdown", [whole for whole, _ in ours])
    said("of that our own work", [part for _, part in ours])


def add_own(folder: Path, number: int) -> None:
    """One more service in the list, a person's own."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"own-{number}.toml"
    file.write_text(
        f'id = "own-{number}"\nname = "Own service {number}"\n'
        'authorize_url = "https://own.test/authorize"\ntoken_url = "https://own.test/token"\n'
    )
    file.chmod(0o600)


def said(name: str, times: list[float]) -> None:
    print(f"{name}: median {statistics.median(times):.1f} ms, slowest {max(times):.1f} ms")


if __name__ == "__main__":
    asyncio.run(measured())
