"""The calls of a run, told to whoever watches the traffic (`--trace`): what really goes out and comes in.

httpx tells of each request after `EntryAuth` has signed it, so that a second one with a new token is seen too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui_oauth.oauth.http import Request, Response
from tui_oauth.sending import Watched

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace


class Exchanges:
    """Of one client, which makes one call at a time. The rows themselves are not shown, only what refuses."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._open: Watched | None = None
        self._answer: Any = None
        self.step = ""
        """What the next call is for."""

    @property
    def hooks(self) -> dict[str, list[Callable[..., object]]]:
        """What httpx is to call."""
        return {"request": [self.began], "response": [self.answered]}

    def began(self, request: Any) -> None:
        """A request of httpx goes out; it calls this."""
        self.ended()
        sent = Request(
            request.method, str(request.url), self.step, dict(request.headers), request.read()
        )
        self._open, self._answer = Watched(self._workspace, sent), None

    def answered(self, response: Any) -> None:
        """The head of an answer to httpx is there; it calls this."""
        self._answer = response

    def ended(self, body: bytes = b"") -> None:
        """What was begun is over: with an answer, whose `body` was read, or cut off."""
        watched, answer, self._open = self._open, self._answer, None
        if watched is None:
            return
        if answer is not None:
            shown = body if answer.status_code >= 400 else b""
            watched.outcome = Response(answer.status_code, dict(answer.headers), shown)
        watched.close()
