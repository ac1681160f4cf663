"""The same commands where a person sits: questions, no echo, refusals."""

from __future__ import annotations

from tui_oauth.secret import Secret


def test_rule_113_the_client_secret_is_asked_without_echo(shell, workspace):
    shell.run("create", "x", "--service", "practice")
    with shell.terminal("configure", "x") as terminal:
        terminal.wait_for("Client ID: ")
        assert terminal.echoes
        terminal.type("the-id\n")
        terminal.wait_for("Client secret (not shown): ")
        assert not terminal.echoes
        terminal.type("hidden-canary\n")
        seen = terminal.end()
    assert "canary" not in seen
    assert "Configured x" in seen
    held = workspace.vault.secrets(workspace.vault.find("x"))
    assert (held.client_id, held.client_secret) == ("the-id", Secret("hidden-canary"))


def test_a_terminal_is_no_source_for_client_secret_stdin(shell, configured):
    before = shell.vault.read_bytes()
    with shell.terminal("configure", "practice", "--client-secret-stdin") as terminal:
        seen = terminal.end(2)
    assert "tui-oauth configure practice --client-secret-stdin < secret.txt" in seen
    assert shell.vault.read_bytes() == before


def test_options_are_enough_for_a_configured_entry(shell, configured):
    with shell.terminal("configure", "practice", "--scope", "read") as terminal:
        assert "Client secret" not in terminal.end()


def test_the_passphrase_is_asked_without_echo(shell):
    with shell.terminal("init", "--passphrase") as terminal:
        terminal.wait_for("Passphrase for the new vault (not shown): ")
        assert not terminal.echoes
        terminal.type("correct horse\n")
        terminal.wait_for("The same again: ")
        terminal.type("correct horse\n")
        assert "correct horse" not in terminal.end()
    with shell.terminal("list") as terminal:
        terminal.wait_for("Passphrase for ")
        terminal.type("wrong\n")
        terminal.wait_for("That was not it")
        terminal.type("correct horse\n")
        seen = terminal.end()
    assert "There are no entries yet" in seen
    with shell.terminal("status") as terminal:
        assert "locked" in terminal.end()  # it does not ask


def test_two_passphrases_that_differ(shell):
    with shell.terminal("init", "--passphrase") as terminal:
        terminal.wait_for("(not shown): ")
        terminal.type("one\n")
        terminal.wait_for("again: ")
        terminal.type("other\n")
        assert "differ" in terminal.end(2)
    assert not shell.vault.exists()


def test_interrupting_a_question_is_130(shell):
    with shell.terminal("init", "--passphrase") as terminal:
        terminal.wait_for("(not shown): ")
        terminal.type("\x03")
        seen = terminal.end(130)
        assert terminal.echoes
    assert "\ntui-oauth: Interrupted." in seen


def test_a_paste_on_the_terminal(shell, configured, browser):
    with shell.terminal("authorize", "practice") as terminal:
        terminal.wait_for("^C cancels")
        link = next(word for word in terminal.seen.split() if "/oauth?" in word)
        terminal.type("this is not it\n")
        terminal.wait_for("Still waiting")
        terminal.type(browser.consent(link) + "\n")
        assert "Authorization Successful: Aurora Books" in terminal.end()


def test_a_dumb_terminal_is_told_what_to_do(shell, workspace):
    with shell.terminal(environ={"TERM": "dumb"}) as terminal:
        seen = terminal.end(2)
    assert "cannot draw on this terminal" in seen
    assert "\x1b" not in seen


def test_a_pasted_line_that_the_terminal_cut(shell, configured):
    with shell.terminal("authorize", "practice", "--timeout", "20") as terminal:
        terminal.wait_for("^C cancels")
        terminal.type("http://127.0.0.1/callback?code=" + "x" * 4100 + "\n")
        terminal.wait_for("The terminal cut the line at 4095 characters")
        terminal.type("\x03")
        terminal.end(130)


def test_a_key_file_leaves_nothing_to_ask(shell, workspace):
    with shell.terminal("list") as terminal:
        assert "Passphrase" not in terminal.end()


def test_manage_oauth_opens_and_ends(shell, configured):
    with shell.terminal() as terminal:
        terminal.wait_for("practice")
        terminal.type("q")
        terminal.end()
    assert "Not Authorized" in terminal.seen


def test_the_demo_opens_manage_oauth_and_leaves_nothing(shell, tmp_path):
    with shell.terminal("demo") as terminal:
        terminal.wait_for("Callback URL")
        assert list(tmp_path.glob("tui-oauth-demo-*"))
        terminal.type("q")
        terminal.end()
    assert not list(tmp_path.glob("tui-oauth-demo-*"))
    assert not shell.vault.exists()


def test_a_locked_vault_is_unlocked_in_the_window(shell):
    with shell.terminal("init", "--passphrase", environ={"TUI_OAUTH_PASSPHRASE": "x"}) as terminal:
        terminal.end()
    with shell.terminal() as terminal:
        terminal.wait_for("Passphrase")
        assert "\x1b[?1049h" in terminal.seen  # asked on the window's own screen
        terminal.type("\x11")
        terminal.wait_for("\x1b[?1049l")
