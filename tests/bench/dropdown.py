"""What the dropdown of services costs: reading the list, and a key press until it is seen.

    python tests/bench/dropdown.py [COLUMNSxROWS] [ROUNDS]

Reading is measured in a fresh process that has loaded what the window has loaded. Keys are pressed
in a real pseudo-terminal over a list of 300 services, one at a time, and count until the last byte
was read that changed the screen: list, Callback URL, name and details. A bare Textual input over a
list of as many lines is measured beside it. A machine has other things to do, so the same keys are
pressed in several rounds, and of each key the calmest one counts. Target: no key above 50 ms.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.terminal.key_to_screen import Seen, press
from tests.terminal.pty_driver import PtyProgram

SERVICES = 300
WORDS = ("zoho", "goog", "inter", "msft", "crm", "zendesk")
WALK = ("down",) * 6 + ("pagedown",) * 3 + ("pageup",) * 2 + ("up",) * 2

READING = """
import resource
import tui_oauth.tui.app, tui_oauth.tui.screens.create  # what the window has loaded by then
from tui_oauth.services.catalogue import Catalogue

def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000

before = spent()
count = len(Catalogue().all())
print(f"reading {count} services: {spent() - before:.1f} ms")
before = spent()
Catalogue().search("a")
print(f"and the first search: {spent() - before:.1f} ms")
"""

BARE = """
from textual.app import App
from textual.widgets import Input, OptionList
LINES = [f"Service {number}" for number in range({count})]

class Bare(App):
    def compose(self):
        yield Input()
        yield OptionList(*LINES)

    def on_input_changed(self, event):
        fitting = [line for line in LINES if event.value.casefold() in line.casefold()]
        self.query_one(OptionList).set_options(fitting)

Bare().run()
"""


def main() -> None:
    size = sys.argv[1] if len(sys.argv) > 1 else "80x24"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    columns, rows = (int(number) for number in size.split("x"))
    root = str(Path(__file__).parents[2])
    print(subprocess.check_output([sys.executable, "-c", READING], text=True, cwd=root), end="")
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "PYTHONPATH": root}
        argv = [sys.executable, "-c", BARE.replace("{count}", str(SERVICES))]
        with PtyProgram(argv, size=(columns, rows), env=env) as window:
            window.wait_for("Service 1")
            window.wait_quiet()
            keys = [*"service 12", "backspace", "ctrl+u"]
            said("a bare list", [[press(window, key) for key in keys] for _ in range(rounds)])
        prepare(Path(home), env)
        argv = [sys.executable, "-P", "-m", "tui_oauth"]
        with PtyProgram(argv, size=(columns, rows), env=env) as window:
            window.wait_for("No OAuth entries yet")
            window.wait_quiet()
            window.send("n")
            window.wait_for(f"{SERVICES} services")
            window.wait_quiet()
            keys = [key for word in WORDS for key in [*word, "down", "down", "ctrl+u"]] + [*WALK]
            keys.append("ctrl+u")
            seen = [[press(window, key) for key in keys] for _ in range(rounds)]
    said(f"the dropdown, {columns}x{rows}", seen)


def prepare(home: Path, env: dict[str, str]) -> None:
    """A vault, and own services up to the number."""
    from tui_oauth.services.catalogue import Catalogue

    subprocess.run(
        [sys.executable, "-m", "tui_oauth", "init"], env=env, check=True, stdout=-3, stderr=-3
    )
    folder = home / ".config" / "tui-oauth" / "services"
    folder.mkdir(mode=0o700, parents=True)
    for number in range(SERVICES - len(Catalogue().all())):
        file = folder / f"own-{number}.toml"
        file.write_text(
            f'id = "own-{number}"\nname = "Own service {number}"\n'
            'authorize_url = "https://own.test/authorize"\ntoken_url = "https://own.test/token"\n'
        )
        file.chmod(0o600)


def said(name: str, rounds: list[list[Seen]]) -> None:
    """Print the figures of one list: the rounds are the same keys in the same order."""
    whole = [seen.seen for one in rounds for seen in one]
    calm = [min(same, key=lambda seen: seen.seen) for same in zip(*rounds, strict=True)]
    print(f"{name}, {len(rounds)} rounds of {len(calm)} keys until seen:")
    print(f"    all: median {statistics.median(whole):.0f} ms, slowest {max(whole):.0f} ms")
    best, busy = [seen.seen for seen in calm], [seen.busy for seen in calm]
    print(f"    calmest round: median {statistics.median(best):.0f}, slowest {max(best):.0f}")
    print(f"    process time then: median {statistics.median(busy):.0f}, most {max(busy):.0f}")
    for at in sorted(range(len(calm)), key=lambda at: -best[at])[:4]:
        before = " ".join(seen.name for seen in calm[max(0, at - 5) : at])
        print(f"        {before} [{calm[at].name}]: {best[at]:.0f} ms, process {busy[at]:.0f}")


if __name__ == "__main__":
    main()
