"""The process that talks to the system's keyring; `os_keyring` starts it and sets it a limit.

It runs as a script of its own and imports nothing of the program: the package `keyring` takes a
fifth of a second to load, loads whatever back ends are installed, and may wait for a daemon for
ever. The request is one JSON object on standard input, the answer one on standard output; secrets
travel through these two pipes and nowhere else.
"""

from __future__ import annotations

import json
import sys
from typing import Any

# Back ends below this priority are not meant to be used unless someone asks for them: "fail",
# "null" and those that write plain text.
LEAST_PRIORITY = 1


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request: `do` (probe, get, set, delete), `service`, `names`, `value`."""
    try:
        import keyring
    except ImportError:
        return {"problem": "missing"}
    backend = keyring.get_keyring()
    called = f"{type(backend).__module__}.{type(backend).__name__}"
    if backend.priority < LEAST_PRIORITY:
        return {"problem": "none", "backend": called}
    service, names = request["service"], request["names"]
    values: list[str | None] = []
    for name in names:
        if request["do"] == "set":
            backend.set_password(service, name, request["value"])
            values.append(backend.get_password(service, name))
        elif request["do"] == "delete":
            backend.delete_password(service, name)
        else:  # get, and probe: asking for what is not there shows that someone answers
            values.append(backend.get_password(service, name))
    return {"backend": called, "values": values}


def main() -> None:
    request = json.load(sys.stdin)
    try:
        out = answer(request)
    except Exception as error:
        # A back end can raise anything; its words are shown neutralised by who asked.
        out = {"problem": "failed", "reason": f"{type(error).__name__}: {error}"[:300]}
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
