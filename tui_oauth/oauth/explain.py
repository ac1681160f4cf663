"""What a provider's refusal means, in a sentence, and what to do about it.

Providers refuse in five shapes: the RFC's `error` text (RFC 6749 sections 4.1.2.1 and 5.2), an
`error` object, a list of `errors`, a success flag that is false, and a web page. All of them,
with any HTTP status, become one error here, with the cause that `causes` and `codes` know
(checklist rules 56, 76, 121 and 122).
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_oauth.errors import Fix, ProviderRefused, ProviderUnreachable, TuiOauthError
from tui_oauth.oauth import causes, codes, steps
from tui_oauth.oauth.codes import GRANT_IS_OVER
from tui_oauth.oauth.meaning import CLIENT, DEVICE, RETRY, TELL, Meaning
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
from tui_oauth.text import duration, neutralise

if TYPE_CHECKING:
    from tui_oauth.oauth.http import Response
    from tui_oauth.services.format import Service

MAX_RETRY_AFTER = 60
SKEW_SECONDS = 60
"""From here on a difference between two clocks is told: an answer takes a while to come."""
MAX_NAMED_SCOPES = 8
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,60}")


class Complaint(NamedTuple):
    """An error in a provider's answer: its code, which may be empty, and the words that came with it."""

    code: str
    words: str = ""


class Asked(NamedTuple):
    """What was asked for, as far as a message can name it."""

    scopes: tuple[str, ...] = ()
    callback_url: str = ""


NOTHING_ASKED = Asked()


@cache
def _table() -> tuple[Meaning, ...]:
    """All causes, the particular ones before the general. Made when something first goes wrong."""
    return (*causes.rows(), *codes.rows())


def meaning_of(step: str, code: str, words: str) -> Meaning | None:
    """What an error usually means; None where only the provider's own words can tell."""
    lower, both = code.lower(), f"{code} {words}"
    return next((row for row in _table() if row.fits(step, lower, both)), None)


def grant_is_over(error: ProviderRefused) -> bool:
    """Whether a refused refresh means that the person has to authorize again (rule 86)."""
    return error.code.lower() in GRANT_IS_OVER


