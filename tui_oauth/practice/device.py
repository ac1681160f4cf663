"""The device grant's side of the person and of the device: /oauth/device and /device (RFC 8628)."""

from __future__ import annotations

from urllib.parse import quote

from tui_oauth.practice import device_pages
from tui_oauth.practice.authorization import Wrong, chosen_workspace, terms
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.clients import authenticated, parameters
from tui_oauth.practice.pending import Pending
from tui_oauth.practice.records import SCOPES
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import (
    Reply,
    WebRequest,
    as_json,
    csrf_fits,
    csrf_token,
    form,
    oauth_error,
    page,
    pairs,
)

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_PAGE = "/device"


class Devices:
    """Answers requests for the device authorization endpoint and for the page behind it."""

    def __init__(self, store: Store, pending: Pending, key: bytes) -> None:
        self._store = store
        self._pending = pending
        self._key = key

    def begin(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """POST /oauth/device: a device code and a user code (sections 3.1 and 3.2)."""
        sent = parameters(request)
        if isinstance(sent, Reply):
            return sent
        app = authenticated(self._store, request, sent, self._store.now())
        if isinstance(app, Reply):
            return app
        if not app.may(GRANT):
            return oauth_error("unauthorized_client", "The client did not register device_code.")
        asked = terms(request.origin, sent)
        if isinstance(asked, Wrong):
            return oauth_error(asked.error, asked.words)
        device = self._pending.add_device(
            app, asked, behaviour.device_lifetime, behaviour.device_interval
        )
        uri = request.origin + _PAGE
        return as_json(
            200,
            {
                "device_code": device.device_code,
                "user_code": device.user_code,
                "verification_uri": uri,
                "verification_uri_complete": f"{uri}?user_code={quote(device.user_code)}",
                "expires_in": behaviour.device_lifetime,
                "interval": behaviour.device_interval,
            },
        )

    def person(self, request: WebRequest, behaviour: Behaviour) -> Reply:
        """/device: the person types the code, looks at who asks, and decides (section 3.3)."""
        values = form(request) if request.method == "POST" else pairs(request.query)
        fields = dict(values)
        csrf = csrf_token(self._key, _PAGE)
        if request.method == "POST" and (
            not csrf_fits(self._key, _PAGE, values) or request.from_another_site
        ):
            return page(device_pages.too_old(), 403)
        typed = fields.get("user_code", "")
        if not typed:
            problem = "Type the code that the device shows." if request.method == "POST" else ""
            return page(device_pages.enter_code(csrf, problem=problem))
        device = self._pending.device_of(typed)
        if device is None:
            problem = "No device waits with this code. Compare it with the device; codes end after a while."
            return page(device_pages.enter_code(csrf, typed=typed[:40], problem=problem), 422)
        if request.method != "POST" or "answer" not in fields:
            # Also where the code came with the address: the person compares it (section 3.3.1).
            permissions = [SCOPES[scope] for scope in device.terms.scopes]
            return page(device_pages.decide(device, permissions, csrf))
        allowed = fields["answer"] == "allow" and not behaviour.deny
        workspace = chosen_workspace(device.app, fields.get("workspace", ""))
        self._pending.decide(device, allowed, workspace)
        return page(device_pages.decided(device, allowed))
