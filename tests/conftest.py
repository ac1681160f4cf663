"""Every test lives in its own empty home and reaches nothing but loopback."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.side_by_side import (
    pytest_collection_modifyitems as pytest_collection_modifyitems,
)
from tests.side_by_side import (
    pytest_report_to_serializable as pytest_report_to_serializable,
)
from tests.side_by_side import (
    pytest_runtest_protocol as pytest_runtest_protocol,
)
from tests.side_by_side import (
    pytest_xdist_auto_num_workers as pytest_xdist_auto_num_workers,
)

if TYPE_CHECKING:
    from tests.providers.authlib_server import AuthlibServer
    from tests.providers.mock_server import MockServer
    from tests.providers.panva_server import PanvaServer
    from tests.stage import Stage

_LOOPBACK = re.compile(r"127\.[0-9.]+|::1|localhost")
_INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TERM",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "COVERAGE_PROCESS_START",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory, and an environment that names nothing of the person's own."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    for name in list(os.environ):
        if name != "PYTEST_CURRENT_TEST":
            monkeypatch.delenv(name)
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return folder


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that connects anywhere else fails loudly instead of reaching a real provider."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not _LOOPBACK.fullmatch(address[0]):
            raise AssertionError(f"a test tried to reach {address[0]!r}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
    return


@pytest.fixture
def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    """A machine with a vault, and the practice provider beside it."""
    from tests.stage import Stage, make_workspace
    from tui_oauth.practice.provider import PracticeProvider

    with PracticeProvider() as provider:
        yield Stage(make_workspace(provider.port), provider)


@pytest.fixture
def authlib_server() -> Iterator[AuthlibServer]:
    """An authorization server made of Authlib's classes, fresh for each test."""
    from tests.providers.authlib_server import authlib_server

    with authlib_server() as server:
        yield server


@pytest.fixture(scope="session")
def mock_server() -> Iterator[MockServer]:
    """The program oidc-provider-mock. All tests share it, so none may count on being alone."""
    from tests.providers.mock_server import mock_server

    with mock_server() as server:
        yield server


@pytest.fixture(scope="session")
def panva_server() -> Iterator[PanvaServer]:
    """The certified oidc-provider under Node. All tests share it, as `mock_server`."""
    from tests.providers.panva_server import missing, panva_server

    if reason := missing():
        pytest.skip(reason)
    with panva_server() as server:
        yield server