def refused_by_browser(
    service: Service, code: str, description: str, asked: Asked, *, verified: bool = True
) -> ProviderRefused:
    """The error for an error answer that came through the browser (RFC 6749 section 4.1.2.1).

    `verified` False: the service always names itself in its answers, and this one does not (RFC
    9207), so that anyone who knows the state may have sent it.
    """
    told = _told(service, meaning_of(steps.SIGN_IN, code, description), description, asked)
    shown = neutralise(code, 80)
    words = f" It says: {said(description)}" if description else ""
    if not verified:
        words += " Unverified: the answer does not say whom it comes from (iss)."
    where = ", ".join(filter(None, (steps.SIGN_IN, host_in(service.authorize_url), shown)))
    return ProviderRefused(
        f"{service.name} {told.means} ({where}).{words}", told.advice, code=shown, fix=told.fix
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


def refusal(
    service: Service, response: Response, now: int = 0, asked: Asked = NOTHING_ASKED
) -> TuiOauthError | None:
    """The error that `response` amounts to; None when it is an answer to read on.

    ProviderRefused when the provider says no; ProviderUnreachable when it cannot say: a redirect
    (never followed, rule 66), 429, 5xx without an OAuth error, a web page. `now` in Unix seconds
    serves dates in the answer, `asked` the words of the message.
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
    if complaint is None and looks_like_html(
        response.body, response.headers.get("content-type", "")
    ):
        return (
            _web_page(service, response)
            if status < 500 and status != 429
            else _passing(service, response, Complaint("", excerpt(response.body)), None, now)
        )
    complaint = complaint or _plain_complaint(document, response)
    meaning = meaning_of(response.step, complaint.code, complaint.words)
    passing = status == 429 or (status >= 500 and (meaning is None or not complaint.code))
    if passing or (meaning is not None and meaning.passing):
        return _passing(service, response, complaint, meaning, now)
    return _refused(service, response, complaint, meaning, asked, now)


def retry_after(value: str, now: int) -> int | None:
    """Seconds to wait by a Retry-After header (RFC 9110 section 10.2.3), at most 60; None if unclear."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return int(text[:9]) if len(text) < 3 and int(text) < MAX_RETRY_AFTER else MAX_RETRY_AFTER
    moment = _moment(text)
    return None if moment is None else min(max(moment - now, 0), MAX_RETRY_AFTER)


class _Told(NamedTuple):
    """A meaning with everything filled in."""

    means: str
    advice: str
    fix: Fix


def _told(
    service: Service, meaning: Meaning | None, words: str, asked: Asked, clock: str = ""
) -> _Told:
    if meaning is None:
        return _Told("refused", TELL, Fix.NONE)
    labels = {
        "name": service.name,
        "client_id": service.credential_labels.client_id,
        "client_secret": service.credential_labels.client_secret,
        "scopes": _scopes_in(words, asked.scopes),
        "resource": _resources(service),
        "lifetime": _lifetime(service),
        "clock": clock,
    }
    advice = meaning.advice.format_map(labels)
    if meaning.fix is Fix.CALLBACK_URL and asked.callback_url:
        advice += f" The Callback URL is {asked.callback_url}"
    return _Told(meaning.means.format_map(labels), advice, meaning.fix)


def _scopes_in(words: str, asked: tuple[str, ...]) -> str:
    """The scopes that a refusal is about: those of the `asked` that the provider's `words` name."""
    named = [scope for scope in asked if _names(words, scope)]
    shown = ", ".join(neutralise(scope, 80) for scope in (named or asked)[:MAX_NAMED_SCOPES])
    if named:
        return f"the scope {shown}" if len(named) == 1 else f"the scopes {shown}"
    return "one of the scopes that were asked for" + (f": {shown}" if shown else "")


def _names(words: str, scope: str) -> bool:
    """Whether `words` hold `scope` as a whole: `read` is not in `read.all`."""
    whole = rf"(?<![\w.:/-]){re.escape(scope)}(?![\w:/-]|\.\w)"
    return re.search(whole, words) is not None


def _resources(service: Service) -> str:
    named = [neutralise(resource, 80) for resource in service.extensions.resource[:3]]
    return f" ({', '.join(named)})" if named else ""


def _lifetime(service: Service) -> str:
    """What is known of how long refresh tokens live, such as "7 days while in testing"."""
    known = service.refresh.refresh_lifetime
    return f"; what is known of how long it lasts: {known}" if known else ""


def _clock_words(response: Response, now: int) -> str:
    """How far this machine's clock is from the one that answered, where that is worth telling."""
    there = _moment(response.headers.get("date", ""))
    if there is None or not now or abs(now - there) < SKEW_SECONDS:
        return ""
    way = "ahead of" if now > there else "behind"
    return f"; that of this machine is {duration(abs(now - there))} {way} that of {response.host}"


def _moment(text: str) -> int | None:
    """A date of HTTP (RFC 9110 section 5.6.7) in Unix seconds; None if it is none."""
    from email.utils import parsedate_to_datetime  # much code for a rare header

    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def _plain_complaint(document: Any, response: Response) -> Complaint:
    """The words of a refusal in no known shape, and a member that may be its code."""
    code = _first_text(document, "code", "status", "type")
    words = _first_text(document, "message", "detail", "title")
    return Complaint(code if _CODE.fullmatch(code) else "", words or excerpt(response.body))


def _refused(
    service: Service,
    response: Response,
    complaint: Complaint,
    meaning: Meaning | None,
    asked: Asked,
    now: int,
) -> ProviderRefused:
    status, step = response.status, response.step
    told = _told(service, meaning, complaint.words, asked, _clock_words(response, now))
    advice = told.advice
    if meaning is None and status in {400, 401, 403, 404}:
        advice = _advice_for(service, step, status)
    if complaint.code == "invalid_client" and len(service.client_auth) > 1:
        advice += (
            f" If they are right, another method may be wanted than {service.client_auth[0]}: "
            "order client_auth differently in a service file of your own."
        )
    code = neutralise(complaint.code, 80)
    where = f"{step}, {response.host}, HTTP {status}{f', {code}' if code else ''}"
    words = f" It says: {said(complaint.words)}" if complaint.words else ""
    return ProviderRefused(
        f"{service.name} {told.means} ({where}).{words}",
        advice,
        code=code,
        status=status,
        fix=told.fix,
    )


def _web_page(service: Service, response: Response) -> ProviderUnreachable:
    return ProviderUnreachable(
        f"{service.name} answered with a web page instead of data ({response.step}, "
        f"{response.host}, HTTP {response.status}). It begins: {excerpt(response.body)}",
        "Check the addresses in the service's file, and whether a proxy or a sign-in page of "
        "the network stands between.",
    )


def _advice_for(service: Service, step: str, status: int) -> str:
    if step in {steps.IDENTITY, steps.REVOKE, steps.INTROSPECT}:
        if status == 401:
            return "The token may have been revoked already. Authorize the entry again to get one."
        return "The app may lack a permission for this at the provider."
    if step == steps.REFRESH:
        return "Check the entry's credentials. If it happens again, authorize the entry anew."
    if status == 404 or step in DEVICE:
        return "Check the addresses in the service's file."
    labels = service.credential_labels
    if step in CLIENT:
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
    service: Service, response: Response, complaint: Complaint, meaning: Meaning | None, now: int
) -> ProviderUnreachable:
    wait = retry_after(response.headers.get("retry-after", ""), now)
    when = f"Try again in {wait} s; nothing was changed." if wait else RETRY
    what = "asks for fewer requests" if response.status == 429 else "has trouble of its own"
    if meaning is not None and meaning.passing:
        what = meaning.means
    code = neutralise(complaint.code, 80)
    where = f"{response.step}, {response.host}, HTTP {response.status}{f', {code}' if code else ''}"
    words = f" It says: {said(complaint.words)}" if complaint.words else ""
    return ProviderUnreachable(f"{service.name} {what} ({where}).{words}", when)


def _first_text(document: Any, *names: str) -> str:
    if not isinstance(document, dict):
        return ""
    return next((text for name in names if (text := scalar(document.get(name)))), "")
