"""What one call of an API costs beyond the HTTP library's own work: the token is read for each.

    python tests/bench/api_call.py

Processor time in microseconds of `EntryAuth` and `RequestsAuth` for one request, with a valid token and a
vault that nobody changes; the best of seven series. Target: well under a millisecond, since whoever
extracts data asks thousands of times.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import requests

sys.path.insert(0, str(Path(__file__).parents[2]))
URL = "https://api.intercom.io/contacts"
SERIES, CALLS = 7, 200


def best(work: Callable[[], object]) -> float:
    """Microseconds of processor time for one `work`."""
    work()
    taken = []
    for _ in range(SERIES):
        began = time.process_time()
        for _ in range(CALLS):
            work()
        taken.append((time.process_time() - began) / CALLS * 1e6)
    return min(taken)


def main(count: int) -> None:
    """Print what a call costs among `count` entries."""
    from tests.bench.filled import fill
    from tui_oauth import EntryAuth, RequestsAuth

    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        for name in [name for name in os.environ if name.startswith(("XDG_", "TUI_OAUTH_"))]:
            del os.environ[name]
        fill(os.environ, count)
        for_httpx, for_requests = EntryAuth("entry-100"), RequestsAuth("entry-100")

        def by_httpx() -> None:
            flow = for_httpx.sync_auth_flow(httpx.Request("GET", URL))
            next(flow)
            flow.close()

        def by_requests() -> None:
            for_requests(requests.Request("GET", URL).prepare())

        first = best(by_httpx) - best(lambda: httpx.Request("GET", URL))
        second = best(by_requests) - best(lambda: requests.Request("GET", URL).prepare())
    print(f"{count} entries: EntryAuth {first:.0f} us a call, RequestsAuth {second:.0f} us")


if __name__ == "__main__":
    for number in (200, 1000):
        main(number)
