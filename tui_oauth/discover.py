"""A look-up: from an address that a person typed to what an entry could be made of.

The address may be an issuer's (RFC 8414, OpenID Connect Discovery), or that of an API or MCP
server (RFC 9728), which names its authorization server. Only GET requests are sent, and nothing
secret with them. Everything has one deadline and can be cancelled at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_oauth.errors import (
    InvalidService,
    ProviderRefused,
    ProviderUnreachable,
    TuiOauthError,
    UsageProblem,
)
from tui_oauth.oauth import discovery
from tui_oauth.oauth.challenges import resource_metadata
from tui_oauth.oauth.discovery import NamesAnother, ResourceMetadata, ServerMetadata
from tui_oauth.oauth.found import Fact, Found, found_of
from tui_oauth.oauth.http import Request, Response
from tui_oauth.oauth.reach import check_reach
from tui_oauth.oauth.reading import Unreadable, host_in
from tui_oauth.oauth.urls import check_endpoint, is_loopback, origin_of
from tui_oauth.sending import send
from tui_oauth.services.pinned import pin, unpin
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace

__all__ = ["Asked", "Fact", "Found", "look_up"]

TOTAL_SECONDS = 30.0
EACH_SECONDS = 10.0
MAX_SERVERS_ASKED = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One address that is asked. `outcome` is empty while its answer is awaited."""

    url: str
    outcome: str = ""


async def look_up(
    workspace: Workspace,
    given: str,
    tell: Callable[[Asked], object] | None = None,
    *,
    seconds: float = TOTAL_SECONDS,
) -> Found:
    """What the address `given` publishes about signing in, within `seconds` altogether.

    `tell` hears of each address before and after it is asked. Raises UsageProblem for an address
    that cannot be looked up, publishes nothing, or describes what is not offered here;
    NamesAnother when what it publishes speaks for somebody else; ProviderRefused when a document
    leads where it may not; ProviderUnreachable.
    """
    url = check_endpoint(completed(given), "address to look up")
    search = _Search(workspace, url, tell or (lambda _: None))
    try:
        async with asyncio.timeout(seconds):
            found = await search.run()
    except TimeoutError:
        raise ProviderUnreachable(
            f"{neutralise(host_in(url), 100)} was not looked up within {seconds:g} s.",
            "Try again, or check the network.",
        ) from None
    try:
        # What would be stored has to be readable again, by the strict rules of a service file.
        unpin(pin(found.service))
    except InvalidService as error:
        raise ProviderUnreachable(
            f"What {neutralise(host_in(url), 100)} publishes cannot be used. {error.message}",
            "Ask whoever runs it, or make a service file of your own.",
        ) from None
    return found


def completed(typed: str) -> str:
    """What a person typed as a whole address: https unless it says otherwise or is loopback."""
    text = typed.strip()
    if not text or "://" in text:
        return text
    host = text.partition("/")[0].rpartition("@")[2]
    bare = host if host.endswith("]") else host.rpartition(":")[0] or host
    return f"{'http' if is_loopback(bare) else 'https'}://{text}"


