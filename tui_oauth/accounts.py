"""Whose token it is: asked at the provider, kept beside the entry."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_oauth.entries import entry_service, shell_word
from tui_oauth.errors import UsageProblem
from tui_oauth.model import Account, Entry, EntrySecrets, TokenSet
from tui_oauth.oauth.identity import identity_request, read_identity
from tui_oauth.sending import Prover, send
from tui_oauth.tokens import access_token

if TYPE_CHECKING:
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

IDENTITY_SECONDS = 10.0


async def check_entry(workspace: Workspace, entry: Entry) -> Account:
    """Ask the provider whose token it is, and keep the answer.

    Raises NeedsPerson when there is no token, UsageProblem when the service has no such request,
    ProviderRefused or ProviderUnreachable.
    """
    tokens = await asyncio.to_thread(access_token, workspace, entry)
    service = await asyncio.to_thread(entry_service, workspace, entry)
    held = await asyncio.to_thread(workspace.vault.secrets, entry)
    prover = await asyncio.to_thread(_prover, workspace, service, held, tokens)
    account = await ask_account(workspace, entry, service, tokens, held.client_id, prover)
    if account is None:
        raise UsageProblem(
            f"{service.name} has no request that tells whose token it is.",
            f"Use the token, for instance with: tui-oauth header {shell_word(entry.name)}",
        )
    return account


async def ask_account(
    workspace: Workspace,
    entry: Entry,
    service: Service,
    tokens: TokenSet,
    client_id: str,
    prover: Prover | None = None,
) -> Account | None:
    """Whose `tokens` are, asked and kept; None when the service has no such request.

    `prover` signs the request where the tokens are bound to a key (RFC 9449 section 7).
    """
    request = identity_request(service, tokens, client_id)
    if request is None:
        return None
    response = await send(workspace, request, deadline=IDENTITY_SECONDS, prover=prover)
    account, kept = read_identity(service, response)
    # A cancelled check still keeps what it learned: a write is not stopped half-way.
    await asyncio.shield(asyncio.to_thread(_keep_account, workspace, entry, tokens, account, kept))
    return account


def _prover(
    workspace: Workspace, service: Service, held: EntrySecrets, tokens: TokenSet
) -> Prover | None:
    if not tokens.bound:
        return None
    from tui_oauth.proofs import prover_of  # cryptography, for bound tokens only

    return prover_of(workspace, service, held, tokens)


def _keep_account(
    workspace: Workspace,
    entry: Entry,
    asked_with: TokenSet,
    account: Account,
    kept: Mapping[str, str],
) -> Entry:
    """Keep whose token `asked_with` is, and `kept` beside it; the entry as it stands then.

    Nothing is written when the entry has other tokens by now: they may be another account's.
    """

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        tokens = held.tokens
        if tokens is None or tokens.access_token != asked_with.access_token:
            return current, held
        changed = replace(
            current, account=account.name, account_detail=account.detail, last_error=""
        )
        return changed, replace(held, tokens=replace(tokens, extra={**tokens.extra, **kept}))

    return workspace.vault.change(entry.id, edit)  # writes nothing when nothing is new
