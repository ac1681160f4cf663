"""Entries by commands: create, configure, list, show, rename, delete."""

from __future__ import annotations

import re
import time
from importlib.resources import files

import pytest

from tui_oauth.practice.provider import PracticeProvider


@pytest.fixture
def provider() -> PracticeProvider:
    """Known by its port, and not running: nothing here talks to it."""
    return PracticeProvider(8977)


FIELDS = {
    "id", "name", "service", "service_name", "status", "account", "scopes", "expires_at",
    "has_refresh_token", "callback_url", "created_at", "updated_at", "last_error",
}  # fmt: skip
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_create_says_what_comes_next(shell, workspace, free_port):
    done = shell.run("create", "  my practice ", "--service", "practice", "--set", "port=9000")
    assert done.out == "Created my practice (Practice provider): Not Configured\n"
    assert f"http://127.0.0.1:{free_port}/callback" in done.err
    assert "The steps there: tui-oauth guide 'my practice'\n" in done.err  # with its own port
    assert "tui-oauth configure 'my practice' --client-id ID" in done.err
    assert shell.run("show", "MY PRACTICE", "--json").json["name"] == "my practice"


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["x", "--service", "intercm"], 3, "Did you mean intercom"),
        (["x", "--service", "../../etc/passwd"], 3, "tui-oauth services"),
        (["practice", "--service", "practice"], 3, "Choose another name"),
        (["PRACTICE", "--service", "practice"], 3, "called practice already. Choose another name"),
        (["", "--service", "practice"], 2, "needs a name"),
        ([" \t ", "--service", "practice"], 2, "needs a name"),
        (["\x1b]0;title\x07x", "--service", "practice"], 2, r"'\x1b]0;title\x07x' has characters that cannot be shown"),
        (["a\nb", "--service", "practice"], 2, "cannot be shown"),
        (["a\u202eb", "--service", "practice"], 2, "cannot be shown"),
        (["n" * 10_000, "--service", "practice"], 2, "10,000 characters; 100 is the most"),
        (["x", "--service", "practice", "--set", "planet=mars"], 2, "It knows these: port"),
        (["x", "--service", "intercom", "--set", "region=mars"], 2, "one of us, eu, au"),
        (["x", "--service", "practice", "--set", "port=1/@evil.example"], 2, "port"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
@pytest.mark.usefixtures("unchanged")
def test_create_refuses_bad_input_and_changes_nothing(args, code, words, shell):
    done = shell.run("create", *args, code=code)
    assert done.out == ""
    assert words in done.err
    assert done.err.count("\n") == 1
    assert len(done.err) < 600
    assert done.err.rstrip("\n").isprintable()


def test_commands_before_init_say_so(shell):
    for args in (["list"], ["create", "x", "--service", "practice"], ["token", "x"]):
        done = shell.run(*args, code=4)
        assert "tui-oauth init" in done.err
    assert not shell.vault.exists()


@pytest.mark.parametrize(
    "args",
    [["show", "practise"], ["token", "practise"], ["header", "practise"], ["check", "practise"],
     ["refresh", "practise"], ["configure", "practise", "--client-id", "x"], ["authorize", "practise"],
     ["rename", "practise", "y"], ["delete", "practise", "--yes"], ["callback-url", "practise"]],
)  # fmt: skip
@pytest.mark.usefixtures("unchanged")
def test_an_unknown_entry_is_3_with_the_nearest_name(args, shell):
    done = shell.run(*args, code=3)
    assert done.out == ""
    assert "practise" in done.err
    assert "practice" in done.err


def test_configure_from_standard_input(shell, workspace):
    shell.run("create", "x", "--service", "practice")
    done = shell.run(
        "configure", "x", "--client-id", "the-id", "--client-secret-stdin", stdin="the-secret\n"
    )
    assert done.out == "Configured x (Practice provider)\n"
    assert done.err == "Next: tui-oauth authorize x\n"
    held = workspace.vault.secrets(workspace.vault.find("x"))
    assert held.client_id == "the-id"
    assert held.client_secret.reveal() == "the-secret"


@pytest.mark.parametrize("text", ["  the-secret\n\n", "\r\n the-\r\nsecret\t", "the-\nsecret"])
def test_rule_122_blanks_and_breaks_are_removed_with_a_notice(text, shell, workspace, tmp_path):
    shell.run("create", "x", "--service", "practice")
    file = tmp_path / "secret.txt"
    file.write_bytes(text.encode())
    done = shell.run("configure", "x", "--client-id", " the-id ", "--client-secret-file", str(file))
    assert "Blanks and line breaks that came with Client secret are removed." in done.err
    assert "Blanks around Client ID are removed." in done.err
    held = workspace.vault.secrets(workspace.vault.find("x"))
    assert (held.client_id, held.client_secret.reveal()) == ("the-id", "the-secret")


@pytest.mark.parametrize(
    ("args", "stdin", "code", "words"),
    [
        ([], None, 2, "--client-id ID --client-secret-stdin"),
        (["--client-secret-stdin"], "", 2, "Standard input is empty"),
        (["--client-secret-stdin"], " \n ", 2, "Standard input is empty"),
        (["--client-secret-stdin"], b"\xff\xfe\x00", 2, "is not text"),
        (["--client-secret-stdin"], "a\x1b[31mb", 2, "control characters"),
        (["--client-secret-stdin"], "s" * 70_000, 2, "longer than"),
        (["--client-secret-stdin"], "s" * 20_000, 2, "16,384 is the most"),
        (["--client-secret-file", "/nowhere/at/all"], None, 8, "No such file"),
        (["--client-secret-file", "/"], None, 8, "directory"),
        (["--client-secret-stdin", "--client-secret-file", "x"], None, 2, "not allowed with"),
        (["--client-id", " "], None, 2, "Client ID is empty"),
        (["--client-id", "a\x07b"], None, 2, "control characters"),
        (["--scope", 'a"b'], None, 2, "scope"),
        (["--set", "port=1 2"], None, 2, "port"),
        (["--set", "nothing"], None, 2, "--set region=eu"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
@pytest.mark.usefixtures("unchanged")
def test_configure_refuses_bad_input_and_changes_nothing(args, stdin, code, words, shell):
    done = shell.run("configure", "practice", *args, stdin=stdin, code=code)
    assert done.out == ""
    assert words in done.err
    assert done.err.rstrip("\n").isprintable()


def test_a_first_configuration_needs_both(shell, workspace):
    shell.run("create", "x", "--service", "practice")
    before = shell.vault.read_bytes()
    assert "Client secret is empty" in shell.run("configure", "x", "--client-id", "a", code=2).err
    assert (
        "Client ID is empty"
        in shell.run("configure", "x", "--client-secret-stdin", stdin="s", code=2).err
    )
    assert shell.vault.read_bytes() == before


def test_list_and_show_in_json(shell, authorized, free_port):
    entry = authorized(ends_in=5400, refresh_token="r")
    done = shell.run("list", "--json")
    assert len(done.json) == 1
    shown = shell.run("show", "practice", "--json").json
    assert done.json[0] == shown
    assert set(shown) == FIELDS
    assert shown["id"] == entry.id
    assert shown["status"] == "authorized"
    assert shown["account"] == "Aurora Books"
    assert shown["scopes"] == ["read", "write"]
    assert shown["has_refresh_token"] is True
    assert shown["callback_url"] == f"http://127.0.0.1:{free_port}/callback"
    assert shown["last_error"] is None
    for name in ("expires_at", "created_at", "updated_at"):
        assert TIME.fullmatch(shown[name])


def test_list_and_show_as_text(shell, authorized):
    authorized(token="canary-token", refresh_token="canary-refresh", ends_in=5400)
    listed, shown = shell.run("list"), shell.run("show", "practice")
    head, row = listed.out.splitlines()
    assert head.split() == ["NAME", "SERVICE", "STATUS", "ACCOUNT"]
    assert re.split(r"  +", row) == [
        "practice",
        "Practice provider",
        "● Authorized, in 1 h",
        "Aurora Books",
    ]
    assert re.search(r"^Status +● Authorized$", shown.out, re.MULTILINE)
    assert "canary" not in listed.out + shown.out
    assert "\x1b" not in listed.out + shown.out
    assert listed.err == shown.err == ""


def test_show_tells_the_scopes_asked_for_where_others_were_granted(shell, authorized):
    def scopes() -> list[str]:
        shown = shell.run("show", "practice").out.splitlines()
        return [re.sub(" +", " ", line) for line in shown if line.startswith("Scopes")]

    shell.run("configure", "practice", "--scope", "read", "--scope", "admin")
    assert scopes() == ["Scopes asked read admin"], "nothing is granted yet"
    authorized()
    assert scopes() == ["Scopes read write", "Scopes asked read admin"]


def test_an_empty_list(shell, workspace):
    done = shell.run("list")
    assert done.out == ""
    assert "tui-oauth create" in done.err
    assert shell.run("list", "--json").out == "[]\n"


def test_list_expiring_and_exit_code(shell, authorized):
    authorized(ends_in=5400)
    assert shell.run("list", "--expiring", "1h", "--exit-code").out == ""
    assert "practice" in shell.run("list", "--expiring", "3h").out
    assert "practice" in shell.run("list", "--expiring", "3h", "--exit-code", code=7).out
    shell.run("list", "--exit-code")
    authorized(ends_in=-5)
    assert shell.run("list", "--json", "--exit-code", code=7).json[0]["status"] == "expired"
    authorized(ends_in=-5, refresh_token="renews-itself")
    assert shell.run("list", "--json", "--expiring", "7d", "--exit-code").json == []


def test_rename(shell, configured):
    assert shell.run("rename", "practice", "trial").out == "Renamed to trial\n"
    assert shell.run("show", "trial", "--json").json["id"] == configured.id
    shell.run("create", "other", "--service", "practice")
    before = shell.vault.read_bytes()
    shell.run("rename", "trial", "OTHER", code=3)
    shell.run("rename", "trial", "a\x00b"[:1] + "\x01", code=2)
    assert shell.vault.read_bytes() == before


def test_callback_url(shell, workspace, free_port):
    shell.run("create", "x", "--service", "intercom")
    assert shell.run("callback-url").out == f"http://127.0.0.1:{free_port}/callback\n"
    assert shell.run("callback-url", "x").out == f"https://localhost:{free_port}/callback\n"


def test_callback_url_to_a_clipboard(shell, workspace, tmp_path):
    tool = tmp_path / "wl-copy"
    tool.write_text(f"#!/bin/sh\ncat > {tmp_path}/copied\n")
    tool.chmod(0o700)
    import os

    environ = {"WAYLAND_DISPLAY": "wayland-0", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = shell.run("callback-url", "--copy", environ=environ)
    assert (tmp_path / "copied").read_text() + "\n" == done.out
    assert done.err == "Callback URL copied to the clipboard (wl-copy)\n"
    done = shell.run("callback-url", "--copy")
    assert "no clipboard" in done.err
    assert "\x1b" not in done.out + done.err


def test_callback_url_shows_what_can_be_served_and_what_is_accepted(shell):
    shell.run("init")
    shell.run("create", "ic", "--service", "intercom")
    done = shell.run("callback-url", "ic", "--all")
    port = shell.run("callback-url", "ic").out.partition("localhost:")[2].partition("/")[0]
    rows = {line.split()[0]: line for line in done.out.splitlines()[1:]}
    assert "not known" in rows[f"http://127.0.0.1:{port}/callback"]
    assert rows[f"https://localhost:{port}/callback"].rstrip().endswith("sent")
    assert "--lock URL" in done.err


def test_another_callback_url_can_be_locked_for_an_entry(shell):
    shell.run("init")
    shell.run("create", "gh", "--service", "github")
    usual = shell.run("callback-url", "gh").out
    other = usual.strip().replace("127.0.0.1", "localhost")
    assert shell.run("callback-url", "gh", "--lock", other).out == f"{other}\n"
    assert shell.run("callback-url", "gh").out == f"{other}\n"
    assert other in shell.run("show", "gh", "--json").out
    refused = shell.run("callback-url", "gh", "--lock", "https://evil.example/", code=2)
    assert "cannot be served here" in refused.err
    assert shell.run("callback-url", "gh").out == f"{other}\n"
    assert shell.run("callback-url", "gh", "--unlock").out == usual
    assert "Name the entry" in shell.run("callback-url", "--lock", other, code=2).err


def test_create_with_scopes_of_one_s_own(shell):
    shell.run("init")
    shell.run(
        "create", "shop", "--service", "shopify", "--set", "shop=my-store",
        "--scope", "read_orders", "--scope", "read_themes",
    )  # fmt: skip
    assert "\nScopes: read_orders,read_themes\n" in shell.run("guide", "shop").out
    assert shell.run("create", "bad", "--service", "github", "--scope", 'a"b', code=2).err
    done = shell.run("create", "helpdesk", "--service", "intercom", "--scope", "anything")
    assert "chosen in its own pages" in done.err


def test_what_ends_is_said_with_its_reason_and_the_command_that_mends_it(
    shell, authorized, workspace
):
    authorized(refresh_token="r", ends_in=3600)
    folder = shell.settings.parent / "services"
    folder.mkdir(mode=0o700)
    built_in = (files("tui_oauth.services") / "data" / "practice.toml").read_text()
    own = built_in.replace("[refresh]", "[refresh]\nrefresh_testing_days = 1", 1)
    shell.run("create", "later", "--service", "intercom", "--set", "region=eu")
    bad = shell.run("configure", "practice", "--sign-in-lasts", "testing", code=2)
    assert "7d" in bad.err
    (folder / "practice.toml").write_text(own)
    shell.run("configure", "practice", "--sign-in-lasts", "testing")
    shown = shell.run("show", "practice").out
    assert "Sign-in ends soon" in shown
    assert "Why            The service wants a new sign-in" in shown
    assert "Mend it        tui-oauth authorize practice\n" in shown
    assert "Sign-in ends   20" in shown
    assert shell.run("list", "--expiring", "2d", "--exit-code", code=7).out.count("\n") == 2
    names = [line.split()[0] for line in shell.run("list", "--sort", "urgency").out.splitlines()]
    assert names == ["NAME", "practice", "later"]
    assert "later" in shell.run("list").out.splitlines()[1]
    shell.run("configure", "practice", "--sign-in-lasts", "never")
    assert "● Authorized" in shell.run("show", "practice").out


def test_a_client_secret_that_ends_is_told_before_anybody_has_signed_in(shell, configured):
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 86_400))
    shell.run("configure", "practice", "--client-secret-expires", day)
    assert "▲ Secret ends soon" in shell.run("list").out
    assert "Mend it       tui-oauth configure practice" in shell.run("show", "practice").out
    assert "practice" in shell.run("list", "--expiring", "7d").out
    assert shell.run("list", "--expiring", "1h").out == ""
