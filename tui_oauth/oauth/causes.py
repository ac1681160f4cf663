"""Causes that providers tell apart by a phrase or a code of their own, and what mends each.

The RFCs have one code for many of them. Nothing here asks which service it is: a phrase counts
wherever it is said. Checklist rules 121 and 122.
"""

from __future__ import annotations

from collections.abc import Iterator

from tui_oauth.errors import Fix
from tui_oauth.oauth.meaning import (
    AGAIN,
    BAD_CODE,
    CODE,
    CREDENTIALS,
    DEVICE,
    LINK,
    REFRESH,
    RETRY,
    SIGN_IN_AGAIN,
    Meaning,
    row,
)

_REGISTER = "Register it at the provider exactly as shown, then start again."
_ADMIN = "Ask an administrator to allow the app, naming its {client_id}. Then sign in again."


def rows() -> Iterator[Meaning]:
    """All of them; the first that fits counts."""
    yield from _passing()
    yield from _redirect()
    yield from _organisation()
    yield from _credentials()
    yield from _clock()
    yield from _refresh()


def _passing() -> Iterator[Meaning]:
    """What may pass by itself."""
    fewer = "asks for fewer requests"
    codes = (
        "slow_down rate_limit_exceeded ratelimited rate_limited ratelimitexceeded "
        "too_many_requests userratelimitexceeded quotaexceeded"
    )
    yield row(fewer, RETRY, codes=codes, passing=True)
    words = r"rate.?limit|too many requests|\bquota\b"
    yield row(fewer, RETRY, words=words, passing=True)
    yield row("had an error of its own", RETRY, codes="server_error", passing=True)
    yield row(
        "is overloaded or being maintained", RETRY, codes="temporarily_unavailable", passing=True
    )


def _redirect() -> Iterator[Meaning]:
    """The Callback URL is not what is registered."""
    yield row(
        "does not know the Callback URL",
        _REGISTER,
        Fix.CALLBACK_URL,
        codes="redirect_uri_mismatch invalid_redirect_uri bad_redirect_uri redirect_mismatch",
    )
    # The RFC's own sentence for a bad code names the redirect URI among five causes.
    yield row(
        BAD_CODE,
        AGAIN,
        Fix.AUTHORIZE,
        codes="invalid_grant",
        words=r"(expired|revoked).*redirec",
        at=CODE,
    )
    yield row(
        "does not know the Callback URL",
        _REGISTER,
        Fix.CALLBACK_URL,
        words=r"redirect.?ur[il]|redirection.?ur[il]|reply (url|address)|callback.?ur[il]"
        r"|aadsts(50011|500113|900971)\b",
        at=(*LINK, *CODE),
    )
    yield row(
        "has the app registered as one that runs in a web page, which may not ask from here",
        "Register the Callback URL for a native (mobile and desktop) or web app instead.",
        Fix.CALLBACK_URL,
        words=r"aadsts900232[567]\b|cross-origin token redemption",
    )


def _organisation() -> Iterator[Meaning]:
    """Rules of an organisation: administrators, conditional access, further factors, testing."""
    admin = "wants an administrator of your organisation to allow this app first"
    codes = "admin_policy_enforced oauth_app_access_denied oauth_app_blocked org_login_required"
    yield row(admin, _ADMIN, Fix.AUTHORIZE, codes=codes)
    yield row(
        admin,
        _ADMIN,
        Fix.AUTHORIZE,
        words=r"aadsts(65001|65005|9009[345])\b|admin(istrator)?('s)? (consent|approv)"
        r"|approv\w* by (an|your) admin|blocked by admin|not admin approved|admin_policy",
    )
    yield row(
        "lets this app be used only within the organisation that owns it",
        "Sign in with an account of that organisation, or have the app opened to others.",
        Fix.AUTHORIZE,
        codes="org_internal invalid_team_for_non_distributed_app",
    )
    yield row(
        "is kept from giving access by a rule of your organisation",
        "An owner of the organisation has to approve the app there.",
        words=r"access restrictions|saml (enforcement|sso)|\bsso\b.{0,40}(required|enforce)"
        r"|organi[sz]ation.{0,60}(restrict|not allow|block|disabled)",
    )
    yield row(
        "does not let your account use this app",
        "Ask an administrator to assign you to the app.",
        words=r"aadsts50105\b|not assigned to (a|the) (role|application)",
    )
    yield row(
        "says that a rule of your organisation (conditional access) forbids codes for other devices",
        "Use the Authorization link, in a browser that your organisation accepts.",
        Fix.AUTHORIZE,
        words=r"aadsts530\d{2,3}\b|conditional access|blocked by (policy|your organi[sz]ation)",
        at=DEVICE,
    )
    yield row(
        "says that a rule of your organisation (conditional access) blocks this sign-in",
        "Sign in again, in a browser that your organisation accepts.",
        Fix.AUTHORIZE,
        words=r"aadsts530\d{2,3}\b|conditional access|ip restricted|login hours",
    )
    yield row(
        "wants a further proof that it is you (multi-factor authentication)",
        "Sign in again, and give it there.",
        Fix.AUTHORIZE,
        words=r"aadsts(50072|50074|50076|50078|50079|50158)\b|multi-?factor|\bmfa\b|two-?factor"
        r"|strong authentication",
    )
    yield row(
        "lets only test users sign in as long as the app is in testing",
        "Add your account to the app's test users at the provider, or publish the app.",
        Fix.AUTHORIZE,
        words=r"test(er| user)s?\b|in testing|being tested|not completed.{0,40}verification",
        at=LINK,
    )


