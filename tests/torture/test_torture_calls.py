"""Every file call of every command that changes the vault is the last one, tears, or fails.

Whatever happens, the vault opens and is in the state before the command or in that after it, never
between; success is told only of what is there; and nothing is left lying about.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.torture.conftest import Tell
from tests.torture.injector import WRITING
from tests.torture.world import (
    COMMANDS,
    FULL,
    Command,
    Server,
    World,
    debris,
    spots,
    state,
    which,
    write_once_more,
)

EACH = 1 if FULL else 37  # of so many blows the bounded version takes one
FAULTS = {
    "kill": None,
    "torn": {"write", "pwrite"},
    "ENOSPC": {*WRITING, "open", "posix_fallocate"},
    "EIO": None,
}
REFRESHING = {"refresh": "work", "token": "ended"}
DOCUMENTED = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}


def _blows(calls: list[str]) -> list[tuple[str, int, str]]:
    return [
        (fault, number, name)
        for fault, names in FAULTS.items()
        for number, name in enumerate(calls, 1)
        if names is None or name in names
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_call(world: World, server: Server, command: Command, tell: Tell) -> None:
    old = state(world.template)
    home = world.copy()
    done = server.run(world.environ(home), world.arguments(home, command), stdin=command.stdin)
    assert done["code"] == 0, done
    new = state(home)
    assert which(new, old, new) == "new"
    blows = _blows(done["calls"])
    offset = COMMANDS.index(command)
    outcomes: Counter[str] = Counter()
    for fault, number, name in blows[offset % EACH :: EACH]:
        home = world.copy()
        done = server.run(
            world.environ(home),
            world.arguments(home, command),
            stdin=command.stdin,
            fault=fault,
            at=number,
        )
        told = f"{command.name}: {fault} at call {number}, {name}: {done['code']} {done['err']}"
        now = which(state(home), old, new)
        assert now != "neither", told
        outcomes[f"{fault} {now}"] += 1
        if fault in {"kill", "torn"}:
            assert done["code"] == -9, told
        else:
            _held_to_its_word(done, now, told)
            if name != "unlink" and "It was written" not in done["err"]:
                # Else it goes with the next change: what could not be removed, and what may be
                # needed still in case that a power cut brings the old state back.
                assert not debris(home) - _kept_answer(done, debris(home)), told
        _afterwards(world, server, command, home, told)
        shutil.rmtree(home)
    tell(f"{command.name}: {sum(outcomes.values())} of {len(blows)} blows: {dict(outcomes)}")


def _held_to_its_word(done: dict[str, Any], now: str, told: str) -> None:
    assert done["code"] in DOCUMENTED, told
    assert "Traceback" not in done["err"], told
    assert "defect" not in done["err"], told
    if done["code"] == 0:
        assert now == "new", told
    elif now == "new":  # not all was well afterwards: it may say so, but not that nothing changed
        assert "old state stands" not in done["err"], told
        assert "Nothing was" not in done["err"], told
    else:
        assert "It was written" not in done["err"], told


def _kept_answer(done: dict[str, Any], found: set[str]) -> set[str]:
    """The sealed answer to a refresh is no debris where the command has said that it is kept."""
    if "kept beside the vault, sealed" not in done["err"]:
        return set()
    return {name for name in found if name.endswith(".pending")}


def _afterwards(world: World, server: Server, command: Command, home: Path, told: str) -> None:
    """Life goes on: another change, a refresh; then the vault is well and the folders are clean."""
    write_once_more(home)
    if command.name in REFRESHING:
        name = REFRESHING[command.name]
        again = server.run(world.environ(home), ["refresh", name])
        assert again["code"] == 0, (told, again)
    assert debris(home) == set(), told
    well = server.run(world.environ(home), ["doctor"])
    assert well["code"] == 0, (told, well)


def test_each_call_of_init(world: World, server: Server, tell: Tell) -> None:
    """There is a vault or there is none; a second `init` always leads to one, and to no debris."""

    def empty(number: int) -> Path:
        home = world.folder / f"empty-{number}"
        home.mkdir(mode=0o700)
        return home

    done = server.run(world.environ(empty(0)), ["init"])
    assert done["code"] == 0, done
    blows = _blows(done["calls"])
    outcomes: Counter[str] = Counter()
    for count, (fault, number, name) in enumerate(blows[:: 1 if FULL else 9], 1):
        home = empty(count)
        done = server.run(world.environ(home), ["init"], fault=fault, at=number)
        told = f"init: {fault} at call {number}, {name}: {done}"
        there = spots(home).vault.exists()
        outcomes[f"{fault} {'made' if there else 'not made'}"] += 1
        if fault in {"kill", "torn"}:
            assert done["code"] == -9, told
        else:
            assert done["code"] in {0, 8}, told
            assert "Traceback" not in done["err"], told
            assert there or done["code"] == 8, told
        again = server.run(world.environ(home), ["init"])
        assert again["code"] == (3 if there else 0), (told, again)
        assert state(home)["entries"] == {}
        assert debris(home) == set(), told
    tell(f"init: {sum(outcomes.values())} of {len(blows)} blows: {dict(outcomes)}")
