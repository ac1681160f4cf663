"""The guide: the provider's steps with the Callback URL in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, shown, until, words
from textual.widgets import Button

from tui_oauth import entries


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
        assert links == {service.developer_portal_url}


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
