"""What is recorded of exchanges: enough to see what a provider objects to, and no secret."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.canary import SPECIAL, Canaries
from tests.providers.misbehaving import Conversation, answering, serving
from tests.unit.oauth.making import make_attempt, make_client, make_service, make_tokens
from tui_oauth.errors import ProviderUnreachable, UsageProblem
from tui_oauth.model import TokenSet
from tui_oauth.oauth.authorize import Answer
from tui_oauth.oauth.client import BASIC, NONE, POST, Client
from tui_oauth.oauth.http import Request, Response
from tui_oauth.oauth.identity import identity_request
from tui_oauth.oauth.revoke import revocation_requests
from tui_oauth.oauth.token import code_request, long_lived_request, refresh_request
from tui_oauth.secret import MASK, Secret
from tui_oauth.sending import send
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.format import Service
from tui_oauth.text import is_plain
from tui_oauth.traffic import STEP_ANSWER, STEP_LINK, Record, Recorder, record_lines
from tui_oauth.workspace import Workspace

NOW = 1_795_448_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# As they may look: some fit into a header, some are letters alone, some different in each encoding.
SECRETS = {
    "client_secret": SPECIAL.format("client secret"),
    "code": SPECIAL.format("code"),
    "code_verifier": "canaryverifier-" + "Ab3" * 12,
    "access_token": "canaryaccess/+~." + "A1b2" * 8,
    "refresh_token": "canaryrefreshlettersalone",
    "id_token": "canary.eyJzdWIiOiIxIn0.c2ln",
    "state": "canarystateSTATEstate",
    "nonce": "canary-nonce-7f31c0d9",
    "device_code": SPECIAL.format("device code"),
    "user_code": "CNRY-WXYZ",
    "dpop_proof": "canaryproof.eyJodG0iOiJQT1NUIn0.c2ln",
    "registration_token": "canary~registration~token",
    "request_uri": "urn:canary:request_uri:6esc_11ACC5bwc014ltc14eY22c",
    "password": SPECIAL.format("some password"),
}
CANARIES = Canaries(**SECRETS)


def text_of(recorder: Recorder) -> str:
    """Everything that the records hold and show."""
    lines = [line for record in recorder.records for line in record_lines(record)]
    return "\n".join(lines) + repr(recorder.records)


def seen(request: Request, outcome: Any = None) -> str:
    """What is recorded and told of one exchange."""
    told: list[str] = []
    recorder = Recorder(lambda: NOW, told.extend)
    exchange = recorder.began(request)
    recorder.ended(exchange, Response(200) if outcome is None else outcome)
    return text_of(recorder) + "\n".join(told)


def echoes(secret: str) -> Iterable[str]:
    """`secret` as a provider may repeat it."""
    raw = secret.encode()
    yield secret
    yield quote(secret, safe="")
    yield quote(secret, safe="").lower()
    yield urlencode({"x": secret})[2:]
    yield base64.b64encode(raw).decode()
    yield base64.urlsafe_b64encode(raw).decode()
    yield json.dumps(secret)[1:-1]


def echoing(secret: str) -> list[Response]:
    """Answers that repeat `secret` wherever a value is shown otherwise."""
    found: list[Response] = []
    for echo in echoes(secret):
        words = f"It was {echo}, you know"
        shown = {
            "error": words, "error_description": words, "scope": echo, "token_type": echo,
            "client_id": echo, "grant_types": [echo, "x"], "authorization_servers": [f"https://{echo}/", f"https://a.example/{echo}/x"],
            "issuer": f"https://as.example/{echo}?a={echo}", "registration_client_uri": f"https://as.example/{echo}",
            "errors": [{"code": echo, "message": words}, words], echo: echo, "message": words, "request_id": echo,
        }  # fmt: skip
        header = echo if echo.isascii() and echo.isprintable() else "-"
        headers = {
            "content-type": "application/json",
            "x-request-id": header,
            "location": f"https://as.example/{header}?code={header}",
            "www-authenticate": f'Bearer realm="{header}", error="{header}", error_description="{header}"',
            "x-ratelimit-limit": header,
            "x-api-version": header,
            "dpop-nonce": header,
        }
        for status in (200, 302, 400, 500):
            found.append(Response(status, headers, json.dumps(shown).encode()))
            form = {**headers, "content-type": FORM["Content-Type"]}
            body = {name: value for name, value in shown.items() if isinstance(value, str)}
            found.append(Response(status, form, urlencode(body).encode()))
    return found


def requests_with(secret: str) -> list[Request]:
    """Requests that carry `secret` in every place where something secret travels."""
    url = "https://as.example/token"
    basic = base64.b64encode(f"client:{quote(secret)}".encode()).decode()
    made = [
        Request("POST", url, "token request", FORM, urlencode({"any_name": secret}).encode()),
        Request("POST", url, "token request", {}, urlencode({"any_name": secret}).encode()),
        Request("GET", f"{url}?{urlencode({'code': secret})}", "token request"),
        Request("GET", f"https://as.example/#/in?{urlencode({'code': secret})}", "token request"),
        Request("POST", url, "token request", {"Authorization": f"Basic {basic}"}),
        Request(
            "POST",
            url,
            "token request",
            {"Content-Type": "application/json"},
            json.dumps({"a": {"b": [secret, 1]}}).encode(),
        ),
    ]
    if secret.isascii():
        for name, value in (
            ("Authorization", f"Bearer {secret}"), ("Authorization", f"DPoP {secret}"), ("Authorization", secret),
            ("Authorization", f"{secret} x"), ("DPoP", secret), ("X-Access-Token", secret), ("X-API-Version", secret), ("Cookie", secret),
        ):  # fmt: skip
            made.append(Request("GET", url, "account check", {name: value}))
    return made


@pytest.mark.parametrize("name", SECRETS)
def test_rule_114_no_secret_of_an_exchange_is_recorded_not_even_where_it_is_repeated(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Here the redaction has to do without the secrets that the process is known to hold.
    monkeypatch.setattr("tui_oauth.redacting.held_secrets", lambda: iter(()))
    secret = SECRETS[name]
    for request in requests_with(secret):
        assert CANARIES.within(seen(request)) == set(), request
        for response in echoing(secret):
            assert CANARIES.within(seen(request, response)) == set(), (request, response.body)
        problem = ProviderUnreachable(f"as.example was told {secret} and broke off.")
        assert CANARIES.within(seen(request, problem)) == set(), request


def test_rule_114_the_answers_own_secrets_are_not_recorded() -> None:
    request = Request("POST", "https://as.example/token", "token request")
    whole = json.dumps({**SECRETS, "data": {"list": [SECRETS["code"]], "deep": SECRETS}}).encode()
    for kind in (
        "application/json",
        "application/json; charset=utf-8",
        "",
        "text/html",
        "x/y+json",
    ):
        response = Response(200, {"content-type": kind}, whole)
        assert CANARIES.within(seen(request, response)) == set(), kind
    form = Response(200, {"content-type": FORM["Content-Type"]}, urlencode(SECRETS).encode())
    assert CANARIES.within(seen(request, form)) == set()
    for status in (200, 400):
        for body in (SECRETS["code"].encode(), b"canary" + whole, whole[:-1], b"\xff" + whole):
            plain = Response(status, {"content-type": "text/plain"}, body)
            assert CANARIES.within(seen(request, plain)) == set()
    cookies = {name: value for name, value in SECRETS.items() if value.isascii()}
    for header in ("set-cookie", "x-auth-token", "dpop-nonce", "etag", "link"):
        for value in cookies.values():
            assert CANARIES.within(seen(request, Response(200, {header: value}, b""))) == set()


def test_rule_114_the_search_finds_what_is_there() -> None:
    shown = Request("GET", "https://as.example/a?" + urlencode({"scope": SECRETS["state"]}), "x")
    assert CANARIES.within(seen(shown)) == {"state"}


def _clients() -> list[Client]:
    ident, secret = "a-client", Secret(SECRETS["client_secret"])
    return [Client(ident, secret, BASIC), Client(ident, secret, POST), Client(ident, secret, NONE)]


def _requests_of(service: Service, client: Client, tokens: TokenSet) -> Iterable[Request]:
    """Every request that the core makes for `service`."""
    attempt = replace(make_attempt(make_service()), code_verifier=Secret(SECRETS["code_verifier"]))
    steps: tuple[Any, ...] = (
        lambda: [code_request(service, client, attempt, Answer(Secret(SECRETS["code"])))],
        lambda: [refresh_request(service, client, tokens)],
        lambda: [long_lived_request(service, client, tokens)],
        lambda: [identity_request(service, tokens, client.client_id)],
        lambda: revocation_requests(service, client, tokens),
    )
    for step in steps:
        try:
            made = step()
        except UsageProblem:  # a value that only a real sign-in gives
            continue
        yield from (request for request in made if request is not None)


TOKENS = make_tokens(
    access_token=Secret(SECRETS["access_token"]), refresh_token=Secret(SECRETS["refresh_token"])
)


def test_rule_114_a_token_in_the_path_is_found_among_the_secrets_that_the_process_holds() -> None:
    service = make_service(
        revoke_url="https://as.example/tokens/{refresh_token}/end?t={access_token}",
        revoke={"body": "none", "auth": "Client {client_secret}"},
        refresh_quirks={"url": "https://as.example/{refresh_token}/renew"},
    )
    made = [request for client in _clients() for request in _requests_of(service, client, TOKENS)]
    assert any(SECRETS["refresh_token"] in request.url for request in made)
    for request in made:
        assert CANARIES.within(seen(request)) == set(), request


def test_rule_114_nothing_of_any_service_is_recorded_in_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Services put tokens into headers, queries, JSON and paths of their own."""
    # Those of other tests may still be alive here, and would make a long search of it.
    held = [SECRETS[name] for name in ("access_token", "refresh_token", "client_secret")]
    monkeypatch.setattr("tui_oauth.redacting.held_secrets", lambda: iter(held))
    names = ("region", "subdomain", "tenant", "shop", "domain", "port", "instance")
    in_query = make_service(token={"parameters_in": "query"})
    services = [in_query, *_catalogue(tmp_path)]
    count = 0
    for service in services:
        filled = replace(
            service,
            authorize_url=_filled(service.authorize_url, names),
            token_url=_filled(service.token_url, names),
        )
        for client in _clients():
            for request in _requests_of(filled, client, TOKENS):
                count += 1
                assert CANARIES.within(seen(request)) == set(), (service.id, request)
    assert count > len(services) * 3


