"""Pages over HTTP with the token of an entry: waits, repeats and counts.

One client for the whole run; the token comes from `EntryAuth`, per request, so that a refresh in
the middle of a long run is harmless.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import httpx

from tui_oauth import __version__, net
from tui_oauth.api import Vault
from tui_oauth.entries import entry_service
from tui_oauth.entry_auth import EntryAuth
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, UsageProblem
from tui_oauth.extract import refusals
from tui_oauth.extract.limits import MANY, TRIES, before_again, before_next
from tui_oauth.extract.paging import Ask
from tui_oauth.extract.watched import Exchanges
from tui_oauth.text import neutralise
from tui_oauth.trust import tls_context

if TYPE_CHECKING:
    from tui_oauth.extract.declared import Resource, Source
    from tui_oauth.workspace import Workspace

SECONDS = 60.0
MAX_BYTES = 64 * 1024 * 1024
MAX_LIMITED = 100
"""So often a service may say 429 to one call before it counts as refused."""

_loads: Callable[[bytes], Any]
try:
    from orjson import loads as _loads
except ImportError:  # it comes with the extra; without it only the preview runs
    _loads = json.loads


class Stopped(Exception):
    """The run was asked to stop; what has been fetched is kept."""


class Answer(NamedTuple):
    """A page as it came."""

    document: Any
    headers: Mapping[str, str]
    url: str


@dataclass(slots=True)
class Counts:
    """What the calls of one resource have cost."""

    calls: int = 0
    bytes: int = 0
    waits: int = 0
    waited: float = 0.0


@dataclass
class Calls:
    """Calls of one service's API for one entry. Close it, or use it in a `with`.

    `stop` ends the run before the next call and during waits; `waiting` is told of every wait. `watched`:
    whoever watches the workspace's traffic is told of every call.
    """

    workspace: Workspace
    name: str
    source: Source
    stop: threading.Event = field(default_factory=threading.Event)
    waiting: Callable[[float], None] = lambda seconds: None
    watched: bool = False

    def __post_init__(self) -> None:
        self.counts: dict[str, Counts] = {}
        self.scrolled: dict[str, str] = {}
        """The scroll that is open, with the key of the row that it gave last."""
        self.began = 0.0
        """When the service answered first, by its own clock."""
        self._not_before = 0.0
        self._client: httpx.Client | None = None
        self._base = ""
        self._exchanges = Exchanges(self.workspace)

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *problem: object) -> None:
        self._exchanges.ended()
        if self._client is not None:
            self._client.close()

    @property
    def base(self) -> str:
        """The API's address, without a slash at the end; that of the region the tokens name."""
        if not self._base:
            self._base = api_base(self.workspace, self.name, self.source)
        return self._base

    def count(self, resource: str) -> Counts:
        """What the calls for `resource` have cost so far."""
        return self.counts.setdefault(resource, Counts())

    def page(self, resource: Resource, ask: Ask, name: str = "", *, repeat: bool = True) -> Answer:
        """The answer to `ask`, repeated while that may help. Raises Stopped and TuiOauthError.

        Without `repeat` a call that may have been answered is not made again.
        """
        counts = self.count(name or resource.name)
        failed = limited = 0
        self._exchanges.step = f"{name or resource.name} of {self.source.name}"
        while True:
            self._wait(self._not_before - time.time(), counts)
            try:
                status, headers, body, url = self._send(ask, counts)
                document = _document(body) if status < 400 else None
            except (httpx.TransportError, httpx.DecodingError, ValueError) as error:
                failed += 1
                if failed >= TRIES or not repeat:
                    raise self._failed(error, failed) from None
                self._pause(0, {}, failed, counts)
                continue
            if status == MANY and limited < MAX_LIMITED:
                limited += 1
                self._pause(status, headers, limited, counts)
                continue
            if status >= 500 and repeat and failed + 1 < TRIES:
                failed += 1
                self._pause(status, headers, failed, counts)
                continue
            self._not_before = time.time() + before_next(self.source.limits, headers, time.time())
            if status >= 400:
                raise refusals.refused(self, resource, status, body)
            if not self.began:
                self.began = _date(headers) or time.time()
            return Answer(document, headers, url)

    def pause(self, seconds: float, resource: str) -> None:
        """Wait for something that the service is busy with. Raises Stopped."""
        self._wait(seconds, self.count(resource))

    def download(self, resource: Resource, path: str, file: IO[bytes]) -> None:
        """The file at `path` into `file`, a piece at a time; once more from its beginning if it breaks off."""
        counts = self.count(resource.name)
        self._exchanges.step = f"the file of {resource.name}"
        for attempt in range(1, TRIES + 1):
            self._wait(self._not_before - time.time(), counts)
            file.seek(0)
            file.truncate()
            client = self._client or self._open()
            counts.calls += 1
            asked = client.build_request(
                "GET", f"{self.base}{path}", headers={"Accept": "application/octet-stream"}
            )
            try:
                answer = client.send(asked, stream=True)
                try:
                    if answer.status_code >= 400:
                        body = answer.read()[:MAX_BYTES]
                        if answer.status_code == MANY or answer.status_code >= 500:
                            self._pause(answer.status_code, answer.headers, attempt, counts)
                            continue
                        raise refusals.refused(self, resource, answer.status_code, body)
                    for piece in answer.iter_bytes():
                        file.write(piece)
                        if self.stop.is_set():
                            raise Stopped
                    return
                finally:
                    counts.bytes += answer.num_bytes_downloaded
                    answer.close()
                    self._exchanges.ended()
            except (httpx.TransportError, httpx.DecodingError) as error:
                if attempt == TRIES:
                    raise self._failed(error) from None
                self._pause(0, {}, attempt, counts)
        raise self._failed(TimeoutError("it is too busy"))

    def _send(self, ask: Ask, counts: Counts) -> tuple[int, httpx.Headers, bytes, str]:
        client = self._client or self._open()
        url = ask.url if "://" in ask.url else f"{self.base}{ask.url}"
        request = client.build_request(
            ask.method, url, params=ask.parameters or None, json=ask.payload
        )
        counts.calls += 1
        answer = client.send(request, stream=True)
        try:
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > MAX_BYTES:
                    raise ProviderRefused(
                        f"{neutralise(request.url.host, 120)} answered with more than "
                        f"{MAX_BYTES // 1024 // 1024} MB for one page."
                    )
        finally:
            answer.close()
            self._exchanges.ended(bytes(body))
        counts.bytes += answer.num_bytes_downloaded
        return answer.status_code, answer.headers, bytes(body), str(request.url)

    def _open(self) -> httpx.Client:
        environ = self.workspace.environ
        proxy = net.choose_proxy(self.base, environ)
        traced = self.watched and self.workspace.traffic is not None
        encrypted = self.base.startswith("https") or (proxy or "").startswith("https")
        self._client = httpx.Client(
            auth=EntryAuth(self.name, Vault(self.workspace)),
            headers={"User-Agent": f"tui-oauth/{__version__}", **self.source.headers},
            verify=tls_context(environ) if encrypted else False,
            proxy=proxy,
            trust_env=False,
            follow_redirects=False,
            event_hooks=self._exchanges.hooks if traced else None,
            timeout=httpx.Timeout(SECONDS, connect=net.CONNECT_SECONDS),
        )
        return self._client

    def _pause(self, status: int, headers: Mapping[str, str], attempt: int, counts: Counts) -> None:
        seconds = before_again(self.source.limits, status, headers, time.time(), attempt)
        self._wait(seconds, counts)

    def _wait(self, seconds: float, counts: Counts) -> None:
        if self.stop.is_set():
            raise Stopped
        if seconds <= 0:
            return
        counts.waits += 1
        self.waiting(seconds)
        began = time.monotonic()
        stopped = self.stop.wait(seconds)
        counts.waited += time.monotonic() - began
        if stopped:
            raise Stopped

    def _failed(self, error: Exception, times: int = TRIES) -> ProviderUnreachable:
        host = httpx.URL(self.base).host
        what = neutralise(error, 160) or type(error).__name__
        return ProviderUnreachable(
            f"{host} could not be reached or broke off, {times} times in a row ({what}).",
            "What was fetched is kept. Check the network and run it again: it goes on from there.",
        )


