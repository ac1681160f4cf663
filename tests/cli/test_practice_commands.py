"""`sandbox` and `demo` without a terminal."""

from __future__ import annotations

import signal
import socket
import subprocess

from cli_tools import Browser


def test_sandbox_runs_until_it_is_ended(shell):
    with shell.start("sandbox", "--port", "0", "--json", "--https-only") as running:
        shown = running.event()
        assert set(shown) == {
            "url", "port", "service", "authorize_url", "token_url", "revoke_url",
            "identity_url", "developer_portal_url", "issuer", "resource",
        }  # fmt: skip
        assert shown["url"] == f"http://127.0.0.1:{shown['port']}"
        assert Browser().get(shown["developer_portal_url"]).status == 200
        assert Browser().get(f"{shown['issuer']}/.well-known/openid-configuration").status == 200
        running.interrupt(signal.SIGTERM)
        assert running.end(0).err == ""


def test_sandbox_in_words(shell):
    with shell.start("sandbox", "--port", "0") as running:
        url = running.line()
        assert url.startswith("http://127.0.0.1:")
        assert f"--set port={url.rpartition(':')[2]}" in running.said("--set port=")
        running.interrupt(signal.SIGINT)
        running.end(130)


def test_sandbox_on_a_taken_port(shell, free_port):
    with socket.create_server(("127.0.0.1", free_port)):
        done = shell.run("sandbox", "--port", str(free_port), code=8)
    assert str(free_port) in done.err
    assert "--port" in done.err


def test_sandbox_with_a_behaviour_that_does_not_exist(shell):
    assert "--odd-json" in shell.run("sandbox", "--odd-json", "odd", code=2).err


def test_demo_walks_by_itself_and_leaves_nothing(shell, tmp_path):
    done = shell.run("demo")
    assert "Authorization Successful" in done.out
    assert done.err == ""
    assert not shell.vault.exists()
    assert not list(tmp_path.glob("tui-oauth-demo-*"))


def test_sandbox_as_a_service_of_the_catalogue(shell, tmp_path):
    file = tmp_path / "slack-here.toml"
    args = ("sandbox", "--as", "slack", "--port", "0", "--service-file", str(file), "--json")
    shell.run("init")
    with shell.start(*args) as running:
        shown = running.event()
        assert shown["service"] == "slack-sandbox"
        shell.run("service", "add", str(file))
        shell.run("create", "work", "--service", "slack-sandbox")
        shell.run(
            "configure", "work", "--client-id", shown["client_id"], "--client-secret-stdin",
            stdin=shown["client_secret"],
        )  # fmt: skip
        with shell.start("authorize", "work", "--json", "--no-open") as signing_in:
            link = signing_in.event()["authorization_url"]
            assert link.startswith(f"{shown['url']}/slack.com/")
            signing_in.interrupt()
            signing_in.end(130)
        running.interrupt(signal.SIGTERM)
        running.end(0)


def test_sandbox_does_not_write_over_a_file(shell, tmp_path):
    file = tmp_path / "there.toml"
    file.write_text("mine")
    done = shell.run("sandbox", "--as", "slack", "--port", "0", "--service-file", str(file), code=3)
    assert "already" in done.err
    assert file.read_text() == "mine"


def test_sandbox_as_nobody(shell):
    assert "no service" in shell.run("sandbox", "--as", "nobody", "--port", "0", code=3).err
    assert "cannot be played" in shell.run("sandbox", "--as", "practice", code=2).err


def test_sandbox_with_rows(shell):
    assert "contacts" in shell.run("sandbox", "--rows", "nothing=1", code=2).err
    assert "10000000" in shell.run("sandbox", "--rows", "tags=10000001", code=2).err
    with shell.start("sandbox", "--port", "0", "--as", "intercom", "--rows", "tags=3") as running:
        assert Browser().get(f"{running.line()}/tags").status == 401
        running.interrupt(signal.SIGTERM)
        running.end(0)


def test_check_header_and_exec_give_what_the_api_of_a_service_wants(shell, tmp_path):
    file = tmp_path / "twitch-here.toml"
    args = ("sandbox", "--as", "twitch", "--port", "0", "--service-file", str(file), "--json")
    shell.run("init")
    with shell.start(*args) as running:
        shown = running.event()
        shell.run("service", "add", str(file))
        shell.run("create", "work", "--service", shown["service"])
        shell.run(
            "configure", "work", "--client-id", shown["client_id"], "--client-secret-stdin",
            stdin=shown["client_secret"],
        )  # fmt: skip
        words = ("authorize", "work", "--json", "--no-open")
        with shell.start(*words, stdin=subprocess.PIPE) as signing_in:
            address = Browser().consent(signing_in.event()["authorization_url"])
            signing_in.write(f"{address}\n")
            while (event := signing_in.event())["event"] == "device":
                pass  # the code for another device may come before the answer is taken
            assert event["event"] == "authorized"
            signing_in.end()
        account = shell.run("check", "work", "--json").json["account"]
        assert account, "whose token it is"
        assert f"work: {account}" in shell.run("check", "work").out
        token = shell.run("token", "work").out.strip()
        assert shell.run("header", "work").out == f"Authorization: Bearer {token}\n"
        wanted = [f"Authorization: Bearer {token}", f"Client-Id: {shown['client_id']}"]
        assert shell.run("header", "work", "--all").out.splitlines() == wanted
        done = shell.run(
            "exec", "work", "--header-file", "--", "sh", "-c", 'cat "$WORK_HEADER_FILE"'
        )
        assert done.out.splitlines() == wanted
