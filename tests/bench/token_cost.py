"""What `tui-oauth token` costs with a valid token, against the imports it cannot do without.

    python tests/bench/token_cost.py [ROUNDS]

Prints medians and their ratio (target: at most 2), for 10, 100 and 1,000 entries.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
FLOOR = "import argparse, json, tinydb, cryptography.hazmat.primitives.ciphers.aead"


def seconds(argv: list[str], environ: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(argv, env=environ, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    from tests.bench.filled import fill

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    with tempfile.TemporaryDirectory() as folder:
        programs: dict[str, tuple[list[str], dict[str, str]]] = {
            "bare imports": ([sys.executable, "-c", FLOOR], dict(os.environ))
        }
        for count in (10, 100, 1000):
            home = Path(folder, str(count))
            home.mkdir()
            kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "TUI_OAUTH_"))}
            environ = {**kept, "HOME": str(home)}
            fill(environ, count)
            argv = [sys.executable, "-m", "tui_oauth", "token", "entry-005"]
            programs[f"token, {count:,} entries"] = (argv, environ)
        times: dict[str, list[float]] = {name: [] for name in programs}
        for number in range(rounds + 1):
            for name, (argv, environ) in programs.items():
                taken = seconds(argv, environ)
                if number:
                    times[name].append(taken)
    floor = statistics.median(times["bare imports"])
    print(f"one valid token, whole process, {rounds} rounds")
    for name, taken_times in times.items():
        median = statistics.median(taken_times)
        print(f"  {name:22} {median * 1000:7.1f} ms  {median / floor:5.2f} times the bare imports")


if __name__ == "__main__":
    main()
