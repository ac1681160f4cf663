"""`token`, `header`, `check`, `refresh`: exact output, exit codes, nothing lost."""

from __future__ import annotations

import subprocess

import pytest
from cli_tools import COMMAND

from tui_oauth import entries
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret


def test_rule_116_token_prints_the_token_and_a_newline(shell, authorized):
    authorized(token="tok.en+/==")
    done = shell.run("token", "practice")
    assert (done.out, done.err) == ("tok.en+/==\n", "")


def test_token_in_json(shell, authorized):
    authorized(token="tok", ends_in=5400)
    shown = shell.run("token", "practice", "--json").json
    assert set(shown) == {"access_token", "token_type", "expires_at", "scopes", "account", "extra"}
    assert shown["access_token"] == "tok"
    assert shown["token_type"] == "Bearer"
    assert shown["expires_at"].endswith("Z")
    assert shown["scopes"] == ["read", "write"]
    assert shown["account"] == "Aurora Books"
    assert shown["extra"] == {"region": "eu"}


@pytest.mark.parametrize("token", ["a\nb", "a\rb", "a\x1b]52;c;QQ==\x07", "a\u2028b", "a\x85b"])
def test_rule_117_a_token_with_control_characters_is_not_printed_on_a_line(
    token, shell, authorized
):
    authorized(token=token)
    done = shell.run("header" if token.startswith("a\x1b") else "token", "practice", code=10)
    assert done.out == ""
    assert "control characters" in done.err
    assert done.err.rstrip("\n").isprintable()


def test_rule_118_json_escapes_what_a_terminal_would_obey(shell, authorized):
    authorized(token="a\x1b]52;c;QQ==\x07\n\x85\u202e")
    done = shell.run("token", "practice", "--json")
    assert done.json["access_token"] == "a\x1b]52;c;QQ==\x07\n\x85\u202e"
    assert all(line.isascii() and line.isprintable() for line in done.out.splitlines())


@pytest.mark.parametrize("token", ["$(id)", "-n", "'\"`", "a b"])
def test_other_tokens_are_printed_as_they_are(token, shell, authorized):
    authorized(token=token)
    assert shell.run("token", "practice").out == f"{token}\n"


@pytest.mark.parametrize("command", ["token", "header"])
def test_what_is_told_without_argparse_answers_as_all_else_does(command, shell, authorized):
    """`--deadline 20` is the default, and leads through argparse to Python's usual end."""
    authorized(token="tok.en")

    def both(name: str, code: int) -> None:
        quick = shell.run(command, name, code=code)
        assert quick == shell.run(command, "--deadline", "20", name, code=code)
        assert bool(quick.out) == (code == 0)

    both("practice", 0)
    both("PRACTICE", 0)
    both("practise", 3)
    both("", 3)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, command, "practice"], env=shell.environ, stdout=full, stderr=subprocess.PIPE, check=False
        )  # fmt: skip
    assert done.returncode == 8
    assert b"No space left" in done.stderr
    shell.vault.write_bytes(shell.vault.read_bytes()[:-9])
    both("practice", 6)
    shell.vault.unlink()
    both("practice", 4)


def test_a_token_that_ends_is_refreshed_first(shell, signed_in, provider):
    signed_in(rotating_refresh=True, expires_in=30)
    first = shell.run("token", "practice", "--min-ttl", "0").out
    assert provider.application.count["refresh"] == 0
    second = shell.run("token", "practice").out
    assert second != first
    assert provider.application.count["refresh"] == 1
    assert shell.run("token", "practice", "--min-ttl", "5").out == second


@pytest.mark.usefixtures("unchanged")
def test_an_entry_that_nobody_authorized_is_7(shell):
    for command in ("token", "header", "check", "refresh"):
        done = shell.run(command, "practice", code=7)
        assert done.out == ""
        assert "tui-oauth authorize practice" in done.err


def test_a_token_that_ended_without_refresh_is_7(shell, authorized):
    authorized(ends_in=-10)
    before = shell.vault.read_bytes()
    done = shell.run("token", "practice", code=7)
    assert "has to be authorized again" in done.err
    assert "tui-oauth authorize practice" in done.err
    assert shell.vault.read_bytes() == before


