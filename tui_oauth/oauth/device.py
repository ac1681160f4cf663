"""The device authorization grant (RFC 8628): a code that is entered on any device, and polling.

`device_request` and `read_device` get the code (sections 3.1 and 3.2). Then, after the wait that
`Polling` names each time: `poll_request`, `read_poll`, `next_poll` (sections 3.4 and 3.5). RFC
10027 says when not to offer it: on a machine that has a browser of its own.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tui_oauth.errors import ProviderRefused, ProviderUnreachable, SignInEnded, UsageProblem
from tui_oauth.oauth import steps
from tui_oauth.oauth.answer import document_of, not_understood, read_tokens, seconds_of
from tui_oauth.oauth.client import authentication
from tui_oauth.oauth.explain import Asked, complaint_in, refusal
from tui_oauth.oauth.reading import Unreadable, at_path, parse_json
from tui_oauth.oauth.resources import resource_parameters
from tui_oauth.oauth.templates import fill
from tui_oauth.oauth.token import client_values, endpoint_request, with_declared
from tui_oauth.oauth.urls import check_link, origin_of
from tui_oauth.secret import Secret

if TYPE_CHECKING:
    from tui_oauth.model import TokenSet
    from tui_oauth.oauth.client import Client
    from tui_oauth.oauth.http import Request, Response
    from tui_oauth.services.format import Service

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_INTERVAL = 5
MAX_INTERVAL = 600
SLOWER_BY = 5
MAX_WAIT = 60
"""Seconds between two polls that failed to connect: waiting is doubled up to here."""
MAX_DEVICE_CODE_LENGTH = 8_192
MAX_USER_CODE_LENGTH = 64
NEVER_PASS_ON = (
    "Only enter this code if YOU started this sign-in just now; never pass it to anyone."
)
"""What everybody is told who is shown a code: phishing asks for it (RFC 8628 section 5.4)."""
DENIED = frozenset({"access_denied", "authorization_declined"})
"""Error codes for a person who said no (RFC 8628 section 3.5, and Microsoft's word for it)."""

_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_GROUP = 4


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the device authorization endpoint gave (RFC 8628 section 3.2).

    `verification_uri_complete` is empty unless it leads to the origin of `verification_uri`.
    `expires_at` in Unix seconds, `interval` in seconds.
    """

    device_code: Secret = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_at: int
    interval: int


class Poll(enum.Enum):
    """An answer to a poll that ends nothing."""

    PENDING = enum.auto()
    """The person has not decided yet."""
    SLOW_DOWN = enum.auto()
    """As PENDING, and too fast: slower from now on."""
    NO_ANSWER = enum.auto()
    """The server could not be reached or has trouble of its own."""


@dataclass(frozen=True, slots=True)
class Polling:
    """Where the polling for `code` stands.

    `wait` seconds after the end of the last answer comes the next poll, or, with `over`, the end
    of the code. `interval` is what the server wants at least between two polls; `failures` counts
    the polls without answer in a row.
    """

    code: DeviceCode
    interval: int
    wait: int
    over: bool = False
    failures: int = 0


def device_request(service: Service, client: Client, scopes: tuple[str, ...]) -> Request:
    """The request for a device code (RFC 8628 section 3.1).

    The client ID is in it also where the client authenticates with a header: servers read it
    there. Raises UsageProblem when the service does not offer the device grant.
    """
    if not offers_device(service):
        raise UsageProblem(
            f"{service.name} has no sign-in by a code on another device (device grant).",
            "Use the Authorization link.",
        )
    quirks = service.quirks
    headers, credentials = authentication(service, client)
    parameters = {quirks.token.client_id_parameter: client.client_id, **credentials}
    joined = service.scope_separator.join(scopes)
    if quirks.authorize.scope and joined:
        parameters[quirks.authorize.scope_parameter] = joined
    values = client_values(client)
    for name, template in quirks.device.parameters.items():
        if name in parameters:
            raise UsageProblem(
                f"The service {service.name} sets {name} for the device grant, which the request "
                "has already.",
                "Take it out of quirks.device.parameters.",
            )
        parameters[name] = fill(template, values)
    url = service.device_authorization_url
    sent = [*parameters.items(), *resource_parameters(service)]
    return endpoint_request(service, client, url, sent, steps.DEVICE, headers=headers)


def offers_device(service: Service) -> bool:
    """Whether the service lists the device grant and says where its codes come from (rule 3)."""
    return "device_code" in service.grants and bool(service.device_authorization_url)


def read_device(
    service: Service, response: Response, now: int, requested: tuple[str, ...] = ()
) -> DeviceCode:
    """The device code in `response` (RFC 8628 section 3.2, checklist rule 98).

    `now` is the time just before the request was sent, in Unix seconds, `requested` are the scopes
    asked for. Raises ProviderRefused
    when the provider says no, ProviderUnreachable when the answer cannot be understood: nothing
    is shown to the person then.
    """
    problem = refusal(service, response, now, Asked(requested))
    if problem is not None:
        raise problem
    document = document_of(service, response, "a device code")
    lifetime = seconds_of(document.get("expires_in"))
    if not lifetime:
        raise not_understood(service, response, "expires_in is no positive number of seconds")
    uri = _verification_uri(service, response, document)
    return DeviceCode(
        device_code=Secret(
            _text(service, response, document, "device_code", MAX_DEVICE_CODE_LENGTH)
        ),
        user_code=_text(service, response, document, "user_code", MAX_USER_CODE_LENGTH).strip(),
        verification_uri=uri,
        verification_uri_complete=_complete_uri(document.get("verification_uri_complete"), uri),
        expires_at=now + lifetime,
        interval=_interval(service, response, document.get("interval")),
    )


def grouped(user_code: str) -> str:
    """`user_code` in groups that a person can read: `WDJB-MJHT`, `WDJB MJHT`.

    One that has its own groups stays as it is, and so does a short one.
    """
    if len(user_code) <= _GROUP + 1 or not user_code.isalnum():
        return user_code
    # Six letters are two times three, nine three times three; anything else is fours.
    size = 3 if len(user_code) % 3 == 0 and len(user_code) % _GROUP else _GROUP
    return " ".join(user_code[at : at + size] for at in range(0, len(user_code), size))


def first_poll(code: DeviceCode, now: int) -> Polling:
    """The polling that follows a device code, received at `now` (Unix seconds)."""
    return _waiting(Polling(code, code.interval, code.interval), now)


def poll_request(service: Service, client: Client, code: DeviceCode) -> Request:
    """The request that asks whether the person has decided (RFC 8628 section 3.4)."""
    headers, credentials = authentication(service, client)
    standard = {"grant_type": DEVICE_GRANT, "device_code": code.device_code.reveal()}
    parameters = with_declared(service, client, standard, credentials)
    return endpoint_request(
        service, client, service.token_url, parameters, steps.POLL, headers=headers
    )


def read_poll(
    service: Service, response: Response, *, requested: tuple[str, ...], sent_at: int
) -> TokenSet | Poll:
    """The tokens in `response`, or that there are none yet (RFC 8628 section 3.5).

    `requested` are the scopes asked for, `sent_at` the time just before the request was sent
    (Unix seconds). Raises SignInEnded when the code has ended, ProviderRefused when the person
    declined and for every other error: asking again would not help; ProviderUnreachable for an
    answer that is none of these.
    """
    try:
        complaint = complaint_in(service, parse_json(response.body))
    except Unreadable:
        complaint = None
    code = complaint.code if complaint is not None else ""
    if code == "authorization_pending":
        return Poll.PENDING
    if code == "slow_down":
        return Poll.SLOW_DOWN
    if code in {"expired_token", "code_expired"}:
        raise code_ended(service)
    problem = refusal(service, response, sent_at, Asked(requested))
    if problem is None:
        return read_tokens(service, response, requested=requested, sent_at=sent_at)
    passing = isinstance(problem, ProviderUnreachable) and not 300 <= response.status < 400
    if passing and (response.status >= 500 or response.status == 429 or code):
        return Poll.NO_ANSWER
    raise problem


def next_poll(polling: Polling, outcome: Poll, now: int) -> Polling:
    """When to poll again, after an answer that ended at `now` or a connection that failed then.

    The wait is counted from that end, never shorter than the interval; `slow_down` makes this and
    all later waits five seconds longer; without an answer the wait is doubled up to MAX_WAIT.
    """
    interval = polling.interval
    if outcome is Poll.NO_ANSWER:
        failures = polling.failures + 1
        wait = max(interval, min(interval << min(failures, 10), MAX_WAIT))
        return _waiting(replace(polling, wait=wait, failures=failures), now)
    if outcome is Poll.SLOW_DOWN:
        interval += SLOWER_BY
    return _waiting(replace(polling, interval=interval, wait=interval, failures=0), now)


def code_ended(service: Service) -> SignInEnded:
    """The end of a device code that nobody entered in time."""
    return SignInEnded(
        f"The code of {service.name} ended before anyone confirmed it.",
        "Start the sign-in again to get a new code.",
    )


def is_denied(error: Exception) -> bool:
    """Whether a person declined at the provider."""
    return isinstance(error, ProviderRefused) and error.code in DENIED


def _waiting(polling: Polling, now: int) -> Polling:
    """`polling` with its wait cut where the code ends before the next poll may be made."""
    left = max(0, polling.code.expires_at - now)
    return replace(polling, wait=left, over=True) if polling.wait >= left else polling


def _text(
    service: Service, response: Response, document: dict[str, Any], name: str, longest: int
) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value.strip():
        raise not_understood(service, response, f"{name} is missing")
    if len(value) > longest or not _PRINTABLE.fullmatch(value):
        raise not_understood(
            service, response, f"{name} has characters or a length that no code has"
        )
    return value


def _verification_uri(service: Service, response: Response, document: dict[str, Any]) -> str:
    name = service.quirks.device.verification_uri
    value = at_path(document, name)
    if not isinstance(value, str) or not value:
        raise not_understood(service, response, f"{name} is missing")
    try:
        return check_link(value)
    except UsageProblem as error:
        raise not_understood(service, response, error.message.rstrip(".")) from None


def _complete_uri(value: Any, uri: str) -> str:
    """The address with the code in it, only where it leads to the same place (rule 102)."""
    if not isinstance(value, str):
        return ""
    try:
        return value if origin_of(check_link(value)) == origin_of(uri) else ""
    except UsageProblem:
        return ""


def _interval(service: Service, response: Response, value: Any) -> int:
    seconds = seconds_of(value)
    if seconds is None:
        return DEFAULT_INTERVAL
    if isinstance(value, float) and seconds < value:
        seconds += 1  # a fraction is never cut off: that would be too fast
    if seconds > MAX_INTERVAL:
        raise not_understood(service, response, f"an interval of {seconds} s is no proper one")
    return max(1, seconds)
