"""The code of one sign-in for tokens, and the tokens into the vault (RFC 6749 section 4.1.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_oauth.accounts import ask_account
from tui_oauth.entries import declared_service, entry_service
from tui_oauth.errors import Conflict, NotFound, TuiOauthError
from tui_oauth.model import Account, Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.oauth.authorize import Answer, Attempt
from tui_oauth.oauth.client import Client
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.token import code_request, long_lived_request, read_tokens
from tui_oauth.sending import send

if TYPE_CHECKING:
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

EXCHANGE_SECONDS = 30.0


class Exchange:
    """What follows the answer of one sign-in. `run` it once: a code is never sent twice."""

    def __init__(
        self,
        workspace: Workspace,
        entry: Entry,
        service: Service,
        client: Client,
        attempt: Attempt,
    ) -> None:
        self.note = ""
        """What went less than well although the tokens are stored; empty otherwise."""
        self._workspace = workspace
        self._entry = entry
        self._service = service
        self._client = client
        self._attempt = attempt

    async def run(self, answer: Answer) -> Entry:
        """Exchange the code, store the tokens, ask whose they are; the entry as it stands then.

        Raises ProviderRefused or ProviderUnreachable, with nothing stored; Conflict when the
        entry was configured anew meanwhile, NotFound when it was deleted. Cancelled before the
        tokens are stored it stores nothing, later it ends as if it had not been.
        """
        decided = await asyncio.to_thread(self._decided, answer)
        service = await asyncio.to_thread(self._service_with, decided)
        sent_at = self._workspace.now()
        request = code_request(service, self._client, self._attempt, answer)
        tokens = await self._ask(service, request, sent_at, answer)
        second = long_lived_request(service, self._client, tokens)
        if second is not None:
            tokens = await self._ask(service, second, sent_at, answer, tokens)
        # Stored before anything else is done with them (checklist rule 82), and not to be
        # interrupted: the provider has granted, and the person would have to start anew.
        storing = asyncio.create_task(asyncio.to_thread(self._store, decided, tokens))
        try:
            entry = await asyncio.shield(storing)
            return await self._with_account(service, entry, tokens)
        except asyncio.CancelledError:
            return await storing  # too late to cancel: what is stored is not to be denied

    async def _ask(
        self,
        service: Service,
        request: Request,
        sent_at: int,
        answer: Answer,
        previous: TokenSet | None = None,
    ) -> TokenSet:
        response = await send(self._workspace, request, deadline=EXCHANGE_SECONDS)
        return read_tokens(
            service,
            response,
            requested=self._attempt.scopes,
            sent_at=sent_at,
            previous=previous,
            extra=answer.extra,
        )

    async def _with_account(self, service: Service, entry: Entry, tokens: TokenSet) -> Entry:
        """`entry` with whose token it is. That this cannot be learned does not undo the sign-in."""
        try:
            await ask_account(self._workspace, entry, service, tokens, self._client.client_id)
            return await asyncio.to_thread(self._workspace.vault.get, entry.id)
        except NotFound:
            raise
        except TuiOauthError as error:
            self.note = f"Whose account it is could not be learned. {error.message}"
            return entry

    def _decided(self, answer: Answer) -> dict[str, str]:
        """The variables that the callback decided, such as the account's region."""
        if not answer.sets:
            return {}
        from tui_oauth.services.resolve import from_callback

        return from_callback(declared_service(self._workspace, self._entry), answer.sets)

    def _service_with(self, decided: Mapping[str, str]) -> Service:
        if not decided:
            return self._service
        variables = {**self._entry.variables, **decided}
        return entry_service(self._workspace, replace(self._entry, variables=variables))

    def _store(self, decided: Mapping[str, str], tokens: TokenSet) -> Entry:
        now = self._workspace.now()

        def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
            same_client = held.client_id == self._attempt.client_id
            if not same_client or current.variables != self._entry.variables:
                raise Conflict(
                    f"{current.name} was configured anew while the sign-in waited.",
                    "Authorize it again: the link of this sign-in was made for what was before.",
                )
            variables = {**current.variables, **decided}
            # Whoever authorized it before may be somebody else.
            unknown = Account("")
            granted = with_tokens(replace(current, variables=variables), tokens, now, unknown)
            return granted, replace(held, tokens=tokens)

        return self._workspace.vault.change(self._entry.id, edit)
