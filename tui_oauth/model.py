"""What the vault holds, as plain values: entries, their secrets, and where an entry stands.

No input or output, no clock: times are Unix seconds in UTC and `now` is an argument.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from tui_oauth.errors import UsageProblem
from tui_oauth.secret import Secret
from tui_oauth.text import is_plain, neutralise

MAX_NAME_LENGTH = 100
MAX_SECRET_LENGTH = 16_384

NO_TEXTS: Mapping[str, str] = {}
BOUND_TOKEN_TYPE = "dpop"


class Grant(enum.StrEnum):
    """How an entry gets its first token (RFC 6749 section 1.3, RFC 8628)."""

    PERSON = "person"
    """A person authorizes it: authorization code grant, or device grant where offered."""
    CLIENT = "client_credentials"
    """Nobody is asked: the client's own credentials are enough (RFC 6749 section 4.4)."""


class Status(enum.StrEnum):
    """Where an entry stands. The values are part of the public interface."""

    NOT_CONFIGURED = "not_configured"
    CONFIGURED = "configured"
    AUTHORIZED = "authorized"
    EXPIRED = "expired"
    NEEDS_AUTHORIZATION = "needs_authorization"


class TokenSet(NamedTuple):
    """What a token endpoint granted (RFC 6749 section 5.1).

    `issued_at` is the time just before the request was sent. `expires_at` is None when the
    provider named no end. `extra` holds the members of the answer and of the callback that the
    service's data asks to keep, such as an instance URL or a tenant id. `refresh_expires_at` is
    when the refresh token ends if it is not used, as far as that is known.
    """

    access_token: Secret
    token_type: str
    issued_at: int
    expires_at: int | None = None
    refresh_token: Secret | None = None
    id_token: Secret | None = None
    scopes: tuple[str, ...] = ()
    extra: Mapping[str, str] = NO_TEXTS
    refresh_expires_at: int | None = None

    @property
    def bound(self) -> bool:
        """Whether the access token is bound to the entry's key: no use without a proof (RFC 9449)."""
        return self.token_type.lower() == BOUND_TOKEN_TYPE


class EntrySecrets(NamedTuple):
    """The part of an entry that is opened only when it is needed.

    `registration_token` manages a client that registered itself, at `registration_url` (RFC 7592
    section 2). `proof_key` is the private key that tokens are bound to (RFC 9449), in PEM.
    """

    client_id: str = ""
    client_secret: Secret | None = None
    tokens: TokenSet | None = None
    registration_token: Secret | None = None
    registration_url: str = ""
    proof_key: Secret | None = None


class Account(NamedTuple):
    """Whose token it is, in the provider's words (neutralised): `name` for the list, `detail` below."""

    name: str
    detail: str = ""


class Entry(NamedTuple):
    """One OAuth entry without its secrets.

    `id` is 32 hexadecimal digits and never reused; `revision` counts its changes. `scopes` are
    those the person asked for, None meaning the service's default ones; `granted_scopes` those
    the provider gave. `callback_url` is None unless the person locked one for this entry.
    `pinned` is the service itself where the entry was made from a URL (`services.pinned`), else
    empty. `client_secret_expires_at` is known for clients that registered themselves, or from the
    person. `refresh_expires_at` is the tokens' own. `token_file` and `programs` are marks for the
    agent and the commands (`marks`): a file with the token, and the executable files of those that
    may take it, empty for all. `authorized_at` is when a person last authorized it, and
    `consent_days` for how long that lasts, where the person knows.
    `first_way` is what its sign-in shows first (`ways.Way`), empty for what the surroundings say.
    """

    id: str
    name: str
    service: str
    service_name: str
    created_at: int
    updated_at: int
    revision: int = 0
    variables: Mapping[str, str] = NO_TEXTS
    scopes: tuple[str, ...] | None = None
    callback_url: str | None = None
    configured: bool = False
    authorized: bool = False
    needs_authorization: bool = False
    has_refresh_token: bool = False
    account: str = ""
    account_detail: str = ""
    granted_scopes: tuple[str, ...] = ()
    issued_at: int | None = None
    expires_at: int | None = None
    last_error: str = ""
    grant: str = Grant.PERSON
    pinned: str = ""
    client_secret_expires_at: int | None = None
    token_file: bool = False
    programs: tuple[str, ...] = ()
    refresh_expires_at: int | None = None
    first_way: str = ""
    authorized_at: int | None = None
    consent_days: int | None = None


