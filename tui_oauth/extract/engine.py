"""dlt, which loads the rows: whether it is here, and how it is kept from reaching beyond this program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tui_oauth.errors import UsageProblem

COMMAND = "pip install 'tui-oauth[extract]'"


def installed() -> bool:
    """Whether extraction is possible here. Imports nothing."""
    return all(find_spec(name) is not None for name in ("dlt", "duckdb", "pyarrow"))


def needed() -> UsageProblem:
    """What to say where it is not."""
    return UsageProblem("Extraction needs more than is installed here.", f"Run: {COMMAND}")


def engine() -> Any:
    """The module dlt. UsageProblem where it is not installed."""
    if not installed():
        raise needed()
    import dlt

    return dlt


@contextmanager
def kept_at_home(folder: Path) -> Iterator[None]:
    """While this lasts dlt keeps what it keeps below `folder`, and reports nothing to anybody.

    What a person has set for a destination of their own (`.dlt/secrets.toml`, environment) counts all the
    same.
    """
    ours = {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
        "DLT_DATA_DIR": str(folder),
        "EXTRACT__NEXT_ITEM_MODE": "fifo",
        "DATA_WRITER__DISABLE_COMPRESSION": "true",
        "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
        "LOAD__TRUNCATE_STAGING_DATASET": "true",
        "LOAD__DELETE_COMPLETED_JOBS": "true",
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