class _Search:
    """One look-up. What went wrong on the way is kept, to be told if nothing was found."""

    def __init__(self, workspace: Workspace, given: str, tell: Callable[[Asked], object]) -> None:
        self._workspace = workspace
        self._given = given
        self._tell = tell
        self._problems: list[TuiOauthError] = []
        self._other_resource = ""
        self._warnings: list[str] = []
        self._wanted: tuple[str, ...] = ()

    async def run(self) -> Found:
        server = None if "?" in self._given else await self._server(self._given)
        resource = await self._published(self._given)
        if resource is None and server is None:
            resource = await self._challenged() or await self._of_the_host()
        if resource is not None:
            server = await self._server_of(resource, server)
        if server is None:
            raise self._nothing_found()
        if resource is None and self._other_resource:
            self._warnings.append(
                f"What is published there for an API speaks for "
                f"{neutralise(self._other_resource, 200)}, so it was left out."
            )
        return found_of(self._given, server, resource, self._wanted, tuple(self._warnings))

    # ---- authorization servers (RFC 8414)

    async def _server(self, issuer: str) -> ServerMetadata | None:
        """The metadata of `issuer`, from the first place that has it; None when none has."""
        discovery.check_issuer(issuer, self._given)
        for url in discovery.server_metadata_urls(issuer):
            document = await self._document(url, discovery.STEP_SERVER)
            if document is None:
                continue
            try:
                return discovery.read_server(document, issuer, url, self._given)
            except NamesAnother as error:
                self._note(error, url, "speaks for another issuer")
        return None

    async def _server_of(
        self, resource: ResourceMetadata, known: ServerMetadata | None
    ) -> ServerMetadata | None:
        """The first authorization server of `resource` that can be used."""
        host = neutralise(host_in(resource.resource), 100)
        listed = resource.authorization_servers
        if known is not None and known.issuer in listed:
            return known
        if not listed:
            raise UsageProblem(
                f"{host} names no authorization server, so nothing says where to sign in for it.",
                "Ask whoever runs it for the issuer, and look that up.",
            )
        for issuer in listed[:MAX_SERVERS_ASKED]:
            try:
                server = await self._server(issuer)
            except TuiOauthError as error:
                self._problems.append(error)
                continue
            if server is not None:
                if len(listed) > 1:
                    others = ", ".join(neutralise(one, 100) for one in listed if one != issuer)
                    self._warnings.append(
                        f"{host} names several authorization servers. {neutralise(issuer, 100)} is "
                        f"used; to use another, look it up by its own address: {others}"
                    )
                return server
        return None

    # ---- resources (RFC 9728)

    async def _published(self, resource: str) -> ResourceMetadata | None:
        """What is published for `resource` at its well-known address (section 3.1)."""
        return await self._resource_at(discovery.resource_metadata_url(resource), resource)

    async def _challenged(self) -> ResourceMetadata | None:
        """What the address names when it is asked for without a token (section 5.1)."""
        response = await self._ask(Request("GET", self._given, discovery.STEP_KNOCK))
        if response is None:
            return None
        header = response.headers.get("www-authenticate", "") if response.status >= 400 else ""
        self._tell(Asked(self._given, "wants a token" if header else _outcome(response)))
        if not header:
            return None
        try:
            url, self._wanted = resource_metadata(header)
            if not url:
                return None
            check_endpoint(url, "address of the metadata")
        except (Unreadable, UsageProblem) as error:
            words = error.message if isinstance(error, UsageProblem) else f"{error}."
            self._problems.append(
                ProviderUnreachable(
                    f"What {response.host} asks for was not understood: {words}",
                    "Look up its issuer instead, if you know it.",
                )
            )
            return None
        check_reach(url, "address of the metadata", self._given)
        return await self._resource_at(url, self._given)

    async def _of_the_host(self) -> ResourceMetadata | None:
        """What is published for the host as a whole, which the address is then a part of."""
        host = origin_of(self._given)
        return None if self._given in {host, f"{host}/"} else await self._published(host)

    async def _resource_at(self, url: str, resource: str) -> ResourceMetadata | None:
        document = await self._document(url, discovery.STEP_RESOURCE)
        if document is None:
            return None
        try:
            return discovery.read_resource(document, resource, url)
        except NamesAnother as error:
            self._other_resource = error.named
            self._note(error, url, "speaks for another resource")
        except ProviderUnreachable as error:
            self._note(error, url, "malformed")
        return None

    # ---- asking

    async def _document(self, url: str, step: str) -> dict[str, object] | None:
        response = await self._ask(discovery.metadata_request(url, step))
        if response is None:
            return None
        document = discovery.document_in(response)
        self._tell(Asked(url, _outcome(response) if document is None else "found"))
        return document

    async def _ask(self, request: Request) -> Response | None:
        """The answer, or None when there was none that can be understood."""
        self._tell(Asked(request.url))
        try:
            return await send(self._workspace, request, deadline=EACH_SECONDS)
        except ProviderUnreachable as error:
            self._note(error, request.url, "no answer")
            if not error.sent and discovery.same_origin(request.url, self._given):
                raise  # it cannot be reached, or is not trusted: nor can its other pages be
            return None

    def _note(self, error: TuiOauthError, url: str, outcome: str) -> None:
        self._problems.append(error)
        self._tell(Asked(url, outcome))

    def _nothing_found(self) -> TuiOauthError:
        """The most telling of what went wrong."""
        for kind in (NamesAnother, ProviderRefused, UsageProblem, ProviderUnreachable):
            for error in reversed(self._problems):
                if isinstance(error, kind):
                    return error
        host = origin_of(self._given)
        shorter = "" if self._given.rstrip("/") == host else f"Try the host alone: {host}. "
        return UsageProblem(
            f"{neutralise(self._given, 200)} publishes nothing about signing in: neither metadata "
            "of an authorization server (RFC 8414, OpenID Connect) nor of an API (RFC 9728).",
            f"{shorter}Or ask whoever runs it for the issuer; any service can also be declared in "
            "a service file.",
        )


def _outcome(response: Response) -> str:
    if 300 <= response.status < 400:
        target = host_in(response.headers.get("location", "")) or "another page"
        return f"leads on to {target}, not followed"
    if response.status == 200:
        return "no metadata"
    return f"nothing there (HTTP {response.status})"
