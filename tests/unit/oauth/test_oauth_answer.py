from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.oauth.making import NOW, make_service, make_tokens
from tui_oauth.errors import ProviderRefused, ProviderUnreachable
from tui_oauth.model import TokenSet
from tui_oauth.oauth.answer import moment_of, scope_difference, seconds_of
from tui_oauth.oauth.explain import grant_is_over, retry_after
from tui_oauth.oauth.http import Response
from tui_oauth.oauth.reading import Unreadable, at_path, parse_json, said
from tui_oauth.oauth.token import read_tokens
from tui_oauth.secret import Secret
from tui_oauth.services.format import Service

GOOD = {"access_token": "tok-1", "token_type": "Bearer"}


def reply(
    body: Any = None, status: int = 200, step: str = "token request", **headers: str
) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, given, raw, "as.example", step)


def read(body: Any, service: Service | None = None, **changes: Any) -> TokenSet:
    given = {"requested": ("read", "write"), "sent_at": NOW, **changes}
    response = body if isinstance(body, Response) else reply(body)
    return read_tokens(service or make_service(), response, **given)


def test_the_least_good_answer() -> None:
    assert read(GOOD) == TokenSet(Secret("tok-1"), "Bearer", NOW, scopes=("read", "write"))


@pytest.mark.parametrize("token", ["-dash", "a" * 10_240, "!~", "ab=="])
def test_rule_75_a_printable_token_is_accepted(token: str) -> None:
    assert read({**GOOD, "access_token": token}).access_token == Secret(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        7,
        None,
        True,
        [],
        {},
        "a b",
        "a\r\nb",
        "a\x00b",
        "tök",
        "a\x1b[2J",
        "\u202e",
        "a" * 70_000,
    ],
    ids=lambda token: ascii(token)[:20],
)
def test_rule_75_anything_else_is_refused(token: Any) -> None:
    with pytest.raises(ProviderUnreachable, match="Nothing was stored") as caught:
        read({**GOOD, "access_token": token})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("status", [200, 201, 202])
def test_rule_75_other_good_statuses_are_tolerated(status: int) -> None:
    assert read(reply(GOOD, status)).access_token == Secret("tok-1")


def test_rule_121_a_missing_token_names_members_but_no_values() -> None:
    with pytest.raises(ProviderUnreachable) as caught:
        read({"accessToken": "leaked-secret-value-123456", "token_type": "Bearer"})
    assert "accessToken" in caught.value.message
    assert "leaked" not in str(caught.value)
    assert "as.example" in caught.value.message


@pytest.mark.parametrize("kind", ["bearer", "BEARER", "Bearer"])
def test_rule_77_the_token_type_is_compared_without_case(kind: str) -> None:
    assert read({**GOOD, "token_type": kind}).token_type == kind


@pytest.mark.parametrize("kind", ["mac", "DPoP", "", ["Bearer"], 1, None, "Bearer\r\nX: y"])
def test_rule_77_an_unknown_or_missing_type_is_not_used(kind: Any) -> None:
    with pytest.raises(ProviderUnreachable, match="token_type"):
        read({**GOOD, "token_type": kind})


def test_rule_77_a_declared_type_stands_in_and_may_be_named() -> None:
    service = make_service(answer={"token_type": "bot"})
    assert read({"access_token": "t"}, service).token_type == "bot"
    assert read({"access_token": "t", "token_type": "Bot"}, service).token_type == "Bot"
    with pytest.raises(ProviderUnreachable):
        read({"access_token": "t", "token_type": "user"}, service)


BROKEN = {
    "empty": b"",
    "blank": b"  \n",
    "text": b"OK",
    "form": b"access_token=x&token_type=bearer",
    "list": b'["access_token"]',
    "twice": b'{"access_token":"a","access_token":"b","token_type":"Bearer"}',
    "twice below": b'{"access_token":"a","token_type":"Bearer","x":{"y":1,"y":2}}',
    "nan": b'{"access_token":"a","token_type":"Bearer","expires_in":NaN}',
    "infinity": b'{"access_token":"a","token_type":"Bearer","expires_in":-Infinity}',
    "deep": b'{"access_token":"a","token_type":"Bearer","x":'
    + b"[" * 200_000
    + b"]" * 200_000
    + b"}",
    "long number": b'{"access_token":"a","token_type":"Bearer","x":' + b"9" * 5000 + b"}",
    "latin-1": '{"access_token":"a","token_type":"Bearer","n":"é"}'.encode("latin-1"),
    "cut": b'{"access_token":"a","token_typ',
    "html": b"<!doctype html><html><script>x</script><body>Sign in \x1b[31m here</body>",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_rule_78_each_broken_body_gives_one_clean_error(body: bytes) -> None:
    with pytest.raises(ProviderUnreachable) as caught:
        read(reply(body))
    assert "as.example" in caught.value.message
    assert "HTTP 200" in caught.value.message
    assert str(caught.value).isprintable()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_rule_78_a_byte_order_mark_is_tolerated() -> None:
    assert read(reply(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())).access_token == Secret("tok-1")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3600", 3600),
        (3600, 3600),
        (3599.7, 3599),
        (0, 0),
        ("0", 0),
        (" 60 ", 60),
        (10**18, 315360000),
        ("9" * 400, 315360000),
        (1e300, 315360000),
        (True, None),
        (-1, None),
        ("-1", None),
        (None, None),
        ({}, None),
        ("soon", None),
        ("3599.7", None),
        ("٣", None),
        ("", None),
        ([60], None),
        (float("inf"), None),
    ],
)
def test_rule_79_a_lifetime_is_read_leniently_and_never_guessed(
    value: Any, seconds: int | None
) -> None:
    assert seconds_of(value) == seconds


