"""Metadata of every bad kind, over real HTTP, through the real look-up and `create --discover`."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.hostile.hostile_machine import FORBIDDEN, check_message, check_traffic
from tests.hostile.token_answers import HOSTILE, body, raw
from tests.providers.misbehaving import answering, endless, reset
from tests.providers.publishing import Site, metadata, publishing
from tests.stage import make_workspace
from tui_oauth.discover import look_up
from tui_oauth.discovered import create_discovered
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, TuiOauthError, UsageProblem
from tui_oauth.oauth.discovery import NamesAnother
from tui_oauth.oauth.found import Found
from tui_oauth.traffic import Recorder
from tui_oauth.workspace import Workspace

WELL_KNOWN = "/.well-known/oauth-authorization-server"
_U, _R, _G, _N = ProviderUnreachable, ProviderRefused, UsageProblem, NamesAnother
Publish = Callable[[Site], None]


@pytest.fixture
def site() -> Iterator[Site]:
    with publishing() as made:
        yield made


@pytest.fixture
def workspace(home: object) -> Workspace:
    made = make_workspace(1)
    made.traffic = Recorder(made.now)
    return made


def members(**changed: Any) -> Publish:
    """An ordinary server's metadata but for `changed`; None leaves one out."""
    return lambda site: site.publish(WELL_KNOWN, metadata(site.url, **changed))


def answers(how: Any) -> Publish:
    return lambda site: site.answer(f"GET {WELL_KNOWN}", how)


def around(before: bytes, after: bytes) -> Publish:
    """Bytes before and after an ordinary document."""

    def publish(site: Site) -> None:
        whole = before + json.dumps(metadata(site.url)).encode() + after
        site.answer(f"GET {WELL_KNOWN}", body(whole))

    return publish


REFUSED: dict[str, tuple[Publish, type[TuiOauthError], str]] = {
    # ---- no document at all
    "html": (answers(body(b"<!doctype html>Welcome")), _G, "publishes nothing"),
    "empty": (answers(body(b"")), _G, "publishes nothing"),
    "list": (answers(body([{"issuer": "x"}])), _G, "publishes nothing"),
    "201": (answers(body({"issuer": "x"}, "201 Created")), _G, "publishes nothing"),
    "cut": (around(b"", b"}"), _G, "publishes nothing"),
    "jsonp": (around(b"callback(", b")"), _G, "publishes nothing"),
    "utf-16": (answers(body("{}".encode("utf-16"))), _G, "publishes nothing"),
    "deep": (answers(body(b"[" * 90_000 + b"]" * 90_000)), _G, "publishes nothing"),
    "twice": (answers(body(b'{"issuer":"a","issuer":"b"}')), _G, "publishes nothing"),
    "nan": (answers(body(b'{"issuer":NaN}')), _G, "publishes nothing"),
    "redirect": (
        answers(answering(b"", "302 Found", "Location: https://evil.example/x")),
        _G,
        "publishes nothing",
    ),
    "redirect hostile": (
        answers(answering(b"", "302 Found", "Location: https://evil\x9b2J/\x9b")),
        _G,
        "publishes nothing",
    ),
    "500": (answers(body(b"<b>\x1b[2J</b>", "500 Oops")), _G, "publishes nothing"),
    # ---- below the document
    "reset": (answers(reset), _U, "broke"),
    "not http": (answers(raw(b"220 smtp\r\n\r\n")), _U, "not HTTP"),
    "endless": (answers(endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536)), _U, "1,024 KB"),
    "gzip bomb": (
        answers(body(gzip.compress(b" " * 9_000_000), "200 OK", "Content-Encoding: gzip")),
        _U,
        "1,024 KB",
    ),
    "brotli": (answers(body(b"x", "200 OK", "Content-Encoding: br")), _U, "the encoding br"),
    # ---- who it speaks for (rule 104)
    "no issuer": (members(issuer=None), _N, "names no issuer"),
    "other issuer": (members(issuer="https://evil.example"), _N, "https://evil.example"),
    "issuer with slash": (lambda site: members(issuer=site.url + "/")(site), _N, "another issuer"),
    "issuer hostile": (members(issuer=HOSTILE), _N, "\\x1b]0;owned"),
    "issuer a list": (members(issuer=["x"]), _U, "issuer is not a text"),
    "issuer of 1 mb": (members(issuer="https://" + "a" * 500_000), _U, "issuer is not a text"),
    # ---- endpoints (rules 48, 65, 72, 105)
    "token endpoint missing": (members(token_endpoint=None), _G, "token"),
    "token endpoint number": (members(token_endpoint=7), _U, "token_endpoint is not a text"),
    "token endpoint script": (members(token_endpoint="javascript:alert(1)"), _U, "https://"),
    "token endpoint http": (members(token_endpoint="http://as.example/t"), _U, "unencrypted"),
    "token endpoint user": (members(token_endpoint="https://a@evil.example/"), _U, "user name"),
    "token endpoint fragment": (members(token_endpoint="https://a.example/#f"), _U, "a fragment"),
    "token endpoint hostile": (members(token_endpoint=f"https://a/{HOSTILE}"), _U, "\\x1b]0;owned"),
    "token endpoint breaks": (members(token_endpoint="https://a.example/\r\nx"), _U, "a quote"),
    "token endpoint of the cloud": (
        members(token_endpoint="https://169.254.169.254/latest"), _R, "link-local",
    ),
    "token endpoint inside": (members(token_endpoint="https://10.0.0.1/t"), _R, "private"),
    "token endpoint mapped": (
        members(token_endpoint="https://[::ffff:169.254.169.254]/t"), _R, "link-local",
    ),
    "link javascript": (members(authorization_endpoint="javascript:alert(1)"), _U, "https://"),
    "link file": (members(authorization_endpoint="file:///etc/passwd"), _U, "https://"),
    "link shell": (members(authorization_endpoint="https://a.example/$(id)`id`"), _U, "a quote"),
    "link option": (members(authorization_endpoint="--version"), _U, "https://"),
    "link homograph": (members(authorization_endpoint="https://аpple.example/"), _U, "ASCII"),
    "keys inside": (members(jwks_uri="https://192.168.1.1/keys"), _R, "private"),
    "registration script": (members(registration_endpoint="data:text/html,x"), _U, "https://"),
    "device script": (members(device_authorization_endpoint="vscode:x"), _U, "https://"),
    # ---- what it offers (rules 2, 13, 61)
    "implicit alone": (members(grant_types_supported=["implicit"]), _G, "implicit"),
    "password alone": (members(grant_types_supported=["password"]), _G, "password"),
    "no code": (members(response_types_supported=["token"]), _G, "code"),
    "plain alone": (members(code_challenge_methods_supported=["plain"]), _G, "S256"),
    "key alone": (
        members(token_endpoint_auth_methods_supported=["private_key_jwt"]), _G, "private_key_jwt",
    ),
    "no method": (members(token_endpoint_auth_methods_supported=[]), _G, "authentication"),
    "par without place": (
        members(require_pushed_authorization_requests=True), _U, "names no endpoint",
    ),
    # ---- types and sizes
    "scopes a text": (members(scopes_supported="read write"), _U, "scopes_supported is not a list"),
    "scopes of numbers": (members(scopes_supported=[1, 2]), _U, "scopes_supported is not a list"),
    "scopes 50,000": (members(scopes_supported=["a"] * 50_000), _U, "50,000 items"),
    "grants a text": (members(grant_types_supported="authorization_code"), _U, "is not a list"),
    "methods nested": (members(code_challenge_methods_supported=[["S256"]]), _U, "is not a list"),
    "flag a text": (members(require_pushed_authorization_requests="yes"), _U, "neither true nor"),
}  # fmt: skip

