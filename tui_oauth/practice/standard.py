"""The standard endpoints of the practice provider, by their paths.

Beside the addresses that mimic Intercom, the same apps can be used as any OAuth 2.0 server wants
it: with standard errors, client authentication, scopes and every grant a program may use.
"""

from __future__ import annotations

from collections.abc import Callable

from tui_oauth.practice import metadata, registration
from tui_oauth.practice.authorization import Authorization
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.device import Devices
from tui_oauth.practice.dpop import Proofs
from tui_oauth.practice.endpoints import out_of_order
from tui_oauth.practice.id_tokens import IdTokens
from tui_oauth.practice.pending import Pending
from tui_oauth.practice.resource import Resource
from tui_oauth.practice.store import Store
from tui_oauth.practice.token_care import TokenCare
from tui_oauth.practice.token_endpoint import TokenEndpoint
from tui_oauth.practice.web import Reply, WebRequest, as_json, plain

Answer = Callable[[WebRequest, Behaviour], Reply]


class Standard:
    """Answers requests for /oauth/…, /device, /api and /.well-known/….

    `count` is called with the name of each endpoint that is asked.
    """

    def __init__(self, store: Store, key: bytes, count: Callable[[str], None]) -> None:
        self._count = count
        pending = Pending(store.now)
        proofs = Proofs(key, store.now)
        id_tokens = IdTokens()
        authorization = Authorization(store, pending, proofs, key)
        tokens = TokenEndpoint(store, pending, proofs, id_tokens, count)
        devices = Devices(store, pending, key)
        care = TokenCare(store)
        self._registration = registration.Registration(store)
        resource = Resource(store, proofs)
        self._pages: dict[str, tuple[str, str, Answer]] = {
            "/oauth/authorize": ("authorize", "GET POST", authorization.authorize),
            "/device": ("device", "GET POST", devices.person),
        }
        self._api: dict[str, tuple[str, str, Answer]] = {
            "/oauth/token": ("token", "POST", tokens.token),
            "/oauth/par": ("par", "POST", authorization.push),
            "/oauth/device": ("device_authorization", "POST", devices.begin),
            "/oauth/revoke": ("revoke", "POST", lambda request, _: care.revoke(request)),
            "/oauth/introspect": (
                "introspect",
                "POST",
                lambda request, _: care.introspect(request),
            ),
            registration.PATH: ("register", "POST", self._registration.register),
            "/oauth/jwks": ("jwks", "GET", lambda request, _: as_json(200, id_tokens.keys())),
            "/oauth/userinfo": ("userinfo", "GET POST", resource.userinfo),
            metadata.RESOURCE: ("api", "GET", resource.orders),
            metadata.RESOURCE_PATH: ("metadata", "GET", metadata.resource),
            **dict.fromkeys(metadata.PATHS, ("metadata", "GET", metadata.server)),
        }

    def handle(self, request: WebRequest, behaviour: Behaviour) -> Reply | None:
        """The reply, or None when the address is not one of the standard endpoints."""
        if request.path.startswith(f"{registration.PATH}/"):
            self._count("registration")
            return out_of_order(behaviour) or self._registration.own(request)
        found = self._pages.get(request.path) or self._api.get(request.path)
        if found is None:
            return None
        name, methods, answer = found
        if request.method not in methods.split():
            allowed = methods.replace(" ", ", ")
            return plain(405, f"Use {allowed}.", {"Allow": allowed})
        if request.path in self._pages:
            if request.method == "GET":
                self._count(name)
            return answer(request, behaviour)
        self._count(name)
        if name == "token" and behaviour.redirects:
            return plain(307, "Moved.", {"Location": "/auth/elsewhere/token"})
        return out_of_order(behaviour) or answer(request, behaviour)