def _catalogue(folder: Path) -> Iterable[Service]:
    catalogue = Catalogue(folder)
    return [catalogue.get(listing.id) for listing in catalogue.all()]


def _filled(url: str, names: Iterable[str]) -> str:
    for name in names:
        url = url.replace(f"{{{name}}}", "443" if name == "port" else "acme")
    return url


def test_what_a_provider_objects_to_can_be_seen() -> None:
    request = code_request(
        make_service(client_auth=(BASIC,)),
        make_client(BASIC),
        make_attempt(),
        Answer(Secret("the-code")),
    )
    problem = {"error": "invalid_grant", "error_description": "redirect_uri does not match"}
    told: list[str] = []
    recorder = Recorder(lambda: NOW, told.extend)
    exchange = recorder.began(request)
    assert told[0] == "> POST https://as.example/token  (token request)"
    assert told == [
        "> POST https://as.example/token  (token request)",
        ">   Accept: application/json",
        f">   Authorization: Basic {MASK}",
        ">   Content-Type: application/x-www-form-urlencoded",
        ">",
        ">   grant_type = authorization_code",
        f">   code = {MASK}",
        ">   redirect_uri = http://127.0.0.1:8976/callback",
        f">   code_verifier = {MASK}",
    ]
    told.clear()
    headers = {"content-type": "application/json", "x-request-id": "req-1", "etag": "x"}
    recorder.ended(exchange, Response(400, headers, json.dumps(problem).encode()))
    assert [line.split("  (")[0] for line in told] == [
        "< 400 Bad Request",
        "<   content-type: application/json",
        "<   x-request-id: req-1",
        f"<   etag: {MASK}",
        "<",
        "<   error: invalid_grant",
        "<   error_description: redirect_uri does not match",
    ]
    (record,) = recorder.records
    assert (record.step, record.host, record.outcome, record.bad) == (
        "token request", "as.example", "400 invalid_grant", True,
    )  # fmt: skip
    assert record.milliseconds is not None
    assert record_lines(record)[0].startswith("1. token request, 2026-11-23T15:33:20Z, ")


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"error": "invalid_grant"}, "invalid_grant"),
        ({"error": {"code": 403, "message": "No."}}, "403"),
        ({"type": "error.list", "errors": [{"code": "unauthorized"}]}, "unauthorized"),
        ({"errors": ["Went wrong"]}, ""),
        ({"error": ""}, ""),
        ({}, ""),
        ([], ""),
    ],
)
def test_the_outcome_names_the_error_in_every_usual_shape(body: Any, outcome: str) -> None:
    for status in (200, 400):
        recorder = Recorder(lambda: NOW)
        request = Request("POST", "https://as.example/token", "token request")
        recorder.ended(recorder.began(request), _json(body, status))
        (record,) = recorder.records
        assert record.outcome == f"{status} {outcome}".rstrip()
        assert record.bad == (status == 400 or bool(outcome))


