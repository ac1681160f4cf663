"""What a server did, and what the person reads: rules 56, 76, 121 and 122, case by case.

The texts are those that real providers send, cut to what matters.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest

from tests.unit.oauth.making import CALLBACK, NOW, make_service
from tui_oauth.errors import Fix, ProviderRefused, ProviderUnreachable
from tui_oauth.oauth import causes, codes, steps
from tui_oauth.oauth.explain import Asked, meaning_of, refusal, refused_by_browser
from tui_oauth.oauth.http import Response
from tui_oauth.services.format import CredentialLabels, RefreshFacts

LIFETIME = "long-lived; 7 days while the consent screen is in Testing"
SERVICE = make_service(
    credential_labels=CredentialLabels("App ID", "App secret"),
    refresh=RefreshFacts(refresh_lifetime=LIFETIME),
)
ASKED = Asked(("read", "crm.write"), CALLBACK)


class Case(NamedTuple):
    """A server's error at a step: its code and words, what it means, what mends it."""

    step: str
    code: str
    says: str
    means: str
    advice: str
    fix: Fix = Fix.NONE


SIGN_IN, TOKEN, REFRESH = steps.SIGN_IN, steps.TOKEN, steps.REFRESH
RFC_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection "
    "URI used in the authorization request, or was issued to another client."
)
RFC_CLIENT = (
    "Client authentication failed due to unknown client, no client authentication included, or "
    "unsupported authentication method."
)
CONFIGURE, AUTHORIZE, CALLBACK_URL = Fix.CONFIGURE, Fix.AUTHORIZE, Fix.CALLBACK_URL