@pytest.mark.parametrize("behaviour", [Behaviour(down=True), Behaviour(html=True)])
def test_a_refresh_that_the_provider_does_not_answer_is_11_and_loses_nothing(
    behaviour, shell, signed_in, provider
):
    signed_in(refresh_tokens=True, expires_in=30)
    before = shell.vault.read_bytes()
    provider.application.behaviour = behaviour
    done = shell.run("token", "practice", code=11)
    assert done.out == ""
    assert f"127.0.0.1:{provider.port}" in done.err
    assert shell.vault.read_bytes() == before


def test_a_refresh_that_the_provider_refuses_needs_a_person(shell, signed_in, provider):
    signed_in(rotating_refresh=True, expires_in=30)
    store = provider.application.store
    for app in store.apps():
        for grant in store.grants(app):
            store.end_grant(grant)
    done = shell.run("refresh", "practice", code=7)
    assert "tui-oauth authorize practice" in done.err
    shown = shell.run("show", "practice", "--json").json
    assert shown["status"] == "needs_authorization"
    assert shown["last_error"]
    shell.run("list", "--exit-code", code=7)


def test_refresh(shell, signed_in):
    signed_in(refresh_tokens=True, expires_in=5400)
    first = shell.run("token", "practice").out
    assert shell.run("refresh", "practice").out == "practice: refreshed, ends in 1 h\n"
    assert shell.run("token", "practice").out != first


def test_refresh_of_a_token_that_does_not_expire(shell, signed_in):
    signed_in()
    before = shell.vault.read_bytes()
    done = shell.run("refresh", "practice", code=7)
    assert "no refresh token" in done.err
    assert shell.vault.read_bytes() == before
    assert shell.run("refresh", "--all").out == "0 refreshed, 0 failed, 1 without a refresh token\n"


def test_refresh_all_tells_one_summary_and_the_worst_code(shell, workspace, signed_in, provider):
    signed_in(refresh_tokens=True, expires_in=5400)
    good = workspace.vault.find("practice")
    held = workspace.vault.secrets(good)
    for name, port in (("gone", "1"), ("practice-2", str(provider.port))):
        entry = entries.create_entry(workspace, name, "practice", {"port": port})
        workspace.vault.change(entry.id, lambda e, _: (e, held))
        workspace.vault.change(
            entry.id,
            lambda e, h: (e._replace(**{name: getattr(good, name) for name in COPIED}), h),
        )
    done = shell.run("refresh", "--all", code=11)
    assert done.out == "2 refreshed, 1 failed, 0 without a refresh token\n"
    assert "gone: " in done.err
    assert "practice: refreshed" in done.err


COPIED = {"configured", "authorized", "has_refresh_token", "issued_at", "expires_at"}


def test_check(shell, signed_in, provider):
    signed_in()
    done = shell.run("check", "practice")
    assert done.out == "practice: Aurora Books (robin@practice.example)\n"
    shown = shell.run("check", "practice", "--json").json
    assert set(shown) == {
        "name", "service", "account", "account_detail", "checked_at",
        "active", "scopes", "expires_at", "client_id",
    }  # fmt: skip
    assert shown["account"] == "Aurora Books"
    assert shown["active"] is None  # the service is not asked for that
    before = shell.vault.read_bytes()
    provider.application.behaviour = Behaviour(html=True)
    done = shell.run("check", "practice", code=11)
    assert f"127.0.0.1:{provider.port}" in done.err
    assert shell.vault.read_bytes() == before


def test_check_with_a_token_that_was_revoked(shell, workspace, signed_in, provider):
    signed_in()
    store = provider.application.store
    for app in store.apps():
        for grant in store.grants(app):
            store.end_grant(grant)
    done = shell.run("check", "practice", code=10)
    assert "401" in done.err
    assert "tui-oauth" in done.err or "again" in done.err


@pytest.fixture
def introspected(workspace, provider, signed_in):
    """`practice`, moved to the provider's addresses that take introspection."""

    def make(**behaviour):
        signed_in(**behaviour)
        entry = workspace.vault.find("practice")
        return workspace.vault.change(
            entry.id, lambda current, held: (current._replace(service="practice-standard"), held)
        )

    return make