def test_a_good_answer_shows_its_structure() -> None:
    body = {
        "access_token": "a" * 40, "token_type": "Bearer", "expires_in": 3600, "scope": "read write",
        "active": True, "team": {"id": "T1", "members": ["x", "y"], "none": None}, "token_endpoint": "https://as.example/t?k=v",
    }  # fmt: skip
    shown = seen(Request("POST", "https://as.example/token", "token request"), _json(body))
    for line in (
        f"<   access_token: {MASK}", "<   token_type: Bearer", "<   expires_in: 3600", "<   scope: read write",
        "<   active: true", "<   team:", f"<     id: {MASK}", f"<     members: {MASK}", "<     none: null",
        f"<   token_endpoint: https://as.example/t?{MASK}",
    ):  # fmt: skip
        assert line in shown.splitlines(), line


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(value).encode())


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ({"content-type": "text/html"}, b"<html>hello", "11 bytes of text/html, not shown"),
        ({}, b"hello", "5 bytes of no declared type, not shown"),
        ({"content-type": "application/json"}, b'{"a":1,"a":2}', "names a member twice"),
        ({"content-type": "application/json"}, b'{"a":', "it is not JSON"),
        ({"content-type": "application/jwt\x1b[2J"}, b"eyJ", r"application/jwt\x1b[2j"),
    ],
)
def test_a_body_of_another_kind_is_told_by_size_and_type(
    headers: Mapping[str, str], body: bytes, words: str
) -> None:
    shown = seen(Request("GET", "https://as.example/", "discovery"), Response(200, headers, body))
    assert words in shown
    assert "hello" not in shown


