"""What the practice provider knows: apps, codes, grants and tokens. In memory, gone at the end.

Names are fixed, so that a walk looks the same every time; identifiers, secrets, codes and tokens
are random. Every method is safe to call from several threads.
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
from dataclasses import dataclass, field

CODE_LIFETIME_S = 300

WORKSPACES: dict[str, str] = {
    "aurora01": "Aurora Books",
    "harbour2": "Harbour Coffee",
    "lantern3": "Lantern Cycles",
}

PEOPLE_PERMISSIONS = (
    "Read and list users and companies",
    "Read and write users",
    "Read one user and one company",
    "Read tags",
    "Write tags",
    "Read conversations",
    "Write conversations",
    "Read events",
    "Read counts",
    "Read tickets",
    "Write tickets",
)
WORKSPACE_PERMISSIONS = (
    "Read admins",
    "Read one admin",
    "Read admin activity logs",
    "Read and list articles",
    "Read and list news items and newsfeeds",
)
PERMISSIONS = PEOPLE_PERMISSIONS + WORKSPACE_PERMISSIONS
FIRST_PERMISSIONS = ("Read and list users and companies", "Read one admin")


@dataclass(slots=True)
class App:
    """A registered app. `redirect_links` in order: the first is the default."""

    key: str
    name: str
    workspace: str
    public: bool
    client_id: str
    client_secret: str = field(repr=False)
    use_oauth: bool = False
    redirect_links: tuple[str, ...] = ()
    permissions: tuple[str, ...] = FIRST_PERMISSIONS


@dataclass(slots=True)
class Grant:
    """That a person let an app into a workspace. Ended: none of its tokens works any more."""

    id: str
    app: App
    workspace: str
    permissions: tuple[str, ...]
    created_at: int
    ended: bool = False
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code: good once, for `CODE_LIFETIME_S` seconds."""

    grant: Grant
    redirect_uri: str
    code_challenge: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Issued:
    """What a token request gave. `refresh_token` is empty where none is issued."""

    grant: Grant
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class Refused(Exception):
    """The token request fails. `reason` says which check it was, for the answer's message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Store:
    """All state of one provider. `now` gives Unix seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._apps: dict[str, App] = {}
        self._codes: dict[str, Code] = {}
        self._used_codes: dict[str, Grant] = {}
        self._access: dict[str, tuple[Grant, float | None]] = {}
        self._used_refresh: dict[str, Grant] = {}
        self._grants: list[Grant] = []

    # Apps

    def register(
        self,
        name: str,
        redirect_links: tuple[str, ...] = (),
        *,
        workspace: str = "aurora01",
        public: bool = False,
        permissions: tuple[str, ...] = FIRST_PERMISSIONS,
    ) -> App:
        """A new app; with redirect links it uses OAuth at once."""
        app = App(
            key=secrets.token_hex(4),
            name=name,
            workspace=workspace,
            public=public,
            client_id=str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            client_secret=str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            use_oauth=bool(redirect_links),
            redirect_links=redirect_links,
            permissions=permissions,
        )
        with self._lock:
            self._apps[app.key] = app
        return app

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

    def consent(self, app: App, workspace: str, redirect_uri: str, code_challenge: str) -> str:
        """A new code for `app` in `workspace`. It ends in `==`, which belongs to it."""
        now = self._now()
        code = base64.urlsafe_b64encode(secrets.token_bytes(22)).decode("ascii")
        grant = Grant(secrets.token_hex(8), app, workspace, app.permissions, int(now))
        with self._lock:
            self._codes[code] = Code(grant, redirect_uri, code_challenge, now + CODE_LIFETIME_S)
        return code

    def grants(self, app: App) -> tuple[Grant, ...]:
        """The living grants of `app` that led to a token, oldest first."""
        with self._lock:
            return tuple(grant for grant in self._grants if grant.app is app and not grant.ended)

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
        expires_in: int | None,
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
            self._grants.append(known.grant)
            if refresh:
                known.grant.refresh_token = _new_token("rt")
            return self._issue(known.grant, expires_in)

    def refresh(
        self, app: App, refresh_token: str, *, expires_in: int | None, rotating: bool
    ) -> Issued:
        """New tokens for `refresh_token`, or Refused; a rotated one used again ends the grant."""
        with self._lock:
            used = self._used_refresh.get(refresh_token)
            if used is not None and used.app is app:
                used.ended = True
                raise Refused("refresh token used before; the grant has ended")
            grant = next(
                (
                    grant
                    for grant in self._grants
                    if grant.app is app
                    and not grant.ended
                    and grant.refresh_token
                    and hmac.compare_digest(
                        grant.refresh_token.encode(), refresh_token.encode("utf-8", "replace")
                    )
                ),
                None,
            )
            if grant is None:
                raise Refused("refresh token not known")
            if rotating:
                self._used_refresh[refresh_token] = grant
                grant.refresh_token = _new_token("rt")
            return self._issue(grant, expires_in)

    def grant_of(self, access_token: str) -> Grant | None:
        """The grant that `access_token` stands for, or None when it is not good."""
        with self._lock:
            grant, ends = self._access.get(access_token, (None, None))
            if grant is None or grant.ended or (ends is not None and self._now() >= ends):
                return None
            return grant

    def _issue(self, grant: Grant, expires_in: int | None) -> Issued:
        token = _new_token("at")
        ends = None if expires_in is None else self._now() + expires_in
        self._access[token] = (grant, ends)
        return Issued(grant, token, grant.refresh_token)


def _new_token(kind: str) -> str:
    """A token whose prefix tells what it is, as `practice_at_…`."""
    return f"practice_{kind}_{secrets.token_urlsafe(32)}"


def _verifies(verifier: str, challenge: str) -> bool:
    """Whether S256 of `verifier` is `challenge` (RFC 7636 section 4.6)."""
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    mine = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(mine, challenge.encode("utf-8", "replace"))
