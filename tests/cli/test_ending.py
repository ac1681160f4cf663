"""`revoke` and `delete`: at the service and here, on a terminal and without one."""

from __future__ import annotations

import pytest

from tui_oauth.practice.behaviour import Behaviour


@pytest.fixture
def grants(provider):
    """How many grants the provider knows."""

    def count():
        store = provider.application.store
        return sum(len(store.grants(app)) for app in store.apps())

    return count


@pytest.fixture
def uninvited(shell, workspace):
    """The entry `tickets` of a service that has no way to revoke, with a token."""

    from tui_oauth.model import EntrySecrets, TokenSet, with_tokens
    from tui_oauth.secret import Secret

    shell.run("create", "tickets", "--service", "zendesk", "--set", "subdomain=acme")
    tokens = TokenSet(Secret("tok"), "Bearer", 0)

    def edit(entry, held):
        changed = with_tokens(entry._replace(configured=True), tokens, 0)
        return changed, EntrySecrets("id", Secret("secret"), tokens)

    return workspace.vault.change(workspace.vault.find("tickets").id, edit)


def test_revoke(shell, signed_in, grants):
    signed_in(refresh_tokens=True)
    assert grants() == 1
    done = shell.run("revoke", "practice")
    assert done.out == "practice: revoked at Practice provider; tokens removed here\n"
    assert done.err == ""
    assert grants() == 0
    assert shell.run("show", "practice", "--json").json["status"] == "configured"
    again = shell.run("revoke", "practice")
    assert again.out == "practice: nothing to revoke, it holds no tokens\n"


def test_revoke_in_json(shell, signed_in):
    signed_in()
    shown = shell.run("revoke", "practice", "--json").json
    assert shown == {
        "name": "practice",
        "service": "practice",
        "revoked": True,
        "at_service": "revoked",
        "removed": True,
        "message": None,
    }


def test_rule_96_a_revocation_that_fails_keeps_everything_and_says_so(shell, signed_in, provider):
    signed_in()
    provider.application.behaviour = Behaviour(down=True)
    before = shell.vault.read_bytes()
    done = shell.run("revoke", "practice", code=11)
    assert done.out == "practice: not revoked at Practice provider; tokens kept here\n"
    for words in ("not revoked at the service", f"127.0.0.1:{provider.port}", "HTTP 503"):
        assert words in done.err
    assert shell.vault.read_bytes() == before
    shown = shell.run("revoke", "practice", "--json", code=11).json
    assert (shown["revoked"], shown["removed"]) == (False, False)
    assert "HTTP 503" in shown["message"]
    done = shell.run("revoke", "practice", "--forget", code=11)
    assert done.out == "practice: not revoked at Practice provider; tokens removed here\n"
    assert shell.run("show", "practice", "--json").json["status"] == "configured"


def test_rule_96_a_token_that_the_service_has_ended_is_removed(shell, authorized):
    authorized(token="ended-long-ago")
    done = shell.run("revoke", "practice")
    assert done.out == "practice: ended at Practice provider before; tokens removed here\n"


@pytest.mark.usefixtures("uninvited")
def test_rule_96_where_there_is_no_way_a_person_is_told_what_to_do(shell):
    done = shell.run("revoke", "tickets", code=7)
    assert done.out == "tickets: not revoked at Zendesk; tokens kept here\n"
    assert "no way for a program" in done.err
    assert "Admin Center" in done.err
    assert "tui-oauth revoke tickets --forget" in done.err
    done = shell.run("revoke", "tickets", "--forget", code=7)
    assert done.out == "tickets: not revoked at Zendesk; tokens removed here\n"


@pytest.mark.parametrize(("answer", "left"), [("y", "removed"), ("", "kept")])
def test_on_a_terminal_revoke_asks_whether_to_remove_all_the_same(
    answer, left, shell, signed_in, provider
):
    signed_in()
    provider.application.behaviour = Behaviour(down=True)
    with shell.terminal("revoke", "practice") as terminal:
        terminal.wait_for("here all the same? [y/N] ")
        terminal.type(f"{answer}\n")
        seen = terminal.end(11)
    assert f"not revoked at Practice provider; tokens {left} here" in seen
    status = shell.run("show", "practice", "--json").json["status"]
    assert status == ("configured" if left == "removed" else "authorized")


