"""The nine steps by themselves: `tui-oauth demo` without a terminal."""

from __future__ import annotations

import io
import re
import socket
import tempfile

import pytest

from tui_oauth.errors import CallbackUnavailable, TuiOauthError
from tui_oauth.oauth.http import Request, Response
from tui_oauth.practice import walk as walking
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider


def test_the_walk_takes_all_nine_steps_and_leaves_nothing(home, tmp_path, monkeypatch):
    secret: list[str] = []
    made: list[PracticeProvider] = []

    class Watched(PracticeProvider):
        def stop(self) -> None:
            secret.extend(app.client_secret for app in self.application.store.apps())
            made.append(self)
            super().stop()

    monkeypatch.setattr(walking, "PracticeProvider", Watched)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    out = io.StringIO()
    assert walking.walk(out) == 0
    told = out.getvalue()
    assert [int(n) for n in re.findall(r"^(\d)\. ", told, re.MULTILINE)] == list(range(1, 10))
    for words in (
        "Not Configured",
        "Callback URL",
        "Authorization Successful",
        "Aurora Books",
        "GET /me answered 200",
    ):
        assert words in told
    assert secret
    assert secret[0] not in told
    assert "practice_at_" not in told
    assert "code=" not in told
    assert made[0].application.count["code"] == 1
    assert list(home.iterdir()) == []
    assert not list(tmp_path.glob("tui-oauth-demo-*"))


@pytest.mark.parametrize(
    "behaviour", [Behaviour(down=True), Behaviour(deny=True), Behaviour(odd_json="token-missing")]
)
def test_a_walk_that_cannot_end_well_raises(monkeypatch, behaviour):
    monkeypatch.setattr(walking, "PracticeProvider", lambda: PracticeProvider(0, behaviour))
    out = io.StringIO()
    with pytest.raises(TuiOauthError):
        walking.walk(out)
    assert "9." not in out.getvalue()


def test_a_walk_without_a_callback_server_raises(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(walking, "_free_port", lambda: port)
        with pytest.raises(CallbackUnavailable, match=str(port)):
            walking.walk(io.StringIO())


def test_the_visitor_stays_on_this_machine(visitor):
    with pytest.raises(TuiOauthError, match="not on this machine"):
        visitor.open("http://evil.example/")


def test_the_visitor_does_not_redirect_without_an_end():
    from tui_oauth.practice.visitor import Visitor

    def again(request: Request) -> Response:
        return Response(302, {"location": "/"}, b"")

    with pytest.raises(TuiOauthError, match="redirects without an end"):
        Visitor(again).open("http://127.0.0.1:1/")


def test_the_visitor_names_what_is_missing(provider, visitor):
    visitor.open(f"{provider.url}/apps/new")
    with pytest.raises(LookupError, match="Nothing"):
        visitor.follow("Nothing")
    with pytest.raises(LookupError, match="Nothing"):
        visitor.press("Nothing")
    with pytest.raises(LookupError, match="Nothing"):
        visitor.page.form.type("Nothing", "x")
    visitor.open(f"{provider.url}/")
    with pytest.raises(LookupError, match="no form"):
        visitor.press("Save")
