"""One template home, one provider and one fork server for all blows; figures at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.torture.world import Server, World
from tui_oauth.practice.provider import PracticeProvider

Tell = Callable[[str], None]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with PracticeProvider() as provider:
        yield World(tmp_path_factory.mktemp("torture"), provider)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with closing(Server()) as started:
        yield started


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Print a line of figures past pytest's capturing."""

    def line(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="", flush=True)

    return line
