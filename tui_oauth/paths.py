"""Where things are (README, "Places"): a pure function of the environment.

The XDG base directories are used on every system, so that a path in a guide or a script holds
everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

NAME = "tui-oauth"


class Places(NamedTuple):
    """The files and folders of one person. Nothing here says that they exist."""

    vault: Path
    key_file: Path
    settings: Path
    own_services: Path
    state: Path

    @property
    def certificate(self) -> Path:
        """The callback server's own certificate; its key lies beside it."""
        return self.state / "callback" / "certificate.pem"

    @property
    def log(self) -> Path:
        return self.state / "tui-oauth.log"


def places(environ: Mapping[str, str], vault: str = "", key_file: str = "") -> Places:
    """The places for `environ`; `vault` and `key_file` are the options of the command line."""
    data = _base(environ, "XDG_DATA_HOME", ".local/share")
    config = _base(environ, "XDG_CONFIG_HOME", ".config")
    state = _base(environ, "XDG_STATE_HOME", ".local/state")
    settings = _given(environ.get("TUI_OAUTH_CONFIG", "")) or config / NAME / "config.toml"
    return Places(
        vault=_given(vault or environ.get("TUI_OAUTH_VAULT", "")) or data / NAME / "vault.json",
        key_file=_given(key_file or environ.get("TUI_OAUTH_KEY_FILE", ""))
        or config / NAME / "vault.key",
        settings=settings,
        own_services=settings.parent / "services",
        state=state / NAME,
    )


def _base(environ: Mapping[str, str], name: str, below_home: str) -> Path:
    value = environ.get(name, "")
    # A relative value is invalid by the XDG Base Directory Specification and is ignored.
    if value.startswith("/"):
        return Path(value)
    return Path(environ.get("HOME") or Path.home()) / below_home


def expanded(value: str) -> Path:
    """`value` as a path, `~` and `~name` expanded as a shell does: an unknown name stays as it is."""
    path = Path(value)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _given(value: str) -> Path | None:
    return expanded(value).absolute() if value else None
