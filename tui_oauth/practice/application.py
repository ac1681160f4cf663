"""The practice provider without sockets: a request in, a reply out."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from tui_oauth.practice import assets, pages
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.consent import Consent
from tui_oauth.practice.data import intercom
from tui_oauth.practice.data.access import Caller, Limits
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.data.rows_api import RowsApi
from tui_oauth.practice.endpoints import Endpoints, out_of_order
from tui_oauth.practice.hub import Hub
from tui_oauth.practice.records import FIRST_PERMISSIONS, App
from tui_oauth.practice.standard import Standard
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import Reply, WebRequest, asset, page, plain

MAX_BODY = 65_536  # bytes; far more than any form or token request of ours


class Application:
    """All that the provider does, apart from listening.

    `behaviour` may be replaced at any time and holds for the next request. `count` says how
    often each endpoint was called: `token`, `me`, `uninstall`, `oauth` (the consent page shown),
    and of the token requests `code` and `refresh` for those with good client credentials;
    `elsewhere` where the token endpoint redirected to. The standard endpoints count as `authorize`
    and `device` (pages shown), `token` with `code`, `refresh`, `client_credentials` and
    `device_code`, and as `par`, `device_authorization`, `revoke`, `introspect`, `register`,
    `registration`, `jwks`, `userinfo`, `api` and `metadata`. `now` gives Unix seconds.

    Calls for rows count as the resource that they ask for, such as `contacts` or `contact_tags`,
    and `served` says how many rows each resource was asked. `dataset` may be replaced, too.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        dataset: Dataset | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.count: Counter[str] = Counter()
        self.served: Counter[str] = Counter()
        self.dataset = dataset or Dataset()
        self.store = Store(now)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        key = secrets.token_bytes(32)
        self._hub = Hub(self.store, key)
        self._consent = Consent(self.store, key)
        limits = Limits(now)
        self._endpoints = Endpoints(self.store, self._counted, limits)
        self._rows = RowsApi(intercom.DIALECT, limits, now, self._served)
        self._standard = Standard(self.store, key, self._counted)

    def register(
        self,
        name: str,
        *redirect_links: str,
        workspace: str = "aurora01",
        public: bool = False,
        permissions: tuple[str, ...] = FIRST_PERMISSIONS,
        auth_method: str = "",
    ) -> App:
        """An app as the New app form and the Authentication page would make it.

        `auth_method` as RFC 7591 names it: "none" makes a client without a secret, for the standard
        endpoints; empty takes the secret in the header or in the body.
        """
        return self.store.register(
            name,
            redirect_links,
            workspace=workspace,
            public=public,
            permissions=permissions,
            auth_method=auth_method,
        )

    def open(self) -> None:
        """Undoes `close`."""
        self._closing.clear()

    def close(self) -> None:
        """Ends waiting answers (`Behaviour.delay`) at once."""
        self._closing.set()

    def handle(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Reply:
        """The reply to one request. `query` is raw, without the question mark."""
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        request = WebRequest("GET" if method == "HEAD" else method, path, query, lowered, body)
        if not request.host_is_loopback:
            return plain(
                421, "This is the practice provider; it answers as 127.0.0.1 and localhost only."
            )
        if len(body) > MAX_BODY:
            return plain(413, "The request is too large.")
        known = {"GET", "POST"}
        if path.startswith("/oauth/register/"):
            known = {"GET", "POST", "DELETE"}
        if request.method not in known:
            return plain(405, "Only GET and POST are known here.", {"Allow": "GET, POST"})
        try:
            return self._answer(request)
        except ValueError:
            # More than 500 parameters: nobody's browser sends that.
            return plain(400, "The request cannot be understood.")

    def _answer(self, request: WebRequest) -> Reply:
        behaviour = self.behaviour
        match request.path:
            case "/auth/eagle/token":
                self._counted("token")
                if request.method != "POST":
                    return plain(405, "Use POST.", {"Allow": "POST"})
                reply = self._endpoints.token(request, behaviour)
                # Late, but done: what a client meets whose connection breaks while it waits.
                self._closing.wait(behaviour.delay)
                return reply
            case "/auth/elsewhere/token":
                self._counted("elsewhere")
                return plain(
                    200, "A client that follows redirects of a token request sends secrets here."
                )
            case "/auth/uninstall":
                self._counted("uninstall")
                if request.method != "POST":
                    return plain(405, "Use POST.", {"Allow": "POST"})
                return self._endpoints.uninstall(request, behaviour)
            case "/me":
                self._counted("me")
                if request.method != "GET":
                    return plain(405, "Use GET.", {"Allow": "GET"})
                return self._endpoints.me(request, behaviour)
            case "/oauth":
                if request.method == "GET":
                    self._counted("oauth")
                return self._consent.handle(request, behaviour)
            case "/style.css":
                return asset("text/css; charset=utf-8", assets.STYLE)
            case "/copy.js":
                return asset("text/javascript; charset=utf-8", assets.SCRIPT)
            case "/icon.svg":
                return asset("image/svg+xml", assets.ICON)
        rows = self._answer_rows(request, behaviour)
        if rows is not None:
            return rows
        standard = self._standard.handle(request, behaviour)
        if standard is not None:
            if request.path == "/oauth/token":
                self._closing.wait(behaviour.delay)
            return standard
        found = self._hub.handle(request, behaviour)
        if found is None:
            return page(pages.message("Not found", "There is no page at this address."), 404)
        return found

    def _answer_rows(self, request: WebRequest, behaviour: Behaviour) -> Reply | None:
        def caller() -> Caller | None:
            grant = self._endpoints.grant(request)
            if grant is None:
                return None
            permissions = frozenset(grant.permissions)
            return Caller(grant.app.client_id, permissions, lambda: self.store.end_grant(grant))

        reply = self._rows.handle(request, request.path, self.dataset, behaviour, caller)
        if reply is None:
            return None
        self._closing.wait(behaviour.api_delay)
        return out_of_order(behaviour) or reply

    def _served(self, resource: str, rows: int) -> None:
        with self._lock:
            self.count[resource] += 1
            self.served[resource] += rows

    def _counted(self, name: str) -> None:
        with self._lock:
            self.count[name] += 1
