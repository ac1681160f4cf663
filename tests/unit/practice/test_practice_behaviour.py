"""Every switch does what it says, and every switch is a flag."""

from __future__ import annotations

import argparse
import dataclasses
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tui_oauth.practice.application import Application
from tui_oauth.practice.behaviour import ODD_JSON, Behaviour, add_arguments, from_arguments


def parsed(*words: str) -> Behaviour:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return from_arguments(parser.parse_args(words))


def test_without_flags_nothing_is_switched():
    assert parsed() == Behaviour()


@pytest.mark.parametrize(
    ("words", "switched"),
    [
        (["--refresh-tokens"], {"refresh_tokens": True}),
        (["--rotating-refresh"], {"rotating_refresh": True}),
        (["--expires-in", "90"], {"expires_in": 90}),
        (["--delay", "1.5"], {"delay": 1.5}),
        (["--deny"], {"deny": True}),
        (["--down"], {"down": True}),
        (["--html"], {"html": True}),
        (["--odd-json", "nested"], {"odd_json": "nested"}),
        (["--redirects"], {"redirects": True}),
        (["--any-redirect"], {"any_redirect": True}),
        (["--https-only"], {"https_only": True}),
        (["--drop-state"], {"drop_state": True}),
        (["--rate-limit", "3"], {"rate_limit": 3}),
        (["--rate-window", "2"], {"rate_window": 2}),
        (["--api-delay", "0.5"], {"api_delay": 0.5}),
        (
            ["--missing-permission", "Read tags", "--missing-permission", "Read admins"],
            {"missing_permission": ("Read tags", "Read admins")},
        ),
        (["--scroll-idle", "2"], {"scroll_idle": 2}),
        (["--page-fault", "cut-off"], {"page_fault": "cut-off"}),
        (["--page-fault-every", "3"], {"page_fault_every": 3}),
        (["--revoke-after", "5"], {"revoke_after": 5}),
        (["--par-required"], {"par_required": True}),
        (["--par-lifetime", "3"], {"par_lifetime": 3}),
        (["--device-interval", "1"], {"device_interval": 1}),
        (["--device-lifetime", "9"], {"device_lifetime": 9}),
        (["--device-slow-down"], {"device_slow_down": True}),
        (["--dpop-required"], {"dpop_required": True}),
        (["--dpop-nonces"], {"dpop_nonces": True}),
        (["--register-as", "none"], {"register_as": "none"}),
        (["--secret-lifetime", "9"], {"secret_lifetime": 9}),
        (["--odd-iss", "wrong"], {"odd_iss": "wrong"}),
        (["--odd-metadata", "issuer"], {"odd_metadata": "issuer"}),
        (["--odd-id-token", "nonce"], {"odd_id_token": "nonce"}),
    ],
)
def test_each_switch_has_a_flag(words, switched):
    assert parsed(*words) == Behaviour(**switched)


def test_no_switch_is_without_a_flag():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert {field.name for field in dataclasses.fields(Behaviour)} == vars(
        parser.parse_args([])
    ).keys()
    assert all(name in parser.format_help() for name in ODD_JSON)


@pytest.mark.parametrize(
    "words",
    [
        ["--odd-json", "x"],
        ["--delay", "-1"],
        ["--delay", "nan"],
        ["--expires-in", "-1"],
        ["--rate-limit", "0"],
        ["--page-fault", "x"],
    ],
)
def test_wrong_values_are_usage_errors(words, capsys):
    with pytest.raises(SystemExit) as ended:
        parsed(*words)
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        {"odd_json": "x"},
        {"delay": -1.0},
        {"rate_limit": 0},
        {"rate_window": 0},
        {"page_fault": "x"},
        {"page_fault_every": 0},
        {"revoke_after": -1},
        {"odd_iss": "x"},
        {"device_interval": -1},
    ],
)
def test_wrong_values_in_code(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Behaviour(**wrong)


def test_refresh_tokens_that_stay(client):
    client.application.behaviour = Behaviour(refresh_tokens=True)
    refresh_token = client.tokens()["refresh_token"]
    for _ in range(2):
        answer = json.loads(client.refresh(refresh_token).body)
        assert "refresh_token" not in answer
        assert client.me(answer["access_token"]).status == 200
    assert client.application.count["refresh"] == 2


def test_rotating_refresh_reuse_ends_the_grant(client):
    client.application.behaviour = Behaviour(rotating_refresh=True)
    first = client.tokens()
    second = json.loads(client.refresh(first["refresh_token"]).body)
    assert second["refresh_token"] != first["refresh_token"]
    assert client.me(second["access_token"]).status == 200
    reuse = client.refresh(first["refresh_token"])
    assert (reuse.status, json.loads(reuse.body)["error"]) == (400, "invalid_grant")
    assert client.me(second["access_token"]).status == 401
    assert client.refresh(second["refresh_token"]).status == 400


def test_of_many_rotations_at_once_one_wins(client):
    client.application.behaviour = Behaviour(rotating_refresh=True)
    refresh_token = client.tokens()["refresh_token"]
    together = threading.Barrier(8)

    def one(_: int) -> int:
        together.wait(10)
        return client.refresh(refresh_token).status

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(one, range(8)))
    assert answers == [200] + [400] * 7
    assert client.application.count["refresh"] == 8


