from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.unit.oauth.making import NOW, make_client, make_service
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, SignInEnded, UsageProblem
from tui_oauth.model import TokenSet
from tui_oauth.oauth.device import (
    DeviceCode,
    Poll,
    Polling,
    device_request,
    first_poll,
    grouped,
    is_denied,
    next_poll,
    poll_request,
    read_device,
    read_poll,
)
from tui_oauth.oauth.http import Request, Response
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.format import Extensions, Service

GOOD = {
    "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://example.com/device",
    "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
    "expires_in": 1800,
    "interval": 5,
}


def service_with_device(**changes: Any) -> Service:
    given = {
        "device_authorization_url": "https://as.example/device",
        "grants": ("authorization_code", "device_code"),
    }
    return make_service(**{**given, **changes})


def form(request: Request) -> dict[str, str]:
    pairs = parse_qsl(request.body.decode("ascii"), keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), "a parameter comes twice"
    return dict(pairs)


def reply(body: Any, status: int = 200, step: str = "device code request") -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {}, raw, "as.example", step)


def read(body: Any, status: int = 200, **changes: Any) -> DeviceCode:
    return read_device(service_with_device(**changes), reply(body, status), NOW)


def polled(body: Any, status: int = 400) -> TokenSet | Poll:
    response = reply(body, status, "device token request")
    return read_poll(service_with_device(), response, requested=("read",), sent_at=NOW)


# ---- the request


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic", "none"])
def test_the_request_for_a_code_names_client_and_scopes_and_authenticates_once(
    method: str,
) -> None:
    service = service_with_device(scope_separator=",")
    request = device_request(service, make_client(method), ("read", "write"))
    assert (request.method, request.url) == ("POST", "https://as.example/device")
    sent = form(request)
    assert sent["client_id"] == "my-client"
    assert sent["scope"] == "read,write"
    assert ("client_secret" in sent) == (method == "client_secret_post")
    assert ("Authorization" in request.headers) == (method == "client_secret_basic")
    assert set(sent) <= {"client_id", "client_secret", "scope"}
    assert request.headers["Accept"] == "application/json"


def test_rule_5_the_code_can_be_asked_for_at_the_token_endpoint() -> None:
    """The way of Salesforce, as its own file declares it."""
    service = Catalogue(None).get("salesforce")
    request = device_request(service, make_client(), ("api",))
    assert request.url == service.token_url == service.device_authorization_url
    assert form(request)["response_type"] == "device_code"
    assert "grant_type" not in form(request)


def test_rule_5_no_scope_a_json_body_and_other_names_are_taken_from_the_data() -> None:
    service = service_with_device(
        token_request_format="json",
        authorize={"scope": False},
        token={"client_id_parameter": "app", "headers": {"X-App": "{client_id}"}},
        device={"parameters": {"audience": "for-{client_id}"}},
    )
    request = device_request(service, make_client("none"), ("read",))
    assert json.loads(request.body) == {"app": "my-client", "audience": "for-my-client"}
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["X-App"] == "my-client"


def test_rule_110_resource_indicators_go_with_both_requests() -> None:
    resources = ("https://a.example/", "https://b.example/api")
    service = service_with_device(extensions=Extensions(resource=resources))
    for request in (
        device_request(service, make_client(), ()),
        poll_request(service, make_client(), read(GOOD)),
    ):
        pairs = parse_qsl(request.body.decode())
        assert [value for name, value in pairs if name == "resource"] == list(resources)


def test_rule_9_a_declared_parameter_does_not_replace_one_of_ours() -> None:
    service = service_with_device(device={"parameters": {"scope": "everything"}})
    with pytest.raises(UsageProblem, match="scope"):
        device_request(service, make_client(), ("read",))


def test_rule_3_only_where_the_service_lists_it() -> None:
    for changes in ({"grants": ("authorization_code",)}, {"device_authorization_url": ""}):
        with pytest.raises(UsageProblem, match="device grant"):
            device_request(service_with_device(**changes), make_client(), ())


