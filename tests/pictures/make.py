"""The README's pictures, made from the running app.

    python tests/pictures/make.py

Opens the real screens with entries that are nobody's, and writes an SVG for each beside this file.
The clock stands still, so that a picture changes only when the screen does.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
SIZE = (100, 28)
# Textual's pictures ask a distant server for their font; a monospace font of the reader's will do.
FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}\s*")


async def _nothing(pilot: Any) -> None:
    await pilot.press("down")


async def _create(pilot: Any) -> None:
    await pilot.press("n")
    await pilot.pause(0.3)
    await pilot.press(*"in")


async def _entry(pilot: Any, method: str, *before: object) -> None:
    entry = pilot.app.workspace.vault.find("my-intercom")
    getattr(pilot.app, method)(*before, entry.id)


async def _configure(pilot: Any) -> None:
    await _entry(pilot, "open_configure")


async def _authorize(pilot: Any) -> None:
    await _entry(pilot, "open_authorize")
    while not any(signin.listening for signin in pilot.app.signins.waiting):
        await pilot.pause(0.05)


async def _guide(pilot: Any) -> None:
    await _entry(pilot, "open_guide", "intercom")


async def _success(pilot: Any) -> None:
    await _entry(pilot, "open_success")


PICTURES: dict[str, Callable[[Any], Awaitable[None]]] = {
    "manage": _nothing,
    "create": _create,
    "guide": _guide,
    "configure": _configure,
    "authorize": _authorize,
    "success": _success,
}


async def make(name: str, step: Callable[[Any], Awaitable[None]], home: Path) -> None:
    from tests.screens.people import workspace
    from tui_oauth.tui.app import ManageOAuth

    app = ManageOAuth(workspace(home))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.3)
        await step(pilot)
        await pilot.pause(0.5)
        svg = app.export_screenshot(title="tui-oauth", simplify=True)
    (HERE / f"{name}.svg").write_text(FONT_FACE.sub("", svg))
    print(f"{name}.svg")


def main() -> None:
    for name, step in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder, "home")
            home.mkdir(mode=0o700)
            # The same state in every picture, and nobody's.
            with patch("tui_oauth.signin.secrets.token_bytes", bytes):
                asyncio.run(make(name, step, home))


if __name__ == "__main__":
    main()
