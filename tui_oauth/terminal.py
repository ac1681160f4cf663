"""The surroundings of this terminal: pure functions of an environment, and of what files say."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

_TOOLBOX = "/run/.toolboxenv"
_SYSTEMD = "/run/systemd/container"
_CGROUP = "/proc/1/cgroup"
_LEFT_BY_RUNTIME = ("/.dockerenv", "/run/.containerenv")
MACHINE_FILES = (*_LEFT_BY_RUNTIME, _TOOLBOX, _SYSTEMD, _CGROUP)
"""What `in_container` wants to know of the machine."""

_RUNTIME = re.compile(r"[/:](?:docker|libpod|lxc|kubepods|containerd|cri-|crio|garden|ecs)\b")
_MAX_FILE = 4_096


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


def in_container(environ: Mapping[str, str], files: Mapping[str, str]) -> bool:
    """Whether this is a container, whose loopback no browser outside of it reaches.

    `files` has the text of those of MACHINE_FILES that there are. Docker and Podman leave a file,
    systemd notes what it runs in, Podman, LXC and nspawn set `container`, Kubernetes names its
    service, and with cgroups of version 1 the runtime's name stands in the path. Toolbox, Distrobox
    and Flatpak share the machine's network and browser, and WSL is no container to us.
    """
    if _TOOLBOX in files or environ.get("DISTROBOX_ENTER_PATH"):
        return False
    if any(name in files for name in _LEFT_BY_RUNTIME) or environ.get("KUBERNETES_SERVICE_HOST"):
        return True
    named = {environ.get("container", ""), files.get(_SYSTEMD, "").strip()}
    if named - {"", "wsl", "flatpak"}:
        return True
    return _RUNTIME.search(files.get(_CGROUP, "")) is not None


def machine_files() -> dict[str, str]:
    """Those of MACHINE_FILES that can be read, with what is in them."""
    found = {}
    for name in MACHINE_FILES:
        with suppress(OSError), open(name, "rb") as file:
            found[name] = file.read(_MAX_FILE).decode("utf-8", "replace")
    return found


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
