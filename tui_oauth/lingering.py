"""The access that a new sign-in of the same account replaces: ended, where that harms nothing.

What nobody holds any more stays good at the service until it ends by itself, perhaps for years. Best
effort, after the new tokens are stored; the sign-in has succeeded whatever comes of it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui_oauth.errors import ProviderRefused, TuiOauthError
from tui_oauth.oauth.revoke import (
    had_ended,
    is_standard,
    is_wrong_kind,
    read_revocation,
    revocation_requests,
)
from tui_oauth.sending import send

if TYPE_CHECKING:
    from tui_oauth.model import Entry, TokenSet
    from tui_oauth.oauth.client import Client
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

LINGERING_SECONDS = 5.0
"""For all of it: the person waits for the end of the sign-in."""


async def end_replaced(
    workspace: Workspace, service: Service, client: Client, old: TokenSet
) -> str:
    """Revoke `old`, the tokens that a sign-in has replaced and that `may_end`.

    What went wrong comes back as a sentence, else an empty text.
    """
    try:
        async with asyncio.timeout(LINGERING_SECONDS):
            for request in revocation_requests(service, client, old):
                response = await send(workspace, request, deadline=LINGERING_SECONDS)
                try:
                    read_revocation(service, response)
                except ProviderRefused as error:
                    if not (had_ended(service, error) or is_wrong_kind(error)):
                        raise
    except TimeoutError:
        reason = f"{service.name} did not answer in time."
    except TuiOauthError as error:
        reason = error.message
    else:
        return ""
    return f"The access that this sign-in replaces was not revoked. {reason}"


def may_end(service: Service, before: Entry, after: Entry, old: TokenSet, new: TokenSet) -> bool:
    """Whether `old` can be revoked and `new` stays good.

    Only where the service revokes single tokens, as a file says that somebody has looked into:
    many servers end a person's whole consent or session with one token. And only where the
    account is known to be the same, for another one's access is not ours to end.
    """
    if before.pinned or service.quirks.revoke.ends_consent or not is_standard(service):
        return False
    if not before.account or _whose(before) != _whose(after):
        return False
    shared = old.access_token == new.access_token or (
        old.refresh_token is not None and old.refresh_token == new.refresh_token
    )
    return not shared


def _whose(entry: Entry) -> tuple[str, str, dict[str, str]]:
    return entry.account, entry.account_detail, dict(entry.variables)
