"""What tests of a running agent share: entries in trouble, and waiting for what it does."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli_tools import Shell

from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.workspace import Workspace

SECONDS = 20.0


def wait_for(condition: Callable[[], Any]) -> Any:
    """The first true value of `condition`, asked again and again."""
    until = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)
    return found


def talk(runtime: Path, *lines: str) -> list[str]:
    """What the socket answers to some lines, by a plain client."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        descriptor = os.open(runtime, os.O_RDONLY)
        connection.connect(f"/proc/self/fd/{descriptor}/agent.sock")
        os.close(descriptor)
        connection.sendall("".join(f"{line}\n" for line in lines).encode())
        connection.shutdown(socket.SHUT_WR)
        out = b""
        while piece := connection.recv(65_536):
            out += piece
    return out.decode().splitlines()


def entry_of(shell: Shell, name: str = "practice") -> dict[str, Any]:
    """What `agent status` says of one entry."""
    entries = shell.run("agent", "status", "--json").json["entries"]
    found: dict[str, Any] = next(entry for entry in entries if entry["name"] == name)
    return found


def age(shell: Shell, seconds: int, name: str = "practice") -> None:
    """Move the entry's tokens into the past, as another process would."""
    vault = Workspace.from_environment(shell.environ).vault

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        assert held.tokens is not None
        assert held.tokens.expires_at is not None
        tokens = held.tokens._replace(
            issued_at=held.tokens.issued_at - seconds,
            expires_at=held.tokens.expires_at - seconds,
        )
        moved = current._replace(issued_at=tokens.issued_at, expires_at=tokens.expires_at)
        return moved, held._replace(tokens=tokens)

    vault.change(vault.find(name).id, edit)


def copy_of(shell: Shell, name: str, port: int, *, refresh_token: str = "") -> None:
    """An entry like `practice` at the provider on `port`; with its client and, unless another is given,
    its refresh token."""
    vault = Workspace.from_environment(shell.environ).vault
    first = vault.find("practice")
    held = vault.secrets(first)
    if refresh_token:
        from tui_oauth.secret import Secret

        assert held.tokens is not None
        held = held._replace(tokens=held.tokens._replace(refresh_token=Secret(refresh_token)))
    entry = first._replace(id="", name=name, variables={"port": str(port)}, revision=0)
    vault.add(entry, held)
