"""The process in which a window extracts, as the system sees it."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path


def extracting_child(parent: int) -> int:
    """Its process id, where it runs below `parent`; 0 where there is none, or it has ended."""
    for folder in Path("/proc").iterdir():
        with suppress(OSError, IndexError):
            state, above = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(above) == parent and state != "Z" and _extracts(folder):
                return int(folder.name)
    return 0


def wait_for_end(pid: int, seconds: float) -> None:
    """Until the process `pid`, nobody's child of ours, is gone."""
    end = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() and _extracts(Path(f"/proc/{pid}")):
        assert time.monotonic() < end, f"process {pid} goes on"
        time.sleep(0.05)


def _extracts(folder: Path) -> bool:
    with suppress(OSError):
        return b"tui_oauth.extract.child" in (folder / "cmdline").read_bytes()
    return False
