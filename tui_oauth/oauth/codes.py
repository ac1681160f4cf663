"""What the standard's error codes mean, where no cause of `causes` is told; and those of many providers.

RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5, RFC 8707 section 2, RFC 9126 section 2.3, RFC
9449 section 5, OpenID Connect Core section 3.1.2.6. Checklist rules 56 and 76.
"""

from __future__ import annotations

from collections.abc import Iterator

from tui_oauth.errors import Fix
from tui_oauth.oauth.meaning import (
    AGAIN,
    BAD_CODE,
    CLIENT,
    CODE,
    CREDENTIALS,
    DEVICE,
    LINK,
    NEW_CODE,
    REFRESH,
    SIGN_IN_AGAIN,
    TELL,
    Meaning,
    row,
)

# Codes after which no retry with the same refresh token can help: a person has to sign in.
GRANT_IS_OVER = frozenset(
    {
        "invalid_grant",
        "invalid_token",
        "expired_token",
        "bad_refresh_token",
        "invalid_refresh_token",
        "token_expired",
        "token_revoked",
        "interaction_required",
        "consent_required",
        "login_required",
    }
)


def rows() -> Iterator[Meaning]:
    """All of them; the first that fits counts."""
    yield from _device()
    yield from _client()
    yield from _refresh()
    yield from _anywhere()


def _device() -> Iterator[Meaning]:
    """The device grant (RFC 8628 section 3.5), and several providers' words for its errors."""
    yield row(
        "says: access denied. You or an administrator declined",
        NEW_CODE,
        Fix.AUTHORIZE,
        codes="access_denied authorization_declined",
        at=DEVICE,
    )
    yield row("finds the request incomplete or malformed", TELL, codes="invalid_request", at=DEVICE)
    yield row(
        "does not accept the device code: it was used, has ended or was meant for another app",
        NEW_CODE,
        Fix.AUTHORIZE,
        codes="invalid_grant bad_verification_code incorrect_device_code",
        at=DEVICE,
    )
    yield row(
        "does not allow this app to sign people in by a code on another device",
        "Allow the device grant for the app at the provider, or use the Authorization link.",
        Fix.AUTHORIZE,
        codes="unauthorized_client unsupported_grant_type device_flow_disabled",
        at=DEVICE,
    )


def _client() -> Iterator[Meaning]:
    """Client credentials: nobody is asked, so nobody declines (RFC 6749 section 4.4)."""
    yield row(
        "does not give this app a token of its own",
        "Allow client credentials for the app at the provider, perhaps by an administrator.",
        codes="access_denied invalid_grant",
        at=CLIENT,
    )
    yield row(
        "does not allow this app to get a token without a person",
        "Allow client credentials for the app at the provider.",
        codes="unauthorized_client",
        at=CLIENT,
    )
    yield row("finds the request incomplete or malformed", TELL, codes="invalid_request", at=CLIENT)


def _refresh() -> Iterator[Meaning]:
    """The end of a refresh token."""
    yield row(
        "wants you to sign in again",
        SIGN_IN_AGAIN,
        Fix.AUTHORIZE,
        codes="interaction_required consent_required login_required",
        at=REFRESH,
    )
    yield row(
        "does not accept the refresh token any more: it was revoked, has expired or was replaced"
        "{lifetime}",
        SIGN_IN_AGAIN,
        Fix.AUTHORIZE,
        codes=" ".join(GRANT_IS_OVER),
        at=REFRESH,
    )


