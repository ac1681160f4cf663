"""Requests of an entry on their way to a provider: the one door to `net` for the rooms above it.

What belongs to every exchange and to no single step is here: the proof of possession that a bound
token wants (RFC 9449), and the word to whoever watches the traffic.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from tui_oauth.errors import TuiOauthError

if TYPE_CHECKING:
    from tui_oauth.oauth.http import Request, Response
    from tui_oauth.workspace import Workspace


class Traffic(Protocol):
    """Whoever watches the exchanges. It is given everything and has to redact what it keeps."""

    def began(self, request: Request) -> object:
        """`request` is about to be sent; what is returned is handed to `ended`."""

    def ended(self, exchange: object, outcome: Response | TuiOauthError | None) -> None:
        """The exchange that `began` returned has its answer, or failed; None: it was cut off."""

    def link(self, url: str) -> None:
        """A browser is to open `url`, the Authorization link."""

    def answer(self, redirect_uri: str, parameters: Iterable[tuple[str, str]]) -> None:
        """A browser came back to `redirect_uri` with `parameters`, decoded."""


class Prover(Protocol):
    """Adds proofs of possession to requests (RFC 9449 section 4)."""

    def signed(self, request: Request) -> Request:
        """`request` with a fresh proof."""

    def wants_again(self, request: Request, response: Response) -> bool:
        """Whether the server asked for another proof, and nothing else is wrong (section 8).

        Keeps the nonce that the answer carries, for the next proof to the same server.
        """


async def send(
    workspace: Workspace, request: Request, *, deadline: float, prover: Prover | None = None
) -> Response:
    """Send `request` and give its answer, whatever its status; `deadline` in seconds covers it all.

    With a `prover` each request carries a proof, and is sent once more when the server wants its
    own nonce in it: such an answer says that nothing else was looked at (RFC 9449 section 8).
    Raises as `net.send`.
    """
    from tui_oauth import net
    from tui_oauth.deadline import Deadline

    time_left = Deadline(deadline)

    async def once(sent: Request) -> Response:
        with Watched(workspace, sent) as watched:
            watched.outcome = await net.send(
                sent, deadline=time_left.left(), environ=workspace.environ
            )
            return watched.outcome

    if prover is None:
        return await once(request)
    response = await once(prover.signed(request))
    if prover.wants_again(request, response):
        response = await once(prover.signed(request))
        prover.wants_again(request, response)  # the next nonce, for the next request
    return response


def fetch(
    workspace: Workspace, request: Request, *, deadline: float, prover: Prover | None = None
) -> Response:
    """As `send`, for callers that are not coroutines."""
    from tui_oauth import net
    from tui_oauth.deadline import Deadline

    time_left = Deadline(deadline)

    def once(sent: Request) -> Response:
        with Watched(workspace, sent) as watched:
            watched.outcome = net.fetch(sent, deadline=time_left.left(), environ=workspace.environ)
            return watched.outcome

    if prover is None:
        return once(request)
    response = once(prover.signed(request))
    if prover.wants_again(request, response):
        response = once(prover.signed(request))
        prover.wants_again(request, response)
    return response


def tell_link(workspace: Workspace, url: str) -> None:
    """A browser is to open `url`: the part of a sign-in that is not sent from here."""
    if workspace.traffic is not None:
        with suppress(Exception):
            workspace.traffic.link(url)


def tell_answer(
    workspace: Workspace, redirect_uri: str, parameters: Iterable[tuple[str, str]]
) -> None:
    """A browser came back to `redirect_uri` with `parameters`, or they were pasted."""
    if workspace.traffic is not None:
        with suppress(Exception):
            workspace.traffic.answer(redirect_uri, parameters)


class Watched:
    """Tells whoever watches that an exchange begins, and how it ended, whatever way it did.

    A watcher that fails must not cost the answer, which may hold the only copy of a new token.
    """

    def __init__(self, workspace: Workspace, request: Request) -> None:
        self.outcome: Response | TuiOauthError | None = None
        self._traffic = workspace.traffic
        self._exchange: object = None
        if self._traffic is not None:
            with suppress(Exception):
                self._exchange = self._traffic.began(request)

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TuiOauthError):
            self.outcome = error
        self.close()

    def close(self) -> None:
        """The exchange is over; `outcome` says how, and is None where it was cut off."""
        if self._traffic is not None and self._exchange is not None:
            with suppress(Exception):
                self._traffic.ended(self._exchange, self.outcome)
