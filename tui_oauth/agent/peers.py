"""Who is at the other end of a Unix socket, as the kernel says (unix(7), SO_PEERCRED)."""

from __future__ import annotations

import os
import socket
import struct

from tui_oauth.programs import Program, parent_of, program


def peer_of(connection: socket.socket) -> tuple[int, int]:
    """User and process number of whoever connected. OSError where the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        raise OSError("this system does not say who is at the other end of a socket")
    size = struct.calcsize("3i")
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, size))
    return uid, pid


def taker(uid: int, pid: int, *, via_command: bool) -> Program:
    """The program that a token is for: the peer, or, where that is a command of ours, what started it.

    A program that only pretends to be a command of ours is told by its parent: a record of who took a
    token names processes, it is no proof of intent.
    """
    if uid != os.geteuid():
        return Program(uid, pid, "", "")
    return program(parent_of(pid)) if via_command else program(pid)