def test_rule_79_unknown_is_not_expired_and_the_end_counts_from_the_sending() -> None:
    assert read(GOOD).expires_at is None
    assert read({**GOOD, "expires_in": "3600"}).expires_at == NOW + 3600
    assert read({**GOOD, "expires_in": 0}).expires_at == NOW
    never = make_service(answer={"expires_zero_is_never": True})
    assert read({**GOOD, "expires_in": 0}, never).expires_at is None
    named = make_service(answer={"expires_in": "data.expires"})
    assert read({**GOOD, "data": {"expires": 60}}, named).expires_at == NOW + 60


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1_800_003_600, 1_800_003_600),
        ("1800003600", 1_800_003_600),
        (1_800_003_600_000, 1_800_003_600),
        (1800003600.9, 1_800_003_600),
        ("2027-01-15T09:00:00Z", 1_800_003_600),
        ("2027-01-15T10:00:00+01:00", 1_800_003_600),
        ("2027-01-15T09:00:00", 1_800_003_600),
        ("0001-01-01T00:00:00Z", None),
        ("never", None),
        ("", None),
        (0, None),
        (-5, None),
        (True, None),
        (None, None),
        ({}, None),
        (10**400, None),
        (float("nan"), None),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_rule_5_an_absolute_end_in_every_usual_form(value: Any, moment: int | None) -> None:
    assert moment_of(value) == moment


def test_rule_5_an_absolute_end_counts_before_a_lifetime() -> None:
    service = make_service(answer={"expires_at": "expires_at"})
    both = {**GOOD, "expires_at": NOW + 50, "expires_in": 10}
    assert read(both, service).expires_at == NOW + 50
    assert read({**GOOD, "expires_at": "?", "expires_in": 10}, service).expires_at == NOW + 10
    far = read({**GOOD, "expires_at": "9999-01-01T00:00:00Z"}, service).expires_at
    assert far == NOW + 315_360_000


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (None, ("read", "write")),
        ("read", ("read",)),
        ("read write admin", ("read", "write", "admin")),
        (["read", "write"], ("read", "write")),
        ("read,write", ("read", "write")),
        ("read, write  read", ("read", "write")),
        ("", ()),
        (7, ("read", "write")),
        (["read", 5, None], ("read",)),
        ("re\x1b[2Jad", ("re\\x1b[2Jad",)),
    ],
)
def test_rule_80_granted_scopes_in_every_usual_form(scope: Any, granted: tuple[str, ...]) -> None:
    assert read({**GOOD, "scope": scope}).scopes == granted


def test_rule_80_a_comma_inside_a_requested_scope_does_not_divide() -> None:
    assert read({**GOOD, "scope": "a,b c"}, requested=("a,b", "c")).scopes == ("a,b", "c")


def test_rule_80_the_difference_is_told() -> None:
    difference = scope_difference(("read", "write"), ("read", "admin"))
    assert (difference.missing, difference.unasked) == (("write",), ("admin",))


def test_rule_81_unknown_members_are_ignored_and_declared_ones_kept() -> None:
    keep = {"team": "team.id", "url": "instance_url", "n": "num", "o": "team", "gone": "x.y"}
    service = make_service(answer={"keep": {**keep, "bad": "bad", "long": "long"}})
    body = {**GOOD, **{f"m{i}": i for i in range(2000)}}
    body |= {"team": {"id": "T1"}, "instance_url": "https://eu.example", "num": 5}
    body |= {"bad": "a\r\nb", "long": "x" * 5000}
    assert read(body, service).extra == {"team": "T1", "url": "https://eu.example", "n": "5"}