def test_rule_65_the_address_has_to_be_safe() -> None:
    service = service_with_device(device_authorization_url="http://as.example/device")
    with pytest.raises(UsageProblem, match="unencrypted"):
        device_request(service, make_client(), ())


# ---- the code


def test_rule_98_a_good_answer() -> None:
    code = read(GOOD)
    assert code == DeviceCode(
        device_code=Secret(GOOD["device_code"]),
        user_code="WDJB-MJHT",
        verification_uri="https://example.com/device",
        verification_uri_complete="https://example.com/device?user_code=WDJB-MJHT",
        expires_at=NOW + 1800,
        interval=5,
    )
    assert str(GOOD["device_code"]) not in repr(code)


@pytest.mark.parametrize("name", ["device_code", "user_code", "verification_uri", "expires_in"])
@pytest.mark.parametrize("value", [None, "", 7.5, True, [], {}, "\x1b[2J", "a\nb", "ü", -1, 0])
def test_rule_98_each_member_has_to_be_proper(name: str, value: Any) -> None:
    good_number = name == "expires_in" and value == 7.5
    if good_number:
        assert read({**GOOD, name: value}).expires_at == NOW + 7
        return
    with pytest.raises(ProviderUnreachable, match="not understood") as caught:
        read({**GOOD, name: value})
    assert caught.value.message.isprintable()
    assert name in caught.value.message or name == "verification_uri"


@pytest.mark.parametrize("name", ["device_code", "user_code", "verification_uri", "expires_in"])
def test_rule_98_each_member_has_to_be_there(name: str) -> None:
    with pytest.raises(ProviderUnreachable, match=name):
        read({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        (0, 1),
        (0.2, 1),
        (1, 1),
        ("1", 1),
        (-5, 5),
        (None, 5),
        (True, 5),
        ("soon", 5),
        ({}, 5),
        (7, 7),
        (4.2, 5),
        (600, 600),
    ],
)
def test_rule_98_the_interval_is_five_seconds_by_default_and_at_least_one(
    interval: Any, seconds: int
) -> None:
    assert read({**GOOD, "interval": interval}).interval == seconds


def test_rule_98_no_interval_is_five_seconds_and_an_absurd_one_is_refused() -> None:
    assert read({key: value for key, value in GOOD.items() if key != "interval"}).interval == 5
    for interval in (601, 10**9, 1e300):
        with pytest.raises(ProviderUnreachable, match="interval"):
            read({**GOOD, "interval": interval})


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/device",
        "javascript:alert(1)",
        "file:///etc/passwd",
        " https://example.com/device",
        "https://good.example@evil.example/",
        "https://exämple.com/",
        "https://example.com/#device",
        "https://example.com/a b",
        "--version",
        "example.com/device",
    ],
)
def test_rule_48_and_98_the_verification_address_is_checked_like_a_link(uri: str) -> None:
    with pytest.raises(ProviderUnreachable) as caught:
        read({**GOOD, "verification_uri": uri})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("complete", "offered"),
    [
        ("https://example.com/device?user_code=WDJB-MJHT", True),
        ("https://example.com:443/elsewhere", True),
        ("https://evil.example/device?user_code=WDJB-MJHT", False),
        ("https://example.com.evil.example/", False),
        ("https://example.com:8443/device", False),
        ("http://example.com/device", False),
        ("javascript:alert(1)", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_rule_102_the_complete_address_only_at_the_same_origin(
    complete: Any, offered: bool
) -> None:
    code = read({**GOOD, "verification_uri_complete": complete})
    assert code.verification_uri_complete == (complete if offered else "")


def test_rule_5_google_calls_the_address_verification_url() -> None:
    google = Catalogue(None).get("google")
    answer = {**GOOD, "verification_url": "https://www.google.com/device"}
    code = read_device(google, reply(answer), NOW)
    assert code.verification_uri == "https://www.google.com/device"
    assert code.verification_uri_complete == ""


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"error": "invalid_client"}, 401, ProviderRefused),
        ({"error": "unauthorized_client", "error_description": "no"}, 400, ProviderRefused),
        ({"error": "device_flow_disabled"}, 200, ProviderRefused),
        (b"<html>Sign in</html>", 200, ProviderUnreachable),
        (b"[]", 200, ProviderUnreachable),
        (b"null", 200, ProviderUnreachable),
        (b'{"a":1,"a":2}', 200, ProviderUnreachable),
        (b"\xff\xfe", 200, ProviderUnreachable),
        (b"", 302, ProviderUnreachable),
        (b"", 503, ProviderUnreachable),
    ],
)
def test_rule_121_a_refusal_of_a_code_names_step_and_host(
    body: Any, status: int, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"as\.example") as caught:
        read(body, status)
    assert "device code request" in str(caught.value)
    assert "Callback URL" not in str(caught.value)


