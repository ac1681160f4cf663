"""Keys, themes, style sheets, help and palette: what all screens share."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from stage import Stage, at, place_of, shown, until, words
from textual.color import Color

from tui_oauth.errors import StorageFailed
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.settings import Settings
from tui_oauth.tui import theme
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.keys import GROUPS, bar_keys
from tui_oauth.tui.rows import Row
from tui_oauth.tui.styles import SHEETS, style_sheets
from tui_oauth.tui.widgets.entry_table import column_widths
from tui_oauth.tui.widgets.key_bar import KeyBar, fit
from tui_oauth.tui.words import category_icon
from tui_oauth.workspace import Workspace

FIXED = "n + enter a c t r k d g i / s ? q".split()  # noqa: SIM905 - as the interface lists them


def workspace(home: Path, theme_name: str = "", **environ: str) -> Workspace:
    found = Workspace.from_environment({"HOME": str(home), **environ})
    return Workspace(found.environ, found.places, Settings(theme=theme_name))


def test_every_key_that_is_promised_is_bound() -> None:
    names = {"question_mark": "?", "slash": "/", "plus": "+"}
    bound = {names.get(key, key) for one in GROUPS["manage"].keys for key in one.keys.split(",")}
    assert set(FIXED) <= bound


@pytest.mark.parametrize("group", GROUPS)
def test_no_key_means_two_things_on_one_screen(group: str) -> None:
    keys = [key for one in GROUPS[group].keys if one.bound for key in one.keys.split(",")]
    assert len(keys) == len(set(keys))
    ids = [one.id for one in GROUPS[group].keys]
    assert len(ids) == len(set(ids))
    assert all(one.help.endswith(".") for one in GROUPS[group].keys)


@pytest.mark.parametrize("group", [group for group in GROUPS if group != "anywhere"])
@pytest.mark.parametrize("width", [60, 80])
def test_the_key_bar_fits_and_keeps_the_help(group: str, width: int) -> None:
    shown_keys = fit(bar_keys(group), width - 2)
    line = "  ".join(f"{key.shown} {key.words}" for key in shown_keys)
    assert len(line) <= width - 2
    assert len(shown_keys) <= 7
    helps = [key for key in bar_keys(group) if key.id == "help"]
    assert all(key in shown_keys for key in helps)


def test_actions_of_the_keys_exist(home: Path) -> None:
    from tui_oauth.tui.screens.create import CreateScreen
    from tui_oauth.tui.screens.first_run import FirstRunScreen
    from tui_oauth.tui.screens.manage import ManageScreen
    from tui_oauth.tui.screens.unlock import UnlockScreen

    for screen in (ManageScreen, CreateScreen, FirstRunScreen, UnlockScreen):
        for key in GROUPS[screen.KEY_GROUP].keys:
            target = ManageOAuth if key.action.startswith("app.") else screen
            name = key.action.removeprefix("app.")
            assert not name or hasattr(target, f"action_{name}"), f"{screen.__name__}: {name}"


@pytest.mark.parametrize(
    ("setting", "environ", "expected"),
    [
        ("", {}, theme.DARK_NAME),
        ("light", {}, theme.LIGHT_NAME),
        ("nord", {}, "nord"),
        ("light", {"TEXTUAL_THEME": "gruvbox"}, "gruvbox"),
        ("no-such", {}, theme.DARK_NAME),
    ],
)
async def test_the_theme_that_was_asked_for(
    home: Path, setting: str, environ: dict[str, str], expected: str
) -> None:
    app = ManageOAuth(workspace(home, setting, **environ))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Protection" in shown(app), "the first screen")
        assert app.theme == expected
        wanted = Color.parse(app.get_css_variables()["background"])
        assert app.screen.styles.background == wanted


def test_style_sheets_are_found_in_the_package_or_beside_it(tmp_path: Path) -> None:
    package = tmp_path / "tui_oauth"
    package.mkdir()
    with pytest.raises(StorageFailed, match="incomplete"):
        style_sheets(package)
    beside = tmp_path / "styles"
    inside = package / "styles"
    for folder in (beside, inside):
        folder.mkdir()
        for name in SHEETS:
            (folder / f"{name}.tcss").touch()
        assert {Path(sheet).parent for sheet in style_sheets(package)} == {folder}
    (inside / "base.tcss").unlink()
    with pytest.raises(StorageFailed, match=r"base\.tcss"):
        style_sheets(package)


def test_style_sheets_name_no_colours() -> None:
    import re

    for sheet in style_sheets():
        text = Path(sheet).read_text()
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b\s*[;%]|\brgb\(|\bhsl\(", text), sheet


@pytest.mark.parametrize("room", [40, 58, 74, 100, 200])
def test_columns_never_take_more_than_there_is(room: int) -> None:
    rows = [Row("1", "n" * 60, "s" * 40, "▲ Expires in 4 min", "a" * 80, "in 12 days", "warn")]
    widths = column_widths(rows, room)
    assert sum(widths.values()) + 2 * (len(widths) - 1) <= room
    assert "name" in widths
    assert "status" in widths


async def test_help_shows_the_keys_of_the_screen_first_and_scrolls(home: Path) -> None:
    with Stage(home) as stage:
        app = stage.app()
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")
            await pilot.press("question_mark")
            await until(pilot, lambda: "Create OAuth Entry: pick" in shown(app), "the keys")
            await pilot.press("end")
            await until(pilot, lambda: "Unlock the vault" in shown(app), "the end of it")
            await pilot.press("escape", "n")
            await until(pilot, lambda: at(app, "create"), "Create OAuth Entry")
            await pilot.press("f1")
            await until(
                pilot,
                lambda: "Create the entry and go back" in words(app).split("Manage OAuth")[0],
                "the keys of this screen first",
            )


async def test_the_palette_runs_commands_and_shows_their_keys(home: Path) -> None:
    with Stage(home) as stage:
        stage.created("first")
        app = stage.app()
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: "first" in shown(app), "the list")
            await pilot.press("ctrl+p")
            await pilot.press(*"rename")
            await until(pilot, lambda: "Rename  (F2)" in shown(app), "the command")
            await pilot.press("enter")
            await until(pilot, lambda: "Rename first" in shown(app), "the prompt")


async def test_no_cursor_blinks(home: Path) -> None:
    with Stage(home) as stage:
        app = stage.app()
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")
            await pilot.press("n")
            await until(pilot, lambda: "services" in shown(app), "the services")
            assert app.focused is not None
            assert app.focused.cursor_blink is False  # type: ignore[attr-defined]
            assert app.animation_level == "none"


async def test_the_help_closes_by_mouse(home: Path) -> None:
    with Stage(home) as stage:
        app = stage.app()
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: at(app, "manage"), "the list")
            await pilot.press("f1")
            await until(pilot, lambda: at(app, "help"), "the help")
            await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Back"))
            await until(pilot, lambda: at(app, "manage"), "the list")


def test_the_sign_of_every_kind_of_service_takes_one_cell() -> None:
    for listing in Catalogue().all():
        assert cell_len(category_icon(listing.category)) == 1, listing.category