CASES = [
    # ---- the Callback URL is not the one that is registered
    Case(SIGN_IN, "redirect_uri_mismatch", "", "know the Callback URL", CALLBACK, CALLBACK_URL),
    Case(TOKEN, "redirect_uri_mismatch", "Bad Request", "Callback URL", CALLBACK, CALLBACK_URL),
    Case(steps.PAR, "invalid_redirect_uri", "", "know the Callback URL", CALLBACK, CALLBACK_URL),
    Case(SIGN_IN, "bad_redirect_uri", "", "know the Callback URL", CALLBACK, CALLBACK_URL),
    Case(
        SIGN_IN,
        "invalid_request",
        "AADSTS50011: The redirect URI 'http://localhost:8976' specified in the request does not "
        "match the redirect URIs configured for the application.",
        "know the Callback URL",
        CALLBACK,
        CALLBACK_URL,
    ),
    Case(
        SIGN_IN,
        "invalid_client",
        "AADSTS500113: No reply address is registered for the application.",
        "know the Callback URL",
        CALLBACK,
        CALLBACK_URL,
    ),
    Case(
        TOKEN,
        "100",
        "Error validating verification code. Please make sure your redirect_uri is identical to "
        "the one you used in the OAuth dialog request",
        "know the Callback URL",
        CALLBACK,
        CALLBACK_URL,
    ),
    Case(TOKEN, "invalid_grant", "Invalid redirect_uri", "Callback URL", CALLBACK, CALLBACK_URL),
    Case(
        TOKEN,
        "invalid_request",
        "AADSTS9002327: Tokens issued for the 'Single-Page Application' client-type may only be "
        "redeemed via cross-origin requests.",
        "runs in a web page",
        "native",
        CALLBACK_URL,
    ),
    Case(SIGN_IN, "invalid_request", "Something is off.", "malformed", CALLBACK, CALLBACK_URL),
    # ---- the code
    Case(TOKEN, "invalid_grant", RFC_GRANT, "does not accept the code", "new link", AUTHORIZE),
    Case(TOKEN, "invalid_grant", "", "does not accept the code", "new link", AUTHORIZE),
    Case(TOKEN, "bad_verification_code", "Expired.", "not accept the code", "new link", AUTHORIZE),
    Case(TOKEN, "unauthorized", "Unauthorized Code", "not accept the code", "new link", AUTHORIZE),
    Case(SIGN_IN, "invalid_request_uri", "", "used already, or is too old", "new link", AUTHORIZE),
    Case(TOKEN, "invalid_request", "code_verifier is missing", "PKCE", "pkce"),
    # ---- the client's credentials
    Case(TOKEN, "invalid_client", "", "accept the App ID or the App secret", "Configure", CONFIGURE),
    Case(TOKEN, "invalid_client", RFC_CLIENT, "App ID or the App secret", "Configure", CONFIGURE),
    Case(
        TOKEN,
        "incorrect_client_credentials",
        "The client_id and/or client_secret passed are incorrect.",
        "App ID or the App secret",
        "copied anew",
        CONFIGURE,
    ),
    Case(
        TOKEN,
        "invalid_client",
        "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request "
        "is the client secret value, not the client secret ID, for a secret added to app.",
        "the secret's own ID",
        "copied anew",
        CONFIGURE,
    ),
    Case(
        REFRESH,
        "invalid_client",
        "AADSTS7000222: The provided client secret keys for app '0f0f0f' are expired.",
        "says that the App secret has expired",
        "Make a new one at Example",
        CONFIGURE,
    ),
    Case(
        TOKEN,
        "invalid_client",
        "The provided client secret is invalid.",
        "does not accept the App secret",
        "Configure",
        CONFIGURE,
    ),
    Case(TOKEN, "bad_client_secret", "", "does not accept the App secret", "Configure", CONFIGURE),
    Case(
        TOKEN,
        "invalid_client",
        "AADSTS700025: Client is public so neither 'client_assertion' nor 'client_secret' should "
        "be presented.",
        "public client",
        "left empty",
        CONFIGURE,
    ),
    Case(TOKEN, "invalid_request", "client_secret is missing.", "wants the App secret", "", CONFIGURE),
    Case(
        TOKEN,
        "invalid_client",
        "AADSTS700016: Application with identifier 'x' was not found in the directory 'Acme'.",
        "does not know the App ID",
        "Configure",
        CONFIGURE,
    ),
    Case(TOKEN, "invalid_client", "The OAuth client was not found.", "the App ID", "", CONFIGURE),
    Case(SIGN_IN, "deleted_client", "", "does not know the App ID", "", CONFIGURE),
    Case(TOKEN, "invalid_client_id", "client identifier invalid", "the App ID", "", CONFIGURE),
    Case(
        SIGN_IN,
        "invalid_request",
        "AADSTS90002: Tenant 'acme' not found.",
        "does not know the tenant",
        "right tenant",
        CONFIGURE,
    ),
    Case(
        SIGN_IN,
        "unauthorized_client",
        "AADSTS50194: Application is not configured as a multi-tenant application.",
        "only accounts of the app's own tenant",
        "that tenant",
        CONFIGURE,
    ),
    Case(TOKEN, "application_suspended", "", "switched the app off", "at the provider"),
    Case(
        TOKEN,
        "unauthorized_client",
        "AADSTS7000112: Application is disabled.",
        "switched the app off",
        "at the provider",
    ),
    # ---- rules of an organisation
    Case(
        SIGN_IN,
        "consent_required",
        "AADSTS65001: The user or administrator has not consented to use the application.",
        "wants an administrator",
        "naming its App ID",
        AUTHORIZE,
    ),
    Case(SIGN_IN, "access_denied", "AADSTS90094: Admin consent is required.", "administrator", "Ask an administrator", AUTHORIZE),
    Case(SIGN_IN, "admin_policy_enforced", "", "wants an administrator", "Ask", AUTHORIZE),
    Case(
        SIGN_IN,
        "OAUTH_APP_BLOCKED",
        "this app is blocked by admin",
        "wants an administrator",
        "Ask",
        AUTHORIZE,
    ),
    Case(SIGN_IN, "org_internal", "", "only within the organisation", "of that organisation", AUTHORIZE),
    Case(
        steps.IDENTITY,
        "",
        "Although you appear to have the correct authorization credentials, the `acme` organization "
        "has enabled OAuth App access restrictions",
        "by a rule of your organisation",
        "An owner of the organisation",
    ),
    Case(
        SIGN_IN,
        "access_denied",
        "AADSTS50105: The signed in user is not assigned to a role for the application.",
        "does not let your account use this app",
        "assign you",
    ),
    Case(
        SIGN_IN,
        "access_denied",
        "AADSTS53003: Access has been blocked by Conditional Access policies.",
        "blocks this sign-in",
        "your organisation accepts",
        AUTHORIZE,
    ),
    Case(
        REFRESH,
        "interaction_required",
        "AADSTS50076: Due to a configuration change made by your administrator, you must use "
        "multi-factor authentication to access.",
        "multi-factor",
        "Sign in again",
        AUTHORIZE,
    ),
    Case(
        SIGN_IN,
        "access_denied",
        "The app is currently being tested, and can only be accessed by developer-approved testers.",
        "only test users",
        "publish the app",
        AUTHORIZE,
    ),
    Case(SIGN_IN, "access_denied", "", "declined", "may be in testing", AUTHORIZE),
    # ---- clocks
    Case(TOKEN, "invalid_dpop_proof", "", "a clock is wrong", "Set this machine's clock"),
    Case(TOKEN, "use_dpop_nonce", "", "a value of its own", "Try again"),
    Case(
        TOKEN,
        "invalid_client",
        "AADSTS700024: Client assertion is not within its valid time range.",
        "a clock is wrong",
        "Set this machine's clock",
    ),
    Case(steps.IDENTITY, "invalid_token", "Token used too early, 1 < 2", "a clock is wrong", "clock"),
    # ---- the device grant
    Case(
        steps.DEVICE,
        "unauthorized_client",
        "The client is not authorized.",
        "by a code on another device",
        "Allow the device grant",
        AUTHORIZE,
    ),
    Case(
        steps.POLL,
        "access_denied",
        "AADSTS530036: Blocked by authentication flow policy, see Conditional Access.",
        "forbids codes for other devices",
        "Authorization link",
        AUTHORIZE,
    ),
    Case(steps.DEVICE, "device_flow_disabled", "", "code on another device", "device grant", AUTHORIZE),
    Case(steps.POLL, "authorization_declined", "", "declined", "new code", AUTHORIZE),
    Case(steps.POLL, "invalid_grant", "", "does not accept the device code", "new code", AUTHORIZE),
    Case(steps.DEVICE, "invalid_request", "", "malformed", "file"),
    # ---- client credentials
    Case(steps.CLIENT, "access_denied", "", "a token of its own", "by an administrator"),
    Case(steps.CLIENT, "unauthorized_client", "", "without a person", "Allow client credentials"),
    Case(steps.CLIENT, "invalid_request", "", "malformed", "file"),
    # ---- refresh tokens that are at their end
    Case(REFRESH, "invalid_grant", "Token has been expired or revoked.", LIFETIME, "Authorize", AUTHORIZE),
    Case(
        REFRESH,
        "invalid_grant",
        "AADSTS700082: The refresh token has expired due to inactivity.",
        "not used for too long",
        "Authorize",
        AUTHORIZE,
    ),
    Case(
        REFRESH,
        "invalid_grant",
        "AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is "
        "needed. The user might have changed or reset their password.",
        "a password was changed",
        "Authorize",
        AUTHORIZE,
    ),
    Case(
        REFRESH,
        "invalid_grant",
        "reauth related error (invalid_rapt)",
        "from time to time",
        "Authorize",
        AUTHORIZE,
    ),
    Case(REFRESH, "login_required", "", "wants you to sign in again", "Authorize", AUTHORIZE),
    Case(REFRESH, "BAD_REFRESH_TOKEN", "", "refresh token any more", "Authorize", AUTHORIZE),
    # ---- scopes
    Case(
        SIGN_IN,
        "invalid_scope",
        "Some requested scopes were invalid. {invalid=[crm.write]}",
        "does not grant the scope crm.write",
        "Change the entry's scopes",
        CONFIGURE,
    ),
    Case(
        SIGN_IN,
        "invalid_scope",
        "The requested scope is invalid, unknown, or malformed.",
        "one of the scopes that were asked for: read, crm.write",
        "allow them",
        CONFIGURE,
    ),
    Case(
        SIGN_IN,
        "invalid_client",
        "AADSTS650053: The application asked for scope 'crm.write' that doesn't exist.",
        "does not grant the scope crm.write",
        "Change the entry's scopes",
        CONFIGURE,
    ),
    Case(steps.IDENTITY, "insufficient_scope", "", "lacks a permission", "Add the scope", CONFIGURE),
    Case(TOKEN, "invalid_target", "", "no token for the resource", "extensions.resource"),
    # ---- the rest
    Case(SIGN_IN, "unauthorized_client", "", "sign people in this way", "kind of app"),
    Case(SIGN_IN, "unsupported_response_type", "", "authorization code grant", "file"),
    Case(SIGN_IN, "login_required", "", "sign in there first", "open the link", AUTHORIZE),
    Case(SIGN_IN, "consent_required", "", "wants your consent", "new link", AUTHORIZE),
    Case(SIGN_IN, "interaction_required", "", "ask you something", "new link", AUTHORIZE),
    Case(SIGN_IN, "account_selection_required", "", "choose an account", "new link", AUTHORIZE),
    Case(TOKEN, "access_denied", "", "declined", "new link", AUTHORIZE),
    Case(TOKEN, "invalid_request", "", "malformed", "file"),
    Case(TOKEN, "unsupported_grant_type", "", "kind of token request", "file"),
    Case(TOKEN, "unverified_user_email", "", "e-mail address", "Verify it", AUTHORIZE),
    Case(steps.REVOKE, "unsupported_token_type", "", "cannot revoke", "your account"),
    Case(steps.IDENTITY, "invalid_token", "", "the token any more", "Authorize", AUTHORIZE),
    Case(TOKEN, "brand_new", "It did not work.", "refused", ""),
]  # fmt: skip