def test_policy_against_the_device_grant_is_explained() -> None:
    with pytest.raises(ProviderRefused) as caught:
        read({"error": "unauthorized_client"}, 400)
    assert "Allow the device grant" in caught.value.advice


# ---- the polling


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic", "none"])
def test_a_poll_sends_grant_code_and_authentication(method: str) -> None:
    service = service_with_device()
    request = poll_request(service, make_client(method), read(GOOD))
    assert request.url == "https://as.example/token"
    sent = form(request)
    assert sent.pop("grant_type") == "urn:ietf:params:oauth:grant-type:device_code"
    assert sent.pop("device_code") == GOOD["device_code"]
    if method == "client_secret_basic":
        _, _, value = request.headers["Authorization"].partition(" ")
        assert base64.b64decode(value) == b"my-client:s3cret-value"
        assert sent == {}
    else:
        assert sent.pop("client_id") == "my-client"
        assert sent == ({"client_secret": "s3cret-value"} if method == "client_secret_post" else {})


@pytest.mark.parametrize(
    ("body", "status", "outcome"),
    [
        ({"error": "authorization_pending"}, 400, Poll.PENDING),
        ({"error": "authorization_pending"}, 200, Poll.PENDING),  # GitHub
        ({"error": "authorization_pending"}, 428, Poll.PENDING),  # Google
        ({"error": "slow_down"}, 400, Poll.SLOW_DOWN),
        ({"error": "slow_down"}, 403, Poll.SLOW_DOWN),
        (b"<html>Bad gateway</html>", 502, Poll.NO_ANSWER),
        (b"", 503, Poll.NO_ANSWER),
        (b"", 429, Poll.NO_ANSWER),
        ({"error": "temporarily_unavailable"}, 400, Poll.NO_ANSWER),
        ({"error": "server_error"}, 500, Poll.NO_ANSWER),
    ],
)
def test_rule_99_answers_that_end_nothing(body: Any, status: int, outcome: Poll) -> None:
    assert polled(body, status) is outcome


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"error": "access_denied"}, 400, ProviderRefused),
        ({"error": "authorization_declined"}, 400, ProviderRefused),
        ({"error": "expired_token"}, 400, SignInEnded),
        ({"error": "invalid_grant"}, 400, ProviderRefused),
        ({"error": "invalid_client"}, 401, ProviderRefused),
        ({"error": "bad_verification_code"}, 200, ProviderRefused),
        ({"error": "never_heard_of"}, 400, ProviderRefused),
        ({"error": {"code": "weird"}}, 400, ProviderRefused),
        (b"", 404, ProviderRefused),
        (b"", 302, ProviderUnreachable),
        (b"<html>Hello</html>", 200, ProviderUnreachable),
        (b"<html>No</html>", 400, ProviderUnreachable),
        ({}, 200, ProviderUnreachable),
        ({"access_token": "a b", "token_type": "Bearer"}, 200, ProviderUnreachable),
    ],
)
def test_rule_99_answers_that_end_the_polling(
    body: Any, status: int, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        polled(body, status)
    assert str(caught.value).isprintable()
    assert "new link" not in str(caught.value)
    assert "Callback URL" not in str(caught.value)


def test_that_a_person_declined_is_known_in_both_words() -> None:
    for code, denied in (("access_denied", True), ("authorization_declined", True), ("x", False)):
        with pytest.raises(ProviderRefused) as caught:
            polled({"error": code})
        assert is_denied(caught.value) is denied


def test_tokens_end_the_polling() -> None:
    tokens = polled({"access_token": "t", "token_type": "Bearer", "expires_in": 60}, 200)
    assert isinstance(tokens, TokenSet)
    assert (tokens.access_token, tokens.expires_at) == (Secret("t"), NOW + 60)
    assert tokens.scopes == ("read",)


def waits(outcomes: list[Poll], took: int = 0, lifetime: int = 3600) -> list[int]:
    """The waits before each poll when each takes `took` seconds and ends as `outcomes` say."""
    now = NOW
    polling = first_poll(read({**GOOD, "expires_in": lifetime}), now)
    gaps = [polling.wait]
    for outcome in outcomes:
        if polling.over:
            break
        now += polling.wait + took
        polling = next_poll(polling, outcome, now)
        gaps.append(polling.wait)
    return gaps


@pytest.mark.parametrize("took", [0, 1, 29])
@pytest.mark.parametrize(
    ("outcomes", "gaps"),
    [
        ([Poll.PENDING] * 3, [5, 5, 5, 5]),
        # The first wait precedes the first poll; the second poll is told to slow down.
        ([Poll.PENDING, Poll.SLOW_DOWN, Poll.PENDING, Poll.PENDING], [5, 5, 10, 10, 10]),
        ([Poll.SLOW_DOWN, Poll.SLOW_DOWN, Poll.PENDING], [5, 10, 15, 15]),
        ([Poll.NO_ANSWER] * 6, [5, 10, 20, 40, 60, 60, 60]),
        ([Poll.NO_ANSWER, Poll.NO_ANSWER, Poll.PENDING, Poll.PENDING], [5, 10, 20, 5, 5]),
        ([Poll.SLOW_DOWN, Poll.NO_ANSWER, Poll.PENDING], [5, 10, 20, 10]),
        ([Poll.NO_ANSWER, Poll.SLOW_DOWN, Poll.NO_ANSWER], [5, 10, 10, 20]),
    ],
)
def test_rule_99_the_wait_is_counted_from_the_end_of_the_last_answer(
    outcomes: list[Poll], gaps: list[int], took: int
) -> None:
    assert waits(outcomes, took) == gaps


def test_rule_99_never_faster_than_the_interval_however_often_nothing_answers() -> None:
    code = read({**GOOD, "interval": 300, "expires_in": 86_400})
    polling = first_poll(code, NOW)
    for _ in range(40):
        polling = next_poll(polling, Poll.NO_ANSWER, NOW)
        assert polling.wait == 300


def test_rule_99_no_poll_comes_after_the_end_of_the_code() -> None:
    polling = first_poll(read({**GOOD, "expires_in": 12}), NOW)
    assert (polling.wait, polling.over) == (5, False)
    polling = next_poll(polling, Poll.PENDING, NOW + 6)
    assert (polling.wait, polling.over) == (5, False)
    polling = next_poll(polling, Poll.PENDING, NOW + 11)
    assert (polling.wait, polling.over) == (1, True)
    assert next_poll(polling, Poll.PENDING, NOW + 99) == Polling(
        polling.code, 5, 0, over=True, failures=0
    )
    assert first_poll(read({**GOOD, "expires_in": 3}), NOW).over


# ---- the person


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("WDJB-MJHT", "WDJB-MJHT"),
        ("WDJBMJHT", "WDJB MJHT"),
        ("GTHK3W8XQ", "GTH K3W 8XQ"),
        ("ABCDEF", "ABC DEF"),
        ("123456789012", "1234 5678 9012"),
        ("ABCDE", "ABCDE"),
        ("ABCDEFG", "ABCD EFG"),
        ("AB CD EF", "AB CD EF"),
    ],
)
def test_rule_102_the_code_is_shown_in_groups(code: str, shown: str) -> None:
    assert grouped(code) == shown
    assert grouped(code).replace(" ", "") == code.replace(" ", "")
