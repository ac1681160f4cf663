"""The agent for an hour with many entries, under a clock that only this program moves.

    python tests/bench/agent_hour.py [ENTRIES] [MINUTES]

A real vault, the real keeper, real refreshes at a practice provider on loopback; only the hour is not
waited for. Prints how the refreshes are spread, what memory does (resident set, at quarters of the time),
the processor time that the hour took, and what an agent costs that has nothing to do (measured on the
real clock; target: under 1 %). It is no test: machines differ.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
IDLE_SECONDS = 10.0
START = 1_800_000_000
PAGE = os.sysconf("SC_PAGE_SIZE")


class Clock:
    """Seconds that pass only when somebody says so."""

    def __init__(self) -> None:
        self.now = float(START)

    def __call__(self) -> float:
        return self.now


def resident() -> float:
    """The resident set of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


def processor() -> float:
    """Processor seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    minutes = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        for name in [name for name in os.environ if name.startswith(("XDG_", "TUI_OAUTH_"))]:
            del os.environ[name]
        run(count, minutes)


def run(count: int, minutes: int) -> None:
    """Let the hour pass over a filled vault, then look at an agent at rest."""
    from tests.bench.renewing import renewing
    from tui_oauth.agent.holder import Holder
    from tui_oauth.agent.keeper import Keeper
    from tui_oauth.agent.memory import keep_flat
    from tui_oauth.paths import places
    from tui_oauth.settings import Settings
    from tui_oauth.workspace import Workspace

    clock = Clock()
    with renewing() as port:
        where = places(os.environ)
        filling = os.fork()  # what filling costs in memory is not the agent's
        if not filling:
            fill(where, count, port)
            os._exit(0)
        os.waitpid(filling, 0)
        keep_flat()
        holder = Holder(lambda: Workspace(os.environ, where, Settings(), clock=clock))
        failed: list[str] = []
        keeper = Keeper(
            holder,
            wake=lambda: None,
            say=failed.append,
            seen=lambda workspace, entries: None,
            failing=lambda workspace, entry, words: None,
        )
        refreshed: Counter[int] = Counter()
        keeper.tick(clock.now)
        gc.collect()
        memory = [resident()]
        began, used = time.monotonic(), processor()
        done_before = 0
        for minute in range(minutes):
            end = START + 60.0 * (minute + 1)
            while clock.now < end:
                keeper.tick(clock.now)
                keeper.finish(60)  # the clock stands still while the provider is asked
                clock.now += 1.0
            done = sum(
                course.refreshed_at is not None and course.refreshed_at >= end - 60
                for course in keeper.courses().values()
            )
            refreshed[minute] = done
            done_before += done
            if minute % max(1, minutes // 4) == max(1, minutes // 4) - 1:
                gc.collect()
                memory.append(resident())
        took, worked = time.monotonic() - began, processor() - used
        errors = [words for words in failed if "open" not in words]
        busy = [number for number in refreshed.values() if number]
        print(f"{count:,} entries, {minutes} minutes of the clock in {took:.0f} s")
        print(f"  refreshes: {done_before:,}, failures: {len(errors)}")
        if busy:
            print(
                f"  a minute: median {statistics.median(busy):.0f}, most {max(busy)}, "
                f"in {len(busy)} of {minutes} minutes"
            )
        print(
            "  resident set in MB at the start and at quarters: "
            + ", ".join(f"{one:.1f}" for one in memory)
        )
        print(
            f"  processor time: {worked:.1f} s with the provider in another process, "
            f"{worked / minutes / 60:.2%} of the hour"
        )
        print(f"  at rest: {idle(keeper, clock):.3%} of a processor")


def idle(keeper: object, clock: Clock) -> float:
    """The share of a processor that a keeper takes which has nothing to do, on the real clock."""
    from tui_oauth.agent.keeper import Keeper

    assert isinstance(keeper, Keeper)
    used, began = processor(), time.monotonic()
    first = clock.now
    while (passed := time.monotonic() - began) < IDLE_SECONDS:
        clock.now = first  # nothing gets due; the looks at the vault are made all the same
        keeper._next_look = 0.0
        keeper.tick(clock.now)
        time.sleep(min(2.0, IDLE_SECONDS - passed))
    return (processor() - used) / IDLE_SECONDS


def fill(where: object, count: int, port: int) -> None:
    """A key-file vault with authorized entries, all of the same second, in one commit."""
    from tests.bench.filled import authorized_entry
    from tui_oauth.paths import Places
    from tui_oauth.vault import create_vault
    from tui_oauth.vault.repository import Changes

    assert isinstance(where, Places)
    vault = create_vault(where)
    stored = []
    for number in range(count):
        entry, held = authorized_entry(f"entry-{number:04}", f"token-{number}")
        assert held.tokens is not None
        tokens = held.tokens._replace(issued_at=START, expires_at=START + 3600)
        entry = entry._replace(
            service="practice",
            service_name="Practice provider",
            variables={"port": str(port)},
            issued_at=START,
            expires_at=START + 3600,
            revision=1,
        )
        stored.append((entry, held._replace(tokens=tokens)))
    vault.change_several(lambda _: Changes(stored=tuple(stored)))


if __name__ == "__main__":
    main()
