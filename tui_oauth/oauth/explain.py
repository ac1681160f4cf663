"""What a provider's refusal means, in a sentence, and what to do about it.

Providers refuse in five shapes: the RFC's `error` text (RFC 6749 sections 4.1.2.1 and 5.2), an
`error` object, a list of `errors`, a success flag that is false, and a web page. All of them,
with any HTTP status, become one error here (checklist rules 56, 76 and 121).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui_oauth.errors import ProviderRefused, ProviderUnreachable, TuiOauthError
from tui_oauth.oauth.reading import (
    Unreadable,
    at_path,
    excerpt,
    host_in,
    looks_like_html,
    parse_json,
    said,
    scalar,
)
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.oauth.http import Response
    from tui_oauth.services.format import Service

MAX_RETRY_AFTER = 60
STEP_TOKEN = "token request"
STEP_REFRESH = "refresh"
STEP_CLIENT = "client credentials request"
STEP_DEVICE = "device code request"
STEP_POLL = "device token request"
STEP_LONG_LIVED = "long-lived token request"
STEP_IDENTITY = "account check"
STEP_REVOKE = "revocation"
STEP_INTROSPECT = "introspection"
STEP_PAR = "pushed authorization request"

_RETRY = "Try again in a moment; nothing was changed."
_CREDENTIALS = (
    "Configure the entry with the {client_id} and {client_secret} from {name}, copied anew."
)
_AGAIN = "Start the sign-in again with a new link."
_TELL = "The service's file may be wrong or out of date; the provider's words above say more."

# Error code: what it means after the provider's name, and what to do. RFC 6749 sections 4.1.2.1
# and 5.2, OpenID Connect Core section 3.1.2.6, RFC 8707 section 2, and words that several
# providers use for the same.
_CODES: Mapping[str, tuple[str, str]] = {
    "access_denied": ("says: access denied. You or an administrator declined", _AGAIN),
    "invalid_scope": (
        "does not grant one of the scopes that were asked for",
        "Change the entry's scopes, or allow them for the app at the provider.",
    ),
    "unauthorized_client": (
        "does not allow this app to sign people in this way",
        "Check the kind of app and its permissions at the provider.",
    ),
    "invalid_request": (
        "finds the request incomplete or malformed",
        "Check that the Callback URL is registered exactly as shown. " + _TELL,
    ),
    "unsupported_response_type": ("does not know the authorization code grant", _TELL),
    "server_error": ("had an error of its own", _RETRY),
    "temporarily_unavailable": ("is overloaded or being maintained", _RETRY),
    "slow_down": ("was asked too often", _RETRY),
    "login_required": (
        "wants you to sign in there first",
        "Sign in at the provider in that browser, then open the link again.",
    ),
    "consent_required": ("wants your consent, which was not asked for", _AGAIN),
    "interaction_required": ("wants to ask you something, and could not", _AGAIN),
    "account_selection_required": ("wants you to choose an account first", _AGAIN),
    "invalid_target": (
        "gives no token for the resource that it was asked for{resource}",
        "Correct extensions.resource, or the audience, in the service's file; or ask whoever runs "
        "the resource whether this app may have tokens for it.",
    ),
    "invalid_request_uri": (
        "does not know the request behind the link: the link was used already, or is too old",
        _AGAIN,
    ),
    "invalid_dpop_proof": (
        "does not accept the proof of possession, most often because a clock is wrong",
        "Set this machine's clock, then try again.",
    ),
    "use_dpop_nonce": (
        "wants a value of its own in the proof of possession, and did not accept the one it gave",
        _RETRY,
    ),
    "invalid_client": ("does not accept the {client_id} or the {client_secret}", _CREDENTIALS),
    "incorrect_client_credentials": (
        "does not accept the {client_id} or the {client_secret}",
        _CREDENTIALS,
    ),
    "invalid_grant": (
        "does not accept the code: it was used, is older than it may be, or was cut when copied, "
        "or the Callback URL differs",
        _AGAIN,
    ),
    "bad_verification_code": ("does not accept the code: it is wrong or too old", _AGAIN),
    "redirect_uri_mismatch": (
        "does not know the Callback URL",
        "Register it at the provider exactly as shown, then start again.",
    ),
    "invalid_redirect_uri": (
        "does not know the Callback URL",
        "Register it at the provider exactly as shown, then start again.",
    ),
    "unsupported_grant_type": ("does not know this kind of token request", _TELL),
    "unsupported_token_type": (
        "cannot revoke this kind of token",
        "Remove the app's access in your account at the provider.",
    ),
    "invalid_token": ("does not accept the token any more", "Authorize the entry again."),
    "insufficient_scope": (
        "says that the token lacks a permission",
        "Add the scope that is missing to the entry, then authorize it again.",
    ),
}
_REFRESH_OVER = (
    "does not accept the refresh token any more: it was revoked, has expired or was replaced",
    "Authorize the entry again.",
)
_NEW_CODE = "Start the sign-in again to get a new code."
_NO_DEVICE_GRANT = (
    "does not allow this app to sign people in by a code on another device",
    "Allow the device grant for the app at the provider, or use the Authorization link.",
)
_SPENT_CODE = (
    "does not accept the device code: it was used, has ended or was meant for another app",
    _NEW_CODE,
)
# What the same codes mean at the steps of the device grant (RFC 8628 section 3.5), with the words
# of several providers for them.
_DEVICE_CODES: Mapping[str, tuple[str, str]] = {
    "access_denied": ("says: access denied. You or an administrator declined", _NEW_CODE),
    "authorization_declined": ("says: access denied. You or an administrator declined", _NEW_CODE),
    "invalid_request": ("finds the request incomplete or malformed", _TELL),
    "invalid_grant": _SPENT_CODE,
    "bad_verification_code": _SPENT_CODE,
    "incorrect_device_code": _SPENT_CODE,
    "unauthorized_client": _NO_DEVICE_GRANT,
    "unsupported_grant_type": _NO_DEVICE_GRANT,
    "device_flow_disabled": _NO_DEVICE_GRANT,
}
_DEVICE_STEPS = {STEP_DEVICE, STEP_POLL}
# Nobody is asked, so nobody can decline or sign in again (RFC 6749 section 4.4).
_CLIENT_CODES: Mapping[str, tuple[str, str]] = {
    "access_denied": (
        "does not give this app a token of its own",
        "Allow client credentials for the app at the provider, perhaps by an administrator.",
    ),
    "invalid_grant": (
        "does not give this app a token of its own",
        "Allow client credentials for the app at the provider, perhaps by an administrator.",
    ),
    "unauthorized_client": (
        "does not allow this app to get a token without a person",
        "Allow client credentials for the app at the provider.",
    ),
    "invalid_request": ("finds the request incomplete or malformed", _TELL),
}
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
    }
)
_TRY_LATER = {"server_error", "temporarily_unavailable", "slow_down"}


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error in a provider's answer: its code, which may be empty, and the words that came with it."""

    code: str
    words: str = ""