@pytest.mark.parametrize("wrong", ["", "nonsense", "é"])
def test_wrong_refresh_tokens(client, wrong):
    client.application.behaviour = Behaviour(rotating_refresh=True)
    client.tokens()
    reply = client.refresh(wrong)
    assert (reply.status, json.loads(reply.body)["error"]) == (400, "invalid_grant")


def test_a_wrong_secret_on_refresh_is_invalid_client(client):
    client.application.behaviour = Behaviour(rotating_refresh=True)
    refresh_token = client.tokens()["refresh_token"]
    reply = client.token(
        grant_type="refresh_token", refresh_token=refresh_token, client_secret="no"
    )
    assert (reply.status, json.loads(reply.body)) == (401, {"error": "invalid_client"})
    assert client.refresh(refresh_token).status == 200


def test_a_short_expiry(client):
    clock = [1_000_000.0]
    client = type(client)(Application(Behaviour(expires_in=30), now=lambda: clock[0]))
    answer = client.tokens()
    assert answer["expires_in"] == 30
    clock[0] += 29
    assert client.me(answer["access_token"]).status == 200
    clock[0] += 1
    assert client.me(answer["access_token"]).status == 401


def test_the_delay_comes_after_the_deed(client):
    client.application.behaviour = Behaviour(delay=30)
    code = client.consent()["code"]
    replies = []
    late = threading.Thread(target=lambda: replies.append(client.token(code=code)))
    late.start()
    deadline = time.monotonic() + 5
    while client.application.count["code"] < 1 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not replies
    client.application.close()
    late.join(5)
    assert replies[0].status == 200


def test_deny(client):
    client.application.behaviour = Behaviour(deny=True)
    assert client.consent("allow", state="s") == {"error": "access_denied", "state": "s"}


def test_down_keeps_the_pages_up(client):
    token = client.tokens()["access_token"]
    code = client.consent()["code"]
    client.application.behaviour = Behaviour(down=True)
    assert client.token(code=code).status == 503
    assert client.me(token).status == 503
    assert client.call("POST", "/auth/uninstall", Authorization=f"Bearer {token}").status == 503
    assert client.get("/").status == 200
    client.application.behaviour = Behaviour()
    assert client.token(code=code).status == 200


def test_html(client):
    client.application.behaviour = Behaviour(html=True)
    reply = client.token(code=client.consent()["code"])
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.body.startswith(b"<!doctype html>")


def test_redirects_are_countable(client):
    client.application.behaviour = Behaviour(redirects=True)
    reply = client.token(code=client.consent()["code"])
    assert (reply.status, reply.headers["Location"]) == (307, "/auth/elsewhere/token")
    client.post(reply.headers["Location"], {})
    assert client.application.count["elsewhere"] == 1


def test_any_redirect_still_wants_a_web_address(client):
    client.application.behaviour = Behaviour(any_redirect=True)
    assert client.consent(redirect_uri="http://localhost:1/x")["code"]
    reply = client.get("/oauth", client_id=client.app.client_id, redirect_uri="javascript:alert(1)")
    assert reply.status == 400


def test_drop_state(client):
    client.application.behaviour = Behaviour(drop_state=True)
    assert client.consent(state="s").keys() == {"code"}


def test_rate_limit(client):
    clock = [1_000_000.0]
    client = type(client)(Application(Behaviour(rate_limit=2), now=lambda: clock[0]))
    token = client.tokens()["access_token"]
    assert [client.me(token).status for _ in range(3)] == [200, 200, 429]
    last = client.me(token)
    assert last.headers["X-RateLimit-Remaining"] == "0"
    assert json.loads(last.body)["errors"][0]["code"] == "rate_limit_exceeded"
    clock[0] = float(last.headers["X-RateLimit-Reset"])
    assert client.me(token).status == 200


def odd(client, name: str) -> bytes:
    client.application.behaviour = Behaviour(odd_json=name)
    reply = client.token(code=client.consent()["code"])
    assert reply.status == 200
    return reply.body


ODD_CHECKS = {
    "token-missing": lambda a: a == {"token_type": "Bearer"},
    "token-null": lambda a: a["access_token"] is None,
    "token-number": lambda a: a["access_token"] == 12345,
    "token-empty": lambda a: a["access_token"] == "",
    "control-characters": lambda a: "\r\n" in a["access_token"] and "\x1b" in a["access_token"],
    "error-200": lambda a: a["error"] == "bad_verification_code",
    "expires-text": lambda a: a["expires_in"] == "3600",
    "expires-nonsense": lambda a: a["expires_in"] == "-1.5",
    "nested": lambda a: a["data"]["access_token"],
    "list": lambda a: a[0]["access_token"],
    "type-missing": lambda a: a["access_token"] and "token_type" not in a,
    "type-mac": lambda a: a["token_type"] == "mac",
}


@pytest.mark.parametrize("name", ODD_CHECKS)
def test_odd_json(client, name):
    assert ODD_CHECKS[name](json.loads(odd(client, name)))


def test_odd_texts(client):
    with pytest.raises(json.JSONDecodeError):
        json.loads(odd(client, "truncated"))
    assert odd(client, "empty") == b""
    with pytest.raises(RecursionError):
        json.loads(odd(client, "deep"))
    assert len(odd(client, "huge")) > 1_048_576
    assert {*ODD_CHECKS, "truncated", "empty", "deep", "huge"} == ODD_JSON.keys()
