"""Create OAuth Entry: by keyboard alone, by mouse alone, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, place_of, shown, until, words

from tui_oauth.model import Status, status_of
from tui_oauth.tui.rows import suggested_name
from tui_oauth.tui.widgets.callback_field import CallbackField
from tui_oauth.tui.widgets.clean_input import CleanInput
from tui_oauth.tui.widgets.entry_table import EntryTable
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.service_line import FromUrl
from tui_oauth.tui.widgets.service_list import ServiceList
from tui_oauth.tui.widgets.service_picker import ServicePicker
from tui_oauth.tui.widgets.toolbar import Toolbar


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def test_by_keyboard_alone(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")
        await pilot.press("n")
        await until(pilot, lambda: "services" in shown(app), "the services")
        await pilot.press(*"inter")
        await until(pilot, lambda: "Callback URL for Intercom" in shown(app), "its URL at once")
        assert "https://localhost" in shown(app)
        await pilot.press("enter")
        name = app.screen.query_one("#name", CleanInput)
        await until(pilot, lambda: name.has_focus and name.value == "intercom", "the name")
        await pilot.press("ctrl+u", *"my-intercom", "ctrl+s")
        await until(pilot, lambda: at(app, "manage"), "the list")
        await until(pilot, lambda: "my-intercom created" in shown(app), "the line")
        made = stage.workspace.vault.find("my-intercom")
        assert status_of(made, 0) is Status.NOT_CONFIGURED
        assert app.screen.query_one(EntryTable).highlighted == made.id
        assert "◐ Not Configured" in shown(app)


async def test_the_cursor_goes_to_the_entry_that_was_made(stage: Stage) -> None:
    stage.created("aaa")  # sorts before it, and has the cursor
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "aaa" in shown(app), "the list")
        await pilot.press("n")
        await until(pilot, lambda: "249 services" in shown(app), "the services")
        await pilot.press(*"practice", "ctrl+s")
        await until(pilot, lambda: "enter to configure it" in shown(app), "the list again")
        await until(pilot, lambda: "2 entries" in shown(app), "the new entry")
        await pilot.press("enter")
        await until(pilot, lambda: at(app, "configure"), "Configure OAuth")
        assert "practice · Practice provider" in shown(app)


async def test_by_mouse_alone(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")
        await pilot.click(Toolbar, offset=place_of(app, Toolbar, "New"))
        await until(pilot, lambda: "services" in shown(app), "the services")
        await pilot.click(ServiceList, offset=(3, 1))
        picker = app.screen.query_one(ServicePicker)
        await until(pilot, lambda: picker.service is not None, "the service")
        await until(pilot, lambda: "Callback URL for Acuity Scheduling" in shown(app), "its URL")
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "OK"))
        await until(pilot, lambda: "acuity-scheduling created" in shown(app), "the entry")
        await pilot.click(EntryTable, offset=(4, 1), times=2)
        await until(pilot, lambda: at(app, "configure"), "Configure OAuth")


async def test_the_list_narrows_and_the_arrows_move_while_typing(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "services" in shown(app), "the services")
        picker = app.screen.query_one(ServicePicker)
        assert picker.service is None, "nothing is picked by itself"
        await pilot.press(*"git")
        await until(pilot, lambda: picker.service is not None, "a match")
        first = picker.service
        await pilot.press("down")
        await until(pilot, lambda: picker.service != first, "the next one")
        assert app.focused is not None
        assert app.focused.id == "query"
        await pilot.press(*"xyz")
        await until(pilot, lambda: "no service found" in shown(app), "no match")
        assert picker.service is None


async def test_without_a_service_it_says_what_to_do(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "services" in shown(app), "the services")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Pick a service from the list first." in shown(app), "the hint")


async def test_errors_stand_beside_their_fields(stage: Stage) -> None:
    stage.created("taken")
    app = stage.app()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "services" in shown(app), "the services")
        await pilot.press(*"zendesk")
        await until(pilot, lambda: "Subdomain" in shown(app), "the variable")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "is needed" in words(app), "what is missing")
        assert app.focused is not None
        assert str(app.focused.border_title) == "Subdomain"
        await pilot.press(*"evil.example/x", "enter")
        name = app.screen.query_one("#name", CleanInput)
        await until(pilot, lambda: name.has_focus, "the name")
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is not name, "the refused variable")
        assert len(stage.workspace.vault.entries()) == 1
        await pilot.press("ctrl+u", *"acme", "enter", "ctrl+u", *"Taken", "enter")
        await until(pilot, lambda: "called taken already" in words(app), "the taken name")
        await pilot.press("ctrl+u", "enter")
        await until(pilot, lambda: "An entry needs a name." in words(app), "the empty name")
        await pilot.press(*"support", "enter")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert stage.workspace.vault.find("support").variables == {"subdomain": "acme"}


async def test_a_name_that_was_typed_is_kept_when_the_service_changes(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "services" in shown(app), "the services")
        await pilot.press("tab", *"mine", "shift+tab", *"slack")
        await until(pilot, lambda: "for Slack" in shown(app), "the service")
        assert app.screen.query_one("#name", CleanInput).value == "mine"
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert stage.workspace.vault.entries() == []


async def test_own_services_are_in_the_list(stage: Stage) -> None:
    folder = stage.workspace.places.own_services
    folder.mkdir(parents=True, mode=0o700)
    own = folder / "acme.toml"
    own.write_text(
        'id = "acme"\nname = "Acme [/b] API"\ntoken_url = "https://acme.test/token"\n'
        'authorize_url = "https://acme.test/authorize"\n'
    )
    own.chmod(0o600)
    app = stage.app()
    async with app.run_test(size=(100, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        await pilot.press(*"acme")
        await until(pilot, lambda: "Acme [/b] API" in shown(app), "the own service")
        assert "own service" in shown(app)


async def test_ctrl_y_sends_the_callback_url_of_the_service(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "services" in shown(app), "the services")
        await pilot.press(*"intercom", "ctrl+y")
        await until(pilot, lambda: "Callback URL sent to" in shown(app), "the line")
        assert app.clipboard == app.screen.query_one(CallbackField).url
        assert app.clipboard.startswith("https://")


def test_a_suggested_name_is_free() -> None:
    assert suggested_name("github", set()) == "github"
    assert suggested_name("github", {"github", "github-2"}) == "github-3"


async def test_services_in_use_come_first_and_the_one_under_the_cursor_is_described(
    stage: Stage,
) -> None:
    stage.created("books", "xero")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        await pilot.press("down")
        picker = app.screen.query_one(ServicePicker)
        await until(pilot, lambda: picker.service is not None, "the first one")
        assert picker.service is not None
        assert picker.service.id == "xero"
        await until(pilot, lambda: "one-use refresh tokens" in shown(app), "the line")
        await pilot.press("ctrl+e")
        await until(pilot, lambda: "Redirect rule" in shown(app), "all of it")
        assert "Who took it" not in shown(app), "nobody took a token of a service"
        await pilot.press("w", "p", "escape", "ctrl+g")
        await until(pilot, lambda: at(app, "guide"), "the steps before anything is created")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "create"), "the form again")
        assert len(stage.workspace.vault.entries()) == 1


async def test_where_there_is_room_the_service_is_described_beside_the_list(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        await pilot.press(*"quickbooks")
        await until(pilot, lambda: "100 days" in shown(app), "what is known of its tokens")
        assert "a hint, not" in shown(app)
        assert "Not verified" in shown(app)
        portal = stage.workspace.catalogue.get("quickbooks-online").developer_portal_url
        links = {
            segment.style.link
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.link
        }
        assert portal in links, "the terminal can open it from any of its rows"


async def test_a_line_of_the_list_leads_to_an_entry_from_a_url(stage: Stage) -> None:
    stage.created("books", "xero")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        listed = app.screen.query_one(ServiceList)
        assert isinstance(listed.lines[1], FromUrl), "below what is in use"
        await pilot.press(*"zzzz")
        await until(pilot, lambda: "no service found" in shown(app), "no match")
        assert list(listed.lines) == [FromUrl()]
        assert listed.current is None, "not chosen by itself"
        await pilot.press("down", "enter")
        await until(pilot, lambda: at(app, "from-url"), "From a URL")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "create"), "the form again")
        await pilot.press("ctrl+u", *"git")
        await until(pilot, lambda: len(listed.lines) > 1, "some services")
        assert isinstance(listed.lines[-1], FromUrl), "below what fits"


async def test_a_url_that_is_typed_is_the_only_line_and_enter_looks_it_up(stage: Stage) -> None:
    url = f"http://127.0.0.1:{stage.provider.port}"
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        await pilot.press(*url)
        listed = app.screen.query_one(ServiceList)
        await until(pilot, lambda: listed.current == FromUrl(url), "the URL's line")
        assert f"From a URL  {url}" in shown(app)
        await pilot.click(ServiceList, offset=(3, 0))
        await until(pilot, lambda: at(app, "from-url"), "From a URL")
        await until(pilot, lambda: url in shown(app), "the typed URL")


async def test_at_the_smallest_size_services_are_left_in_sight(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        await pilot.press(*"zendesk")
        await until(pilot, lambda: "Authorized by a person" in shown(app), "who authorizes it")
        assert "Subdomain" in shown(app)
        assert app.screen.query_one(ServiceList).size.height >= 5
        await pilot.press("ctrl+u", *"a")
        await pilot.press(*["down"] * 30)
        picker = app.screen.query_one(ServicePicker)
        await until(pilot, lambda: picker.service is not None, "a service far below")
        assert picker.service is not None
        assert picker.service.name in shown(app), "the list follows the cursor"


async def test_after_scrolling_a_click_takes_the_line_that_is_seen(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        listed = app.screen.query_one(ServiceList)
        listed.scroll_to(y=40, animate=False, immediate=True)
        await until(pilot, lambda: listed.scroll_offset.y == 40, "further down")
        seen = listed.lines[43]
        assert not isinstance(seen, FromUrl)
        await pilot.click(ServiceList, offset=(3, 3))
        picker = app.screen.query_one(ServicePicker)
        await until(pilot, lambda: picker.service == seen, "the line under the mouse")


async def test_the_bar_beside_the_list_scrolls_it_and_picks_nothing(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        listed = app.screen.query_one(ServiceList)
        right, bottom = listed.size.width - 1, listed.size.height - 1
        await pilot.mouse_down(ServiceList, offset=(right, bottom))
        await until(pilot, lambda: listed.scroll_offset.y == listed.max_scroll_y, "the last lines")
        await pilot.hover(ServiceList, offset=(right, 0))
        await until(pilot, lambda: listed.scroll_offset.y == 0, "the first lines")
        await pilot.mouse_up(ServiceList, offset=(right, 0))
        await pilot.hover(ServiceList, offset=(3, bottom))
        await pilot.pause()
        assert listed.scroll_offset.y == 0, "let go"
        assert listed.hovered == bottom
        assert app.screen.query_one(ServicePicker).service is None


async def test_each_service_asks_for_its_own_variables_and_nothing_is_carried_over(
    stage: Stage,
) -> None:
    folder = stage.workspace.places.own_services
    folder.mkdir(parents=True, mode=0o700)
    own = folder / "acme.toml"
    own.write_text(
        'id = "acme"\nname = "Acme"\ntoken_url = "https://{host}.acme.test/{part}/token"\n'
        'authorize_url = "https://{host}.acme.test/authorize"\n'
        '[[variables]]\nname = "part"\nlabel = "Part"\n'
        'choices = [{ value = "one", label = "Part one" }, { value = "two", label = "Part two" }]\n'
        '[[variables]]\nname = "host"\nlabel = "Host"\nexample = "eu"\n'
    )
    own.chmod(0o600)
    app = stage.app()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        await pilot.press(*"zendesk")
        await until(pilot, lambda: "Subdomain" in shown(app), "the variable")
        await pilot.press("enter", *"mine", "shift+tab", "ctrl+u", *"acme")
        await until(pilot, lambda: "◂ Part one ▸" in shown(app), "the choice")
        text = shown(app)
        assert text.index("─ Part ─") < text.index("─ Host ─") < text.index("─ Name ─")
        assert "Subdomain" not in text
        assert "mine" not in text
        assert "for instance eu" in text
        await pilot.press("enter", "right", "tab", *"us", "ctrl+s")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert stage.workspace.vault.find("acme").variables == {"part": "two", "host": "us"}


def broken(*_: object, **__: object) -> None:
    """A defect, in the place of what works."""
    raise ZeroDivisionError


async def test_a_defect_while_it_is_created_leaves_no_screen_without_a_way_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_oauth.entries.create_entry", broken)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: " services" in shown(app), "the services")
        await pilot.press(*"hubspot", "ctrl+s")
        await until(pilot, lambda: "a defect of its own" in words(app), "the line")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")
    assert "ZeroDivisionError" in stage.workspace.places.log.read_text()


async def test_a_defect_after_a_job_is_not_kept_secret(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_oauth.entries.used_services", broken)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "a defect of its own" in words(app), "the line")
