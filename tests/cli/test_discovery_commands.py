"""`create --discover`, `discover`, and what every other command does with an entry from a URL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cli_tools import Shell

from tests.providers.misbehaving import answering
from tests.providers.publishing import Site, publishing
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.secret import Secret
from tui_oauth.workspace import Workspace

FIELDS = {
    "id", "name", "service", "service_name", "status", "account", "scopes", "expires_at",
    "has_refresh_token", "callback_url", "created_at", "updated_at", "last_error",
}  # fmt: skip


@pytest.fixture
def site() -> Iterator[Site]:
    with publishing() as made:
        yield made


def registering(site: Site, **members: Any) -> str:
    """An issuer at `site` that registers clients."""
    client = {"client_id": "client-1", "token_endpoint_auth_method": "none", **members}
    site.answer("POST /register", answering(json.dumps(client).encode(), "201 Created"))
    return site.issuer(registration_endpoint=f"{site.url}/register")


def host(site: Site) -> str:
    return site.url.partition("://")[2]


def test_create_from_a_url_says_what_was_found_and_what_comes_next(
    shell: Shell, workspace: Workspace, site: Site, free_port: int
) -> None:
    site.issuer(revocation_endpoint="https://tokens.example/revoke")
    done = shell.run("create", "my api", "--discover", site.url)
    assert done.out == f"Created my api ({host(site)}): Not Configured\n"
    for words in (
        f"Looking up {site.url}",
        f"{site.url}/.well-known/oauth-authorization-server: found",
        f"Issuer: {site.url}",
        f"Token endpoint: {site.url}/token",
        "PKCE: S256",
        "Scopes on offer: read write",
        "▲ The revocation endpoint lies on https://tokens.example",
        f"http://127.0.0.1:{free_port}/callback",
        "tui-oauth guide 'my api'",
        "tui-oauth configure 'my api' --client-id ID",
    ):
        assert words in done.err
    assert workspace.vault.find("my api").pinned


def test_create_registers_the_client_where_the_server_offers_it(
    shell: Shell, workspace: Workspace, site: Site
) -> None:
    issuer = registering(site)
    done = shell.run("create", "api", "--discover", issuer, "--scope", "read")
    assert done.out == f"Created api ({host(site)}): registered\n"
    assert "tui-oauth authorize api" in done.err
    assert json.loads(site.bodies[-1])["scope"] == "read"
    assert shell.run("show", "api", "--json").json["status"] == "configured"
    assert workspace.vault.secrets(workspace.vault.find("api")).client_id == "client-1"


def test_without_person_registers_a_client_of_that_kind(
    shell: Shell, workspace: Workspace, provider: PracticeProvider
) -> None:
    shell.run("create", "robot", "--discover", provider.url, "--without-person", "--scope", "read")
    assert shell.run("token", "robot").out.strip()
    shell.run("create", "own", "--discover", provider.url, "--without-person", "--no-register")
    assert "redirect URI" not in shell.run("guide", "own").out


def test_no_register_leaves_that_to_the_person(
    shell: Shell, workspace: Workspace, site: Site
) -> None:
    issuer = registering(site)
    done = shell.run("create", "api", "--discover", issuer, "--no-register")
    assert "Not Configured" in done.out
    assert "POST /register" not in site.asked
    shell.run("configure", "api", "--client-id", "by-hand")
    assert shell.run("show", "api", "--json").json["status"] == "configured"


def test_a_registration_that_is_refused_leaves_the_entry_and_says_how_to_try_again(
    shell: Shell, workspace: Workspace, site: Site
) -> None:
    issuer = registering(site)
    refusal = b'{"error": "invalid_client_metadata", "error_description": "no \\u001b[31mnatives"}'
    site.answer("POST /register", answering(refusal, "400 Bad Request"))
    done = shell.run("create", "api", "--discover", issuer, code=10)
    assert done.out == f"Created api ({host(site)}): Not Configured\n"
    assert "tui-oauth discover api --register" in done.err
    assert r"no \x1b[31mnatives" in done.err
    assert "does not accept a client" in shell.run("show", "api").out
    registering(site)
    again = shell.run("discover", "api", "--register")
    assert again.out == f"api ({host(site)}): registered\n"
    assert shell.run("show", "api", "--json").json["last_error"] is None


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["x"], 2, "--service --discover"),
        (["x", "--service", "practice", "--discover", "https://as.example"], 2, "not allowed with"),
        (["x", "--discover", "https://as.example", "--set", "a=b"], 2, "--set fills in"),
        (["x", "--service", "practice", "--register"], 2, "go with --discover"),
        (["practice", "--discover", "https://as.example"], 3, "Choose another name"),
        (["\x1b[31m", "--discover", "https://as.example"], 2, "cannot be shown"),
        (["x", "--discover", "http://as.example"], 2, "unencrypted"),
        (["x", "--discover", "javascript:alert(1)"], 2, "cannot be used"),
        (["x", "--discover", ""], 2, "missing"),
        (["x", "--discover", "https://\x1b]0;title\x07.example"], 2, "cannot be used"),
        (["x", "--discover", "http://127.0.0.1:1"], 11, "could not be reached"),
    ],
    ids=lambda value: repr(value)[:50],
)
@pytest.mark.usefixtures("unchanged")
def test_create_from_a_url_refuses_bad_input_and_changes_nothing(
    args: list[str], code: int, words: str, shell: Shell
) -> None:
    done = shell.run("create", *args, code=code)
    assert done.out == ""
    assert words in done.err
    assert all(line.isprintable() for line in done.err.splitlines())


@pytest.mark.usefixtures("unchanged")
def test_a_server_that_cannot_be_used_is_refused_before_there_is_an_entry(
    shell: Shell, site: Site
) -> None:
    for members, code, words in (
        ({"code_challenge_methods_supported": ["plain"]}, 2, "not with S256"),
        ({"issuer": "https://evil.example/\x1b[31m"}, 10, "speaks for another issuer"),
        ({"token_endpoint": "https://169.254.169.254/"}, 10, "link-local"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, 2, "private_key_jwt"),
        ({"scopes_supported": 5}, 11, "malformed"),
    ):
        site.issuer(**members)
        done = shell.run("create", "x", "--discover", site.url, code=code)
        assert done.out == ""
        assert words in done.err
        assert all(line.isprintable() for line in done.err.splitlines())
    site.issuer()
    done = shell.run("create", "x", "--discover", site.url, "--register", code=2)
    assert "No entry was made" in done.err


def test_text_from_outside_is_neutralised_wherever_it_is_shown(
    shell: Shell, workspace: Workspace, site: Site
) -> None:
    site.resource(
        "/mcp",
        [site.issuer()],
        resource_name="\x1b]0;title\x07[/b] [@click=app.quit]x[/]",
        scopes_supported=["a[/b]", "\u202egood"],
    )
    api = site.url + "/mcp"
    for done in (
        shell.run("discover", api),
        shell.run("create", "api", "--discover", api),
        shell.run("show", "api"),
        shell.run("guide", "api"),
        shell.run("discover", "api"),
    ):
        for line in (done.out + done.err).splitlines():
            assert line.isprintable()
            assert "\u202e" not in line
    assert shell.run("discover", api, "--json").json["scopes"] == ["a[/b]"]


# ---- discover


def test_discover_shows_what_a_url_publishes_and_makes_no_entry(shell: Shell, site: Site) -> None:
    issuer = registering(site)
    done = shell.run("discover", issuer)
    values = {f"Issuer {issuer}", f"Token endpoint {site.url}/token", "Scopes on offer read write"}
    assert values <= {" ".join(line.split()) for line in done.out.splitlines()}
    assert len({line.index(line.split("  ")[-1].strip()) for line in done.out.splitlines()}) == 1
    assert "tui-oauth create NAME --discover URL" in done.err
    found = shell.run("discover", issuer, "--json").json
    assert found["issuer"] == issuer
    assert found["registers"] is True
    assert found["resource"] is None
    assert found["documents"] == [f"{site.url}/.well-known/oauth-authorization-server"]
    assert {"label": "Issuer", "value": issuer, "source": found["documents"][0]} in found["facts"]
    assert not shell.vault.exists()
    assert "for an entry" in shell.run("discover", issuer, "--accept", code=2).err


def test_rule_105_a_change_is_shown_and_taken_over_only_with_accept(
    shell: Shell, workspace: Workspace, site: Site
) -> None:
    site.issuer()
    shell.run("create", "api", "--discover", site.url)
    shell.run(
        "configure", "api", "--client-id", "id-1", "--client-secret-stdin", stdin="s3cret-value"
    )
    assert "nothing has changed" in shell.run("discover", "api").out
    with publishing() as evil:
        site.issuer(token_endpoint=f"{evil.url}/token")
        before = shell.vault.read_bytes()
        done = shell.run("discover", "api", code=7)
        assert f"  - {site.url}/token\n  + {evil.url}/token\n" in done.out
        assert "tui-oauth discover api --accept" in done.err
        assert "forgotten" in done.err
        assert "lies on" in done.err
        asked = shell.run("discover", "api", "--json", code=7).json
        assert asked["changes"] == [
            {
                "what": "token endpoint",
                "before": f"{site.url}/token",
                "after": f"{evil.url}/token",
            }
        ]
        assert (asked["applied"], asked["ends_credentials"]) == (False, True)
        assert shell.vault.read_bytes() == before
        taken = shell.run("discover", "api", "--accept")
        assert "api: taken over" in taken.out
        assert "tui-oauth guide api" in taken.err
        assert evil.asked == []
    workspace = Workspace.from_environment(shell.environ)
    held = workspace.vault.secrets(workspace.vault.find("api"))
    assert (held.client_id, held.client_secret) == ("", None)
    assert shell.run("show", "api", "--json").json["status"] == "not_configured"


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 7)])
def test_discover_asks_on_a_terminal(
    answer: str, code: int, shell: Shell, workspace: Workspace, site: Site
) -> None:
    site.issuer()
    shell.run("create", "api", "--discover", site.url)
    site.issuer(jwks_uri=f"{site.url}/keys")
    with shell.terminal("discover", "api") as terminal:
        terminal.wait_for("[y/N]")
        assert f"+ {site.url}/keys" in terminal.seen
        terminal.type(answer)
        terminal.end(code)
    now = shell.run("discover", "api", code=None)
    assert ("nothing has changed" in now.out) is (code == 0)


@pytest.mark.usefixtures("unchanged")
def test_discover_is_for_entries_from_a_url(shell: Shell) -> None:
    assert "was not made from a URL" in shell.run("discover", "practice", code=2).err
    done = shell.run("discover", "practice", "--register", code=2)
    assert "does not register clients by itself" in done.err
    shell.run("discover", "practise", code=3)
    both = shell.run("discover", "practice", "--register", "--accept", code=2)
    assert "two steps" in both.err


# ---- the other commands


def test_every_command_works_with_an_entry_from_a_url(
    shell: Shell, workspace: Workspace, site: Site, free_port: int
) -> None:
    issuer = site.issuer(userinfo_endpoint=f"{site.url}/me", scopes_supported=["openid"])
    shell.run("create", "api", "--discover", issuer)
    (listed,) = shell.run("list", "--json").json
    assert set(listed) == FIELDS
    assert (listed["service"], listed["service_name"]) == ("from-url", host(site))
    assert f"{host(site)} (from-url)" in shell.run("show", "api").out
    assert f"Issuer        {issuer}" in shell.run("show", "api").out
    url = f"http://127.0.0.1:{free_port}/callback/{host(site).replace(':', '-')}"
    assert shell.run("callback-url", "api").out.strip() == url
    steps = shell.run("guide", "api", "--json").json
    assert (steps["service"], steps["callback_url"]) == ("from-url", url)
    assert "redirect URI" in shell.run("guide", "api").out
    assert "no service 'from-url'" in shell.run("guide", "from-url", code=3).err
    shell.run("configure", "api", "--client-id", "id-1", "--scope", "openid")
    with shell.start("authorize", "api", "--json", "--timeout", "20") as running:
        link = running.event()["authorization_url"]
        assert link.startswith(f"{issuer}/authorize?response_type=code&client_id=id-1")
        assert "scope=openid" in link
        running.interrupt()
        running.end(130)
    _with_tokens(workspace)
    site.publish("/me", {"sub": "7", "preferred_username": "robin", "email": None})
    assert shell.run("token", "api").out == "token-1\n"
    assert shell.run("header", "api").out == "Authorization: Bearer token-1\n"
    assert "robin" in shell.run("check", "api").out
    shell.run("rename", "api", "renamed")
    shell.run("delete", "renamed", "--yes")


def _with_tokens(workspace: Workspace) -> None:

    from tui_oauth.model import TokenSet, with_tokens

    tokens = TokenSet(Secret("token-1"), "Bearer", workspace.now())
    workspace.vault.change(
        workspace.vault.find("api").id,
        lambda entry, held: (
            with_tokens(entry, tokens, workspace.now()),
            held._replace(tokens=tokens),
        ),
    )
