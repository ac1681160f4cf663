"""A vault filled with authorized entries, for the benchmarks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping

from tui_oauth.model import Account, Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.paths import places
from tui_oauth.secret import Secret
from tui_oauth.vault import create_vault


def fill(environ: Mapping[str, str], count: int) -> None:
    """Make a key-file vault for `environ` with `count` authorized Intercom entries."""
    vault = create_vault(places(environ))
    for number in range(count):
        vault.add(*authorized_entry(f"entry-{number:03}", secrets.token_urlsafe(40)))


def authorized_entry(name: str, token: str) -> tuple[Entry, EntrySecrets]:
    """An authorized Intercom entry whose token is valid for most of an hour."""
    now = int(time.time())
    tokens = TokenSet(Secret(token), "Bearer", now, now + 3000, Secret("r" * 60))
    entry = Entry(
        id=secrets.token_hex(16),
        name=name,
        service="intercom",
        service_name="Intercom",
        created_at=now,
        updated_at=now,
        configured=True,
    )
    return (
        with_tokens(entry, tokens, now, Account("Acme")),
        EntrySecrets("client", Secret("s" * 40), tokens),
    )
