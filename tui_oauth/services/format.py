"""What a service file says, as values. One file, one service, one `Service`.

The plain facts have the names that every OAuth handbook uses. What a service does differently
from plain OAuth 2.0 is declared in its `[quirks.*]` tables and nowhere else: each key below has a
default that is the standard's behaviour, so an empty table is a standard service. There is no
branch on a service's name anywhere in the program.

Texts may hold placeholders `{name}`: variables of the service, filled in by the person (or
derived from another variable), and in `quirks` and `identity_probe` the reserved names
`{access_token}`, `{refresh_token}`, `{client_id}`, `{client_secret}`, in refresh parameters
`{redirect_uri}`, and the names that `answer.keep`, `callback.keep` and `identity_probe.keep`
store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RESERVED_PLACEHOLDERS = frozenset({"access_token", "refresh_token", "client_id", "client_secret"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a variable, and the words a person picks it by."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Derived:
    """A variable that follows from another: `map[value of source]`."""

    source: str
    map: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Variable:
    """A part of the addresses that differs per person: a region, a subdomain, a tenant.

    `kind` is `text`, or `address` for one that stands for host and path together; people may
    give such a one as a whole URL. What a text may hold follows from where it stands (resolve).
    An `optional` one stands in headers of API calls only; without a value those are not sent.
    """

    name: str
    label: str
    example: str = ""
    default: str | None = None
    choices: tuple[Choice, ...] = ()
    derived: Derived | None = None
    kind: str = "text"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class RedirectUriRules:
    """Which redirect URIs the service lets one register. None means: not known.

    `https_required` together with `loopback_http_allowed` means "https, except loopback".
    `host` is `127.0.0.1` or `localhost` where the service accepts only that one, else empty.
    """

    https_required: bool | None = None
    loopback_http_allowed: bool | None = None
    loopback_port_wildcard: bool | None = None
    host: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RefreshFacts:
    """What is known of the service's refresh tokens. None means: not known. Lifetimes in seconds.

    `refresh_idle_days`: a refresh token ends so long after it was given or last used.
    `refresh_fixed_days`: it ends so long after the person authorized, however it is used.
    `refresh_testing_days`: the same, for applications that are in testing at the service; whether one
    is, only the person knows.
    """

    issues_refresh_token: bool | None = None
    rotates: bool | None = None
    access_token_lifetime_s: int | None = None
    refresh_lifetime: str = ""
    refresh_idle_days: int | None = None
    refresh_fixed_days: int | None = None
    refresh_testing_days: int | None = None


@dataclass(frozen=True, slots=True)
class IdentityProbe:
    """The request that says whose token it is.

    Paths are dotted, numbers index lists. `name_paths` are tried in order (`name_path` in the
    file may be one text or a list); `detail_path` is the second line; `keep` stores further
    values by name (a tenant id that later calls need). `body` is JSON, sent as it stands, without
    placeholders; empty means no body.
    """

    url: str
    method: str = "GET"
    name_paths: tuple[str, ...] = ()
    detail_path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizeQuirks:
    """The authorization request (RFC 6749 section 4.1.1).

    `client_id_parameter` empty: the client id is not sent (another id of the app is). `scope` False: no scope parameter is sent. `response_type` empty: left out. `redirect_uri`:
    a text sent in place of the URL (a name registered at the provider). `fragment`: the address
    is a fragment route and parameters follow the fragment. `nonce`: a random nonce is sent even
    without the scope openid.
    """

    scope: bool = True
    scope_parameter: str = "scope"
    response_type: str = "code"
    client_id_parameter: str = "client_id"
    redirect_uri: str = ""
    fragment: bool = False
    nonce: bool = False


@dataclass(frozen=True, slots=True)
class CallbackQuirks:
    """The authorization response (RFC 6749 section 4.1.2).

    `keep`: further parameters to store with the tokens. `sets`: parameter to variable, where the
    callback says at which host to go on; its value must be one of the variable's choices, or make
    addresses whose hosts match one of `sets_hosts` (`*.` at the beginning stands for any
    subdomain). Where the parameter is a whole address, a template such as
    `https://accounts.example.{region}` says where in it the variable stands.
    `resolve.from_callback` does it.
    `form_post`: the code arrives by POST (OAuth 2.0 Form Post Response Mode); what asks for it, if
    anything, is `response_mode` in `extra_authorize_params`. `hmac_parameter`: a signature made
    with the client secret. `plus_is_literal`: a raw `+` in the code stands for itself.
    """

    code_parameter: str = "code"
    keep: tuple[str, ...] = ()
    sets: Mapping[str, str] = field(default_factory=dict)
    sets_hosts: tuple[str, ...] = ()
    form_post: bool = False
    hmac_parameter: str = ""
    plus_is_literal: bool = False


@dataclass(frozen=True, slots=True)
class TokenQuirks:
    """The token request (RFC 6749 section 4.1.3), and what of it refresh shares.

    `code_parameter`: the name under which the code is sent. `basic_secret_only`: HTTP Basic with the secret as user name and an empty password.
    `basic_unencoded`: id and secret are not form-urlencoded before Basic (RFC 6749 section
    2.3.1 asks for it). `parameters_in`: `body` or `query`. `state`: the state is sent again.
    """

    grant_type: bool = True
    redirect_uri: bool = True
    code_parameter: str = "code"
    client_id_parameter: str = "client_id"
    client_secret_parameter: str = "client_secret"
    basic_secret_only: bool = False
    basic_unencoded: bool = False
    parameters_in: str = "body"
    state: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefreshQuirks:
    """The refresh request (RFC 6749 section 6).

    `url` empty: the token endpoint. `parameters` empty: the standard ones; otherwise exactly
    these, as templates. `with_access_token`: renewal uses the access token, there is no refresh
    token.
    """

    url: str = ""
    method: str = "POST"
    parameters: Mapping[str, str] = field(default_factory=dict)
    with_access_token: bool = False


@dataclass(frozen=True, slots=True)
class LongLivedExchange:
    """A second request that swaps a short-lived token for a long-lived one."""

    url: str
    method: str = "GET"
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerQuirks:
    """The token answer (RFC 6749 section 5.1). Paths are dotted, numbers index lists.

    `access_token`: paths tried in order. `token_type`: taken when the answer names none, and
    accepted besides Bearer when it does.
    `expires_at`: path of an absolute time (Unix seconds, milliseconds or ISO 8601).
    `success`: path of a member that is `success_value` in a good answer, written as in JSON
    (errors with HTTP 200). `id_token_nonce` False: ID tokens do not repeat the nonce that was
    sent (OpenID Connect Core section 3.1.3.7 wants it).
    `keep`: name to path of values stored with the tokens.
    """

    access_token: tuple[str, ...] = ("access_token",)
    refresh_token: str = "refresh_token"
    token_type: str = ""
    expires_in: str = "expires_in"
    expires_at: str = ""
    expires_zero_is_never: bool = False
    id_token_nonce: bool = True
    scope: str = "scope"
    success: str = ""
    success_value: str = "true"
    keep: Mapping[str, str] = field(default_factory=dict)
    long_lived: LongLivedExchange | None = None


@dataclass(frozen=True, slots=True)
class RevokeQuirks:
    """The revocation request where it is not RFC 7009.

    `method`: POST or DELETE. `auth`: `client` (as at the token endpoint), `bearer`, `basic`,
    `none`, or a template for the Authorization header's whole value. `body`: `form`, `json` or
    `none`. `parameters`: templates; empty means `token` and `token_type_hint`. `token`: which
    token is sent, `access` or `refresh`. `ends_consent`: revoking any token ends all that the
    person ever granted this client, so an old token must not be revoked after a new sign-in. In
    doubt it is declared: an old token that lives on does less harm than a new one that ends. A
    comment in the file names what it rests on.
    """

    method: str = "POST"
    auth: str = "client"
    body: str = "form"
    parameters: Mapping[str, str] = field(default_factory=dict)
    token: str = "refresh"
    ends_consent: bool = False


@dataclass(frozen=True, slots=True)
class ApiQuirks:
    """How programs call the service's API with the token (RFC 6750 section 2.1 otherwise).

    `header` and `scheme` make the line that carries the token (`scheme` empty: the bare token);
    `headers` are further ones, as templates; `origins` are the places the token may go to.
    """

    header: str = "Authorization"
    scheme: str = "Bearer"
    headers: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GitQuirks:
    """Git over HTTPS with the access token as the password.

    `origins` are the places that take it so, scheme and host; `username` goes with it.
    """

    origins: tuple[str, ...] = ()
    username: str = "oauth2"


@dataclass(frozen=True, slots=True)
class DeviceQuirks:
    """The device authorization request and its answer (RFC 8628 sections 3.1 and 3.2).

    `parameters`: what the request takes in addition, as templates. `verification_uri`: path of
    the address in the answer.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    verification_uri: str = "verification_uri"


