"""The servers of this folder by their names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.machine import Server


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """The server that a test's parameter names: `authlib`, `mock` or `panva`."""
    found: Any = request.getfixturevalue(f"{request.param}_server")
    return found
