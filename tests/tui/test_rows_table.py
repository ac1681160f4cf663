"""Rows drawn by lines: the cursor, the columns and their bar, by keys alone and by mouse alone."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.strip import Strip

from tui_oauth.tui.widgets.rows_table import RowsTable

ROWS = [{f"column{n}": f"{n}/{row} 名前"[:9] for n in range(12)} for row in range(30)]


class Table(RowsTable):
    """Remembers which lines were drawn."""

    drawn: set[int]

    def draw(self, place: int, width: int) -> Strip:
        self.drawn.add(place)
        strip = super().draw(place, width)
        assert strip.cell_length == width
        return strip


class Host(App[None]):
    CSS = """
    Table { height: 10; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 0; }
    .rows-table--cursor { text-style: reverse; }
    """

    def compose(self) -> ComposeResult:
        self.table = Table()
        self.table.drawn = set()
        yield self.table

    def on_mount(self) -> None:
        self.table.show(ROWS)
        self.table.focus()


def lines(pilot: Pilot[None]) -> list[str]:
    return [strip.text for strip in pilot.app.screen._compositor.render_strips()][:10]


async def test_the_cursor_goes_by_keys_and_the_names_stay() -> None:
    host = Host()
    async with host.run_test(size=(40, 12)) as pilot:
        await pilot.pause(0.1)
        host.table.drawn.clear()
        await pilot.press("down")
        await pilot.pause()
        assert host.table.cursor == 1
        assert host.table.drawn == {1, 2}, "two rows look different, and no more are drawn"
        for key, row in {"end": 29, "k": 28, "home": 0, "pagedown": 8, "j": 9, "pageup": 1}.items():
            await pilot.press(key)
            assert host.table.cursor == row, key
        await pilot.press("end")
        await pilot.pause()
        assert lines(pilot)[0].startswith(" column0 "), "names at the top"
        assert lines(pilot)[8].startswith(" 0/29 名前"), "the last row above the bar"


async def test_the_columns_go_by_keys_and_stop_with_the_last_one_in_sight() -> None:
    host = Host()
    async with host.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        assert lines(pilot)[9].startswith("━━━"), "the bar is at its beginning"
        await pilot.press("right")
        assert lines(pilot)[0].startswith(" column1 ")
        await pilot.press(*["right"] * 20)
        assert lines(pilot)[0].rstrip().endswith("column11")
        assert lines(pilot)[9].rstrip().endswith("━━━"), "the bar is at its end"
        await pilot.press(*["left"] * 20)
        assert lines(pilot)[0].startswith(" column0 ")
        await pilot.resize_terminal(160, 12)
        assert "━" not in "".join(lines(pilot)), "no bar where all columns have room"


async def test_all_of_it_by_mouse() -> None:
    host = Host()
    async with host.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        await pilot.click(Table, offset=(5, 4))
        assert host.table.cursor == 3
        await pilot.click(Table, offset=(5, 0))
        assert host.table.cursor == 3, "a name is no row"
        await pilot.hover(Table, offset=(5, 2))
        assert host.table.hovered == 1
        await pilot.mouse_down(Table, offset=(20, 9))
        await pilot.pause()
        middle = host.table.first
        assert 3 <= middle <= 6
        await pilot.hover(Table, offset=(38, 9))
        await pilot.mouse_up(Table, offset=(38, 9))
        assert lines(pilot)[0].rstrip().endswith("column11")
        assert host.table.cursor == 3, "the bar is no row either"
        last = host.table.first
        wheel = (host.table, 5, 5, 0, -1, 0)
        host.table.post_message(events.MouseScrollUp(*wheel, True, False, False))
        await pilot.pause()
        assert host.table.first == last - 1, "shift and the wheel"
        host.table.post_message(events.MouseScrollDown(*wheel, False, False, False))
        await pilot.pause()
        assert not lines(pilot)[1].startswith(" 9/0"), "the wheel alone goes down"
        await pilot.mouse_down(Table, offset=(39, 8))
        await pilot.mouse_up(Table, offset=(39, 8))
        await pilot.pause()
        assert "/29 " in lines(pilot)[8], "the bar at the side"


async def test_nothing_to_show_and_no_room_are_no_trouble() -> None:
    host = Host()
    async with host.run_test(size=(6, 3)) as pilot:
        await pilot.press("down", "right", "end")
        host.table.show([])
        await pilot.press("down", "right", "end", "pageup")
        await pilot.resize_terminal(40, 12)
        assert host.table.cursor == 0
        host.table.show([{"one": 1}])
        await pilot.pause()
        assert [line.strip() for line in lines(pilot)[:2]] == ["one", "1"]
