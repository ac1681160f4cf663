"""The link outside the full screen, in one piece, for the terminal's own selection.

What a terminal selects in a full-screen program has a line break at each row's end. On the plain
screen a long line stays one line.
"""

from __future__ import annotations

import asyncio
import os
import sys

from textual.app import App, SuspendNotSupported


async def show_bare_link(app: App[object], url: str, what: str = "Authorization link") -> bool:
    """Print `url`, which is `what`, and wait for enter; False where the terminal cannot be given back meanwhile.

    Waits in the event loop, not in a thread: a thread blocked in a read could not be cancelled,
    and would take the first key that belongs to the app again.
    """
    cancelled: asyncio.CancelledError | None = None
    try:
        with app.suspend():
            sys.stdout.write(f"\n{what}, in one piece:\n\n{url}\n\nPress enter to go back. ")
            sys.stdout.flush()
            try:
                await _line_from(0)
            except asyncio.CancelledError as error:
                # The answer came meanwhile. `suspend` restores nothing when it is left by an error.
                cancelled = error
    except SuspendNotSupported:
        return False
    if cancelled is not None:
        raise cancelled
    return True


async def _line_from(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def readable() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, readable)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
    os.read(descriptor, 4096)