def test_rule_97_check_says_whether_the_token_is_active(shell, workspace, provider, introspected):
    entry = introspected(refresh_tokens=True, expires_in=3_600)
    first, second = shell.run("check", "practice").out.splitlines()
    assert first == "practice: Aurora Books"
    assert second.startswith("active; ends in ")
    client_id = workspace.vault.secrets(entry).client_id
    assert second.endswith(f"client {client_id}")
    shown = shell.run("check", "practice", "--json").json
    assert (shown["active"], shown["client_id"]) == (True, client_id)
    assert shown["expires_at"].endswith("Z")
    assert isinstance(shown["scopes"], list)
    store = provider.application.store
    held = workspace.vault.secrets(entry)
    store.revoke(store.app_of_client(client_id), held.tokens.access_token.reveal())
    done = shell.run("check", "practice", code=10)
    assert done.out == ""
    assert "not active" in done.err
    assert "tui-oauth refresh practice" in done.err
    done = shell.run("check", "practice", "--json", code=10)
    assert done.json["active"] is False
    assert "not active" in shell.run("show", "practice").out


def test_a_new_client_id_ends_what_was_authorized(shell, authorized, workspace):
    authorized()
    shell.run("configure", "practice", "--client-id", "another")
    done = shell.run("token", "practice", code=7)
    assert "tui-oauth authorize practice" in done.err


def test_a_new_client_secret_keeps_the_token(shell, authorized, workspace):
    entry = authorized(token="kept")
    shell.run("configure", "practice", "--client-secret-stdin", stdin="new-secret")
    assert shell.run("token", "practice").out == "kept\n"
    assert workspace.vault.secrets(entry).client_secret == Secret("new-secret")


def test_rule_121_a_refusal_names_the_command_that_mends_it(shell, signed_in, provider):
    signed_in(refresh_tokens=True, expires_in=3_600)
    shell.run("configure", "practice", "--client-secret-stdin", stdin="another")
    done = shell.run("refresh", "practice", code=10)
    assert done.out == ""
    for part in ("refresh", f"127.0.0.1:{provider.port}", "HTTP 401", "invalid_client"):
        assert part in done.err
    assert done.err.endswith(" Run: tui-oauth configure practice\n")


def test_rule_122_a_secret_with_a_line_break_is_taken_without_it_and_that_is_said(
    shell, configured, workspace
):
    done = shell.run("configure", "practice", "--client-secret-stdin", stdin=" s3cret-\nvalue \n")
    assert "Blanks and line breaks that came with Client secret are removed" in done.err
    assert workspace.vault.secrets(configured).client_secret == Secret("s3cret-value")


def test_the_deadline_is_kept_and_told(shell, signed_in, provider):
    signed_in(refresh_tokens=True, expires_in=30)
    provider.application.behaviour = Behaviour(delay=30.0)
    for command in (("token", "practice"), ("header", "practice"), ("refresh", "practice")):
        done = shell.run(*command, "--deadline", "1", code=11)
        assert "within" in done.err
    assert "from 1 to 86400" in shell.run("token", "practice", "--deadline", "0", code=2).err


def test_the_end_of_the_client_secret_is_kept_shown_and_counted(shell, signed_in):
    signed_in(refresh_tokens=True, expires_in=5400)
    assert (
        "is a date"
        in shell.run("configure", "practice", "--client-secret-expires", "x", code=2).err
    )
    shell.run("configure", "practice", "--client-secret-expires", "2999-01-31")
    assert "2999-01-31T23:59:59Z" in shell.run("show", "practice").out
    shell.run("list", "--expiring", "7d", "--exit-code")
    shell.run("configure", "practice", "--client-secret-expires", "2020-01-31")
    assert "Secret has ended" in shell.run("list").out
    assert "practice" in shell.run("list", "--expiring", "7d", "--exit-code", code=7).out
    assert shell.run("token", "practice").out, "the provider's word counts"
    shell.run("configure", "practice", "--client-secret-expires", "never")
    assert "ended" not in shell.run("list").out
    shell.run("list", "--expiring", "7d", "--exit-code")
