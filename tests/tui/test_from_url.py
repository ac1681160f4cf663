"""Create OAuth Entry from a URL, by keyboard and by mouse, against real servers on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, paste, place_of, shown, until, words

from tests.providers.misbehaving import answering, serving
from tests.providers.misbehaving import silence as silent
from tests.providers.publishing import Site, publishing
from tui_oauth.discovered import create_discovered
from tui_oauth.entries import declared_service
from tui_oauth.model import Entry, Grant, Status, status_of
from tui_oauth.tui.widgets.clean_input import CleanInput
from tui_oauth.tui.widgets.details import Details
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.lines_panel import LinesPanel
from tui_oauth.tui.widgets.toolbar import Toolbar


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


@pytest.fixture
def site() -> Iterator[Site]:
    with publishing() as made:
        yield made


async def asking(pilot, app) -> None:
    """As far as the field for the URL."""
    await until(pilot, lambda: at(app, "manage"), "the list")
    await pilot.press("n")
    await until(pilot, lambda: " services ·" in shown(app), "the services")
    await pilot.press("ctrl+l")
    await until(pilot, lambda: at(app, "from-url"), "the field for the URL")


async def found(pilot, app) -> None:
    await until(pilot, lambda: "─ Found" in shown(app), "what is there")


def registering(site: Site, answer: bytes = b'{"client_id": "c-1"}', status: str = "201 Created"):
    site.answer("POST /register", answering(answer, status))
    return site.issuer(registration_endpoint=f"{site.url}/register")


async def test_by_keyboard_alone_to_an_entry_without_a_client(stage: Stage, site: Site) -> None:
    issuer = site.issuer(revocation_endpoint="https://other.example/revoke")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await asking(pilot, app)
        await pilot.press(*issuer, "enter")
        await found(pilot, app)
        for said in (
            f"Issuer {issuer}",
            "registered by hand",
            "▲ Mind this The revocation endpoint lies on https://other.example",
            "PKCE S256",
            "Scopes there read write",
        ):
            assert said in words(app)
        name = app.screen.query_one("#name", CleanInput)
        assert name.has_focus
        assert name.value == site.url.removeprefix("http://")
        await pilot.press("ctrl+u", *"my-api", "ctrl+s")
        await until(pilot, lambda: at(app, "manage"), "the list")
        await until(pilot, lambda: "my-api created" in shown(app), "the line")
    made = stage.workspace.vault.find("my-api")
    assert status_of(made, 0) is Status.NOT_CONFIGURED
    assert made.scopes is None
    assert declared_service(stage.workspace, made).issuer == issuer


async def test_by_mouse_alone(stage: Stage, site: Site) -> None:
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: at(app, "manage"), "the list")
        await pilot.click(Toolbar, offset=place_of(app, Toolbar, "New"))
        await until(pilot, lambda: " services ·" in shown(app), "the services")
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "From a URL"))
        await until(pilot, lambda: at(app, "from-url"), "the field")
        await paste(pilot, f" {site.issuer()}\n")
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Look up"))
        await found(pilot, app)
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "OK"))
        await until(pilot, lambda: "created" in shown(app), "the entry")
    assert len(stage.workspace.vault.entries()) == 1


async def test_a_pasted_url_among_the_services_is_looked_up_at_once(
    stage: Stage, site: Site
) -> None:
    issuer = site.issuer()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: at(app, "manage"), "the list")
        await pilot.press("n")
        await until(pilot, lambda: " services ·" in shown(app), "the services")
        await paste(pilot, f"  {issuer}\n")
        await until(pilot, lambda: at(app, "from-url"), "the other screen")
        await found(pilot, app)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "create"), "the services again")
        await pilot.press(*issuer)
        await until(pilot, lambda: "enter looks this URL up" in shown(app), "the hint")
        await pilot.press("enter")
        await found(pilot, app)


async def test_where_the_server_registers_clients_ok_leads_to_the_authorization_link(
    stage: Stage,
) -> None:
    app = stage.app()
    async with app.run_test(size=(100, 40)) as pilot:
        await asking(pilot, app)
        await pilot.press(*f"{stage.provider.url}/api", "enter")
        await found(pilot, app)
        assert "registered there at OK" in words(app)
        scopes = app.screen.query_one("#scopes", CleanInput)
        assert scopes.value == "read write"
        scopes.value = "read"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "authorize"), "the Authorization link")
        await until(pilot, lambda: "Asks for read " in words(app), "what the link asks for")
        assert [getattr(screen, "KEY_GROUP", "") for screen in app.screen_stack] == [
            "manage",
            "authorize",
        ]
    (made,) = stage.workspace.vault.entries()
    assert made.scopes == ("read",)
    client = stage.workspace.vault.secrets(made).client_id
    registered = stage.provider.application.store.app_of_client(client)
    assert registered is not None
    assert registered.redirect_links == (made.callback_url,)


async def test_ctrl_o_makes_an_entry_that_nobody_authorizes(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await asking(pilot, app)
        await pilot.press(*stage.provider.url, "enter")
        await found(pilot, app)
        assert "Authorized by a person" in words(app)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "nobody: client credentials" in words(app), "the choice")
        assert "Callback URL" not in words(app)
        app.screen.query_one("#scopes", CleanInput).value = "read"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "success"), "its token")
    (made,) = stage.workspace.vault.entries()
    assert made.grant == Grant.CLIENT
    assert made.authorized


async def test_ctrl_r_leaves_the_client_to_the_person(stage: Stage, site: Site) -> None:
    issuer = registering(site)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await asking(pilot, app)
        await pilot.press(*issuer, "enter")
        await found(pilot, app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "your own, to be configured next" in words(app), "the choice")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "created. Next: enter" in words(app), "the line")
    assert "POST /register" not in site.asked


async def test_a_registration_that_is_refused_leaves_the_entry_and_g_tries_again(
    stage: Stage, site: Site
) -> None:
    refusal = {"error": "invalid_client_metadata", "error_description": "no [b]natives[/b]"}
    issuer = registering(site, json.dumps(refusal).encode(), "400 Bad Request")
    app = stage.app()
    async with app.run_test(size=(110, 34)) as pilot:
        await asking(pilot, app)
        await pilot.press(*issuer, "enter")
        await found(pilot, app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "manage"), "the list")
        await until(pilot, lambda: "created, without a client" in words(app), "the reason")
        assert "no [b]natives[/b]" in words(app)
        registering(site)
        await pilot.press("g")
        await until(pilot, lambda: "registers clients by itself" in words(app), "the guide")
        await pilot.press("r")
        await until(pilot, lambda: at(app, "authorize"), "the Authorization link")
    (made,) = stage.workspace.vault.entries()
    assert made.configured
    assert made.last_error == ""


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"code_challenge_methods_supported": ["plain"]}, "not with S256"),
        ({"token_endpoint": "https://169.254.169.254/"}, "link-local address"),
        ({"issuer": "https://evil.example/[/b]\x1b[31m"}, r"https://evil.example/[/b]\x1b[31m"),
        ({"scopes_supported": 5}, "malformed"),
    ],
    ids=["PKCE", "inside", "issuer", "malformed"],
)
async def test_what_cannot_be_used_is_refused_with_its_reason(
    stage: Stage, site: Site, members: dict[str, object], said: str
) -> None:
    site.issuer(**members)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await asking(pilot, app)
        await pilot.press(*site.url, "enter")
        await until(pilot, lambda: "─ Refused" in shown(app), "the refusal")
        assert said in words(app)
        assert "Next" in words(app)
        assert app.screen.query_one("#url", CleanInput).has_focus
        await pilot.press("ctrl+s")
        assert stage.workspace.vault.entries() == []


async def test_rule_104_a_server_that_calls_itself_otherwise_is_one_key_away(
    stage: Stage, site: Site
) -> None:
    """Only on the host that the person typed, and only after another enter of theirs."""
    site.issuer(issuer=f"{site.url}/")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await asking(pilot, app)
        await pilot.press(*site.url, "enter")
        await until(pilot, lambda: "─ Refused" in shown(app), "the refusal")
        field = app.screen.query_one("#url", CleanInput)
        assert field.value == f"{site.url}/"
        await pilot.press("enter")
        await found(pilot, app)
        site.issuer(issuer="https://evil.example")
        await pilot.press("shift+tab", "shift+tab", "shift+tab")
        field.value = site.url
        await pilot.press("enter")
        await until(pilot, lambda: "─ Refused" in shown(app), "the refusal")
        assert field.value == site.url


async def test_a_silent_server_is_shown_as_asked_and_esc_cancels(stage: Stage, site: Site) -> None:
    app = stage.app()
    with serving(silent) as server:
        async with app.run_test(size=(80, 24)) as pilot:
            await asking(pilot, app)
            await pilot.press(*server.url, "enter")
            await until(pilot, lambda: "asking…" in shown(app), "what is asked")
            assert "oauth-authorization-server" in words(app).replace("- ", "-")
            assert "esc cancels" in words(app)
            await pilot.press("escape")
            await until(pilot, lambda: "Cancelled" in shown(app), "the end of it")
            assert at(app, "from-url")
            field = app.screen.query_one("#url", CleanInput)
            field.value = site.issuer()
            await pilot.press("enter")
            await found(pilot, app)


async def test_a_registration_can_be_cancelled_and_leaves_the_entry(
    stage: Stage, site: Site
) -> None:
    issuer = registering(site)
    site.answer("POST /register", silent)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await asking(pilot, app)
        await pilot.press(*issuer, "enter")
        await found(pilot, app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "POST /register" in site.asked, "the registration")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")
    (made,) = stage.workspace.vault.entries()
    assert not made.configured


async def test_another_url_makes_what_was_found_void(stage: Stage, site: Site) -> None:
    issuer = site.issuer()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await asking(pilot, app)
        await pilot.press(*issuer, "enter")
        await found(pilot, app)
        app.screen.query_one("#url", CleanInput).focus()
        await pilot.press("x")
        await until(pilot, lambda: "For instance" in shown(app), "the beginning again")
        assert not app.screen.query_one("#name").display
        await pilot.press("ctrl+s")
        assert stage.workspace.vault.entries() == []


async def test_names_are_checked_beside_their_field(stage: Stage, site: Site) -> None:
    stage.created("taken")
    issuer = site.issuer()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await asking(pilot, app)
        await pilot.press(*issuer, "enter")
        await found(pilot, app)
        await pilot.press("ctrl+u", *"Taken", "enter")
        await until(pilot, lambda: "called taken already" in words(app), "the taken name")
        await pilot.press("ctrl+u", "enter")
        await until(pilot, lambda: "An entry needs a name." in words(app), "the empty name")
        app.screen.query_one("#scopes", CleanInput).value = 'bad"scope'
        await pilot.press(*"good", "enter")
        await until(pilot, lambda: "characters that a scope cannot have" in words(app), "scopes")
        assert len(stage.workspace.vault.entries()) == 1


async def test_what_was_found_scrolls_without_leaving_the_field(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await asking(pilot, app)
        await pilot.press(*stage.provider.url, "enter")
        await found(pilot, app)
        panel = app.screen.query_one(LinesPanel)
        await pilot.press("pagedown")
        await until(pilot, lambda: panel.scroll_offset.y > 0, "what is below")
        assert app.screen.query_one("#name", CleanInput).has_focus
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "Callback URL sent to" in shown(app), "the line")
        port = stage.workspace.settings.callback.port
        assert app.clipboard.startswith(f"http://127.0.0.1:{port}/callback/127.0.0.1-")


async def test_screens_of_an_entry_from_a_url(stage: Stage, site: Site) -> None:
    """List, details, Configure OAuth and guide know the service that the entry carries."""
    entry = await made(stage, site)
    app = stage.app()
    async with app.run_test(size=(130, 40)) as pilot:
        await until(pilot, lambda: "my-api" in shown(app), "the list")
        await until(pilot, lambda: app.screen.query_one(Details).display, "the pane")
        await until(pilot, lambda: f"Issuer {site.url}" in words(app), "the details")
        await pilot.press("enter")
        await until(pilot, lambda: at(app, "configure"), "Configure OAuth")
        assert site.url.removeprefix("http://") in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")
        await pilot.press("g")
        await until(pilot, lambda: "redirect URI" in words(app), "the guide")
        assert "Register a client" not in shown(app), "this server does not offer it"
    assert entry.pinned


async def made(stage: Stage, site: Site) -> Entry:
    from tui_oauth.discover import look_up

    return create_discovered(
        stage.workspace, "my-api", await look_up(stage.workspace, site.issuer())
    )