@dataclass(frozen=True, slots=True)
class ClientQuirks:
    """The client credentials request (RFC 6749 section 4.4.2).

    `scopes`: what is asked for where the person chose none; empty: the default scopes without
    those that speak of a person.
    """

    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quirks:
    """Everything a service does differently, table by table."""

    authorize: AuthorizeQuirks = AuthorizeQuirks()
    callback: CallbackQuirks = CallbackQuirks()
    token: TokenQuirks = TokenQuirks()
    refresh: RefreshQuirks = RefreshQuirks()
    answer: AnswerQuirks = AnswerQuirks()
    revoke: RevokeQuirks = RevokeQuirks()
    api: ApiQuirks = ApiQuirks()
    git: GitQuirks = GitQuirks()
    device: DeviceQuirks = DeviceQuirks()
    client: ClientQuirks = ClientQuirks()


@dataclass(frozen=True, slots=True)
class Extensions:
    """What the authorization server offers beyond RFC 6749. Off unless declared or discovered.

    `par_url` is the pushed authorization request endpoint (RFC 9126), used when `par_required`: by
    the server, or by whoever wrote the file. `iss_parameter`: every authorization response names
    its issuer (RFC 9207). `jwks_url` has the keys that sign ID tokens, which are verified then;
    `registration_url` takes clients that register themselves (RFC 7591). `resource` are resource
    indicators, sent with every request for a token (RFC 8707). `dpop`: tokens are bound to a key
    of the entry, and one that comes unbound is refused (RFC 9449 section 5).
    `client_id_metadata_document`: the https address of a document about the client may stand for
    a registered client ID.
    """

    par_url: str = ""
    par_required: bool = False
    iss_parameter: bool = False
    jwks_url: str = ""
    registration_url: str = ""
    resource: tuple[str, ...] = ()
    dpop: bool = False
    client_id_metadata_document: bool = False