PASSING = [
    Case(TOKEN, "temporarily_unavailable", "", "overloaded", "Try again"),
    Case(TOKEN, "server_error", "", "error of its own", "Try again"),
    Case(TOKEN, "rate_limit_exceeded", "", "asks for fewer requests", "Try again"),
    Case(TOKEN, "access_denied", "You have made too many requests continuously.", "fewer", "Try"),
    Case(
        steps.IDENTITY, "", "API rate limit exceeded for user ID 1.", "fewer requests", "Try again"
    ),
]


def answered(case: Case, status: int, **headers: str) -> Response:
    body = (
        {"error": case.code, "error_description": case.says}
        if case.code
        else {"message": case.says}
    )
    return Response(status, headers, json.dumps(body).encode(), "as.example", case.step)


def error_of(case: Case) -> ProviderRefused:
    if case.step == SIGN_IN:
        return refused_by_browser(SERVICE, case.code, case.says, ASKED)
    problem = refusal(SERVICE, answered(case, 403 if not case.code else 400), NOW, ASKED)
    assert isinstance(problem, ProviderRefused)
    return problem


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.step}: {case.code} {case.says[:30]}"
)
def test_rule_121_what_happened_where_what_it_means_and_what_to_do(case: Case) -> None:
    error = error_of(case)
    for part in ("Example", case.means, case.step, "as.example", case.code):
        assert part in error.message, error.message
    for sentence in re.findall(r"AADSTS\d+", case.says):
        assert sentence in error.message, "the provider's own words are there too"
    assert case.advice in error.advice
    assert error.advice
    assert error.fix is case.fix
    assert error.code == case.code
    assert "{" not in error.message.replace("{invalid", "")
    assert "{" not in error.advice
    assert len(error.message) < 800


