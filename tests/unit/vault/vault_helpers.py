"""What the tests of the vault share: entries to store, and programs that run beside them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tui_oauth.model import Entry, EntrySecrets, TokenSet
from tui_oauth.paths import Places, places
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault, open_vault


def entry(name: str = "work", **changes: object) -> Entry:
    values: dict[str, object] = {
        "id": "",
        "name": name,
        "service": "intercom",
        "service_name": "Intercom",
        "created_at": 1_700_000_000,
        "updated_at": 1_700_000_000,
    }
    return Entry(**{**values, **changes})  # type: ignore[arg-type]


def tokens(access: str = "at-1", refresh: str | None = "rt-1") -> TokenSet:
    return TokenSet(
        access_token=Secret(access),
        token_type="Bearer",
        issued_at=1_700_000_000,
        expires_at=1_700_003_600,
        refresh_token=None if refresh is None else Secret(refresh),
        scopes=("read", "write"),
        extra={"instance_url": "https://eu.example.com"},
    )


def secrets(client_secret: str = "cs-1", access: str = "at-1") -> EntrySecrets:
    return EntrySecrets("client-1", Secret(client_secret), tokens(access))


def with_access(access: str) -> Callable[[Entry, EntrySecrets], tuple[Entry, EntrySecrets]]:
    """An edit that stores other tokens."""
    return lambda held, kept: (held, kept._replace(tokens=tokens(access)))


def places_of(home: Path) -> Places:
    return places({"HOME": str(home)})


def reopen(home: Path) -> Vault:
    return open_vault(places_of(home), {})


def names_beside(vault: Path) -> set[str]:
    """What lies in the vault's folder, but for the copies of days: midnight may be any time."""
    names = {path.name for path in vault.parent.iterdir()}
    return {name for name in names if not re.fullmatch(r".*\.\d{4}-\d\d-\d\d\.bak", name)}


def state_of(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file below `folder`: content, mode and time of change."""
    return {
        str(path.relative_to(folder)): (
            path.read_bytes() if path.is_file() else b"",
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
    }


def program(home: Path, code: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python process with `home` as its home; `vault` is open in it and `argv` holds arguments."""
    setup = (
        "import sys, os\n"
        "from tui_oauth.paths import places\n"
        "from tui_oauth.vault import open_vault\n"
        "argv = sys.argv[1:]\n"
        "vault = open_vault(places(os.environ), os.environ)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", setup + code, *arguments],
        env={"HOME": str(home), "PATH": os.environ.get("PATH", "")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