def test_rule_81_values_of_the_callback_and_of_earlier_answers_stay() -> None:
    service = make_service(answer={"keep": {"a": "a"}})
    previous = make_tokens(extra={"a": "old", "b": "old", "c": "old"})
    got = read({**GOOD, "a": "new"}, service, previous=previous, extra={"b": "callback"})
    assert got.extra == {"a": "new", "b": "callback", "c": "old"}


@pytest.mark.parametrize(
    ("member", "kept"),
    [
        ({}, "refresh-1"),
        ({"refresh_token": None}, "refresh-1"),
        ({"refresh_token": ""}, "refresh-1"),
        ({"refresh_token": "refresh-2"}, "refresh-2"),
    ],
)
def test_rule_85_the_old_refresh_token_stays_unless_a_new_one_comes(
    member: dict[str, Any], kept: str
) -> None:
    got = read({**GOOD, **member}, previous=make_tokens())
    assert got.refresh_token == Secret(kept)


@pytest.mark.parametrize("value", [5, True, "a\r\nb", ["x"]])
def test_rule_85_a_malformed_refresh_token_is_not_stored(value: Any) -> None:
    with pytest.raises(ProviderUnreachable, match="refresh token"):
        read({**GOOD, "refresh_token": value}, previous=make_tokens())


def test_a_refresh_keeps_scopes_and_id_token_that_it_does_not_name() -> None:
    previous = make_tokens(scopes=("read",), id_token=Secret("id-1"))
    got = read({**GOOD, "scope": ""}, previous=previous)
    assert (got.scopes, got.id_token) == (("read",), Secret("id-1"))
    assert read({**GOOD, "id_token": "id-2"}, previous=previous).id_token == Secret("id-2")
    assert read({**GOOD, "id_token": "x" * 70_000}).id_token is None


def test_rule_5_tokens_below_the_top_and_under_other_names() -> None:
    service = make_service(
        answer={"access_token": ("data.access_token", "token"), "refresh_token": "data.renew"}
    )
    body = {"token_type": "Bearer", "data": {"access_token": "deep", "renew": "r"}, "token": "flat"}
    assert read(body, service).access_token == Secret("deep")
    assert read(body, service).refresh_token == Secret("r")
    assert read({"token_type": "Bearer", "token": "flat"}, service).access_token == Secret("flat")


REFUSALS: dict[str, tuple[int, Any, str, str]] = {
    "rfc": (400, {"error": "invalid_grant", "error_description": "Old."}, "invalid_grant", "Old."),
    "rfc 200": (
        200,
        {"error": "bad_verification_code"},
        "bad_verification_code",
        "does not accept",
    ),
    "rfc 500": (500, {"error": "invalid_grant"}, "invalid_grant", "does not accept"),
    "object": (403, {"error": {"code": 403, "message": "No."}}, "403", "No."),
    "object 200": (200, {"error": {"type": "OAuthException", "message": "No."}}, "OAuth", "No."),
    "list": (
        401,
        {
            "type": "error.list",
            "request_id": "r1",
            "errors": [{"code": "unauthorized", "message": "Unauthorized Code"}],
        },
        "unauthorized",
        "Unauthorized Code",
    ),
    "list of texts": (400, {"errors": ["Went wrong"]}, "", "Went wrong"),
    "error with token": (200, {**GOOD, "error": "oops"}, "oops", "refused"),
    "message only": (403, {"message": "No access."}, "", "No access."),
    "text": (403, b"Forbidden", "", "Forbidden"),
    "empty": (401, b"", "", "refused"),
    "hostile": (400, {"error": "a\x1b]0;x\x07", "error_description": "\u202eb\n"}, "a\\x1b", "b"),
}


@pytest.mark.parametrize(
    ("status", "body", "code", "words"), REFUSALS.values(), ids=REFUSALS.keys()
)
def test_rule_76_errors_are_recognised_in_every_shape(
    status: int, body: Any, code: str, words: str
) -> None:
    with pytest.raises(ProviderRefused) as caught:
        read(reply(body, status))
    error = caught.value
    assert error.status == status
    assert error.code.startswith(code)
    assert words in error.message
    for needed in ("Example", "as.example", f"HTTP {status}", "token request"):
        assert needed in error.message
    assert error.advice
    assert str(error).isprintable()


