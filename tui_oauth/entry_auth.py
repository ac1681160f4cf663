"""An entry as httpx authentication: `from tui_oauth import EntryAuth`.

The one module beside `net` that imports httpx: httpx accepts only its own kind of class here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from tui_oauth.api import Vault
from tui_oauth.entries import entry_service
from tui_oauth.errors import UsageProblem
from tui_oauth.model import renews
from tui_oauth.oauth.api import api_headers, may_send_to
from tui_oauth.oauth.http import Request, Response
from tui_oauth.tokens import access_token, refresh_entry

if TYPE_CHECKING:
    from tui_oauth.model import TokenSet
    from tui_oauth.proofs import Proofs
    from tui_oauth.workspace import Workspace


class EntryAuth(httpx.Auth):
    """An httpx authentication: `httpx.get(url, auth=EntryAuth("my-intercom"))`.

    Sends what the service's API wants and refreshes once when the API answers 401. A token that
    is bound to the entry's key goes with a proof, once more where the API wants its own nonce in
    it (RFC 9449). The token goes only to the service's own API (checklist rule 93): another host
    raises UsageProblem. `vault` is an open `Vault`; without it the person's own is opened.
    """

    def __init__(self, name: str, vault: Vault | None = None) -> None:
        self._workspace = (vault or Vault.open()).workspace
        self._name = name

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """What httpx calls for a blocking client."""
        call = _Call(self._workspace, self._name, request)
        call.prepare()
        response = yield request
        while call.may_try_again(response) and call.prepare_again(response):
            response = yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """What httpx calls for an asynchronous client."""
        call = _Call(self._workspace, self._name, request)
        await asyncio.to_thread(call.prepare)
        response = yield request
        while call.may_try_again(response) and await asyncio.to_thread(
            call.prepare_again, response
        ):
            response = yield request


class _Call:
    """One call of an API: its request, made ready at most once for each reason to repeat it."""

    def __init__(self, workspace: Workspace, name: str, request: httpx.Request) -> None:
        self._workspace = workspace
        self._name = name
        self._request = request
        self._proofs: Proofs | None = None
        self._refreshed = False
        self._nonce_given = False

    def prepare(self) -> None:
        """Put the token into the request, and the proof where the token is bound to a key."""
        entry = self._workspace.vault.find(self._name)
        self._carry(access_token(self._workspace, entry, 0 if self._refreshed else 60))

    def may_try_again(self, response: httpx.Response) -> bool:
        """Whether `response` may be a reason to repeat the call; keeps a nonce that it brings."""
        if self._proofs is None:
            return response.status_code == 401
        again = self._proofs.wants_again(self._asked(), _answer(response))
        return again or response.status_code == 401

    def prepare_again(self, response: httpx.Response) -> bool:
        """Make the request ready once more; False when there is no reason, or no further one."""
        if self._proofs is not None and self._proofs.wants_again(self._asked(), _answer(response)):
            if self._nonce_given:
                return False
            self._nonce_given = True
            self._sign(self._proofs)
            return True
        entry = self._workspace.vault.find(self._name)
        if self._refreshed or not renews(entry):
            return False
        self._refreshed = True
        refresh_entry(self._workspace, entry)
        self._nonce_given = False
        self.prepare()
        return True

    def _carry(self, tokens: TokenSet) -> None:
        request = self._request
        entry = self._workspace.vault.find(self._name)
        service = entry_service(self._workspace, entry)
        if not may_send_to(service, str(request.url), tokens):
            raise UsageProblem(
                f"The token of {entry.name} must not go to {urlsplit(str(request.url)).netloc}.",
                f"It is meant for {service.name} only.",
            )
        held = self._workspace.vault.secrets(entry)
        for header, value in api_headers(service, tokens, held.client_id).items():
            request.headers[header] = value
        if tokens.bound:
            from tui_oauth.proofs import prover_of  # cryptography, for bound tokens only

            self._proofs = prover_of(self._workspace, service, held, tokens)
            if self._proofs is not None:
                self._sign(self._proofs)

    def _sign(self, proofs: Proofs) -> None:
        self._request.headers.update(proofs.signed(self._asked()).headers)

    def _asked(self) -> Request:
        return Request(self._request.method, str(self._request.url), "API call")


def _answer(response: httpx.Response) -> Response:
    # The body is not read yet and not needed: an API says it in a header (RFC 9449 section 9).
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, headers)
