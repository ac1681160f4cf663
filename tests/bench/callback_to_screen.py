"""From the arrival of the callback to Authorization Successful on the screen, in a real terminal.

    python tests/bench/callback_to_screen.py [ROUNDS]

The practice provider answers the token request after 100 ms, which is taken off. The words count when
their bytes reach the terminal: what draws them here (pyte) takes 50 ms for one screen, which no terminal
does. The second figure goes on until it is known, and there, whose account it is. Target for the first:
at most 150 ms.
"""

from __future__ import annotations

import base64
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.stage import Stage, consent, make_workspace
from tests.terminal.pty_driver import PtyProgram
from tui_oauth import net
from tui_oauth.oauth.http import Request
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider

DELAY = 0.1
OSC52 = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07")


def one(provider: PracticeProvider) -> tuple[float, float]:
    """One sign-in in a home and a window of its own; seconds from the callback to words and account."""
    stage = Stage(make_workspace(provider.port), provider)
    stage.configured("work")
    argv = [sys.executable, "-P", "-m", "tui_oauth"]
    with PtyProgram(argv, size=(100, 40), env=dict(os.environ)) as window:
        window.wait_for("work")
        window.send("a")
        window.wait_for("Listening")
        window.send("ctrl+y")
        window.wait_until(lambda: bool(OSC52.search(window.raw)), "the copied link")
        answer = consent(base64.b64decode(OSC52.findall(window.raw)[-1]).decode())
        window.wait_quiet()
        browser = threading.Thread(target=net.fetch, args=(Request("GET", answer, "page"),))
        started = time.perf_counter()
        browser.start()
        words = arrived(window, b"Authorization Successful") - started
        account = arrived(window, b"Aurora Books") - started
        browser.join()
        return words - DELAY, account - DELAY


def arrived(window: PtyProgram, text: bytes) -> float:
    """When the terminal was sent `text`, which it had not been before."""
    while text not in window.raw:
        window.raw += os.read(window._fd, 65_536)
    return time.perf_counter()


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    net.load_ahead()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "TUI_OAUTH_", "SSH_"))}
    kept.pop("TMUX", None)
    times: list[tuple[float, float]] = []
    with PracticeProvider(0, Behaviour(delay=DELAY)) as provider:
        for _ in range(rounds + 1):
            with tempfile.TemporaryDirectory() as folder:
                os.environ.clear()
                os.environ.update(kept, HOME=folder, PYTHONPATH=str(Path(__file__).parents[2]))
                times.append(one(provider))
    del times[0]  # it warms up
    print(f"from the callback, beyond the provider's answer, {rounds} sign-ins")
    both = zip(*times, strict=True)
    for what, taken in zip(("Authorization Successful", "the account"), both, strict=True):
        longest = max(taken) * 1000
        print(
            f"  {what}: median {statistics.median(taken) * 1000:.0f} ms, longest {longest:.0f} ms"
        )


if __name__ == "__main__":
    main()
