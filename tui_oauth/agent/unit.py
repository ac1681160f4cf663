"""The systemd user unit that runs the agent, and where it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

UNIT = "tui-oauth-agent.service"
_TEMPLATE = """\
[Unit]
Description=tui-oauth agent: keeps OAuth tokens fresh
Documentation=man:systemd.service(5)

[Service]
Type=exec
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
{environment}Restart=on-failure
RestartSec=5
TimeoutStopSec=45
UMask=0077
LimitCORE=0
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""


def unit_text(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The unit that runs `command`, with the variables it needs beyond the user manager's own."""
    lines = "".join(
        f"Environment={_word(f'{name}={value}')}\n" for name, value in environment.items()
    )
    return _TEMPLATE.format(command=" ".join(_word(word) for word in command), environment=lines)


def unit_path(environ: Mapping[str, str]) -> Path:
    """Where systemd looks for a user's own units (systemd.unit(5))."""
    base = environ.get("XDG_CONFIG_HOME", "")
    home = environ.get("HOME") or Path.home()
    config = Path(base) if base.startswith("/") else Path(home) / ".config"
    return config / "systemd" / "user" / UNIT


def _word(text: str) -> str:
    """`text` as one word of a unit file: quoted, with specifiers and variables off (systemd.service(5))."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