def test_the_browsers_part_is_in_the_story() -> None:
    told: list[str] = []
    recorder = Recorder(lambda: NOW, told.extend)
    attempt = make_attempt()
    recorder.link(attempt.authorization_url)
    recorder.answer(attempt.redirect_uri, [("code", "the-code"), ("state", attempt.state)])
    recorder.answer(attempt.redirect_uri, [("error", "access_denied"), ("state", attempt.state)])
    link, good, bad = recorder.records
    assert (link.step, link.host, link.outcome) == (STEP_LINK, "as.example", "by the browser")
    assert (good.step, good.outcome, good.bad) == (STEP_ANSWER, "came back", False)
    assert (bad.step, bad.outcome, bad.bad) == (STEP_ANSWER, "access_denied", True)
    shown = text_of(recorder) + "\n".join(told)
    assert attempt.state not in shown
    assert "the-code" not in shown
    for line in (
        ">   response_type = code", ">   client_id = my-client", ">   redirect_uri = http://127.0.0.1:8976/callback",
        ">   scope = read write", f">   state = {MASK}", f">   code_challenge = {MASK}",
        ">   code_challenge_method = S256", f"<   code = {MASK}", "<   error = access_denied",
    ):  # fmt: skip
        assert line in told, line


def test_only_the_newest_are_kept_and_an_old_one_that_ends_disturbs_nothing() -> None:
    recorder = Recorder(lambda: NOW, limit=3)
    request = Request("GET", "https://as.example/", "discovery")
    first = recorder.began(request)
    for _ in range(3):
        recorder.ended(recorder.began(request), _json({}))
    recorder.ended(first, _json({}))
    assert [record.number for record in recorder.records] == [2, 3, 4]
    assert all(record.outcome == "200" for record in recorder.records)


