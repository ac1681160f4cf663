"""`services`, `guide`, `service add`, `service show`, `service check`."""

from __future__ import annotations

import json

OWN = """\
id = "{id}"
name = "My service"
category = "generic"
authorize_url = "https://auth.example/authorize"
token_url = "https://auth.example/token"
"""


def test_services(shell):
    done = shell.run("services")
    assert "intercom" in done.out
    assert done.out.splitlines()[0].split() == ["ID", "NAME", "KIND"]
    shown = shell.run("services", "intercom", "--json").json
    assert shown[0]["id"] == "intercom"
    assert set(shown[0]) == {"id", "name", "category", "own", "docs_url"}
    done = shell.run("services", "no-such\x1b[2J")
    assert done.out == ""
    assert "custom-oauth2" in done.err
    assert "\x1b" not in done.err


def test_guide_has_the_callback_url_in_place(shell, free_port):
    url = f"https://localhost:{free_port}/callback"
    done = shell.run("guide", "intercom")
    assert url in done.out
    assert "Developer Hub" in done.out
    assert "{callback_url}" not in done.out
    shown = shell.run("guide", "intercom", "--json").json
    assert shown["callback_url"] == url
    assert any(url in step for step in shown["steps"])
    assert set(shown) == {
        "service", "service_name", "callback_url", "steps", "gotchas", "values", "note",
        "not_verified", "developer_portal_url", "docs_url",
    }  # fmt: skip
    assert "Did you mean intercom" in shell.run("guide", "intercon", code=3).err


def test_service_show(shell):
    shown = shell.run("service", "show", "intercom", "--json").json
    assert shown["token_url"] == "https://api.intercom.io/auth/eagle/token"
    text = shell.run("service", "show", "intercom").out
    assert "https://api.intercom.io/auth/eagle/token" in text
    assert "Did you mean" in shell.run("service", "show", "intercon", code=3).err
    assert "Did you mean" not in shell.run("service", "show", "acme", code=3).err


def test_service_check_and_add(shell, workspace, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(OWN.format(id="my-service"))
    assert "no mistakes" in shell.run("service", "check", str(file)).out
    done = shell.run("service", "add", str(file))
    assert done.out == "Added my-service (My service)\n"
    assert "replaces" not in done.err
    shown = shell.run("service", "show", "my-service", "--json").json
    assert shown["token_url"] == "https://auth.example/token"
    assert shell.run("services", "my-service", "--json").json[0]["own"] is True
    shell.run("create", "x", "--service", "my-service")


def test_an_entry_whose_service_went_says_how_to_get_it_back(shell, workspace, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(OWN.format(id="acme"))
    shell.run("service", "add", str(file))
    shell.run("create", "mine", "--service", "acme")
    workspace.places.own_services.joinpath("acme.toml").unlink()
    for command in (("configure", "--client-id", "x"), ("callback-url",), ("guide",)):
        done = shell.run(command[0], "mine", *command[1:], code=3)
        assert "no file declares 'acme' any more. Add it again: tui-oauth service add" in done.err


def test_an_own_service_that_replaces_a_built_in_one_says_so(shell, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(OWN.format(id="intercom"))
    done = shell.run("service", "add", str(file))
    assert "It replaces the built-in service intercom." in done.err


def test_mistakes_are_named(shell, tmp_path):
    file = tmp_path / "mine.toml"
    for text, words in (
        (OWN.format(id="x") + 'tokn_url = "https://a.example"\n', "tokn_url"),
        ("id = ", "TOML"),
        (OWN.format(id="x").replace("https://auth.example/token", "http://auth.example/token"), "token_url"),
        (OWN.format(id="../x"), "id"),
    ):  # fmt: skip
        file.write_text(text)
        for command in ("check", "add"):
            done = shell.run("service", command, str(file), code=2)
            assert words in done.err
            assert done.out == ""
    file.write_bytes(b"\xff\xfe")
    shell.run("service", "check", str(file), code=2)
    assert "No such file" in shell.run("service", "check", str(tmp_path / "none"), code=8).err
    assert not (shell.home / ".config/tui-oauth/services").exists()
    assert json.loads(shell.run("services", "my-service", "--json").out) == []


def test_the_guide_of_an_entry_has_its_own_values(shell):
    shell.run("init")
    shell.run("create", "shop", "--service", "shopify", "--set", "shop=my-store")
    out = shell.run("guide", "shop").out
    for line in (
        "App name: tui-oauth",
        "Scopes: read_products,read_orders",
        "Shop name (before .myshopify.com): my-store",
    ):
        assert f"\n{line}\n" in out
    shown = shell.run("guide", "shop", "--json").json
    assert shown["service"] == "shopify"
    assert {"label": "App name", "value": "tui-oauth"} in shown["values"]
    assert shown["note"] is None


def test_what_nobody_has_verified_says_so_in_guide_and_facts(shell):
    found = shell.run("guide", "factorial")
    assert "General steps: made from what is known of the service" in found.out
    assert "\nNot verified: the addresses, found in one source only" in found.out
    shown = shell.run("service", "show", "factorial").out
    assert "not verified" in shown.splitlines()[-1]
    assert "the addresses, found in one source only" in shown.splitlines()[-1]
    keys = shell.run("service", "show", "factorial", "--json").json
    assert keys["confidence"] == "single-source"
    assert "not verified" not in keys, "the keys of a service file, and no others"
