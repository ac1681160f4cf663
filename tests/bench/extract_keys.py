"""What keys cost in the screens of Extract, in a real terminal: a press until it is seen.

    python tests/bench/extract_keys.py [COLUMNSxROWS] [ROUNDS]

The resources of an entry, its first contacts, and the text of the row under the cursor. As in
`dropdown.py`, the same keys are pressed in several rounds, and of each key the calmest one counts.
Target: no key above 50 ms.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.dropdown import said
from tests.bench.extract import Server
from tests.terminal.key_to_screen import press
from tests.terminal.pty_driver import PtyProgram

RESOURCES = ["down", "up", "down", "down", "pagedown", "pageup", "space", "space", "end", "home"]
RESOURCES += ["a", "a", "tab", "shift+tab"]
ROWS = ["down", "down", "up", *"jk", *["down"] * 12, "right", "right", "left", "left", "pagedown"]
ROWS += ["pageup", "end", "home", "enter", "down", "up", "pagedown", "pageup", "enter"]


def main() -> None:
    size = sys.argv[1] if len(sys.argv) > 1 else "120x40"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    columns, rows = (int(number) for number in size.split("x"))
    with tempfile.TemporaryDirectory() as home, Server(1_000, Path(home)) as server:
        argv = [sys.executable, "-P", "-m", "tui_oauth"]
        with PtyProgram(argv, size=(columns, rows), env=server.environ, cwd=home) as window:
            window.wait_for("bench")
            window.wait_quiet()
            window.send("e")
            window.wait_for("of 31 picked ─")
            window.wait_quiet()
            resources = [[press(window, key) for key in RESOURCES] for _ in range(rounds)]
            window.send("p")
            window.wait_for("20 rows")
            window.wait_quiet()
            first = [[press(window, key) for key in ROWS] for _ in range(rounds)]
    said(f"the resources, {columns}x{rows}", resources)
    said(f"the first rows, {columns}x{rows}", first)


if __name__ == "__main__":
    main()
