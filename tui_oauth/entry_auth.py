"""An entry as httpx authentication: `from tui_oauth import EntryAuth`.

The one module beside `net` that imports httpx: httpx accepts only its own kind of class here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from tui_oauth.api import PYTHON, Vault
from tui_oauth.api_call import ApiCall
from tui_oauth.audit import Takings

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace

_LEAVES_WITHOUT = "authorization"
"""The header that httpx itself takes away when a redirect leads to another origin."""


class EntryAuth(httpx.Auth):
    """An httpx authentication: `httpx.get(url, auth=EntryAuth("my-intercom"))`.

    Sends what the service's API wants and refreshes once when the API answers 401. A token that
    is bound to the entry's key goes with a proof, once more where the API wants its own nonce in
    it (RFC 9449). The token goes only to the service's own API (checklist rule 93): another host
    raises UsageProblem, and a redirect is followed there without the token. `vault` is an open
    `Vault`; without it the person's own is opened. One object serves any number of clients,
    threads and coroutines; a coroutine's loop is not held up by a refresh.
    """

    def __init__(self, name: str, vault: Vault | None = None) -> None:
        self._workspace = (vault or Vault.open()).workspace
        self._takings = Takings(self._workspace, PYTHON)
        self._name = name

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """What httpx calls for a blocking client."""
        call = _Call(self._workspace, self._takings, self._name, request)
        call.prepare()
        call.follow()
        response = yield request
        while call.may_try_again(response) and call.prepare_again(response):
            response = yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """What httpx calls for an asynchronous client."""
        call = _Call(self._workspace, self._takings, self._name, request)
        await asyncio.to_thread(call.prepare)
        call.follow_async()
        response = yield request
        while call.may_try_again(response) and await asyncio.to_thread(
            call.prepare_again, response
        ):
            response = yield request


class _Call:
    """One call of an API, as a request of httpx."""

    def __init__(
        self, workspace: Workspace, takings: Takings, name: str, request: httpx.Request
    ) -> None:
        self._request = request
        self._call = ApiCall(workspace, takings, name, request.method, str(request.url))

    def prepare(self) -> None:
        """Put the token into the request, and the proof where the token is bound to a key."""
        self._carry(self._call.headers())

    def may_try_again(self, response: httpx.Response) -> bool:
        """Whether `response` may be a reason to repeat the call; keeps a nonce that it brings."""
        return self._call.may_be_repeated(response.status_code, response.headers)

    def prepare_again(self, response: httpx.Response) -> bool:
        """Make the request ready once more; False when there is no reason, or no further one."""
        found = self._call.headers_again(response.status_code, response.headers)
        if found is None:
            return False
        self._carry(found)
        return True

    def follow(self) -> None:
        """Let a redirect that stays at the service's own API carry the service's own header."""
        before = self._request.extensions.get("trace")

        def trace(event: str, info: dict[str, Any]) -> None:
            self._join(event, info)
            if before is not None:
                before(event, info)

        self._watch(trace)

    def follow_async(self) -> None:
        """As `follow`, for an asynchronous client."""
        before = self._request.extensions.get("trace")

        async def trace(event: str, info: dict[str, Any]) -> None:
            self._join(event, info)
            if before is not None:
                await before(event, info)

        self._watch(trace)

    def _watch(self, trace: object) -> None:
        if isinstance(self._request.headers, _StayingHeaders):
            self._request.extensions = {**self._request.extensions, "trace": trace}

    def _join(self, event: str, info: dict[str, Any]) -> None:
        """Add what stays at home to a request that goes home, just before its headers are sent."""
        headers = self._request.headers
        if not event.endswith(".send_request_headers.started") or not isinstance(
            headers, _StayingHeaders
        ):
            return
        sent = info["request"]
        url = httpx.URL(
            scheme=sent.url.scheme.decode(),
            host=sent.url.host.decode(),
            port=sent.url.port,
            raw_path=sent.url.target,
        )
        if self._call.may_go_to(str(url)):
            there = {name.lower() for name, _ in sent.headers}
            sent.headers += [one for one in headers.staying if one[0].lower() not in there]

    def _carry(self, found: Mapping[str, str]) -> None:
        request = self._request
        own = self._call.carriers - {_LEAVES_WITHOUT}
        staying = {name: text for name, text in found.items() if name.lower() in own}
        for name, text in found.items():
            if name in staying:
                request.headers.pop(name, None)
            else:
                request.headers[name] = text
        if staying:
            request.headers = _StayingHeaders(request.headers, staying)


class _StayingHeaders(httpx.Headers):
    """Headers of which some are sent and never copied: httpx makes a redirect's from a copy.

    httpx takes Authorization away when a redirect leads to another origin. A token in a header of
    the service's own would travel on, wherever the redirect leads.
    """

    def __init__(self, headers: httpx.Headers, staying: Mapping[str, str]) -> None:
        super().__init__(headers)
        self.staying = [
            (name.encode("ascii"), text.encode("ascii")) for name, text in staying.items()
        ]

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """What is sent."""
        return [*super().raw, *self.staying]