def test_rule_76_a_declared_success_flag_decides_with_status_200() -> None:
    service = make_service(answer={"success": "ok"})
    assert read({**GOOD, "ok": True}, service).access_token == Secret("tok-1")
    for body in ({"ok": False, "error": "invalid_code"}, {**GOOD, "ok": False}):
        with pytest.raises(ProviderRefused):
            read(body, service)
    for body in ({**GOOD, "ok": 1}, {**GOOD, "ok": "true"}):
        with pytest.raises(ProviderRefused):
            read(body, service)
    with pytest.raises(ProviderUnreachable, match="ok"):
        read(GOOD, service)


def test_rule_76_a_success_flag_may_be_a_number() -> None:
    service = make_service(answer={"success": "status", "success_value": "0"})
    assert read({**GOOD, "status": 0}, service).access_token == Secret("tok-1")
    with pytest.raises(ProviderRefused):
        read({**GOOD, "status": 503}, service)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"<html>Oops</html>"),
        (502, b""),
        (503, {"error": "temporarily_unavailable"}),
        (500, {"error": "server_error"}),
        (400, {"error": "server_error"}),
        (504, {"error": {"message": "deadline"}}),
        (429, {"error": "rate_limit"}),
        (429, b"slow down"),
        (403, b"<!DOCTYPE html><title>Blocked</title>"),
        (404, b"<html>Not found</html>"),
    ],
)
def test_rule_87_what_may_pass_is_no_refusal(status: int, body: Any) -> None:
    with pytest.raises(ProviderUnreachable) as caught:
        read(reply(body, status))
    assert f"HTTP {status}" in caught.value.message
    assert "as.example" in caught.value.message
    assert caught.value.advice
    assert caught.value.sent


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_rule_66_a_redirect_is_an_error_that_names_the_target(status: int) -> None:
    response = reply(GOOD, status, location="https://user:pw@evil.example:8443/x?code=1")
    with pytest.raises(ProviderUnreachable) as caught:
        read(response)
    assert "evil.example:8443" in caught.value.message
    assert "pw" not in str(caught.value)
    assert "code=1" not in str(caught.value)


def test_rule_73_retry_after_in_both_forms_and_capped() -> None:
    assert retry_after("7", NOW) == 7
    assert retry_after("999999999", NOW) == 60
    assert retry_after("9" * 5000, NOW) == 60
    assert retry_after("Fri, 15 Jan 2027 08:00:30 GMT", NOW) == 30
    assert retry_after("Fri, 15 Jan 1999 08:00:30 GMT", NOW) == 0
    for unclear in ("", "soon", "-5", "1.5"):
        assert retry_after(unclear, NOW) is None
    with pytest.raises(ProviderUnreachable, match="in 7 s"):
        read(reply(b"", 429, retry_after="7"))


def test_rule_86_a_refresh_that_is_over_is_told_apart() -> None:
    for code in ("invalid_grant", "bad_refresh_token", "token_revoked"):
        with pytest.raises(ProviderRefused, match="refresh token any more") as caught:
            read(reply({"error": code}, 400, "refresh"), previous=make_tokens())
        assert grant_is_over(caught.value)
        assert "Authorize" in caught.value.advice
    with pytest.raises(ProviderRefused) as other:
        read(reply({"error": "invalid_client"}, 401, "refresh"), previous=make_tokens())
    assert not grant_is_over(other.value)


def test_rule_61_a_refused_client_hears_of_the_other_method() -> None:
    with pytest.raises(ProviderRefused) as caught:
        read(reply({"error": "invalid_client"}, 401))
    assert "Client secret" in caught.value.message
    assert "client_auth" in caught.value.advice


def test_rule_114_a_secret_that_a_provider_repeats_is_masked() -> None:
    secret = "sk_live_51HcQ9aXyZ0123456789"
    for body in ({"error": "x", "error_description": f"Bad secret {secret}."}, secret.encode()):
        with pytest.raises(ProviderRefused) as caught:
            read(reply(body, 400))
        assert secret not in str(caught.value)
        assert secret[8:20] not in str(caught.value)
    assert said("unsupported_response_type stays") == "unsupported_response_type stays"


def test_rule_121_an_excerpt_is_short() -> None:
    with pytest.raises(ProviderRefused) as caught:
        read(reply(b"word " * 50_000, 400))
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", 1),
        ("list.0.c", 2),
        ("list.1", None),
        ("list.-1", None),
        ("list.x", None),
        ("a.b.c", None),
        ("dotted.name", 3),
        ("", None),
        ("list." + "9" * 5000, None),
    ],
)
def test_a_path_never_fails(path: str, value: Any) -> None:
    document = {"a": {"b": 1}, "list": [{"c": 2}], "dotted.name": 3}
    assert at_path(document, path) == value


def test_what_is_not_json_says_why() -> None:
    with pytest.raises(Unreadable, match="twice"):
        parse_json(b'{"a":1,"a":1}')