def grant_is_over(error: ProviderRefused) -> bool:
    """Whether a refused refresh means that the person has to authorize again (rule 86)."""
    return error.code in GRANT_IS_OVER


def refused_by_browser(
    service: Service, code: str, description: str, redirect_uri: str, *, verified: bool = True
) -> ProviderRefused:
    """The error for an error answer that came through the browser (RFC 6749 section 4.1.2.1).

    `verified` False: the service always names itself in its answers, and this one does not (RFC
    9207), so that anyone who knows the state may have sent it.
    """
    meaning, advice = _meaning(service, code, "")
    if "Callback URL" in meaning + advice:
        advice += f" The Callback URL is {redirect_uri}"
    shown = neutralise(code, 80)
    words = f" It says: {said(description)}" if description else ""
    if not verified:
        words += " Unverified: the answer does not say whom it comes from (iss)."
    return ProviderRefused(
        f"{service.name} {meaning} (sign-in, {shown}).{words}", advice, code=shown
    )


def complaint_in(service: Service, document: Any) -> Complaint | None:
    """The error that a decoded answer carries, whatever its HTTP status; None for a good answer."""
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    words = _first_text(document, "error_description", "message", "error_message", "detail")
    if isinstance(error, dict):
        code = _first_text(error, "code", "type", "status")
        return Complaint(code, _first_text(error, "message", "description") or words)
    if isinstance(error, str) and error:
        return Complaint(error, words)
    errors = document.get("errors")
    if isinstance(errors, list) and errors:
        first = errors[0]
        if isinstance(first, dict):
            code = _first_text(first, "code", "type")
            return Complaint(code, _first_text(first, "message", "detail", "title"))
        return Complaint("", scalar(first))
    if flagged(service, document) is False:
        return Complaint(_first_text(document, "code", "status"), words)
    if error is True:
        return Complaint(_first_text(document, "code"), words)
    return None


