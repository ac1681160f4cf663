"""What a run that was killed leaves in the folder of its pipeline, and what every run would leave there."""

from __future__ import annotations

import shutil
from pathlib import Path

_KEPT = 1
"""Packages that are loaded and stay: the last one says that what it was made of is done with."""


def tidy(pipeline: Path) -> None:
    """Take away what is done with, and what was not even begun. Only while nobody else works there.

    dlt makes a package in a folder `new`, and moves it on as a whole: what lies there was interrupted, and
    is made again. It removes a package file by file once the next step has its own; interrupted in that,
    it would take the rest for a package that is still to be worked on, and stumble.
    """
    for new in (pipeline / "normalize/new", pipeline / "load/new"):
        for package in _packages(new):
            shutil.rmtree(package, ignore_errors=True)
    loaded = _packages(pipeline / "load/loaded")
    further = {path.name for path in (*loaded, *_packages(pipeline / "load/normalized"))}
    for package in _packages(pipeline / "normalize/extracted"):
        if package.name in further or not (package / "new_jobs").is_dir():
            shutil.rmtree(package, ignore_errors=True)
    for package in loaded[:-_KEPT]:
        shutil.rmtree(package, ignore_errors=True)


def _packages(folder: Path) -> list[Path]:
    """The packages in `folder`, the oldest first: they are named by the time at which they were made."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except FileNotFoundError:
        return []
