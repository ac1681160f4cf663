"""The practice provider as one service of the catalogue: a request in, a reply out.

It reads the same declarations as the program does, from the other side: it wants the parameters
that the service declares under the names that it declares, answers in the declared shape, and
refuses what a provider of that kind would refuse, saying why.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.access import Caller
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.html import element
from tui_oauth.practice.layout import document, hidden
from tui_oauth.practice.played import requests
from tui_oauth.practice.played.moved import moved
from tui_oauth.practice.played.places import places_of
from tui_oauth.practice.played.requests import Asked, Wrong
from tui_oauth.practice.played.rows import PlayedRows
from tui_oauth.practice.played.shapes import (
    error_answer,
    identity_answer,
    kept_value,
    token_answer,
)
from tui_oauth.practice.web import Reply, WebRequest, as_json, page, pairs, plain, see_other
from tui_oauth.services.format import Service
from tui_oauth.services.templates import set_variable

CLIENT_ID = "practice-client-id"
CLIENT_SECRET = "practice-client-secret"  # of a provider that has nothing to protect


@dataclass
class Grant:
    """What one consent led to; `spent` are refresh tokens that were used once already."""

    scopes: tuple[str, ...]
    tokens: list[str] = field(default_factory=list)
    refresh: str = ""
    revoked: bool = False


@dataclass
class DeviceAsked:
    """A device code that waits for a person; `allowed` is None until one has decided."""

    scopes: tuple[str, ...]
    device_code: str
    user_code: str = field(default_factory=lambda: secrets.token_hex(4).upper())
    allowed: bool | None = None


class PlayedApplication:
    """All that the played service does, apart from listening.

    `base` is where it listens; `callback_url` is where it sends the browser when the service is
    given a name instead of a redirect URI. `count` says how often each address was called.
    Of the services in `rows.DIALECTS` it serves the rows of `dataset` as well; then `served` says how many
    each resource was asked, and `behaviour` holds as far as it is about calls for rows.
    """

    def __init__(
        self,
        service: Service,
        base: str,
        callback_url: str,
        now: Callable[[], float],
        *,
        behaviour: Behaviour | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        self.service = moved(service, base)
        self.behaviour = behaviour or Behaviour()
        self.dataset = dataset or Dataset()
        self.count: Counter[str] = Counter()
        self.served: Counter[str] = Counter()
        self._base = base
        self._callback_url = callback_url
        self._now = now
        self._places = places_of(self.service)
        self._asked: dict[str, Asked] = {}
        self._codes: dict[str, Asked] = {}
        self._grants: dict[str, Grant] = {}
        self._device_codes: dict[str, DeviceAsked] = {}
        self._lock = threading.RLock()
        self._rows = PlayedRows(service.id, now, self._served)

    def close(self) -> None:
        """Ends waiting answers (`Behaviour.api_delay`) at once."""
        self._rows.close()

    @property
    def all_revoked(self) -> bool:
        """Whether every grant that there is has been ended."""
        return all(grant.revoked for grant in self._grants.values())

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
        request = WebRequest(method, path, query, lowered, body)
        if not request.host_is_loopback:
            return plain(421, "This is a practice provider; it answers on this machine only.")
        with self._lock:
            if path == "/consent":
                return self._decided(request)
            if path == "/device":
                return self._entered(request)
            for place in self._places:
                values = place.values(request)
                # Some services have both at one address: the browser comes with GET.
                if values is not None and (place.role != "authorize" or method == "GET"):
                    return self._answer(place.role, request, values)
        rows = self._rows.answer(
            request, self.dataset, self.behaviour, lambda: self._caller(request)
        )
        if rows is not None:
            return rows
        return plain(404, f"{self.service.name} has no such address.")

    def _answer(self, role: str, request: WebRequest, values: Mapping[str, str]) -> Reply:
        # A refresh or a device request may go to the token endpoint as well: its content decides.
        role = requests.true_role(self.service, role, request)
        self.count[role] += 1
        try:
            if role == "authorize":
                return self._consent(request, values)
            if role == "token":
                return self._exchange(request)
            if role == "refresh":
                return self._refresh(request)
            if role == "long_lived":
                return self._long_lived(request)
            if role == "device":
                return self._device(request)
            if role == "revoke":
                return self._revoke(request)
            if role == "probe":
                return self._identity(request)
        except Wrong as wrong:
            if role == "authorize":
                return page(document("Refused", element("main", element("h1", str(wrong)))), 400)
            status, answer = error_answer(self.service, wrong.code, str(wrong))
            return as_json(status, answer)
        return plain(501, f"{self.service.name} is not played as far as that.")

    # ---- the browser

    def _consent(self, request: WebRequest, values: Mapping[str, str]) -> Reply:
        asked = requests.authorization(
            self.service, request, {**values}, CLIENT_ID, self._callback_url
        )
        key = secrets.token_urlsafe(16)
        self._asked[key] = asked
        asks = f"{self.service.name} asks for access"
        form = element(
            "form",
            hidden("key", key),
            element("h1", asks),
            element("p", "Scopes: " + (" ".join(asked.scopes) or "none asked for")),
            element("button", "Authorize access", name="answer", value="allow", class_="main big"),
            element("button", "Cancel", name="answer", value="deny"),
            method="post",
            action="/consent",
        )
        target = "" if self.service.quirks.callback.form_post else asked.redirect_uri
        return page(document(asks, element("main", form)), form_target=target)

    def _decided(self, request: WebRequest) -> Reply:
        sent = dict(pairs(request.body.decode("utf-8", "replace")))
        asked = self._asked.pop(sent.get("key", ""), None)
        if asked is None or request.method != "POST":
            return plain(400, "This form was sent already.")
        callback = self.service.quirks.callback
        if sent.get("answer") != "allow":
            back = [("error", "access_denied"), ("state", asked.state)]
        else:
            code = secrets.token_urlsafe(24)
            self._codes[code] = asked
            back = [(callback.code_parameter, code), ("state", asked.state)]
            back += [
                (name, self._kept(name, asked))
                for name in callback.keep
                if name not in callback.sets
            ]
            back += [(name, self._set(named, asked)) for name, named in callback.sets.items()]
        if self.service.extensions.iss_parameter:
            back.append(("iss", self.service.issuer))
        if callback.hmac_parameter:
            back.append((callback.hmac_parameter, requests.signed(back, CLIENT_SECRET)))
        back = [(name, value) for name, value in back if value]
        if callback.form_post:
            fields = [hidden(name, value) for name, value in back]
            form = element(
                "form",
                *fields,
                element("button", "Continue"),
                method="post",
                action=asked.redirect_uri,
            )
            return page(document("Continue", element("main", form)), form_target=asked.redirect_uri)
        return see_other(requests.with_query(asked.redirect_uri, back))

    def _kept(self, name: str, asked: Asked) -> str:
        if name == "scope" and asked.scopes:
            return self.service.scope_separator.join(asked.scopes)
        return kept_value(self.service, name, self._base)

    def _set(self, named: str, asked: Asked) -> str:
        variable = set_variable(named)
        value = asked.values.get(variable, "")
        if not value:
            value = next(one.example for one in self.service.variables if one.name == variable)
        return value if named == variable else named.replace(f"{{{variable}}}", value)

    # ---- another device

    def _device(self, request: WebRequest) -> Reply:
        scopes = requests.device_scopes(self.service, request, CLIENT_ID)
        code = DeviceAsked(scopes, secrets.token_urlsafe(24))
        self._device_codes[code.device_code] = code
        address = f"{self._base}/device"
        answer = {
            "device_code": code.device_code,
            "user_code": code.user_code,
            self.service.quirks.device.verification_uri: address,
            "verification_uri_complete": f"{address}?user_code={code.user_code}",
            "expires_in": 600,
            "interval": 1,
        }
        return as_json(200, answer)

    def _entered(self, request: WebRequest) -> Reply:
        sent = dict(pairs(request.query)) | dict(pairs(request.body.decode("utf-8", "replace")))
        user_code = sent.get("user_code", "")
        found = [one for one in self._device_codes.values() if one.user_code == user_code]
        if request.method == "POST" and found:
            found[0].allowed = sent.get("answer") == "allow"
            return page(document("Done", element("main", element("h1", "Back to your device"))))
        asks = f"{self.service.name} asks for access"
        form = element(
            "form",
            element("h1", asks),
            element("label", "Code", for_="user_code"),
            element("input", name="user_code", id="user_code", value=user_code, type="text"),
            element("button", "Authorize access", name="answer", value="allow", class_="main big"),
            element("button", "Cancel", name="answer", value="deny"),
            method="post",
            action="/device",
        )
        return page(document(asks, element("main", form)))

    def _polled(self, sent: Mapping[str, str]) -> Reply:
        asked = self._device_codes.get(sent["device_code"])
        if asked is None:
            raise Wrong("expired_token", "There is no such device code.")
        if asked.allowed is None:
            raise Wrong("authorization_pending", "The person has not decided yet.")
        del self._device_codes[asked.device_code]
        if not asked.allowed:
            raise Wrong("access_denied", "The person declined.")
        return self._granted(Grant(asked.scopes))

    # ---- tokens

    def _exchange(self, request: WebRequest) -> Reply:
        sent = requests.token_parameters(self.service, request, CLIENT_ID, CLIENT_SECRET)
        if "device_code" in sent:
            return self._polled(sent)
        asked = self._codes.pop(sent.get(self.service.quirks.token.code_parameter, ""), None)
        if asked is None:
            raise Wrong("invalid_grant", "The code is unknown, or was used before.")
        requests.check_exchange(self.service, sent, asked)
        grant = Grant(asked.scopes)
        return self._granted(grant)

    def _refresh(self, request: WebRequest) -> Reply:
        quirks = self.service.quirks.refresh
        sent = requests.refresh_parameters(self.service, request, CLIENT_ID, CLIENT_SECRET)
        spent = sent.get("access_token" if quirks.with_access_token else "refresh_token", "")
        grant = self._grants.get(spent)
        if grant is None or grant.revoked:
            raise Wrong("invalid_grant", "The token to refresh with is unknown or was used before.")
        if not quirks.with_access_token and spent != grant.refresh:
            grant.revoked = True
            raise Wrong("invalid_grant", "The refresh token was used before; the grant has ended.")
        return self._granted(grant)

    def _long_lived(self, request: WebRequest) -> Reply:
        declared = self.service.quirks.answer.long_lived
        assert declared is not None  # noqa: S101 - the place exists only then
        sent = requests.declared_parameters(
            request, declared.method, declared.parameters, CLIENT_ID, CLIENT_SECRET
        )
        short = next((value for value in sent.values() if value in self._grants), "")
        grant = self._grants.get(short)
        if grant is None:
            raise Wrong("invalid_grant", "There is no such short-lived token.")
        return self._granted(grant)

    def _granted(self, grant: Grant) -> Reply:
        service = self.service
        access_token = f"access-{secrets.token_urlsafe(24)}"
        rotates = bool(service.refresh.rotates) or not grant.refresh
        renews = "refresh_token" in service.grants and not service.quirks.refresh.with_access_token
        if renews and rotates:
            grant.refresh = f"refresh-{secrets.token_urlsafe(24)}"
            self._grants[grant.refresh] = grant
        self._grants[access_token] = grant
        grant.tokens.append(access_token)
        answer = token_answer(
            service,
            access_token=access_token,
            refresh_token=grant.refresh if renews and rotates else "",
            scopes=grant.scopes,
            now=int(self._now()),
            base=self._base,
        )
        return as_json(200, answer)

    # ---- what a token is good for

    def _identity(self, request: WebRequest) -> Reply:
        token = requests.api_token(self.service, request)
        grant = self._grants.get(token)
        if grant is None or grant.revoked or token not in grant.tokens:
            return as_json(401, {"error": "invalid_token"})
        requests.check_identity(self.service, request, CLIENT_ID)
        return as_json(200, identity_answer(self.service, self._base))

    def _caller(self, request: WebRequest) -> Caller | None:
        """Whose token a call for rows carries."""
        try:
            token = requests.api_token_of(self.service, request)
        except Wrong:
            return None
        grant = self._grants.get(token)
        if grant is None or grant.revoked or token not in grant.tokens:
            return None

        def revoke() -> None:
            grant.revoked = True

        # Where no scopes are asked for they are chosen at the service, and all of them are.
        return Caller(CLIENT_ID, frozenset(grant.scopes) or None, revoke)

    def _served(self, resource: str, rows: int) -> None:
        with self._lock:
            self.count[resource] += 1
            self.served[resource] += rows

    def _revoke(self, request: WebRequest) -> Reply:
        named = requests.revoked_values(self.service, request, CLIENT_ID, CLIENT_SECRET)
        kept = {
            kept_value(self.service, name, self._base) for name in self.service.quirks.answer.keep
        }
        for token, grant in self._grants.items():
            # A token, or the account: then all that was ever granted for it ends.
            if token in named or kept & set(named):
                grant.revoked = True
        success = self.service.quirks.answer.success
        return as_json(200, identity_answer(self.service, self._base) if success else {})
