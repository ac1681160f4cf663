"""`kill -9` at random moments of real commands, and updates that come from many processes at once."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.torture.conftest import Tell
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
from tests.unit.vault.vault_helpers import entry, program, secrets
from tui_oauth.vault import create_vault

KILLS = 300 if FULL else 18
PROCESSES, UPDATES = (8, 200) if FULL else (4, 25)
COUNT_UP = """
entry = vault.find("work")
for _ in range(int(argv[0])):
    vault.change(entry.id, lambda e, s: (e._replace(created_at=e.created_at + 1), s))
"""


def _start(world: World, home: Path, command: Command) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_oauth", *world.arguments(home, command)],
        env=world.environ(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write((command.stdin or "").encode())
    process.stdin.close()
    return process


def _after(world: World, command: Command) -> tuple[dict[str, Any], float]:
    """The state that the command leads to, and how long it takes, in seconds."""
    home = world.copy()
    began = time.monotonic()
    assert _start(world, home, command).wait(60) == 0
    took = time.monotonic() - began
    found = state(home)
    shutil.rmtree(home)
    return found, took


def test_kills_at_random_moments(world: World, server: Server, tell: Tell) -> None:
    chance = random.Random(20261123)
    old = state(world.template)
    after = {command.name: _after(world, command) for command in COMMANDS}
    outcomes: Counter[str] = Counter()
    killed = 0
    while killed < KILLS:
        command = COMMANDS[killed % len(COMMANDS)]
        new, took = after[command.name]
        home = world.copy()
        process = _start(world, home, command)
        time.sleep(chance.uniform(0.4, 1.0) * took)
        process.kill()
        in_flight = process.wait(20) != 0
        now = which(state(home), old, new)
        assert now == "new" or (now == "old" and in_flight), command.name
        outcomes[f"{now} {'in flight' if in_flight else 'done before'}"] += 1
        killed += in_flight
        write_once_more(home)
        # What was revoked has nothing left to refresh.
        name = "ended" if command.name == "revoke" else "work"
        again = server.run(world.environ(home), ["refresh", name])
        assert again["code"] == 0, (command.name, again)
        left = debris(home)
        # Its refresh was cut off, and it is another entry than the one that was refreshed now.
        assert command.name == "token" or not left, (command.name, left)
        assert all(name.endswith(".reserve") for name in left), (command.name, left)
        well = server.run(world.environ(home), ["doctor"])
        # A refresh that was cut off is told, and nothing else is.
        told = command.name == "token" and "was interrupted at" in well["out"]
        alone = told and "13 checks: 1 finding," in well["out"]
        assert well["code"] == 0 or left or alone, (command.name, well)
        shutil.rmtree(home)
    tell(f"{killed} kills of {len(COMMANDS)} commands at random moments: {dict(outcomes)}")


def test_updates_from_many_processes(home: Path, tell: Tell) -> None:
    vault = create_vault(spots(home))
    made = vault.add(entry(created_at=0), secrets())
    vault.add(entry("other"), secrets("untouched"))
    began = time.monotonic()
    running = [program(home, COUNT_UP, str(UPDATES)) for _ in range(PROCESSES)]
    for process in running:
        process.communicate(timeout=300)
        assert process.returncode == 0
    took = time.monotonic() - began
    assert vault.get(made.id).created_at == PROCESSES * UPDATES
    assert vault.get(made.id).revision == PROCESSES * UPDATES + 1
    assert vault.header.generation == PROCESSES * UPDATES + 3
    assert vault.secrets(vault.find("other")) == secrets("untouched")
    assert debris(home) == set()
    tell(
        f"{PROCESSES} processes x {UPDATES} updates: {vault.get(made.id).created_at:,} of "
        f"{PROCESSES * UPDATES:,}, {took / PROCESSES / UPDATES * 1000:.1f} ms each"
    )