def renews(entry: Entry) -> bool:
    """Whether a token of `entry` that has ended is replaced by itself, without a person."""
    return entry.has_refresh_token or entry.grant == Grant.CLIENT


def status_of(entry: Entry, now: int) -> Status:
    """Where `entry` stands at `now`.

    An access token that ended counts as authorized as long as it renews by itself.
    """
    if not entry.configured:
        return Status.NOT_CONFIGURED
    if entry.needs_authorization:
        return Status.NEEDS_AUTHORIZATION
    if not entry.authorized:
        return Status.CONFIGURED
    ended = entry.expires_at is not None and entry.expires_at <= now
    return Status.EXPIRED if ended and not renews(entry) else Status.AUTHORIZED


def with_tokens(entry: Entry, tokens: TokenSet, now: int, account: Account | None = None) -> Entry:
    """`entry` after the provider granted `tokens`; without `account` the known one stays."""
    return entry._replace(
        authorized=True,
        needs_authorization=False,
        has_refresh_token=tokens.refresh_token is not None,
        granted_scopes=tokens.scopes,
        issued_at=tokens.issued_at,
        expires_at=tokens.expires_at,
        refresh_expires_at=tokens.refresh_expires_at,
        account=entry.account if account is None else account.name,
        account_detail=entry.account_detail if account is None else account.detail,
        last_error="",
        updated_at=now,
    )


def without_tokens(entry: Entry, now: int) -> Entry:
    """`entry` as it stands before anyone authorized it."""
    return entry._replace(
        authorized=False,
        needs_authorization=False,
        has_refresh_token=False,
        granted_scopes=(),
        authorized_at=None,
        issued_at=None,
        expires_at=None,
        refresh_expires_at=None,
        account="",
        account_detail="",
        last_error="",
        updated_at=now,
    )


def normalised_name(name: str) -> str:
    """The form in which two names are the same name: NFC, without regard to case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def valid_name(name: str) -> str:
    """`name` without surrounding blanks, or UsageProblem saying what is wrong with it."""
    # A blank is a blank: a copied no-break space or an ideographic one would look the same.
    blanks = "".join(" " if unicodedata.category(char) == "Zs" else char for char in name)
    stripped = unicodedata.normalize("NFC", blanks.strip())
    if not stripped:
        raise UsageProblem("An entry needs a name.", "Type one, for instance my-intercom.")
    if len(stripped) > MAX_NAME_LENGTH:
        raise UsageProblem(
            f"The name has {len(stripped):,} characters; {MAX_NAME_LENGTH} is the most.",
            "Choose a shorter one.",
        )
    if not is_plain(stripped):
        raise UsageProblem(
            f"The name '{neutralise(stripped, 60)}' has characters that cannot be shown.",
            "Use letters, digits, blanks and punctuation.",
        )
    if stripped.startswith("-"):
        raise UsageProblem(
            f"The name {neutralise(stripped, 60)!r} begins with a dash, which commands take for an option.",
            "Begin it with a letter or a digit.",
        )
    return stripped


def clean_value(label: str, value: str) -> str:
    """A pasted credential without blanks and line breaks around it and without breaks inside.

    Browsers and terminals add them when a value is copied (checklist rule 122). A client ID or
    client secret is printable ASCII by RFC 6749 appendix A; other characters are kept, but
    control characters inside are refused with UsageProblem naming `label`.
    """
    joined = "".join(value.strip().splitlines())
    if len(joined) > MAX_SECRET_LENGTH:
        raise UsageProblem(
            f"{label} has {len(joined):,} characters; {MAX_SECRET_LENGTH:,} is the most.",
            "Copy it again from the provider.",
        )
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in joined):
        raise UsageProblem(f"{label} holds control characters.", "Copy it again from the provider.")
    return joined