def flagged(service: Service, document: Any) -> bool | None:
    """What the declared success flag says; None when none is declared or the answer lacks it.

    Services that report errors with HTTP 200 say so in a member such as `ok` or `status`.
    """
    quirks = service.quirks.answer
    value = at_path(document, quirks.success)
    if value is None:
        return None
    # Compared as JSON, in which true is not 1 and not "true".
    return json.dumps(value) == quirks.success_value.strip()


def refusal(service: Service, response: Response, now: int = 0) -> TuiOauthError | None:
    """The error that `response` amounts to; None when it is an answer to read on.

    ProviderRefused when the provider says no; ProviderUnreachable when it cannot say: a redirect
    (never followed, rule 66), 429, 5xx without an OAuth error, a web page. `now` in Unix seconds
    serves a Retry-After that names a date.
    """
    status = response.status
    if 300 <= status < 400:
        return _redirected(response)
    try:
        document = parse_json(response.body)
    except Unreadable:
        document = None
    complaint = complaint_in(service, document)
    if complaint is None and 200 <= status < 300:
        return None
    where = f"{response.step}, {response.host}, HTTP {status}"
    if complaint is not None and not _is_passing(status, complaint.code):
        return _refused(service, response, complaint, where)
    if complaint is None and status < 500 and status != 429:
        return _refused_without_code(service, response, document, where)
    return _passing(service, response, complaint, where, now)


def retry_after(value: str, now: int) -> int | None:
    """Seconds to wait by a Retry-After header (RFC 9110 section 10.2.3), at most 60; None if unclear."""
    from email.utils import parsedate_to_datetime  # much code for a rare header

    text = value.strip()
    if text.isascii() and text.isdigit():
        return int(text[:9]) if len(text) < 3 and int(text) < MAX_RETRY_AFTER else MAX_RETRY_AFTER
    try:
        seconds = parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return int(min(max(seconds, 0), MAX_RETRY_AFTER))


def _is_passing(status: int, code: str) -> bool:
    if status == 429 or code in _TRY_LATER:
        return True
    # A server in trouble may still be sure about the grant; anything else it says may pass.
    return status >= 500 and code not in _CODES and code not in GRANT_IS_OVER


def _meaning(service: Service, code: str, step: str) -> tuple[str, str]:
    refreshing = step == STEP_REFRESH
    meaning, advice = _codes_of(step).get(code) or _CODES.get(code, ("refused", _TELL))
    if refreshing and code in GRANT_IS_OVER:
        meaning, advice = _REFRESH_OVER
    resources = [neutralise(resource, 80) for resource in service.extensions.resource[:3]]
    labels = {
        "client_id": service.credential_labels.client_id,
        "client_secret": service.credential_labels.client_secret,
        "name": service.name,
        "resource": f" ({', '.join(resources)})" if resources else "",
    }
    return meaning.format_map(labels), advice.format_map(labels)


