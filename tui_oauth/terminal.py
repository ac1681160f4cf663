"""The surroundings of this terminal: a pure function of an environment."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Mapping
from typing import NamedTuple


class Surroundings(NamedTuple):
    """What the environment says about where the person sits."""

    over_ssh: bool
    in_tmux: bool
    in_screen: bool
    graphical: bool
    dumb: bool


def surroundings(environ: Mapping[str, str], platform: str) -> Surroundings:
    """The surroundings that `environ` describes; `platform` as `sys.platform`."""
    over_ssh = bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
    display = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    wsl = bool(environ.get("WSL_DISTRO_NAME"))
    return Surroundings(
        over_ssh=over_ssh,
        in_tmux=bool(environ.get("TMUX")),
        in_screen=bool(environ.get("STY")),
        graphical=not over_ssh and (display or wsl or platform == "darwin"),
        dumb=environ.get("TERM", "") in {"", "dumb"},
    )


def ssh_forward(port: int, environ: Mapping[str, str], *, user: str, host: str) -> str:
    """The command that, run on the laptop, makes the callback server reachable from its browser.

    The host is the address that the SSH session arrived at, as the laptop knows it
    (`SSH_CONNECTION`: client address and port, server address and port); outside a session
    `host` stands in for it.
    """
    parts = environ.get("SSH_CONNECTION", "").split()
    options = ""
    if len(parts) == 4:
        host = parts[2]
        if parts[3] != "22" and parts[3].isdigit():
            options = f"-p {parts[3]} "
    target = f"{user}@{host}" if user else host
    return f"ssh -N -L {port}:127.0.0.1:{port} {options}{shlex.quote(target)}"


def ssh_escape_forward(port: int) -> str:
    """What is typed after `~C` in an open ssh session for the same as `ssh_forward`.

    ssh(1), ESCAPE CHARACTERS. From OpenSSH 9.2 on the client refuses it unless its configuration says
    `EnableEscapeCommandline yes` (ssh_config(5)).
    """
    return f"-L {port}:127.0.0.1:{port}"


def is_behind_nat(environ: Mapping[str, str]) -> bool:
    """Whether the address of this server is one that the ssh client cannot have named.

    It came from a public address to a private one, so somebody in between translated.
    """
    parts = environ.get("SSH_CONNECTION", "").split()
    try:
        client, server = (ipaddress.ip_address(part.partition("%")[0]) for part in parts[::2])
    except ValueError:
        return False
    return client.is_global and server.is_private