def _credentials() -> Iterator[Meaning]:
    """Client ID and client secret, the tenant, and an app that is switched off."""
    # The RFC's own sentence for invalid_client names three causes, and says none.
    yield row(
        "does not accept the {client_id} or the {client_secret}",
        CREDENTIALS,
        Fix.CONFIGURE,
        words=r"unknown client, no client authentication|client_id and/or client_secret",
    )
    yield row(
        "says that the {client_secret} has expired",
        "Make a new one at {name}, then configure the entry with it.",
        Fix.CONFIGURE,
        words=r"aadsts7000222\b|secret.{0,60}\bexpired\b|\bexpired\b.{0,30}secret",
    )
    yield row(
        "does not accept the {client_secret}: it is wrong, or another value was copied, such as "
        "the secret's own ID",
        CREDENTIALS,
        Fix.CONFIGURE,
        words=r"aadsts7000215\b|(invalid|bad|wrong|incorrect).?client.?secret"
        r"|client.?secret.{0,20}(invalid|incorrect|wrong|mismatch)",
    )
    yield row(
        "wants no {client_secret} from this app, which is a public client",
        "Configure the entry with the {client_secret} left empty.",
        Fix.CONFIGURE,
        words=r"aadsts700025\b|public client.{0,60}secret|secret.{0,60}public client",
    )
    yield row(
        "wants the {client_secret}, and none was sent or it does not take this way of sending it",
        "Configure the entry with the {client_secret}.",
        Fix.CONFIGURE,
        words=r"aadsts700021[68]\b|client.?secret.{0,20}(missing|required|not provided)"
        r"|(missing|required).{0,30}client.?secret",
    )
    unknown = "does not know the {client_id}: it is wrong, or belongs to another tenant or region"
    codes = "invalid_client_id unregistered_client deleted_client"
    yield row(unknown, CREDENTIALS, Fix.CONFIGURE, codes=codes)
    yield row(
        unknown,
        CREDENTIALS,
        Fix.CONFIGURE,
        words=r"aadsts700016\b|(unknown|unregistered) client|client identifier invalid"
        r"|invalid client.?id|client.{0,30}(not found|unknown|does not exist)",
    )
    yield row(
        "does not know the tenant (directory)",
        "Configure the entry with the right tenant.",
        Fix.CONFIGURE,
        words=r"aadsts(90002|900023|50059)\b",
    )
    yield row(
        "lets only accounts of the app's own tenant (directory) sign in",
        "Configure the entry with that tenant, or sign in with an account of it.",
        Fix.CONFIGURE,
        words=r"aadsts(50020|50194|90072)\b",
    )
    off = "has switched the app off"
    advice = "Look at the app at the provider, and ask there why."
    yield row(off, advice, codes="application_suspended app_suspended disabled_client")
    yield row(
        off,
        advice,
        words=r"aadsts7000112\b"
        r"|(app|application|client) (is|was|has been) (disabled|suspended|blocked)",
    )


def _clock() -> Iterator[Meaning]:
    """Times that do not agree."""
    yield row(
        "does not accept the proof of possession, most often because a clock is wrong{clock}",
        "Set this machine's clock, then try again.",
        codes="invalid_dpop_proof",
    )
    yield row(
        "wants a value of its own in the proof of possession, and did not accept the one it gave",
        RETRY,
        codes="use_dpop_nonce",
    )
    yield row(
        "finds a time in the request that cannot be: a clock is wrong{clock}",
        "Set this machine's clock, then try again.",
        words=r"used too early|not yet valid|issued in the future|in the future|\biat\b|\bnbf\b"
        r"|clock|valid time range|aadsts(700024|500133)\b",
    )


def _refresh() -> Iterator[Meaning]:
    """Why a refresh token has ended."""
    yield row(
        "has ended the refresh token because it was not used for too long{lifetime}",
        SIGN_IN_AGAIN,
        Fix.AUTHORIZE,
        words=r"aadsts(700082|700084)\b|inactiv|not been used",
        at=REFRESH,
    )
    yield row(
        "has ended the access because a password was changed, or it was revoked",
        SIGN_IN_AGAIN,
        Fix.AUTHORIZE,
        words=r"aadsts(50173|50132|50133)\b|password (was|has been|is)? ?(changed|reset|expired)",
        at=REFRESH,
    )
    yield row(
        "wants you to sign in again from time to time, by a rule of your organisation",
        SIGN_IN_AGAIN,
        Fix.AUTHORIZE,
        words=r"aadsts7004[34]\b|invalid_rapt|rapt_required|reauth|sign-?in frequency",
        at=REFRESH,
    )
