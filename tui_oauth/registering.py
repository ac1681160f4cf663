"""An entry's client registers itself at the authorization server (RFC 7591, RFC 7592).

What the server granted goes into the vault before anything else is done; a registration that
failed leaves the entry as it was, with the reason beside it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_oauth import __version__
from tui_oauth.entries import callback_choices, callback_url, declared_service, shell_word
from tui_oauth.errors import Conflict, NotFound, ProviderRefused, TuiOauthError, UsageProblem
from tui_oauth.model import Entry, EntrySecrets, Grant, without_tokens
from tui_oauth.oauth.registration import (
    Registered,
    client_metadata,
    delete_request,
    read_registration,
    read_request,
    registration_request,
    removal_problem,
    update_request,
)
from tui_oauth.sending import send
from tui_oauth.services.pinned import pin
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.oauth.http import Request, Response
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

REGISTER_SECONDS = 30.0
REMOVE_SECONDS = 10.0


def can_register(workspace: Workspace, entry: Entry) -> bool:
    """Whether the server of `entry` registers clients by itself."""
    return bool(entry.pinned and declared_service(workspace, entry).extensions.registration_url)


async def register(workspace: Workspace, entry: Entry) -> Entry:
    """Register a client for `entry` and store it; the entry is configured then.

    One that was registered before is looked at, then changed, and only if neither gives a client
    that can be used, replaced and removed. Raises UsageProblem where the server does not offer
    it, ProviderRefused or ProviderUnreachable with the reason kept in the entry, Conflict when it
    was changed meanwhile. Cancelled before the answer is there it stores nothing.
    """
    current = await asyncio.to_thread(workspace.vault.get, entry.id)
    held = await asyncio.to_thread(workspace.vault.secrets, current)
    if not can_register(workspace, current):
        raise UsageProblem(
            f"{current.service_name} does not register clients by itself.",
            f"Configure the entry: tui-oauth configure {shell_word(current.name)}",
        )
    registration = _Registration(workspace, current, held)
    try:
        return await registration.run()
    except (Conflict, NotFound):
        raise
    except TuiOauthError as error:
        await asyncio.to_thread(_note_failure, workspace, entry, error)
        raise


async def unregister(workspace: Workspace, entry: Entry) -> bool:
    """End the registration of `entry` at its server, and with it the client's tokens there.

    For an entry that is about to be deleted: nothing in the vault changes. False when the entry
    has no registration that it may end. Raises ProviderRefused or ProviderUnreachable.
    """
    held = await asyncio.to_thread(workspace.vault.secrets, entry)
    if held.registration_token is None or not held.registration_url:
        return False
    service = await asyncio.to_thread(declared_service, workspace, entry)
    await _remove(workspace, service, held)
    return True


def is_registered(workspace: Workspace, entry: Entry) -> bool:
    """Whether `entry` has a registration that `unregister` can end."""
    return bool(entry.pinned) and workspace.vault.secrets(entry).registration_token is not None


class _Registration:
    """One registration of one entry."""

    def __init__(self, workspace: Workspace, entry: Entry, held: EntrySecrets) -> None:
        self._workspace = workspace
        self._entry = entry
        self._held = held
        self._latest = held
        """Token and address of the earlier registration, as the server gave them last."""
        self._service = declared_service(workspace, entry)
        self._served = [choice.url for choice in callback_choices(workspace, entry)]
        # What was locked by an earlier registration may not be where the server listens now.
        locked = entry.callback_url if entry.callback_url in self._served else None
        self._url = callback_url(workspace, entry._replace(callback_url=locked))
        scopes = self._service.default_scopes if entry.scopes is None else entry.scopes
        asked = self._service
        if entry.grant == Grant.CLIENT:  # no other grant will ever be used (RFC 6749 section 4.4)
            asked = replace(asked, grants=("client_credentials",), authorize_url="")
        self._browser = "authorization_code" in asked.grants
        self._metadata = client_metadata(asked, self._url, scopes, __version__)

    async def run(self) -> Entry:
        kept = await self._kept()
        if kept is not None:
            return kept
        response = await self._send(registration_request(self._service, self._metadata))
        registered = read_registration(self._service, response)
        entry = await self._store(registered)
        await self._forget(self._latest)
        return entry

    async def _kept(self) -> Entry | None:
        """The entry with its earlier registration, looked at and changed; None if it is of no use.

        The server may hand out another secret and registration token each time.
        """
        held = self._held
        if held.registration_token is None or not held.registration_url:
            return None
        token, url = held.registration_token, held.registration_url
        try:
            response = await self._send(read_request(url, token))
            found = read_registration(self._service, response, self._known())
            self._latest = _secrets_of(found)
            if not self._serves(found):
                token, url = found.registration_token or token, found.registration_url or url
                request = update_request(url, token, found.client_id, self._metadata)
                response = await self._send(request)
                found = read_registration(self._service, response, found)
                self._latest = _secrets_of(found)
        except ProviderRefused:
            return None
        return await self._store(found) if self._serves(found) else None

    def _known(self) -> Registered:
        held = self._held
        return Registered(
            client_id=held.client_id,
            client_secret=held.client_secret,
            auth_method=self._service.client_auth[0],
            client_secret_expires_at=self._entry.client_secret_expires_at,
            registration_token=held.registration_token,
            registration_url=held.registration_url,
        )

    def _serves(self, registered: Registered) -> bool:
        """Whether `registered` can sign in here: its secret lasts, and its way back leads here."""
        ends = registered.client_secret_expires_at
        uris = registered.redirect_uris
        leads_here = not uris or self._url in uris or not self._browser
        return (ends is None or ends > self._workspace.now()) and leads_here

    def _way_back(self, registered: Registered) -> str:
        """The redirect URI to use: ours, or another that the server chose and that leads here."""
        uris = registered.redirect_uris
        if not uris or self._url in uris or not self._browser:
            return self._url
        usable = next((uri for uri in self._served if uri in uris), None)
        if usable is None:
            shown = neutralise(", ".join(uris), 200)
            raise ProviderRefused(
                f"{self._service.name} registered other redirect URIs than the Callback URL: "
                f"{shown}. No browser would come back here.",
                "Register a client by hand there, then configure the entry with its client ID.",
                code="invalid_redirect_uri",
            )
        return usable

    async def _store(self, registered: Registered) -> Entry:
        try:
            url = self._way_back(registered)
        except ProviderRefused:
            await self._forget(_secrets_of(registered))
            raise
        service = replace(
            self._service,
            client_auth=(registered.auth_method,),
            extensions=replace(
                self._service.extensions,
                dpop=self._service.extensions.dpop or registered.dpop,
            ),
        )
        # The server has made the client: that it gets stored is not to be interrupted.
        return await asyncio.shield(asyncio.to_thread(self._write, registered, pin(service), url))

    def _write(self, registered: Registered, pinned: str, url: str) -> Entry:
        now = self._workspace.now()

        def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
            if current.pinned != self._entry.pinned or held.client_id != self._held.client_id:
                raise Conflict(
                    f"{current.name} was changed while its client was registered.",
                    "Nothing was stored; run it again.",
                )
            changed = current._replace(
                configured=True,
                pinned=pinned,
                callback_url=url if self._browser else current.callback_url,
                client_secret_expires_at=registered.client_secret_expires_at,
                last_error="",
                updated_at=now,
            )
            after = _secrets_of(registered)
            if registered.client_id == held.client_id:
                return changed, after._replace(tokens=held.tokens, proof_key=held.proof_key)
            return without_tokens(changed, now), after

        return self._workspace.vault.change(self._entry.id, edit)

    async def _forget(self, held: EntrySecrets) -> None:
        """Remove a registration that is of no use, if there is one that may be removed.

        That this fails changes nothing here.
        """
        if held.registration_token is not None and held.registration_url:
            with suppress(TuiOauthError):
                await _remove(self._workspace, self._service, held)

    async def _send(self, request: Request) -> Response:
        return await send(self._workspace, request, deadline=REGISTER_SECONDS)


def _secrets_of(registered: Registered) -> EntrySecrets:
    return EntrySecrets(
        client_id=registered.client_id,
        client_secret=registered.client_secret,
        registration_token=registered.registration_token,
        registration_url=registered.registration_url,
    )


async def _remove(workspace: Workspace, service: Service, held: EntrySecrets) -> None:
    if held.registration_token is None:
        raise UsageProblem(f"There is no registration of ours at {service.name}.")
    request = delete_request(held.registration_url, held.registration_token)
    response = await send(workspace, request, deadline=REMOVE_SECONDS)
    problem = removal_problem(service, response)
    if problem is not None:
        raise problem


def _note_failure(workspace: Workspace, entry: Entry, error: TuiOauthError) -> None:
    with suppress(NotFound):  # deleted meanwhile
        workspace.vault.change(
            entry.id, lambda current, held: (current._replace(last_error=error.message), held)
        )