def _codes_of(step: str) -> Mapping[str, tuple[str, str]]:
    """What codes mean at `step` where it is not what they mean elsewhere."""
    if step in _DEVICE_STEPS:
        return _DEVICE_CODES
    return _CLIENT_CODES if step == STEP_CLIENT else {}


def _refused(
    service: Service, response: Response, complaint: Complaint, where: str
) -> ProviderRefused:
    status = response.status
    meaning, advice = _meaning(service, complaint.code, response.step)
    known = complaint.code in {*_CODES, *GRANT_IS_OVER, *_codes_of(response.step)}
    if not known and status in {400, 401, 403}:
        advice = _advice_for(service, response.step, status)
    if complaint.code == "invalid_client" and len(service.client_auth) > 1:
        advice += (
            f" If they are right, another method may be wanted than {service.client_auth[0]}: "
            "order client_auth differently in a service file of your own."
        )
    code = neutralise(complaint.code, 80)
    shown = f", {code}" if code else ""
    words = f" It says: {said(complaint.words)}" if complaint.words else ""
    return ProviderRefused(
        f"{service.name} {meaning} ({where}{shown}).{words}", advice, code=code, status=status
    )


def _refused_without_code(
    service: Service, response: Response, document: Any, where: str
) -> TuiOauthError:
    if document is None and looks_like_html(
        response.body, response.headers.get("content-type", "")
    ):
        return ProviderUnreachable(
            f"{service.name} answered with a web page instead of data ({where}). "
            f"It begins: {excerpt(response.body)}",
            "Check the addresses in the service's file, and whether a proxy or a sign-in page of "
            "the network stands between.",
        )
    words = _first_text(document, "message", "detail", "title") if document else ""
    shown = said(words) if words else excerpt(response.body)
    tail = f" It says: {shown}" if shown else ""
    return ProviderRefused(
        f"{service.name} refused ({where}).{tail}",
        _advice_for(service, response.step, response.status),
        status=response.status,
    )


def _advice_for(service: Service, step: str, status: int) -> str:
    if step in {STEP_IDENTITY, STEP_REVOKE}:
        if status == 401:
            return "The token may have been revoked already. Authorize the entry again to get one."
        return "The app may lack a permission for this at the provider."
    if step == STEP_REFRESH:
        return "Check the entry's credentials. If it happens again, authorize the entry anew."
    if status == 404 or step in _DEVICE_STEPS:
        return "Check the addresses in the service's file."
    labels = service.credential_labels
    if step == STEP_CLIENT:
        return f"Check the {labels.client_id} and the {labels.client_secret}."
    return (
        "The code may be used, too old or cut when it was copied: start the sign-in again. If it "
        f"happens again, check the {labels.client_id} and the {labels.client_secret}."
    )


def _redirected(response: Response) -> ProviderUnreachable:
    target = host_in(response.headers.get("location", "")) or "another address of the same host"
    return ProviderUnreachable(
        f"{response.host} wanted to send the {response.step} on to {target} "
        f"(HTTP {response.status}). It was not followed, because the request carries secrets.",
        "Correct the address in the service's file if the service has moved.",
    )


def _passing(
    service: Service, response: Response, complaint: Complaint | None, where: str, now: int
) -> ProviderUnreachable:
    wait = retry_after(response.headers.get("retry-after", ""), now)
    when = f"Try again in {wait} s; nothing was changed." if wait else _RETRY
    if complaint is not None:
        code = neutralise(complaint.code, 80)
        words = said(complaint.words)
    else:
        code, words = "", excerpt(response.body)
    what = "asks for fewer requests" if response.status == 429 else "has trouble of its own"
    shown = f", {code}" if code else ""
    tail = f" It says: {words}" if words else ""
    return ProviderUnreachable(f"{service.name} {what} ({where}{shown}).{tail}", when)


def _first_text(document: Any, *names: str) -> str:
    if not isinstance(document, dict):
        return ""
    return next((text for name in names if (text := scalar(document.get(name)))), "")