def api_base(workspace: Workspace, name: str, source: Source) -> str:
    """The address of the API that `name` has its tokens for."""
    entry = workspace.vault.find(name)
    probe = entry_service(workspace, entry).identity_probe
    if probe is None or not probe.url.endswith(source.probe):
        raise UsageProblem(
            f"The address of the API of {entry.service_name} is not known.",
            f"Its identity probe has to end in {source.probe}.",
        )
    base = probe.url.removesuffix(source.probe)
    if base in source.regions.values():
        return source.regions.get(_region(workspace, name, source), base)
    return base


def _region(workspace: Workspace, name: str, source: Source) -> str:
    """The region of the tokens, asked for where the sign-in has not learned it."""
    entry = workspace.vault.find(name)
    held = workspace.vault.secrets(entry).tokens
    if held is not None and source.region not in held.extra:
        # Who may not read admins cannot ask; then the region that was chosen counts.
        with suppress(ProviderRefused):
            refusals.check(workspace, name)
        held = workspace.vault.secrets(workspace.vault.get(entry.id)).tokens
    return held.extra.get(source.region, "") if held is not None else ""


def _document(body: bytes) -> Any:
    return _loads(body) if body.strip() else {}


def _date(headers: Mapping[str, str]) -> float:
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return 0.0
