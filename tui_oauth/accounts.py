"""Whose token it is and whether it is taken: asked at the provider, kept beside the entry."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_oauth.entries import entry_service, shell_word
from tui_oauth.errors import Fix, NeedsPerson, ProviderRefused, TuiOauthError, UsageProblem
from tui_oauth.introspection import introspect
from tui_oauth.model import Account, Entry, EntrySecrets, Grant, TokenSet, renews
from tui_oauth.oauth.identity import identity_request, read_identity
from tui_oauth.oauth.introspect import Introspection
from tui_oauth.sending import Prover, send
from tui_oauth.text import relative, rfc3339
from tui_oauth.tokens import access_token

if TYPE_CHECKING:
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

IDENTITY_SECONDS = 10.0
NOT_ACTIVE = "token_not_active"
"""The `code` of the refusal when introspection says that the token is not active."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the provider says of an entry's token: whose it is, and whether it is taken.

    `account` is None where the service was not asked for it, `token` likewise. `problem` is why a
    token that is not active is none; `note` what could not be learned although the rest could.
    """

    entry: Entry
    account: Account | None
    token: Introspection | None = None
    problem: TuiOauthError | None = None
    note: str = ""

    @property
    def whose(self) -> str:
        """The account's name by the account check, else by introspection; empty if neither knows."""
        named = self.account.name if self.account is not None else ""
        return named or (self.token.username or self.token.subject if self.token else "")


def activity(token: Introspection, now: int) -> str:
    """What introspection said of an active token, in one line: its end, scopes and client."""
    said = ["active"]
    if token.expires_at is not None:
        said.append(f"ends {relative(token.expires_at, now)} ({rfc3339(token.expires_at)})")
    if token.scopes is not None:
        said.append(f"scopes {' '.join(token.scopes) or 'none'}")
    if token.client_id:
        said.append(f"client {token.client_id}")
    return "; ".join(said)


async def check_entry(workspace: Workspace, entry: Entry) -> Checked:
    """Ask the provider whether it takes the token and whose it is, and keep the answer.

    A token that is not active (RFC 7662 section 2.2) is marked in the entry; authorizing anew is
    needed only where it cannot be refreshed. Raises NeedsPerson when there is no token,
    UsageProblem when the service can be asked neither, ProviderRefused or ProviderUnreachable.
    """
    tokens = await asyncio.to_thread(access_token, workspace, entry)
    service = await asyncio.to_thread(entry_service, workspace, entry)
    held = await asyncio.to_thread(workspace.vault.secrets, entry)
    probing = service.identity_probe is not None
    if not (probing or service.introspect_url):
        raise UsageProblem(
            f"{service.name} has no request that tells whose token it is.",
            f"Use the token, for instance with: tui-oauth header {shell_word(entry.name)}",
        )
    note, token = "", None
    try:
        token = await introspect(workspace, service, held, tokens)
    except TuiOauthError as error:
        if not probing:
            raise
        note = f"Whether the token is active could not be learned. {error.message}"
    if token is not None and not token.active:
        return await asyncio.to_thread(_not_active, workspace, entry, service, tokens)
    prover = await asyncio.to_thread(_prover, workspace, service, held, tokens)
    try:
        account = await ask_account(workspace, entry, service, tokens, held.client_id, prover)
    except ProviderRefused as error:
        # Many of these requests are about a person, and behind a client's own token is none: an
        # active one that they refuse is good all the same.
        if token is None or entry.grant != Grant.CLIENT:
            if error.status == 401:
                await asyncio.to_thread(_mark, workspace, entry, tokens, error.message, False)
            raise
        probing, account = False, None
    if not probing:
        await asyncio.to_thread(_mark, workspace, entry, tokens, "", False)
    entry = await asyncio.to_thread(workspace.vault.get, entry.id)
    return Checked(entry, account, token, note=note)


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


def _not_active(workspace: Workspace, entry: Entry, service: Service, tokens: TokenSet) -> Checked:
    """Mark that the service no longer takes `tokens`, and say what helps."""
    kept = tokens.refresh_token is not None or renews(entry)
    renewable = kept or service.quirks.refresh.with_access_token
    said = f"{service.name} says that the access token is not active: it was revoked or has ended."
    word = shell_word(entry.name)
    problem: TuiOauthError = (
        ProviderRefused(said, code=NOT_ACTIVE, fix=Fix.REFRESH)
        if renewable
        else NeedsPerson(said, f"Run: tui-oauth authorize {word}")
    )
    marked = _mark(workspace, entry, tokens, said, not renewable)
    return Checked(marked, None, Introspection(active=False), problem)


def _mark(
    workspace: Workspace, entry: Entry, asked_with: TokenSet, reason: str, over: bool
) -> Entry:
    """Keep what is wrong with the token `asked_with`, unless the entry has another by now."""

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        if held.tokens is None or held.tokens.access_token != asked_with.access_token:
            return current, held
        needs = current.needs_authorization or over
        return current._replace(last_error=reason, needs_authorization=needs), held

    return workspace.vault.change(entry.id, edit)


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
        changed = current._replace(
            account=account.name, account_detail=account.detail, last_error=""
        )
        return changed, held._replace(tokens=tokens._replace(extra={**tokens.extra, **kept}))

    return workspace.vault.change(entry.id, edit)  # writes nothing when nothing is new