ACCEPTED: dict[str, tuple[Publish, Callable[[Found], bool]]] = {
    "plain": (members(), lambda found: found.service.pkce in {"required", "supported"}),
    "bom": (around(b"\xef\xbb\xbf", b"\n"), lambda found: bool(found.service.token_url)),
    "text/html": (
        lambda site: site.publish(WELL_KNOWN, metadata(site.url), "Content-Type: text/html"),
        lambda found: bool(found.service.token_url),
    ),
    "no pkce named": (
        members(code_challenge_methods_supported=None),
        lambda found: found.service.pkce != "unsupported",
    ),
    "documentation a script": (
        members(service_documentation="javascript:alert(1)"),
        lambda found: found.service.docs_url == "",
    ),
    "documentation hostile": (
        members(service_documentation=f"https://a.example/{HOSTILE}"),
        lambda found: found.service.docs_url == "",
    ),
    "scopes hostile": (
        members(scopes_supported=["read", HOSTILE, "[@click=app.quit]x[/]"]),
        lambda found: "read" in found.scopes,
    ),
    "members hostile": (
        members(**{HOSTILE: HOSTILE, "x": {"y": [HOSTILE]}}),
        lambda found: bool(found.service.token_url),
    ),
    "null members": (
        members(revocation_endpoint=None, scopes_supported=None, grant_types_supported=None),
        lambda found: bool(found.service.token_url),
    ),
    "500 members": (
        members(**{f"m{number}": "x" * 200 for number in range(500)}),
        lambda found: bool(found.service.token_url),
    ),
    "endpoints elsewhere": (
        members(revocation_endpoint="https://tokens.example/revoke"),
        lambda found: any("tokens.example" in warning for warning in found.warnings),
    ),
}


def shown_of(found: Found) -> list[str]:
    """Everything of what was found that a window or a command shows."""
    facts = [text for fact in found.facts for text in (fact.label, fact.value, fact.source)]
    return [*facts, *found.warnings, found.service.name, *found.documents, found.given]


@pytest.mark.parametrize(("publish", "kind", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_rule_104_and_105_and_72_hostile_metadata_makes_no_entry(
    site: Site, workspace: Workspace, publish: Publish, kind: type[TuiOauthError], words: str
) -> None:
    publish(site)
    before = workspace.places.vault.read_bytes()
    told: list[str] = []
    with pytest.raises(TuiOauthError) as caught:
        asyncio.run(
            look_up(workspace, site.url, lambda asked: told.extend((asked.url, asked.outcome)))
        )
    error = caught.value
    assert type(error) is kind
    assert words in error.message
    check_message(error, "127.0.0.1")
    assert not [text for text in told if FORBIDDEN & set(text)]
    assert workspace.places.vault.read_bytes() == before
    assert all(asked.startswith("GET /") for asked in site.asked), "nothing but questions goes out"
    assert all(b"evil" not in head for head in site.heads)
    assert isinstance(workspace.traffic, Recorder)
    check_traffic(workspace.traffic)


@pytest.mark.parametrize(("publish", "fits"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_rule_103_and_118_odd_metadata_is_made_the_best_of(
    site: Site, workspace: Workspace, publish: Publish, fits: Callable[[Found], bool]
) -> None:
    publish(site)
    found = asyncio.run(look_up(workspace, site.url))
    assert fits(found)
    for text in shown_of(found):
        assert not FORBIDDEN & set(text), text
    entry = create_discovered(workspace, "found", found, None)
    assert workspace.vault.get(entry.id).pinned
    assert len(workspace.places.vault.read_bytes()) < 200_000
    assert isinstance(workspace.traffic, Recorder)
    check_traffic(workspace.traffic)


def test_the_table_is_as_long_as_it_is_meant_to_be() -> None:
    assert len(REFUSED) >= 50
