"""What the program offers at all, for every service of the list, and what its source must not hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tui_oauth.model import TokenSet
from tui_oauth.oauth.authorize import Answer, start
from tui_oauth.oauth.client import Client
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.token import code_request, refresh_request
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.resolve import asked_variables, resolve

PACKAGE = Path(__file__).parents[2] / "tui_oauth"
# The practice provider plays the other side, where a person does type a password.
SOURCES = [path for path in PACKAGE.rglob("*.py") if "practice" not in path.parts]


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call in the source, with the last part of its name."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node, ast.unparse(node.func).rpartition(".")[2]


def keyword(call: ast.Call, name: str) -> object:
    return next((ast.unparse(each.value) for each in call.keywords if each.arg == name), None)


def grant_of(request: Request) -> str:
    sent = parse_qs((request.body or b"").decode()) | parse_qs(urlsplit(request.url).query)
    return sent.get("grant_type", [""])[0]


@pytest.mark.parametrize("service_id", [each.id for each in Catalogue().all()])
def test_rule_1_no_service_asks_for_a_token_in_the_browser_or_for_a_password(
    service_id: str,
) -> None:
    service = Catalogue().get(service_id)
    if not service.authorize_url:
        assert "authorization_code" not in service.grants
        return
    given = {one.name: one.example or one.default or "x" for one in asked_variables(service)}
    ready = resolve(service, given)
    attempt = start(
        ready,
        entry_id="1" * 32,
        client_id="an-id",
        redirect_uri="http://127.0.0.1:8976/callback",
        scopes=ready.default_scopes,
        random=lambda count: bytes(count),
        now=1_800_000_000,
    )
    link = urlsplit(attempt.authorization_url)
    sent = parse_qs(link.query or link.fragment.partition("?")[2])
    assert "token" not in sent.get("response_type", ["code"])[0].split()
    assert not {"password", "client_secret", "code_verifier"} & {*sent}
    assert ("code_challenge" in sent) == (service.pkce != "unsupported")
    client = Client("an-id", Secret("a-secret"), "client_secret_post")
    exchanged = code_request(ready, client, attempt, Answer(Secret("a-code")))
    tokens = TokenSet(Secret("a"), "Bearer", 0, None, refresh_token=Secret("r"))
    renewed = refresh_request(ready, client, tokens, attempt.redirect_uri)
    assert grant_of(exchanged) in {"", "authorization_code"}
    assert grant_of(renewed) != "password"


def test_rule_1_no_window_is_embedded_and_no_browser_of_the_library_is_used() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names.append(node.module or "")
            for name in names:
                assert name.partition(".")[0] not in {"webbrowser", "webview", "tkinter", "PyQt6"}


def test_rule_49_nothing_is_run_through_a_shell() -> None:
    started = [each for each in calls() if each[2] in {"Popen", "run", "check_output", "call"}]
    assert any("browser.py" in path.name for path, _call, _name in started)
    for path, call, name in calls():
        assert keyword(call, "shell") in {None, "False"}, f"{path}:{call.lineno}"
        assert name not in {"system", "popen", "getoutput", "create_subprocess_shell"}, path


def test_rule_119_no_widget_is_made_with_markup() -> None:
    """A text in the source may be anything; what is not one has to be Content or plain."""
    seen = 0
    for path, call, name in calls():
        if "tui" not in path.parts or name not in {"Static", "Label", "notify", "OptionList"}:
            continue
        seen += 1
        first = call.args[0] if call.args else None
        plain = first is None or (isinstance(first, ast.Constant) and "[" not in str(first.value))
        content = isinstance(first, ast.Call) and ast.unparse(first.func) == "Content"
        may = keyword(call, "markup") == "False" or content or (plain and first is not None)
        assert may, f"{path}:{call.lineno} {ast.unparse(call)[:80]}"
    assert seen > 20
