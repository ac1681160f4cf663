"""An entry as authentication for requests: `from tui_oauth import RequestsAuth`.

requests takes any callable, so it is not imported here and need not be installed.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, Protocol, TypeVar
from urllib.parse import urljoin

from tui_oauth.api import PYTHON, Vault
from tui_oauth.api_call import ApiCall
from tui_oauth.audit import Takings
from tui_oauth.workspace import Workspace


class PreparedRequest(Protocol):
    """What is used of `requests.PreparedRequest`."""

    method: str | None
    url: str | None
    body: Any

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers, by name in any case."""

    def register_hook(self, event: Any, hook: Any) -> None:
        """Have `hook` called with the response."""


Prepared = TypeVar("Prepared", bound=PreparedRequest)


class RequestsAuth:
    """An authentication for requests: `requests.get(url, auth=RequestsAuth("my-intercom"))`.

    As `EntryAuth` for httpx: sends what the service's API wants, refreshes once when the API
    answers 401, and makes the proofs of bound tokens. The token goes only to the service's own API
    (checklist rule 93): another host raises UsageProblem, and a redirect is followed there without
    the token. A body that cannot be read twice is not sent twice: then the 401 is the answer.
    `vault` is an open `Vault`; without it the person's own is opened. One object serves any number
    of sessions and threads; from a coroutine call requests through `asyncio.to_thread`.
    """

    def __init__(self, name: str, vault: Vault | None = None) -> None:
        self._workspace = (vault or Vault.open()).workspace
        self._takings = Takings(self._workspace, PYTHON)
        self._name = name

    def __call__(self, request: Prepared) -> Prepared:
        """What requests calls with the request that it has prepared."""
        sent = _Sent(self._workspace, self._takings, self._name, request)
        request.headers.update(sent.call.headers())
        request.register_hook("response", sent.answered)
        return request


class _Sent:
    """One call of an API, from its first request to its last answer."""

    def __init__(
        self, workspace: Workspace, takings: Takings, name: str, request: PreparedRequest
    ) -> None:
        method, url = request.method or "GET", request.url or ""
        self.call = ApiCall(workspace, takings, name, method, url)
        self._request = request
        self._rewind = _rewinder(request.body)

    def answered(self, response: Any, **how: Any) -> Any:
        """What requests calls with each response, also of a redirect; `how` is how it was sent."""
        while self._may_be_repeated(response):
            found = self.call.headers_again(response.status_code, response.headers)
            if found is None:
                break
            response.close()
            again = response.request.copy()
            again.headers.update(found)
            answer = response.connection.send(again, **how)
            answer.history.append(response)
            answer.request = again
            response = answer
        self._keep_home(response)
        return response

    def _may_be_repeated(self, response: Any) -> bool:
        sent = response.request
        # After a redirect it is another address, and the proof of a bound token names that one.
        self.call.method, self.call.url = sent.method or "GET", sent.url or ""
        return (
            self.call.may_be_repeated(response.status_code, response.headers)
            and self.call.may_go_to(self.call.url)
            and (sent.body is None or self._rewind())
        )

    def _keep_home(self, response: Any) -> None:
        """Let no redirect take the token to another place in a header of the service's own.

        requests makes the next request from this one, and takes away Authorization only.
        """
        if "location" not in response.headers or self._leads_home(response):
            return
        for request in (self._request, response.request):
            for name in self.call.carriers:
                request.headers.pop(name, None)

    def _leads_home(self, response: Any) -> bool:
        try:
            url = urljoin(response.request.url or "", response.headers["location"])
        except ValueError:  # no address at all
            return False
        return self.call.may_go_to(url)


def _rewinder(body: Any) -> Callable[[], bool]:
    """What makes `body` ready to be sent once more, and says whether it could."""
    if body is None or isinstance(body, str | bytes):
        return lambda: True
    try:
        position = body.tell()
    except (AttributeError, OSError):
        return lambda: False

    def rewind() -> bool:
        try:
            body.seek(position)
        except (AttributeError, OSError):
            return False
        return True

    return rewind
