"""What the practice provider knows: apps, codes, grants and tokens. In memory, gone at the end.

Every method is safe to call from several threads.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
import uuid
from collections.abc import Callable

from tui_oauth.practice.records import (
    FIRST_PERMISSIONS,
    Access,
    App,
    Code,
    Grant,
    Issued,
    Refused,
    Terms,
    Wanted,
)

CODE_LIFETIME_S = 300
_PLAIN = Terms()


class Store:
    """All state of one provider. `now` gives Unix seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._apps: dict[str, App] = {}
        self._codes: dict[str, Code] = {}
        self._used_codes: dict[str, Grant] = {}
        self._access: dict[str, Access] = {}
        self._used_refresh: dict[str, Grant] = {}
        self._grants: list[Grant] = []

    def now(self) -> float:
        """Unix seconds."""
        return self._now()

    # Apps

    def register(
        self,
        name: str,
        redirect_links: tuple[str, ...] = (),
        *,
        workspace: str = "aurora01",
        public: bool = False,
        permissions: tuple[str, ...] = FIRST_PERMISSIONS,
        auth_method: str = "",
    ) -> App:
        """A new app; with redirect links it uses OAuth at once."""
        app = App(
            key=secrets.token_hex(4),
            name=name,
            workspace=workspace,
            public=public,
            client_id=str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            client_secret=""
            if auth_method == "none"
            else str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            use_oauth=bool(redirect_links),
            redirect_links=redirect_links,
            permissions=permissions,
            auth_method=auth_method,
            created_at=int(self._now()),
        )
        self.add(app)
        return app

    def add(self, app: App) -> None:
        """Takes an app as it is: one that registered itself (RFC 7591)."""
        with self._lock:
            self._apps[app.key] = app

    def remove(self, app: App) -> None:
        """Forgets `app`, with everything that was granted to it (RFC 7592 section 2.3)."""
        with self._lock:
            self._apps.pop(app.key, None)
            for grant in self._grants:
                if grant.app is app:
                    grant.ended = True

    def apps(self) -> tuple[App, ...]:
        with self._lock:
            return tuple(self._apps.values())

    def app(self, key: str) -> App | None:
        with self._lock:
            return self._apps.get(key)

    def app_of_client(self, client_id: str) -> App | None:
        with self._lock:
            return next((app for app in self._apps.values() if app.client_id == client_id), None)

    def configure(
        self,
        app: App,
        *,
        use_oauth: bool,
        redirect_links: tuple[str, ...],
        permissions: tuple[str, ...],
    ) -> None:
        """What Save on the Authentication page does."""
        with self._lock:
            app.use_oauth = use_oauth
            app.redirect_links = redirect_links
            app.permissions = permissions

    # Consent

    def consent(
        self,
        app: App,
        workspace: str,
        redirect_uri: str,
        code_challenge: str,
        terms: Terms = _PLAIN,
    ) -> str:
        """A new code for `app` in `workspace`. It ends in `==`, which belongs to it."""
        code = base64.urlsafe_b64encode(secrets.token_bytes(22)).decode("ascii")
        grant = self._grant(app, workspace, terms)
        expires_at = self._now() + CODE_LIFETIME_S
        with self._lock:
            self._codes[code] = Code(grant, redirect_uri, code_challenge, expires_at)
        return code

    def grants(self, app: App) -> tuple[Grant, ...]:
        """The living grants of a person to `app` that led to a token, oldest first."""
        with self._lock:
            return tuple(
                grant
                for grant in self._grants
                if grant.app is app and grant.person and not grant.ended
            )

    def end_grant(self, grant: Grant) -> None:
        with self._lock:
            grant.ended = True

    # Tokens

    def exchange(
        self,
        app: App,
        code: str,
        *,
        verifier: str,
        redirect_uri: str | None,
        wanted: Wanted,
        refresh: bool,
    ) -> Issued:
        """The tokens for `code`, or Refused. A code used twice ends its grant (RFC 6749 4.1.2)."""
        with self._lock:
            used = self._used_codes.get(code)
            if used is not None and used.app is app:
                used.ended = True
                raise Refused("code used before")
            known = self._codes.get(code)
            if known is None or known.grant.app is not app:
                raise Refused("code not known")
            del self._codes[code]
            self._used_codes[code] = known.grant
            if self._now() >= known.expires_at:
                raise Refused("code too old")
            if redirect_uri is not None and redirect_uri != known.redirect_uri:
                raise Refused("redirect_uri differs")
            if known.code_challenge and not _verifies(verifier, known.code_challenge):
                raise Refused("code_verifier does not fit")
            if known.grant.terms.jkt and wanted.jkt != known.grant.terms.jkt:
                raise Refused("the code is bound to another DPoP key")
            return self._first(known.grant, wanted, refresh)

    def grant_directly(
        self,
        app: App,
        workspace: str,
        terms: Terms,
        wanted: Wanted,
        *,
        refresh: bool,
        person: bool = True,
    ) -> Issued:
        """Tokens without a code: of a device (RFC 8628), or the app's own (`person` False)."""
        grant = self._grant(app, workspace, terms)
        grant.person = person
        with self._lock:
            return self._first(grant, wanted, refresh)

    def refresh(self, app: App, refresh_token: str, wanted: Wanted, *, rotating: bool) -> Issued:
        """New tokens for `refresh_token`, or Refused; a rotated one used again ends the grant."""
        with self._lock:
            used = self._used_refresh.get(refresh_token)
            if used is not None and used.app is app:
                used.ended = True
                raise Refused("refresh token used before; the grant has ended")
            grant = self._grant_to_refresh(refresh_token)
            if grant is None or grant.app is not app:
                raise Refused("refresh token not known")
            if grant.refresh_jkt and wanted.jkt != grant.refresh_jkt:
                raise Refused("the refresh token is bound to another DPoP key")
            issued = self._issue(grant, wanted)
            if not rotating:
                return issued
            self._used_refresh[refresh_token] = grant
            grant.refresh_token = _new_token("rt")
            return Issued(grant, issued.access, issued.access_token, grant.refresh_token)

    def access(self, access_token: str) -> Access | None:
        """What `access_token` stands for, or None when it is not good."""
        with self._lock:
            found = self._access.get(access_token)
            if found is None or found.ended or found.grant.ended:
                return None
            return None if found.ends is not None and self._now() >= found.ends else found

    def grant_of(self, access_token: str) -> Grant | None:
        """The grant that `access_token` stands for, or None when it is not good."""
        found = self.access(access_token)
        return None if found is None else found.grant

    def grant_to_refresh(self, refresh_token: str) -> Grant | None:
        """The living grant whose refresh token this is."""
        with self._lock:
            return self._grant_to_refresh(refresh_token)

    def revoke(self, app: App, token: str) -> None:
        """Ends an access token, or with a refresh token its whole grant (RFC 7009 section 2.1).

        A token that is not known is nothing to do; one of another app is Refused.
        """
        with self._lock:
            access = self._access.get(token)
            grant = self._used_refresh.get(token) or self._grant_to_refresh(token)
            owner = access.grant if access is not None else grant
            if owner is None:
                return
            if owner.app is not app:
                raise Refused("the token was issued to another client")
            if access is not None:
                access.ended = True
            else:
                owner.ended = True

    def _grant(self, app: App, workspace: str, terms: Terms) -> Grant:
        now = int(self._now())
        return Grant(secrets.token_hex(8), app, workspace, app.permissions, now, terms=terms)

    def _grant_to_refresh(self, refresh_token: str) -> Grant | None:
        given = refresh_token.encode("utf-8", "replace")
        return next(
            (
                grant
                for grant in self._grants
                if not grant.ended
                and grant.refresh_token
                and hmac.compare_digest(grant.refresh_token.encode(), given)
            ),
            None,
        )

    def _first(self, grant: Grant, wanted: Wanted, refresh: bool) -> Issued:
        issued = self._issue(grant, wanted)
        self._grants.append(grant)
        if not refresh:
            return issued
        grant.refresh_token = _new_token("rt")
        grant.refresh_jkt = "" if grant.app.has_secret else wanted.jkt
        return Issued(grant, issued.access, issued.access_token, grant.refresh_token)

    def _issue(self, grant: Grant, wanted: Wanted) -> Issued:
        """A new access token, for no more than was granted."""
        scopes = grant.terms.scopes if wanted.scopes is None else wanted.scopes
        if not set(scopes) <= set(grant.terms.scopes):
            raise Refused("more scopes than were granted", "invalid_scope")
        resources = grant.terms.resources if wanted.resources is None else wanted.resources
        if grant.terms.resources and not set(resources) <= set(grant.terms.resources):
            raise Refused("a resource that was not granted", "invalid_target")
        now = self._now()
        ends = None if wanted.expires_in is None else now + wanted.expires_in
        token = _new_token("at")
        access = Access(grant, int(now), ends, scopes, resources, wanted.jkt)
        self._access[token] = access
        return Issued(grant, access, token, grant.refresh_token)


def _new_token(kind: str) -> str:
    """A token whose prefix tells what it is, as `practice_at_…`."""
    return f"practice_{kind}_{secrets.token_urlsafe(32)}"


def _verifies(verifier: str, challenge: str) -> bool:
    """Whether S256 of `verifier` is `challenge` (RFC 7636 section 4.6)."""
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    mine = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(mine, challenge.encode("utf-8", "replace"))