@pytest.mark.parametrize("case", PASSING, ids=lambda case: case.code or case.says)
@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_rule_121_what_may_pass_says_so(case: Case, status: int) -> None:
    problem = refusal(SERVICE, answered(case, status), NOW, ASKED)
    assert isinstance(problem, ProviderUnreachable)
    expected = "asks for fewer requests" if "fewer" in case.means else case.means
    assert expected in problem.message
    assert f"HTTP {status}" in problem.message
    assert "nothing was changed" in problem.advice


def test_every_row_of_the_tables_is_the_meaning_of_some_case() -> None:
    """A row that another one before it always hides would be dead."""
    reached = {meaning_of(case.step, case.code, case.says) for case in [*CASES, *PASSING]}
    assert [row for row in (*causes.rows(), *codes.rows()) if row not in reached] == []


def test_rule_122_the_exact_callback_url_is_shown_alone_at_the_end() -> None:
    """So that it can be copied from a terminal with nothing after it."""
    for case in CASES:
        if case.fix is CALLBACK_URL:
            assert error_of(case).advice.endswith(f"The Callback URL is {CALLBACK}")


def test_rule_122_the_other_way_of_authenticating_is_suggested() -> None:
    error = error_of(Case(TOKEN, "invalid_client", "", "", ""))
    assert "another method may be wanted than client_secret_post" in error.advice


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("Fri, 15 Jan 2027 07:51:00 GMT", "9 min ahead of that of as.example"),
        ("Fri, 15 Jan 2027 09:05:00 GMT", "1 h behind that of as.example"),
        ("Fri, 15 Jan 2027 08:00:20 GMT", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_rule_121_how_far_the_clock_is_off_is_told_where_it_matters(date: str, words: str) -> None:
    case = Case(TOKEN, "invalid_dpop_proof", "", "", "")
    problem = refusal(SERVICE, answered(case, 400, date=date), NOW)
    assert problem is not None
    assert ("that of this machine is" in problem.message) == bool(words)
    assert words in problem.message
    other = refusal(
        SERVICE, answered(Case(TOKEN, "invalid_grant", "", "", ""), 400, date=date), NOW
    )
    assert "this machine" not in str(other)


HUBSPOT = {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (HUBSPOT, "BAD_REFRESH_TOKEN"),
        ({"status": 400, "message": "No."}, ""),
        ({"type": "a b", "detail": "No."}, ""),
        ({"code": "x" * 300, "message": "No."}, ""),
    ],
)
def test_rule_76_a_code_is_found_where_providers_put_it(body: Any, code: str) -> None:
    response = Response(400, {}, json.dumps(body).encode(), "as.example", REFRESH)
    problem = refusal(SERVICE, response, NOW)
    assert isinstance(problem, ProviderRefused)
    assert problem.code == code
    assert ("refresh token any more" in problem.message) == bool(code)


def test_words_of_a_provider_are_data_and_never_a_template() -> None:
    hostile = Case(SIGN_IN, "invalid_scope", "{name} {0} %s read\x1b[2J", "", "")
    asked = Asked(("read", "{client_secret}"), "http://127.0.0.1/{x}")
    error = refused_by_browser(SERVICE, hostile.code, hostile.says, asked)
    assert "{name} {0} %s" in error.message
    assert "\x1b" not in str(error)
    assert "the scope read" in error.message


@pytest.mark.parametrize("scope", [".*", "(", "a|b", "\\", "[x"])
def test_a_scope_is_no_pattern(scope: str) -> None:
    error = refused_by_browser(SERVICE, "invalid_scope", f"Bad: {scope} here", Asked((scope,)))
    assert scope in error.message
