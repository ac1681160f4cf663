"""The process that a window extracts in; `apart` starts it.

The first line of standard input is the request; the word `stop`, or the end of the input, ends the run
with everything kept. So a window that is closed or killed loses nothing. Each line of standard output
is a JSON object: `progress`, and at the end `summary` with `rows`, `problem`, or `defect`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from tui_oauth.errors import TuiOauthError
from tui_oauth.paths import Places
from tui_oauth.secret import Secret


def main() -> None:
    """Carry out the request on standard input."""
    request = json.loads(_first_line())
    stop = threading.Event()
    threading.Thread(target=_listen, args=(stop,), daemon=True, name="stop").start()
    answers = os.fdopen(os.dup(1), "wb")
    _silence()

    def send(told: dict[str, Any]) -> None:
        try:
            answers.write(json.dumps(told, default=str).encode() + b"\n")
            answers.flush()
        except OSError:
            stop.set()  # nobody listens any more

    send(_answer(request, stop, send))


def _answer(request: dict[str, Any], stop: threading.Event, send: Any) -> dict[str, Any]:
    from tui_oauth.extract import wire
    from tui_oauth.extract.loaded import first_rows
    from tui_oauth.extract.running import Progress, extract
    from tui_oauth.hardening import harden

    harden()
    places = Places(*map(Path, request["places"]))

    def watch(progress: Progress) -> None:
        send({"progress": wire.from_progress(progress)})

    try:
        workspace = _workspace(places, Secret(request["key"]))
        summary = extract(workspace, **request["wanted"], watch=watch, stop=stop)
        return {"summary": wire.from_summary(summary), "rows": first_rows(summary)}
    except TuiOauthError as problem:
        return {"problem": wire.from_problem(problem)}
    except Exception as defect:
        from tui_oauth import __version__
        from tui_oauth.defects import record

        where = record(defect, places.log, "(extract)", __version__)
        return {"defect": f"{type(defect).__name__}. {where}"}


def _workspace(places: Places, key: Secret) -> Any:
    from tui_oauth.settings import load
    from tui_oauth.vault.handed_over import open_with
    from tui_oauth.workspace import Workspace

    workspace = Workspace(dict(os.environ), places, load(places.settings))
    workspace.use_vault(open_with(places.vault, key))
    return workspace


def _first_line() -> bytes:
    """From the descriptor itself: nothing may be left in a buffer, or be locked at the end."""
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece:
            sys.exit(1)
        line += piece
    return bytes(line)


def _listen(stop: threading.Event) -> None:
    while not stop.is_set():
        if os.read(0, 64) in {b"", b"stop\n"}:
            stop.set()


def _silence() -> None:
    """Whatever a library prints, it is no answer of ours."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


if __name__ == "__main__":
    main()