def test_delete_without_a_terminal_needs_yes(shell, signed_in, grants):
    signed_in()
    before = shell.vault.read_bytes()
    done = shell.run("delete", "practice", code=2)
    assert "tui-oauth delete practice --yes" in done.err
    assert "--revoke" in done.err
    assert shell.vault.read_bytes() == before
    done = shell.run("delete", "practice", "--yes")
    assert done.out == "Deleted practice\n"
    assert "still valid at Practice provider" in done.err
    assert "uninstall" in done.err
    assert grants() == 1
    assert shell.run("list", "--json").json == []


def test_delete_can_revoke_first(shell, signed_in, grants):
    signed_in()
    done = shell.run("delete", "practice", "--yes", "--revoke")
    assert done.out == "Deleted practice\n"
    assert "practice: revoked at Practice provider" in done.err
    assert "still valid" not in done.err
    assert grants() == 0


def test_delete_that_cannot_revoke_keeps_the_entry(shell, signed_in, provider):
    signed_in()
    provider.application.behaviour = Behaviour(down=True)
    before = shell.vault.read_bytes()
    done = shell.run("delete", "practice", "--yes", "--revoke", code=11)
    assert done.out == ""
    assert "practice was kept" in done.err
    assert shell.vault.read_bytes() == before


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("\n", 1), ("no\n", 1), ("r\n", 1)])
def test_delete_asks(answer, left, shell, workspace):
    with shell.terminal("delete", "practice") as terminal:
        terminal.wait_for("[y/N] ")
        terminal.type(answer)
        terminal.end()
    assert len(workspace.vault.entries()) == left


@pytest.mark.parametrize(("answer", "left"), [("y", 1), ("r", 0), ("", 1), ("n", 1)])
def test_delete_offers_to_revoke_first(answer, left, shell, workspace, signed_in, grants):
    signed_in()
    with shell.terminal("delete", "practice") as terminal:
        terminal.wait_for("[y/r/N] ")
        terminal.type(f"{answer}\n")
        seen = terminal.end()
    assert grants() == left
    assert len(workspace.vault.entries()) == (0 if answer in {"y", "r"} else 1)
    assert ("still valid" in seen) == (answer == "y")


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("", 1)])
def test_delete_asks_once_more_when_revoking_failed(
    answer, left, shell, workspace, signed_in, provider
):
    signed_in()
    provider.application.behaviour = Behaviour(down=True)
    with shell.terminal("delete", "practice", "--revoke") as terminal:
        terminal.wait_for("Revoke its access at Practice provider")
        terminal.type("y\n")
        terminal.wait_for("Delete practice all the same? [y/N] ")
        terminal.type(f"{answer}\n")
        terminal.end(0 if left == 0 else 11)
    assert len(workspace.vault.entries()) == left


@pytest.fixture
def registered(workspace, provider):
    """The entry `api`, whose client has registered itself at the practice provider."""
    import asyncio

    from tui_oauth.discover import look_up
    from tui_oauth.discovered import create_discovered
    from tui_oauth.registering import register

    found = asyncio.run(look_up(workspace, provider.url))
    return asyncio.run(register(workspace, create_discovered(workspace, "api", found)))


def test_delete_ends_the_registration_of_a_client_that_made_its_own(
    shell, registered, workspace, provider
):
    client_id = workspace.vault.secrets(registered).client_id
    assert provider.application.store.app_of_client(client_id) is not None
    done = shell.run("delete", "api", "--yes")
    assert done.out == "Deleted api\n"
    assert "client" in done.err
    assert "was removed as well" in done.err
    assert provider.application.store.app_of_client(client_id) is None


@pytest.mark.usefixtures("registered")
def test_a_registration_that_cannot_be_ended_does_not_keep_the_entry(shell, provider):
    provider.application.behaviour = Behaviour(down=True)
    done = shell.run("delete", "api", "--yes")
    assert done.out == "Deleted api\n"
    assert "stays registered" in done.err
    assert "HTTP 503" in done.err
    assert shell.run("list", "--json").json == []