@dataclass(frozen=True, slots=True)
class CredentialLabels:
    """What the provider's own pages call the client ID and the client secret."""

    client_id: str = "Client ID"
    client_secret: str = "Client secret"


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps at the provider, what people trip over, and how a person ends the access there."""

    steps: tuple[str, ...] = ()
    gotchas: tuple[str, ...] = ()
    revoke: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the dropdown.

    `own` says that it comes from the person's own files; `client_auth` lists the accepted
    methods, the preferred one first.
    """

    id: str
    name: str
    token_url: str
    authorize_url: str = ""
    category: str = "generic"
    aliases: tuple[str, ...] = ()
    revoke_url: str = ""
    device_authorization_url: str = ""
    introspect_url: str = ""
    issuer: str = ""
    variables: tuple[Variable, ...] = ()
    grants: tuple[str, ...] = ("authorization_code", "refresh_token")
    pkce: str = "unknown"
    client_auth: tuple[str, ...] = ("client_secret_basic",)
    token_request_format: str = "form"
    scope_separator: str = " "
    default_scopes: tuple[str, ...] = ()
    extra_authorize_params: Mapping[str, str] = field(default_factory=dict)
    extra_token_params: Mapping[str, str] = field(default_factory=dict)
    redirect_uri_rules: RedirectUriRules = RedirectUriRules()
    refresh: RefreshFacts = RefreshFacts()
    identity_probe: IdentityProbe | None = None
    developer_portal_url: str = ""
    docs_url: str = ""
    credential_labels: CredentialLabels = CredentialLabels()
    extensions: Extensions = Extensions()
    quirks: Quirks = Quirks()
    response_quirks: str = ""
    guide: Guide = Guide()
    sources: tuple[str, ...] = ()
    confidence: str = ""
    own: bool = False
