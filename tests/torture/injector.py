"""Runs commands of tui-oauth in which one file call fails, tears or is the last: a fork server.

    python -P tests/torture/injector.py        (started by `tests/torture/server.py`)

It imports the program once and then reads jobs from standard input, one JSON object a line. For
each it forks; the child runs the command's real `main` with `os` calls counted, and at call number
`at` does what `fault` says:

    kill    the process ends by SIGKILL before the call
    torn    a write puts down half of its data, then the process is killed
    ENOSPC, EIO   the call fails so (a close has closed all the same)

Only calls that the program itself makes are counted, not those of Python and its libraries. The
answer is one JSON object a line: exit status, what it printed, and how many calls there were.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

WRITING = ("write", "pwrite", "ftruncate", "fsync", "fchmod", "link", "rename", "unlink", "mkdir")
OTHER = ("open", "close", "fstat", "lstat", "stat", "read", "pread", "posix_fallocate")
OURS = ("tui_oauth", "pathlib")


class Faults:
    """Counts the calls of this process and lets one of them go wrong."""

    def __init__(self, fault: str, at: int, calls_to: int) -> None:
        self.fault = fault
        self.at = at
        self.calls_to = calls_to
        self.seen: list[str] = []
        for module, name in [(os, name) for name in (*WRITING, *OTHER)] + [(fcntl, "flock")]:
            setattr(module, name, self._wrapped(name, getattr(module, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            caller: str = sys._getframe(1).f_globals.get("__name__", "")
            if not caller.startswith(OURS):
                return real(*args, **more)
            self.seen.append(name)
            if len(self.seen) == self.at:
                return self._go_wrong(name, real, args, more)
            return real(*args, **more)

        return call

    def _go_wrong(
        self, name: str, real: Callable[..., Any], args: tuple[Any, ...], more: dict[str, Any]
    ) -> Any:
        if self.fault == "torn" and name in {"write", "pwrite"}:
            descriptor, data, *rest = args
            real(descriptor, bytes(data)[: len(data) // 2], *rest)
        if self.fault in {"kill", "torn"}:
            self.report()
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "close":
            real(*args, **more)
        number: int = getattr(errno, self.fault)
        raise OSError(number, os.strerror(number), *[a for a in args[:1] if isinstance(a, str)])

    def report(self) -> None:
        for part in json.dumps(self.seen).encode(), b"\n":
            os.writev(self.calls_to, [part])  # not one of the counted calls


def run(job: dict[str, Any]) -> dict[str, Any]:
    """One command in a process of its own."""
    calls, calls_to = os.pipe()
    output = os.memfd_create("output")
    words = os.memfd_create("words")
    pid = os.fork()
    if pid == 0:
        _child(job, output, words, calls_to)
    os.close(calls_to)
    reported = b"".join(iter(lambda: os.read(calls, 65_536), b""))
    os.close(calls)
    _, status = os.waitpid(pid, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": _content(output),
        "err": _content(words),
        "calls": json.loads(reported) if reported else [],
    }


def _child(job: dict[str, Any], output: int, words: int, calls_to: int) -> None:
    signal.alarm(60)
    with open("/dev/null" if job.get("stdin") is None else _given(job["stdin"])) as given:
        os.dup2(given.fileno(), 0)
    os.dup2(output, 1)
    os.dup2(words, 2)
    os.environ.clear()
    os.environ.update(job["environ"])
    code = 70
    try:
        from tui_oauth.cli.main import main

        faults = Faults(job.get("fault", ""), job.get("at", 0), calls_to)
        code = main(job["argv"])
        faults.report()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _given(text: str) -> str:
    descriptor = os.memfd_create("given")
    os.write(descriptor, text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return f"/proc/self/fd/{descriptor}"


def _content(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    text = os.pread(descriptor, size, 0).decode("utf-8", "replace")
    os.close(descriptor)
    return text


def serve() -> None:
    # What the commands import on their way, so that a fork does not pay for it each time.
    import argparse  # noqa: F401
    import asyncio  # noqa: F401
    import ctypes  # noqa: F401

    import tui_oauth.cli.entries
    import tui_oauth.cli.main
    import tui_oauth.cli.tokens
    import tui_oauth.cli.tree
    import tui_oauth.net
    import tui_oauth.tokens
    import tui_oauth.trust
    import tui_oauth.vault
    import tui_oauth.wire.aside
    import tui_oauth.wire.streams
    import tui_oauth.workspace  # noqa: F401

    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    serve()
