"""Which program a process is, from the kernel's own files (proc(5)), never from its arguments."""

from __future__ import annotations

import os
from typing import NamedTuple


class Program(NamedTuple):
    """A process at one moment. `path` is its executable file, `name` what the kernel calls it.

    Both are empty where the kernel does not say: the process has ended, or belongs to somebody else.
    For a script the executable is its interpreter.
    """

    uid: int
    pid: int
    path: str
    name: str


def caller() -> Program:
    """The program that started this one."""
    return program(os.getppid())


def program(pid: int) -> Program:
    """The process with this number."""
    folder = f"/proc/{pid}"
    try:
        uid = os.stat(folder).st_uid  # noqa: PTH116 - `token` does it each time
    except OSError:
        return Program(os.getuid(), pid, "", "")
    try:
        path = os.readlink(f"{folder}/exe")  # noqa: PTH115
    except OSError:
        path = ""
    return Program(uid, pid, path, _first(f"{folder}/comm").rstrip("\n"))


def parent_of(pid: int) -> int:
    """The number of the process that started this one; 0 where that is not known."""
    # The name in the second field may hold anything, brackets too; what follows the last one counts.
    fields = _first(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 and fields[1].isdigit() else 0


def _first(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 4096).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
