"""Where a running agent is found: a pure function of the environment, cheap enough for `token`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tui_oauth.agent.client import SOCKET as SOCKET
from tui_oauth.paths import NAME

LOCK = "agent.lock"


def folder(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_RUNTIME_DIR/tui-oauth`; None where there is no runtime folder.

    A relative value is invalid by the XDG Base Directory Specification and counts as none.
    """
    base = environ.get("XDG_RUNTIME_DIR", "")
    return Path(base) / NAME if base.startswith("/") else None
