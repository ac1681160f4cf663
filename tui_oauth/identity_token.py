"""A valid ID token of an entry, for programs that sign in somewhere with it rather than call an API.

Kubernetes and AWS (AssumeRoleWithWebIdentity) take one. It was judged when it came (`id_tokens`),
and its end is its own, not that of the access token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui_oauth.entries import shell_word
from tui_oauth.errors import NeedsPerson
from tui_oauth.model import renews
from tui_oauth.oauth.id_token import LATEST_TIME, BadIdToken, parse

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.secret import Secret
    from tui_oauth.workspace import Workspace


class IdToken(NamedTuple):
    """The token and its end in Unix seconds."""

    text: Secret
    expires_at: int


def id_token(workspace: Workspace, entry: Entry, min_ttl: int, deadline: float) -> IdToken:
    """The ID token of `entry`, renewed first with the access token when it ends within `min_ttl` seconds.

    Raises NeedsPerson where there is none, or none that is valid; else as `tokens.refresh_entry`.
    """
    from tui_oauth.tokens import access_token, refresh_entry

    held = _held(workspace, entry)
    now = workspace.now()
    if held is None:
        access_token(
            workspace, entry, deadline=deadline
        )  # says what is wrong with an entry that is not authorized
        raise NeedsPerson(
            f"{entry.name} has no ID token.",
            "The service gives one where it is asked for the scope openid. Add that scope, then run: "
            f"tui-oauth authorize {shell_word(entry.name)}",
        )
    if held.expires_at - now > min_ttl:
        return held
    if renews(workspace.vault.get(entry.id)):
        refresh_entry(workspace, entry, deadline)
        held = _held(workspace, entry) or held
    if held.expires_at <= workspace.now():
        raise NeedsPerson(
            f"The ID token of {entry.name} has ended, and the service gave no new one.",
            f"Run: tui-oauth authorize {shell_word(entry.name)}",
        )
    return held


def _held(workspace: Workspace, entry: Entry) -> IdToken | None:
    tokens = workspace.vault.secrets(workspace.vault.get(entry.id)).tokens
    if tokens is None or tokens.id_token is None:
        return None
    try:
        ends = parse(tokens.id_token.reveal()).claims.get("exp")
    except BadIdToken:
        return None
    if isinstance(ends, bool) or not isinstance(ends, int | float) or not 0 < ends < LATEST_TIME:
        return None
    return IdToken(tokens.id_token, int(ends))