def _anywhere() -> Iterator[Meaning]:
    """What a code means where no words tell more."""
    yield row(
        "says: access denied. You or an administrator declined",
        AGAIN
        + " If nobody declined, the app may be in testing, or may want an administrator's consent.",
        Fix.AUTHORIZE,
        codes="access_denied",
        at=LINK,
    )
    yield row(
        "says: access denied. You or an administrator declined",
        AGAIN,
        Fix.AUTHORIZE,
        codes="access_denied",
    )
    yield row(
        "does not grant {scopes}",
        "Change the entry's scopes, or allow them for the app at the provider.",
        Fix.CONFIGURE,
        codes="invalid_scope no_scopes",
    )
    yield row(
        "does not grant {scopes}",
        "Change the entry's scopes, or allow them for the app at the provider.",
        Fix.CONFIGURE,
        words=r"aadsts(70011|650053|650057|28003)\b|invalid scope|scope.{0,40}(not valid|unknown|invalid)",
    )
    yield row(
        "does not allow this app to sign people in this way",
        "Check the kind of app and its permissions at the provider.",
        codes="unauthorized_client",
    )
    yield row(
        "wants PKCE, or does not accept the one that was sent",
        "Write pkce as the provider has it into a service file of your own.",
        words=r"pkce|code.?(challenge|verifier)",
        at=(*LINK, *CODE),
    )
    yield row(
        "finds the request incomplete or malformed",
        "Check that the Callback URL is registered exactly as shown. " + TELL,
        Fix.CALLBACK_URL,
        codes="invalid_request",
        at=LINK,
    )
    yield row(
        "finds the request incomplete or malformed",
        "Check that the Callback URL is registered exactly as shown. " + TELL,
        codes="invalid_request",
    )
    yield row("does not know the authorization code grant", TELL, codes="unsupported_response_type")
    yield row(
        "wants you to sign in there first",
        "Sign in at the provider in that browser, then open the link again.",
        Fix.AUTHORIZE,
        codes="login_required",
    )
    yield row(
        "wants your consent, which was not asked for",
        AGAIN,
        Fix.AUTHORIZE,
        codes="consent_required",
    )
    yield row(
        "wants to ask you something, and could not",
        AGAIN,
        Fix.AUTHORIZE,
        codes="interaction_required",
    )
    yield row(
        "wants you to choose an account first",
        AGAIN,
        Fix.AUTHORIZE,
        codes="account_selection_required",
    )
    yield row(
        "gives no token for the resource that it was asked for{resource}",
        "Correct extensions.resource, or the audience, in the service's file; or ask whoever runs "
        "the resource whether this app may have tokens for it.",
        codes="invalid_target",
    )
    yield row(
        "does not know the request behind the link: the link was used already, or is too old",
        AGAIN,
        Fix.AUTHORIZE,
        codes="invalid_request_uri",
    )
    yield row(
        "does not accept the {client_id} or the {client_secret}",
        CREDENTIALS,
        Fix.CONFIGURE,
        codes="invalid_client incorrect_client_credentials",
    )
    yield row(
        BAD_CODE,
        AGAIN,
        Fix.AUTHORIZE,
        codes="invalid_grant bad_verification_code invalid_code code_already_used bad_auth_code",
    )
    yield row(
        "does not accept the code: it was used, is older than it may be, or was cut when copied",
        AGAIN,
        Fix.AUTHORIZE,
        words=r"unauthorized code|(invalid|expired|used|bad).{0,20}\bcode\b",
        at=CODE,
    )
    yield row(
        "wants the e-mail address of your account verified first",
        "Verify it at the provider, then sign in again.",
        Fix.AUTHORIZE,
        codes="unverified_user_email user_email_unverified",
    )
    yield row("does not know this kind of token request", TELL, codes="unsupported_grant_type")
    yield row(
        "cannot revoke this kind of token",
        "Remove the app's access in your account at the provider.",
        codes="unsupported_token_type",
    )
    yield row(
        "does not accept the token any more",
        SIGN_IN_AGAIN,
        Fix.AUTHORIZE,
        codes="invalid_token token_expired token_revoked expired_token",
    )
    yield row(
        "says that the token lacks a permission",
        "Add the scope that is missing to the entry, then authorize it again.",
        Fix.CONFIGURE,
        codes="insufficient_scope",
    )
