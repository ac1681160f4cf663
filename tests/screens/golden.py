"""Screens as plain text in files one can read in review.

`TUI_OAUTH_GOLDEN=write pytest tests/screens` writes the files anew; look at the difference before
it is committed. Colours are not in them: what matters has to be readable without.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from textual.app import App

FOLDER = Path(__file__).parent
WRITE = os.environ.get("TUI_OAUTH_GOLDEN") == "write"


def screen_text(app: App[Any]) -> str:
    """What stands on the screen, one line a row.

    The compositor is a private name of Textual's and is used nowhere else in the tests' own
    pictures, so that a change there is mended here.
    """
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


def same_as_file(app: App[Any], name: str, port: int | None = None) -> None:
    """The screen is what `name`.txt holds, where a server's own `port` stands as 50000."""
    path = FOLDER / f"{name}.txt"
    text = screen_text(app)
    if port is not None:
        text = text.replace(f":{port:5}", ":50000")
    if WRITE:
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing; write it with TUI_OAUTH_GOLDEN=write"
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs:\n{text}"
