"""A client registers itself: what it says, what it believes, and what it refuses (RFC 7591, RFC 7592)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.oauth.making import CALLBACK, make_service
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, TuiOauthError, UsageProblem
from tui_oauth.oauth.http import Response
from tui_oauth.oauth.registration import (
    STEP_REGISTER,
    STEP_UNREGISTER,
    Registered,
    client_metadata,
    delete_request,
    read_registration,
    read_request,
    registration_request,
    removal_problem,
    update_request,
)
from tui_oauth.secret import Secret
from tui_oauth.services.format import Extensions, Service

AS = "https://as.example"
MANAGE = f"{AS}/register/abc"
TOKEN = "registration-token-4f1c"


def server(**changes: Any) -> Service:
    made = make_service(client_auth=("none", "client_secret_basic"), **changes)
    extensions = made.extensions if "extensions" in changes else Extensions()
    return replace(made, extensions=replace(extensions, registration_url=f"{AS}/register"))


def answered(document: object, status: int = 201, step: str = STEP_REGISTER) -> Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Response(status, {"content-type": "application/json"}, body, "as.example", step)


def registered(**members: Any) -> Registered:
    document = {"client_id": "abc", "token_endpoint_auth_method": "none", **members}
    return read_registration(
        server(), answered({name: value for name, value in document.items() if value is not None})
    )


# ---- what is asked for


def test_rule_108_a_native_public_client_with_our_callback_url() -> None:
    service = server()
    request = registration_request(service, client_metadata(service, CALLBACK, ("read",), "1.2"))
    assert (request.method, request.url) == ("POST", f"{AS}/register")
    assert request.headers["Content-Type"] == "application/json"
    assert "Authorization" not in request.headers
    assert json.loads(request.body) == {
        "client_name": "tui-oauth",
        "software_id": "tui-oauth",
        "software_version": "1.2",
        "application_type": "native",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "read",
    }


@pytest.mark.parametrize(
    ("methods", "asked"),
    [
        (("none",), "none"),
        (("none", "client_secret_basic"), "none"),
        (("client_secret_basic", "none"), "client_secret_basic"),
        (("client_secret_basic", "client_secret_post"), "client_secret_basic"),
        (("client_secret_post",), "client_secret_post"),
    ],
)
def test_rule_108_no_secret_unless_the_server_wants_one(
    methods: tuple[str, ...], asked: str
) -> None:
    service = replace(server(), client_auth=methods)
    assert client_metadata(service, CALLBACK, (), "1")["token_endpoint_auth_method"] == asked


def test_only_the_grants_of_the_server_and_a_redirect_uri_only_for_a_browser() -> None:
    service = replace(server(), grants=("device_code", "refresh_token"), authorize_url="")
    said = client_metadata(service, CALLBACK, (), "1")
    assert said["grant_types"] == ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
    assert said["response_types"] == []
    assert "redirect_uris" not in said
    assert "scope" not in said
    alone = replace(service, grants=("client_credentials",))
    assert client_metadata(alone, "", (), "1")["token_endpoint_auth_method"] == (
        "client_secret_basic"
    )
    bound = replace(service, extensions=replace(service.extensions, dpop=True))
    assert client_metadata(bound, "", (), "1")["dpop_bound_access_tokens"] is True


def test_without_a_registration_endpoint_there_is_nothing_to_send() -> None:
    with pytest.raises(UsageProblem, match="by itself"):
        registration_request(make_service(), {})


def test_the_registration_token_is_sent_as_bearer_and_shown_nowhere() -> None:
    read, delete = read_request(MANAGE, Secret(TOKEN)), delete_request(MANAGE, Secret(TOKEN))
    update = update_request(MANAGE, Secret(TOKEN), "abc", {"client_name": "tui-oauth"})
    assert [request.method for request in (read, update, delete)] == ["GET", "PUT", "DELETE"]
    for request in (read, update, delete):
        assert request.url == MANAGE
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in repr(request)
    assert (read.body, delete.body) == (b"", b"")
    assert json.loads(update.body) == {"client_id": "abc", "client_name": "tui-oauth"}


# ---- what is believed


def test_rule_108_what_the_server_returned_is_the_truth() -> None:
    found = registered(
        client_id="the server's",
        client_secret="s3cret",
        client_secret_expires_at=1_900_000_000,
        token_endpoint_auth_method="client_secret_post",
        redirect_uris=[CALLBACK, "http://localhost/x"],
        registration_access_token=TOKEN,
        registration_client_uri=MANAGE,
        client_id_issued_at=1,
        dpop_bound_access_tokens=True,
        surprise={"a": 1},
    )
    assert found == Registered(
        client_id="the server's",
        client_secret=Secret("s3cret"),
        auth_method="client_secret_post",
        redirect_uris=(CALLBACK, "http://localhost/x"),
        client_secret_expires_at=1_900_000_000,
        registration_token=Secret(TOKEN),
        registration_url=MANAGE,
        dpop=True,
    )
    assert TOKEN not in repr(found)
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("members", "method", "has_secret"),
    [
        ({"token_endpoint_auth_method": None}, "none", False),
        ({"token_endpoint_auth_method": None, "client_secret": "s"}, "client_secret_basic", True),
        ({"client_secret": "unused"}, "none", False),
    ],
)
def test_rule_108_the_method_that_is_not_named(
    members: dict[str, Any], method: str, has_secret: bool
) -> None:
    found = registered(**members)
    assert (found.auth_method, found.client_secret is not None) == (method, has_secret)


@pytest.mark.parametrize(
    ("value", "ends"),
    [(0, None), (None, None), (1_900_000_000, 1_900_000_000), ("1900000000", 1_900_000_000)],
)
def test_rule_108_when_the_secret_ends(value: object, ends: int | None) -> None:
    found = registered(
        client_secret="s",
        token_endpoint_auth_method="client_secret_basic",
        client_secret_expires_at=value,
    )
    assert found.client_secret_expires_at == ends


def test_rule_105_a_registration_address_on_another_origin_gets_no_token() -> None:
    for url in ("https://evil.example/register/abc", "https://as.example:444/register/abc"):
        found = registered(registration_access_token=TOKEN, registration_client_uri=url)
        assert (found.registration_token, found.registration_url) == (None, "")
    for half in ({"registration_access_token": TOKEN}, {"registration_client_uri": MANAGE}):
        assert registered(**half).registration_url == ""


def test_a_later_answer_keeps_what_it_does_not_name() -> None:
    known = registered(
        client_secret="old",
        token_endpoint_auth_method="client_secret_basic",
        client_secret_expires_at=1_900_000_000,
        registration_access_token=TOKEN,
        registration_client_uri=MANAGE,
    )
    said = {"client_id": "abc", "token_endpoint_auth_method": "client_secret_basic"}
    assert read_registration(server(), answered(said, 200), known) == known
    rotated = read_registration(
        server(),
        answered({**said, "client_secret": "new", "registration_access_token": "next"}, 200),
        known,
    )
    assert rotated.client_secret == Secret("new")
    assert rotated.registration_token == Secret("next")
    assert rotated.client_secret_expires_at is None
    with pytest.raises(ProviderUnreachable, match="another one than before"):
        read_registration(server(), answered({**said, "client_id": "xyz"}, 200), known)


# ---- what is refused


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>registered</html>",
        b"[]",
        b'"abc"',
        b"null",
        b'{"client_id": "a", "client_id": "b"}',
        b'{"client_id": "a"' + b', "x":' * 10_000,
        b'{"client_id": "\xff"}',
        {},
        {"client_id": ""},
        {"client_id": 17},
        {"client_id": ["abc"]},
        {"client_id": "a\nb"},
        {"client_id": " a"},
        {"client_id": "a\x1b[31m"},
        {"client_id": "\u202eabc"},
        {"client_id": "x" * 16_385},
        {"client_id": "a", "client_secret": {"value": "s"}},
        {"client_id": "a", "client_secret": "s\r\nX: y"},
        {"client_id": "a", "client_secret": "s", "client_secret_expires_at": "soon"},
        {"client_id": "a", "client_secret": "s", "client_secret_expires_at": -1},
        {"client_id": "a", "client_secret": "s", "client_secret_expires_at": True},
        {"client_id": "a", "client_secret": "s", "client_secret_expires_at": 10**12},
        {"client_id": "a", "client_secret": "s", "client_secret_expires_at": 1e400},
        {"client_id": "a", "redirect_uris": "http://127.0.0.1/"},
        {"client_id": "a", "redirect_uris": [None]},
        {"client_id": "a", "redirect_uris": ["x"] * 21},
        {"client_id": "a", "registration_access_token": 5, "registration_client_uri": MANAGE},
        {"client_id": "a", "registration_access_token": "a b", "registration_client_uri": MANAGE},
        {
            "client_id": "a",
            "registration_access_token": TOKEN,
            "registration_client_uri": "javascript:alert(1)",
        },
        {
            "client_id": "a",
            "registration_access_token": TOKEN,
            "registration_client_uri": "http://as.example/register/abc",
        },
    ],
    ids=lambda document: repr(document)[:60],
)
def test_a_malformed_answer_is_refused_in_words(document: object) -> None:
    if isinstance(document, dict):
        document = json.dumps(document).replace("Infinity", "1e400").encode()
    with pytest.raises(ProviderUnreachable, match="client registration") as caught:
        read_registration(server(), answered(document))
    words = str(caught.value)
    assert "as.example" in words
    assert words.isprintable()


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post", "client_secret": ""},
        {"token_endpoint_auth_method": ["none"]},
        {"token_endpoint_auth_method": "\x1b[31m"},
    ],
    ids=repr,
)
def test_rule_108_a_client_that_cannot_be_used_here_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ProviderRefused) as caught:
        registered(**members)
    assert caught.value.code == "unusable_client"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("status", "document", "error", "words"),
    [
        (400, {"error": "invalid_redirect_uri"}, ProviderRefused, "does not accept the Callback"),
        (
            400,
            {"error": "invalid_client_metadata", "error_description": "no \x1b[31m[/b] natives"},
            ProviderRefused,
            r"no \x1b[31m[/b] natives",
        ),
        (400, {"error": "unapproved_software_statement"}, ProviderRefused, "approved software"),
        (200, {"error": "invalid_client_metadata"}, ProviderRefused, "a client of this kind"),
        (401, b"", ProviderRefused, "does not let everybody"),
        (401, {"error": "invalid_token"}, ProviderRefused, "registration access token"),
        (403, {"message": "no"}, ProviderRefused, "does not let everybody"),
        (404, b"nothing", ProviderRefused, "refused"),
        (500, b"oops", ProviderUnreachable, "trouble of its own"),
        (429, b"", ProviderUnreachable, "fewer requests"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(
    status: int, document: object, error: type[TuiOauthError], words: str
) -> None:
    with pytest.raises(error) as caught:
        read_registration(server(), answered(document, status))
    assert words in str(caught.value)
    assert f"HTTP {status}" in str(caught.value)
    assert caught.value.advice
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_rule_66_a_redirect_of_the_registration_is_an_error_that_names_where_to(
    status: int,
) -> None:
    response = replace(answered(b"", status), headers={"location": "https://evil.example/register"})
    with pytest.raises(ProviderUnreachable, match=r"evil\.example.*not followed"):
        read_registration(server(), response)


@pytest.mark.parametrize(
    ("status", "removed"),
    [(204, True), (200, True), (401, True), (404, True), (403, False), (405, False), (503, False)],
)
def test_the_end_of_a_registration(status: int, removed: bool) -> None:
    problem = removal_problem(server(), answered(b"", status, STEP_UNREGISTER))
    assert (problem is None) is removed
    if problem is not None:
        assert f"HTTP {status}" in problem.message
