"""The values that the practice provider's store holds, and the fixed names it shows.

Names are fixed, so that a walk looks the same every time; identifiers, secrets, codes and tokens
are random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    "Read and write custom object instances",
    "Export message data",
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


# What the standard endpoints grant (RFC 6749 section 3.3), with the words that a person reads.
SCOPES: dict[str, str] = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your e-mail address",
    "read": "Read orders",
    "write": "Change orders",
}


@dataclass(slots=True)
class App:
    """A registered app. `redirect_links` in order: the first is the default.

    `auth_method` is how it authenticates at the standard endpoints (RFC 7591 section 2); empty
    where the secret may come either way. `grants` are those it may use there. `metadata` is what
    a client that registered itself said of itself, and `registration_token` lets it see and
    remove its registration (RFC 7592). `secret_expires_at` in Unix seconds, 0 for never.
    """

    key: str
    name: str
    workspace: str
    public: bool
    client_id: str
    client_secret: str = field(repr=False)
    use_oauth: bool = False
    redirect_links: tuple[str, ...] = ()
    permissions: tuple[str, ...] = FIRST_PERMISSIONS
    auth_method: str = ""
    grants: tuple[str, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    registration_token: str = field(default="", repr=False)
    created_at: int = 0
    secret_expires_at: int = 0

    @property
    def has_secret(self) -> bool:
        """Whether it has to authenticate; RFC 6749 section 2.1 calls such a client confidential."""
        return self.auth_method != "none"

    def may(self, grant: str) -> bool:
        """Whether it may use this grant; an app of the web forms may use each."""
        return not self.grants or grant in self.grants


@dataclass(frozen=True, slots=True)
class Terms:
    """What a standard authorization request asked for, beside the client and the redirect URI.

    `resources` are RFC 8707's, `nonce` is OpenID Connect's, `jkt` the thumbprint of the DPoP key
    that the code is bound to (RFC 9449 section 10).
    """

    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    nonce: str = ""
    jkt: str = ""


@dataclass(slots=True)
class Grant:
    """That a person let an app into a workspace. Ended: none of its tokens works any more.

    Without a `person` it is the app's own (RFC 6749 section 4.4). `refresh_jkt`: the DPoP key
    that a public client's refresh token is bound to.
    """

    id: str
    app: App
    workspace: str
    permissions: tuple[str, ...]
    created_at: int
    ended: bool = False
    refresh_token: str = field(default="", repr=False)
    terms: Terms = Terms()
    person: bool = True
    refresh_jkt: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code: good once, and not for long."""

    grant: Grant
    redirect_uri: str
    code_challenge: str
    expires_at: float


@dataclass(slots=True)
class Access:
    """What an access token stands for. `ends` in Unix seconds, None for never."""

    grant: Grant
    issued_at: int
    ends: float | None
    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    jkt: str = ""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """How an access token is to be: `expires_in` seconds, for these scopes and resources, bound to `jkt`.

    None for scopes or resources: those of the grant.
    """

    expires_in: int | None = None
    scopes: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    jkt: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """What a token request gave. `refresh_token` is empty where none is issued."""

    grant: Grant
    access: Access
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class Refused(Exception):
    """The token request fails. `reason` says which check it was, for the answer's message.

    `error` is the code of RFC 6749 section 5.2 or of an extension.
    """

    def __init__(self, reason: str, error: str = "invalid_grant") -> None:
        super().__init__(reason)
        self.reason = reason
        self.error = error
