"""What the vault costs as it grows, as ratios within one run.

    python tests/bench/vault_cost.py [ROUNDS]

At 10, 100, 1,000 and 10,000 entries: a whole `token NAME` with a valid token (target: 1,000 entries
at most 1.6 times 10), and one durable change in a process that has the vault open, as process time
(target: under 100 ms at 1,000) and as time on the clock. Then 20 `token` calls at once with a key
file, against 20 bare Python starts with the same imports (target: at most 1.5 times).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
COUNTS = (10, 100, 1000, 10_000)
PARALLEL = 20
Program = tuple[list[str], Mapping[str, str]]


def seconds(program: Program, at_once: int = 1) -> float:
    """How long `at_once` processes of `program` take together."""
    argv, environ = program
    started = time.perf_counter()
    running = [
        subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL) for _ in range(at_once)
    ]
    if any(process.wait() for process in running):
        raise SystemExit(f"{argv} failed")
    return time.perf_counter() - started


def imports_of(program: Program) -> Program:
    """A Python that imports what `program` has imported by its end, in that order, and nothing more."""
    argv, environ = program
    listing = (
        "import sys; known = set(sys.modules)\n"
        "from tui_oauth.cli.main import main\n"
        f"main({argv[3:]!r})\n"
        "names = [n for n in sys.modules if n not in known]\n"
        # Without a spec it is nothing that can be imported: a part of another module.
        "print(*[n for n in names if getattr(sys.modules[n], '__spec__', None)], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", listing], env=environ, capture_output=True, text=True, check=True
    )
    code = "\n".join(f"import {name}" for name in done.stderr.split())
    return [sys.executable, "-c", code], environ


def change_costs(environ: Mapping[str, str], rounds: int) -> tuple[float, float]:
    """Process time and clock time of one durable change, medians in seconds."""
    from tui_oauth.paths import places
    from tui_oauth.vault import open_vault

    vault = open_vault(places(environ), environ)
    entry = vault.find("entry-005")
    process, clock = [], []
    for number in range(rounds + 1):
        before = time.process_time(), time.perf_counter()
        vault.change(entry.id, lambda held, kept, at=number: (held._replace(created_at=at), kept))
        if number:
            process.append(time.process_time() - before[0])
            clock.append(time.perf_counter() - before[1])
    return statistics.median(process), statistics.median(clock)


def fill_many(environ: Mapping[str, str], count: int) -> None:
    """`count` entries; the many in one commit, for each commit writes the whole file."""
    from tests.bench.filled import fill
    from tui_oauth.paths import places
    from tui_oauth.vault import open_vault
    from tui_oauth.vault.repository import Changes

    fill(environ, min(count, 10))
    if count <= 10:
        return
    vault = open_vault(places(environ), environ)
    like = vault.find("entry-005")
    held = vault.secrets(like)

    def more(_: object) -> Changes:
        return Changes(
            stored=tuple(
                (like._replace(id=os.urandom(16).hex(), name=f"entry-{number:03}"), held)
                for number in range(10, count)
            )
        )

    vault.change_several(more)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    with tempfile.TemporaryDirectory() as folder:
        tokens: dict[int, Program] = {}
        for count in COUNTS:
            home = Path(folder, str(count))
            home.mkdir()
            kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "TUI_OAUTH_"))}
            environ = {**kept, "HOME": str(home)}
            fill_many(environ, count)
            tokens[count] = ([sys.executable, "-m", "tui_oauth", "token", "entry-005"], environ)
        bare = imports_of(tokens[100])
        single: dict[str, list[float]] = {}
        together: dict[str, list[float]] = {}
        for number in range(rounds + 1):  # in turns, so that a busy machine is busy for all
            for name, program in [("imports", bare), *((str(c), p) for c, p in tokens.items())]:
                single.setdefault(name, []).append(seconds(program))
                if number <= max(3, rounds // 3) and name in {"imports", "100"}:
                    together.setdefault(name, []).append(seconds(program, PARALLEL))
        changes = {count: change_costs(tokens[count][1], rounds) for count in COUNTS}
    median = {name: statistics.median(taken[1:]) for name, taken in single.items()}
    print(f"{rounds} rounds, medians; the first round warms up and is left out")
    print("  entries   token   x 10 entries   x its imports   change: process    clock")
    for count in COUNTS:
        taken, (process, clock) = median[str(count)], changes[count]
        print(
            f"  {count:>7,} {taken * 1000:5.0f} ms {taken / median['10']:11.2f} "
            f"{taken / median['imports']:15.2f} {process * 1000:17.1f} ms {clock * 1000:6.1f} ms"
        )
    parallel = {name: statistics.median(taken[1:]) for name, taken in together.items()}
    print(
        f"  {PARALLEL} at once: token {parallel['100']:.2f} s, bare Python with the same imports "
        f"{parallel['imports']:.2f} s: {parallel['100'] / parallel['imports']:.2f} times"
    )


if __name__ == "__main__":
    main()
