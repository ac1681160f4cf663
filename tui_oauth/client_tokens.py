"""Tokens of entries that nobody authorizes: the client's own credentials are enough.

RFC 6749 section 4.4. There is no refresh token; a token that is missing or has ended is fetched anew,
by one process while the others wait for it (checklist rules 4 and 84).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.entries import shell_word
from tui_oauth.errors import Conflict, NotFound, ProviderRefused
from tui_oauth.model import Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.tokens import lasts

if TYPE_CHECKING:
    from tui_oauth.applicant import Applicant
    from tui_oauth.deadline import Deadline
    from tui_oauth.workspace import Workspace


def fetch_token(
    workspace: Workspace, entry: Entry, seen: TokenSet | None, time_left: Deadline
) -> TokenSet:
    """A new token for `entry`, fetched under its lock and stored before anyone gets it.

    `entry` and `seen`, its tokens, are what the caller has just read. Whatever another process has
    stored since is taken instead, and what it was refused is not asked again. Raises
    NeedsPerson when the entry is not configured, ProviderRefused or ProviderUnreachable, VaultBusy,
    and whatever kept the vault from being written.
    """
    vault = workspace.vault
    with vault.entry_lock(entry.id, timeout=time_left.for_the_lock()):
        current = vault.get(entry.id)
        tokens = vault.secrets(current).tokens
        new = tokens is not None and (seen is None or tokens.access_token != seen.access_token)
        if tokens is not None and new and lasts(tokens, workspace.now(), 0):
            return tokens
        if current.revision != entry.revision and current.last_error:
            # The one before us was refused: nineteen others need not hear the same.
            raise ProviderRefused(
                current.last_error, f"Try again: tui-oauth refresh {shell_word(current.name)}"
            )
        from tui_oauth.applicant import applicant_of

        applicant = applicant_of(workspace, current)
        with vault.reserve(entry.id):
            try:
                fresh = _ask(applicant, time_left)
            except ProviderRefused as error:
                _keep_reason(workspace, current, error.message)
                raise
            return _store(applicant, fresh)


def _ask(applicant: Applicant, time_left: Deadline) -> TokenSet:
    from tui_oauth.oauth.client_credentials import (
        client_request,
        client_scopes,
        read_client_tokens,
    )
    from tui_oauth.sending import fetch

    workspace, service = applicant.workspace, applicant.service
    scopes = client_scopes(service, applicant.entry.scopes)
    request = client_request(service, applicant.client, scopes)
    sent_at = workspace.now()
    response = fetch(
        workspace, request, deadline=time_left.for_the_provider(), prover=applicant.prover
    )
    return read_client_tokens(service, response, requested=scopes, sent_at=sent_at)


def _store(applicant: Applicant, fresh: TokenSet) -> TokenSet:
    now, before = applicant.workspace.now(), applicant.entry

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        same_client = held.client_id == applicant.client.client_id
        asked = (before.variables, before.scopes)
        if not same_client or (current.variables, current.scopes) != asked:
            raise Conflict(
                f"{current.name} was configured anew while its token was fetched.",
                "Run the same command again; the token was dropped.",
            )
        key = held.proof_key if applicant.prover is None else applicant.prover.key.pem
        granted = with_tokens(current, fresh, now)
        return granted, held._replace(tokens=fresh, proof_key=key)

    try:
        applicant.workspace.vault.change(before.id, edit)
    except NotFound as error:
        raise NotFound(
            f"{before.name} was deleted while its token was fetched. The token was dropped.",
            "See: tui-oauth list",
        ) from error
    return fresh


def _keep_reason(workspace: Workspace, entry: Entry, reason: str) -> None:
    """What the provider said, for the list. Stored tokens stay (rule 86)."""
    now = workspace.now()

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        return current._replace(last_error=reason, updated_at=now), held

    try:
        workspace.vault.change(entry.id, edit)
    except NotFound:
        return
