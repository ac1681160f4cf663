"""The device grant at the practice provider, and a person who comes by (RFC 8628)."""

from __future__ import annotations

import json

import pytest
from practice_calls import send
from standard_calls import DEVICE_GRANT, Caller, error, good

from tui_oauth.oauth.http import Request
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.practice.visitor import Visitor
from tui_oauth.practice.web import Reply


def begin(caller: Caller, **more: str) -> dict[str, str]:
    return good(caller.asking("/oauth/device", scope="read", **more))


def poll(caller: Caller, device_code: str) -> Reply:
    return caller.asking("/oauth/token", grant_type=DEVICE_GRANT, device_code=device_code)


def decide(caller: Caller, user_code: str, answer: str = "allow") -> Reply:
    page = caller.get("/device", {"user_code": user_code}).body.decode()
    token = page.split('name="csrf" value="')[1].split('"')[0]
    return caller.form("/device", {"csrf": token, "user_code": user_code, "answer": answer})


def test_the_answer_has_all_that_a_device_shows():
    asked = begin(Caller())
    assert asked["verification_uri"] == "http://127.0.0.1:8977/device"
    assert asked["verification_uri_complete"].endswith(f"/device?user_code={asked['user_code']}")
    assert (asked["expires_in"], asked["interval"]) == (600, 5)


@pytest.mark.parametrize("method", ["", "client_secret_post", "none"])
def test_a_device_gets_its_tokens_once(method):
    caller = Caller(auth_method=method)
    asked = begin(caller)
    assert error(poll(caller, asked["device_code"])) == (400, "authorization_pending")
    assert decide(caller, asked["user_code"]).status == 200
    caller.clock.now += 5
    answer = good(poll(caller, asked["device_code"]))
    assert answer["refresh_token"]
    assert caller.api(answer["access_token"]).status == 200
    caller.clock.now += 5
    assert error(poll(caller, asked["device_code"])) == (400, "invalid_grant")
    assert caller.count["device_code"] == 3
    assert good(caller.refresh(answer["refresh_token"]))["access_token"]


def test_rule_99_polling_too_often_makes_the_interval_longer():
    caller = Caller()
    code = begin(caller)["device_code"]
    assert error(poll(caller, code))[1] == "authorization_pending"
    caller.clock.now += 4
    assert error(poll(caller, code))[1] == "slow_down"
    caller.clock.now += 9
    assert error(poll(caller, code))[1] == "slow_down"
    caller.clock.now += 15
    assert error(poll(caller, code))[1] == "authorization_pending"


def test_the_switches_of_the_device_grant():
    caller = Caller()
    caller.behave(device_interval=1, device_lifetime=20, device_slow_down=True)
    asked = begin(caller)
    assert (asked["expires_in"], asked["interval"]) == (20, 1)
    assert error(poll(caller, asked["device_code"]))[1] == "slow_down"
    caller.clock.now += 6
    assert error(poll(caller, asked["device_code"]))[1] == "authorization_pending"
    caller.clock.now += 14
    assert error(poll(caller, asked["device_code"]))[1] == "expired_token"
    assert decide(caller, asked["user_code"]).status == 422


def test_a_person_says_no():
    caller = Caller()
    asked = begin(caller)
    decide(caller, asked["user_code"], "cancel")
    assert error(poll(caller, asked["device_code"])) == (400, "access_denied")
    caller.behave(deny=True)
    asked = begin(caller)
    decide(caller, asked["user_code"])
    assert error(poll(caller, asked["device_code"])) == (400, "access_denied")


def test_a_device_code_of_another_client_is_not_known():
    caller = Caller()
    code = begin(caller)["device_code"]
    caller.app = caller.application.register("Other")
    assert error(poll(caller, code)) == (400, "invalid_grant")


@pytest.mark.parametrize("typed", ["{}", " {} ", "{low}", "{bare}", "{spaced}"])
def test_a_code_may_be_typed_as_people_type(typed):
    caller = Caller()
    code = begin(caller)["user_code"]
    shown = typed.format(
        code, low=code.lower(), bare=code.replace("-", ""), spaced=code.replace("-", " ")
    )
    assert "asks for access" in caller.get("/device", {"user_code": shown}).body.decode()


def test_a_page_of_another_site_decides_nothing():
    caller = Caller()
    asked = begin(caller)
    fields = {"user_code": asked["user_code"], "answer": "allow"}
    assert caller.form("/device", fields).status == 403
    page = caller.get("/device", fields).body.decode()
    token = page.split('name="csrf" value="')[1].split('"')[0]
    reply = caller.form("/device", {**fields, "csrf": token}, Origin="https://evil.example")
    assert reply.status == 403
    assert error(poll(caller, asked["device_code"]))[1] == "authorization_pending"


def test_a_person_at_the_pages(provider: PracticeProvider, visitor: Visitor):
    app = provider.register("My terminal", public=True, auth_method="none")

    def ask(path: str, **fields: str) -> dict[str, str]:
        form = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = send(Request("POST", f"{provider.url}{path}", "test", headers, form))
        found: dict[str, str] = json.loads(answer.body)
        return found

    asked = ask("/oauth/device", client_id=app.client_id, scope="read")
    page = visitor.open(asked["verification_uri"])
    assert (page.title, page.heading) == (
        "Connect a device - Practice provider",
        "Connect a device",
    )
    assert visitor.press("Continue").status == 200, "it asks for the code again"
    visitor.page.form.type("Code", "WRNG-CODE")
    assert visitor.press("Continue").status == 422
    visitor.page.form.type("Code", asked["user_code"].lower())
    assert visitor.press("Continue").heading == "My terminal asks for access"
    assert visitor.press("Authorize access").heading == "Device connected"
    answer = ask(
        "/oauth/token",
        grant_type=DEVICE_GRANT.replace(":", "%3A"),
        device_code=asked["device_code"],
        client_id=app.client_id,
    )
    assert answer["token_type"] == "Bearer"


def test_the_visitor_connects_a_device_in_one_go(provider: PracticeProvider, visitor: Visitor):
    app = provider.register("My terminal", auth_method="none")
    body = f"client_id={app.client_id}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for allow, heading in ((True, "Device connected"), (False, "Device not connected")):
        request = Request("POST", f"{provider.url}/oauth/device", "test", headers, body)
        asked = json.loads(send(request).body)
        page = visitor.connect_device(asked["verification_uri"], asked["user_code"], allow=allow)
        assert page.heading == heading