def test_one_that_goes_on_and_one_that_was_cut_off_say_so() -> None:
    recorder = Recorder(lambda: NOW)
    exchange = recorder.began(Request("GET", "https://as.example/", "discovery"))
    assert record_lines(recorder.records[0])[-1] == "< no answer yet"
    recorder.ended(exchange, None)
    assert record_lines(recorder.records[0])[-1] == "< cut off before an answer came"
    assert recorder.records[0].bad
    recorder.ended(object(), None)
    assert len(recorder.records) == 1


def test_an_answer_of_any_size_or_depth_is_bounded() -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = {"a": [deep]}
    wide = {f"member_{number}": "x" * 500 for number in range(5_000)}
    many = {"scope": ["read"] * 3_000, "list": [{"a": 1}] * 3_000, "scopes_supported": "y" * 9_000}
    request = Request("GET", "https://as.example/", "discovery")
    for value in (deep, wide, many, [[1] * 500] * 500, [deep] * 30):
        recorder = Recorder(lambda: NOW)
        recorder.ended(recorder.began(request), _json(value))
        lines = record_lines(recorder.records[0])
        assert len(lines) < 100
        assert max(map(len, lines)) < 420


HOSTILE = (
    "\x1b]0;title\x07\x1b[2J\x9b31m\u202eb\u200bc\U000e0041\r\nx\x00[/][@click=app.quit]y[/]\ud800"
)


def test_rule_118_what_both_sides_say_is_neutralised() -> None:
    value = {"error": HOSTILE, "error_description": HOSTILE, HOSTILE: HOSTILE, "scope": [HOSTILE]}
    body = json.dumps(value).encode()
    headers = {"content-type": "application/json", "x-request-id": HOSTILE, HOSTILE: HOSTILE}
    told: list[str] = []
    recorder = Recorder(lambda: NOW, told.extend)
    request = Request(HOSTILE, f"https://{HOSTILE}/{HOSTILE}", "token request", {"A": HOSTILE})
    recorder.ended(recorder.began(request), Response(400, headers, body))
    readable = replace(request, url=f"https://as.example/{HOSTILE}?{HOSTILE}={HOSTILE}")
    recorder.ended(recorder.began(readable), ProviderUnreachable(HOSTILE))
    recorder.link(f"https://as.example/{HOSTILE}?{HOSTILE}={HOSTILE}")
    recorder.answer(f"http://{HOSTILE}", [("error", HOSTILE), (HOSTILE, HOSTILE)])
    recorder.answer("http://[", [("error_uri", "http://[")])
    assert len(recorder.records) == 5
    for record in recorder.records:
        for text in (*record_lines(record), record.host, record.outcome, record.step):
            assert is_plain(text), text
    assert all(is_plain(line) for line in told)


async def test_the_exchanges_of_many_threads_are_all_there() -> None:
    workspace = Workspace.from_environment()
    recorder = Recorder(lambda: NOW)
    changes: list[int] = []
    recorder.on_change = lambda: changes.append(threading.get_ident())
    workspace.traffic = recorder
    with serving(
        answering(b'{"error": "x"}', "200 OK", "Content-Type: application/json")
    ) as server:
        request = Request("POST", f"{server.url}/token", "token request")
        await asyncio.gather(*(send(workspace, request, deadline=10) for _ in range(8)))
    assert [record.outcome for record in recorder.records] == ["200 x"] * 8
    assert all(record.bad for record in recorder.records), "a no with HTTP 200"
    assert len(changes) == 16


async def test_a_real_exchange_that_fails_says_why() -> None:
    workspace = Workspace.from_environment()
    recorder = Recorder(lambda: NOW)
    workspace.traffic = recorder

    def cut(conversation: Conversation) -> None:
        conversation.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")

    with serving(cut) as server:
        with pytest.raises(ProviderUnreachable):
            await send(workspace, Request("POST", server.url, "refresh"), deadline=10)
        where = f"127.0.0.1:{server.port}"
    (record,) = recorder.records
    assert record.bad
    assert where in record.outcome
    assert isinstance(record, Record)
