"""A token in the form in which it is handed to a program: plain, as a header, or as JSON."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui_oauth.errors import ProviderRefused
from tui_oauth.text import rfc3339, unix_time

if TYPE_CHECKING:
    from tui_oauth.model import Entry, EntrySecrets, TokenSet
    from tui_oauth.workspace import Workspace


def one_line(entry: Entry, text: str) -> str:
    """`text` if it is one line of printable characters (checklist rule 117). ProviderRefused."""
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text):
        raise ProviderRefused(
            f"The access token of {entry.name} holds control characters, "
            "which would act on whatever reads the line.",
            "tui-oauth token --json gives it escaped.",
        )
    return text


def header_line(workspace: Workspace, entry: Entry, tokens: TokenSet) -> str:
    """The request header that carries the token, in the service's own scheme."""
    from tui_oauth.entries import entry_service
    from tui_oauth.oauth.api import authorization_header

    one_line(entry, tokens.access_token.reveal())
    name, value = authorization_header(entry_service(workspace, entry), tokens)
    return f"{name}: {value}"


def taken_by_hand(workspace: Workspace, entry: Entry) -> TokenSet:
    """The tokens of `entry` for the person at the window, who wants to copy one: noted, never refused.

    Raises as `tokens.access_token`.
    """
    import contextlib

    from tui_oauth import audit
    from tui_oauth.errors import StorageFailed
    from tui_oauth.programs import caller
    from tui_oauth.tokens import access_token

    tokens = access_token(workspace, entry)
    with contextlib.suppress(StorageFailed):  # the person sees what they took
        audit.note(workspace, entry.id, "window", caller())
    return tokens


def token_fields(entry: Entry, tokens: TokenSet) -> dict[str, Any]:
    """The fields of `tui-oauth token --json`."""
    return {
        "access_token": tokens.access_token.reveal(),
        "token_type": tokens.token_type,
        "expires_at": rfc3339(tokens.expires_at),
        "scopes": list(tokens.scopes),
        "account": entry.account or None,
        "extra": dict(tokens.extra),
    }


def tokens_from(fields: Mapping[str, Any]) -> TokenSet:
    """What `token_fields` says of the tokens, read back: all but what stays in the vault."""
    from tui_oauth.model import TokenSet
    from tui_oauth.secret import Secret

    return TokenSet(
        access_token=Secret(fields["access_token"]),
        token_type=fields["token_type"],
        issued_at=0,
        expires_at=unix_time(fields["expires_at"]),
        scopes=tuple(fields["scopes"]),
        extra=fields["extra"],
    )


def entry_fields(entry: Entry, held: EntrySecrets) -> dict[str, Any]:
    """An entry without its secrets, for another process of this program."""
    from tui_oauth.vault.records import entry_text

    text = entry_text(entry).decode()
    return {"id": entry.id, "revision": entry.revision, "client_id": held.client_id, "entry": text}


def entry_from(fields: Mapping[str, Any]) -> tuple[Entry, str]:
    """The entry and its client ID behind `entry_fields`."""
    from tui_oauth.vault.records import read_entry

    entry = read_entry(fields["entry"].encode(), fields["id"], fields["revision"])
    return entry, fields["client_id"]


def bound_note(entry: Entry, tokens: TokenSet) -> str:
    """What has to be known of a token that is bound to a key; empty for any other."""
    if not tokens.bound:
        return ""
    return (
        f"The token of {entry.name} is bound to a key (DPoP): alone it opens nothing, each call "
        "needs a proof of its own. In Python, tui_oauth.EntryAuth makes them."
    )
