"""The tests' own rules for running beside each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import execnet
import pytest

from tests.side_by_side import Floor


@pytest.fixture
def floors(tmp_path: Path) -> Iterator[list[Floor]]:
    """The same floor for three workers."""
    files = [tmp_path / "gate", tmp_path / "floor"]
    for file in files:
        file.touch()
    floors = [Floor(*files) for _ in range(3)]
    yield floors
    for floor in floors:
        floor.close()


def entering(floor: Floor, *, alone: bool) -> threading.Thread:
    thread = threading.Thread(target=floor.enter, kwargs={"alone": alone}, daemon=True)
    thread.start()
    return thread


def waits(thread: threading.Thread) -> bool:
    thread.join(0.05)
    return thread.is_alive()


def test_many_are_together_and_one_is_alone(floors: list[Floor]) -> None:
    one, other, third = floors
    one.enter(alone=False)
    other.enter(alone=False)
    alone = entering(third, alone=True)
    one.leave()
    assert waits(alone)
    late = entering(one, alone=False)
    assert waits(late), "who comes later does not go before who waits to be alone"
    other.leave()
    alone.join(10)
    third.leave(stay_alone=True)
    third.enter(alone=True)
    assert waits(late)
    third.leave()
    late.join(10)
    assert not late.is_alive()


def test_a_failure_with_half_a_surrogate_pair_gets_to_the_controller(
    request: pytest.FixtureRequest,
) -> None:
    """It ended the run with an INTERNALERROR, and which test had failed was not said."""
    report = pytest.TestReport(
        "tests/a.py::test_b",
        ("tests/a.py", 1, "test_b"),
        {},
        "failed",
        "E  assert 'said \ud800' == ''",
        "call",
        [("Captured stdout call", "more \udcff")],
    )
    hook = request.config.hook.pytest_report_to_serializable
    sent = execnet.loads(execnet.dumps(hook(config=request.config, report=report)))
    assert sent["longrepr"] == "E  assert 'said \\ud800' == ''"
    assert sent["sections"] == [("Captured stdout call", "more \\udcff")]
