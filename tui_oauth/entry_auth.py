"""An entry as httpx authentication: `from tui_oauth import EntryAuth`.

The one module beside `net` that imports httpx: httpx accepts only its own kind of class here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from urllib.parse import urlsplit

import httpx

from tui_oauth.api import Vault
from tui_oauth.entries import entry_service
from tui_oauth.errors import UsageProblem
from tui_oauth.model import Entry, TokenSet
from tui_oauth.oauth.api import api_headers, may_send_to
from tui_oauth.tokens import access_token, refresh_entry


class EntryAuth(httpx.Auth):
    """An httpx authentication: `httpx.get(url, auth=EntryAuth("my-intercom"))`.

    Sends what the service's API wants and refreshes once when the API answers 401. The token goes
    only to the service's own API (checklist rule 93): another host raises UsageProblem. `vault`
    is an open `Vault`; without it the person's own is opened.
    """

    def __init__(self, name: str, vault: Vault | None = None) -> None:
        self._workspace = (vault or Vault.open()).workspace
        self._name = name

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """What httpx calls for a blocking client."""
        self._prepare(request, self._tokens())
        response = yield request
        if response.status_code == 401 and self._entry().has_refresh_token:
            self._prepare(request, self._refreshed())
            yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """What httpx calls for an asynchronous client."""
        self._prepare(request, await asyncio.to_thread(self._tokens))
        response = yield request
        if response.status_code == 401 and self._entry().has_refresh_token:
            self._prepare(request, await asyncio.to_thread(self._refreshed))
            yield request

    def _entry(self) -> Entry:
        return self._workspace.vault.find(self._name)

    def _tokens(self) -> TokenSet:
        return access_token(self._workspace, self._entry())

    def _refreshed(self) -> TokenSet:
        return access_token(self._workspace, refresh_entry(self._workspace, self._entry()), 0)

    def _prepare(self, request: httpx.Request, tokens: TokenSet) -> None:
        entry = self._entry()
        service = entry_service(self._workspace, entry)
        if not may_send_to(service, str(request.url), tokens):
            raise UsageProblem(
                f"The token of {entry.name} must not go to {urlsplit(str(request.url)).netloc}.",
                f"It is meant for {service.name} only.",
            )
        held = self._workspace.vault.secrets(entry)
        for header, value in api_headers(service, tokens, held.client_id).items():
            request.headers[header] = value
