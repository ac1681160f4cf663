"""What is kept and said after a defect of ours: where it happened, and nothing of what was at hand.

Textual prints the local variables of every frame: client secrets and tokens among them. Here the
log gets a traceback without values, and the person one line.
"""

from __future__ import annotations

import traceback
from pathlib import Path


def report(error: BaseException, log: Path) -> str:
    """Write where `error` happened to `log` and return the one line for the person."""
    from tui_oauth import __version__
    from tui_oauth.defects import record

    where = record(error, log, "(Manage OAuth)", __version__)
    place = _place(error)
    at = f" in {place}" if place else ""
    return f"tui-oauth met a defect of its own: {type(error).__name__}{at}. {where}"


def _place(error: BaseException) -> str:
    """File and line of the innermost frame that is ours, else of the innermost one."""
    frames = list(traceback.extract_tb(error.__traceback__))
    ours = [frame for frame in frames if "tui_oauth" in frame.filename]
    return "".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in (ours or frames)[-1:])
