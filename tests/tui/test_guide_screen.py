"""The guide: the provider's steps with the Callback URL in place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, shown, until, words
from textual.widgets import Button

from tui_oauth import entries
from tui_oauth.tui.widgets.link_line import LinkLine


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def test_intercom_s_steps_with_the_callback_url_in_place(stage: Stage) -> None:
    entry = entries.create_entry(stage.workspace, "my-intercom", "intercom")
    url = entries.callback_url(stage.workspace, entry)
    app = stage.app()
    async with app.run_test(size=(120, 60)) as pilot:
        app.open_guide("intercom", entry.id)
        await until(pilot, lambda: at(app, "guide"), "the guide")
        text = words(app)
        assert url.startswith("https://localhost:")
        assert text.count(url) >= 2
        for part in ("Use OAuth", "Add redirect link", "Basic Information", "Good to know", "6."):
            assert part in text
        service = stage.workspace.catalogue.get("intercom")
        assert service.developer_portal_url in text
        links = {
            segment.style.link
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.link
        }
        assert links == {service.developer_portal_url, service.docs_url}


async def test_keys_copy_the_callback_url_and_the_portal_s_link(stage: Stage) -> None:
    entry = entries.create_entry(stage.workspace, "my-intercom", "intercom")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_guide("intercom", entry.id)
        await until(pilot, lambda: at(app, "guide"), "the guide")
        await pilot.press("c")
        url = entries.callback_url(stage.workspace, entry)
        await until(pilot, lambda: app.clipboard == url, "the copy")
        await pilot.press("p")
        portal = stage.workspace.catalogue.get("intercom").developer_portal_url
        await until(pilot, lambda: app.clipboard == portal, "the portal's copy")


async def test_with_an_entry_configure_is_one_key_away(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_guide(entry.service, entry.id)
        await until(pilot, lambda: at(app, "guide"), "the guide")
        assert "e Configure" in shown(app)
        await pilot.press("e")
        await until(pilot, lambda: at(app, "configure"), "the form")


async def test_without_an_entry_there_is_nothing_to_configure(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: at(app, "manage"), "the list")
        app.open_guide("github")
        await until(pilot, lambda: at(app, "guide"), "the guide")
        assert "e Configure" not in shown(app)
        await pilot.press("e")
        assert at(app, "guide")
        await pilot.press("escape")
        assert at(app, "manage")


async def test_an_unknown_service_leads_to_a_message(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_guide("no-such-service")
        await until(pilot, lambda: at(app, "problem"), "the message")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_every_step_and_button_can_be_reached_at_every_size(
    stage: Stage, size: tuple[int, int]
) -> None:
    entry = entries.create_entry(stage.workspace, "my-intercom", "intercom")
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        app.open_guide("intercom", entry.id)
        await until(pilot, lambda: at(app, "guide"), "the guide")
        await pilot.press("end")
        await until(pilot, lambda: "Back" in shown(app), "the end of the guide")
        for button in app.screen.query(Button).results(Button):
            assert button.region in app.screen.region, button.id


async def test_each_value_has_a_number_that_copies_it(stage: Stage) -> None:
    entry = entries.create_entry(
        stage.workspace,
        "shop",
        "shopify",
        {"shop": "my-store"},
        scopes=("read_orders", "read_themes"),
    )
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_guide("shopify", entry.id)
        await until(pilot, lambda: at(app, "guide"), "the guide")
        for number, value in enumerate(("tui-oauth", "read_orders,read_themes", "my-store"), 1):
            assert value in shown(app)
            await pilot.press(str(number))
            await until(pilot, lambda wanted=value: app.clipboard == wanted, "the copy")
        await pilot.press("9")
        assert app.clipboard == "my-store", "there is no ninth value"
        first = app.screen.query(".guide-value").first()
        await pilot.click(first, offset=(6, 0))
        await until(pilot, lambda: app.clipboard == "tui-oauth", "the copy by a click")


async def test_without_a_browser_here_a_link_is_copied_by_enter_and_by_click(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(120, 50)) as pilot:
        await until(pilot, lambda: at(app, "manage"), "the list")
        app.open_guide("github")
        await until(pilot, lambda: at(app, "guide"), "the guide")
        service = stage.workspace.catalogue.get("github")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.clipboard == service.developer_portal_url, "the portal")
        documentation = app.screen.query(LinkLine).last(LinkLine)
        await pilot.click(documentation)
        await until(pilot, lambda: app.clipboard == service.docs_url, "the documentation")


async def test_links_open_in_the_browser_of_this_machine(home: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "bin" / "abrowser"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {asked}.part && mv {asked}.part {asked}\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    with Stage(home, PATH=path, BROWSER="abrowser", DISPLAY=":1") as stage:
        own = stage.workspace.places.own_services
        own.mkdir(parents=True, mode=0o700)
        file = own / "acme.toml"
        file.write_text(
            'id = "acme"\nname = "Acme"\ntoken_url = "https://acme.test/t"\n'
            'authorize_url = "https://acme.test/a"\n[guide]\n'
            'steps = ["[link=file:///x]Open[/link] https://acme.test/apps, then [@click=app.quit]x[/]."]\n'
        )
        file.chmod(0o600)
        app = stage.app()
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: at(app, "manage"), "the list")
            app.open_guide("acme")
            await until(pilot, lambda: at(app, "guide"), "the guide")
            assert "[@click=app.quit]x[/]" in shown(app), "no markup from a file"
            step = app.screen.query(".guide-text").first()
            await pilot.click(step, offset=(step.region.width and 30, 0))
            await until(pilot, asked.exists, "the browser")
            assert asked.read_text() == "https://acme.test/apps"


async def test_general_steps_and_what_is_not_verified_say_so(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(100, 60)) as pilot:
        await until(pilot, lambda: at(app, "manage"), "the list")
        generic = next(
            one.id
            for one in stage.workspace.catalogue.all()
            if one.confidence == "single-source"
            and not stage.workspace.catalogue.get(one.id).guide.steps
        )
        app.open_guide(generic)
        await until(pilot, lambda: at(app, "guide"), "the guide")
        assert "General steps: made from what is known of the service" in words(app)
        assert "the addresses, found in one source only" in words(app)
        await pilot.press("escape")
        app.open_guide("github")
        await until(pilot, lambda: "GitHub" in shown(app) and at(app, "guide"), "a written guide")
        assert "General steps" not in shown(app)
