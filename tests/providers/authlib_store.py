"""What the Authlib server knows: clients, codes, device codes and tokens, in memory.

Authlib asks for these by the methods of its mixins; it decides, they remember.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc8628 import DeviceCredentialDict
from authlib.oidc.core import AuthorizationCodeMixin

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = ("authorization_code", "refresh_token", "client_credentials", DEVICE_GRANT)
SCOPES = ("openid", "profile", "read", "write")
METHODS = ["client_secret_basic", "client_secret_post", "none"]


@dataclass(frozen=True)
class Person:
    """Who consents."""

    sub: str = "robin"
    name: str = "Robin Vale"


@dataclass
class Client(ClientMixin):
    """`metadata` is the client's, as RFC 7591 words it; `registration_token` is RFC 7592's."""

    client_id: str
    client_secret: str = field(repr=False)
    metadata: dict[str, object]
    issued_at: int = 0
    registration_token: str = field(default="", repr=False)

    @property
    def client_info(self) -> dict[str, object]:
        return {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "client_id_issued_at": self.issued_at,
            "client_secret_expires_at": 0,
        }

    @property
    def client_metadata(self) -> dict[str, object]:
        return self.metadata

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        uris = self._list("redirect_uris")
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(one for one in (scope or "").split() if one in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self._list("redirect_uris")

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(self.client_secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.metadata.get("token_endpoint_auth_method", "client_secret_basic")

    def check_response_type(self, response_type: str) -> bool:
        return response_type in self._list("response_types", "code")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self._list("grant_types", "authorization_code")

    def _list(self, name: str, *default: str) -> list[str]:
        value = self.metadata.get(name, list(default))
        assert isinstance(value, list)
        return value


@dataclass
class Code(AuthorizationCodeMixin):
    """An authorization code."""

    code: str
    client_id: str
    redirect_uri: str | None
    scope: str
    person: Person
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    family: str
    issued_at: float = field(default_factory=time.time)

    def get_redirect_uri(self) -> str | None:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.issued_at)

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class Token(TokenMixin):
    """An access token and the refresh token that came with it. `family`: from one consent."""

    access_token: str
    refresh_token: str
    client_id: str
    scope: str
    expires_in: int
    person: Person | None
    family: str
    issued_at: int = field(default_factory=lambda: int(time.time()))
    access_revoked: bool = False
    refresh_revoked: bool = False

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id

    def get_scope(self) -> str:
        return self.scope

    def get_expires_in(self) -> int:
        return self.expires_in

    def get_user(self) -> Person | None:
        return self.person

    def is_expired(self) -> bool:
        return self.issued_at + self.expires_in <= time.time()

    def is_revoked(self) -> bool:
        return self.access_revoked


@dataclass
class RegistrationToken:
    """The registration access token of one client (RFC 7592)."""

    client_id: str

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id


class Device(DeviceCredentialDict):
    """A device code. `answer` is None until the person has decided."""

    answer: bool | None = None
    polled_at: float = 0.0


class Store:
    """Everything, behind one lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clients: dict[str, Client] = {}
        self.codes: dict[str, Code] = {}
        self.spent_codes: dict[str, str] = {}
        self.tokens: list[Token] = []
        self.devices: dict[str, Device] = {}

    def by_access(self, value: str) -> Token | None:
        return next((token for token in self.tokens if token.access_token == value), None)

    def by_refresh(self, value: str) -> Token | None:
        return next(
            (token for token in self.tokens if value and token.refresh_token == value), None
        )

    def by_user_code(self, value: str) -> Device | None:
        return next((one for one in self.devices.values() if one["user_code"] == value), None)

    def family(self, name: str) -> Iterator[Token]:
        return (token for token in self.tokens if token.family == name)

    def end_family(self, name: str) -> None:
        """What reuse of a code or a refresh token means (RFC 9700 sections 2.1.1 and 4.14.2)."""
        for token in self.family(name):
            token.access_revoked = token.refresh_revoked = True
