"""How the tests run beside each other, and some alone.

A test that measures time says `pytest.mark.alone`: no other runs meanwhile, in whichever worker. Such
tests stand first, where they are passed through once, one after the other.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest


class Floor:
    """Many can be on it together, or one alone.

    Who wants to be alone closes the gate, or there would always be somebody. The locks are those of
    two files that are there anyway, so nothing is left behind.
    """

    def __init__(self, gate: Path, floor: Path) -> None:
        self._gate, self._floor = gate.open(), floor.open()
        self._alone = False

    def enter(self, *, alone: bool) -> None:
        if self._alone and alone:
            return
        self._unlock(self._floor)
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        fcntl.flock(self._floor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        self._unlock(self._gate)
        self._alone = alone

    def leave(self, *, stay_alone: bool = False) -> None:
        """`stay_alone` for who is alone and wants to be once more: nobody comes between."""
        if not (self._alone and stay_alone):
            self._unlock(self._floor)
            self._alone = False

    def close(self) -> None:
        self._gate.close()
        self._floor.close()

    @staticmethod
    def _unlock(file: IO[str]) -> None:
        # Said, not left to closing: a process that a test forked has the same lock open.
        fcntl.flock(file, fcntl.LOCK_UN)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each processor: most tests wait for a process, a server or a clock half of their time."""
    from_environment = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(from_environment) if from_environment else 2 * len(os.sched_getaffinity(0))


_FLOOR = Floor(Path(__file__).with_name("conftest.py"), Path(__file__))


def wants_to_be_alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not wants_to_be_alone(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    _FLOOR.enter(alone=wants_to_be_alone(item))
    try:
        return (yield)
    finally:
        _FLOOR.leave(stay_alone=wants_to_be_alone(nextitem))


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Iterator[None]:
    """A report with half a surrogate pair in it, which no encoding takes, would end the whole run."""
    return _encodable((yield))


def _encodable(found: Any) -> Any:
    match found:
        case str():
            return found.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_encodable(key): _encodable(value) for key, value in found.items()}
        case list() | tuple():
            return type(found)(_encodable(one) for one in found)
    return found
