"""`--debug`: what the program does, on standard error, with every secret taken out."""

from __future__ import annotations

import logging
import sys

from tui_oauth.defects import redact
from tui_oauth.text import neutralise


class _Redacted(logging.Formatter):
    """One line a record; a traceback that a record carries is left out, as everywhere."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"debug {record.name}: {record.getMessage()}"
        return neutralise(redact(line), limit=1000)


def start(command: str, version: str) -> logging.Logger:
    """Show the steps of this package, requests among them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacted())
    logger = logging.getLogger("tui_oauth")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    logger.propagate = False
    logger = logging.getLogger("tui_oauth.cli")
    python = ".".join(str(part) for part in sys.version_info[:3])
    logger.debug("tui-oauth %s, Python %s, command %s", version, python, command or "none")
    return logger
