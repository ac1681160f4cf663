"""The servers of this folder by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_tools import Shell
from tests.providers.machine import Server


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """The server that a test's parameter names: `authlib`, `mock` or `panva`."""
    found: Any = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture
def shell(home: Path, free_port: int) -> Shell:
    """The real command in an empty home with a vault; the callback server has a port of its own."""
    shell = Shell(home)
    shell.configure(f"[callback]\nport = {free_port}\n")
    shell.run("init")
    return shell
